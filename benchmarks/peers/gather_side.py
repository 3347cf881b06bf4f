"""Our side of benchmarks.corpus_speed, in a process of its own so that its memory is its own.

`python -m benchmarks.peers.gather_side IN OUT TOKENIZER same|all` prints one JSON line: seconds, memory, documents
left. "same" does what datatrove does there; "all" what Dono does if nothing is said: identifiers, mixed words and
letters too.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.peers.memory import peak_bytes
from dono.corpus import gather, read_documents
from dono.project import Cleaning, Source

SAME = Cleaning(workers=1, privacy="off", count_mixed=False, unify_letters=False, markup="keep")
ALL = Cleaning(workers=1)


class Clock:
    """Seconds of the processor and of the wall, from now on, beside those of an earlier clock."""

    def __init__(self, earlier: Clock | None = None) -> None:
        self.seconds: float = earlier.seconds if earlier else 0.0
        self.wall: float = earlier.wall if earlier else 0.0
        self.began = time.process_time(), time.perf_counter()

    def stop(self) -> None:
        """Count until now."""
        self.seconds += time.process_time() - self.began[0]
        self.wall += time.perf_counter() - self.began[1]


def peak_memory() -> float:
    """The most memory that this process had so far, in MB."""
    return peak_bytes() / 2**20


def main() -> None:
    source, out, cleaning = Path(sys.argv[1]), Path(sys.argv[2]), {"same": SAME, "all": ALL}[sys.argv[4]]
    clock = Clock()
    sources = [Source(name=folder.name, path=str(folder / "in.jsonl")) for folder in sorted(source.iterdir())]
    out.mkdir(parents=True)
    survey: Any = gather(
        sources, {}, out, heldout_share=0.0, seed=0, progress=lambda done, texts: None, cleaning=cleaning
    )
    clock.stop()
    gathered = clock.seconds, peak_memory()

    from dono.tokens import load_tokenizer, write_shards  # noqa: PLC0415 (its memory is not gathering's)

    tokenizer = load_tokenizer(sys.argv[3])
    clock = Clock(clock)
    counts = write_shards(((d.text, d.language) for d in read_documents(out)), tokenizer, out / "tokens")
    clock.stop()
    left = {
        name: {"duplicates": part["duplicates"], "dropped": part["dropped"], "kept": part["documents"]}
        for name, part in survey["sources"].items()
    }
    said = {
        "seconds": clock.seconds, "wall": clock.wall, "memory": peak_memory(), "gather_seconds": gathered[0],
        "gather_memory": gathered[1], "left": left, "drops": survey["drops"], "tokens": counts.total.tokens,
    }  # fmt: skip
    print(json.dumps(said))


if __name__ == "__main__":
    main()
