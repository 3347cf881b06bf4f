"""Tables and queries of a database server, streamed. Whatever SQLAlchemy has a driver for.

The identity of such a source is its rows: a hash of all of them, in any order, as with files. A server is therefore
read twice: once to know whether anything has changed, once to learn from it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from time import sleep

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, NoSuchModuleError, OperationalError
from sqlalchemy.pool import NullPool

from dono.corpus.parts import Part
from dono.corpus.rows import Broken, Fields, Row
from dono.errors import Mistake
from dono.project import Source, from_environment

BATCH = 1024
"""Rows in memory at a time."""
ROW_BYTES = 256
"""Bytes that a row is taken for in progress and shards (assumed)."""
WAITS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Seconds before each new attempt to reach a server that went away; any row that comes begins them anew (assumed: a
server that is started again is back within a minute)."""


UNIQUE = "Name a column that has a value of its own in every row"


@dataclass(frozen=True)
class QueryPart(Part):
    """The rows of a source of kind sql. `rows` is how many there were when it was listed."""

    source: Source
    rows: int

    @property
    def name(self) -> str:
        """The database and what is read of it."""
        return _name(self.source)

    @property
    def size(self) -> int:
        """An estimate."""
        return self.rows * ROW_BYTES

    def fingerprint(self) -> str:
        """Of all rows, whatever order they come in."""
        total, count = 0, 0
        for row in read_sql(self, self.source):
            assert isinstance(row, Row)
            text = json.dumps(dict(row.fields), default=str, ensure_ascii=False)
            digest = hashlib.sha256(text.encode("utf8", "surrogateescape")).digest()
            total, count = (total + int.from_bytes(digest[:16], "big")) % (1 << 128), count + 1
        return hashlib.sha256(f"{count} {total}".encode()).hexdigest()[:16]

    def stamp(self) -> str:
        """How many rows there are."""
        return str(self.rows)


def query_parts(source: Source) -> list[QueryPart]:
    """The one part of a source of kind sql.

    Raises `Mistake` when the server cannot be reached, refuses, or has rows without a `unique_key`.
    """
    try:
        rows, keyed = _count(source.model_dump_json(by_alias=True, exclude_defaults=True))
    except DBAPIError as error:
        raise _refused(source, error) from error
    if keyed < rows:
        what = f"{source.unique_key!r} is empty in {rows - keyed:,} of {rows:,} rows"
        raise Mistake(what, where=f"{_where(source)}.unique_key", remedy=UNIQUE)
    return [QueryPart(source, rows)]


@lru_cache(maxsize=64)
def _count(stated: str) -> tuple[int, int]:
    """How many rows there are of a source, given as JSON, and how many of them have a key."""
    source = Source.model_validate_json(stated)
    keyed = sa.func.count() if source.unique_key is None else sa.func.count(sa.column(source.unique_key))
    with _connected(source) as connection:
        rows, keys = connection.execute(sa.select(sa.func.count(), keyed).select_from(_rows_of(source))).one()
        return int(rows), int(keys)


def read_sql(part: Part, source: Source) -> Iterator[Row | Broken]:
    """The rows of the query or table, a batch in memory at a time; `line` counts them.

    When the server goes away, it is asked again after a while, for the rows after the last `unique_key`. Raises
    `Mistake` when it stays away, when there is no such key to go on from, and when the key is not unique.
    """
    number, last, failures = 0, None, 0
    while True:
        try:
            for fields in _stream(source, last):
                number, failures = number + 1, 0
                last = _next_key(source, fields, last, number)
                yield Row(fields, number, min(number * ROW_BYTES, part.size))
            return
        except DBAPIError as error:
            if not _went_away(error) or failures == len(WAITS):
                raise _refused(source, error, number) from error
            if number and source.unique_key is None:
                raise _no_way_on(source, number) from error
        sleep(WAITS[failures])
        failures += 1


