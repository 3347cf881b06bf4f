"""What the Ray runner costs over the local one on the same work, and what a second worker brings.

`python -m benchmarks.cluster [--megabytes 40] [--pilots 8] [--rounds 2]`

Corpora: JSON lines of Hindi, English and Tamil (as in `benchmarks.corpus_speed`) are gathered as a project would gather
them, filters, ledger, exact and near copies, in shards of 1 MB (32 MB in a project, of which there are many), then cut
into tokens. Pilots: small models trained for a fixed number of steps, one thread each; torch is loaded for them alone,
since a process that is started for a corpus loads what this file does.

The cluster is started before the clock and its workers are warm, as on one that stands; how long the start took is told
beside. Each round runs all sides one after another; the best of the rounds counts, since other work on the machine only
ever slows down. `overhead` is that of one worker of Ray over the same work in this process, on corpora;
`overhead_of_two` that of two over two local processes, which are started for each corpus. `scaling_2` is Ray's one
worker over its two, on corpora: what is done once at the end (copies, documents in their order) is part of it, and
`shards_scaling_2` leaves that out. `machine_scaling_2` is what this machine has to give: two warm processes that share
nothing gather the whole corpus each, and twice the work of one in their time is 2.0 where two cores do not slow each
other down. What is written is compared to the byte.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks.corpus_speed import LANGUAGES, TEXT, written
from benchmarks.result import keep_result
from dono.corpus import gather, shards
from dono.project import Cleaning, Source
from dono.runners import HERE, Needs, Runner, open_runner

SHARD = 1_000_000


def gathered(sources: Sequence[Source], folder: Path, runner: Runner, workers: int) -> tuple[float, float, str]:
    """Seconds of a gathering, those of its shards alone, and what was written as a hash."""
    folder.mkdir()
    shards.SHARD_BYTES = SHARD
    began, all_read = time.monotonic(), 0.0
    total = sum(path.stat().st_size for source in sources for path in Path(source.path).parent.glob("*.jsonl"))

    def progress(done: float, texts: int) -> None:
        nonlocal all_read
        if done >= total and not all_read:
            all_read = time.monotonic()

    gather(
        sources, {}, folder, heldout_share=0.02, seed=0, progress=progress, cleaning=Cleaning(workers=workers),
        runner=runner,
    )  # fmt: skip
    ended = time.monotonic()
    files = hashlib.blake2b(b"".join(p.read_bytes() for p in sorted(folder.iterdir()) if p.is_file())).hexdigest()
    return ended - began, (all_read or ended) - began, files


def piloted(tokenizer: Path, many: int, runner: Runner, workers: int) -> float:
    """Seconds of so many pilots, `workers` at a time."""
    piloting = importlib.import_module("benchmarks.peers.pilot_work").piloting
    began, left, found = time.monotonic(), list(range(many)), dict[int, float]()
    with runner.crew(piloting, tokenizer, needs=Needs(), note=lambda _: None) as crew:
        under_way = 0
        while len(found) < many:
            while left and under_way < min(workers, crew.slots):
                crew.begin(left[-1], left.pop())
                under_way += 1
            done = dict(crew.finished(0.2))
            found |= done
            under_way -= len(done)
    return time.monotonic() - began


def best(rounds: int, sides: dict[str, Callable[[int], tuple[float, ...]]]) -> dict[str, tuple[float, ...]]:
    """The fastest round of each side, the sides run in turn."""
    found: dict[str, tuple[float, ...]] = {}
    for number in range(rounds):
        for name, side in sides.items():
            took = side(number)
            found[name] = min(found.get(name, took), took)
            print(f"round {number + 1}  {name:16s} {took[0]:8.2f} s", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", type=Path, default=TEXT)
    parser.add_argument("--megabytes", type=float, default=40.0)
    parser.add_argument("--pilots", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=2)
    asked = parser.parse_args()
    if not asked.text.is_dir():
        print(f"skipped: no text at {asked.text}")
        print('RESULT {"skipped": true}')
        return
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as name:
        folder, hashes = Path(name), set[str]()
        _, size = written(asked.text, folder, asked.megabytes * 1e6)
        sources = [Source(name=c, kind="jsonl", path=str(folder / f"in/{c}/*.jsonl"), language=c) for c in LANGUAGES]
        began = time.monotonic()
        ray = open_runner("local", folder)
        started = time.monotonic() - began
        piloted(folder / "tokenizer", 2, ray, 2)  # warm
        kinds = {"local 2": (HERE, 2), "ray 1": (ray, 1), "ray 2": (ray, 2), "local 1": (HERE, 1)}

        def corpus(name: str, runner: Runner, workers: int) -> Callable[[int], tuple[float, ...]]:
            def side(number: int) -> tuple[float, ...]:
                seconds, alone, hash_ = gathered(sources, folder / f"{name} {number}", runner, workers)
                hashes.add(hash_)
                return seconds, alone

            return side

        def pilot(runner: Runner, workers: int) -> Callable[[int], tuple[float, ...]]:
            return lambda number: (piloted(folder / "tokenizer", asked.pilots, runner, workers),)

        def apart(number: int) -> tuple[float, ...]:
            folders = [folder / f"apart {number} {i}" for i in range(2)]
            pairs = list(pool.map(gathered, [sources] * 2, folders, [HERE] * 2, [1] * 2))
            hashes.update(hash_ for _, _, hash_ in pairs)
            return max(seconds for seconds, _, _ in pairs), max(alone for _, alone, _ in pairs)

        with ProcessPoolExecutor(2, get_context("spawn")) as pool:
            list(pool.map(len, [sources] * 2))  # both are there, this file and what it loads with them
            sides = {name: corpus(name, *kind) for name, kind in kinds.items()} | {"apart 2": apart}
            corpora = best(asked.rounds, sides)
        pilots = best(asked.rounds, {name: pilot(*kinds[name]) for name in ("local 1", "ray 1", "ray 2")})
        ray.close()
    assert len(hashes) == 1, "what was written differs"
    for name in kinds:
        rate = pilots.get(name)
        told = "" if rate is None else f"{asked.pilots / rate[0] * 3600:8,.0f} pilots an hour"
        print(f"{name:8s} {size / 1e6 / corpora[name][0]:7.2f} MB/s  {told}")
    result = {
        "overhead": round(corpora["ray 1"][0] / corpora["local 1"][0] - 1, 3),
        "scaling_2": round(corpora["ray 1"][0] / corpora["ray 2"][0], 2),
        "shards_scaling_2": round(corpora["ray 1"][1] / corpora["ray 2"][1], 2),
        "machine_scaling_2": round(2 * corpora["local 1"][0] / corpora["apart 2"][0], 2),
        "local_scaling_2": round(corpora["local 1"][0] / corpora["local 2"][0], 2),
        "overhead_of_two": round(corpora["ray 2"][0] / corpora["local 2"][0] - 1, 3),
        "pilots_overhead": round(pilots["ray 1"][0] / pilots["local 1"][0] - 1, 3),
        "pilots_scaling_2": round(pilots["ray 1"][0] / pilots["ray 2"][0], 2),
        "shards_megabytes_per_second": round(size / 1e6 / corpora["ray 2"][1], 3),
        "once_megabytes_per_second": round(size / 1e6 / (corpora["ray 2"][0] - corpora["ray 2"][1]), 2),
        "megabytes_per_second": {name: round(size / 1e6 / corpora[name][0], 3) for name in kinds},
        "pilots_per_hour": {name: round(asked.pilots / took[0] * 3600) for name, took in pilots.items()},
        "start_seconds": round(started, 1),
        "cores": len(os.sched_getaffinity(0)),
    }  # fmt: skip
    keep_result("cluster", result)


if __name__ == "__main__":
    main()
