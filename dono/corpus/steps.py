"""Steps of cleaning: pure functions from a batch of drafts to one outcome each, in order. No engine is imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dono.corpus.drafts import Draft


@dataclass(frozen=True, slots=True)
class Dropped:
    """A draft that is not learned from. `reason` is one of few fixed sentences: they are counted."""

    draft: Draft
    reason: str


Outcome = Draft | Dropped
Step = Callable[[Sequence[Draft]], list[Outcome]]
"""One outcome for each draft, in the same order: the draft (changed or not), or that it is dropped and why.

Nothing is remembered between batches and nothing is written, so that a batch gives the same outcomes in any process.
"""


def run_steps(steps: Mapping[str, Step], batch: Sequence[Draft]) -> list[Outcome]:
    """The outcomes of a batch after all steps; what one step drops no later one sees."""
    outcomes: list[Outcome] = list(batch)
    for name, step in steps.items():
        places = [i for i, outcome in enumerate(outcomes) if isinstance(outcome, Draft)]
        found = step([outcome for outcome in outcomes if isinstance(outcome, Draft)])
        assert len(found) == len(places), f"{name} gave {len(found)} outcomes for {len(places)} drafts"
        for place, outcome in zip(places, found, strict=True):
            outcomes[place] = outcome
    return outcomes
