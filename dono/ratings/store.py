"""The events on disk: SQLite (WAL) in a file, or PostgreSQL by URL. Rows are added, never changed: the database itself
refuses both changing and deleting.

One writer at a time, over all processes: a transaction takes the lock, reads what others wrote since, decides, adds.
So what it decides (who gets which item) is decided on all that has happened.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from dono.errors import Mistake
from dono.project import from_environment
from dono.ratings.book import Book
from dono.ratings.events import Event, encoded

LOCK = 0x646F6E6F
"""Of PostgreSQL's advisory locks: "dono" in ASCII."""
PATIENCE_MS = 30_000
"""How long SQLite waits for another process's transaction (assumed)."""

EVENTS = sa.Table(
    "dono_ratings_events",
    sa.MetaData(),
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)
REFUSALS = {
    "sqlite": [
        f"CREATE TRIGGER IF NOT EXISTS dono_ratings_no_{verb} BEFORE {verb} ON dono_ratings_events "
        "BEGIN SELECT RAISE(ABORT, 'events are only added'); END"
        for verb in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION dono_ratings_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'events are only added'; END $$",
        "CREATE OR REPLACE TRIGGER dono_ratings_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON dono_ratings_events "
        "FOR EACH STATEMENT EXECUTE FUNCTION dono_ratings_refuse()",
    ],
}
"""What makes the database refuse to change or delete an event, by dialect."""


class Transaction:
    """The book as it is now, and a way to add to it. What is added is seen at once, by others after the end."""

    def __init__(self, book: Book, connection: Connection, now: float) -> None:
        self.book, self.now = book, now
        self._connection = connection
        self.added: list[Event] = []

    def add(self, kind: str, actor: str, body: Mapping[str, object]) -> Event:
        """Add an event."""
        event = Event(self.book.last + 1, self.now, actor, kind, json.loads(encoded(body)))
        row = {"id": event.id, "at": event.at, "actor": actor, "kind": kind, "body": encoded(body)}
        self._connection.execute(EVENTS.insert(), row)
        self.added.append(event)
        self.book.apply(event)
        return event


class EventStore:
    """The events of one desk. Safe to use from several threads and processes."""

    def __init__(self, url: str | Path, clock: Callable[[], float] = time.time) -> None:
        """A path of a SQLite file, or a URL; ${NAME} in its password is taken from the environment.

        Raises `Mistake` where the database cannot be reached.
        """
        self.clock = clock
        self._mutex = threading.RLock()
        self._book = Book()
        self.engine = _engine(url)
        try:
            with self._writing() as connection:
                EVENTS.create(connection, checkfirst=True)
                for statement in REFUSALS[self.engine.dialect.name]:
                    connection.execute(sa.text(statement))
        except DBAPIError as error:
            where = self.engine.url.render_as_string()
            raise Mistake(str(error.orig).splitlines()[0], where=where, remedy="Correct the database's URL") from error

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Book]:
        """The book with everything that was committed before now. Nobody changes it meanwhile."""
        with self._mutex:
            with self.engine.connect() as connection:
                self._catch_up(connection)
            yield self._book

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Alone among all writers. An exception takes back everything that was added."""
        with self._mutex:
            added: list[Event] = []
            try:
                with self._writing() as connection:
                    self._catch_up(connection)
                    transaction = Transaction(self._book, connection, self.clock())
                    added = transaction.added
                    yield transaction
            except BaseException:
                if added:  # the book has what the database has not: read it anew
                    self._book = Book()
                raise

    def events(self) -> list[Event]:
        """All of them."""
        with self.engine.connect() as connection:
            return list(_after(connection, 0))

    def _catch_up(self, connection: Connection) -> None:
        for event in _after(connection, self._book.last):
            self._book.apply(event)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            if self.engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
            yield connection
            connection.commit()


def _after(connection: Connection, last: int) -> Iterator[Event]:
    found = connection.execute(sa.select(EVENTS).where(EVENTS.c.id > last).order_by(EVENTS.c.id))
    for row in found:
        yield Event(row.id, row.at, row.actor, row.kind, json.loads(row.body))


def _engine(url: str | Path) -> Engine:
    if isinstance(url, Path):
        url.parent.mkdir(parents=True, exist_ok=True)
        return _sqlite(URL.create("sqlite", database=str(url)))
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    try:
        return sa.create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    except ImportError as error:
        raise Mistake("the driver is missing", where="--database", remedy="pip install 'dono[sql]'") from error


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, NoSuchModuleError):
        backend = ""
    if backend not in REFUSALS:
        remedy = "Give a file, or postgresql://user:${NAME}@host/database"
        raise Mistake("neither SQLite nor PostgreSQL", where="--database", remedy=remedy)
    return parsed.set(password=from_environment(parsed.password, "--database")) if parsed.password else parsed


def _sqlite(url: URL) -> Engine:
    engine = sa.create_engine(url)

    @sa.event.listens_for(engine, "connect")
    def _(connection: Any, record: object) -> None:  # noqa: ANN401
        connection.isolation_level = None  # we begin transactions ourselves: a deferred one cannot wait for a writer
        connection.execute(f"PRAGMA busy_timeout={PATIENCE_MS}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    return engine
