"""One contract for the store of ratings, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import multiprocessing as mp
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from dono.errors import Mistake
from dono.ratings import Desk, DeskSettings, EventStore
from tests.rooms.corpus.servers import PASSWORD, PostgreSQL, missing
from tests.rooms.ratings.desks import Clock, desk_at, pair


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgreSQL]:
    if why := missing("postgresql"):
        pytest.skip(why)
    server = PostgreSQL()
    try:
        server.install()
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str | Path:
    """An empty database."""
    if request.param == "sqlite":
        return tmp_path / "desk.sqlite"
    server: PostgreSQL = request.getfixturevalue("postgres")
    monkeypatch.setenv("DONO_TEST_PASSWORD", PASSWORD)
    name = f"d{uuid.uuid4().hex}"
    engine = sa.create_engine(server.owner(), isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    return server.url.replace("/postgres?", f"/{name}?")


def test_what_was_added_is_there_when_it_is_opened_again(place: str | Path) -> None:
    desk = desk_at(place, Clock(), title="नमस्ते \x00 desk")
    desk.add_items([pair(1)])
    desk.admit("Asha", languages=["en"])
    lease = desk.next("Asha")
    assert not isinstance(lease, str)
    desk.submit("Asha", lease.id, {"choice": "1", "comment": "ठीक है\x00"})
    before = desk.store.events()
    desk.store.close()
    again = EventStore(place)
    assert again.events() == before
    with again.reading() as book:
        assert book.settings.title == "नमस्ते \x00 desk"
        last = book.leases[lease.id].last
        assert last is not None and last.response.comment == "ठीक है\x00"
    again.close()


def test_the_database_itself_refuses_to_change_or_delete(place: str | Path) -> None:
    desk = desk_at(place, Clock())
    for statement in ("UPDATE dono_ratings_events SET actor = 'x'", "DELETE FROM dono_ratings_events"):
        with pytest.raises(sa.exc.DBAPIError, match="events are only added"), desk.store.engine.begin() as connection:
            connection.execute(sa.text(statement))
    assert [e.actor for e in desk.store.events()] == ["manager"]
    desk.store.close()


def test_a_transaction_that_fails_leaves_nothing_neither_on_disk_nor_in_the_book(place: str | Path) -> None:
    desk = desk_at(place, Clock())
    with pytest.raises(KeyboardInterrupt), desk.store.transaction() as t:
        t.add("item", "manager", pair(1).model_dump(mode="json"))
        raise KeyboardInterrupt
    with desk.store.reading() as book:
        assert not book.items
    assert len(desk.store.events()) == 1
    desk.store.close()


def rate_until_done(place: str | Path, name: str, start: threading.Barrier | None = None) -> None:
    """One rater at a desk of their own over the shared store."""
    desk = Desk(EventStore(place))
    if start is not None:
        start.wait()
    while not isinstance(lease := desk.next(name), str):
        desk.submit(name, lease.id, {"choice": "1"})
    desk.store.close()


@pytest.mark.parametrize("kind", ["threads of one desk", "desks in processes"])
def test_many_who_submit_at_once_over_annotate_nothing(place: str | Path, kind: str) -> None:
    items, overlap, names = 10, 2, [f"rater {i}" for i in range(5)]
    desk = desk_at(place, Clock(), overlap=overlap)
    desk.add_items([pair(i) for i in range(items)])
    for name in names:
        desk.admit(name, languages=["en"])
    if kind == "threads of one desk":
        start = threading.Barrier(len(names))

        def work(name: str) -> None:
            start.wait()
            while not isinstance(lease := desk.next(name), str):
                desk.submit(name, lease.id, {"choice": "1"})

        threads = [threading.Thread(target=work, args=(n,)) for n in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    else:
        desk.store.close()
        context = mp.get_context("spawn")  # has the environment as it is now
        workers = [context.Process(target=rate_until_done, args=(place, n)) for n in names[:2]]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
            assert worker.exitcode == 0
    with desk.store.reading() as book:
        counted = Counter(lease.item for lease in book.leases.values() if lease.counts)
        assert counted == {f"pair {i}": overlap for i in range(items)}
        assert len(book.leases) == items * overlap
        pairs = [(lease.item, lease.rater) for lease in book.leases.values()]
        assert len(pairs) == len(set(pairs))
    assert [e.id for e in desk.store.events()] == list(range(1, len(desk.store.events()) + 1))
    desk.store.close()


def test_a_url_that_is_none_gets_its_line() -> None:
    for url in ("mysql://x/y", "nonsense"):
        with pytest.raises(Mistake, match="neither SQLite nor PostgreSQL"):
            EventStore(url)


def test_a_server_that_is_not_there_gets_its_line(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(Mistake, match="Correct the database's URL"):
        EventStore(f"postgresql://dono:secret@/postgres?host={tmp_path}")


def test_settings_are_put_in_force_once(place: str | Path) -> None:
    desk = desk_at(place, Clock())
    desk.configure(DeskSettings(gold_every=0, repeat_every=0))
    assert len(desk.store.events()) == 1
    desk.configure(DeskSettings(overlap=5))
    assert [e.kind for e in desk.store.events()] == ["desk", "desk"]
    desk.store.close()
