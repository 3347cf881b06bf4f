"""Shards to one corpus: what can only be decided when all texts are known, then the documents in their order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dono.artifacts import Json, write_atomically
from dono.corpus.copies import Marks, first_of_each
from dono.corpus.documents import NAME, GroupWriter
from dono.corpus.documents import SCHEMA as DOCUMENTS
from dono.corpus.drops import Drops
from dono.corpus.engine import Recipe, ShardRecord, shard_files
from dono.corpus.shards import Shard, Span
from dono.corpus.survey import Survey
from dono.errors import Mistake


def join_shards(
    recipe: Recipe, shards: Sequence[Shard], records: Sequence[ShardRecord], folder: Path
) -> dict[str, Json]:
    """Write the documents, rows set aside and texts dropped of all shards into `folder`; returns the survey."""
    survey = Survey()
    later = _lines_before(shards, records)
    for source in recipe.sources:
        survey.left[source.name].rejects += 0
    for shard, record in zip(shards, records, strict=True):
        left = survey.left[recipe.sources[shard.source].name]
        left.rejects += record.rejects
        left.forgotten += record.forgotten
        left.reasons.update(record.reasons)
        left.formats.update(record.formats)
    _join_rejects(recipe, shards, later, folder)
    drops = _join_drops(recipe, shards, later, survey)
    total = sum(record.texts for record in records)
    first = first_of_each(lambda: _marks(recipe, shards), total)
    _join_texts(recipe, shards, later, first, folder, survey)
    if not survey.documents and drops.counts:
        (_, reason), most = max(drops.counts.items(), key=lambda item: item[1].documents)
        what = f"cleaning drops every text; most often ({most.documents:,} times): {reason}"
        raise Mistake(what, where="cleaning", remedy="See drops.jsonl, and ask less of a text")
    return survey.as_json()


def _lines_before(shards: Sequence[Shard], records: Sequence[ShardRecord]) -> list[dict[str, int]]:
    """By shard and file how many lines of the file come before those of the shard."""
    so_far: dict[str, int] = {}
    found = []
    for shard, record in zip(shards, records, strict=True):
        counted = iter(record.lines)
        spans = [part for part in shard.parts if isinstance(part, Span)]
        found.append({span.name: so_far.get(span.name, 0) for span in spans})
        for span in spans:
            so_far[span.name] = so_far.get(span.name, 0) + next(counted)
    return found


def _join_rejects(recipe: Recipe, shards: Sequence[Shard], later: Sequence[dict[str, int]], folder: Path) -> None:
    with (folder / "rejects.jsonl").open("w", encoding="utf8") as out:
        for shard, before in zip(shards, later, strict=True):
            with shard_files(recipe.folder, shard.number)["rejects"].open(encoding="utf8") as lines:
                for line in lines:
                    reject = json.loads(line)
                    reject["line"] += before.get(reject["file"], 0)
                    out.write(json.dumps(reject, ensure_ascii=False) + "\n")


def _join_drops(recipe: Recipe, shards: Sequence[Shard], later: Sequence[dict[str, int]], survey: Survey) -> Drops:
    drops = Drops()
    for shard, before in zip(shards, later, strict=True):
        drops.join(json.loads(shard_files(recipe.folder, shard.number)["drops"].read_text(encoding="utf8")), before)
    for (source, reason), counted in drops.counts.items():
        survey.left[source].drops[reason] = (counted.documents, counted.bytes)
    rows = [json.dumps(row, ensure_ascii=False) for row in drops.rows()]
    write_atomically(recipe.folder.parent / "drops.jsonl", "".join(row + "\n" for row in rows))
    return drops


def _marks(recipe: Recipe, shards: Sequence[Shard]) -> Iterator[Marks]:
    for shard in shards:
        yield pq.read_table(shard_files(recipe.folder, shard.number)["texts"], columns=["mark"])["mark"].to_numpy()


def _join_texts(
    recipe: Recipe,
    shards: Sequence[Shard],
    later: Sequence[dict[str, int]],
    kept: npt.NDArray[np.bool_],
    folder: Path,
    survey: Survey,
) -> None:
    start = 0
    with GroupWriter(folder / NAME, DOCUMENTS) as writer:
        for shard, before in zip(shards, later, strict=True):
            source = recipe.sources[shard.source].name
            with pq.ParquetFile(shard_files(recipe.folder, shard.number)["texts"]) as file:
                for group in range(file.num_row_groups):
                    table = file.read_row_group(group)
                    here = kept[start : start + len(table)]
                    start += len(table)
                    survey.left[source].duplicates += int(len(here) - here.sum())
                    documents = _documents(table.filter(pa.array(here)), source, before)
                    _count_tested(documents, survey)
                    survey.keep(source, documents)
                    writer.add(documents.select(DOCUMENTS.names))
    assert start == len(kept)


def _documents(table: pa.Table, source: str, before: dict[str, int]) -> pa.Table:
    """Texts that are kept as documents: with source, split, and the line counted from the beginning of the file."""
    tested = pc.greater(pc.list_value_length(table["tested"]), 0)
    split = pc.if_else(table["held"], "heldout", pc.if_else(tested, "contaminated", "train"))
    table = table.append_column("source", pa.repeat(source, len(table))).append_column("split", split)
    for file, lines in before.items():
        moved = pc.if_else(pc.equal(table["file"], file), pc.add(table["line"], lines), table["line"])
        table = table.set_column(table.schema.get_field_index("line"), "line", moved)
    return table


def _count_tested(documents: pa.Table, survey: Survey) -> None:
    for name in pc.list_flatten(documents["tested"].combine_chunks()).to_pylist():
        survey.contamination[name] += 1
