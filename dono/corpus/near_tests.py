"""Texts of which most short runs of words stand close together in a document: near copies of tests."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from dono.corpus.matching import Hashes, Known, Places

SHARE = 0.5
"""Share of a test's runs that must be there (assumed). One word in thirteen changed leaves 8 of 13 runs of five."""
SHARED = 32
"""A run that more tests have is a form of words ("user hello how can I"), no evidence of any of them (assumed)."""
STRETCH = 1.5
"""Within so many times the length of the test (assumed)."""


class NearTests:
    """Runs of words of tests. A test with fewer than `least` runs of its own is not sought, and is not found by fewer
    than `enough` of them.
    """

    def __init__(self, least: int, enough: int) -> None:
        self.least, self.enough = least, enough
        self.names: list[str] = []
        self.runs: list[Hashes] = []

    def add(self, name: str, runs: Hashes) -> None:
        """One more test of a use case, by the hashes of its runs."""
        runs = np.unique(runs)
        if len(runs) >= self.least:
            self.names.append(name)
            self.runs.append(runs)

    def close(self) -> None:
        """Make ready to be searched: no test can be added after."""
        sizes = [len(r) for r in self.runs]
        runs = np.concatenate([np.zeros(0, dtype=np.uint64), *self.runs])
        tests = np.repeat(np.arange(len(self.runs)), sizes)
        order = np.argsort(runs, kind="stable")
        runs, tests = runs[order], tests[order]
        times = np.searchsorted(runs, runs, "right") - np.searchsorted(runs, runs, "left")
        own = np.bincount(tests[times <= SHARED], minlength=len(sizes))
        kept = (times <= SHARED) & (own >= self.least)[tests] if len(runs) else times > 0
        self.tests = tests[kept]
        self.known = Known(runs[kept])
        self.begins = np.searchsorted(runs[kept], np.append(self.known.keys, np.uint64(2**64 - 1)))
        self.begins[-1:] = len(self.tests)
        self.need = np.array([max(self.enough, math.ceil(SHARE * n)) for n in own.tolist()], dtype=np.int64)
        self.span = np.array([int(STRETCH * n) + 8 for n in sizes], dtype=np.int64)
        self.runs = []

    def found(self, runs: Hashes, starts: Places, text: Places) -> Iterator[tuple[int, str]]:
        """Text and use case of each near copy. `starts` are the places of runs among words, `text` is of each run."""
        at, which = self.known.find(runs)
        counts = self.begins[which + 1] - self.begins[which]
        first = np.cumsum(counts) - counts
        within = np.arange(int(counts.sum())) - np.repeat(first, counts)
        tests = self.tests[np.repeat(self.begins[which], counts) + within]
        hits = np.repeat(at, counts)
        order = np.lexsort((hits, tests))
        hits, tests = hits[order], tests[order]
        last = np.arange(len(hits)) + self.need[tests] - 1
        ahead = np.minimum(last, len(hits) - 1)
        close = (last < len(hits)) & (tests[ahead] == tests) & (text[hits[ahead]] == text[hits])
        close &= starts[hits[ahead]] - starts[hits] <= self.span[tests]
        done: set[tuple[int, int]] = set()
        for hit in np.flatnonzero(close).tolist():
            key = (int(text[hits[hit]]), int(tests[hit]))
            if key not in done and self._distinct(runs, starts, text, hits, tests, hit):
                done.add(key)
                yield key[0], self.names[key[1]]

    def _distinct(self, runs: Hashes, starts: Places, text: Places, hits: Places, tests: Places, first: int) -> bool:
        """Whether enough different runs of a test stand close after a hit; a run that is repeated counts once."""
        test = tests[first]
        end = int(np.searchsorted(tests, test, "right"))
        end = first + int(np.searchsorted(starts[hits[first:end]], starts[hits[first]] + self.span[test], "right"))
        near = hits[first:end]
        return len(np.unique(runs[near[text[near] == text[hits[first]]]])) >= self.need[test]
