"""A model's scorecard: every measure by language, script, form, region and segment of a use case, before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dono.corpus import language_mix, scripts_of
from dono.evals.measures import MEASURES, Columns, Measure, Statistic, measures_in
from dono.evals.scores import RESAMPLES

FEWEST = 30
"""Cells of fewer items say so and give no number (the customary bound for a normal interval); of fewer customers, where
the items are those of customers."""
CODE_MIXED = 0.1
"""The share of words of another language from which an item counts as code-mixed (assumed)."""
ALL = "all"
SEGMENT, CLUSTER = "segment: ", "cluster"
"""Columns of a test named `segment: NAME` have a row for each of their values. Items of one `cluster` (a customer's)
come together: errors are by resampling clusters."""
SHARES = frozenset({"accuracy", "exact_match", "generated_accuracy"})


@dataclass(frozen=True)
class Slice:
    """Some items of a test: what they have in common ("all" where that is not asked), and their places [n]."""

    language: str
    script: str
    form: str
    region: str
    rows: NDArray[np.int64]
    segment: str = ALL

    @property
    def named(self) -> tuple[str, str, str, str, str]:
        """What its items have in common."""
        return self.language, self.script, self.form, self.region, self.segment


@dataclass(frozen=True)
class Cell:
    """One measure of one model (`stage`) on one slice. `value` and `stderr` are None where there are too few items."""

    use_case: str
    stage: str
    measure: str
    language: str
    script: str
    form: str
    region: str
    segment: str
    n: int
    value: float | None
    stderr: float | None


@dataclass(frozen=True)
class Change:
    """The last stage against an earlier one on the same items, by paired bootstrap: the difference, its standard error
    and 95 % interval. `surely`: better, worse, or empty where the interval holds 0.
    """

    use_case: str
    before: str
    after: str
    measure: str
    language: str
    script: str
    form: str
    region: str
    segment: str
    n: int
    value: float
    stderr: float
    lo: float
    hi: float
    surely: str


@dataclass(frozen=True)
class Scorecard:
    """Everything that a card shows. `judged_by`: the measure that each use case is about; `notes` in words."""

    model: str
    stages: tuple[str, ...]
    judged_by: Mapping[str, str]
    cells: tuple[Cell, ...]
    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()


def forms(texts: Sequence[str], languages: Sequence[str]) -> tuple[list[str], list[str]]:
    """The script that most letters of each text are in, and its form: native, romanised or code-mixed."""
    mixes = language_mix(texts, languages)
    scripts = [next(iter(scripts_of([text])[0]), "none") for text in texts]
    found = []
    for tag, mix in zip(languages, mixes, strict=True):
        found.append("code-mixed" if mix.share >= CODE_MIXED else "romanised" if tag.endswith("-Latn") else "native")
    return scripts, found


def slices(columns: Columns) -> list[Slice]:
    """All items; each language; its scripts and forms where it has several; each region, and each language in it; each
    segment. Items without a language, a region or a segment are of the other rows alone.
    """
    language, script, form, region = (np.asarray(columns[n]) for n in ("language", "script", "form", "region"))
    found = [Slice(ALL, ALL, ALL, ALL, np.arange(len(language)))]
    for tag in sorted(set(language.tolist()) - {""}):
        mine = np.flatnonzero(language == tag)
        kinds = sorted(set(zip(script[mine].tolist(), form[mine].tolist(), strict=True)))
        one = len(kinds) == 1
        found.append(Slice(tag, kinds[0][0] if one else ALL, kinds[0][1] if one else ALL, ALL, mine))
        for s, f in () if one else kinds:
            found.append(Slice(tag, s, f, ALL, mine[(script[mine] == s) & (form[mine] == f)]))
    for place in sorted(set(region.tolist()) - {""}):
        here = np.flatnonzero(region == place)
        tags = sorted(set(language[here].tolist()))
        found.append(Slice(tags[0] if len(tags) == 1 and tags[0] else ALL, ALL, ALL, place, here))
        for tag in () if len(tags) == 1 else filter(None, tags):
            found.append(Slice(tag, ALL, ALL, place, here[language[here] == tag]))
    for name in (n for n in columns if n.startswith(SEGMENT)):
        of = np.asarray(columns[name])
        for value in sorted(set(of.tolist()) - {""}):
            segment = f"{name.removeprefix(SEGMENT)}: {value}"
            found.append(Slice(ALL, ALL, ALL, ALL, np.flatnonzero(of == value), segment))
    return found


def cells_of(use_case: str, stage: str, columns: Columns, *, seed: int = 0) -> list[Cell]:
    """Every measure on every slice, with its standard error by bootstrap over items."""
    found = []
    for measure in measures_in(columns):
        statistic, saying = measure.statistic(columns), answered(measure, columns)
        for part in slices(columns):
            rows = part.rows[saying[part.rows]]
            value, stderr = _with_error(measure, statistic, _Items(columns, rows), seed)
            found.append(Cell(use_case, stage, measure.name, *part.named, n=len(rows), value=value, stderr=stderr))
    return [c for c in found if c.n]


def answered(measure: Measure, columns: Columns) -> NDArray[np.bool_]:
    """Which items [items] a measure says something of: those without a hole (NaN) in the columns that it needs.

    Requests are timed on a few items alone, for example.
    """
    found = np.ones(len(columns["language"]), dtype=bool)
    for name in measure.needs:
        if columns[name].dtype.kind == "f":
            found &= np.isfinite(columns[name]).reshape(len(found), -1).all(1)
    return found


class _Items:
    """The items of a slice: how many of them can be drawn apart from one another (`apart`), and draws of as many."""

    def __init__(self, columns: Columns, rows: NDArray[np.int64]) -> None:
        self.rows, self.alone = rows, CLUSTER not in columns
        self.apart = len(rows)
        if not self.alone:
            _, of, self._sizes = np.unique(columns[CLUSTER][rows], return_inverse=True, return_counts=True)
            self._sorted, self.apart = rows[np.argsort(of, kind="stable")], len(self._sizes)
            self._first = np.cumsum(self._sizes) - self._sizes

    def drawn(self, random: np.random.Generator) -> NDArray[np.int64]:
        """A resample: so many items, or clusters with all their items, with replacement."""
        chosen = random.integers(0, self.apart, self.apart)
        if self.alone:
            return self.rows[chosen]
        sizes = self._sizes[chosen]
        within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return self._sorted[np.repeat(self._first[chosen], sizes) + within]


def _with_error(
    measure: Measure, statistic: Statistic, items: _Items, seed: int
) -> tuple[float | None, float | None]:  # fmt: skip
    fewest, rows = FEWEST if measure.of != "cost" else 2, items.rows
    value = statistic(rows) if items.apart >= fewest else float("nan")
    if not np.isfinite(value):
        return None, None
    n = len(rows)
    if measure.name in SHARES and items.alone:  # never 0 from a small sample
        return value, float(np.sqrt(max(value * (1 - value), 0.25 / n) / n))
    random = np.random.default_rng(seed)
    drawn = [statistic(items.drawn(random)) for _ in range(RESAMPLES)]
    return value, float(np.nanstd(drawn, ddof=1))


def changes_of(use_case: str, before: str, after: str, old: Columns, new: Columns, *, seed: int = 0) -> list[Change]:
    """The difference of every measure that both have on every slice, the same items drawn for both (paired bootstrap,
    Efron and Tibshirani 1993, chapter 16; Koehn 2004 for scores of a corpus).
    """
    assert list(old["expected"]) == list(new["expected"]), "two models are compared on one test"
    found = []
    for measure in (m for m in measures_in(new) if m in measures_in(old) and m.name != "milliseconds"):
        was, now = measure.statistic(old), measure.statistic(new)
        both = answered(measure, old) & answered(measure, new)
        for part in slices(new):
            there = part.rows[both[part.rows]]
            items, n = _Items(new, there), len(there)
            value = now(there) - was(there) if items.apart >= FEWEST else float("nan")
            if not np.isfinite(value):
                continue
            random = np.random.default_rng(seed)
            drawn = []
            for _ in range(RESAMPLES):
                rows = items.drawn(random)
                drawn.append(now(rows) - was(rows))
            lo, hi = (float(q) for q in np.nanquantile(drawn, [0.025, 0.975]))
            found.append(
                Change(
                    use_case, before, after, measure.name, *part.named, n=n, value=value,
                    stderr=float(np.nanstd(drawn, ddof=1)), lo=lo, hi=hi, surely=_surely(measure, lo, hi),
                )
            )  # fmt: skip
    return found


def _surely(measure: Measure, lo: float, hi: float) -> str:
    if lo <= 0 <= hi:
        return ""
    return "better" if (lo > 0) == measure.higher_is_better else "worse"


def make_scorecard(
    model: str, tests: Mapping[str, Mapping[str, Columns]], judged_by: Mapping[str, str], *,
    notes: Sequence[str] = (), seed: int = 0,
) -> Scorecard:  # fmt: skip
    """The card of the last stage. `tests`: of each use case the columns of each stage, in their order.

    Changes are the last stage's against each earlier one.
    """
    stages = tuple(dict.fromkeys(stage for of in tests.values() for stage in of))
    cells, changes = [], []
    for use_case, of in tests.items():
        for stage, columns in of.items():
            cells += cells_of(use_case, stage, columns, seed=seed)
        *earlier, last = of
        for stage in earlier:
            changes += changes_of(use_case, stage, last, of[stage], of[last], seed=seed)
    assert {c.measure for c in cells} <= set(MEASURES)
    return Scorecard(model, stages, dict(judged_by), tuple(cells), tuple(changes), tuple(notes))
