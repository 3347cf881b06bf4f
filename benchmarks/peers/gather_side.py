"""Our side of benchmarks.corpus_speed, in a process of its own so that its memory is its own.

`python -m benchmarks.peers.gather_side IN OUT TOKENIZER same|all` prints one JSON line: seconds, memory, documents left.
"same" does what datatrove does there; "all" what Dono does if nothing is said: identifiers, mixed words and letters too.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from dono.corpus import gather, read_documents
from dono.project import Cleaning, Source
from dono.tokens import load_tokenizer, write_shards

SAME = Cleaning(workers=1, privacy="off", count_mixed=False, unify_letters=False, markup="keep")
ALL = Cleaning(workers=1)


def main() -> None:
    source, out, cleaning = Path(sys.argv[1]), Path(sys.argv[2]), {"same": SAME, "all": ALL}[sys.argv[4]]
    tokenizer = load_tokenizer(sys.argv[3])
    began, wall = time.process_time(), time.perf_counter()
    sources = [Source(name=folder.name, path=str(folder / "in.jsonl")) for folder in sorted(source.iterdir())]
    out.mkdir(parents=True)
    survey: Any = gather(
        sources, {}, out, heldout_share=0.0, seed=0, progress=lambda done, texts: None, cleaning=cleaning
    )
    gathered = time.process_time() - began
    counts = write_shards(((d.text, d.language) for d in read_documents(out)), tokenizer, out / "tokens")
    times = os.times()
    seconds = time.process_time() - began + times.children_user + times.children_system
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    left = {
        name: {"duplicates": part["duplicates"], "dropped": part["dropped"], "kept": part["documents"]}
        for name, part in survey["sources"].items()
    }
    print(
        json.dumps(
            {
                "seconds": seconds, "wall": time.perf_counter() - wall, "memory": int(peak.split()[1]) / 1024,
                "left": left, "drops": survey["drops"], "gather_seconds": gathered, "tokens": counts.total.tokens,
            }
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()
