"""Models: cards, what each was made of down to sources and rights, scores by language, before and after."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from dono.artifacts import Artifact, Measurement, Reference
from dono.decisions import METRICS
from dono.decisions.routes import ROUTES as ROUTES_OF_MODELS
from dono.decisions.routes import short_name
from dono.project import Project, Rights
from dono.studio.amounts import compact
from dono.studio.ancestry import Node, draw_ancestry, gathered, rows_of
from dono.studio.site.access import Reader, TheSite
from dono.studio.site.learning import RunView, looks_of, runs_of
from dono.studio.site.pages import render
from dono.studio.site.work import WorkFolder, gone
from dono.studio.web import OFFLINE

ROUTES = APIRouter(prefix="/models")
SCORECARDS, PAGE = "scorecards", "scorecard.html"
"""Where `dono evaluate` leaves its pages, in the work folder."""
UNTRAINED = tuple(a.name for a in ROUTES_OF_MODELS["prompt"])
"""Arms that learn nothing: how a use case stands before anything is trained."""


@dataclass(frozen=True)
class ModelView:
    """One model that was built: its run's scores, what was forecast, and the scores of the base before."""

    artifact: Artifact
    arm: str
    use_case: str
    metric: str
    rows: Sequence[Measurement]
    outcome: Mapping[str, object]
    unlearned: Sequence[Measurement]

    @property
    def score(self) -> Measurement | None:
        """In all languages together."""
        return self.of("all")

    @property
    def before(self) -> Measurement | None:
        """What the base scored as it is; None where nobody asked it."""
        return self.was("all")

    def of(self, language: str) -> Measurement | None:
        """In one language."""
        return self._in(self.rows, language)

    def was(self, language: str) -> Measurement | None:
        """What the base scored in one language."""
        return self._in(self.unlearned, language)

    def _in(self, rows: Sequence[Measurement], language: str) -> Measurement | None:
        return next((m for m in rows if m.metric == self.metric and m.language == language), None)


def models_of(work: WorkFolder, project: Project, runs: Sequence[RunView]) -> list[ModelView]:
    """All models, the newest first."""
    metrics = {u.name: u.judged_by for u in project.use_cases}
    found = []
    for artifact in reversed(work.of("model")):
        use_case, arm = str(artifact.result.get("use_case", "")), str(artifact.result.get("arm", ""))
        found.append(
            ModelView(artifact, arm, use_case, metrics.get(use_case, ""), work.measurements(artifact),
                      _outcome(work, artifact), _before(work, runs, use_case, arm))
        )  # fmt: skip
    return found


