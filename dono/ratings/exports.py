"""Ratings taken out: for TRL, as Arena battles, OASST trees, Argilla records, Label Studio tasks, single rows, pay.

Single rows say everything per rater. What is one row an item goes by the majority of its ratings; an item without one
(ties, both bad, evenly split) is left out of what must have a winner.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dono.ratings.book import Book
from dono.ratings.sheets import pay_sheet, rows, times
from dono.ratings.teaching import Row, Without, trl_preferences, trl_unpaired
from dono.ratings.tools_out import arena_battles, argilla_records, label_studio_tasks, oasst_trees


@dataclass(frozen=True)
class Export:
    """A format: its name for people, file, media type, and how it is written."""

    title: str
    file: str
    media: str
    write: Callable[[Book, Without], str]


def _lines(make: Callable[[Book, Without], Iterable[Row]]) -> Callable[[Book, Without], str]:
    return lambda book, without: "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in make(book, without))


def _json(make: Callable[[Book, Without], Iterable[Row]]) -> Callable[[Book, Without], str]:
    return lambda book, without: json.dumps(list(make(book, without)), ensure_ascii=False, indent=1) + "\n"


def _csv(make: Callable[[Book, Without], Iterable[Row]]) -> Callable[[Book, Without], str]:
    def write(book: Book, without: Without) -> str:
        found = list(make(book, without))
        out = io.StringIO()
        writer = csv.DictWriter(out, list(found[0]) if found else ["empty"], lineterminator="\r\n")
        writer.writeheader()
        writer.writerows({k: _cell(v) for k, v in row.items()} for row in found)
        return out.getvalue()

    return write


def _cell(value: object) -> object:
    """A value for a spreadsheet: nothing that one would run as a formula."""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value


JSONL, JSON, CSV = "application/jsonl; charset=utf-8", "application/json", "text/csv; charset=utf-8"
EXPORTS: dict[str, Export] = {
    "rows": Export("every answer, a row each", "ratings.jsonl", JSONL, _lines(rows)),
    "rows-csv": Export("the same as a table", "ratings.csv", CSV, _csv(rows)),
    "trl": Export("preferences for TRL", "preferences.jsonl", JSONL, _lines(trl_preferences)),
    "trl-unpaired": Export("thumbs for TRL (KTO)", "unpaired.jsonl", JSONL, _lines(trl_unpaired)),
    "arena": Export("Arena battles", "battles.json", JSON, _json(arena_battles)),
    "oasst": Export("OASST message trees", "trees.jsonl", JSONL, _lines(oasst_trees)),
    "argilla": Export("Argilla records", "argilla.json", JSON, _json(argilla_records)),
    "label-studio": Export("Label Studio tasks", "label-studio.json", JSON, _json(label_studio_tasks)),
    "pay": Export("pay sheet", "pay.csv", CSV, _csv(pay_sheet)),
    "times": Export("paid time, item by item", "times.csv", CSV, _csv(times)),
}
"""Formats by name. Raters are named in single rows, Argilla and Label Studio; Arena battles number them."""
