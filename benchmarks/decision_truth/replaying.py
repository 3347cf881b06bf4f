"""The verdict made again from what is kept: pilots up to a share of the cost of running everything, then the head.

The first ladders are those that `dono decide` would plan, at recorded scales; what is left of the share goes where the
head asks for it, rung by rung. Nothing of a larger scale than was paid for is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.decision_truth.kept import Kept, KeptArm, KeptCase, KeptRow
from benchmarks.decision_truth.scenarios import LARGEST_PILOT, SPEED, project_of
from dono.artifacts import Reference, Store
from dono.decisions import ArmEvidence, Number, UseCaseQuestion, UseCaseVerdict, compare, next_pilots
from dono.decisions.routes import ROUTES, Arm
from dono.models import Shape
from dono.project import Budget
from dono.stages.contenders import Contender, TaskSize, no_room
from dono.stages.display import Display
from dono.stages.schedule import FIRST_SHARE, Job, job, ladders, total_seconds
from dono.stages.workplace import Workplace

ARMS = {arm.name: arm for of in ROUTES.values() for arm in of}
PRICED = "FLOPs at a stated speed"
Key = tuple[str, str, float, int]


@dataclass
class Replay:
    """Pilots bought so far: their rows, and seconds (at the stated speed) that are left of the share."""

    kept: Kept
    share: float
    jobs: dict[str, Job]
    left: float
    seen: dict[Key, KeptRow] = field(default_factory=dict)

    @property
    def full_seconds(self) -> float:
        """What it would cost to run everything in full: each corpus stage once, each task stage of each use case."""
        return sum(j.corpus_seconds + sum(j.task_seconds.values()) for j in self.jobs.values())

    @property
    def spent(self) -> float:
        """The share of that which the pilots took."""
        return self.share - self.left / self.full_seconds

    def further_seconds(self, arm: str, scale: float) -> float:
        """Seconds of one more rung; a larger one goes on with the trunk."""
        below = max((r.scale for r in self.seen.values() if r.arm == arm), default=0.0)
        return self.jobs[arm].next_seconds((below,) if 0 < below < scale else (), scale)

    def buy(self, arm: str, scale: float, seed: int) -> None:
        """Look at a rung: its rows of all use cases, as far as they could be measured."""
        self.seen |= {
            (r.arm, r.case, r.scale, r.seed): r
            for r in self.kept.rows
            if (r.arm, r.scale, r.seed) == (arm, scale, seed)
        }

    def of(self, arm: str, case: str) -> list[KeptRow]:
        """The pilots of one arm on one use case, the largest last."""
        rows = [r for r in self.seen.values() if (r.arm, r.case) == (arm, case)]
        return sorted(rows, key=lambda r: (r.scale, -r.seed))

    def arms(self, case: str) -> list[str]:
        """The arms that have a full run of this use case."""
        return sorted(self.kept.full_runs(case))


@dataclass(frozen=True)
class Decided:
    """A verdict from a share of the cost, beside the truth."""

    replay: Replay
    case: KeptCase
    verdict: UseCaseVerdict

    @property
    def taken(self) -> str:
        """The arm that the verdict names, or would take where it is too close to call."""
        assert self.verdict.taken is not None, "ladders were bought, so something was measured"
        return self.verdict.taken


def replay(kept: Kept, share: float) -> list[Decided]:
    """The verdicts on every use case of a scenario. Raises `Mistake` where the share pays for no ladders."""
    bought = _first_ladders(kept, share)
    done = {(r.arm, r.scale, r.seed - kept.seed) for r in bought.seen.values()}
    recorded = {(r.arm, r.scale, r.seed - kept.seed) for r in kept.rows}

    def seconds_of(arm: str, scale: float) -> float | None:
        more = any((arm, scale) == rung[:2] for rung in recorded - done)
        return bought.further_seconds(arm, scale) if arm in bought.jobs and more and scale <= LARGEST_PILOT else None

    verdicts = _compared(bought)
    while wanted := next_pilots(verdicts, seconds_of=seconds_of, left=bought.left, done=done)[:1]:
        arm, scale, seed = wanted[0]
        done.add(wanted[0])
        bought.left -= bought.further_seconds(arm, scale)
        bought.buy(arm, scale, kept.seed + seed)
        verdicts = _compared(bought)
    return [Decided(bought, case, verdict) for case, verdict in zip(kept.cases, verdicts, strict=True)]


def _first_ladders(kept: Kept, share: float) -> Replay:
    measured = {row.arm for row in kept.rows}
    jobs = {arm.name: _job(arm) for arm in kept.arms if ARMS[arm.name].learns and arm.name in measured}
    bought = Replay(kept, share, jobs, 0.0)
    place = _workplace(kept, bought.full_seconds, share)
    scales = _recorded_ladders(place, jobs, kept)
    for name, rungs in scales.items():
        for scale in rungs:
            bought.buy(name, scale, kept.seed)
    for row in kept.rows:  # what learns nothing, or takes seconds, is measured whole
        if row.arm not in jobs:
            bought.buy(row.arm, row.scale, row.seed)
    bought.left = place.pilot_seconds - total_seconds(jobs.values(), scales)
    return bought


def _recorded_ladders(place: Workplace, jobs: dict[str, Job], kept: Kept) -> dict[str, tuple[float, ...]]:
    """The planned ladders at recorded scales: each rounded down, then up where that is paid for, the lowest first.

    Raises `Mistake` where even the smallest recorded rungs cost more than the share.
    """
    recorded = {name: {r.scale for r in kept.rows if r.arm == name and r.scale <= LARGEST_PILOT} for name in jobs}
    planned = ladders(place, list(jobs.values()))
    tops = {n: max((s for s in recorded[n] if s <= max(planned[n])), default=min(recorded[n])) for n in jobs}

    def at(tops: dict[str, float]) -> dict[str, tuple[float, ...]]:
        return {
            n: tuple(s for s in sorted(recorded[n]) if top / 2 ** len(planned[n]) < s <= top) for n, top in tops.items()
        }

    for name in sorted(tops, key=lambda n: (tops[n], n)):
        higher = {**tops, name: 2 * tops[name]}
        if (
            higher[name] in recorded[name]
            and total_seconds(jobs.values(), at(higher)) <= FIRST_SHARE * place.pilot_seconds
        ):
            tops = higher
    needed = total_seconds(jobs.values(), at(tops))
    if needed > place.pilot_seconds:
        raise no_room(place, needed)
    return at(tops)


def _job(arm: KeptArm) -> Job:
    """The arm's runs as the schedule prices them. Scoring and setting up cost the same at any scale, and are not
    counted here: they vanish beside full runs of any real size.
    """
    contender = Contender(
        _arm(arm),
        arm.name,
        None,
        "",
        Reference("tokenizer", arm.name),
        _shape(arm),
        None,
        None,
        arm.corpus_tokens,
        SPEED,
    )
    sizes = {case: TaskSize(s.examples, s.tokens_per_example, s.epochs) for case, s in arm.sizes.items()}
    return replace(job(contender, sizes, dict.fromkeys(sizes, 0.0)), setup_seconds=0.0)


def _arm(arm: KeptArm) -> Arm:
    return ARMS[arm.name]


def _shape(arm: KeptArm) -> Shape:
    return Shape(**{name: int(value) for name, value in arm.shape.items()})


def _workplace(kept: Kept, seconds: float, share: float) -> Workplace:
    project = project_of(kept.name, kept.asked)
    budget = Budget(hours=seconds / 3600, pilot_share=share, pilot_scale=LARGEST_PILOT)
    return Workplace(project.model_copy(update={"budget": budget}), Store(Path()), Display())


def _compared(bought: Replay) -> list[UseCaseVerdict]:
    return [
        compare(
            UseCaseQuestion(name=case.name, kind=case.kind, metric=case.metric, bar=None, unlearned=case.unlearned),
            [_evidence(bought, case, arm) for arm in bought.arms(case.name)],
            seed=bought.kept.seed,
        )
        for case in bought.kept.cases
    ]


def _evidence(bought: Replay, case: KeptCase, arm: str) -> ArmEvidence:
    one, rows = bought.jobs.get(arm), bought.of(arm, case.name)
    seconds = 0.0 if one is None else one.corpus_seconds + one.task_seconds[case.name]
    place = _workplace(bought.kept, bought.full_seconds, bought.share)
    return ArmEvidence(
        arm=arm, route=ARMS[arm].route, title=ARMS[arm].title, points=tuple(r.point(bought.kept.seed) for r in rows),
        full_cost=_number(place.money(seconds), place.project.currency), full_hours=_number(seconds / 3600, "hours"),
        pilot_cost=_number(0.0, place.project.currency), serving_per_month=None, languages=(), samples=(), notes=(),
        failed=None if rows else "no pilot was run before the share was spent", has_scale=ARMS[arm].learns,
        shared_key=None, shared_cost=None,
    )  # fmt: skip


def _number(value: float, unit: str) -> Number:
    return Number(value=value, unit=unit, label="assumed", source=PRICED)