def _outcome(work: WorkFolder, artifact: Artifact) -> Mapping[str, object]:
    try:
        found = json.loads(work.text(artifact, "outcome.json"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _before(work: WorkFolder, runs: Sequence[RunView], use_case: str, arm: str) -> Sequence[Measurement]:
    """The scores of the same base as it is, by the better of its prompts; none where nobody asked it."""
    base = arm.partition("@")[2]
    asked = [
        r for r in runs
        if r.learns == use_case and r.score and r.arm.split("@")[0] in UNTRAINED and r.arm.partition("@")[2] == base
    ]  # fmt: skip
    if not asked:
        return ()
    sign = {True: -1.0, False: 1.0}
    best = min(asked, key=lambda r: sign[METRICS[r.score.metric].higher_is_better] * r.score.value if r.score else 0.0)
    return work.measurements(best.artifact)


@dataclass(frozen=True)
class SideBySide:
    """The models of one use case side by side, a row for each language; and the base before anything was trained."""

    use_case: str
    metric: str
    models: tuple[ModelView, ...]
    languages: tuple[str, ...]

    def best(self, language: str) -> float | None:
        """The best of the values, where there are several."""
        values = [m.value for model in self.models if (m := model.of(language)) is not None]
        return None if len(values) < 2 else (max if METRICS[self.metric].higher_is_better else min)(values)


def side_by_side(models: Sequence[ModelView]) -> list[SideBySide]:
    """One for each use case that has a model."""
    by: defaultdict[str, list[ModelView]] = defaultdict(list)
    for model in models:
        if model.metric in METRICS and model.score is not None:
            by[model.use_case].append(model)
    return [
        SideBySide(
            name, of[0].metric, tuple(of),
            tuple(sorted({m.language for x in of for m in x.rows if m.metric == x.metric} - {"all"})),
        )
        for name, of in by.items()
    ]  # fmt: skip


def ancestry(work: WorkFolder, project: Project, artifact: Artifact) -> dict[str, Node]:
    """What an artifact was made of, down to files and bases, with the rights of what was given."""
    sealed = {(a.kind, a.id): a for a in [*work.sealed(), artifact]}
    rights = {s.name: s.rights for s in project.corpus}
    pending, found = [artifact.reference], dict[str, Node]()
    while pending:
        reference = pending.pop()
        key = _key(reference)
        if key in found:
            continue
        made = sealed.get((reference.kind, reference.id))
        parents = [r for r in made.made_from if r.kind] if made else []
        given = _sources(made, rights) if made else []
        for node in given:
            found[node.key] = node
        if given:
            parents = [r for r in parents if r.kind != "file"]
        name = reference.name or reference.id
        page = (
            f"/runs/{reference.kind}/{reference.id}"
            if made and reference.kind in ("run", "trunk", "corpus-run")
            else ""
        )
        found[key] = Node(
            key, reference.kind, name, _said(made, reference), (*dict.fromkeys(_key(r) for r in parents),
            *(n.key for n in given)), page, given=made is None,
        )  # fmt: skip
        pending += parents
    return found


def _key(reference: Reference) -> str:
    return f"{reference.kind}/{reference.id}/{'' if reference.kind != 'file' else reference.name}"


def _said(made: Artifact | None, reference: Reference) -> str:
    if made is None:
        return {"file": "a file", "base": "given"}.get(reference.kind, "gone")
    value = made.result.get("scale", made.spec.get("scale"))
    tokens = made.result.get("tokens")
    if isinstance(tokens, int | float) and tokens:
        return f"{compact(tokens)} tokens"
    return f"× {value:g}" if isinstance(value, int | float) else str(made.made_by.get("when", ""))[:10]


def _sources(made: Artifact, rights: Mapping[str, Rights | None]) -> list[Node]:
    """The sources of a corpus, each with its ground: what its files come from."""
    stated = made.spec.get("sources") if made.kind == "corpus" else None
    if not isinstance(stated, list | tuple):
        return []
    names = [str(s.get("name")) for s in stated if isinstance(s, Mapping)]
    return [Node(f"source/{n}", "source", n, _ground(rights.get(n)), (), given=True) for n in names]


def _ground(rights: Rights | None) -> str:
    if rights is None or rights.ground == "unknown":
        return "rights not stated"
    licence = rights.licence or rights.contract
    return rights.ground.replace("_", " ") + (f", {licence}" if licence else "")


def rights_of(project: Project, use_case: str) -> list[tuple[str, Rights | None]]:
    """The rights of all sources, and of the examples of a use case."""
    examples = [(f"examples of {u.name}", u.rights) for u in project.use_cases if u.name == use_case and u.train]
    return [*((s.name, s.rights) for s in project.corpus), *examples]


@ROUTES.get("")
def models(site: TheSite, who: Reader) -> HTMLResponse:
    """All models, and their scores side by side."""
    project, work = site.project(), site.work()
    runs = runs_of(work, project)
    found = models_of(work, project, runs)
    page = render(
        "models", who, title="Models", here="models", project=project, models=found, looks=looks_of(runs),
        cards=side_by_side(found), file=site.file, judged=work.judged(), evaluated=evaluated(work),
    )  # fmt: skip
    return HTMLResponse(page)


@ROUTES.get("/scorecards/{name}")
def scorecard(site: TheSite, who: Reader, name: str) -> HTMLResponse:
    """A page of `dono evaluate` as it lies there: it holds its style, may run nothing and load nothing."""
    if name not in evaluated(site.work()):
        raise gone("scorecard", name)
    page = (site.work().root / SCORECARDS / name / PAGE).read_text(encoding="utf8")
    return HTMLResponse(page, headers={"Content-Security-Policy": OFFLINE})


def evaluated(work: WorkFolder) -> list[str]:
    """Names of the scorecards there are."""
    return sorted(page.parent.name for page in work.root.glob(f"{SCORECARDS}/*/{PAGE}"))


@ROUTES.get("/{id_}")
def model(site: TheSite, who: Reader, id_: str) -> HTMLResponse:
    """One model: its card, and what it was made of."""
    project, work = site.project(), site.work()
    runs = runs_of(work, project)
    found = next((m for m in models_of(work, project, runs) if m.artifact.id == id_), None)
    if found is None:
        raise gone("model", id_)
    whole = ancestry(work, project, found.artifact)
    root = _key(found.artifact.reference)
    page = render(
        "model", who, title=f"{found.use_case}: {short_name(found.arm)}", here="models", project=project, model=found,
        picture=Markup(draw_ancestry(gathered(whole), root, "why")), rows=rows_of(whole, root), looks=looks_of(runs),
        card=work.text(found.artifact, "README.md"), rights=rights_of(project, found.use_case),
    )  # fmt: skip
    return HTMLResponse(page)