def _stream(source: Source, last: object) -> Iterator[Fields]:
    key = source.unique_key
    if key is None and source.query is not None:
        statement: sa.Executable = sa.text(_literal(source.query))  # as it is, so that its own order holds
    else:
        rows = sa.select(sa.text("*")).select_from(_rows_of(source))
        if key is not None:
            rows = rows.order_by(sa.column(key))
        statement = rows if key is None or last is None else rows.where(sa.column(key) > sa.literal(last))
    with (
        _connected(source) as connection,
        connection.execution_options(yield_per=BATCH).execute(statement) as result,
    ):
        names = list(result.keys())
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            remedy = "Name the columns in the query, each with a name of its own (AS …)"
            raise Mistake(f"two columns are called {twice[0]!r}", where=_where(source), remedy=remedy)
        for row in result:
            yield dict(zip(names, row, strict=True))


def _next_key(source: Source, fields: Fields, last: object, number: int) -> object:
    """The key of a row, by which reading could go on."""
    key = source.unique_key
    if key is None:
        return None
    if key not in fields:
        raise Mistake(f"no column {key!r}", where=f"{_where(source)}.unique_key", remedy="Name a column of the rows")
    if fields[key] is None or fields[key] == last:
        what = f"{key!r} is {'empty' if fields[key] is None else 'the same as in the row before'} (row {number:,})"
        raise Mistake(what, where=f"{_where(source)}.unique_key", remedy=UNIQUE)
    return fields[key]


def _rows_of(source: Source) -> sa.FromClause:
    if source.table is not None:
        schema, _, table = source.table.rpartition(".")
        return sa.table(table, schema=schema or None)
    return sa.text(f"({_literal(source.query or '')}) AS dono_rows")  # type: ignore[return-value]


def _literal(query: str) -> str:
    """A query whose colons SQLAlchemy does not take for parameters, without what ends a statement."""
    return query.strip().rstrip(";").replace(":", "\\:")


@contextmanager
def _connected(source: Source) -> Iterator[Connection]:
    """A connection that reads only; nothing is ever committed."""
    engine = sa.create_engine(_url(source), poolclass=NullPool)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _read_damaged_text)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _read_damaged_text(connection: object, record: object) -> None:
    """Text that is no UTF-8 becomes lone surrogates: its row is set aside, not the whole table refused."""
    connection.text_factory = lambda raw: raw.decode("utf8", "surrogateescape")  # type: ignore[attr-defined]


def _url(source: Source) -> URL:
    """The URL with what it takes from the environment."""
    where = f"{_where(source)}.path"
    try:
        url = make_url(source.path)
        url.get_dialect().import_dbapi()
    except (ArgumentError, NoSuchModuleError) as error:
        remedy = "Write it like postgresql+psycopg://user:${PGPASSWORD}@host/database"
        raise Mistake("no database URL", where=where, remedy=remedy) from error
    except ImportError as error:
        raise Mistake(f"the driver is missing ({error})", where=where, remedy="pip install 'dono[sql]'") from error
    names = ("username", "password", "host", "database")
    known = {name: from_environment(value, where) for name in names if (value := getattr(url, name)) is not None}
    query: Mapping[str, str] = {k: from_environment(str(v), where) for k, v in url.query.items()}
    in_file = url.get_backend_name() == "sqlite" and known.get("database", ":memory:") != ":memory:"
    if in_file and not Path(known["database"]).is_file():  # SQLite would make it
        raise Mistake(f"no such file {url.database!r}", where=where, remedy="Correct the path")
    return url.set(**known, query=query)  # type: ignore[arg-type]


def _went_away(error: DBAPIError) -> bool:
    return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)


def _no_way_on(source: Source, number: int) -> Mistake:
    what = f"the server went away after {number:,} rows, and there is no key to go on from"
    remedy = "Name a column with a value of its own in every row as `unique_key`: reading then goes on after the last"
    return Mistake(what, where=_name(source), remedy=remedy)


def _refused(source: Source, error: DBAPIError, number: int = 0) -> Mistake:
    """What the server or its driver said, in one line, without the password should they repeat it."""
    said = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
    line, password = said[0], _url(source).password
    after = f" after {number:,} rows" if number else ""
    shown = line.replace(str(password), "***") if password else line
    remedy = "Check the URL, the server and the query" if not number else "Run the same command again"
    return Mistake(f"the database cannot be read{after} ({shown})", where=_name(source), remedy=remedy)


def _name(source: Source) -> str:
    database = make_url(source.path).database or "database"
    return f"{database}: {source.table or 'query'}"


def _where(source: Source) -> str:
    return f"corpus[{source.name}]"
