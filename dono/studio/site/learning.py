"""The runs of a project as a person looks at them: what each is doing, its curve, its score, its answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from dono.artifacts import Artifact, Measurement, Row
from dono.decisions import METRICS
from dono.decisions.routes import short_name
from dono.project import Project
from dono.studio.amounts import percent
from dono.studio.run_curves import RunLine
from dono.studio.series import Series, series_of
from dono.studio.site.work import LEARNING, WorkFolder

State = Literal["learning", "unfinished", "done", "failed"]
FRESH_SECONDS = 120.0
"""A run whose log grew so lately is learning, where a command is at work (assumed; a step may take so long). The one
that was begun last is, however long its steps take.
"""
CORPUS = "the corpus"


@dataclass(frozen=True)
class RunView:
    """One run. `learns` is a use case or `CORPUS`; `scale` is the share of the full run, None for a trunk."""

    artifact: Artifact
    arm: str
    learns: str
    scale: float | None
    state: State
    why: str
    rows: Sequence[Row]
    score: Measurement | None

    @property
    def key(self) -> str:
        """How a page names it."""
        return f"{self.artifact.kind}/{self.artifact.id}"

    @property
    def full(self) -> bool:
        """Whether its model is kept: no pilot."""
        return bool(self.artifact.spec.get("full"))

    @property
    def last(self) -> Row | None:
        """Its last step."""
        return self.rows[-1] if self.rows else None

    @property
    def seconds(self) -> float:
        """What it took itself, so far."""
        told = self.artifact.result.get("own_seconds")
        if isinstance(told, int | float):
            return float(told)
        return float(self.last.get("seconds") or 0) if self.last else 0.0

    @property
    def name(self) -> str:
        """The route in a few words, with the size and a seed that is not the first."""
        said = short_name(self.arm)
        if self.scale is not None:
            said += f" × {percent(self.scale)}"
        seed = self.seed
        return f"{said}, seed {seed}" if seed else said

    @property
    def seed(self) -> int:
        """The seed of its order and its weights."""
        loop = self.artifact.spec.get("loop")
        found = self.artifact.spec.get("seed", loop.get("seed") if isinstance(loop, dict) else 0)
        return found if isinstance(found, int) else 0


def runs_of(work: WorkFolder, project: Project) -> list[RunView]:
    """All runs, those that are learning first, then the newest."""
    holder = work.holder()
    working = holder is not None and holder.working
    begun = [a for a in work.begun() if a.kind in LEARNING]
    newest = max(begun, key=lambda a: str(a.made_by.get("when", "")), default=None)
    learning = {a.id for a in begun if working and (a is newest or work.quiet_for(a) < FRESH_SECONDS)}
    metrics = {u.name: u.judged_by for u in project.use_cases}
    found = [_view(work, a, "learning" if a.id in learning else "unfinished", metrics) for a in begun]
    found += [_view(work, a, "done", metrics) for a in work.sealed() if a.kind in LEARNING]
    order = {"learning": 0, "unfinished": 1, "failed": 2, "done": 2}
    newest_first = sorted(found, key=lambda r: str(r.artifact.made_by.get("when", "")), reverse=True)
    return sorted(newest_first, key=lambda r: order[r.state])


def _view(work: WorkFolder, artifact: Artifact, state: State, metrics: Mapping[str, str]) -> RunView:
    spec, failed = artifact.spec, artifact.result.get("failed")
    use_case = str(spec.get("use_case", CORPUS))
    arm, _, size = artifact.name.partition(" × ")
    arm = str(spec.get("arm", arm))
    scale = spec.get("scale", _number(size) if artifact.kind == "corpus-run" else None)
    metric = metrics.get(use_case)
    rows = work.measurements(artifact) if artifact.kind == "run" and state == "done" else []
    score = next((m for m in rows if m.metric == metric and m.language == "all"), None)
    return RunView(
        artifact, arm, use_case, scale if isinstance(scale, int | float) else None,
        "failed" if failed else state, str(failed or ""), work.log(artifact), score,
    )  # fmt: skip


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


@dataclass(frozen=True)
class Group:
    """Runs that learn the same, whose losses can be set beside one another."""

    learns: str
    unit: str
    lines: tuple[RunLine, ...]

    @property
    def looks(self) -> list[Series]:
        """The looks of the routes in it, each once."""
        return list(dict.fromkeys(line.look for line in self.lines))


def groups(runs: Sequence[RunView], looks: dict[str, Series]) -> list[Group]:
    """One picture for the corpus, in bits per byte, and one for each use case, in nats of the right answers."""
    by: defaultdict[str, list[RunLine]] = defaultdict(list)
    for run in sorted(runs, key=lambda r: (r.arm, r.scale or 0, r.artifact.id)):
        field = "bits_per_byte" if run.learns == CORPUS else "loss"
        points = [(float(r["step"] or 0), float(r[field] or 0)) for r in run.rows if r.get(field) is not None]
        if points:
            goes_on = run.artifact.kind == "trunk" and run.state == "done"  # other runs begin where it ends
            name = "" if goes_on and len(runs) > 1 else run.name
            by[run.learns].append(RunLine(looks[run.arm], name, points, run.state == "learning"))
    order = sorted(by, key=lambda name: (name != CORPUS, name))
    return [Group(n, "bits per byte" if n == CORPUS else "loss on the answers, nats", tuple(by[n])) for n in order]


def looks_of(runs: Sequence[RunView]) -> dict[str, Series]:
    """A look for each arm."""
    return series_of(r.arm for r in runs)


@dataclass(frozen=True)
class Answered:
    """One prompt of a use case, and what each run answered, the smallest first."""

    use_case: str
    prompt: str
    expected: str
    language: str
    answers: tuple[tuple[RunView, str, bool], ...]


def answered(work: WorkFolder, runs: Sequence[RunView], most: int = 3) -> list[Answered]:
    """The first prompts of each use case with the answers of the runs, in the order of routes and sizes."""
    found: dict[str, dict[tuple[str, str, str], list[tuple[RunView, str, bool]]]] = defaultdict(dict)
    for run in sorted(runs, key=lambda r: (r.arm, r.scale or 0, r.artifact.id)):
        for s in work.samples(run.artifact) if run.artifact.kind == "run" and run.state == "done" else []:
            asked = found[run.learns].setdefault((s["prompt"], s["expected"], s["language"]), [])
            asked.append((run, s["answer"], s["answer"].strip() == s["expected"].strip()))
    return [
        Answered(name, prompt, expected, language, tuple(rows))
        for name, prompts in sorted(found.items())
        for (prompt, expected, language), rows in sorted(prompts.items(), key=lambda p: -len(p[1]))[:most]
    ]


def shown_score(run: RunView) -> str:
    """The score with its standard error; empty where nothing was measured."""
    if run.score is None or run.score.metric not in METRICS:
        return ""
    metric = METRICS[run.score.metric]
    return f"{metric.show(run.score.value)} ± {run.score.stderr:.{metric.decimals}f}"
