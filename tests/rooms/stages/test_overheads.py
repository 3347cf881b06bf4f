"""The bill of a full run beside its machines, and the assumptions behind it, from a project file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dono.artifacts import Store
from dono.costs import exactly
from dono.decisions.evidence import ENGINEERS, FAILED_RUNS, RATERS, STORAGE
from dono.errors import Mistake
from dono.stages.contenders import Contender
from dono.stages.overheads import beside, stated, table
from dono.stages.prepare import Prepared
from dono.stages.workplace import Workplace
from tests.rooms.ratings.desks import Clock, desk_at, pair
from tests.rooms.stages.test_constraints import with_settings

MACHINES = exactly(1000.0, "extrapolated", "")


def test_a_shared_corpus_stage_shares_its_failures_its_text_and_the_hours_beyond_a_fine_tuning(
    place: Workplace, prepared: Prepared, who: dict[str, Contender]
) -> None:
    rented = with_settings(place, machine={"gpu": "H100", "price_per_hour": 200})
    rows = {
        p.name: p
        for p in beside(rented, prepared.cases[0], "scratch", MACHINES, shared=800, contender=who["scratch/own"])
    }
    assert list(rows) == [FAILED_RUNS, STORAGE, ENGINEERS]
    assert [rows[FAILED_RUNS].amount.value, rows[FAILED_RUNS].shared] == pytest.approx([100, 80])
    assert rows[ENGINEERS].shared == pytest.approx((160 - 40) * 1000)
    assert 0 < rows[STORAGE].shared < rows[STORAGE].amount.value
    assert all(p.amount.lo is not None and p.amount.lo < p.amount.value for p in rows.values())


def test_a_machine_at_hand_stores_for_nothing_and_only_answers_are_rated(place: Workplace, prepared: Prepared) -> None:
    rows = {p.name: p for p in beside(place, prepared.cases[0], "predictive", MACHINES, shared=0, contender=None)}
    assert rows[STORAGE].amount.value == 0 and RATERS not in rows and rows[ENGINEERS].shared == 0


def test_what_is_assumed_is_said_with_its_source(place: Workplace) -> None:
    rows = {name: (value, label, source) for name, value, label, source in stated(place)}
    assert rows["an engineer"][0] == "1,000 (500 to 2,200) INR an hour" and rows["an engineer"][1] == "borrowed"
    own = with_settings(place, overheads={"engineer_per_hour": 1500})
    assert stated(own)[0][1] == "1,500 INR an hour" and "project file" in stated(own)[0][3]


def test_a_currency_without_a_rate_is_said_before_anything_is_spent(place: Workplace) -> None:
    with pytest.raises(Mistake, match="no rate from USD to KES"):
        table(with_settings(place, currency="KES"))
    assert table(with_settings(place, currency="KES", rates={"USD": 129})).engineer.mid == pytest.approx(77 * 129)


def test_the_pace_of_the_projects_own_desk_prices_its_ratings(place: Workplace, tmp_path: Path) -> None:
    clock = Clock()
    own = replace(place, store=Store(tmp_path))
    assert table(own).minutes.label == "assumed"
    desk = desk_at(tmp_path / "desk" / "desk.sqlite", clock)
    desk.add_items([pair(n) for n in range(6)])
    desk.admit("Asha", languages=["en"])
    for _ in range(6):
        lease = desk.next("Asha")
        assert not isinstance(lease, str)
        clock.now += 90
        desk.submit("Asha", lease.id, {"choice": "1"})
    desk.store.close()
    found = table(own)
    assert (found.minutes.mid, found.minutes.label) == (1.5, "measured")
    assert found.raters().mid == pytest.approx(400 * 1.5 / 60 * 180)
    assert table(with_settings(own, overheads={"minutes_per_rating": 4})).minutes.mid == 4
