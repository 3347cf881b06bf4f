"""The kinds of sources: one reader each. Adding one is one file and one row."""

from __future__ import annotations

import difflib
import glob
import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

from dono.corpus.rows import Broken, Row
from dono.corpus.source_csv import read_csv
from dono.corpus.source_jsonl import read_jsonl
from dono.corpus.source_parquet import read_parquet
from dono.corpus.source_text import read_text
from dono.errors import Mistake
from dono.project import Source

Reader = Callable[[Path, Source], Iterator[Row | Broken]]
"""From a file to its rows, streaming; what is wrong with the file as a whole is raised as `Mistake`."""

SOURCES: dict[str, Reader] = {"text": read_text, "jsonl": read_jsonl, "csv": read_csv, "parquet": read_parquet}

KIND_OF_SUFFIX = {".txt": "text", ".jsonl": "jsonl", ".json": "jsonl", ".ndjson": "jsonl", ".csv": "csv",
                  ".tsv": "csv", ".parquet": "parquet"}  # fmt: skip


def reader_of(source: Source) -> Reader:
    """The reader of a source's kind: a name in `SOURCES`, or `package.module.function`. Raises `Mistake`."""
    where = f"corpus[{source.name}].kind"
    if source.kind in SOURCES:
        return SOURCES[source.kind]
    module, _, name = source.kind.rpartition(".")
    if not module:
        near = difflib.get_close_matches(source.kind, SOURCES, n=1)
        remedy = f"Did you mean {near[0]!r}?" if near else f"Use {', '.join(SOURCES)}, or package.module.function"
        raise Mistake(f"unknown kind {source.kind!r}", where=where, remedy=remedy)
    try:
        return cast(Reader, getattr(importlib.import_module(module), name))
    except (ImportError, AttributeError) as error:
        raise Mistake(f"cannot import {source.kind!r}: {error}", where=where, remedy="Correct the name") from error


def kind_of(path: Path) -> str:
    """The kind of a file by its name, `.gz` and `.zst` left aside. Raises `Mistake`."""
    suffix = next((s for s in reversed(path.suffixes) if s not in (".gz", ".zst")), "")
    if suffix not in KIND_OF_SUFFIX:
        remedy = f"Use one of {', '.join(KIND_OF_SUFFIX)}"
        raise Mistake(f"unknown kind of file {suffix!r}", where=str(path), remedy=remedy)
    return KIND_OF_SUFFIX[suffix]


def source_files(source: Source) -> list[Path]:
    """The files that a source's path or pattern names, sorted. Raises `Mistake` when there is none."""
    files = sorted(Path(f) for f in glob.glob(source.path, recursive=True) if Path(f).is_file())
    if not files and Path(source.path).is_file():  # a name that holds a bracket
        files = [Path(source.path)]
    if not files:
        where = f"corpus[{source.name}].path"
        raise Mistake(f"no file matches {source.path!r}", where=where, remedy="Correct the path or the pattern")
    return files
