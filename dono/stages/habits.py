"""Habits: timed, located records of who took what, read and held apart by customer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from dono.artifacts import Artifact, Json, Reference, fingerprint, write_atomically
from dono.corpus.calendar import Calendar
from dono.corpus.dates import read_date
from dono.corpus.rows import Malformed
from dono.errors import Mistake
from dono.evals.lift import Records, own_lifts
from dono.predictive import read_table
from dono.project import Habits, UseCase
from dono.stages.workplace import Workplace
from dono.tokens import fill

NO_FESTIVAL = "none"
Row = tuple[str, str, str, str]
"""Region, period, category, customer."""


def read_habits(place: Workplace, use_case: UseCase) -> Artifact:
    """The records as an artifact: `train.jsonl` to count and calibrate with, `test.jsonl` to be judged by.

    A customer of the test is none of the train.
    Raises `Mistake` where nothing can be compared.
    """
    habits = use_case.habits
    assert use_case.train is not None and use_case.test is not None and habits is not None
    where = f"use_cases[{use_case.name}]"
    paths = [place.project.path(use_case.train), place.project.path(use_case.test)]
    spec: dict[str, Json] = {
        "name": use_case.name, "kind": "habits", "files": [fingerprint(p) for p in paths],
        "habits": habits.model_dump(mode="json"), "prompt": use_case.prompt,
    }  # fmt: skip

    def make(folder: Path) -> dict[str, Json]:
        train, train_aside = _rows(paths[0], habits, f"{where}.train")
        test, test_aside = _rows(paths[1], habits, f"{where}.test")
        customers = {row[3] for row in test}
        kept = [row for row in train if row[3] not in customers]
        for name, rows in (("train", kept), ("test", test)):
            write_atomically(folder / f"{name}.jsonl", "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows))
        aside = train_aside + test_aside
        if aside:
            place.display.say(f"{use_case.name}: {aside:,} records without a region, period or known category left out")
        records, _ = _numbered(kept, test)
        if not own_lifts(records).compared.any():
            what = f"{len(test):,} test records are too few: no category is expected five times anywhere"
            raise Mistake(what, where=f"{where}.test", remedy="Give more records, or coarser regions or categories")
        return {"train": len(kept), "test": len(test), "also_in_test": len(train) - len(kept), "rejects": aside}

    made_from = [Reference("file", fingerprint(p), p.name) for p in paths]
    return place.store.make("examples", spec, make, made_from=made_from, name=use_case.name)


def _rows(path: Path, habits: Habits, where: str) -> tuple[list[Row], int]:
    """The usable records of a table, and how many were not."""
    columns = read_table(path).columns
    wanted = [habits.region, habits.period or habits.time or "", habits.category, habits.customer]
    missing = next((name for name in wanted if name not in columns), None)
    if missing is not None:
        raise Mistake(f"no column {missing!r}", where=where, remedy=f"Columns: {', '.join(columns)}")
    calendar = Calendar()
    rows: list[Row] = []
    aside = 0
    for cells in zip(*(columns[name] for name in wanted), strict=True):
        region, moment, category, customer = ("" if cell is None else str(cell).strip() for cell in cells)
        try:
            period = moment if habits.period else _festival(calendar, moment, region, habits.lead)
        except Malformed:
            period = ""
        known = not habits.phrases or category in habits.phrases
        if region and period and category and customer and known:
            rows.append((region, period, category, customer))
        else:
            aside += 1
    if not rows:
        raise Mistake(
            f"none of {aside:,} records can be used", where=where, remedy="Look at habits: the columns' names"
        )
    return rows, aside


def _festival(calendar: Calendar, moment: str, region: str, lead: int) -> str:
    feast = calendar.feast(read_date(moment).date(), region, lead)
    return feast.key if feast else NO_FESTIVAL


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
    read = {name: (artifact.path / f"{name}.jsonl").read_text(encoding="utf8") for name in ("train", "test")}
    train, test = ([tuple(json.loads(line)) for line in text.splitlines()] for text in read.values())
    return _numbered(train, test)


def cells(records: Records) -> Iterator[tuple[int, int]]:
    """The regions and periods that the test has."""
    for region, period in zip(*np.nonzero(records.counts().sum(2)), strict=True):
        yield int(region), int(period)


def sentence(use_case: UseCase, records: Records, region: int, period: int, phrase: str) -> tuple[str, str]:
    """The prompt filled for a cell, parted where the category begins."""
    assert use_case.habits is not None and use_case.prompt is not None
    words = use_case.habits.words
    said = {
        "region": words.get(records.regions[region], records.regions[region]),
        "period": words.get(records.periods[period], records.periods[period]),
        "category": phrase,
    }
    before, _, after = use_case.prompt.partition("{category}")
    return fill(before, said), phrase + fill(after, said)


def prompts(use_case: UseCase, artifact: Artifact) -> list[str]:
    """The sentence of each region and period of the test, up to the category."""
    records, _ = records_of(artifact)
    return [sentence(use_case, records, region, period, "")[0] for region, period in cells(records)]
