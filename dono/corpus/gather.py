"""Sources to one corpus: texts without duplicates, split before anything is learned, without what is tested."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dono.artifacts import Json, disk_mistake, identity, write_atomically
from dono.corpus.code_identity import code_identity
from dono.corpus.engine import ATTEMPTS, Recipe, ShardRecord, finished, sample_work, shard_work
from dono.corpus.identities import Identities
from dono.corpus.join import join_shards
from dono.corpus.privacy import key_fingerprint
from dono.corpus.quality import Thresholds, learn_thresholds
from dono.corpus.shards import Shard, plan_shards
from dono.corpus.sources import checked_parts
from dono.errors import Mistake
from dono.project import Cleaning, Source
from dono.runners import HERE, Runner, Tasks

Progress = Callable[[float, int], None]
"""Told how many bytes of the files were read so far, and how many texts came of them."""

SHARDS, PLAN, LEARNED = ".shards", "plan.json", "thresholds.json"
SMALL = 8_000_000
"""Bytes for which another process is not worth its start (measured: it begins after 1 to 2 s)."""


def gather(
    sources: Sequence[Source],
    tests: Mapping[str, Sequence[str]],
    folder: Path,
    *,
    heldout_share: float,
    seed: int,
    progress: Progress,
    cleaning: Cleaning | None = None,
    identities: Identities | None = None,
    runner: Runner = HERE,
) -> dict[str, Json]:
    """Write `documents.parquet`, `rejects.jsonl`, `drops.jsonl` and `survey.json` into `folder`; returns the survey.

    `tests` holds, by use case, the texts it is tested on. A document is held out by the hash of its content (a group
    by the hash of its key), so the split is the same in any order and when files are added. Of equal texts, and of
    nearly equal pages, the first is kept. What is rubbish is judged by what is usual in a sample of the texts.

    The files are read in shards by as many processes as `runner` has cores (`cleaning.workers`); what is written does
    not depend on how many, nor where. Killed at any point, the same call goes on: a shard that is done is not done
    again. Memory is bounded by a batch and a row group for each process, and about 60 bytes a document. `identities`
    give the documents their ids; those that are forgotten are counted and written nowhere.

    Raises `Mistake` for a part that cannot be read as a whole, a source without a usable row, a full disk, a worker
    that was killed.
    """
    checked = [(source, checked_parts(source)) for source in sources]
    kept = {name: tuple(texts) for name, texts in tests.items()}
    recipe = Recipe(tuple(sources), kept, cleaning or Cleaning(), heldout_share, seed, folder / SHARDS, identities)
    shards = plan_shards([(source, found.parts) for source, found in checked])
    key = key_fingerprint(recipe.cleaning) if recipe.replaces else None
    gathering = _Gathering(replace(recipe, shards=len(shards), key=key), shards, progress, runner)
    try:
        gathering.open_folder()
        learned = gathering.learn()
        records = replace(gathering, recipe=replace(gathering.recipe, thresholds=learned)).run()
        survey: dict[str, Json] = {
            **join_shards(recipe, shards, records, folder),
            "quality": learned.as_json(),
            "notes": [{"source": s.name, "file": n.file, "note": n.text} for s, found in checked for n in found.notes],
        }
        write_atomically(folder / "survey.json", json.dumps(survey, ensure_ascii=False, indent=1))
        shutil.rmtree(recipe.folder)
    except OSError as error:
        raise disk_mistake(error, folder) from error
    return survey


@dataclass(frozen=True)
class _Gathering:
    recipe: Recipe
    shards: Sequence[Shard]
    progress: Progress
    runner: Runner

    def open_folder(self) -> None:
        """Take up the shards of an earlier attempt, if they are parts of the same plan."""
        plan = json.dumps(self._plan(), ensure_ascii=False)
        at = self.recipe.folder / PLAN
        if not at.is_file() or at.read_text(encoding="utf8") != plan:
            shutil.rmtree(self.recipe.folder, ignore_errors=True)
            self.recipe.folder.mkdir(parents=True)
            write_atomically(at, plan)
        for attempt in self.recipe.folder.glob(ATTEMPTS):
            shutil.rmtree(attempt, ignore_errors=True)

    def _plan(self) -> dict[str, Json]:
        """What shards depend on: settings, tests, files as far as their stamps tell them apart, and what is done."""
        recipe = self.recipe
        files: list[Json] = [[str(part), part.stamp()] for shard in self.shards for part in shard.parts]
        ids = recipe.identities
        identified = None if ids is None else ids.seal(" ".join(sorted(ids.forgotten)))
        return {
            "sources": [s.model_dump(mode="json") for s in recipe.sources],
            "cleaning": recipe.cleaning.model_dump(mode="json", exclude={"workers"}),
            "tests": identity(recipe.tests),
            "heldout": [recipe.heldout_share, recipe.seed],
            "identities": identified,
            "files": identity({"files": files}),
            "code": code_identity(),
            "key": recipe.key,
        }

    def learn(self) -> Thresholds:
        """What is usual in a sample of all texts; once it is known, that of an earlier attempt is taken."""
        if not self.recipe.cleaning.quality:
            return Thresholds()
        at = self.recipe.folder / LEARNED
        if not at.is_file():
            tasks = Tasks(sample_work, self.recipe, self.shards, str)
            found = dict(self.runner.run(tasks, lambda _: None, workers=self._workers(len(self.shards))))
            learned = learn_thresholds([found[number] for number in sorted(found)])
            write_atomically(at, json.dumps(learned.as_json(), ensure_ascii=False))
        return Thresholds.from_json(json.loads(at.read_text(encoding="utf8")))

    def _workers(self, tasks: int) -> int:
        size = sum(part.size for shard in self.shards for part in shard.parts)
        return min(self.recipe.cleaning.workers or (self.runner.cores if size > SMALL else 1), max(1, tasks))

    def run(self) -> list[ShardRecord]:
        """Do the shards that are not done. Raises `Mistake` as soon as a source is found to have no usable row."""
        records = {s.number: record for s in self.shards if (record := finished(self.recipe.folder, s.number))}
        sizes = [sum(part.size for part in s.parts) for s in self.shards]
        before = sum(sizes[number] for number in records)
        for number, record in self._results(records, before):
            records[number] = record
            self._check(self.shards[number].source, records)
        for place in range(len(self.recipe.sources)):
            self._check(place, records)
        self.progress(sum(sizes), sum(r.texts for r in records.values()))
        return [records[s.number] for s in self.shards]

    def _results(self, records: Mapping[int, ShardRecord], before: int) -> Iterator[tuple[int, ShardRecord]]:
        left = [s for s in self.shards if s.number not in records]
        tasks = Tasks(shard_work, self.recipe, left, str)

        def told(done: int) -> None:
            self.progress(before + done, sum(r.texts for r in records.values()))

        for place, record in self.runner.run(tasks, told, workers=self._workers(len(left))):
            yield left[place].number, record

    def _check(self, place: int, records: Mapping[int, ShardRecord]) -> None:
        """Raises `Mistake` when all of a source is done and nothing of it was usable."""
        shards = [s for s in self.shards if s.source == place]
        done = [records[s.number] for s in shards if s.number in records]
        if len(done) < len(shards) or any(record.formats for record in done):
            return
        where = f"corpus[{self.recipe.sources[place].name}]: {shards[0].parts[0].name}"
        rejects = sum(record.rejects for record in done)
        if not rejects:
            raise Mistake("there is no row", where=where, remedy="Fill the file, or take it out of the project file")
        counts: dict[str, int] = {}
        for record in done:
            for reason, times in record.reasons.items():
                counts[reason] = counts.get(reason, 0) + times
        reason = max(counts, key=lambda r: counts[r])
        what = f"none of {rejects:,} rows is usable; most often ({counts[reason]:,} times): {reason}"
        raise Mistake(what, where=where, remedy="Mend the rows, or say how they read (`text`, `render`, `kind`)")
