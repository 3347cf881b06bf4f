"""Peak memory of gathering: what every process needs while it reads, and the stage that sees all texts once.

`python -m benchmarks.corpus_memory [--documents 8000000] [--megabytes 50,200,800] [--text DIR]`

*Once*: copies, exact and near, are found among so many documents, and these are joined to one corpus. The documents are
made: of each hundred five are equal to an earlier one, two are one with a word changed (their marks are the real ones),
the others have random signatures and a short text. What is counted by the text is so for the copies alone; what is
counted by the document, which is what grows, is so for all.

*Reading*: real text, 15 lines of a language drawn at random for a document, so that copies are few; one process.

Each in a process of its own; memory is its peak (VmHWM, files that are mapped included). A corpus of 10 GB is 8 million
documents of 1.2 kB. RESULT: `peak_gb` is the larger of the two, `once` and `reading` have the figures.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.peers.gather_side import peak_memory
from benchmarks.result import keep_result
from dono.corpus import LocalFile, gather, marks_of
from dono.corpus.documents import GroupWriter
from dono.corpus.engine import MARKS, SCHEMA, Recipe, ShardRecord, shard_files
from dono.corpus.join import join_shards
from dono.corpus.shards import Shard
from dono.corpus.shingles import ROW_BYTES
from dono.project import Cleaning, Source

TEXT = Path(__file__).resolve().parents[1].parent / "shared/corpora/text"
SHARD_DOCUMENTS, BATCH = 25_000, 1000
COPIES, NEAR = 5, 2
"""Of each hundred documents: equal to an earlier one, and nearly so."""
VOCABULARY, WORDS = [f"w{number}" for number in range(20_000)], 60
LINES = 15
MEGABYTE = 1_000_000
SAME = {"language": "en", "file": "made.txt", "id": "", "held": False, "tested": [], "found": []}
"""What all made documents have."""
SOURCES = (Source(name="made", path="made.txt"),)


def made_texts(rng: random.Random, first: int) -> tuple[list[str], list[bytes], np.ndarray]:
    """`BATCH` texts from number `first` on: texts, signatures, digests. Copies are of a text of the same batch."""
    page = [" ".join(rng.choices(VOCABULARY, k=WORDS)) for _ in range(BATCH // 100 * NEAR)]
    changed = [text.replace(" ", f" w{first} ", 1) for text in page]
    real = marks_of([*page, *changed], near=True)
    rest = BATCH - 2 * len(page) - BATCH // 100 * COPIES
    raw = rng.randbytes(rest * ROW_BYTES)
    texts = [*page, *changed, *(f"text {first + i}" for i in range(rest))]
    signatures = [*real.signature, *(raw[i * ROW_BYTES : (i + 1) * ROW_BYTES] for i in range(rest))]
    digests = np.concatenate([real.digest, np.frombuffer(rng.randbytes(8 * rest), dtype=np.uint64)])
    again = range(BATCH // 100 * COPIES)
    return [*texts, *(texts[i] for i in again)], [*signatures, *(signatures[i] for i in again)], np.append(
        digests, digests[: len(again)]
    )  # fmt: skip


def made_shards(folder: Path, documents: int) -> None:
    """Shards of made documents, as a gathering leaves them before they are joined."""
    rng = random.Random(0)
    for number in range(documents // SHARD_DOCUMENTS):
        files = shard_files(folder, number)
        with GroupWriter(files["texts"], SCHEMA) as texts, GroupWriter(files["marks"], MARKS, "none") as marks:
            for first in range(number * SHARD_DOCUMENTS, (number + 1) * SHARD_DOCUMENTS, BATCH):
                words, signatures, digests = made_texts(rng, first)
                marks.add(pa.table({"mark": digests, "signature": signatures}, schema=MARKS))
                columns = {field.name: pa.array([SAME.get(field.name)] * BATCH, field.type) for field in SCHEMA}
                texts.add(pa.table(columns | {"text": words, "line": range(first, first + BATCH)}, schema=SCHEMA))
        files["rejects"].touch()
        files["drops"].write_text("[]", encoding="utf8")


def once(folder: Path, documents: int) -> dict[str, Any]:
    """Join the made shards."""
    recipe = Recipe(SOURCES, {}, Cleaning(workers=1), 0.05, 0, folder)
    count = documents // SHARD_DOCUMENTS
    shards = [Shard(number, 0, (LocalFile(folder / "made.txt"),)) for number in range(count)]
    records = [ShardRecord(SHARD_DOCUMENTS, 0, 0, {}, {}, []) for _ in shards]
    (folder / "out").mkdir()
    before, began, wall = peak_memory(), time.process_time(), time.perf_counter()
    survey: Any = join_shards(recipe, shards, records, folder / "out")
    return {
        "documents": documents, "peak_mb": round(peak_memory()), "before_mb": round(before),
        "seconds": round(time.process_time() - began, 1), "wall_seconds": round(time.perf_counter() - wall, 1),
        "kept": survey["documents"], "exact": survey["duplicates"], "near": survey["dropped"], **survey["near_copies"],
    }  # fmt: skip


def drawn_text(text: Path, out: Path, megabytes: int) -> None:
    """Documents of lines drawn at random, about so many megabytes, a file a language."""
    folders = [folder for folder in sorted(text.iterdir()) if folder.is_dir()]
    rng = random.Random(0)
    for folder in folders:
        lines = [line for file in sorted(folder.glob("*.txt")) for line in _lines(file)]
        left = megabytes * MEGABYTE / len(folders)
        with (out / f"{folder.name}.jsonl").open("w", encoding="utf8") as file:
            while left > 0:
                row = json.dumps({"text": "\n".join(rng.choices(lines, k=LINES))}, ensure_ascii=False) + "\n"
                file.write(row)
                left -= len(row.encode())


def _lines(file: Path) -> Iterator[str]:
    return (line for line in file.read_text(encoding="utf8").split("\n") if line.strip())


def reading(folder: Path) -> dict[str, Any]:
    """Gather the drawn text, with one process."""
    sources = [Source(name=f.stem, kind="jsonl", path=str(f)) for f in sorted(folder.glob("*.jsonl"))]
    size = sum(Path(source.path).stat().st_size for source in sources)
    (folder / "out").mkdir()
    began = time.process_time()
    survey: Any = gather(
        sources, {}, folder / "out", heldout_share=0.05, seed=0, progress=lambda *_: None, cleaning=Cleaning(workers=1)
    )
    seconds = time.process_time() - began
    return {
        "megabytes": round(size / MEGABYTE), "documents": survey["documents"], "peak_mb": round(peak_memory()),
        "seconds": round(seconds, 1), "megabytes_per_second": round(size / MEGABYTE / seconds, 2),
    }  # fmt: skip


def apart(part: str, folder: Path, size: int) -> dict[str, Any]:
    """A part in a process of its own; its figures."""
    command = [sys.executable, "-m", "benchmarks.corpus_memory", "--part", part, str(folder), str(size)]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    print(f"{part}: " + ", ".join(f"{name} {value:,}" for name, value in found.items()), flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=8_000_000)
    parser.add_argument("--megabytes", default="50,200,800")
    parser.add_argument("--text", type=Path, default=TEXT)
    parser.add_argument("--part", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.part:
        part, folder, size = asked.part
        print(json.dumps(once(Path(folder), int(size)) if part == "once" else reading(Path(folder))))
        return
    result: dict[str, Any] = {"once": [], "reading": []}
    if asked.documents:
        with tempfile.TemporaryDirectory() as name:
            made_shards(Path(name), asked.documents)
            result["once"].append(apart("once", Path(name), asked.documents))
    for size in (int(s) for s in asked.megabytes.split(",") if s and asked.text.is_dir()):
        with tempfile.TemporaryDirectory() as name:
            drawn_text(asked.text, Path(name), size)
            result["reading"].append(apart("reading", Path(name), size))
    result["peak_gb"] = round(max(one["peak_mb"] for one in (*result["once"], *result["reading"])) / 1024, 2)
    keep_result("corpus_memory", result)


if __name__ == "__main__":
    main()
