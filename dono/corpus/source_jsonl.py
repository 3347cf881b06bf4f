"""JSON lines: one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from dono.corpus.rows import Broken, Row, beginning, read_lines
from dono.project import Source


def read_jsonl(path: Path, source: Source) -> Iterator[Row | Broken]:
    """The objects of the file."""
    for number, at, line in read_lines(path):
        if not line.strip():
            continue
        try:
            fields = json.loads(line.decode("utf8"))
        except UnicodeDecodeError:
            yield Broken("not UTF-8", beginning(line), number, at)
        except json.JSONDecodeError as error:
            yield Broken(f"broken JSON: {error.msg}", beginning(line), number, at)
        except (ValueError, RecursionError):  # an integer of thousands of digits, thousands of brackets
            yield Broken("broken JSON: too large or too deep", beginning(line), number, at)
        else:
            yield Row(fields, number, at) if isinstance(fields, dict) else _no_object(line, number, at)


def _no_object(line: bytes, number: int, at: int) -> Broken:
    return Broken("not a JSON object", beginning(line), number, at)
