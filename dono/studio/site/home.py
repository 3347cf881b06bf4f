"""The first page: the project, its use cases and the state of each, what needs a person now."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from dono.artifacts import Artifact
from dono.decisions import ArmVerdict, UseCaseVerdict
from dono.project import Project, UseCase
from dono.studio.series import Series
from dono.studio.site.access import Reader, TheSite
from dono.studio.site.learning import RunView, looks_of, runs_of
from dono.studio.site.needs import needs_of
from dono.studio.site.pages import render
from dono.studio.site.work import Judged, WorkFolder

ROUTES = APIRouter()


@dataclass(frozen=True)
class CaseState:
    """A use case: its pilots, its verdict, the arm that it would get, and the models that were built for it."""

    case: UseCase
    pilots: int
    failed: int
    verdict: UseCaseVerdict | None
    taken: ArmVerdict | None
    built: tuple[Artifact, ...]

    @property
    def steps(self) -> tuple[tuple[str, bool], ...]:
        """How far it is: the stations of the way, and whether it has passed each."""
        return (
            ("piloted", self.pilots > 0), ("judged", self.verdict is not None),
            ("decided", self.verdict is not None and self.verdict.winner is not None), ("built", bool(self.built)),
        )  # fmt: skip


def states(project: Project, work: WorkFolder, runs: list[RunView], judged: Judged | None) -> list[CaseState]:
    """The state of each use case, in the order of the project file."""
    verdicts = {v.use_case: v for v in judged.verdict.use_cases} if judged else {}
    planned = {i.use_case: i.arm for i in judged.verdict.portfolio if i.language is None} if judged else {}
    models = work.of("model")
    found = []
    for case in project.use_cases:
        mine = [r for r in runs if r.learns == case.name and not r.full]
        verdict = verdicts.get(case.name)
        wanted = planned.get(case.name) or (verdict.winner if verdict else None)
        taken = next((a for a in verdict.arms if a.arm == wanted), None) if verdict else None
        built = tuple(m for m in models if m.result.get("use_case") == case.name)
        failed = sum(r.state == "failed" for r in mine)
        found.append(CaseState(case, sum(r.state == "done" for r in mine), failed, verdict, taken, built))
    return found


@ROUTES.get("/")
def home(site: TheSite, who: Reader) -> HTMLResponse:
    """Everything at a glance."""
    project, work = site.project(), site.work()
    runs, judged = runs_of(work, project), work.judged()
    looks: dict[str, Series] = looks_of(runs)
    page = render(
        "home", who, title=project.project, here="home", project=project, file=site.file, judged=judged, looks=looks,
        states=states(project, work, runs, judged), needs=needs_of(site, runs), holder=work.holder(),
        progress=work.progress(), survey=work.survey(), pilots=sum(r.state == "done" and not r.full for r in runs),
    )  # fmt: skip
    return HTMLResponse(page)
