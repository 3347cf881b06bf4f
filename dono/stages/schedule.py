"""Which pilots are run: a ladder of scales for every contender, under the pilots' share of the budget."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from dono.stages.contenders import Contender, TaskSize, no_room
from dono.stages.corpus_stage import DECAY_SHARE, LEAST_STEPS
from dono.stages.prepare import Case
from dono.stages.workplace import Workplace

RUNGS = 4
FIRST_SHARE = 0.75
"""The part of the pilots' time that the first ladders may take; the rest is for second seeds where arms are close."""
MANY = 3
"""From so many bases on, the first ladders are tiny and the arms run in rounds (assumed)."""
FIRST_OF_MANY = 0.3
"""The part of the pilots' time that the first ladders may take then; the rest is for those that stay."""
SMALLEST_SCALE = 2.0**-12
SETUP_SECONDS = 1.0
"""To load a small model, encode what it reads and write what it became, once for each stage (assumed, small runs)."""


@dataclass(frozen=True)
class Job:
    """What one contender's runs take here: seconds of its full corpus stage and full task stages, and of each scoring.

    All by use case, as are the sizes of its full task stages.
    """

    contender: Contender
    corpus_seconds: float
    sizes: dict[str, TaskSize]
    task_seconds: dict[str, float]
    scoring_seconds: dict[str, float]
    setup_seconds: float = SETUP_SECONDS

    def rung_seconds(self, scale: float) -> float:
        """One rung of all use cases without the trunk before it: decay, task stages, setting each up, scoring."""
        stages = len(self.scoring_seconds) + (2 if self.corpus_seconds else 0)
        learning = scale * (self.corpus_seconds * DECAY_SHARE + sum(self.task_seconds.values()))
        return learning + self.setup_seconds * stages + sum(self.scoring_seconds.values())

    def ladder_seconds(self, scales: tuple[float, ...]) -> float:
        """All rungs; the trunk is run once, up to the largest."""
        top = max(scales)
        return (1 - DECAY_SHARE) * top * self.corpus_seconds + sum(self.rung_seconds(s) for s in scales)

    def next_seconds(self, done: tuple[float, ...], scale: float) -> float:
        """The rung at `scale` after those `done`, with the piece of the trunk between them."""
        return self.ladder_seconds((*done, scale)) - (self.ladder_seconds(done) if done else 0.0)

    def least_scale(self, place: Workplace) -> float:
        """The scale below which the corpus stage would be too short to measure anything."""
        if not self.contender.corpus_tokens:
            return SMALLEST_SCALE
        per_step = place.project.training.batch * self.contender.context
        return LEAST_STEPS * per_step / self.contender.corpus_tokens


def job(contender: Contender, sizes: dict[str, TaskSize], scoring: dict[str, float]) -> Job:
    """Estimated from FLOPs and the measured speed of this machine."""
    speed = contender.flops_per_second
    tasks = {name: contender.task_flops(size.tokens(1.0)) / speed for name, size in sizes.items()}
    corpus = contender.corpus_flops(contender.corpus_tokens) / speed
    return Job(contender, corpus, sizes, tasks, scoring)


def ladders(place: Workplace, jobs: list[Job], *, before: float = 0.0) -> dict[str, tuple[float, ...]]:
    """Scales of each contender, each half of the one above: the largest that fit in an equal share of the time.

    `before`: seconds of the pilots' share that go to what learns nothing or is no language model.
    A contender that needs less than its share (a small fine-tune may be run whole: scale 1) leaves the rest to the
    others. Fewer rungs where four do not fit. Raises `Mistake` when some contender fits no rung at all.
    """
    first = FIRST_OF_MANY if many(j.contender for j in jobs) else FIRST_SHARE
    left = first * (place.pilot_seconds - before)
    found: dict[str, tuple[float, ...]] = {}
    pending = sorted(jobs, key=lambda j: (j.ladder_seconds(_halving(1.0, RUNGS)), j.contender.name))
    for number, one in enumerate(pending):
        share = left / (len(pending) - number)
        scales = _largest(place, one, share)
        if scales is None:
            least = max(one.least_scale(place), SMALLEST_SCALE)
            needed = sum(j.ladder_seconds((max(j.least_scale(place), least),)) for j in pending) / first
            raise no_room(place, before + needed)
        found[one.contender.name] = scales
        left -= one.ladder_seconds(scales)
    return found


def many(contenders: Iterable[Contender]) -> bool:
    """Whether there are so many bases that their arms run in rounds."""
    return len({c.base.source for c in contenders if c.base is not None}) >= MANY


def _halving(top: float, rungs: int) -> tuple[float, ...]:
    return tuple(top / 2**k for k in reversed(range(rungs)))


def _largest(place: Workplace, one: Job, seconds: float) -> tuple[float, ...] | None:
    """The ladder with the largest top whose rungs fit in `seconds`, four rungs before three before two before one."""
    least, most = max(one.least_scale(place), SMALLEST_SCALE), place.project.budget.pilot_scale
    for rungs in range(RUNGS, 0, -1):
        fixed = one.ladder_seconds(_halving(0.0, rungs))
        slope = one.ladder_seconds(_halving(1.0, rungs)) - fixed
        top = _rounded_down(min(most, (seconds - fixed) / slope)) if slope > 0 else most * (seconds >= fixed)
        if top / 2 ** (rungs - 1) >= least:
            return _halving(top, rungs)
    return None


def _rounded_down(scale: float) -> float:
    """To two digits, so that a plan reads well."""
    if scale <= 0:
        return 0.0
    digit = 10 ** (math.floor(math.log10(scale)) - 1)
    return math.floor(scale / digit + 1e-9) * digit


def total_seconds(jobs: Iterable[Job], scales: dict[str, tuple[float, ...]]) -> float:
    """Estimated seconds of all first ladders."""
    return sum(j.ladder_seconds(scales[j.contender.name]) for j in jobs)


def full_seconds_here(one: Job, use_case: str) -> float:
    """Seconds of one full run on this machine: corpus stage, one use case's task stage, one scoring."""
    return one.corpus_seconds + one.task_seconds[use_case] + one.scoring_seconds[use_case]


def cases_for(contender: Contender, cases: tuple[Case, ...]) -> list[Case]:
    """The use cases that this contender can serve."""
    return [c for c in cases if c.use_case.kind in contender.arm.kinds]
