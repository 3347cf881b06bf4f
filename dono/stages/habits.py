"""Habits: timed, located records of who took what, held apart by customer, and by time where it is known."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from dono.artifacts import Artifact, Json, Reference, fingerprint, write_atomically
from dono.corpus.calendar import OWN, Calendar, check_states, read_calendar
from dono.corpus.dates import read_date
from dono.corpus.rows import Malformed
from dono.errors import Mistake
from dono.evals.lift import Records, own_lifts
from dono.predictive import Cell, held_out, read_table
from dono.project import CalendarDay, Habits, Project, UseCase
from dono.stages.workplace import Workplace
from dono.tokens import fill

NO_FESTIVAL = "none"
PARTS = ("train", "test")
MOST_TAUGHT = 5000
"""Records that a base is fine-tuned on, at most: it pays for each (assumed)."""
TEST_SHARE = 0.3
"""Held out of records that come without a test file."""
Row = tuple[str, str, str, str]
"""Region, period, category, customer."""


@dataclass(frozen=True)
class _Read:
    """The usable records of a table, their moments in seconds since 1970 (none without a column), and how many were
    not.
    """

    rows: list[Row]
    times: list[float] | None
    aside: int

    def some(self, kept: Iterable[int]) -> _Read:
        """Some of the records."""
        places = list(kept)
        times = None if self.times is None else [self.times[i] for i in places]
        return _Read([self.rows[i] for i in places], times, self.aside)


def read_habits(place: Workplace, use_case: UseCase) -> Artifact:
    """The records as an artifact: `train.jsonl` to count and calibrate with, `test.jsonl` to be judged by.

    A customer of the test is none of the train; where records have a time, the train is older than the whole test.
    Without a test file the newest three tenths are the test (without a time: three tenths by customers).
    Raises `Mistake` where nothing can be compared.
    """
    habits = use_case.habits
    assert use_case.train is not None and habits is not None
    where = f"use_cases[{use_case.name}]"
    paths = [place.project.path(p) for p in (use_case.train, use_case.test) if p is not None]
    days, seed = own_days(place.project), place.project.training.seed
    spec: dict[str, Json] = {
        "name": use_case.name, "kind": "habits", "files": [fingerprint(p) for p in paths],
        "habits": habits.model_dump(mode="json"), "prompt": use_case.prompt, "seed": seed,
        "calendar": [day.model_dump(mode="json") for day in days],
    }  # fmt: skip

    def make(folder: Path) -> dict[str, Json]:
        read = [
            _rows(path, habits, Calendar(days), f"{where}.{name}") for path, name in zip(paths, PARTS, strict=False)
        ]
        whole, aside = read[0], sum(one.aside for one in read)
        train, test = _apart(whole, read[1], where) if len(read) > 1 else _parted(whole, seed, where)
        for name, part in zip(PARTS, (train, test), strict=True):
            lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in part.rows)
            write_atomically(folder / f"{name}.jsonl", lines)
        if aside:
            place.display.say(f"{use_case.name}: {aside:,} records without a region, period or known category left out")
        place.display.say(f"{use_case.name}: {_said(train, test)}")
        records, _ = _numbered(train.rows, test.rows)
        if not own_lifts(records).compared.any():
            what = f"{len(test.rows):,} test records are too few: no category is expected five times anywhere"
            raise Mistake(what, where=f"{where}.test", remedy="Give more records, or coarser regions or categories")
        left = len(whole.rows) - len(train.rows) - (len(test.rows) if len(read) == 1 else 0)
        return {"train": len(train.rows), "test": len(test.rows), "not_learned": left, "rejects": aside}

    made_from = [Reference("file", fingerprint(p), p.name) for p in paths]
    return place.store.make("examples", spec, make, made_from=made_from, name=use_case.name)


def own_days(project: Project) -> tuple[CalendarDay, ...]:
    """The days that a person adds to the calendar. Raises `Mistake` for a wrong one."""
    stated = project.calendar
    days = read_calendar(project.path(stated)) if isinstance(stated, str) else stated
    check_states(days, "calendar")
    return tuple(days)


def _apart(train: _Read, test: _Read, where: str) -> tuple[_Read, _Read]:
    """The train's records of customers who are not in the test, older than all of it."""
    customers = {row[3] for row in test.rows}
    kept = [i for i, row in enumerate(train.rows) if row[3] not in customers]
    if train.times is not None and test.times is not None:
        first = min(test.times)
        kept = [i for i in kept if train.times[i] < first]
        if not kept:
            what = f"no record of the train is of another customer and older than the test's first ({_day(first)})"
            raise Mistake(what, where=f"{where}.train", remedy="Give older records to learn from, or leave `test` out")
    return train.some(kept), test


def _parted(whole: _Read, seed: int, where: str) -> tuple[_Read, _Read]:
    labels, customers = [row[2] for row in whole.rows], [row[3] for row in whole.rows]
    split = held_out(labels, share=TEST_SHARE, seed=seed, times=whole.times, groups=customers, where=f"{where}.train")
    return whole.some(split.train.tolist()), whole.some(split.test.tolist())


