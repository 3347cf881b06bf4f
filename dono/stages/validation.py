"""How well a model predicts held-out rows: the same figures before a run and after it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch

from dono.evals import Score, score_bits
from dono.evals.roc import auc_delong
from dono.models import Reader, Scorer, placed
from dono.objectives import Answers, Judged, JudgedObjective, PairObjective, Pairs, kto_divergence
from dono.stages.train_data import HeldOut
from dono.tokens import IGNORED, Document, Rows, packed, padded
from dono.training.learners import Floats, JudgedRows, PairRows, answers_in, device_of
from dono.training.pair_batches import Pair
from dono.training.precision import Precision, products_in


@torch.no_grad()
def score_documents(reader: Reader, held: HeldOut, *, precision: Precision, part_tokens: int) -> list[Score]:
    """Loss in nats per trained token, and bits per byte, over the held-out rows."""
    reader.eval()
    nats, tokens = np.zeros(len(held.sizes)), np.zeros(len(held.sizes))
    for numbers in _together([len(d.ids) for d in held.documents], part_tokens):
        documents = [held.documents[i] for i in numbers]
        found = _answers(reader, documents, precision)
        owners = held.rows[numbers]
        np.add.at(nats, owners, -found.loglikelihoods.double().sum(1).cpu().numpy())
        np.add.at(tokens, owners, [int((d.labels != IGNORED).sum()) for d in documents])
    everything = ["all"] * len(nats)
    return [
        *score_bits(nats, tokens, everything, metric="loss"),
        *score_bits(nats / math.log(2), held.sizes, everything),
    ]


def _answers(reader: Reader, documents: Sequence[Document], precision: Precision) -> Answers:
    """The log-likelihoods of the documents' trained tokens, 0 where there is none."""
    rows = packed(documents) if reader.packs else padded(documents)
    with products_in(device_of(reader), precision):
        return answers_in(reader, rows, len(documents))


@torch.no_grad()
def read_part(reader: Reader | Scorer, part: Rows | PairRows | JudgedRows, precision: Precision) -> None:
    """Read all documents of a part as scoring reads them, to learn what memory that takes."""
    rows = part if isinstance(part, Rows) else part.rows
    many = len(rows.inputs) if rows.bounds is None else len(rows.bounds) - 1
    reader.eval()
    with products_in(device_of(reader), precision):
        if isinstance(reader, Scorer):
            reader(placed(rows, device_of(reader)))
        else:
            answers_in(reader, rows, many)


def _together(lengths: Sequence[int], part_tokens: int) -> Iterator[list[int]]:
    """Numbers of documents that are read in one pass, near in length."""
    waiting: list[int] = []
    for number in np.argsort(lengths, kind="stable").tolist():
        if waiting and (len(waiting) + 1) * lengths[number] > part_tokens:
            yield waiting
            waiting = []
        waiting.append(number)
    if waiting:
        yield waiting


@torch.no_grad()
def score_pairs(
    reader: Reader, pairs: Sequence[Pair], objective: PairObjective, reference: Floats | None, *, precision: Precision,
    part_tokens: int,
) -> list[Score]:  # fmt: skip
    """The objective's loss per pair, and the share of pairs that it ranks as people did."""
    reader.eval()
    losses, right = [], []
    for numbers in _together([p.tokens for p in pairs], part_tokens):
        chosen, rejected = zip(*(pairs[i] for i in numbers), strict=True)
        values, mask = _answers(reader, [*chosen, *rejected], precision)
        many = len(numbers)
        for place, number in enumerate(numbers):
            better, worse = (Answers(values[i : i + 1], mask[i : i + 1]) for i in (place, many + place))
            known = None if reference is None else torch.from_numpy(reference[number : number + 1]).to(values.device)
            found = objective(Pairs(better, worse, *((None, None) if known is None else (known[:, 0], known[:, 1]))))
            losses.append(float(found.total))
            right.append(float(found.metrics.accuracy))
    return [_mean("loss", losses), _mean("pairs_ranked_right", right)]


@torch.no_grad()
def rewards_of(scorer: Scorer, documents: Sequence[Document], *, precision: Precision, part_tokens: int) -> Floats:
    """What a reward model gives each document, float32 [documents]; it reads at a document's last place."""
    scorer.eval()
    found = np.zeros(len(documents), dtype=np.float32)
    for numbers in _together([len(d.ids) for d in documents], part_tokens):
        chosen = [documents[i] for i in numbers]
        rows = packed(chosen) if scorer.reader.packs else padded(chosen)
        with products_in(device_of(scorer), precision):
            found[numbers] = scorer(placed(rows, device_of(scorer)))[: len(numbers)].float().cpu().numpy()
    return found


def score_by_rewards(scorer: Scorer, pairs: Sequence[Pair], *, precision: Precision, part_tokens: int) -> list[Score]:
    """The reward model's loss per pair, and the share of pairs that it ranks as people did."""
    both = [*(p.chosen for p in pairs), *(p.rejected for p in pairs)]
    found = rewards_of(scorer, both, precision=precision, part_tokens=part_tokens).astype(np.float64)
    margin = found[: len(pairs)] - found[len(pairs) :]
    losses = np.logaddexp(0, -margin)
    return [_mean("loss", losses.tolist()), _mean("pairs_ranked_right", (margin > 0).astype(float).tolist())]


@torch.no_grad()
def score_judged(
    reader: Reader, pairs: Sequence[Pair], desirable: Sequence[bool], objective: JudgedObjective, reference: Floats, *,
    precision: Precision, part_tokens: int,
) -> list[Score]:  # fmt: skip
    """KTO's loss per row, and how often a good answer gained more likelihood than a bad one (the area under the ROC).

    The divergence that the loss subtracts is that of all these rows.
    """
    now = reference_of(reader, pairs, precision=precision, part_tokens=part_tokens)
    gained, mismatched = torch.from_numpy(now - reference).unbind(1)
    verdicts, divergence, one = torch.tensor(desirable), kto_divergence(mismatched), torch.ones(1, 1, dtype=torch.bool)
    losses = [
        float(objective(Judged(Answers(by.view(1, 1), one), torch.zeros(1), verdict.view(1), divergence)).total)
        for by, verdict in zip(gained, verdicts, strict=True)
    ]
    scores = [_mean("loss", losses)]
    if len(set(desirable)) == 2:
        area, spread = auc_delong(gained.double().numpy(), verdicts.numpy())
        scores.append(Score("good_above_bad", "all", area, spread, len(verdicts)))
    return scores


def _mean(metric: str, values: Sequence[float]) -> Score:
    spread = float(np.std(values, ddof=1)) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return Score(metric, "all", float(np.mean(values)), spread, len(values))


@torch.no_grad()
def reference_of(reader: Reader, pairs: Sequence[Pair], *, precision: Precision, part_tokens: int) -> Floats:
    """Log-likelihoods in nats of the chosen and the rejected answers as the model is now: float32 [pairs, 2]."""
    reader.eval()
    found = np.zeros((len(pairs), 2), dtype=np.float32)
    for numbers in _together([p.tokens for p in pairs], part_tokens):
        chosen, rejected = zip(*(pairs[i] for i in numbers), strict=True)
        whole = _answers(reader, [*chosen, *rejected], precision).loglikelihoods.sum(1).float().cpu().numpy()
        found[numbers] = whole.reshape(2, -1).T
    return found
