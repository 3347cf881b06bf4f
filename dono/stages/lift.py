"""A model's lifts by region and period, held to those of the records."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
from scipy.special import logsumexp
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from dono.artifacts import Artifact, read_measurements, write_atomically
from dono.corpus.calendar import feast_name, state_code, state_name
from dono.decisions import Lifts
from dono.evals import Score, answer_log_likelihoods, label_log_likelihoods
from dono.evals.lift import (
    Miss,
    Own,
    Records,
    calibrated,
    category_bits,
    cells_of,
    compare_lifts,
    counted,
    largest_misses,
    strongest,
)
from dono.stages.answers import Sample
from dono.stages.habits import NO_FESTIVAL, cells, records_of, sentence
from dono.stages.prepare import Case
from dono.tokens import answer_ids, encode_plain

SHOWN = 10
"""Cells shown of each arm: the strongest lifts of the data, and its own largest misses."""
TABLE, LEAST = "lift.csv", 1e-4
"""Where a run keeps its cells, and the smallest number that has digits there."""
Judged = tuple[list[Score], list[Sample], list[str]]
"""Scores, cells to look at, and what they say in words."""


def category_scores(
    case: Case, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, records: Records
) -> np.ndarray:
    """Ln-likelihood [R, P, C] of each category's phrases, with the rest of the sentence, after its beginning."""
    assert case.use_case.habits is not None
    given = case.use_case.habits.phrases
    said = [given.get(c, c) for c in records.categories]
    phrases = [several if isinstance(several, tuple) else (several,) for several in said]
    owner = np.array([i for i, several in enumerate(phrases) for _ in several])
    flat = [phrase for several in phrases for phrase in several]
    places = list(cells(records))
    begun = [sentence(case.use_case, records, r, p, "")[0] for r, p in places]
    prompts = [[tokenizer.eos_token_id, *ids] for ids in encode_plain(tokenizer, [b.rstrip() for b in begun])]
    rests = [
        [answer_ids(tokenizer, b.rstrip() if b != b.rstrip() else "", sentence(case.use_case, records, r, p, phrase)[1])
         for phrase in flat]
        for b, (r, p) in zip(begun, places, strict=True)
    ]  # fmt: skip
    if all(rest == rests[0] for rest in rests):
        found = label_log_likelihoods(model, tokenizer, prompts, rests[0])
    else:  # the sentence goes on differently in each cell
        pairs = [(prompt, rest) for prompt, of in zip(prompts, rests, strict=True) for rest in of]
        found = answer_log_likelihoods(model, tokenizer, [p for p, _ in pairs], [r for _, r in pairs])
        found = found.reshape(len(places), len(flat))
    scores = np.zeros((len(records.regions), len(records.periods), len(records.categories)))
    for place, row in zip(places, found, strict=True):
        scores[place] = [logsumexp(row[owner == c]) for c in range(len(records.categories))]
    return scores


