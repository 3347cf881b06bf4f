"""One shard of a corpus: its rows to cleaned texts on disk. A shard that has its record is never done again."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from dono.artifacts import write_atomically
from dono.corpus.cleaning import make_steps
from dono.corpus.contamination import Probes
from dono.corpus.documents import GroupWriter, digest, is_held_out
from dono.corpus.drafts import Draft, drafts
from dono.corpus.drops import Drops
from dono.corpus.identities import Identities
from dono.corpus.rows import Reject
from dono.corpus.shards import Shard, Span, count_lines
from dono.corpus.steps import Dropped, run_steps
from dono.corpus.workers import Tell, Work
from dono.project import Cleaning, Source

BATCH_ROWS, BATCH_CHARACTERS = 512, 2_000_000
"""A batch that goes through the steps, closed by whichever comes first (assumed)."""

SCHEMA = pa.schema(
    [
        ("text", pa.string()), ("language", pa.string()), ("file", pa.string()), ("line", pa.int64()),
        ("region", pa.string()), ("period", pa.string()), ("id", pa.string()),
        ("mark", pa.uint64()), ("held", pa.bool_()), ("tested", pa.list_(pa.string())),
        ("found", pa.list_(pa.struct([("name", pa.string()), ("times", pa.int64())]))),
    ]
)  # fmt: skip
"""`mark` stands for the text, `held` says whether its key is held out, `tested` names the use cases whose tests it
holds, `found` is what the steps counted in it."""


@dataclass(frozen=True)
class Recipe:
    """Everything that a worker must know to do any shard. `folder` is where the shards are kept."""

    sources: tuple[Source, ...]
    tests: Mapping[str, tuple[str, ...]]
    cleaning: Cleaning
    heldout_share: float
    seed: int
    folder: Path
    identities: Identities | None = None

    def id_of(self, source: Source, draft: Draft) -> str:
        """The id that a draft's document has, "" where ids are not asked for."""
        return "" if self.identities is None else self.identities.of(source.name, draft.key)

    def forgets(self, id_: str) -> bool:
        """Whether the person with this id asked to be forgotten."""
        return self.identities is not None and id_ in self.identities.forgotten


@dataclass(frozen=True)
class ShardRecord:
    """What is known of a shard that is done. `lines`: line ends in each of its spans that is a part of a file."""

    texts: int
    rejects: int
    forgotten: int
    reasons: Mapping[str, int]
    formats: Mapping[str, int]
    lines: Sequence[int]


def shard_files(folder: Path, number: int) -> dict[str, Path]:
    """The files of a shard: texts, rows set aside, texts dropped, and the record, which is written last."""
    return {
        "texts": folder / f"{number:05d}.parquet",
        "rejects": folder / f"{number:05d}.rejects.jsonl",
        "drops": folder / f"{number:05d}.drops.json",
        "record": folder / f"{number:05d}.json",
    }


def finished(folder: Path, number: int) -> ShardRecord | None:
    """The record of a shard, None where it is not done."""
    try:
        return ShardRecord(**json.loads(shard_files(folder, number)["record"].read_text(encoding="utf8")))
    except FileNotFoundError:
        return None


def shard_work(recipe: Recipe) -> Work[Shard, ShardRecord]:
    """The function that does a shard, with the steps and tests of a recipe ready."""
    probes = Probes(recipe.tests)

    def work(shard: Shard, tell: Tell) -> ShardRecord:
        source, files = recipe.sources[shard.source], shard_files(recipe.folder, shard.number)
        steps = make_steps(recipe.cleaning, source)
        reasons: Counter[str] = Counter()
        formats: Counter[str] = Counter()
        drops, texts, forgotten = Drops(), 0, 0
        with files["rejects"].open("w", encoding="utf8") as rejects, GroupWriter(files["texts"], SCHEMA) as writer:

            def usable(found: Iterable[Draft | Reject]) -> Iterator[Draft]:
                nonlocal forgotten
                for one in found:
                    if isinstance(one, Draft):
                        formats[one.format] += 1
                        if recipe.forgets(recipe.id_of(source, one)):
                            forgotten += 1  # before duplicates: a forgotten text hides nobody else's equal one
                        else:
                            yield one
                    else:
                        reasons[one.reason] += 1
                        rejects.write(json.dumps(asdict(one), ensure_ascii=False) + "\n")

            for batch in batches(usable(drafts(source, shard.parts, recipe.folder, tell))):
                outcomes = run_steps(steps, batch)
                for one in outcomes:
                    if isinstance(one, Dropped):
                        drops.add(source.name, one.reason, one.draft, recipe.id_of(source, one.draft))
                kept = [o for o in outcomes if isinstance(o, Draft)]
                texts += len(kept)
                writer.add(_table(source, kept, probes, recipe))
        files["drops"].write_text(json.dumps(drops.as_json(), ensure_ascii=False), encoding="utf8")
        for name in ("texts", "rejects", "drops"):
            _to_disk(files[name])
        lines = [count_lines(part) for part in shard.parts if isinstance(part, Span)]
        record = ShardRecord(texts, reasons.total(), forgotten, dict(reasons), dict(formats), lines)
        write_atomically(files["record"], json.dumps(asdict(record), ensure_ascii=False))
        return record

    return work


def batches(found: Iterable[Draft]) -> Iterator[list[Draft]]:
    """Drafts in batches that fit memory."""
    batch: list[Draft] = []
    characters = 0
    for draft in found:
        batch.append(draft)
        characters += len(draft.text)
        if len(batch) == BATCH_ROWS or characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _table(source: Source, kept: Sequence[Draft], probes: Probes, recipe: Recipe) -> pa.Table:
    """Texts with what is decided of each by itself. Held-out text is not learned from: no test is sought in it."""
    held = [is_held_out(d.key, recipe.heldout_share, recipe.seed) for d in kept]
    columns: dict[str, list[object]] = {
        "text": [d.text for d in kept],
        "language": [d.language for d in kept],
        "file": [d.file for d in kept],
        "line": [d.line for d in kept],
        "region": [d.region for d in kept],
        "period": [d.period for d in kept],
        "id": [recipe.id_of(source, d) for d in kept],
        "mark": [digest(d.text) for d in kept],
        "held": list(held),
        "tested": [[] if h else sorted(probes.found_in(d.text)) for d, h in zip(kept, held, strict=True)],
        "found": [[{"name": name, "times": times} for name, times in d.found.items()] for d in kept],
    }
    return pa.table(columns, schema=SCHEMA)


def _to_disk(path: Path) -> None:
    """Wait until a file's bytes are on the disk: no record without them, even when the power goes."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