def _said(train: _Read, test: _Read) -> str:
    counts = f"{len(train.rows):,} records to learn from, {len(test.rows):,} held out, of other customers"
    if train.times is None or test.times is None:
        return f"{counts} (their time is not known)"
    return f"{counts} and newer (from {_day(min(test.times))} on)"


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _rows(path: Path, habits: Habits, calendar: Calendar, where: str) -> _Read:
    """The usable records of a table."""
    columns = read_table(path).columns
    named = [habits.region, habits.category, habits.customer, habits.period, habits.time]
    missing = next((name for name in named if name is not None and name not in columns), None)
    if missing is not None:
        raise Mistake(f"no column {missing!r}", where=where, remedy=f"Columns: {', '.join(columns)}")
    count = len(columns[habits.region])
    given = (_words(columns[name] if name else [None] * count) for name in named)
    rows, times, aside = list[Row](), list[float](), 0
    for region, category, customer, period, written in zip(*given, strict=True):
        try:
            moment = read_date(written) if habits.time else None
            if moment is not None and not habits.period:
                period = _festival(calendar, moment, region, habits.lead)
        except Malformed:
            period = ""
        known = not habits.phrases or category in habits.phrases
        if region and period and category and customer and known:
            rows.append((region, period, category, customer))
            times += [] if moment is None else [moment.replace(tzinfo=UTC).timestamp()]
        else:
            aside += 1
    if not rows:
        raise Mistake(
            f"none of {aside:,} records can be used", where=where, remedy="Look at habits: the columns' names"
        )
    return _Read(rows, times if habits.time else None, aside)


def _words(cells: Sequence[Cell]) -> list[str]:
    return ["" if cell is None else str(cell).strip() for cell in cells]


def _festival(calendar: Calendar, moment: datetime, region: str, lead: int) -> str:
    feast = calendar.feast(moment.date(), region, lead)
    if feast is None:
        return NO_FESTIVAL
    return feast.name("en") if feast.key == OWN else feast.key


def _numbered(train: Sequence[Row], test: Sequence[Row]) -> tuple[Records, np.ndarray]:
    """The test's records by number, and the train's counts [R, P, C]."""
    regions, periods, categories = (tuple(sorted({row[i] for row in (*train, *test)})) for i in range(3))
    places = [{name: k for k, name in enumerate(names)} for names in (regions, periods, categories)]

    def records(rows: Sequence[Row]) -> Records:
        region, period, category = (
            np.array([known[row[i]] for row in rows], dtype=np.int64) for i, known in enumerate(places)
        )
        customer = np.unique(np.array([row[3] for row in rows]), return_inverse=True)[1]
        return Records(regions, periods, categories, region, period, category, customer)

    return records(test), records(train).counts()


def records_of(artifact: Artifact) -> tuple[Records, np.ndarray]:
    """The test's records, and the train's counts [R, P, C]."""
    return _numbered(_kept(artifact, "train"), _kept(artifact, "test"))


def _kept(artifact: Artifact, name: str) -> list[Row]:
    lines = (artifact.path / f"{name}.jsonl").read_text(encoding="utf8").splitlines()
    return [(region, period, category, customer) for region, period, category, customer in map(json.loads, lines)]


def cells(records: Records) -> Iterator[tuple[int, int]]:
    """The regions and periods that the test has."""
    for region, period in zip(*np.nonzero(records.counts().sum(2)), strict=True):
        yield int(region), int(period)


def sentence(use_case: UseCase, records: Records, region: int, period: int, phrase: str) -> tuple[str, str]:
    """The prompt filled for a cell, parted where the category begins."""
    return filled(use_case, records.regions[region], records.periods[period], phrase)


def filled(use_case: UseCase, region: str, period: str, phrase: str) -> tuple[str, str]:
    """The prompt filled for a region, a period and a phrase of a category, parted where the phrase begins."""
    assert use_case.habits is not None and use_case.prompt is not None
    words = use_case.habits.words
    said = {"region": words.get(region, region), "period": words.get(period, period), "category": phrase}
    before, _, after = use_case.prompt.partition("{category}")
    return fill(before, said), phrase + fill(after, said)


def taught_sentences(use_case: UseCase, artifact: Artifact, seed: int) -> list[tuple[str, str]]:
    """Records of the train as sentences, parted where the category begins: at most `MOST_TAUGHT`, drawn at random.

    Of several phrases of a category one is drawn.
    """
    assert use_case.habits is not None
    rows = _kept(artifact, "train")
    random = np.random.default_rng(seed)
    chosen = np.sort(random.permutation(len(rows))[:MOST_TAUGHT])
    found = []
    for region, period, category, _ in (rows[i] for i in chosen):
        several = use_case.habits.phrases.get(category, category)
        phrase = several if isinstance(several, str) else several[int(random.integers(len(several)))]
        before, after = filled(use_case, region, period, phrase)
        found.append((before.rstrip(), after))
    return found


def prompts(use_case: UseCase, artifact: Artifact) -> list[str]:
    """The sentence of each region and period of the test, up to the category."""
    records, _ = records_of(artifact)
    return [sentence(use_case, records, region, period, "")[0] for region, period in cells(records)]
