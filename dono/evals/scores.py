"""Scores from answers, likelihoods and probabilities, each with its standard error and n."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sacrebleu.metrics.chrf import CHRF
from sklearn.metrics import f1_score, roc_auc_score

from dono.corpus.letters import fold_digits, unify_letters
from dono.evals.roc import RANKED, auc_delong

RESAMPLES = 200
"""Bootstrap resamples behind a standard error (assumed: its own error is then about 5 %)."""
JOINERS = dict.fromkeys((0x200C, 0x200D))


@dataclass(frozen=True)
class Score:
    """One metric for one language ("all" = every item): the value, its standard error, the number of items."""

    metric: str
    language: str
    value: float
    stderr: float
    n: int


def fold(text: str) -> str:
    """For exact match in any script: NFC, case folded, spaces collapsed, no joiners (collation ignores them, UTS 10).

    Letters that Unicode lets one write in two ways have one spelling, digits of any script are 0 to 9. Marks stay.
    """
    one = unify_letters(unicodedata.normalize("NFC", text))
    return " ".join(fold_digits(one.translate(JOINERS)).casefold().split())


def _exact(answers: Sequence[str], expected: Sequence[str]) -> float:
    return float(np.mean([fold(a) == fold(e) for a, e in zip(answers, expected, strict=True)]))


def _macro_f1(answers: Sequence[str], expected: Sequence[str]) -> float:
    return float(f1_score(expected, answers, labels=sorted(set(expected)), average="macro", zero_division=0))


CHRF_WORDS = {"chrf": 0, "chrf_plus_plus": 2}
"""The longest run of words that counts beside runs of six letters."""


class ChrfCounts:
    """chrF from summed counts, so that a bootstrap need not count n-grams again.

    chrF2 of Popović (2015) by sacrebleu, chrF2++ (2017) with `words` of 2: the corpus score is a function of the summed
    per-sentence statistics.
    """

    def __init__(self, answers: Sequence[str], expected: Sequence[str], words: int) -> None:
        self.metric = CHRF(word_order=words)
        pairs = zip(answers, expected, strict=True)
        statistics = [self.metric._extract_corpus_statistics([a], [[e]])[0] for a, e in pairs]
        self.counts = np.array(statistics, dtype=np.float64)

    def score(self, rows: np.ndarray) -> float:
        """The corpus score of the items in these places."""
        summed = [int(v) for v in self.counts[rows].sum(0)]
        return float(self.metric._compute_f_score(summed))


def bootstrapped(value: Callable[[np.ndarray], float], n: int, seed: int) -> float:
    """The standard deviation of `value` over resamples of n items, those left out on which it says nothing (NaN)."""
    random = np.random.default_rng(seed)
    return float(np.nanstd([value(random.integers(0, n, n)) for _ in range(RESAMPLES)], ddof=1)) if n > 1 else 0.0


def _per_language(languages: Sequence[str]) -> dict[str, np.ndarray]:
    known = np.array(languages)
    groups = {"all": np.arange(len(known))}
    if len(set(languages)) > 1:
        groups |= {language: np.flatnonzero(known == language) for language in sorted(set(languages))}
    elif languages:
        groups[languages[0]] = groups["all"]
    return groups


def score_answers(
    answers: Sequence[str], expected: Sequence[str], languages: Sequence[str], metrics: Sequence[str], *, seed: int = 0
) -> list[Score]:
    """Score given answers against the expected ones, for all items and per language.

    `metrics` from accuracy, exact_match (both 0–1), macro_f1 (0–1, over the labels that occur in `expected`), chrf and
    chrf_plus_plus (0–100). Standard errors: binomial for shares, bootstrap over items for the others.
    """
    assert len(answers) == len(expected) == len(languages) > 0
    chrf = {m: ChrfCounts(answers, expected, CHRF_WORDS[m]) for m in metrics if m in CHRF_WORDS}
    scores: list[Score] = []
    for language, rows in _per_language(languages).items():
        said, wanted, n = [answers[i] for i in rows], [expected[i] for i in rows], len(rows)
        for metric in metrics:
            if metric in ("accuracy", "exact_match"):
                value = _exact(said, wanted)
                stderr = float(np.sqrt(max(value * (1 - value), 0.25 / n) / n))  # never 0 from a small sample
            elif metric == "macro_f1":
                codes = {label: code for code, label in enumerate(sorted({*said, *wanted}))}
                a, w = np.array([codes[s] for s in said]), np.array([codes[s] for s in wanted])
                value = _macro_f1(said, wanted)
                stderr = bootstrapped(lambda r, a=a, w=w: macro_f1_coded(a[r], w[r]), n, seed)  # type: ignore[misc]
            else:
                counts = chrf[metric]
                value = counts.score(rows)
                stderr = bootstrapped(lambda r, c=counts, rows=rows: c.score(rows[r]), n, seed)  # type: ignore[misc]
            scores.append(Score(metric, language, value, stderr, n))
    return scores


def macro_f1_coded(answers: np.ndarray, expected: np.ndarray) -> float:
    """Macro-F1 over the classes in `expected` [n], as scikit-learn's, from counts: fast enough for a bootstrap."""
    size = int(max(answers.max(), expected.max())) + 1
    hits = np.bincount(expected[answers == expected], minlength=size)
    said, wanted = np.bincount(answers, minlength=size), np.bincount(expected, minlength=size)
    present = wanted > 0
    return float((2 * hits[present] / (said[present] + wanted[present])).mean())


