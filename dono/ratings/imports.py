"""Items read from files: our own JSONL, TRL, Arena battles, OASST trees, Argilla, Label Studio, tables.

A row that cannot be used is set aside with its place and the reason; the others are taken. The desk does not take over
votes that a file holds already: nothing is known of who gave them.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from dono.errors import Mistake
from dono.ratings.formats import CHOICES, Row, Unusable, recognise
from dono.ratings.tasks import Item

SHOWN = 200
"""Characters of a broken row that are kept to recognise it by."""
Voted = tuple[Item, tuple[str, ...]]
"""An item and what was said of it, by answer."""


@dataclass(frozen=True)
class Rejected:
    """A row set aside: `line` counts from 1, in a JSON array the elements."""

    file: str
    line: int
    reason: str
    beginning: str


def read_items(path: Path) -> tuple[list[Item], list[Rejected]]:
    """Items of a .jsonl, .json or .csv file, and the rows that are none. Raises `Mistake` for the file as a whole."""
    items: dict[str, Item] = {}
    rejected = []
    for found in _read(path):
        if isinstance(found, Rejected):
            rejected.append(found)
            continue
        line, text, (item, _) = found
        if items.setdefault(item.id, item) != item:
            reason = f"another item of this file has the id {item.id[:40]!r}"
            rejected.append(Rejected(path.name, line, reason, text[:SHOWN]))
    return list(items.values()), rejected


def read_votes(path: Path) -> tuple[list[Voted], list[Rejected]]:
    """The items of such a file of which it says what was chosen, and the rows that are none."""
    found = list(_read(path))
    voted = [row[2] for row in found if not isinstance(row, Rejected) and row[2][1]]
    return voted, [row for row in found if isinstance(row, Rejected)]


def _read(path: Path) -> Iterator[tuple[int, str, Voted] | Rejected]:
    for line, text, row in _rows(path):
        try:
            voted = [_item(fields) for fields in recognise(_clean(row))]
        except (Unusable, Mistake, ValidationError) as error:
            yield Rejected(path.name, line, _reason(error), text[:SHOWN])
        else:
            yield from ((line, text, one) for one in voted)


def _item(fields: Row) -> Voted:
    """An item and its votes; without an id it is named by what it says, so that reading a file twice adds nothing."""
    fields = dict(fields)
    votes = fields.pop("votes", ())
    said = tuple(v for v in votes if v in CHOICES) if isinstance(votes, list) else ()
    if fields.get("id") in (None, ""):
        whole = json.dumps({k: v for k, v in fields.items() if k != "id"}, sort_keys=True, ensure_ascii=True)
        fields = {**fields, "id": hashlib.sha256(whole.encode("ascii")).hexdigest()[:16]}
    return Item.model_validate({**fields, "id": str(fields["id"])}), said


def _clean(row: object) -> object:
    if isinstance(row, Unusable):
        return row
    try:
        json.dumps(row, ensure_ascii=False).encode("utf8")
    except UnicodeEncodeError:
        return Unusable("half a character (a lone surrogate)")
    return row


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}".removeprefix(": ").replace("Value error, ", "")
    return error.what if isinstance(error, Mistake) else str(error)


def _rows(path: Path) -> Iterator[tuple[int, str, object]]:
    """Line, its text and the row, or `Unusable` in its place."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Mistake(f"not UTF-8 (byte {error.start})", where=str(path), remedy="Save the file as UTF-8") from error
    if path.suffix == ".csv":
        for number, row in enumerate(csv.DictReader(io.StringIO(text, newline="")), 2):
            yield number, json.dumps(row, ensure_ascii=False), row
    elif path.suffix == ".json":
        yield from _array(path, text)
    else:
        yield from _lines(text.split("\n"))


def _array(path: Path, text: str) -> Iterator[tuple[int, str, object]]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Mistake(f"no JSON: {error}", where=str(path), remedy="Mend it, or write one object a line") from error
    for number, row in enumerate(found if isinstance(found, list) else [found], 1):
        yield number, json.dumps(row)[:SHOWN], row


def _lines(lines: Iterable[str]) -> Iterator[tuple[int, str, object]]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield number, line, json.loads(line)
            except (ValueError, RecursionError) as error:
                yield number, line, Unusable(f"no JSON: {error}")
