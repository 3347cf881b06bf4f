from __future__ import annotations

import gc
import sqlite3
import traceback
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from dono.corpus import source_sql
from dono.corpus.rows import Broken, Row
from dono.corpus.source_sql import query_parts, read_sql
from dono.corpus.sources import source_spec
from dono.errors import Mistake
from dono.project import Source
from tests.rooms.corpus.servers import PASSWORD, SERVERS, Server, missing

# PyMySQL leaves the sockets of servers that died to the garbage collector, and stumbles over them there.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
ROWS = 5_000
TEXT = "आपका ऑर्डर 100% पक्का: 👩‍💻 “yes”"


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    if why := missing(request.param):
        pytest.skip(why)
    one = SERVERS[request.param]()
    try:
        one.install()
        one.start()
        shop = "" if request.param == "postgresql" else "shop."
        one.execute(f"CREATE TABLE {shop}orders (id INTEGER PRIMARY KEY, text VARCHAR(200) NOT NULL)")
        rows = [{"id": i, "text": f"{TEXT} {i}"} for i in range(1, ROWS + 1)]
        one.execute(f"INSERT INTO {shop}orders VALUES (:id, :text)", rows)
        yield one
    finally:
        one.remove()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DONO_TEST_PASSWORD", PASSWORD)
    monkeypatch.setattr(source_sql, "WAITS", (0.01, 0.01, 0.01))
    source_sql._count.cache_clear()
    yield
    gc.collect()


def of(server: Server, **more: object) -> Source:
    return Source.model_validate({"name": "orders", "kind": "sql", "path": server.url, **more})


def rows(source: Source) -> list[Row | Broken]:
    (part,) = query_parts(source)
    return list(read_sql(part, source))


def ids(found: list[Row | Broken]) -> list[object]:
    return [row.fields["id"] for row in found if isinstance(row, Row)]


@pytest.mark.parametrize(
    "asked",
    [
        {"table": "orders"},
        {"table": "orders", "unique_key": "id"},
        {"query": "SELECT id, text FROM orders ORDER BY id"},
        {"query": "SELECT id, text FROM orders WHERE text LIKE '%100%' OR text = ':a'; ", "unique_key": "id"},
        {"query": "SELECT id, text FROM orders WHERE id % 1 = 0 AND text <> 'at 10:30'"},
    ],
)
def test_rows_come_as_they_are_kept(server: Server, asked: dict[str, object]) -> None:
    found = rows(of(server, **asked))
    assert sorted(ids(found)) == list(range(1, ROWS + 1))  # type: ignore[type-var]
    assert all(isinstance(r, Row) and r.fields["text"] == f"{TEXT} {r.fields['id']}" for r in found)
    assert [r.line for r in found] == list(range(1, ROWS + 1))


def test_rows_come_a_batch_at_a_time(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_sql, "BATCH", 10)
    source = of(server, table="orders")
    (part,) = query_parts(source)
    reading = read_sql(part, source)
    assert next(reading).line == 1
    reading.close()  # type: ignore[attr-defined]


def test_a_server_that_is_killed_and_comes_back_costs_no_row_and_gives_none_twice(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = of(server, table="orders", unique_key="id")
    (part,) = query_parts(source)
    reading = read_sql(part, source)
    found: list[Row | Broken] = [next(reading) for _ in range(10)]
    server.kill()
    monkeypatch.setattr(source_sql, "sleep", lambda seconds: server.start() if server.process is None else None)
    found += reading
    assert ids(found) == list(range(1, ROWS + 1))


def test_without_a_key_the_person_is_told_what_would_have_helped(server: Server) -> None:
    source = of(server, table="orders")
    (part,) = query_parts(source)
    reading = read_sql(part, source)
    next(reading)
    server.kill()
    with pytest.raises(Mistake, match=r"went away after [\d,]+ rows, and there is no key .* `unique_key`"):
        list(reading)
    server.start()


def test_a_server_that_stays_away_is_given_up_in_one_line_without_the_password(server: Server) -> None:
    source = of(server, table="orders", unique_key="id")
    (part,) = query_parts(source)
    reading = read_sql(part, source)
    next(reading)
    server.kill()
    with pytest.raises(Mistake, match=r"cannot be read after [\d,]+ rows") as caught:
        list(reading)
    assert "\n" not in str(caught.value)
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))
    server.start()


