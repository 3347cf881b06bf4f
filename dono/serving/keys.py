"""Who may ask, how much, and what was asked: keys as hashes, what they used, and an audit trail, in one SQLite file.

A record is begun before the work and ended after it, so what was under way when a process was killed is seen. Texts
are not kept.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dono.errors import Mistake

PREFIX = "dono-"
BYTES = 32
"""256 random bits: a plain hash is enough, since nobody can try them all."""
_TABLES = """
CREATE TABLE IF NOT EXISTS keys (
  name TEXT PRIMARY KEY, hash TEXT UNIQUE NOT NULL, made REAL NOT NULL, revoked REAL,
  requests_per_minute REAL, tokens_per_minute REAL, most_tokens REAL, most_money REAL, models TEXT);
CREATE TABLE IF NOT EXISTS used (key TEXT PRIMARY KEY, requests INTEGER, tokens INTEGER, money REAL);
CREATE TABLE IF NOT EXISTS audit (
  id INTEGER PRIMARY KEY, began REAL NOT NULL, request TEXT NOT NULL, key TEXT NOT NULL, user TEXT, route TEXT NOT NULL,
  model TEXT, status INTEGER, ended REAL, prompt_tokens INTEGER, completion_tokens INTEGER, money REAL);
CREATE INDEX IF NOT EXISTS unended ON audit (status) WHERE status IS NULL;
"""
_BEGIN = "INSERT INTO audit (began, request, key, user, route, model) VALUES (?, ?, ?, ?, ?, ?)"
INTERRUPTED = 0
"""The status of a request that was under way when the process ended."""


@dataclass(frozen=True)
class Key:
    """Who asks, and the limits: None is no limit. `models` are the names that may be asked; None: all."""

    name: str
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    most_tokens: float | None = None
    most_money: float | None = None
    models: tuple[str, ...] | None = None
    revoked: float | None = None

    @property
    def has_quota(self) -> bool:
        """Whether what it used matters."""
        return self.most_tokens is not None or self.most_money is not None


ANYBODY = Key("")
"""Whoever asks where there are no keys: on this machine alone."""


@dataclass(frozen=True)
class Used:
    """What a key has used since it was made."""

    requests: int = 0
    tokens: int = 0
    money: float = 0.0


@dataclass(frozen=True)
class Ended:
    """How a request ended."""

    status: int
    prompt_tokens: int = 0
    completion_tokens: int = 0
    money: float = 0.0


def hashed(token: str) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(token.encode("utf8", "replace")).hexdigest()


class Ledger:
    """The file of keys, use and audit. Keys that another process adds are seen at the next request."""

    def __init__(self, path: Path | str) -> None:
        self.path = path
        self._mutex = threading.Lock()
        self._seen, self._keys, self._guarded = -1, dict[str, Key](), False
        try:
            if isinstance(path, Path):
                path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(str(path), check_same_thread=False, timeout=10.0)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            with self._db:
                self._db.executescript(_TABLES)
        except (sqlite3.Error, OSError) as error:
            remedy = "Name another file with --keys"
            raise Mistake(f"the keys cannot be read ({error})", where=str(path), remedy=remedy) from error

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._mutex, self._db:
            yield self._db

    def add(self, key: Key) -> str:
        """Make a key and return its token, which is kept nowhere. Raises `Mistake` where the name is taken."""
        token = PREFIX + secrets.token_urlsafe(BYTES)
        models = None if key.models is None else json.dumps(key.models)
        row = (
            key.name, hashed(token), time.time(), key.requests_per_minute, key.tokens_per_minute, key.most_tokens,
            key.most_money, models,
        )  # fmt: skip
        try:
            with self._writing() as db:
                db.execute("INSERT INTO keys VALUES (?, ?, ?, NULL, ?, ?, ?, ?, ?)", row)
        except sqlite3.IntegrityError as error:
            raise Mistake(f"there is a key {key.name!r} already", where="name", remedy="Give another name") from error
        self._seen = -1
        return token

    def revoke(self, name: str) -> None:
        """A key ends. Raises `Mistake` where there is none of that name."""
        with self._writing() as db:
            done = db.execute("UPDATE keys SET revoked = ? WHERE name = ? AND revoked IS NULL", (time.time(), name))
        if done.rowcount == 0:
            names = ", ".join(k.name for k in self.all_keys() if k.revoked is None)
            raise Mistake(f"no key {name!r}", where="name", remedy=f"Keys: {names}" if names else "There are none")
        self._seen = -1

    def all_keys(self) -> list[Key]:
        """All keys, those included that ended."""
        with self._mutex:
            rows = self._db.execute("SELECT * FROM keys ORDER BY made").fetchall()
        return [_key(row) for row in rows]

    def any(self) -> bool:
        """Whether a key was ever made: then whoever asks needs one, also when the last has ended."""
        self._refresh()
        return self._guarded

    def holder(self, token: str) -> Key | None:
        """Whose token it is."""
        self._refresh()
        return self._keys.get(hashed(token))

    def _refresh(self) -> None:
        with self._mutex:
            now = int(self._db.execute("PRAGMA data_version").fetchone()[0])  # changes when another process writes
            if now != self._seen:
                rows = self._db.execute("SELECT * FROM keys WHERE revoked IS NULL").fetchall()
                self._keys, self._seen = {row[1]: _key(row) for row in rows}, now
                self._guarded = self._db.execute("SELECT EXISTS (SELECT 1 FROM keys)").fetchone()[0] == 1

    def used(self, name: str) -> Used:
        """What a key has used."""
        with self._mutex:
            row = self._db.execute("SELECT requests, tokens, money FROM used WHERE key = ?", (name,)).fetchone()
        return Used(*row) if row else Used()

    def begin(self, request: str, key: str, user: str | None, route: str, model: str | None) -> int:
        """A request begins; the number of its record. `user` is kept as a hash."""
        row = (time.time(), request, key, None if user is None else hashed(user)[:16], route, model)
        with self._writing() as db:
            done = db.execute(_BEGIN, row)
        assert done.lastrowid is not None
        return done.lastrowid

    def end(self, record: int, key: str, ended: Ended) -> None:
        """A request ended: its record is completed and its use counted, both or neither."""
        tokens = ended.prompt_tokens + ended.completion_tokens
        with self._writing() as db:
            db.execute(
                "UPDATE audit SET status = ?, ended = ?, prompt_tokens = ?, completion_tokens = ?, money = ? "
                "WHERE id = ?",
                (ended.status, time.time(), ended.prompt_tokens, ended.completion_tokens, ended.money, record),
            )
            db.execute(
                "INSERT INTO used VALUES (?, 1, ?, ?) ON CONFLICT (key) DO UPDATE SET requests = requests + 1, "
                "tokens = tokens + excluded.tokens, money = money + excluded.money",
                (key, tokens, ended.money),
            )

    def mark_interrupted(self) -> int:
        """Records that an earlier process left open, marked as such; how many."""
        with self._writing() as db:
            return db.execute("UPDATE audit SET status = ? WHERE status IS NULL", (INTERRUPTED,)).rowcount

    def audit(self) -> list[dict[str, object]]:
        """The trail, oldest first."""
        with self._mutex:
            found = self._db.execute("SELECT * FROM audit ORDER BY id")
            names = [d[0] for d in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _key(row: tuple[object, ...]) -> Key:
    name, _, _, revoked, requests, tokens, most_tokens, most_money, models = row
    named = None if models is None else tuple(json.loads(str(models)))
    return Key(str(name), requests, tokens, most_tokens, most_money, named, revoked)  # type: ignore[arg-type]