def answer_lift(case: Case, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> Judged:
    """Scores of a language model on the habits of a case, cells to look at, and what it says in words."""
    records, train = records_of(case.artifact)
    return judge(records, calibrated(category_scores(case, model, tokenizer, records), train), folder)


def answer_by_counts(case: Case, share: float, folder: Path) -> tuple[int, list[Score], list[Sample], list[str]]:
    """The same by counting a share of the train's records, and how many those are."""
    records, train = share_counted(case, share)
    return int(train.sum()), *judge(records, counted(train), folder)


def share_counted(case: Case, share: float) -> tuple[Records, np.ndarray]:
    """The test's records, and the counts [R, P, C] of a share of the train's."""
    records, train = records_of(case.artifact)
    if share < 1:
        train = np.random.default_rng(0).binomial(train.astype(np.int64), share).astype(np.float64)
    return records, train


def judge(records: Records, log_p: np.ndarray, folder: Path) -> Judged:
    """Ln P(c | r, p) [R, P, C] held to the records; writes `lift.csv` with every compared cell into the folder."""
    own, report, n = records.own, compare_lifts(records, log_p), len(records.category)
    bits = category_bits(records, log_p)
    scores = [
        Score("category_bits", "all", float(bits.mean()), _clustered(bits, records.customer), n),
        Score("lift_correlation", "all", report.correlation, report.correlation_stderr, report.cells),
        Score("lift_error", "all", report.error, report.error_stderr, report.cells),
        Score("lift_slope", "all", report.slope, report.slope_stderr, report.cells),
        Score("lift_ceiling", "all", report.ceiling, 0.0, report.cells),
    ]
    if report.significant:
        share, m = report.sign_share, report.significant
        scores.append(Score("lift_sign_share", "all", share, float(np.sqrt(max(share * (1 - share), 0.25 / m) / m)), m))
    notes = [
        f"lifts: rank correlation {report.correlation:.2f} ± {report.correlation_stderr:.2f} with the records' "
        f"({report.ceiling:.2f} is the most that their noise allows), {report.cells:,} cells",
    ]
    if report.significant:
        notes.append(f"direction right in {report.sign_share:.0%} of {report.significant} significant lifts")
    notes.append("misses most: " + "; ".join(_words(records, own, log_p)))
    _write_table(folder / TABLE, records, own, log_p)
    strong = cells_of(records, own, log_p, strongest(own, SHOWN))
    samples = [
        {
            "prompt": f"{where_and_when(m.region, m.period)}: {plain_name(m.category)}", "language": "und",
            "answer": f"{m.model:.1f}×", "expected": f"{m.data:.1f}×",
        }
        for m in strong
    ]  # fmt: skip
    return scores, samples, notes


def _words(records: Records, own: Own, log_p: np.ndarray) -> list[str]:
    """The largest misses, as people say them."""
    return [in_words(m) for m in cells_of(records, own, log_p, largest_misses(records, own, log_p, SHOWN))]


def in_words(miss: Miss) -> str:
    """A cell as people say it: "Onam in Kerala, lamps: says 1.1×, data says 3.2× (2.1–4.9)"."""
    return (
        f"{where_and_when(miss.region, miss.period)}, {plain_name(miss.category)}: says {miss.model:.1f}×, "
        f"data says {miss.data:.1f}× ({miss.lo:.1f}–{miss.hi:.1f})"
    )


def where_and_when(region: str, period: str) -> str:
    """A region and a period by their names."""
    when = when_name(period)
    return f"{when[:1].upper()}{when[1:]} in {region_name(region)}"


def region_name(region: str) -> str:
    """A region by its name, whether that or a code was written."""
    code = state_code(region)
    return plain_name(region) if code is None else state_name(code, "en")


def when_name(period: str) -> str:
    """A period by its name."""
    return "no festival" if period == NO_FESTIVAL else feast_name(period) or plain_name(period)


def plain_name(name: str) -> str:
    """A name of a column's value without its underscores."""
    return name.replace("_", " ")


def lifts_of(run: Artifact, scale: float) -> Lifts | None:
    """What a run on habits measured, None where it has none."""
    rows = {m.metric: m for m in read_measurements(run.path / "measurements.jsonl") if m.language == "all"}
    if "lift_slope" not in rows:
        return None
    found, signs, slope = rows["lift_correlation"], rows.get("lift_sign_share"), rows["lift_slope"]
    with (run.path / TABLE).open(encoding="utf8") as file:
        cells_told = [_miss(row) for row in csv.DictReader(file)]
    cells_told.sort(key=lambda m: -abs(np.log(m.model / m.data)) / max(np.log(m.hi / m.lo), 1e-9))
    return Lifts(
        scale=scale, correlation=found.value, stderr=found.stderr, ceiling=rows["lift_ceiling"].value,
        off=float(np.exp(rows["lift_error"].value)), right=signs.value if signs else None,
        significant=signs.n if signs else 0, slope=slope.value, slope_stderr=slope.stderr, cells=found.n,
        misses=[in_words(m) for m in cells_told[:SHOWN]],
    )  # fmt: skip


def _miss(row: dict[str, str]) -> Miss:
    data, lo, hi, model = (max(float(row[name]), LEAST) for name in ("data", "lo", "hi", "model"))
    return Miss(row["region"], row["period"], row["category"], data, lo, hi, model)


def _clustered(values: np.ndarray, customers: np.ndarray) -> float:
    """The standard error of a mean whose values [n] come in customers [n] (ratio estimator, Cochran 1977, 6.4)."""
    surplus = np.bincount(customers, values - values.mean())
    several = len(surplus)
    return float(np.sqrt((surplus**2).sum() * several / max(several - 1, 1)) / len(values))


def _write_table(path: Path, records: Records, own: Own, log_p: np.ndarray) -> None:
    compared = [(int(r), int(p), int(c)) for r, p, c in zip(*np.nonzero(own.compared), strict=True)]
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["region", "period", "category", "data", "lo", "hi", "model", "significant"])
    for (r, p, c), m in zip(compared, cells_of(records, own, log_p, compared), strict=True):
        numbers = (f"{v:.4f}" for v in (m.data, m.lo, m.hi, m.model))
        table.writerow([m.region, m.period, m.category, *numbers, int(own.significant[r, p, c])])
    write_atomically(path, out.getvalue())
