"""Corpora for the tests of gathering, and gathering in a process of its own: `python -m … SOURCES.json FOLDER`."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from dono.artifacts import Json
from dono.corpus import Broken, Part, Row, gather, shards
from dono.corpus.source_text import read_text
from dono.project import Cleaning, Source
from dono.runners import HERE, Runner

WORDS = [
    "the",
    "parcel",
    "is",
    "late",
    "नमस्ते",
    "आपका",
    "ऑर्डर",
    "कल",
    "आएगा",
    "உங்கள்",
    "ஆர்டர்",
    "நாளை",
    "வரும்",
    "mera",
    "order",
    "kab",
    "tak",
    "aayega",
    "ಪಾರ್ಸೆಲ್",
    "క్ష্মী",
    "ക്ഷ",
    "آپ",
    "کا",
    "آرڈر",
]
KILLED = ".killed"
SHARD = 20_000
"""Bytes of a shard in these tests."""


def text_of(number: int) -> str:
    """A text of about 100 bytes, another one for another number."""
    return " ".join(WORDS[(number * 7919 + i * (1 + number % 11)) % len(WORDS)] for i in range(8)) + f" {number}"


def write_corpus(folder: Path, documents: int) -> list[Source]:
    """A jsonl file of many shards with broken lines and duplicates, small text files, a grouped table."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "a.jsonl").open("w", encoding="utf8") as out:
        for i in range(documents):
            line = json.dumps({"text": text_of(i % (documents - documents // 9))}, ensure_ascii=False)
            out.write((line[:-2] if i % 97 == 5 else line) + "\n")
    for i in range(5):
        lines = [text_of(documents + 10 * i + j) for j in range(20)] + [text_of(i)]
        (folder / f"b{i}.txt").write_text("\n".join(lines) + "\n", encoding="utf8")
    with (folder / "c.csv").open("w", encoding="utf8") as out:
        out.write("who,n,text\n")
        out.writelines(f"{i % 13},{-i},row {i} of it\n" for i in range(documents // 10))
    return [
        Source(name="a", kind="jsonl", path=str(folder / "a.jsonl")),
        Source(name="b", path=str(folder / "b*.txt")),
        Source(name="c", kind="csv", path=str(folder / "c.csv"), group_by="who", order_by="n"),
    ]


def run(sources: Sequence[Source], folder: Path, workers: int = 1, runner: Runner = HERE) -> dict[str, Json]:
    """Gather in small shards."""
    folder.mkdir(parents=True, exist_ok=True)
    shards.SHARD_BYTES = SHARD
    tests = {"intent": [text_of(3), text_of(40)]}
    cleaning = Cleaning(workers=workers)
    return gather(
        sources, tests, folder, heldout_share=0.1, seed=0, progress=lambda done, texts: None, cleaning=cleaning,
        runner=runner,
    )  # fmt: skip


def files_of(folder: Path) -> dict[str, bytes]:
    """Everything in a folder, by name."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def read_until_killed(part: Part, source: Source) -> Iterator[Row | Broken]:
    """A reader whose process is killed when it is a worker: as the kernel does when memory runs out."""
    if multiprocessing.parent_process() is not None and part.name.endswith("b3.txt"):
        os.kill(os.getpid(), signal.SIGKILL)
    return read_text(part, source)


def read_killed_once(part: Part, source: Source) -> Iterator[Row | Broken]:
    """A reader whose process is killed the first time, which it notes down beside the files."""
    mark = Path(source.path).parent / KILLED
    if part.name.endswith("b3.txt") and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return read_text(part, source)


def main(sources: Path, folder: Path, workers: int) -> None:
    """Gather, then print the peak of this process's memory in kB."""
    run([Source(**row) for row in json.loads(sources.read_text(encoding="utf8"))], folder, workers)
    # Not ru_maxrss: that begins with the peak of the process that started this one.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="utf8").splitlines())
    sys.stdout.write(status["VmHWM"].split()[0])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