def score_label_bits(likelihoods: np.ndarray, right: Sequence[int], languages: Sequence[str]) -> list[Score]:
    """Bits of the right label among all: `likelihoods` in nats [n, labels], `right` [n] the right label's place.

    log2(labels) for a model that knows nothing, 0 for one that is always right and sure. It moves long before the
    share of right answers does, so it is what a small pilot can be forecast by.
    """
    top = likelihoods.max(1)
    all_labels = top + np.log(np.exp(likelihoods - top[:, None]).sum(1))
    bits = (all_labels - likelihoods[np.arange(len(right)), list(right)]) / np.log(2)
    scores = []
    for language, rows in _per_language(languages).items():
        spread = float(bits[rows].std(ddof=1)) / len(rows) ** 0.5 if len(rows) > 1 else 0.0
        scores.append(Score("label_bits", language, float(bits[rows].mean()), spread, len(rows)))
    return scores


def score_bits(
    bits: np.ndarray, sizes: np.ndarray, languages: Sequence[str], *, seed: int = 0, metric: str = "bits_per_byte"
) -> list[Score]:
    """Bits per byte of texts: `bits` [n] and UTF-8 `sizes` [n] in bytes, summed before dividing.

    The standard error is that of a ratio estimate over texts, by bootstrap.
    """
    scores = []
    for language, rows in _per_language(languages).items():
        b, s = bits[rows], sizes[rows]
        stderr = bootstrapped(lambda r, b=b, s=s: float(b[r].sum() / s[r].sum()), len(rows), seed)  # type: ignore[misc]
        scores.append(Score(metric, language, float(b.sum() / s.sum()), stderr, len(rows)))
    return scores


def score_probabilities(
    probabilities: np.ndarray, classes: Sequence[str], expected: Sequence[str], metrics: Sequence[str], *,
    answers: Sequence[str] | None = None, seed: int = 0,
) -> list[Score]:  # fmt: skip
    """Scores of a table model by its `probabilities` [n, classes]; macro-F1 by its `answers`, where it has a threshold.

    Of two classes the last is the positive one. AUC past two classes is one-versus-rest, macro-averaged; the other
    scores of `RANKED` exist for two classes only. Standard errors: DeLong's for the AUC of two classes, else bootstrap.
    """
    probable = [classes[i] for i in probabilities.argmax(1)]
    scores: list[Score] = []
    for name, said in (("accuracy", probable), ("macro_f1", probable if answers is None else answers)):
        if name in metrics:
            scores += score_answers(said, expected, ["all"] * len(said), [name], seed=seed)
    truth, n = np.array([list(classes).index(e) for e in expected]), len(expected)
    if len(classes) == 2 and len(set(truth.tolist())) == 2:
        positive, chances = truth == 1, probabilities[:, 1]
        if "auc" in metrics:
            scores.append(Score("auc", "all", *auc_delong(chances, positive), n))
        for name in (m for m in metrics if m in RANKED):
            score = RANKED[name]

            def resampled(rows: np.ndarray, score: Callable[..., float] = score) -> float:
                return score(chances[rows], positive[rows]) if positive[rows].any() else float("nan")

            scores.append(Score(name, "all", score(chances, positive), bootstrapped(resampled, n, seed), n))
    elif "auc" in metrics:

        def one_against_rest(rows: np.ndarray) -> float:
            if len(set(truth[rows])) < len(classes):
                return float("nan")
            return float(roc_auc_score(truth[rows], probabilities[rows], multi_class="ovr", average="macro"))

        scores.append(Score("auc", "all", one_against_rest(np.arange(n)), bootstrapped(one_against_rest, n, seed), n))
    return scores
