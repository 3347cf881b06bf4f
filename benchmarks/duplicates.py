"""Near copies: signatures and clusters per second against datasketch, recall of both by counting every pair.

`python -m benchmarks.duplicates [--texts 2000] [--scale 0]`. The texts are made here: random words of a vocabulary of
20,000 in five scripts, families of four with edits. `--scale N` also finds the copies among N made-up signatures, for
time and memory. Times are processor seconds of one core, so that other work on the machine counts little.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from datasketch import MinHash, MinHashLSH

from benchmarks.result import keep_result
from dono.corpus import Marks, find_copies, marks_of
from dono.corpus.contamination import words
from dono.corpus.matching import Places
from dono.corpus.shingles import ROW_BYTES, SHINGLE

NEAR, WORDS, BATCH = 0.8, 200, 512
ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyz", "कखगघचछजटठडतथदधनपफबभमयरलवसह", "கஙசஞடணதநபமயரலவழளறன", "কখগঘচছজটঠডতথদধনপফবভমযরলশসহ",
    "കഖഗഘചഛജടഠഡതഥദധനപഫബഭമയരലവശസഹ",
)  # fmt: skip


def made_texts(count: int) -> list[str]:
    """Families of four texts with a few words changed."""
    rng = random.Random(0)
    vocabularies = [["".join(rng.choices(a, k=rng.randrange(2, 8))) for _ in range(20_000)] for a in ALPHABETS]
    texts = []
    for family in range(count // 4):
        vocabulary = vocabularies[family % len(vocabularies)]
        base = rng.choices(vocabulary, k=WORDS)
        for share in (0.0, 0.01, 0.02, 0.04):
            texts.append(" ".join(rng.choice(vocabulary) if rng.random() < share else w for w in base))
    rng.shuffle(texts)
    return texts


def shingles(text: str) -> set[str]:
    """Word 5-grams as datasketch's users write them, with our words."""
    found = words(text)
    return {" ".join(found[i : i + SHINGLE]) for i in range(len(found) - SHINGLE + 1)}


def ours(texts: Sequence[str], folder: Path) -> tuple[float, float, list[int]]:
    """Seconds for signatures, seconds for clusters, the first of each text's cluster."""
    marks_of(texts[:8], True)  # tables of characters are made once
    began = time.process_time()
    marks = [marks_of(texts[i : i + BATCH], True) for i in range(0, len(texts), BATCH)]
    signed = time.process_time()

    def read(places: Places) -> Iterator[str]:
        return (texts[place] for place in places.tolist())

    copies = find_copies(lambda: marks, len(texts), read, folder, NEAR)
    return signed - began, time.process_time() - signed, copies.first.tolist()


def theirs(texts: Sequence[str]) -> tuple[float, float, list[int]]:
    """The same with datasketch: 128 permutations, LSH at the threshold, candidates taken as they come."""
    began = time.process_time()
    signatures = []
    for text in texts:
        signature = MinHash(num_perm=128)
        signature.update_batch([s.encode() for s in shingles(text)])
        signatures.append(signature)
    signed = time.process_time()
    index = MinHashLSH(threshold=NEAR, num_perm=128)
    first = list(range(len(texts)))
    for place, signature in enumerate(signatures):
        first[place] = min([first[int(i)] for i in index.query(signature)], default=place)
        index.insert(place, signature)
    return signed - began, time.process_time() - signed, first


def judged(first: Sequence[int], sets: Sequence[set[str]], near: Sequence[tuple[int, int]]) -> dict[str, float]:
    """Recall of pairs above the threshold, and the share of dropped texts that are near no text at all."""
    dropped = [place for place, root in enumerate(first) if root != place]
    some = {place for pair in near for place in pair}
    return {
        "recall": sum(first[a] == first[b] for a, b in near) / len(near),
        "dropped_without_a_near_copy": sum(place not in some for place in dropped) / max(1, len(dropped)),
    }


def scaled(count: int, folder: Path) -> dict[str, float]:
    """Copies among made-up signatures, a tenth of them equal to another's; no text is like another."""
    rng = np.random.default_rng(0)
    pool = [rng.bytes(ROW_BYTES) for _ in range(1000)]

    def pieces() -> Iterator[Marks]:
        made = np.random.default_rng(1)
        for start in range(0, count, 20_000):
            size = min(20_000, count - start)
            data = made.bytes(size * ROW_BYTES)
            rows = [data[i * ROW_BYTES : (i + 1) * ROW_BYTES] for i in range(size)]
            rows[:: 10 * 100] = [pool[i % len(pool)] for i in range(len(rows[:: 10 * 100]))]
            yield Marks(np.arange(start, start + size, dtype=np.uint64), rows)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    copies = find_copies(pieces, count, lambda places: (f"text {p}" for p in places.tolist()), folder, NEAR)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = time.process_time() - began
    return {
        "texts": count, "seconds": seconds, "peak_mb": peak / 1024, "before_mb": before / 1024,
        "compared": copies.compared, "cut": copies.cut,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--scale", type=int, default=0)
    chosen = parser.parse_args()
    result: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        if chosen.scale:
            result["scale"] = scaled(chosen.scale, Path(folder))
            print(result["scale"])
        texts = made_texts(chosen.texts)
        sets = [shingles(t) for t in texts]
        near = [
            (a, b)
            for a, b in combinations(range(len(texts)), 2)
            if sets[a] & sets[b] and len(sets[a] & sets[b]) >= NEAR * len(sets[a] | sets[b])
        ]
        size = sum(len(t.encode()) for t in texts) / 1e6
        for name, (signing, joining, first) in {"dono": ours(texts, Path(folder)), "datasketch": theirs(texts)}.items():
            row = {
                "texts_per_second_signatures": len(texts) / signing,
                "texts_per_second_all": len(texts) / (signing + joining),
                "mb_per_second_all": size / (signing + joining),
                **judged(first, sets, near),
            }
            result[name] = row
            print(f"{name:12}" + "  ".join(f"{key} {value:,.4g}" for key, value in row.items()))
    keep_result("duplicates", result)


if __name__ == "__main__":
    main()
