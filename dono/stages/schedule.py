"""Which pilots are run: a ladder of scales for every contender, under the pilots' share of the budget."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from dono.errors import Mistake
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
HALVED = 30
"""How often the span is halved in which the least time lies that holds a rung of every arm."""
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
        if not self.contender.arm.corpus_stage:
            return SMALLEST_SCALE
        tokens = self.contender.corpus_tokens
        return max(self.least_tokens(place) / tokens, SMALLEST_SCALE) if tokens else math.inf

    def least_tokens(self, place: Workplace) -> int:
        """The tokens of so short a corpus stage."""
        return LEAST_STEPS * place.project.training.batch * self.contender.context


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
    others. Fewer rungs where four do not fit. Raises `Mistake` when some contender fits no rung at all, now or ever.
    """
    too_small = max(
        (j for j in jobs if j.least_scale(place) > place.project.budget.pilot_scale),
        key=lambda j: j.least_scale(place),
        default=None,
    )
    if too_small is not None:
        raise no_rung(place, too_small)
    first = FIRST_OF_MANY if many(j.contender for j in jobs) else FIRST_SHARE
    left = first * (place.pilot_seconds - before)
    found = _shared(place, jobs, left)
    if found is None:
        raise no_room(place, before + _needed(place, jobs, left) / first)
    return found


def _shared(place: Workplace, jobs: list[Job], left: float) -> dict[str, tuple[float, ...]] | None:
    """The ladders that so many seconds hold; None where some contender fits no rung in its share of them."""
    found: dict[str, tuple[float, ...]] = {}
    pending = sorted(jobs, key=lambda j: (j.ladder_seconds(_halving(1.0, RUNGS)), j.contender.name))
    for number, one in enumerate(pending):
        scales = _largest(place, one, left / (len(pending) - number))
        if scales is None:
            return None
        found[one.contender.name] = scales
        left -= one.ladder_seconds(scales)
    return found


def _needed(place: Workplace, jobs: list[Job], few: float) -> float:
    """About the seconds that hold a rung of every contender, where `few` do not: an equal share each always does."""
    enough = len(jobs) * max(j.ladder_seconds((j.least_scale(place),)) for j in jobs) + 1.0
    for _ in range(HALVED):
        middle = (few + enough) / 2
        few, enough = (middle, enough) if _shared(place, jobs, middle) is None else (few, middle)
    return enough


def no_rung(place: Workplace, one: Job) -> Mistake:
    """No ladder of a contender holds a single rung, however much time there is."""
    budget, least, tokens = place.project.budget, one.least_scale(place), one.contender.corpus_tokens
    if least == SMALLEST_SCALE:
        what = f"no pilot is smaller than {least:.3g} of its full run"
        return Mistake(what, where=f"budget.pilot_scale: {budget.pilot_scale:g}", remedy="Give a larger number")
    of = "" if budget.pilot_scale == 1 else f" (budget.pilot_scale: {budget.pilot_scale:g} of them)"
    larger = ["budget.pilot_scale"] * (budget.pilot_scale < least <= 1) + [_what_binds(place, one.contender)]
    return Mistake(
        f"one rung needs {one.least_tokens(place):,} tokens ({LEAST_STEPS} steps of {place.project.training.batch} × "
        f"{one.contender.context}), and its full run reads {tokens:,}{of}", where=one.contender.name,
        remedy=f"Raise {' or '.join(larger)}, or lower training.batch or scratch.context",
    )  # fmt: skip


def _what_binds(place: Workplace, contender: Contender) -> str:
    """What the tokens of a contender's full corpus stage are no more for."""
    project, tokens = place.project, contender.corpus_tokens
    if project.budget.tokens is not None and tokens >= int(project.budget.tokens):
        return f"budget.tokens ({project.budget.tokens:,.0f})"
    if contender.tokens is not None and tokens >= int(project.training.corpus_epochs * contender.tokens.n_tokens):
        return f"training.corpus_epochs ({project.training.corpus_epochs:g}), or gather more text"
    return "the budget"


def many(contenders: Iterable[Contender]) -> bool:
    """Whether there are so many bases that their arms run in rounds."""
    return len({c.base.source for c in contenders if c.base is not None}) >= MANY


def _halving(top: float, rungs: int) -> tuple[float, ...]:
    return tuple(top / 2**k for k in reversed(range(rungs)))


def _largest(place: Workplace, one: Job, seconds: float) -> tuple[float, ...] | None:
    """The ladder with the largest top whose rungs fit in `seconds`, four rungs before three before two before one."""
    least, most = one.least_scale(place), place.project.budget.pilot_scale
    for rungs in range(RUNGS, 0, -1):
        fixed = one.ladder_seconds(_halving(0.0, rungs))
        slope = one.ladder_seconds(_halving(1.0, rungs)) - fixed
        top = min(most, (seconds - fixed) / slope) if slope > 0 else most * (seconds >= fixed)
        round_top = _rounded_down(top) if slope > 0 else top
        if round_top / 2 ** (rungs - 1) >= least:
            return _halving(round_top, rungs)
        if rungs == 1 and top >= least:  # the one rung that fits is not rounded away
            return (least,)
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
