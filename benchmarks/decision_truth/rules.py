"""Rules that people decide by today, each told only what the verdict was told: one function each, one plain table."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.decision_truth.replaying import Decided
from dono.decisions import METRICS

TOKENS_PER_PARAMETER = 20
"""What a model trained from scratch should read (Hoffmann et al. 2022, arXiv 2203.15556)."""
EXAMPLES_PER_WORD = 1500
"""Examples over words of an example below which counting words is advised (Google's guide to text classification,
2018, step 2.5: developers.google.com/machine-learning/guides/text-classification)."""


def leader(decided: Decided) -> str:
    """The arm with the best score so far, however large its pilot was."""
    return _best_so_far(decided, decided.replay.arms(decided.case.name))


def fine_tune(decided: Decided) -> str:
    """Always fine-tune: of its ways the one that leads so far; on text without a task, train the base further."""
    return _best_so_far(decided, _route(decided, "finetune")) if _route(decided, "finetune") else "continue/kept"


def scratch(decided: Decided) -> str:
    """Always train from scratch."""
    return _route(decided, "scratch")[0]


def size_rule(decided: Decided) -> str:
    """Count words where there are few examples for their length; from scratch where there is text enough; else tune."""
    case = decided.case
    if case.kind == "classify" and case.examples / case.words < EXAMPLES_PER_WORD:
        return _route(decided, "predictive")[0]
    arms = {arm.name: arm for arm in decided.replay.kept.arms}
    own = arms[scratch(decided)]
    enough = own.corpus_tokens >= TOKENS_PER_PARAMETER * own.shape["stored_parameters"]
    return own.name if enough else fine_tune(decided)


RULES: dict[str, Callable[[Decided], str]] = {
    "leader": leader, "fine-tune": fine_tune, "scratch": scratch, "size rule": size_rule,
}  # fmt: skip


def _route(decided: Decided, route: str) -> list[str]:
    return [arm for arm in decided.replay.arms(decided.case.name) if arm.split("/")[0] == route]


def _best_so_far(decided: Decided, arms: list[str]) -> str:
    metric = METRICS[decided.case.metric]
    tops = {arm: rows[-1].value for arm in arms if (rows := decided.replay.of(arm, decided.case.name))}
    return min(tops, key=lambda arm: (metric.to_badness(tops[arm]), arm))
