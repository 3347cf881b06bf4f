"""Answers to held-out prompts while a policy learns: how far it is, whether the reward is gamed, when to stop."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dono.evals import Score
from dono.models import Critic, Reader
from dono.stages.align_online import Bench, append_row, draw_of, joined, keep_rows
from dono.training import Early
from dono.training.checkpoint import BEST, counters_in, keep_weights, put_back, state_of
from dono.training.guards import Guards, Look, best_of, over_optimised

LOOKS = "looks.jsonl"


class Looks:
    """The loop's `validate`: every `look_steps` the same held-out prompts, answered with the same draws.

    `last` is the run's last step. Raises `Early` after it has put the best weights back.
    """

    def __init__(self, bench: Bench, folder: Path, guards: Guards, last: int) -> None:
        self.bench, self.folder, self.guards, self.last = bench, folder, guards, last
        state = state_of(folder)
        kept = keep_rows(folder / LOOKS, before=1 + (0 if state is None else counters_in(state).step))
        self.looks = [_look_of(row) for row in kept]

    def first(self, policy: Reader | Critic) -> None:
        """Look before the first step, unless that was done."""
        if not self.looks:
            self._remember(policy, self.take(policy, 0))

    def _remember(self, policy: Reader | Critic, look: Look) -> None:
        self.looks.append(look)
        if self.best is look:
            keep_weights(policy, self.folder / BEST)
        append_row(self.folder / LOOKS, look._asdict())

    def __call__(self, policy: Reader | Critic, step: int) -> dict[str, float] | None:
        """What was found after so many steps; None where it is not time to look."""
        if step % self.bench.policy.look_steps and step != self.last:
            return None
        look = self.take(policy, step)
        self._remember(policy, look)
        why = over_optimised(self.looks) or self.guards.too_far()
        if why is not None:
            put_back(policy, self.folder / BEST)
            raise Early(why)
        found = {"reward": float(np.mean(look.rewards)), "divergence": look.divergence, "length": look.length}
        return found | ({} if look.gold is None else {"gold": float(np.mean(look.gold))})

    def take(self, policy: Reader | Critic, step: int) -> Look:
        """Look now."""
        bench = self.bench
        answers = bench.answered(policy, bench.watched_ids, draw_of(bench.seed, 0, 1))
        whole = joined(bench.watched_ids, answers)
        seen = bench.seen(policy, whole)
        gold = None if bench.gold is None else bench.gold(bench.watched, answers, whole)
        return Look(
            step, tuple(bench.rewarded(bench.judge, bench.watched, answers, whole).tolist()),
            None if gold is None else tuple(gold.tolist()), float(seen.divergences.mean()),
            float(seen.mask.sum(1).float().mean()), float(np.mean([a.cut for a in answers])),
        )  # fmt: skip

    @property
    def kept(self) -> Look:
        """That of the weights that the run ends with: the last, or the best where it was stopped early."""
        stopped = over_optimised(self.looks) or self.guards.too_far()
        return self.best if stopped else self.looks[-1]

    @property
    def best(self) -> Look:
        """The best that is not too far away; the first look is never far."""
        near = [look for look in self.looks[1:] if look.divergence <= self.bench.policy.most_divergence]
        return best_of([self.looks[0], *near])


def _look_of(row: dict[str, object]) -> Look:
    told = {name: tuple(v) if isinstance(v := row[name], list) else v for name in Look._fields}
    return Look(**told)  # type: ignore[arg-type]


def scores_of(look: Look, languages: Sequence[str]) -> list[Score]:
    """A look in numbers: rewards by language, divergence from the reference, length, and the share that was cut."""
    n = len(look.rewards)
    judged = {"reward": look.rewards} | ({} if look.gold is None else {"gold_reward": look.gold})
    rows = [
        Score(metric, language, float(np.mean(of)), _error(of), len(of))
        for metric, values in judged.items()
        for language, of in _by_language(languages, values).items()
    ]
    whole = {"divergence": look.divergence, "answer_tokens": look.length, "answers_cut": look.cut}
    return rows + [Score(metric, "all", value, 0.0, n) for metric, value in whole.items()]


def _error(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) / len(values) ** 0.5 if len(values) > 1 else 0.0


def _by_language(languages: Sequence[str], values: Sequence[float]) -> dict[str, list[float]]:
    names = sorted(set(languages))
    found = {"all": list(values)}
    if len(names) > 1:
        found |= {n: [v for v, of in zip(values, languages, strict=True) if of == n] for n in names}
    return found
