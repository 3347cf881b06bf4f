"""Which texts of a corpus are copies, exact and near, and which one of each cluster is kept: out of memory."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dono.corpus.matching import Hashes, Places, mixed
from dono.corpus.shingles import ROW_BYTES, SLOTS, Marks, Shingles, shingles_of

Read = Callable[[Places], Iterable[str]]
"""The texts at some places, which ascend; they are asked for one after another and not kept."""
Flags = npt.NDArray[np.bool_]

RECALL = 0.995
"""Share of pairs just at the threshold that must become candidates, as far as MinHash theory tells."""
WINDOW = 32
"""Texts of a group of candidates that each is compared with (assumed). In a group that is larger, these are its
neighbours in the order of another band, where closer copies stand closer."""
MARKS_AT_ONCE = 2_000_000
"""Marks that are sorted at a time; more are looked at in as many passes as it takes."""
DEVIATIONS = 4
"""A pair whose signatures agree by so many standard errors less than the threshold is not read (1 in 30,000 lost)."""
PAIRS_AT_ONCE = 4096
"""Pairs whose signatures are compared before the file of signatures is mapped anew: each row that is looked at takes up
to 64 kB of memory with its neighbours (Linux maps what is cached around a page), as long as the mapping lives."""
TEXTS_AT_ONCE = 256
CHARACTERS_AT_ONCE = 2_000_000


@dataclass(frozen=True, slots=True)
class Copies:
    """What is known of copies: `first` is the place of the text that each one is a copy of, its own if it is kept.

    All three are [texts]; `exact` and `near` are copies that are not kept. `compared` pairs were compared by their
    texts, `unequal` of them were below the threshold. `cut` groups were too large to compare each with each.
    """

    first: Places
    exact: Flags
    near: Flags
    compared: int = 0
    unequal: int = 0
    cut: int = 0

    @property
    def kept(self) -> Flags:
        """Whether each text is the first of its cluster: [texts]."""
        return self.first == np.arange(len(self.first))

    def held_out(self, drawn: Flags) -> Flags:
        """Whether each text is held out, when `drawn` says it of its own key: as the first of its cluster is, so that
        copies that are not taken out never stand on both sides of the split; all [texts].
        """
        return drawn[self.first]


def find_copies(
    pieces: Callable[[], Iterable[Marks]], total: int, read: Read, folder: Path, near: float | None
) -> Copies:
    """Copies among `total` texts, which come in the order in which they are to be kept.

    Exact copies share a digest. Near ones have sets of shingles with a Jaccard index of at least `near`, counted on
    the texts; candidates are those that share a band of their MinHash signatures (Broder 1997; Leskovec, Rajaraman
    and Ullman, Mining of Massive Datasets, chapter 3). Copies of copies are one cluster. Which texts are in a cluster
    depends on the texts alone; their order decides only which is kept.

    `pieces` gives the marks of all texts in order, each time that it is called. `folder` holds about 450 bytes a text
    meanwhile, and the shingles of candidates. Memory: about 60 bytes a text, and 500 MB (`benchmarks.corpus_memory`;
    parts of the files that are mapped count in it). `near` None: exact copies only.
    """
    first, digests = _exact(pieces, total)
    exact = first != np.arange(total)
    if near is None:
        return Copies(first, exact, np.zeros(total, dtype=np.bool_))
    scratch = folder / ".duplicates"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    found = _Near(pieces, first, digests, near, scratch)
    flagged = found.candidates()
    found.store(flagged, read)
    found.join()
    roots = found.roots(first)
    shutil.rmtree(scratch)
    return Copies(roots, exact, (roots != np.arange(total)) & ~exact, found.compared, found.unequal, found.cut)


def bands_for(near: float) -> tuple[int, int]:
    """Bands of a signature and slots of each: the fewest candidates at which `RECALL` is kept at the threshold."""
    for size in range(16, 1, -1):
        bands = SLOTS // size
        if 1 - (1 - near**size) ** bands >= RECALL:
            return bands, size
    return SLOTS, 1


def _exact(pieces: Callable[[], Iterable[Marks]], total: int) -> tuple[Places, Hashes]:
    digests, at = np.zeros(total, dtype=np.uint64), 0
    for marks in pieces():
        digests[at : at + len(marks.digest)] = marks.digest
        at += len(marks.digest)
    assert at == total, f"{at} marks for {total} texts"
    first = np.arange(total)
    passes = max(1, -(-total // MARKS_AT_ONCE))
    for turn in range(passes):
        here = np.flatnonzero(digests % np.uint64(passes) == turn) if passes > 1 else first
        order = np.argsort(digests[here], kind="stable")
        ordered = digests[here][order]
        heads = np.maximum.accumulate(np.where(np.diff(ordered, prepend=~ordered[:1]) != 0, np.arange(len(order)), 0))
        first[here[order]] = here[order[heads]]
    return first, digests


class _Near:
    """Signatures on disk, and the clusters found so far as a forest whose roots are the smallest places."""

    def __init__(
        self, pieces: Callable[[], Iterable[Marks]], first: Places, digests: Hashes, near: float, folder: Path
    ) -> None:
        self.near, self.folder, self.digests = near, folder, digests
        self.count, self.size = bands_for(near)
        self.least = SLOTS * (near - DEVIATIONS * (near * (1 - near) / SLOTS) ** 0.5)
        self.parent = np.arange(len(first))
        self.compared = self.unequal = self.cut = 0
        self.owner = self._write(pieces, first)

    def _write(self, pieces: Callable[[], Iterable[Marks]], first: Places) -> Places:
        """Signatures and the hashes of their bands to files; returns whose each is. Exact copies are left out."""
        owners = [np.zeros(0, dtype=np.int64)]
        at = 0
        with ExitStack() as stack:
            rows = stack.enter_context((self.folder / "rows").open("wb"))
            bands = [stack.enter_context((self.folder / f"band{b}").open("wb")) for b in range(self.count)]
            for piece in pieces():
                places = np.arange(at, at + len(piece.digest))
                kept = first[places] == places
                at += len(places)
                signatures = [s if k else b"" for s, k in zip(piece.signature, kept.tolist(), strict=True)]
                owners.append(np.repeat(places, [len(s) // ROW_BYTES for s in signatures]))
                joined = b"".join(signatures)
                rows.write(joined)
                slots = np.frombuffer(joined, dtype=np.uint16).reshape(-1, SLOTS).astype(np.uint64)
                for band, file in enumerate(bands):
                    file.write(_band_hashes(slots[:, band * self.size : (band + 1) * self.size]).tobytes())
        return np.concatenate(owners)

    def _groups(self, band: int) -> Iterator[tuple[Places, Places]]:
        """Rows that share a hash of a band, so ordered that those of a group follow one another; and their groups."""
        hashes = _mapped(self.folder / f"band{band}", np.dtype(np.uint64), (len(self.owner),))
        other = _mapped(self.folder / f"band{(band + 1) % self.count}", np.dtype(np.uint64), (len(self.owner),))
        passes = max(1, -(-len(self.owner) // MARKS_AT_ONCE))
        for turn in range(passes):
            here = np.flatnonzero(hashes % np.uint64(passes) == turn) if passes > 1 else np.arange(len(hashes))
            here = here[np.argsort(hashes[here], kind="stable")]
            same = np.diff(hashes[here]) == 0
            shared = np.concatenate([[False], same]) | np.concatenate([same, [False]])
            here = here[shared[: len(here)]]
            here = here[np.lexsort((self.digests[self.owner[here]], other[here], hashes[here]))]
            yield here, np.cumsum(np.diff(hashes[here], prepend=hashes[here[:1]]) != 0)

    def _pairs(self, band: int) -> Iterator[tuple[Places, Places]]:
        """Rows that may be near copies of one another: the neighbours of each in its group, nearest first."""
        for rows, group in self._groups(band):
            for apart in range(1, WINDOW + 1):
                places = np.flatnonzero(group[apart:] == group[:-apart])
                if not len(places):
                    break
                yield rows[places], rows[places + apart]

    def candidates(self) -> Flags:
        """Whether each text is in a pair whose signatures agree well enough to look at the texts: [texts]."""
        flagged = np.zeros(len(self.parent), dtype=np.bool_)
        for band in range(self.count):
            for one, other in self._pairs(band):
                new = ~(flagged[self.owner[one]] & flagged[self.owner[other]])
                alike = self._alike(one[new], other[new])
                flagged[self.owner[one[new][alike]]] = True
                flagged[self.owner[other[new][alike]]] = True
            self.cut += self._large(band)
        return flagged

    def _large(self, band: int) -> int:
        return sum(int((np.bincount(group) > WINDOW + 1).sum()) for _, group in self._groups(band))

    def _alike(self, one: Places, other: Places) -> Flags:
        alike = np.zeros(len(one), dtype=np.bool_)
        for at in range(0, len(one), PAIRS_AT_ONCE):
            part = slice(at, at + PAIRS_AT_ONCE)
            rows = _mapped(self.folder / "rows", np.dtype(np.uint16), (len(self.owner), SLOTS))
            agreed = (rows[one[part]] == rows[other[part]]).sum(axis=1)
            alike[part] = agreed >= self.least
        return alike & (self.owner[one] != self.owner[other])

    def store(self, flagged: Flags, read: Read) -> None:
        """Shingles of the texts that are flagged, read once in their order, to files."""
        self.places = np.flatnonzero(flagged)
        counts: tuple[list[Places], list[Places]] = ([], [])
        with (self.folder / "words").open("wb") as words, (self.folder / "letters").open("wb") as letters:
            for texts in _batches(read(self.places)):
                for shingles, file, found in zip(shingles_of(texts), (words, letters), counts, strict=True):
                    file.write(shingles.hashes.tobytes())
                    found.append(np.diff(shingles.begins))
        self.shingles = [self._stored(n, c) for n, c in zip(("words", "letters"), counts, strict=True)]

    def _stored(self, name: str, counts: list[Places]) -> Shingles:
        begins = np.cumsum(np.concatenate([np.zeros(1, dtype=np.int64), *counts]))
        assert len(begins) == len(self.places) + 1, f"{len(begins) - 1} texts read of {len(self.places)}"
        return Shingles(_mapped(self.folder / name, np.dtype(np.uint64), (int(begins[-1]),)), begins)

    def join(self) -> None:
        """Put texts of one cluster together; what is in one already is not compared again."""
        for band in range(self.count):
            for one, other in self._pairs(band):
                apart = self.roots(self.owner[one]) != self.roots(self.owner[other])
                one, other = one[apart], other[apart]
                alike = self._alike(one, other)
                pairs = np.stack([self.owner[one[alike]], self.owner[other[alike]]], axis=1)
                for a, b in np.unique(np.sort(pairs, axis=1), axis=0).tolist():
                    self._compare(a, b)

    def _compare(self, one: int, other: int) -> None:
        roots = self.roots(np.array([one, other])).tolist()
        if roots[0] == roots[1]:
            return
        self.compared += 1
        if self.jaccard(one, other) >= self.near:
            self.parent[max(roots)] = min(roots)
        else:
            self.unequal += 1

    def jaccard(self, one: int, other: int) -> float:
        """The Jaccard index of two texts: by words when both are long, else by letters."""
        at = np.searchsorted(self.places, [one, other]).tolist()
        for shingles in self.shingles:
            first, second = (shingles.hashes[shingles.begins[i] : shingles.begins[i + 1]] for i in at)
            if len(first) and len(second):
                shared = len(np.intersect1d(first, second, assume_unique=True))
                return shared / (len(first) + len(second) - shared)
        return 0.0

    def roots(self, places: Places) -> Places:
        """The smallest place of the cluster of each place: [places]."""
        found = self.parent[places]
        while ((further := self.parent[found]) != found).any():
            self.parent[places] = found = further  # the way to the root becomes shorter
        return found


def _band_hashes(slots: Hashes) -> Hashes:
    """One hash for each row of slots: [rows]."""
    found = np.zeros(len(slots), dtype=np.uint64)
    for column in slots.T:
        found = mixed(found ^ column) + np.uint64(1)
    return found


def _mapped(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """A file of numbers as an array that is read as needed; an empty file cannot be mapped."""
    return np.memmap(path, dtype, "r", shape=shape) if shape[0] else np.zeros(shape, dtype)


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    characters = 0
    for text in texts:
        batch.append(text)
        characters += len(text)
        if len(batch) == TEXTS_AT_ONCE or characters >= CHARACTERS_AT_ONCE:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch
