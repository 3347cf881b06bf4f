"""Items read from files: our own JSONL, TRL, Arena battles, OASST trees, Argilla, Label Studio, tables.

A row that cannot be used is set aside with its place and the reason; the others are taken. Votes that a file holds
already are not taken over: nothing is known of who gave them.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dono.errors import Mistake
from dono.ratings.tasks import Item

SHOWN = 200
"""Characters of a broken row that are kept to recognise it by."""
SIBLINGS = 3
"""Answers to one prompt of a tree that are compared in all pairs, the first ones (assumed: three pairs)."""
Fields = Mapping[str, Any]
Row = dict[str, Any]


class Unusable(ValueError):
    """A row that is no item; the message says why."""


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
    for line, text, row in _rows(path):
        try:
            for fields in recognise(_clean(row)):
                item = _item(fields)
                if items.get(item.id, item) != item:
                    raise Unusable(f"another item of this file has the id {item.id[:40]!r}")
                items[item.id] = item
        except (Unusable, Mistake, ValidationError) as error:
            rejected.append(Rejected(path.name, line, _reason(error), text[:SHOWN]))
    return list(items.values()), rejected


def recognise(row: object) -> list[Row]:
    """The fields of one or more items, by the first format of `FORMATS` that knows the row. Raises `Unusable`."""
    if isinstance(row, Unusable):
        raise row
    if not isinstance(row, dict):
        raise Unusable(f"a {type(row).__name__}, not an object with fields")
    for read in FORMATS.values():
        found = read(row)
        if found is not None:
            return found
    raise Unusable(f"nothing to rate among the fields {', '.join(map(str, row))[:100]}")


def _own(row: Fields) -> list[Row] | None:
    """`kind`, `answers` (texts, or objects with `text` and `model`), `prompt`, and the other fields of an item."""
    if "answers" not in row:
        return None
    answers = [{"text": a} if isinstance(a, str) else a for a in _list(row["answers"], "answers")]
    kind = row.get("kind") or ("pair" if len(answers) == 2 else "thumbs")
    return [{**row, "kind": kind, "answers": answers, "prompt": turns(row.get("prompt"))}]


def _preference(row: Fields) -> list[Row] | None:
    """TRL: `chosen` and `rejected`, with or without `prompt`, as texts or conversations."""
    if not {"chosen", "rejected"} <= row.keys():
        return None
    prompt, chosen, rejected = turns(row.get("prompt")), turns(row["chosen"]), turns(row["rejected"])
    if not prompt:  # an implicit prompt is what both begin with
        while min(len(chosen), len(rejected)) > 1 and chosen[0] == rejected[0]:
            prompt, chosen, rejected = [*prompt, chosen[0]], chosen[1:], rejected[1:]
    return [_made(row, prompt, [_text(chosen), _text(rejected)])]


def _unpaired(row: Fields) -> list[Row] | None:
    """TRL: `prompt` and `completion`."""
    if not {"prompt", "completion"} <= row.keys():
        return None
    return [_made(row, turns(row["prompt"]), [_text(turns(row["completion"]))])]


def _arena(row: Fields) -> list[Row] | None:
    """Arena: `model_a`, `model_b` and their conversations, which share all but the last turn."""
    if not {"model_a", "model_b"} <= row.keys():
        return None
    if not {"conversation_a", "conversation_b"} <= row.keys():
        raise Unusable("a battle without its conversations: there is nothing to read")
    a, b = turns(row["conversation_a"]), turns(row["conversation_b"])
    if a[:-1] != b[:-1]:
        raise Unusable("the two conversations differ before their last answers")
    named = {"id": row.get("question_id"), "language": row.get("language")}
    return [_made(named, a[:-1], [a[-1]["text"], b[-1]["text"]], [str(row["model_a"]), str(row["model_b"])])]


def _tree(row: Fields) -> list[Row] | None:
    """OASST: every pair of the first answers to a question, at any depth of the tree."""
    if "message_tree_id" not in row or not isinstance(row.get("prompt"), dict):
        return None
    return list(_pairs_below(row["prompt"], []))


def _pairs_below(message: Fields, before: list[Row]) -> Iterator[Row]:
    if not isinstance(message.get("text"), str):
        raise Unusable("a message without text")
    role = "assistant" if message.get("role") == "assistant" else "user"
    thread = [*before, {"role": role, "text": message["text"]}]
    replies = _list(message.get("replies") or [], "replies")
    if role == "user":
        for a, b in combinations(replies[:SIBLINGS], 2):
            texts = [str(a.get("text", "")), str(b.get("text", ""))]
            models = [str(r.get("model_name") or r.get("message_id") or "") for r in (a, b)]
            yield _made({"language": message.get("lang")}, thread, texts, models)
    for reply in replies:
        yield from _pairs_below(reply, thread)


def _nested(row: Fields) -> list[Row] | None:
    """Argilla (`fields`) and Label Studio (`data`): the table's columns one level down."""
    for name in ("fields", "data"):
        if isinstance(row.get(name), dict):
            metadata = row["metadata"] if isinstance(row.get("metadata"), dict) else {}
            return _table({"language": metadata.get("language"), "id": row.get("id"), **row[name]})
    return None