def test_a_wrong_password_is_said_without_being_shown(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DONO_TEST_PASSWORD", "wr0ng")
    with pytest.raises(Mistake, match="cannot be read") as caught:
        query_parts(of(server, table="orders"))
    assert "wr0ng" not in "".join(traceback.format_exception(caught.value))


def test_a_query_that_the_server_refuses_is_refused_before_anything_is_read(server: Server) -> None:
    for asked in ({"table": "nothing"}, {"query": "SELEC 1"}, {"query": "DELETE FROM orders"}):
        with pytest.raises(Mistake, match="cannot be read"):
            query_parts(of(server, **asked))
    assert len(rows(of(server, table="orders"))) == ROWS


def test_the_fingerprint_is_of_the_rows_whatever_their_order(server: Server) -> None:
    def of_query(query: str) -> str:
        return query_parts(of(server, query=query))[0].fingerprint()

    one = of_query("SELECT * FROM orders WHERE id < 50 ORDER BY id")
    assert one == of_query("SELECT * FROM orders WHERE id < 50 ORDER BY id DESC")
    assert one != of_query("SELECT * FROM orders WHERE id < 49")
    assert one != of_query("SELECT id, upper(text) AS text FROM orders WHERE id < 50")


def sqlite_source(path: Path, *statements: str, **more: object) -> Source:
    with closing(sqlite3.connect(path)) as database, database:
        for statement in statements:
            database.execute(statement)
    return Source.model_validate({"name": "a", "kind": "sql", "path": f"sqlite:///{path}", **more})


def test_a_key_that_is_not_unique_or_empty_or_missing_is_refused(tmp_path: Path) -> None:
    made = ["CREATE TABLE t (id, text)", "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (2, 'c')"]
    with pytest.raises(Mistake, match=r"'id' is the same as in the row before \(row 3\)"):
        rows(sqlite_source(tmp_path / "a.db", *made, table="t", unique_key="id"))
    with pytest.raises(Mistake, match="'id' is empty in 1 of 1 rows"):
        rows(sqlite_source(tmp_path / "b.db", made[0], "INSERT INTO t VALUES (NULL, 'a')", table="t", unique_key="id"))
    with pytest.raises(Mistake, match="cannot be read"):
        rows(sqlite_source(tmp_path / "c.db", *made, table="t", unique_key="number"))


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="two columns are called 'x'"):
        rows(sqlite_source(tmp_path / "a.db", query="SELECT 1 AS x, 2 AS x"))


def test_a_missing_file_is_not_made(tmp_path: Path) -> None:
    source = Source(name="a", kind="sql", path=f"sqlite:///{tmp_path}/none.db", table="t")
    with pytest.raises(Mistake, match="no such file"):
        query_parts(source)
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("postgresql+psycopg://u:${NOT_SET_ANYWHERE}@localhost/db", "the environment has no NOT_SET_ANYWHERE"),
        ("oracle+nothing://u@h/d", "no database URL"),
        ("mssql+pyodbc://u@h/d", "the driver is missing"),
    ],
)
def test_a_url_that_cannot_be_used_is_said_in_one_line(path: str, said: str) -> None:
    with pytest.raises(Mistake, match=said):
        query_parts(Source(name="a", kind="sql", path=path, table="t"))


def test_no_password_reaches_the_records() -> None:
    source = Source(name="a", kind="sql", path="postgresql+psycopg://asha:${PG}@db.example/shop", table="orders")
    assert source_spec(source)["path"] == "postgresql+psycopg:shop"
    assert source_sql._name(source) == "shop: orders"
