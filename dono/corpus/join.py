"""Shards to one corpus: what can only be decided when all texts are known, then the documents in their order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dono.artifacts import Json, write_atomically
from dono.corpus.boilerplate import NOTHING_ELSE, repeated_lines, without_lines
from dono.corpus.documents import NAME, GroupWriter, digest
from dono.corpus.documents import SCHEMA as DOCUMENTS
from dono.corpus.drops import SHOWN, Drops, Example
from dono.corpus.duplicates import Copies, find_copies
from dono.corpus.engine import Recipe, ShardRecord, shard_files
from dono.corpus.matching import Hashes, Places
from dono.corpus.shards import Shard, Span
from dono.corpus.shingles import Marks
from dono.corpus.survey import Survey
from dono.errors import Mistake

NEARLY = "nearly the same as an earlier text"


def join_shards(
    recipe: Recipe, shards: Sequence[Shard], records: Sequence[ShardRecord], folder: Path
) -> dict[str, Json]:
    """Write the documents, rows set aside and texts dropped of all shards into `folder`; returns the survey."""
    return _Joining(recipe, shards, records, folder).done()


@dataclass
class _Joining:
    recipe: Recipe
    shards: Sequence[Shard]
    records: Sequence[ShardRecord]
    folder: Path
    survey: Survey = field(default_factory=Survey)
    drops: Drops = field(default_factory=Drops)

    def done(self) -> dict[str, Json]:
        """The survey, once all is written."""
        self.later = self._lines_before()
        self._count()
        self._join_rejects()
        copies = find_copies(
            self._marks, sum(r.texts for r in self.records), self._read, self.recipe.folder,
            self.recipe.cleaning.near_duplicates,
        )  # fmt: skip
        self._join_texts(copies)
        for (source, reason), counted in self.drops.counts.items():
            self.survey.left[source].drops[reason] = (counted.documents, counted.bytes)
        rows = [json.dumps(row, ensure_ascii=False) for row in self.drops.rows()]
        write_atomically(self.folder / "drops.jsonl", "".join(row + "\n" for row in rows))
        if not self.survey.documents and self.drops.counts:
            (_, reason), most = max(self.drops.counts.items(), key=lambda item: item[1].documents)
            what = f"cleaning drops every text; most often ({most.documents:,} times): {reason}"
            raise Mistake(what, where="cleaning", remedy="See drops.jsonl, and ask less of a text")
        compared: dict[str, Json] = {"compared": copies.compared, "unequal": copies.unequal, "cut": copies.cut}
        return {**self.survey.as_json(), "near_copies": compared}

    def _file(self, shard: Shard, name: str) -> Path:
        return shard_files(self.recipe.folder, shard.number)[name]

    def _source(self, shard: Shard) -> str:
        return self.recipe.sources[shard.source].name

    def _lines_before(self) -> list[dict[str, int]]:
        """By shard and file how many lines of the file come before those of the shard."""
        so_far: dict[str, int] = {}
        found = []
        for shard, record in zip(self.shards, self.records, strict=True):
            counted = iter(record.lines)
            spans = [part for part in shard.parts if isinstance(part, Span)]
            found.append({span.name: so_far.get(span.name, 0) for span in spans})
            for span in spans:
                so_far[span.name] = so_far.get(span.name, 0) + next(counted)
        return found

    def _count(self) -> None:
        """What the shards counted; sources in their order, those without anything left out too."""
        for source in self.recipe.sources:
            self.survey.left[source.name].rejects += 0
        for shard, record, before in zip(self.shards, self.records, self.later, strict=True):
            left = self.survey.left[self._source(shard)]
            left.rejects += record.rejects
            left.forgotten += record.forgotten
            left.reasons.update(record.reasons)
            left.formats.update(record.formats)
            self.drops.join(json.loads(self._file(shard, "drops").read_text(encoding="utf8")), before)

    def _join_rejects(self) -> None:
        with (self.folder / "rejects.jsonl").open("w", encoding="utf8") as out:
            for shard, before in zip(self.shards, self.later, strict=True):
                with self._file(shard, "rejects").open(encoding="utf8") as lines:
                    for line in lines:
                        reject = json.loads(line)
                        reject["line"] += before.get(reject["file"], 0)
                        out.write(json.dumps(reject, ensure_ascii=False) + "\n")

    def _marks(self) -> Iterator[Marks]:
        for shard in self.shards:
            with pq.ParquetFile(self._file(shard, "marks")) as file:
                for batch in file.iter_batches(batch_size=8192):
                    yield Marks(batch["mark"].to_numpy(), batch["signature"].to_pylist())

    def _read(self, places: Places) -> Iterator[str]:
        """The texts at some places, which ascend."""
        start = 0
        for shard in self.shards:
            with pq.ParquetFile(self._file(shard, "texts")) as file:
                for group in range(file.num_row_groups):
                    size = file.metadata.row_group(group).num_rows
                    first, last = np.searchsorted(places, [start, start + size])
                    if first < last:
                        texts = file.read_row_group(group, columns=["text"])["text"]
                        yield from texts.take(pa.array(places[first:last] - start)).to_pylist()
                    start += size

    def _join_texts(self, copies: Copies) -> None:
        start, repeated, of, first = 0, np.zeros(0, dtype=np.uint64), -1, copies.kept
        tested = self._tested_copies(copies)
        there = np.array(sorted(tested), dtype=np.int64)
        with GroupWriter(self.folder / NAME, DOCUMENTS) as writer:
            for shard, before in zip(self.shards, self.later, strict=True):
                source = self._source(shard)
                if of != shard.source:
                    repeated, of = self._repeated(shard.source), shard.source
                with pq.ParquetFile(self._file(shard, "texts")) as file:
                    for group in range(file.num_row_groups):
                        table = _placed(file.read_row_group(group), before)
                        here = slice(start, start + len(table))
                        more = there[slice(*np.searchsorted(there, [here.start, here.stop]))].tolist()
                        table = _also_tested(table, {place - start: tested[place] for place in more})
                        start += len(table)
                        self.survey.left[source].duplicates += int(copies.exact[here].sum())
                        self._drop(source, NEARLY, table.filter(pa.array(copies.near[here])))
                        kept = self._without_lines(source, table.filter(pa.array(first[here])), repeated)
                        documents = _documents(kept, source)
                        self._count_tested(documents)
                        self.survey.keep(source, documents)
                        writer.add(documents.select(DOCUMENTS.names))
        assert start == len(copies.first)

    def _tested_copies(self, copies: Copies) -> dict[int, set[str]]:
        """Use cases of which a test is in a copy that is not kept, by the place of the text that is kept.

        Tests are sought before identifiers are replaced: a text with a test's number may then be the copy of one with
        another number, and what is learned from that one is the test without its number.
        """
        found: dict[int, set[str]] = {}
        start = 0
        for shard in self.shards:
            with pq.ParquetFile(self._file(shard, "texts")) as file:
                for group in range(file.num_row_groups):
                    told = file.read_row_group(group, columns=["tested"])["tested"]
                    here = copies.exact[start : start + len(told)] & (pc.list_value_length(told).to_numpy() > 0)
                    for place in np.flatnonzero(here).tolist():
                        names = told[place].as_py()
                        found.setdefault(int(copies.first[start + place]), set()).update(names)
                    start += len(told)
        return found

    def _drop(self, source: str, reason: str, table: pa.Table) -> None:
        """Count texts that are not kept; they have no personal data that cleaning replaces."""
        for row in table.to_pylist():
            text = row["text"]
            shown = Example(digest(text), row["file"], row["line"], text[:SHOWN], row["language"] or "", row["id"])
            self.drops.add(source, reason, text, shown)

    def _repeated(self, place: int) -> Hashes:
        """Hashes of the lines that many texts of a source have, where they are asked for."""
        most = self.recipe.cleaning.repeated_lines
        if most is None:
            return np.zeros(0, dtype=np.uint64)
        files = [self._file(shard, "lines") for shard in self.shards if shard.source == place]
        total = sum(file.stat().st_size for file in files) // 8
        return repeated_lines(lambda: (np.fromfile(file, dtype=np.uint64) for file in files), total, most)

    def _without_lines(self, source: str, table: pa.Table, repeated: Hashes) -> pa.Table:
        """The texts without repeated lines; those of which nothing is left are dropped."""
        if not len(repeated):
            return table
        texts = [without_lines(text, repeated)[0] for text in table["text"].to_pylist()]
        left = pa.array([bool(text) for text in texts])
        self._drop(source, NOTHING_ELSE, table.filter(pc.invert(left)))
        changed = table.set_column(table.schema.get_field_index("text"), "text", pa.array(texts, pa.string()))
        return changed.filter(left)

    def _count_tested(self, documents: pa.Table) -> None:
        for name in pc.list_flatten(documents["tested"].combine_chunks()).to_pylist():
            self.survey.contamination[name] += 1


def _placed(table: pa.Table, before: Mapping[str, int]) -> pa.Table:
    """Texts with their lines counted from the beginning of the file."""
    for file, lines in before.items():
        moved = pc.if_else(pc.equal(table["file"], file), pc.add(table["line"], lines), table["line"])
        table = table.set_column(table.schema.get_field_index("line"), "line", moved)
    return table


def _also_tested(table: pa.Table, more: Mapping[int, set[str]]) -> pa.Table:
    """Texts of which some, by their places, hold tests of further use cases too."""
    if not more:
        return table
    tested = table["tested"].to_pylist()
    for place, names in more.items():
        tested[place] = sorted({*tested[place], *names})
    return table.set_column(table.schema.get_field_index("tested"), "tested", pa.array(tested, pa.list_(pa.string())))


def _documents(table: pa.Table, source: str) -> pa.Table:
    """Texts that are kept as documents: with source and split."""
    tested = pc.greater(pc.list_value_length(table["tested"]), 0)
    split = pc.if_else(table["held"], "heldout", pc.if_else(tested, "contaminated", "train"))
    return table.append_column("source", pa.repeat(source, len(table))).append_column("split", split)
