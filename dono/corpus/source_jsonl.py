"""JSON lines: one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator

from dono.corpus.parts import Part
from dono.corpus.rows import Broken, Row, beginning, read_lines
from dono.project import Source


def read_jsonl(part: Part, source: Source) -> Iterator[Row | Broken]:
    """The objects of the part."""
    for line in read_lines(part):
        if isinstance(line, Broken):
            yield line
        elif line[2].strip():
            yield _object(*line)


def _object(number: int, at: int, raw: bytes) -> Row | Broken:
    try:
        fields = json.loads(raw.decode("utf8"))
    except UnicodeDecodeError:
        reason = "not UTF-8"
    except json.JSONDecodeError as error:
        reason = f"broken JSON: {error.msg}"
    except (ValueError, RecursionError):  # an integer of thousands of digits, thousands of brackets
        reason = "broken JSON: too large or too deep"
    else:
        if isinstance(fields, dict):
            return Row(fields, number, at)
        reason = "not a JSON object"
    return Broken(reason, beginning(raw), number, at)
