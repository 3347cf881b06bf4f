"""JSON lines: one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator

from dono.corpus.parts import Part
from dono.corpus.rows import Broken, Line, Row, beginning, read_lines
from dono.errors import Mistake
from dono.project import Source


def read_jsonl(part: Part, source: Source) -> Iterator[Row | Broken]:
    """The objects of the part. Raises `Mistake` when it is one JSON array."""
    for line in read_lines(part):
        if isinstance(line, Broken):
            yield line
        elif line.raw.strip():
            if line.number == 1 and not part.continued:
                refuse_array(line.raw, part)
            yield _object(line)


def refuse_array(head: bytes, part: Part) -> None:
    """Raises `Mistake` when a part begins as a JSON array does."""
    if head.lstrip().startswith(b"["):
        remedy = "Write one object a line (jq -c '.[]' file.json > file.jsonl)"
        raise Mistake("the file is a JSON array, not JSON lines", where=part.name, remedy=remedy)


def _object(line: Line) -> Row | Broken:
    try:
        fields = json.loads(line.raw.decode("utf8"))
    except UnicodeDecodeError:
        reason = "not UTF-8"
    except json.JSONDecodeError as error:
        reason = f"broken JSON: {error.msg}"
    except (ValueError, RecursionError):  # an integer of thousands of digits, thousands of brackets
        reason = "broken JSON: too large or too deep"
    else:
        if isinstance(fields, dict):
            return Row(fields, line.number, line.at)
        reason = "not a JSON object"
    return Broken(reason, beginning(line.raw), line.number, line.at)
