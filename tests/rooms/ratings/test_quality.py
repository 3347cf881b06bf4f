"""Made raters with a known truth: it is recovered, and those who do not care are named."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from dono.ratings import Desk, DeskSettings, agreement, care, comparisons, doubted, fit, seats
from dono.ratings.pay import minutes_per_rating, people_needed, still_needed
from dono.ratings.settings import Pay
from dono.ratings.simulated import TEMPERS, SimulatedDesk, make_world
from tests.rooms.ratings.desks import Clock, desk_at, gold, pair

CROWD = {"careful": 5, "noisy": 1, "lazy": 1, "random": 1, "malicious": 1, "first seat": 1}


@pytest.fixture(scope="module")
def worked() -> Iterator[SimulatedDesk]:
    pay = Pay(per_hour=240.0)
    made = SimulatedDesk(make_world(40, 30, seed=3), CROWD, 3, DeskSettings(pay=pay))
    made.work()
    yield made
    made.desk.store.close()


def error(made: SimulatedDesk, without: frozenset[str]) -> float:
    """Root mean square error of win rates over the pairs of models."""
    with made.desk.store.reading() as book:
        strengths = fit(comparisons(book, without))
    pairs = [(a, b) for a in strengths.models for b in strengths.models if a < b]
    off = [strengths.wins(a, b).value - made.world.wins(a, b) for a, b in pairs]
    return float(np.sqrt(np.mean(np.square(off))))


def test_those_who_do_not_care_are_named_and_the_careful_are_not(worked: SimulatedDesk) -> None:
    with worked.desk.store.reading() as book:
        named = doubted(book)
    assert {n for n, kind in worked.kind_of.items() if not TEMPERS[kind].honest} <= named
    assert not any(worked.kind_of[n] == "careful" for n in named)


def test_the_truth_is_recovered_better_without_them(worked: SimulatedDesk) -> None:
    with worked.desk.store.reading() as book:
        named = doubted(book)
    assert error(worked, named) < min(0.09, error(worked, frozenset()))


def test_agreement_rises_without_them(worked: SimulatedDesk) -> None:
    with worked.desk.store.reading() as book:
        all_of_them = agreement(book)["pair", "", "en"].value
        believed = agreement(book, doubted(book))["pair", "", "en"].value
    assert all_of_them is not None and believed is not None
    assert believed > all_of_them + 0.1 and believed > 0.6


def test_reasons_say_what_was_seen(worked: SimulatedDesk) -> None:
    with worked.desk.store.reading() as book:
        lazy, evil = care(book, "lazy 0"), care(book, "malicious 0")
        first, longer = seats(book)
    assert any("sooner than they can be read" in str(c) for c in lazy.concerns)
    assert any("the first seat chosen" in str(c) for c in lazy.concerns)
    assert any("with a known answer right" in str(c) for c in evil.concerns)
    assert first.value is not None and first.value > 0.53
    assert longer.value == pytest.approx(0.5, abs=0.08)


def test_pace_and_pay_price_what_is_still_needed() -> None:
    made = SimulatedDesk(
        make_world(5, 0, seed=0), {"careful": 3}, 0, DeskSettings(pay=Pay(per_item=2.0, per_hour=60.0))
    )
    made.work(most=45)
    with made.desk.store.reading() as book:
        pace, people = minutes_per_rating(book), people_needed(book)
        assert still_needed(book) == 30 * 3 - sum(x.counts for x in book.leases.values())
        assert pace is not None and people is not None and pace.lo < pace.mid < pace.hi
        assert people.cost == pytest.approx(people.ratings * (2.0 + pace.mid))
    made.desk.store.close()


@pytest.fixture
def few() -> Iterator[Desk]:
    desk = desk_at("sqlite://", Clock(), overlap=2)
    desk.add_items([pair(i) for i in range(3)] + [gold(9)])
    desk.admit("Asha", languages=["en"])
    yield desk
    desk.store.close()


def test_little_work_names_nobody_and_undefined_agreement_is_said(few: Desk) -> None:
    for _ in range(3):
        lease = few.next("Asha")
        assert not isinstance(lease, str)
        few.store.clock.now += 10  # type: ignore[attr-defined]
        few.submit("Asha", lease.id, {"choice": "1"})
    with few.store.reading() as book:
        found = care(book, "Asha")
        assert (found.answers, found.concerns, found.gold.value) == (3, (), None)
        undefined = agreement(book)["pair", "", "en"]
        assert undefined.value is None and "no item has two ratings" in undefined.why
        assert people_needed(book) is None
