"""One shard of a corpus: its rows to cleaned texts on disk. A shard that has its record is never done again."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import unicodedata
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Literal, TextIO

import pyarrow as pa

from dono.artifacts import write_atomically
from dono.corpus.boilerplate import line_marks
from dono.corpus.cleaning import AFTERWARDS, BEFORE_LEARNING, SPELLING, Settings, make_steps
from dono.corpus.contamination import Probes, words
from dono.corpus.documents import GroupWriter, is_held_out
from dono.corpus.drafts import Draft, Refused, drafts
from dono.corpus.drops import Drops, example_of
from dono.corpus.identities import Identities
from dono.corpus.normalise import usable
from dono.corpus.privacy import check_key, row_mask
from dono.corpus.quality import Sampled, Thresholds, measure_sample
from dono.corpus.rows import SHOWN, Malformed
from dono.corpus.shards import Shard, Span, count_lines
from dono.corpus.shingles import SHORT, marks_of
from dono.corpus.steps import Dropped, Step, run_steps
from dono.corpus.text_steps import text_step
from dono.project import Cleaning, Source
from dono.runners import Tell, Work

BATCH_ROWS, BATCH_CHARACTERS = 512, 2_000_000
"""A batch that goes through the steps, closed by whichever comes first (assumed)."""

SAMPLE = 20_000
"""Texts from which it is learned what is usual (assumed: a hundred lie beyond a quantile of half a percent)."""

SAMPLE_CHARACTERS = 100_000_000
"""Characters that suffice for it, of however few texts: 5,000 in each (assumed; one process holds what was found in all
of them, about 2 bytes a character)."""

ATTEMPTS = ".[0-9]*"
"""Folders in which shards are done; those of killed processes are of no use."""

SCHEMA = pa.schema(
    [
        ("text", pa.string()), ("language", pa.string()), ("file", pa.string()), ("line", pa.int64()),
        ("region", pa.string()), ("period", pa.string()), ("id", pa.string()),
        ("held", pa.bool_()), ("tested", pa.list_(pa.string())),
        ("found", pa.list_(pa.struct([("name", pa.string()), ("times", pa.int64())]))),
    ]
)  # fmt: skip
"""`held` says whether a text's key is held out, `tested` names the use cases whose tests it holds, `found` is what the
steps counted in it."""
MARKS = pa.schema([("mark", pa.uint64()), ("signature", pa.binary())])
"""What copies of a text are found by, a row for each text."""


@dataclass(frozen=True)
class Recipe:
    """Everything that a worker must know to do any of the `shards`. `folder` is where they are kept, `key` the
    fingerprint of the key that replaces identifiers: the key itself is in the environment of each machine.
    """

    sources: tuple[Source, ...]
    tests: Mapping[str, tuple[str, ...]]
    cleaning: Cleaning
    heldout_share: float
    seed: int
    folder: Path
    identities: Identities | None = None
    thresholds: Thresholds | None = None
    shards: int = 1
    key: str | None = None

    @property
    def replaces(self) -> bool:
        """Whether identifiers of any source are replaced."""
        return any((source.privacy or self.cleaning.privacy) != "off" for source in self.sources)

    def id_of(self, source: Source, draft: Draft) -> str:
        """The id that a draft's document has, "" where ids are not asked for."""
        return self.id_of_key(source, draft.key)

    def id_of_key(self, source: Source, key: str) -> str:
        """The same for a source's key."""
        return "" if self.identities is None else self.identities.of(source.name, key)

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
    """The files of a shard: texts, their marks, those of their lines, rows set aside, texts dropped, and the record,
    which is written last.
    """
    endings = {"texts": "parquet", "marks": "marks.parquet", "lines": "lines", "rejects": "rejects.jsonl",
               "drops": "drops.json", "record": "json"}  # fmt: skip
    return {name: folder / f"{number:05d}.{ending}" for name, ending in endings.items()}


def finished(folder: Path, number: int) -> ShardRecord | None:
    """The record of a shard, None where it is not done."""
    try:
        return ShardRecord(**json.loads(shard_files(folder, number)["record"].read_text(encoding="utf8")))
    except FileNotFoundError:
        return None


def shard_work(recipe: Recipe) -> Work[Shard, ShardRecord]:
    """The function that does a shard, with the tests of a recipe ready to be sought: as they are, and spelt as the
    documents of the shard's source are. They are sought in documents before identifiers are replaced, and after.
    """

    @lru_cache(maxsize=2)
    def probes(markup: Literal["html"] | None) -> Probes:
        return Probes({name: _spellings(texts, recipe.cleaning, markup) for name, texts in recipe.tests.items()})

    @lru_cache(maxsize=8)
    def tools(source: int) -> _Tools:
        return _Tools.of(Settings(recipe.cleaning, recipe.sources[source], recipe.thresholds), recipe.key)

    def work(shard: Shard, tell: Tell) -> ShardRecord:
        return _Shard(recipe, probes(recipe.sources[shard.source].markup), shard, tools(shard.source)).done(tell)

    return work