def _table(row: Fields) -> list[Row] | None:
    """Columns `prompt`, `answer` or `answer_1` and `answer_2` (or …_a, …_b), `model_1`, `model_2`, `language`."""
    for first, second in (("1", "2"), ("a", "b")):
        for stem in ("answer", "response"):
            names = [f"{stem}{joint}{n}" for n in (first, second) for joint in ("_", "")]
            found = [str(row[n]) for n in names if row.get(n)]
            if len(found) == 2:
                models = [str(row.get(f"model_{n}") or "") for n in (first, second)]
                return [_made(row, turns(row.get("prompt")), found, models)]
    one = next((n for n in ("answer", "answer_1", "response", "completion", "text") if row.get(n)), None)
    return (
        None if one is None else [_made(row, turns(row.get("prompt")), [str(row[one])], [str(row.get("model") or "")])]
    )


FORMATS: dict[str, Callable[[Fields], list[Row] | None]] = {
    "dono": _own, "trl preference": _preference, "arena": _arena, "oasst": _tree, "trl unpaired": _unpaired,
    "argilla, label studio": _nested, "table": _table,
}  # fmt: skip
"""Formats in the order in which they are tried."""


def turns(value: object) -> list[Row]:
    """A prompt or a conversation, as text, as messages of OpenAI's form or as turns of ours. Raises `Unusable`."""
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return [{"role": "user", "text": value}]
    found = []
    for message in _list(value, "a conversation"):
        text = message.get("content", message.get("text")) if isinstance(message, dict) else None
        if not isinstance(text, str):
            raise Unusable("a turn without text")
        found.append({"role": str(message.get("role", "user")), "text": text})
    return found


def _text(conversation: list[Row]) -> str:
    return "\n\n".join(t["text"] for t in conversation)


def _made(row: Fields, prompt: list[Row], texts: list[str], models: list[str] | None = None) -> Row:
    answers = [{"text": t, "model": m} for t, m in zip(texts, models or [""] * len(texts), strict=True)]
    made: Row = {"kind": "pair" if len(texts) == 2 else "thumbs", "prompt": prompt, "answers": answers}
    shared = {k: row[k] for k in ("id", "language", "use_case", "kind", "criteria", "purpose") if row.get(k)}
    if isinstance(shared.get("criteria"), str):
        shared["criteria"] = [c.strip() for c in shared["criteria"].split(";") if c.strip()]
    return made | shared


def _item(fields: Row) -> Item:
    """An item; without an id it is named by what it says, so that reading a file twice adds nothing."""
    if fields.get("id") in (None, ""):
        said = json.dumps({k: v for k, v in fields.items() if k != "id"}, sort_keys=True, ensure_ascii=True)
        fields = {**fields, "id": hashlib.sha256(said.encode("ascii")).hexdigest()[:16]}
    return Item.model_validate({**fields, "id": str(fields["id"])})


def _list(value: object, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise Unusable(f"{name} is a {type(value).__name__}, not a list")
    return value


def _clean(row: object) -> object:
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
