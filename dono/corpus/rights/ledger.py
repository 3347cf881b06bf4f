"""The rights ledger: append-only JSON lines, each holding the hash of the line before it; the last one is sealed.

What it proves. The chain: no line was changed, moved or taken out of the middle. The seal in `head.json`, made with the
project's key: no line was taken off the end, and nobody without the key wrote the whole chain anew. Who has the key and
may write the folder can do all of it; keep a copy elsewhere against that.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_bytes
from typing import Literal

from dono.artifacts import Json, disk_mistake, write_atomically
from dono.corpus.identities import Identities
from dono.corpus.rights.secrets import kept_secret
from dono.errors import Mistake

EntryKind = Literal["source", "run", "override", "erasure", "erased"]
"""Rights of a source, what a step took in, a refusal overridden, a request to forget, what was done about it."""

LEDGER, HEAD, TORN, SECRET, LOCK = "ledger.jsonl", "head.json", "torn.jsonl", "secret", ".lock"
START = "0" * 64
"""What the first entry follows."""
RESTORE = "Restore the folder from a copy; find out who changed it"


@dataclass(frozen=True)
class Entry:
    """One line: `sequence` counts from 1, `time` is UTC, `previous` and `hash` are SHA-256 in hexadecimal."""

    sequence: int
    time: str
    kind: EntryKind
    body: Mapping[str, Json]
    previous: str
    hash: str = ""

    def line(self) -> bytes:
        """The bytes of the entry in the file, without the line end."""
        return _canonical(vars(self))

    def own_hash(self) -> str:
        """The hash that the entry must have: of all of it but the hash."""
        told: dict[str, Json] = {name: value for name, value in vars(self).items() if name != "hash"}
        return hashlib.sha256(_canonical(told)).hexdigest()


def _canonical(value: Mapping[str, Json]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


@dataclass(frozen=True)
class Reading:
    """A ledger that holds together. `notes` are for a person: what was torn, what could not be checked."""

    entries: tuple[Entry, ...]
    notes: tuple[str, ...]


class Ledger:
    """The ledger in a folder. Reading checks everything; writing is one process at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / LEDGER

    def identities(self) -> Identities:
        """The project's key with the ids that are forgotten. The key is made where no ledger was begun.

        Raises `Mistake` where there is a ledger and its key is gone: with another key the forgotten would come back.
        """
        self._key_is_there()
        secret = kept_secret(self.folder / SECRET, lambda: token_bytes(32))
        forgotten = {str(id_) for entry in self.entries() if entry.kind == "erasure" for id_ in _ids(entry)}
        return Identities(secret, frozenset(forgotten))

    def entries(self) -> tuple[Entry, ...]:
        """All entries, checked. Raises `Mistake` that names the first entry that is not as it was written."""
        return self.read().entries

    def of_kind(self, kind: EntryKind) -> list[Entry]:
        """The entries of a kind, oldest first."""
        return [entry for entry in self.entries() if entry.kind == kind]

    def append(self, kind: EntryKind, body: Mapping[str, Json]) -> Entry:
        """Write one more entry, flushed to the disk; a line that a kill cut short is set aside first."""
        self._key_is_there()
        secret = Identities(kept_secret(self.folder / SECRET, lambda: token_bytes(32)))
        with self._alone():
            entries = self.entries()
            self._set_torn_aside()
            last = entries[-1].hash if entries else START
            entry = Entry(len(entries) + 1, datetime.now(UTC).isoformat(timespec="seconds"), kind, body, last)
            entry = Entry(**{**vars(entry), "hash": entry.own_hash()})
            try:
                with self.path.open("ab", buffering=0) as file:
                    file.write(entry.line() + b"\n")
                    os.fsync(file.fileno())
            except OSError as error:
                raise disk_mistake(error, self.path) from error
            seal = secret.seal(f"{entry.sequence} {entry.hash}")
            head: dict[str, Json] = {"sequence": entry.sequence, "hash": entry.hash, "seal": seal}
            write_atomically(self.folder / HEAD, _canonical(head).decode())
        return entry

    def read(self) -> Reading:
        """All entries and what a person should know. Raises `Mistake` where the ledger does not hold together."""
        raw = self.path.read_bytes() if self.path.is_file() else b""
        *lines, tail = raw.split(b"\n")
        sealed, notes = self._head()
        entries: list[Entry] = []
        for number, line in enumerate(lines, 1):
            entries.append(self._entry(number, line, entries[-1].hash if entries else START))
        if len(entries) < len(sealed):
            what = "is cut short" if tail and len(entries) + 1 == len(sealed) else "is gone"
            raise self._broken(len(entries) + 1, what)
        if len(entries) > len(sealed) + 1:
            raise self._broken(len(sealed) + 2, "was added without the project's seal")
        if sealed.hash and entries[len(sealed) - 1].hash != sealed.hash:
            raise self._broken(len(sealed), "is not the one that was sealed")
        if tail:
            notes = (*notes, f"entry {len(entries) + 1} was cut short by a kill; it is set aside at the next writing")
        return Reading(tuple(entries), notes)

    def _entry(self, number: int, line: bytes, previous: str) -> Entry:
        try:
            entry = Entry(**json.loads(line))
            whole = entry.line() == line and entry.hash == entry.own_hash()
        except (ValueError, TypeError, RecursionError):
            raise self._broken(number, "is damaged") from None
        if not whole:
            raise self._broken(number, "was changed")
        if entry.sequence != number:
            raise self._broken(number, f"is missing or out of its place (entry {entry.sequence} stands there)")
        if entry.previous != previous:
            raise self._broken(number, f"does not follow entry {number - 1}")
        return entry

    def _head(self) -> tuple[_Sealed, tuple[str, ...]]:
        """How far the ledger is sealed."""
        path = self.folder / HEAD
        if not path.is_file():
            return _Sealed(0, ""), ()
        try:
            text = path.read_text(encoding="utf8")
            head = json.loads(text)
            sealed, seal = _Sealed(head["sequence"], head["hash"]), head["seal"]
            damaged = _canonical(head).decode() != text or len(sealed) < 1
        except (ValueError, TypeError, KeyError):
            raise Mistake("the seal is damaged", where=str(path), remedy=RESTORE) from None
        if not (self.folder / SECRET).is_file():
            return sealed, ("the seal was not checked: the project's key is not here",)
        secret = Identities(kept_secret(self.folder / SECRET, bytes))
        if damaged or not secret.same_seal(f"{sealed.sequence} {sealed.hash}", str(seal)):
            raise Mistake("the seal is not the project's", where=str(path), remedy=RESTORE)
        return sealed, ()

    def _broken(self, number: int, what: str) -> Mistake:
        return Mistake(f"entry {number} {what}", where=str(self.path), remedy=RESTORE)

    def _key_is_there(self) -> None:
        if self.path.is_file() and self.path.stat().st_size and not (self.folder / SECRET).is_file():
            remedy = "Restore it from a copy: without it those who are forgotten cannot be kept out"
            raise Mistake("the project's key is gone", where=str(self.folder / SECRET), remedy=remedy)

    def _set_torn_aside(self) -> None:
        """Move what a kill left of a line to another file."""
        if not self.path.is_file():
            return
        raw = self.path.read_bytes()
        whole = raw.rfind(b"\n") + 1
        if whole == len(raw):
            return
        with (self.folder / TORN).open("ab") as file:
            file.write(raw[whole:] + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with self.path.open("r+b") as file:
            file.truncate(whole)
            os.fsync(file.fileno())

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.folder / LOCK).open("a", encoding="utf8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield  # the kernel lets go of the lock when the process ends, however it ends


@dataclass(frozen=True)
class _Sealed:
    sequence: int
    hash: str

    def __len__(self) -> int:
        return self.sequence


def _ids(entry: Entry) -> list[str]:
    found = entry.body["ids"]
    assert isinstance(found, list)
    return [str(id_) for id_ in found]
