"""Every reply and every request on disk: nothing is asked twice, nothing that may be billed is forgotten."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from dono.endpoints.replies import Reply

SCHEMA = """
CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, reply TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS requests (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL, purse TEXT NOT NULL, sent REAL NOT NULL, state TEXT NOT NULL,
    money REAL NOT NULL
);
"""
SENT, ANSWERED, LOST, FREE = "sent", "answered", "lost", "free"
"""A request that is under way (or was, when we were killed), one with its reply, one that may be billed without, and
one that the server turned away."""


@dataclass(frozen=True)
class Spent:
    """Money for replies, money that may have been billed without one, and how many requests each."""

    answered: float
    lost: float
    requests: int
    requests_lost: int

    @property
    def money(self) -> float:
        """All that may have to be paid."""
        return self.answered + self.lost


class Ledger:
    """One SQLite file. A request is written down before it is sent at the most that it can cost, and its reply in the
    same transaction as what it did cost, flushed to the disk: a kill at any moment loses no reply that arrived, and
    what was under way counts as spent. Safe for threads. The key of an endpoint never comes here.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._base = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute("PRAGMA synchronous=FULL")
        self._base.executescript(SCHEMA)

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def known(self, key: str) -> Reply | None:
        """The reply to this question, if it was ever asked."""
        with self._lock, closing(self._base.execute("SELECT reply FROM replies WHERE key = ?", (key,))) as found:
            row = found.fetchone()
        if row is None:
            return None
        fields = json.loads(row[0])
        return Reply(**fields | {"first": tuple((token, nats) for token, nats in fields["first"])})

    def send(self, key: str, purse: str, most: float) -> int:
        """Write down a request that is about to be sent and costs `most` at most; its number."""
        with self._lock:
            row = (key, purse, time.time(), SENT, most)
            sql = "INSERT INTO requests (key, purse, sent, state, money) VALUES (?, ?, ?, ?, ?)"
            number = self._base.execute(sql, row).lastrowid
        assert number is not None
        return number

    def answer(self, number: int, key: str, reply: Reply, money: float) -> None:
        """The reply to a request, and what it cost."""
        text = json.dumps(dataclasses.asdict(reply), ensure_ascii=False)
        with self._lock:
            self._base.execute("BEGIN IMMEDIATE")
            self._base.execute("INSERT OR REPLACE INTO replies VALUES (?, ?)", (key, text))
            self._base.execute("UPDATE requests SET state = ?, money = ? WHERE number = ?", (ANSWERED, money, number))
            self._base.execute("COMMIT")

    def fail(self, number: int, *, billed: bool) -> None:
        """A request got no reply; what it may cost is kept where the server may have done the work."""
        state = LOST if billed else FREE
        with self._lock:
            sql = "UPDATE requests SET state = ?, money = CASE WHEN ? THEN money ELSE 0 END WHERE number = ?"
            self._base.execute(sql, (state, billed, number))

    def spent(self, purse: str) -> Spent:
        """What was spent from a purse since the beginning, requests that a kill cut short included."""
        sql = "SELECT state = ?, COUNT(*), SUM(money) FROM requests WHERE purse = ? AND state != ? GROUP BY 1"
        with self._lock:
            rows = {bool(a): (n, m) for a, n, m in self._base.execute(sql, (ANSWERED, purse, FREE))}
        answered, lost = rows.get(True, (0, 0.0)), rows.get(False, (0, 0.0))
        return Spent(answered[1], lost[1], answered[0], lost[0])
