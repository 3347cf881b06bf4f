"""A work folder as the pages read it: what is sealed, half-finished, being done. Anything in it may vanish."""

from __future__ import annotations

import json
import math
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from dono.artifacts import (
    LOG,
    Artifact,
    Holder,
    Measurement,
    Row,
    holder_of,
    read_artifact,
    read_begun,
    read_log_from,
    read_measurements,
)
from dono.decisions import GROUNDS, Grounds, Verdict, read_grounds
from dono.errors import Mistake
from dono.studio.survey import PAGE, CorpusSurvey, read_survey

RECORD, BEGUN, PROGRESS = "artifact.json", ".begun.json", "progress.json"
LEARNING = ("trunk", "corpus-run", "run")
"""Kinds of artifacts that learn step by step, or are measured."""
SHOWN = ("step", "total", "loss", "bits_per_byte", "seconds")
"""What is kept of each step."""


@dataclass(frozen=True)
class Progress:
    """How far a command was when it last said so: `done` of `total` after `elapsed` seconds, at `at` (since 1970)."""

    title: str
    done: float
    total: float
    elapsed: float
    note: str
    at: float

    @property
    def share(self) -> float:
        """The part that is done."""
        return min(1.0, self.done / self.total) if self.total > 0 else 0.0

    @property
    def left(self) -> float | None:
        """Seconds to go at the pace so far; None before anything is done."""
        return self.elapsed * max(0.0, self.total - self.done) / self.done if self.done > 0 else None


@dataclass(frozen=True)
class Judged:
    """The newest verdict with what it was judged by (None: by an older Dono, which did not keep it)."""

    verdict: Verdict
    artifact: Artifact
    grounds: Grounds | None


@dataclass
class Tail:
    """What was read of a log: the file that it was, the byte where the next row begins, the rows."""

    inode: int
    offset: int = 0
    rows: list[Row] = field(default_factory=list)


