"""Taking a person's documents out of a gathered corpus, and out of the files that show parts of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import regex

from dono.artifacts import Json, write_atomically
from dono.corpus.documents import NAME
from dono.errors import Mistake

FRAGMENT = 12
"""Characters from which a part of a person's text is taken for the person's (assumed: shorter ones are anybody's)."""


class Traces:
    """By what a person's data is recognised: ids of documents, their texts, and the key in rows of the source."""

    def __init__(self, source: str, ids: Iterable[str], texts: Iterable[str], key: str = "") -> None:
        self.source, self.ids, self.texts = source, frozenset(ids), {_flat(text) for text in texts}
        word = rf"(?<![\p{{L}}\p{{N}}]){regex.escape(_flat(key))}(?![\p{{L}}\p{{N}}])"  # 17 is not named in 170
        self.named = regex.compile(word) if key else None

    def show_in(self, row: Mapping[str, Json]) -> bool:
        """Whether a row (its own values, not those of rows within it) is about the person."""
        if row.get("id") in self.ids:
            return True
        values = [_flat(value) for value in row.values() if isinstance(value, str)]
        if row.get("source") == self.source and self.named and any(self.named.search(v) for v in values):
            return True
        return any(self._of_a_text(value) for value in values)

    def _of_a_text(self, value: str) -> bool:
        if value in self.texts:
            return True
        long = (text for text in self.texts if len(text) >= FRAGMENT)
        return any(text in value or (len(value) >= FRAGMENT and value in text) for text in long)


def _flat(text: str) -> str:
    return " ".join(text.split())


def documents_with(folder: Path, ids: Iterable[str]) -> list[str]:
    """The texts of the documents with these ids."""
    wanted = frozenset(ids)
    return [text for id_, text, *_ in _columns(folder, "id", "text") if id_ in wanted]


def places_of(folder: Path, ids: Iterable[str]) -> list[str]:
    """Where the documents with these ids begin, as FILE:LINE."""
    wanted = frozenset(ids)
    return [f"{file}:{line}" for id_, file, line in _columns(folder, "id", "file", "line") if id_ in wanted]


def rows_about(path: Path, traces: Traces) -> int:
    """How many rows of a file of JSON lines are about the person."""
    with path.open(encoding="utf8") as lines:
        rows = (json.loads(line) for line in lines)
        return sum(isinstance(row, dict) and traces.show_in(row) for row in rows)


def ids_at(folder: Path, source: str, file: str, line: int) -> set[str]:
    """The ids of the documents of a source that begin at a line of a file; its path or the end of its path."""
    rows = _columns(folder, "id", "source", "file", "line")
    return {i for i, s, f, at in rows if s == source and at == line and (f == file or f.endswith(f"/{file}"))}


def _columns(folder: Path, *names: str) -> Iterator[tuple[Any, ...]]:
    with pq.ParquetFile(folder / NAME) as file:
        if "id" not in file.schema_arrow.names:
            what = "this corpus was gathered before documents had ids"
            raise Mistake(what, where=str(folder), remedy="Delete the directory, then give the same command again")
        for batch in file.iter_batches(columns=list(names)):
            yield from zip(*(batch[name].to_pylist() for name in names), strict=True)


def take_out(folder: Path, ids: Iterable[str]) -> None:
    """Write the documents anew without those with these ids, then put the new file in the old one's place.

    A reader sees the old file or the new one; memory is bounded by a row group.
    """
    partial, wanted = folder / f".{NAME}.partial", pa.array(list(ids), pa.string())
    with pq.ParquetFile(folder / NAME) as old, pq.ParquetWriter(partial, old.schema_arrow, compression="zstd") as new:
        for number in range(old.num_row_groups):
            group = old.read_row_group(number)
            new.write_table(group.filter(pc.invert(pc.is_in(group["id"], value_set=wanted))))
    with partial.open("rb+") as file:
        os.fsync(file.fileno())
    partial.replace(folder / NAME)


def sweep_lines(path: Path, traces: Traces) -> int:
    """Take the rows about the person out of a file of JSON lines; how many they were. It is replaced as a whole."""
    partial, taken = path.with_name(f".{path.name}.partial"), 0
    with path.open(encoding="utf8") as lines, partial.open("w", encoding="utf8") as kept:
        for line in lines:
            row = json.loads(line)
            if isinstance(row, dict) and traces.show_in(row):
                taken += 1
            else:
                kept.write(line)
        kept.flush()
        os.fsync(kept.fileno())
    if taken:
        partial.replace(path)
    else:
        partial.unlink()
    return taken


def counted_words(folder: Path) -> list[Path]:
    """The files of a corpus that name the most frequent words: its survey and its record."""
    files = [path for path in (folder / "survey.json", folder / "artifact.json") if path.is_file()]
    return [path for path in files if _quality(json.loads(path.read_text(encoding="utf8"))).get("frequent")]


def take_words_out(folder: Path) -> None:
    """Empty the lists of the most frequent words of a corpus, which were counted with the person's texts among others.

    Nobody reads them once it is gathered. (Until 0.5.3 they were written as words: names and numbers could be read.)
    """
    for path in counted_words(folder):
        record = json.loads(path.read_text(encoding="utf8"))
        _quality(record)["frequent"] = {}
        write_atomically(path, json.dumps(record, ensure_ascii=False, indent=1))


def _quality(record: dict[str, Any]) -> dict[str, Any]:
    """What a survey, or the record that holds it, says of what is usual in the texts."""
    found = record.get("result", record).get("quality")
    return found if isinstance(found, dict) else {}


def sweep_json(path: Path, traces: Traces) -> bool:
    """Take the rows about the person out of all lists of a JSON file; whether there was one."""
    before = json.loads(path.read_text(encoding="utf8"))
    after = _without(before, traces)
    if after == before:
        return False
    write_atomically(path, json.dumps(after, ensure_ascii=False, indent=1))
    return True


def _without(value: Json, traces: Traces) -> Json:
    if isinstance(value, list):
        return [_without(v, traces) for v in value if not (isinstance(v, dict) and traces.show_in(v))]
    if isinstance(value, dict):
        return {name: _without(v, traces) for name, v in value.items()}
    return value
