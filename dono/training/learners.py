"""Learners lead a model's predictions to an objective: one part of a step in, its loss out.

A part is whatever one forward pass reads. Its loss is a sum and a count that add up over the parts of a step, so a step
in eight parts has the gradient of the step in one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from dono.models import Placed, Reader, Scorer, placed
from dono.objectives import (
    Answers,
    BatchLoss,
    Judged,
    JudgedMetrics,
    Objective,
    PairMetrics,
    PairObjective,
    Pairs,
    PolicyMetrics,
    PolicyObjective,
    Rollouts,
    bradley_terry,
    kto_divergence,
    log_ratios,
    loglikelihoods,
    next_token,
)
from dono.tokens import IGNORED, Rows
from dono.training.world import everywhere

Floats = npt.NDArray[np.float32]


class Part(Protocol):
    """Anything with a number of tokens, filling left out."""

    @property
    def tokens(self) -> int: ...  # noqa: D102


Read_contra = TypeVar("Read_contra", bound=Part, contravariant=True)


class Learner(Protocol[Read_contra]):
    """The loss of one part of a step."""

    def __call__(self, reader: Any, part: Read_contra, /) -> BatchLoss[Any]: ...  # noqa: ANN401, D102


class PairRows(NamedTuple):
    """Prompts with two answers each: the first `pairs` documents of `rows` are preferred to the next `pairs`, in order.

    `reference` float32 [2 · pairs]: log-likelihoods of the whole answers under the frozen reference, in nats; None for
    losses without one. `margin` float32 [pairs]: for the reward model, by how much; None: not at all.
    """

    rows: Rows
    pairs: int
    reference: Floats | None = None
    margin: Floats | None = None

    @property
    def tokens(self) -> int:
        """Tokens of all answers with their prompts."""
        return self.rows.tokens


class JudgedRows(NamedTuple):
    """Single answers with verdicts: `desirable` bool [documents], `reference` float32 [documents] as in `PairRows`.

    `mismatched`: the answers beside other rows' prompts, `mismatched_reference` float32 [documents] theirs.
    `divergence` in nats is the whole step's, see `with_divergence`.
    """

    rows: Rows
    desirable: npt.NDArray[np.bool_]
    reference: Floats
    mismatched: Rows
    mismatched_reference: Floats
    divergence: float | None = None

    @property
    def tokens(self) -> int:
        """Tokens of all answers with their prompts."""
        return self.rows.tokens


class RolloutRows(NamedTuple):
    """Sampled answers: `behaviour` and `reference` float32 [documents, longest answer], see `dono.objectives.Rollouts`.

    `advantages` float32: of the same shape, or [documents].
    """

    rows: Rows
    behaviour: Floats
    advantages: Floats
    reference: Floats | None = None

    @property
    def tokens(self) -> int:
        """Tokens of all answers with their prompts."""
        return self.rows.tokens

    def seen_with(self, answers: Answers) -> Rollouts:
        """The rollouts as the model in training sees them now, where its answers are."""
        behaviour, advantages, reference = (
            None if array is None else torch.from_numpy(array).to(answers.mask.device)
            for array in (self.behaviour, self.advantages, self.reference)
        )
        assert behaviour is not None and advantages is not None
        return Rollouts(answers, behaviour, advantages, reference)


def likelihood(objective: Objective) -> Callable[[Reader, Rows], BatchLoss[None]]:
    """Learn to predict the labels of rows. Rows without a token only fill up the processes: no objective sees them."""

    def learn(reader: Reader, rows: Rows) -> BatchLoss[None]:
        found: BatchLoss[None] = reader(placed(rows, device_of(reader)), objective if rows.tokens else next_token)
        return found

    return learn


def preferences(objective: PairObjective) -> Callable[[Reader, PairRows], BatchLoss[PairMetrics]]:
    """Learn from pairs; both answers of all prompts are read in one pass."""

    def learn(reader: Reader, part: PairRows) -> BatchLoss[PairMetrics]:
        chosen, rejected = _halves(answers_in(reader, part.rows, 2 * part.pairs), part.pairs)
        if part.reference is None:
            return objective(Pairs(chosen, rejected))
        reference = torch.from_numpy(part.reference).to(chosen.mask.device)
        return objective(Pairs(chosen, rejected, reference[: part.pairs], reference[part.pairs :]))

    return learn


def judgements(
    objective: Callable[[Judged], BatchLoss[JudgedMetrics]],
) -> Callable[[Reader, JudgedRows], BatchLoss[JudgedMetrics]]:
    """Learn from single verdicts. The parts of a step must have been through `with_divergence`."""

    def learn(reader: Reader, part: JudgedRows) -> BatchLoss[JudgedMetrics]:
        assert part.divergence is not None, "the step's divergence is not known yet"
        answers = answers_in(reader, part.rows, len(part.desirable))
        reference, desirable = (torch.from_numpy(a).to(answers.mask.device) for a in (part.reference, part.desirable))
        return objective(Judged(answers, reference, desirable, reference.new_tensor(part.divergence)))

    return learn


@torch.no_grad()
def with_divergence(reader: Reader, parts: Sequence[JudgedRows]) -> list[JudgedRows]:
    """The parts of a step with KTO's z₀ over all of them: a term of the batch, which does not add up over parts.

    Under `torchrun` it is taken over the parts of all processes, which must call this together.
    """
    ratios = []
    for part in parts:
        answers = answers_in(reader, part.mismatched, len(part.mismatched_reference))
        ratios.append(log_ratios(answers, torch.from_numpy(part.mismatched_reference).to(answers.mask.device)))
    divergence = float(kto_divergence(everywhere(torch.cat(ratios))))
    return [part._replace(divergence=divergence) for part in parts]


def rewards(*, label_smoothing: float = 0.0) -> Callable[[Scorer, PairRows], BatchLoss[PairMetrics]]:
    """Learn a reward model from pairs (Bradley–Terry with margin)."""

    def learn(scorer: Scorer, part: PairRows) -> BatchLoss[PairMetrics]:
        scores = scorer(placed(part.rows, device_of(scorer)))[: 2 * part.pairs]
        margin = 0.0 if part.margin is None else torch.from_numpy(part.margin).to(scores.device)
        return bradley_terry(scores[: part.pairs], scores[part.pairs :], margin=margin, label_smoothing=label_smoothing)

    return learn


def policy(objective: PolicyObjective) -> Callable[[Reader, RolloutRows], BatchLoss[PolicyMetrics]]:
    """Learn from sampled answers and their advantages."""

    def learn(reader: Reader, part: RolloutRows) -> BatchLoss[PolicyMetrics]:
        return objective(part.seen_with(answers_in(reader, part.rows, len(part.behaviour))))

    return learn


def answers_in(reader: Reader, rows: Rows, documents: int) -> Answers:
    """The trained tokens of the first `documents` documents as the model sees them: [documents, longest answer]."""
    there = placed(rows, device_of(reader))
    return by_document(there, reader(there, loglikelihoods), documents)


def by_document(rows: Placed, values: Tensor, documents: int) -> Answers:
    """`values` [trained places], in the order of the rows, as a row for each document: [documents, longest answer]."""
    row, place = (rows.labels != IGNORED).nonzero(as_tuple=True)
    owner = row if rows.bounds is None else torch.searchsorted(rows.bounds.to(place.device), place, right=True) - 1
    counts = torch.bincount(owner, minlength=documents)[:documents]
    starts = counts.cumsum(0) - counts
    column = torch.arange(len(owner), device=owner.device) - starts[owner]
    empty = values.new_zeros((documents, int(counts.max())))
    mask = torch.arange(empty.shape[1], device=owner.device) < counts[:, None]
    return Answers(empty.index_put((owner, column), values), mask)


def _halves(answers: Answers, pairs: int) -> tuple[Answers, Answers]:
    values, mask = answers
    return Answers(values[:pairs], mask[:pairs]), Answers(values[pairs:], mask[pairs:])


def device_of(module: nn.Module) -> torch.device:
    """Where a model's weights are."""
    return next(module.parameters()).device
