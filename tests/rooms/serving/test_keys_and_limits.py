from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from dono.errors import Mistake
from dono.serving.keys import INTERRUPTED, Ended, Key, Ledger, Used, hashed
from dono.serving.limits import Limits
from dono.serving.refusals import Refused


def test_a_key_is_kept_as_a_hash_and_seen_by_another_process_at_once(tmp_path: Path) -> None:
    service, shell = Ledger(tmp_path / "k.sqlite"), Ledger(tmp_path / "k.sqlite")
    assert not service.any()
    token = shell.add(Key("asha", requests_per_minute=5, models=("reply",)))
    found = service.holder(token)
    assert found == Key("asha", requests_per_minute=5, models=("reply",)) and service.holder("dono-other") is None
    stored = b"".join(f.read_bytes() for f in tmp_path.iterdir())
    assert token.encode() not in stored and hashed(token).encode() in stored
    with pytest.raises(Mistake, match="there is a key 'asha' already"):
        shell.add(Key("asha"))
    shell.revoke("asha")
    assert service.holder(token) is None and service.any()  # its end opens the door to nobody
    with pytest.raises(Mistake, match="no key 'asha'"):
        shell.revoke("asha")


def test_what_was_under_way_when_a_process_died_is_seen(tmp_path: Path) -> None:
    first = Ledger(tmp_path / "k.sqlite")
    done, lost = (first.begin(f"r{i}", "asha", "someone", "/v1/completions", "m") for i in range(2))
    first.end(done, "asha", Ended(200, 10, 5, 0.25))
    second = Ledger(tmp_path / "k.sqlite")  # the first was killed
    assert second.mark_interrupted() == 1 and second.mark_interrupted() == 0
    assert [(r["id"], r["status"]) for r in second.audit()] == [(done, 200), (lost, INTERRUPTED)]
    assert second.used("asha") == Used(1, 15, 0.25) and second.used("other") == Used()
    assert "someone" not in str(second.audit())


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "k.sqlite").write_text("not a database, but longer than the header of one" * 9, encoding="ascii")
    with pytest.raises(Mistake, match=r"k\.sqlite: the keys cannot be read"):
        Ledger(tmp_path / "k.sqlite")
    assert issubclass(sqlite3.DatabaseError, sqlite3.Error)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_requests_a_minute_are_counted_and_waited_for() -> None:
    clock = Clock()
    limits, key = Limits(clock), Key("a", requests_per_minute=2)
    for _ in range(2):
        limits.take(key, 0, Used())
    with pytest.raises(Refused, match="2 requests a minute") as caught:
        limits.take(key, 0, Used())
    assert caught.value.status == 429 and caught.value.headers() == {"Retry-After": "30"}
    clock.now = 30.0
    limits.take(key, 0, Used())


def test_tokens_a_minute_may_be_overdrawn_and_are_then_paid_off() -> None:
    clock = Clock()
    limits, key = Limits(clock), Key("a", tokens_per_minute=600)
    limits.take(key, 100, Used())
    limits.settle(key, 100, 1200)  # the answer was long: 600 beyond
    with pytest.raises(Refused) as caught:
        limits.take(key, 10, Used())
    assert caught.value.wait == pytest.approx(61)
    clock.now = 61.0
    limits.take(key, 10, Used())
    with pytest.raises(Refused, match="may read 600 a minute") as too_long:
        limits.take(key, 700, Used())
    assert too_long.value.status == 400


def test_quotas_hold_in_tokens_and_in_money() -> None:
    limits = Limits(Clock())
    with pytest.raises(Refused, match="quota of 100 tokens is used up") as caught:
        limits.take(Key("a", most_tokens=100), 20, Used(tokens=90))
    assert caught.value.code == "insufficient_quota" and caught.value.wait is None
    limits.take(Key("a", most_tokens=100), 10, Used(tokens=90))
    with pytest.raises(Refused):  # the one under way counts
        limits.take(Key("a", most_tokens=100), 1, Used(tokens=90))
    with pytest.raises(Refused, match=r"quota of 5\.00 is used up"):
        limits.take(Key("b", most_money=5), 1, Used(money=5.01))
