"""What can go wrong while sampled answers are learned from: said when it begins, and a stop where it is hopeless."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

CUT, FLAT = 0.5, 0.8
"""Beyond these shares of cut answers, and of prompts whose answers all earned the same, something is wrong."""
LONGER, SHORTER = 1.5, 1 / 1.5
"""How far answers may grow or shrink against the first steps before it is said (assumed)."""
JUMP, JUMP_LEAST = 3.0, 2.0
"""A divergence so many times that of the steps before, and so many nats above it, is a jump (assumed)."""
FIRST, RECENT = 3, 8
"""Steps that are "the first", and "those before" (assumed)."""
PATIENCE = 10
"""Steps in a row after which what cannot teach anything is stopped (assumed)."""


class Batch(NamedTuple):
    """One step's answers. `reward` and `spread` over answers; `divergence` in nats an answer; `length` in tokens.

    `cut` is the share that did not come to its end, `flat` that of prompts whose answers all earned the same.
    """

    step: int
    reward: float
    spread: float
    divergence: float
    length: float
    cut: float
    flat: float


@dataclass
class Guards:
    """Watches the batches of a run in their order. `most_divergence` in nats an answer."""

    most_divergence: float
    seen: list[Batch] = field(default_factory=list)
    sounding: set[str] = field(default_factory=set)

    def look(self, now: Batch) -> list[str]:
        """Take in a batch; lines for a person about what has just begun to go wrong."""
        before, self.seen = self.seen, [*self.seen, now]
        found = dict(_alerts(now, before))
        new = [line for kind, line in found.items() if kind not in self.sounding]
        self.sounding = set(found)
        return new

    def hopeless(self) -> tuple[str, str] | None:
        """Why going on teaches nothing, and the remedy; or None."""
        last = self.seen[-PATIENCE:]
        if len(last) < PATIENCE:
            return None
        if all(b.cut > CUT for b in last):
            said = f"{last[-1].cut:.0%} of answers were cut, and more than half in each of the last {PATIENCE} steps"
            return said, "Allow longer answers (policy.max_new_tokens), or train the model to end them first"
        if all(b.flat > FLAT for b in last):
            said = f"in each of the last {PATIENCE} steps the answers to {last[-1].flat:.0%} of prompts earned the same"
            return said, "Give a reward that tells answers apart, prompts that are neither too easy nor too hard"
        return None

    def too_far(self) -> str | None:
        """Why the model is too far from where it began, or None."""
        if self.seen and self.seen[-1].divergence > self.most_divergence:
            return f"the divergence of {self.seen[-1].divergence:.1f} nats is above {self.most_divergence:g}"
        return None


def _alerts(now: Batch, before: Sequence[Batch]) -> list[tuple[str, str]]:
    at, said = f"step {now.step}: ", []
    if now.cut > CUT:
        said.append(("cut", f"{at}{now.cut:.0%} of answers are cut at the longest length allowed"))
    if now.flat > FLAT:
        said.append(("flat", f"{at}all answers earn the same for {now.flat:.0%} of prompts: they teach nothing"))
    if len(before) >= FIRST:
        began = sum(b.length for b in before[:FIRST]) / FIRST
        if not SHORTER <= now.length / began <= LONGER:
            grown = "longer" if now.length > began else "shorter"
            said.append((grown, f"{at}answers grow {grown}: {now.length:.0f} tokens, {began:.0f} at first"))
        usual = median(b.divergence for b in before[-RECENT:])
        if now.divergence > JUMP * max(usual, 0.0) and now.divergence > usual + JUMP_LEAST:
            said.append(("jump", f"{at}the divergence jumps to {now.divergence:.1f} nats, {usual:.1f} before"))
    return said


class Look(NamedTuple):
    """Answers to held-out prompts after `step`: rewards by the judge that is learned from, and by one that is not.

    `gold` is None where there is no second judge. `divergence` in nats an answer, `length` in tokens.
    """

    step: int
    rewards: tuple[float, ...]
    gold: tuple[float, ...] | None
    divergence: float
    length: float
    cut: float

    @property
    def watched(self) -> tuple[float, ...]:
        """What should not fall: the gold where there is one."""
        return self.rewards if self.gold is None else self.gold

    @property
    def mean(self) -> float:
        """Of what is watched."""
        return sum(self.watched) / len(self.watched)


FALLS = 2
"""Looks in a row that must be surely below the best (assumed)."""


def best_of(looks: Sequence[Look]) -> Look:
    """The look with the most of what is watched, the earliest of equals."""
    return max(looks, key=lambda look: (look.mean, -look.step))


def over_optimised(looks: Sequence[Look]) -> str | None:
    """Why to stop and go back to the best look: held-out scores fell by more than two standard errors, twice in a row.

    Prompts are the same in all looks, so differences are paired. Gao, Schulman and Hilton 2022 (arXiv 2210.10760): the
    true reward rises and falls with the divergence while the learned one goes on rising.
    """
    if len(looks) <= FALLS:
        return None
    best = best_of(looks)
    if not all(_surely_below(look, best) for look in looks[-FALLS:]):
        return None
    now, which = looks[-1], "reward" if best.gold is None else "gold reward"
    return (
        f"the {which} on held-out prompts fell from {best.mean:.3f} (step {best.step}, {best.divergence:.1f} nats) to "
        f"{now.mean:.3f} ({now.divergence:.1f} nats)"
    )


def _surely_below(look: Look, best: Look) -> bool:
    if look.step <= best.step:
        return False
    off = [a - b for a, b in zip(look.watched, best.watched, strict=True)]
    mean, n = sum(off) / len(off), len(off)
    spread = (sum((x - mean) ** 2 for x in off) / max(1, n - 1) / n) ** 0.5
    return mean < -2 * spread and mean < 0
