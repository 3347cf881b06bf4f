"""What becomes of corpora, pilots and a full run when a process, a machine, a cable, a disk or the head is lost.

`python -m benchmarks.cluster_faults [--only NAME ...]` (needs root: a head and two workers in network namespaces)

Each work is first done on this machine without faults, then on the cluster with one; what came of it is compared:
corpora to the byte, pilots by their measurements and the verdict that this machine gives on them, the full run by its
steps. `recovery` is what the whole took longer than the same work on the same cluster without a fault: what was lost
and done again, and the time until it was noticed; for disk and head also what a person does, the command given again. A
machine that does not answer is given up after about 10 s here (Ray's own: half a minute).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.namespaces import PORT, Namespaces, can_isolate, cluster, named_in
from benchmarks.result import keep_result, kept_result
from dono.corpus.sample import write_sample

PATIENCE = 1500.0
"""Seconds until a work is given up; they are long on a busy machine."""
PROJECT = """
project: faults
corpus: [{name: bazaar, kind: jsonl, path: "bazaar/*.jsonl", rights: {ground: not_personal, purpose: [train]}}]
use_cases:
  - {name: intent, kind: classify, train: tasks/intent/train.jsonl, test: tasks/intent/test.jsonl, test_limit: 24}
routes: [scratch]
budget: {hours: 0.5, pilot_share: 0.5, pilot_scale: 0.06}
machine: {gpu: this, count: 2}
cleaning: {near_duplicates: 0.8}
scratch: {width: 64, layers: 2, heads: 2, vocabulary: 1000, context: 64}
"""
"""Pilots stop at a scale, not at a time: what a fault costs must not change which rungs there are."""


@dataclass(frozen=True)
class Work:
    """A command of Dono, the sign that it is well under way, and what came of it as text that can be compared."""

    name: str
    command: str
    under_way: Callable[[Path], bool]
    outcome: Callable[[Path], str]


def corpus_outcome(folder: Path) -> str:
    """The files of the corpus."""
    (record,) = (folder / "work/corpus").glob("*/artifact.json")
    names = ("documents.parquet", "rejects.jsonl", "drops.jsonl", "survey.json")
    return " ".join(hashlib.blake2b((record.parent / name).read_bytes()).hexdigest()[:16] for name in names)


def pilots_outcome(folder: Path) -> str:
    """Every measured value by what it is of, however long it took."""
    rows = []
    for file in sorted((folder / "work/run").glob("*/measurements.jsonl")):
        for line in file.read_text(encoding="utf8").splitlines():
            row = json.loads(line)
            named = " ".join(str(row[name]) for name in ("arm", "scale", "seed", "metric", "language"))
            rows.append(f"{named} {row['value']:.9g}")
    return "\n".join(sorted(rows))


def run_outcome(folder: Path) -> str:
    """Steps and tokens of the trunk, decay and task stage of the full run."""
    found = []
    for record in sorted((folder / "work").glob("*/*/artifact.json")):
        told = json.loads(record.read_text(encoding="utf8"))
        if told["kind"] in ("trunk", "corpus-run", "run"):
            found.append(f"{told['kind']} {told['id']} {told['result'].get('steps')} {told['result']['tokens']:g}")
    return "\n".join(found)


WORKS = {
    "corpus": Work(
        "corpus", "prepare dono.yaml",
        lambda folder: len(list(folder.glob("work/corpus/*/.shards/[0-9]*.json"))) >= 3, corpus_outcome,
    ),
    "pilots": Work(
        "pilots", "decide dono.yaml", lambda folder: any(folder.glob("work/trunk/*/trainer_log.jsonl")), pilots_outcome
    ),
    "training": Work(
        "training", "build dono.yaml --route scratch",
        lambda folder: any(folder.glob("work/trunk/*/trainer_log.jsonl")), run_outcome,
    ),
}  # fmt: skip


@dataclass
class Exam:
    """One work on a cluster, in a folder that holds what the plan needs already."""

    work: Work
    folder: Path
    net: Namespaces
    log: Path

    def begin(self) -> subprocess.Popen[bytes]:
        """Give the command on the head, in small shards."""
        code = "import dono.corpus.shards as s; s.SHARD_BYTES = 20_000; from dono.cli import main; main()"
        arguments = [*self.work.command.split(), "--on", f"{self.net.head.address}:{PORT}"]
        arguments[1] = str(self.folder / arguments[1])
        return self.net.driver(["-c", code, *arguments], self.log)

    def wait(self, process: subprocess.Popen[bytes]) -> int:
        """Its exit code."""
        try:
            return process.wait(timeout=PATIENCE)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)

    def until_under_way(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until there is something to lose."""
        until = time.monotonic() + PATIENCE
        while not self.work.under_way(self.folder):
            assert process.poll() is None, self.log.read_text(errors="replace")[-3000:]
            assert time.monotonic() < until, "it never got under way"
            time.sleep(0.05)


def kill_process(exam: Exam, process: subprocess.Popen[bytes]) -> None:
    """SIGKILL a worker process as soon as one is seen at work."""
    part = "ray::Member" if exam.work.name == "training" else "ray::_do"
    while process.poll() is None:
        for machine in reversed(exam.net.workers):
            for pid in named_in(machine.name, part)[:1]:
                os.kill(pid, signal.SIGKILL)
                return
    raise AssertionError("nothing to kill")


def cut_off(exam: Exam, _: subprocess.Popen[bytes]) -> None:
    """Pull the cable of a worker; its processes go on for a while, and write."""
    exam.net.workers[-1].cut_off()


def power_cut(exam: Exam, _: subprocess.Popen[bytes]) -> None:
    """All of a machine at once."""
    exam.net.stop(exam.net.workers[-1])


