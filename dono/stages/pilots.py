"""The pilots so far, what they took, and what others are expected to take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dono.artifacts import Artifact
from dono.decisions.information import Rung
from dono.decisions.routes import task_stage_of
from dono.stages.answers import render_pairs
from dono.stages.contenders import Contender, TaskSize, task_size
from dono.stages.hosted import Hosted
from dono.stages.predictive import Predictive
from dono.stages.prepare import Case, Prepared
from dono.stages.rungs import scoring_guess
from dono.stages.runs import RunSpec
from dono.stages.schedule import SETUP_SECONDS, Job, cases_for, job, ladders, total_seconds
from dono.stages.table_settings import SCALES, search_plan
from dono.stages.workplace import Workplace
from dono.studio.amounts import duration
from dono.tokens import load_tokenizer

PREDICTIVE_SECONDS_A_ROW = 0.005
"""To fit and score a route without a language model on one row (assumed; measured: 0.003 of a table to 0.02 of long
texts)."""


@dataclass(frozen=True)
class Pilot:
    """One finished run of one arm on one use case."""

    spec: RunSpec
    run: Artifact

    @property
    def own_seconds(self) -> float:
        """Seconds this run itself took, training and scoring; trunks are counted with `Pilots.seconds`."""
        return float(str(self.run.result["own_seconds"]))

    @property
    def failed(self) -> str | None:
        """Why it could not be carried out, or None."""
        reason = self.run.result.get("failed")
        return None if reason is None else str(reason)


@dataclass
class Pilots:
    """All pilots so far, and the corpus stages under them.

    `took` holds, for each contender, the seconds that its rungs were planned to take and really took. `unfinished`
    are the seconds of runs that the cap cut short. `granted` are seconds that a person paid for on top of the share.
    `running` are the rungs under way, with the seconds that they are expected to take.
    """

    planned: Planned
    runs: dict[tuple[str, str, float, int], Pilot] = field(default_factory=dict)
    stages: dict[str, Artifact] = field(default_factory=dict)
    predictive: list[Predictive] = field(default_factory=list)
    hosted: list[Hosted] = field(default_factory=list)
    granted: float = 0.0
    took: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    unfinished: float = 0.0
    left_out: list[str] = field(default_factory=list)
    running: dict[Rung, float] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Seconds that the pilots really took on this machine, set-up and scoring included, trunks counted once."""
        own = self.unfinished + sum(float(str(a.result["own_seconds"])) for a in self.stages.values())
        asked = sum(h.number("own_seconds") for h in self.hosted)
        return own + asked + sum(p.own_seconds for p in self.runs.values()) + sum(p.seconds for p in self.predictive)

    @property
    def fees(self) -> float:
        """What endpoints were paid, in the project's currency."""
        return sum(h.number("money") for h in self.hosted)

    def seconds_of(self, arm: str, scale: float) -> float | None:
        """Seconds of one more rung of an arm; None for one that trains nothing. A larger one goes on with the trunk."""
        job = self.planned.jobs.get(arm)
        if job is None:
            return None
        below = max((s for name, _, s, _ in self.runs if name == arm), default=0.0)
        return self.expected(arm, job.next_seconds((below,) if 0 < below < scale else (), scale))

    def trunk_of(self, arm: str, seed: int) -> tuple[float, ...]:
        """The scales at which an arm's trunk of this seed stops or has stopped."""
        ran = {s for name, _, s, k in self.runs if (name, k) == (arm, seed)}
        return tuple(sorted(ran.union(self.planned.scales.get(arm, ()))))

    @property
    def stopped(self) -> str | None:
        """What was not run because the time was spent, in words; None where everything was."""
        if not self.left_out:
            return None
        took = duration(self.seconds / 3600)
        return f"the pilots took {took}; not run, as the time would not have held: {', '.join(self.left_out)}"

    def expected(self, name: str, planned: float) -> float:
        """Seconds that a rung of a contender will take which is planned to take `planned`.

        On from the contender's last rung, each planned second as long as between its last two, and no shorter than
        planned: what a rung takes whatever its size, such as scoring, is then in it as it really was.
        """
        took = self.took.get(name, [])
        if not took:
            return planned
        (few, short), (many, long) = took[-2:] if len(took) > 1 else ((0.0, took[0][1]), took[0])
        pace = max(1.0, (long - short) / (many - few)) if many > few else 1.0
        return max(0.0, long + pace * (planned - many))

    def of(self, arm: str, use_case: str) -> list[Pilot]:
        """The pilots of one arm on one use case, in the order they were run."""
        return [p for (name, case, _, _), p in self.runs.items() if (name, case) == (arm, use_case)]


@dataclass(frozen=True)
class Planned:
    """What each contender's runs take, and the scales of its first ladder."""

    jobs: dict[str, Job]
    scales: dict[str, tuple[float, ...]]
    seconds: float


def plan_jobs(place: Workplace, prepared: Prepared, contenders: Sequence[Contender]) -> dict[str, Job]:
    """What the runs of every contender that learns take, from FLOPs and the measured speed of this machine."""
    jobs: dict[str, Job] = {}
    for contender in (c for c in contenders if c.arm.learns):
        sizes: dict[str, TaskSize] = {}
        scoring: dict[str, float] = {}
        for case in cases_for(contender, prepared.cases):
            learned = case.train if task_stage_of(contender.arm, case.use_case.kind) != "none" else ()
            pairs = render_pairs(case, load_tokenizer(contender.tokenizer_folder), learned) if learned else []
            sizes[case.use_case.name] = task_size(place, contender, case, pairs)
            scoring[case.use_case.name] = scoring_guess(case)
        jobs[contender.name] = job(contender, sizes, scoring)
    return jobs


def plan_pilots(place: Workplace, prepared: Prepared, contenders: Sequence[Contender]) -> Planned:
    """Ladders for all that learn. Raises `Mistake` when the pilots' share is too small for one rung of each."""
    jobs = plan_jobs(place, prepared, contenders)
    before = asking_seconds(place, prepared, contenders)
    scales = ladders(place, list(jobs.values()), before=before) if jobs else {}
    return Planned(jobs, scales, before + total_seconds(jobs.values(), scales))


def asking_seconds(place: Workplace, prepared: Prepared, contenders: Sequence[Contender]) -> float:
    """What the pilots take that learn nothing, and those without a language model, in seconds (a guess)."""
    asked = sum(asking(prepared.cases, c) for c in contenders if not c.arm.learns)
    rows = sum(len(c.train) for c in prepared.cases if c.use_case.kind == "classify")
    if not place.project.wants("predictive"):
        return asked
    tables = sum(search_plan(c).seconds for c in prepared.cases if c.use_case.kind == "predict")
    return asked + PREDICTIVE_SECONDS_A_ROW * rows * sum(SCALES) + tables


def asking(cases: tuple[Case, ...], contender: Contender) -> float:
    """The same for one contender on these cases."""
    return sum(SETUP_SECONDS + scoring_guess(case) for case in cases_for(contender, cases))
