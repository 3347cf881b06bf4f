"""Sources to one corpus: texts without duplicates, split before anything is learned, without what is tested."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from dono.artifacts import Json, disk_mistake, write_atomically
from dono.corpus.contamination import Probes
from dono.corpus.documents import Document, DocumentWriter, Split, digest, is_held_out
from dono.corpus.drafts import Draft, drafts
from dono.corpus.identities import Identities
from dono.corpus.languages import guess_language
from dono.corpus.rows import check_file
from dono.corpus.sources import reader_of, source_files
from dono.corpus.survey import Survey
from dono.errors import Mistake
from dono.project import Source

Progress = Callable[[float, int], None]
"""Told how many bytes of the files were read so far, and how many documents are kept."""


def gather(
    sources: Sequence[Source],
    tests: Mapping[str, Sequence[str]],
    folder: Path,
    *,
    heldout_share: float,
    seed: int,
    progress: Progress,
    identities: Identities | None = None,
) -> dict[str, Json]:
    """Write `documents.parquet`, `rejects.jsonl` and `survey.json` into `folder`; returns the survey.

    `tests` holds, by use case, the texts it is tested on. A document is held out by the hash of its content (a group
    by the hash of its key), so the split is the same in any order and when files are added. Of equal documents the
    first is kept. Near duplicates are not looked for: they can be on both sides of the split. Memory is bounded by a
    row group, the tests, and a hash (8 bytes, about 80 as Python keeps them) for each document. `identities` give the
    documents their ids; those that are forgotten are counted and written nowhere.

    Raises `Mistake` for a file that cannot be read as a whole, a source without a usable row, a full disk.
    """
    files = [(source, source_files(source)) for source in sources]
    for source, paths in files:
        reader_of(source)
        for path in paths:
            check_file(path, source.kind)
    try:
        with DocumentWriter(folder) as writer, (folder / "rejects.jsonl").open("w", encoding="utf8") as rejects:
            gathering = _Gathering(writer, Probes(tests), heldout_share, seed, progress, identities)
            for source, paths in files:
                for found in drafts(source, paths, folder, gathering.read):
                    if isinstance(found, Draft):
                        gathering.take(source, found)
                    else:
                        rejects.write(json.dumps(asdict(found), ensure_ascii=False) + "\n")
                        gathering.survey.reject(found)
                gathering.end(source, paths)
        survey = gathering.survey.as_json()
        write_atomically(folder / "survey.json", json.dumps(survey, ensure_ascii=False, indent=1))
    except OSError as error:
        raise disk_mistake(error, folder) from error
    return survey


class _Gathering:
    """What is known while a corpus is gathered."""

    def __init__(
        self,
        writer: DocumentWriter,
        tested: Probes,
        heldout_share: float,
        seed: int,
        progress: Progress,
        identities: Identities | None,
    ) -> None:
        self.writer, self.tested, self.heldout_share, self.seed = writer, tested, heldout_share, seed
        self.progress, self.bytes_done = progress, 0
        self.identities = identities
        self.survey = Survey()
        self.seen: set[int] = set()

    def read(self, at: int) -> None:
        """Bytes of the present source were read."""
        self.progress(self.bytes_done + at, self.survey.total.documents)

    def take(self, source: Source, draft: Draft) -> None:
        """Write a text as a document with its split, unless the same text was there before."""
        left = self.survey.left[source.name]
        left.formats[draft.format] += 1
        id_ = "" if self.identities is None else self.identities.of(source.name, draft.key)
        if self.identities is not None and id_ in self.identities.forgotten:
            left.forgotten += 1  # before duplicates: a forgotten text hides nobody else's equal one
            return
        mark = digest(draft.text)
        if mark in self.seen:
            left.duplicates += 1
            return
        self.seen.add(mark)
        language = draft.language or guess_language(draft.text)
        split = self._split(draft)
        document = Document(draft.text, language, source.name, split, draft.file, draft.line, id_)
        size = len(document.text.encode())
        self.writer.add(document, size)
        if split == "contaminated":
            left.contaminated += 1
        else:
            self.survey.keep(document, size)

    def _split(self, draft: Draft) -> Split:
        """Held-out text is not learned from, so only the rest is searched for what is tested."""
        if is_held_out(draft.key, self.heldout_share, self.seed):
            return "heldout"
        cases = self.tested.found_in(draft.text)
        self.survey.contamination.update(cases)
        return "contaminated" if cases else "train"

    def end(self, source: Source, files: Sequence[Path]) -> None:
        """Raises `Mistake` when nothing of the source was usable."""
        left, where = self.survey.left[source.name], f"corpus[{source.name}]: {files[0]}"
        if not left.formats and left.rejects:
            reason, times = left.reasons.most_common(1)[0]
            what = f"none of {left.rejects:,} rows is usable; most often ({times:,} times): {reason}"
            remedy = "Mend the rows, or say how they read (`text`, `render`, `kind`)"
            raise Mistake(what, where=where, remedy=remedy)
        if not left.formats:
            raise Mistake("there is no row", where=where, remedy="Fill the file, or take it out of the project file")
        self.bytes_done += sum(path.stat().st_size for path in files)