def head_lost(exam: Exam, process: subprocess.Popen[bytes]) -> None:
    """The head is killed and started again, and the workers with it, as their old cluster is gone."""
    head = exam.net.head
    assert head.process is not None
    for pid in named_in(head.name, "gcs_server"):
        os.kill(pid, signal.SIGKILL)
    process.wait(timeout=PATIENCE)
    for machine in (head, *exam.net.workers):
        exam.net.stop(machine)
    exam.net.start_all()


def disk_full(exam: Exam, process: subprocess.Popen[bytes]) -> None:
    """The work folder's disk is made as small as what is on it, and large again after the command has ended."""
    work = str(exam.folder / "work")
    used = shutil.disk_usage(work).used
    subprocess.run(["mount", "-o", f"remount,size={used + 65536}", work], check=True)
    process.wait(timeout=PATIENCE)
    subprocess.run(["mount", "-o", "remount,size=500m", work], check=True)


FAULTS: dict[str, tuple[Callable[[Exam, subprocess.Popen[bytes]], None], tuple[str, ...], bool]] = {
    "process killed": (kill_process, ("corpus", "pilots", "training"), False),
    "cable pulled": (cut_off, ("corpus", "pilots", "training"), False),
    "machine lost": (power_cut, ("corpus",), False),
    "disk full": (disk_full, ("corpus",), True),
    "head restarted": (head_lost, ("corpus", "pilots"), True),
}
"""What happens, to which works, and whether the command ends and is given again."""


def examined(exam: Exam, fault: str | None, expected: str) -> dict[str, object]:
    """One fault (or none) in one work: whether it came out right, how long it took, what was said."""
    began, process, said = time.monotonic(), exam.begin(), ""
    if fault is not None:
        happen, _, again = FAULTS[fault]
        exam.until_under_way(process)
        happen(exam, process)
        if again:
            assert exam.wait(process) != 0, "it ended as if nothing had happened"
            said = last_line(exam.log)
            process = exam.begin()
    code = exam.wait(process)
    same = code == 0 and exam.work.outcome(exam.folder) == expected
    log = {} if same else {"log": exam.log.read_text(encoding="utf8", errors="replace")[-1500:]}
    return {"same": same, "seconds": round(time.monotonic() - began, 1), "said": said, **log}


def last_line(log: Path) -> str:
    """What the command said in the end."""
    lines = [line for line in log.read_text(encoding="utf8", errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else ""


def prepared(scratch: Path, name: str) -> Path:
    """The project's folder as all works begin with it: sample data and, for training, what is made before it."""
    folder = scratch / name
    write_sample(folder, scale=0.3)
    (folder / "dono.yaml").write_text(PROJECT, encoding="utf8")
    return folder


def alone(work: Work, folder: Path) -> None:
    """The work on this machine, in this folder."""
    code = "import dono.corpus.shards as s; s.SHARD_BYTES = 20_000; from dono.cli import main; main()"
    command = [sys.executable, "-c", code, *work.command.split()]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def without(folder: Path, copy: Path, kinds: tuple[str, ...]) -> Path:
    """A copy of a project without what of these kinds was made; its work folder is a disk of its own."""
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("work"))
    (copy / "work").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=500m", "tmpfs", str(copy / "work")], check=True)
    for made in sorted((folder / "work").iterdir()) if (folder / "work").is_dir() else ():
        if made.name not in kinds and made.is_dir():
            shutil.copytree(made, copy / "work" / made.name)
    return copy


MADE = {
    "corpus": ("corpus", "tokenizer", "tokens"),
    "pilots": ("run", "trunk", "corpus-run", "verdict", "model"),
    "training": ("run", "trunk", "corpus-run", "verdict", "model"),
}
"""What each work makes, which is not there when it begins on the cluster. The project's key stays (in `rights`): the
names of documents are made with it."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=sorted(WORKS), help="These works alone (repeatable).")
    asked = parser.parse_args()
    if why := can_isolate():
        print(f"skipped: {why}")
        print('RESULT {"skipped": true}')
        return
    os.environ["OMP_NUM_THREADS"] = "1"
    result: dict[str, object] = {}
    for name in asked.only or sorted(WORKS):
        work = WORKS[name]
        with tempfile.TemporaryDirectory() as base:
            place = prepared(Path(base), "project")
            alone(work, place)
            folder = place.rename(Path(base) / "alone")  # a document's name holds its path: all work at the same one
            expected = work.outcome(folder)
            faults = [None, *(fault for fault, (_, works, _) in FAULTS.items() if name in works)]
            usual = 0.0
            for number, fault in enumerate(faults):
                scratch = Path(base) / f"c{number}"
                scratch.mkdir()
                copy = without(folder, place, MADE[name])
                try:
                    with cluster(scratch) as net:
                        found = examined(Exam(work, copy, net, scratch / "log"), fault, expected)
                finally:
                    subprocess.run(["umount", "-l", str(copy / "work")], check=False)
                    shutil.rmtree(copy)
                usual = usual or float(str(found["seconds"]))
                found["recovery"] = round(max(0.0, float(str(found["seconds"])) - usual), 1)
                result[f"{name}: {fault or 'no fault'}"] = found
                print(f"{name:9s} {fault or 'no fault':16s} same {found['same']!s:5s} {found['seconds']:7.1f} s "
                      f"recovery {found['recovery']:6.1f} s  {found['said']}", flush=True)  # fmt: skip
    keep_result("cluster_faults", kept_result("cluster_faults") | result)  # uses that were not asked for stay


if __name__ == "__main__":
    main()