@dataclass
class WorkFolder:
    """Reads of one folder, each file again only when it has changed. `damaged` are records that cannot be read."""

    root: Path
    damaged: list[str] = field(default_factory=list)
    _records: dict[Path, tuple[int, Artifact | None]] = field(default_factory=dict)
    _logs: dict[Path, Tail] = field(default_factory=dict)
    _measured: dict[tuple[Path, str], list[Measurement]] = field(default_factory=dict)
    _judged: Judged | None = None
    _mutex: threading.Lock = field(default_factory=threading.Lock)
    _reading: threading.Lock = field(default_factory=threading.Lock)

    def sealed(self) -> list[Artifact]:
        """Every finished artifact, the earliest first."""
        with self._mutex:
            found: dict[Path, tuple[int, Artifact | None]] = {}
            self.damaged = []
            for record in self.root.glob(f"*/*/{RECORD}"):
                try:
                    stamp = record.stat().st_mtime_ns
                    known = self._records.get(record)
                    found[record] = known if known and known[0] == stamp else (stamp, read_artifact(record.parent))
                except OSError:
                    continue  # taken away this instant
                except (Mistake, KeyError, TypeError):
                    self.damaged.append(str(record.relative_to(self.root)))
            self._records = found
        rows = [artifact for _, artifact in found.values() if artifact is not None]
        return sorted(rows, key=lambda a: (str(a.made_by.get("when", "")), a.kind, a.id))

    def begun(self) -> list[Artifact]:
        """What is being made, or was when it was stopped, the earliest first."""
        folders = [file.parent for file in self.root.glob(f"*/*/{BEGUN}")]
        found = [read_begun(folder) for folder in folders if not (folder / RECORD).is_file()]
        return sorted((a for a in found if a is not None), key=lambda a: (str(a.made_by.get("when", "")), a.id))

    def of(self, kind: str) -> list[Artifact]:
        """Finished artifacts of a kind, the earliest first."""
        return [a for a in self.sealed() if a.kind == kind]

    def find(self, kind: str, id_: str) -> Artifact | None:
        """An artifact, finished or begun."""
        return next((a for a in [*self.sealed(), *self.begun()] if (a.kind, a.id) == (kind, id_)), None)

    def log(self, artifact: Artifact) -> list[Row]:
        """The steps of a run so far; none for one without a log. Only what was added is read."""
        file = artifact.path / LOG
        with self._reading:
            try:
                found = file.stat()
                known = self._logs.get(file)
                same = known is not None and known.inode == found.st_ino and known.offset <= found.st_size
                tail = known if known is not None and same else Tail(found.st_ino)
                rows, tail.offset = read_log_from(file, tail.offset)
            except OSError:
                return []
            tail.rows += [{key: row.get(key) for key in SHOWN} for row in rows if _sound(row)]
            self._logs[file] = tail
            return tail.rows

    def quiet_for(self, artifact: Artifact) -> float:
        """Seconds since the log of a run has grown; infinite for one without."""
        stamp = _mtime(artifact.path / LOG)
        return time.time() - stamp / 1e9 if stamp else math.inf

    def measurements(self, artifact: Artifact) -> list[Measurement]:
        """What a run measured; nothing where the file is gone or damaged."""
        key = artifact.path, str(artifact.made_by.get("when", ""))
        if key not in self._measured:
            try:
                self._measured[key] = read_measurements(artifact.path / "measurements.jsonl")
            except (OSError, ValueError, TypeError, AssertionError):
                return []
        return self._measured[key]

    def samples(self, artifact: Artifact) -> list[dict[str, str]]:
        """What a run answered: prompt, answer, expected, language."""
        try:
            rows = json.loads((artifact.path / "samples.json").read_text(encoding="utf8"))
            return [{k: str(row[k]) for k in ("prompt", "answer", "expected", "language")} for row in rows]
        except (OSError, ValueError, KeyError, TypeError):
            return []

    def text(self, artifact: Artifact, name: str) -> str:
        """A text beside an artifact; empty where it is gone."""
        try:
            return (artifact.path / name).read_text(encoding="utf8")
        except (OSError, UnicodeDecodeError):
            return ""

    def judged(self) -> Judged | None:
        """The newest verdict that can be read."""
        for artifact in reversed(self.of("verdict")):
            if self._judged is not None and self._judged.artifact == artifact:
                return self._judged
            try:
                verdict = Verdict.model_validate_json(self.text(artifact, "verdict.json"))
            except ValidationError:
                continue
            grounds = read_grounds(self.text(artifact, GROUNDS))
            self._judged = Judged(verdict, artifact, grounds)
            return self._judged
        return None

    def survey(self) -> CorpusSurvey | None:
        """The survey of the corpus, where `dono prepare` made one."""
        return read_survey(self.root / PAGE)

    def progress(self) -> Progress | None:
        """What the last command said of its progress."""
        try:
            told = json.loads((self.root / PROGRESS).read_text(encoding="utf8"))
            done, total, elapsed, at = (float(told[key]) for key in ("done", "total", "elapsed", "at"))
            return Progress(str(told["title"]), done, total, elapsed, str(told["note"]), at)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def holder(self) -> Holder | None:
        """The command that works in the folder, or did last."""
        return holder_of(self.root)

    def stamp(self) -> str:
        """Changes whenever something that is shown live has changed."""
        files = [self.root / PROGRESS, self.root / ".lock"]
        files += [
            f for kind in LEARNING for pattern in (LOG, RECORD, BEGUN) for f in self.root.glob(f"{kind}/*/{pattern}")
        ]
        found = [_mtime(f) for f in files]
        holder = self.holder()
        return f"{max(found, default=0)}-{len(found)}-{holder is not None and holder.working}"


def _mtime(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


def _sound(row: Row) -> bool:
    """Whether a row says at which step the loss was what."""
    return isinstance(row, dict) and all(
        isinstance(row.get(key), int | float) and math.isfinite(row[key] or 0) for key in ("step", "loss")
    )


def gone(kind: str, id_: str) -> Mistake:
    """What was on a page a moment ago is not in the work folder any more."""
    return Mistake(f"there is no {kind} {id_[:40]!r} here", where="the work folder", remedy="It may have been deleted; "
                   "what is left is shown, and the same command makes it again")  # fmt: skip