def _spellings(texts: Sequence[str], cleaning: Cleaning, markup: Literal["html"] | None) -> list[str]:
    """Test texts as they are, and as a document with such a text is spelt, where that makes other words of it."""
    found = list(texts)
    step = text_step(cleaning, markup)
    for text in texts:
        try:
            draft = Draft(usable(text), None, "", "", "", 0)
        except Malformed:  # no document is like it
            continue
        (outcome,) = step([draft])
        if isinstance(outcome, Draft) and words(outcome.text) != words(unicodedata.normalize("NFC", text)):
            found.append(outcome.text)
    return found


def sample_work(recipe: Recipe) -> Work[Shard, Sampled]:
    """The function that looks at the first texts of a shard, its part of the sample; none that is forgotten."""
    most, characters = -(-SAMPLE // recipe.shards), -(-SAMPLE_CHARACTERS // recipe.shards)
    cleaning = recipe.cleaning.model_copy(update={"count_mixed": False})  # nothing is learned from how mixed it is

    @lru_cache(maxsize=8)
    def steps_of(source: int) -> Mapping[str, Step]:
        settings = Settings(cleaning, recipe.sources[source])
        check_key(settings.privacy, recipe.key)
        return make_steps(settings, BEFORE_LEARNING)

    def work(shard: Shard, tell: Tell) -> Sampled:
        source, steps = recipe.sources[shard.source], steps_of(shard.source)
        with tempfile.TemporaryDirectory(dir=recipe.folder) as scratch:
            read = drafts(source, shard.parts, Path(scratch), lambda _: None)
            texts = (d for d in read if isinstance(d, Draft) and not recipe.forgets(recipe.id_of(source, d)))
            taken = _up_to(islice(texts, most), characters)
            found = (o for batch in batches(taken) for o in run_steps(steps, batch))
            return measure_sample([one for one in found if isinstance(one, Draft)])

    return work


@dataclass(frozen=True)
class _Tools:
    """What the texts of a source go through, up to identifiers and from there on, and what takes personal data out of
    the rows that are shown.
    """

    spelling: Mapping[str, Step]
    afterwards: Mapping[str, Step]
    mask: Callable[[str], str]

    @classmethod
    def of(cls, settings: Settings, key: str | None) -> _Tools:
        """Raises `Mistake` where the key here is not the one with the fingerprint `key`."""
        check_key(settings.privacy, key)
        return cls(make_steps(settings, SPELLING), make_steps(settings, AFTERWARDS), row_mask(settings.privacy))


class _Shard:
    """A shard while it is done."""

    def __init__(self, recipe: Recipe, probes: Probes, shard: Shard, tools: _Tools) -> None:
        self.recipe, self.probes, self.shard = recipe, probes, shard
        self.source, self.files = recipe.sources[shard.source], shard_files(recipe.folder, shard.number)
        self.attempt = recipe.folder / f".{shard.number:05d}.{uuid.uuid4().hex}"
        self.tools, self.mask = tools, tools.mask
        self.reasons: Counter[str] = Counter()
        self.formats: Counter[str] = Counter()
        self.drops, self.texts, self.forgotten = Drops(), 0, 0

    def done(self, tell: Tell) -> ShardRecord:
        """Write the files in a folder of their own, put them in their places, then write the record.

        A machine that was given up may still be at the same shard: both write the same, and neither sees a half.
        """
        known = finished(self.recipe.folder, self.shard.number)
        if known is not None:
            return known
        self.attempt.mkdir()
        try:
            return self._write(tell)
        finally:
            shutil.rmtree(self.attempt, ignore_errors=True)

    def _write(self, tell: Tell) -> ShardRecord:
        files = shard_files(self.attempt, self.shard.number)
        with ExitStack() as stack:
            rejects = stack.enter_context(files["rejects"].open("w", encoding="utf8"))
            lines = stack.enter_context(files["lines"].open("wb"))
            texts = stack.enter_context(GroupWriter(files["texts"], SCHEMA))
            marks = stack.enter_context(GroupWriter(files["marks"], MARKS, compression="none"))
            found = drafts(self.source, self.shard.parts, self.attempt, tell)
            for batch in batches(self._usable(found, rejects)):
                kept, unmasked = self._cleaned(batch)
                self.texts += len(kept)
                texts.add(self._table(kept, unmasked))
                written = [d.text for d in kept]
                marks.add(_marks(written, near=self.recipe.cleaning.near_duplicates is not None))
                if self.recipe.cleaning.repeated_lines is not None:
                    lines.write(line_marks(written).tobytes())
        files["drops"].write_text(json.dumps(self.drops.as_json(), ensure_ascii=False), encoding="utf8")
        for name, path in files.items():
            if name != "record":
                _to_disk(path)
                path.replace(self.files[name])
        counted = [count_lines(part) for part in self.shard.parts if isinstance(part, Span)]
        record = ShardRecord(
            self.texts, self.reasons.total(), self.forgotten, dict(self.reasons), dict(self.formats), counted
        )
        write_atomically(self.files["record"], json.dumps(asdict(record), ensure_ascii=False))
        return record

    def _usable(self, found: Iterable[Draft | Refused], rejects: TextIO) -> Iterator[Draft]:
        for one in found:
            if isinstance(one, Refused):
                self._set_aside(one, rejects)
                continue
            self.formats[one.format] += 1
            if self.recipe.forgets(self.recipe.id_of(self.source, one)):
                self.forgotten += 1  # before duplicates: a forgotten text hides nobody else's equal one
            else:
                yield one

    def _set_aside(self, refused: Refused, rejects: TextIO) -> None:
        """Count a row that gives no text, and write it without personal data; what is forgotten is not written."""
        id_ = "" if refused.key is None else self.recipe.id_of_key(self.source, refused.key)
        if self.recipe.forgets(id_):
            self.forgotten += 1
            return
        row = asdict(refused.reject)
        row |= {name: self.mask(row[name])[:SHOWN] for name in ("reason", "beginning")} | {"id": id_}
        self.reasons[row["reason"]] += 1
        rejects.write(json.dumps(row, ensure_ascii=False) + "\n")

    def _cleaned(self, batch: Sequence[Draft]) -> tuple[list[Draft], list[str]]:
        """What the steps keep, and the texts of it before identifiers were replaced."""
        kept, unmasked = list[Draft](), list[str]()
        spelt = run_steps(self.tools.spelling, batch)
        afterwards = iter(run_steps(self.tools.afterwards, [one for one in spelt if isinstance(one, Draft)]))
        for before in spelt:
            outcome = next(afterwards) if isinstance(before, Draft) else before
            if isinstance(before, Draft) and isinstance(outcome, Draft):
                kept.append(outcome)
                unmasked.append(before.text)
            elif isinstance(outcome, Dropped):
                self._drop(outcome)
        return kept, unmasked

    def _drop(self, dropped: Dropped) -> None:
        """Count a text that is not learned from, and show it without the personal data in it."""
        draft = dropped.draft
        (masked,) = self.tools.afterwards["privacy"]([draft])
        assert isinstance(masked, Draft)
        example = example_of(draft, masked.text, self.recipe.id_of(self.source, draft))
        self.drops.add(self.source.name, dropped.reason, draft.text, example)

    def _tested(self, kept: Sequence[Draft], unmasked: Sequence[str]) -> list[set[str]]:
        """Use cases of which a test text is in each text: in the text before identifiers were replaced, since tests
        hold them, and in what has become of it, since tests may be without them too.
        """
        found = self.probes.found_in_each(unmasked)
        changed = [place for place, draft in enumerate(kept) if draft.text != unmasked[place]]
        for place, more in zip(changed, self.probes.found_in_each([kept[p].text for p in changed]), strict=True):
            found[place] |= more
        return found

    def _table(self, kept: Sequence[Draft], unmasked: Sequence[str]) -> pa.Table:
        """Texts with what is decided of each by itself. Held-out text is not learned from: no test is sought in it."""
        held = [is_held_out(d.key, self.recipe.heldout_share, self.recipe.seed) for d in kept]
        learned = [place for place, h in enumerate(held) if not h]
        others = iter(self._tested([kept[place] for place in learned], [unmasked[place] for place in learned]))
        columns: dict[str, list[object]] = {
            "text": [d.text for d in kept],
            "language": [d.language for d in kept],
            "file": [d.file for d in kept],
            "line": [d.line for d in kept],
            "region": [d.region for d in kept],
            "period": [d.period for d in kept],
            "id": [self.recipe.id_of(self.source, d) for d in kept],
            "held": list(held),
            "tested": [[] if h else sorted(next(others)) for h in held],
            "found": [[{"name": name, "times": times} for name, times in d.found.items()] for d in kept],
        }
        return pa.table(columns, schema=SCHEMA)


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


def _up_to(texts: Iterable[Draft], characters: int) -> Iterator[Draft]:
    """The first of the texts, up to the one with which they have so many characters."""
    for draft in texts:
        yield draft
        characters -= len(draft.text)
        if characters <= 0:
            return


def _marks(texts: Sequence[str], near: bool) -> pa.Table:
    """What copies are found by; of a short text exact copies only.

    Records and messages that differ in a number alone ("document number 12", "… 13") are near copies by any measure,
    and each of them is meant.
    """
    digests, signatures = marks_of(texts, near)
    long = [len(text.split(None, SHORT)) >= SHORT for text in texts]
    kept = [signature if page else b"" for signature, page in zip(signatures, long, strict=True)]
    return pa.table({"mark": digests, "signature": kept}, schema=MARKS)


def _to_disk(path: Path) -> None:
    """Wait until a file's bytes are on the disk: no record without them, even when the power goes."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
