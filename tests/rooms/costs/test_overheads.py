"""People, raters, storage, failed runs: the table, own rows, other currencies; and how long a request takes."""

from __future__ import annotations

import pytest

from dono.costs import MACHINES, Exchange, estimated_latency, exactly, overhead_prices, usual_shape
from dono.costs.overheads import ENGINEER, HOURS, RATER, RATINGS
from dono.costs.trend import SWING, cost_in, yearly_factor
from dono.errors import Mistake
from dono.project import Overheads

INR = Exchange("INR")


def test_without_a_word_the_table_of_the_projects_currency_counts() -> None:
    found = overhead_prices(Overheads(), INR)
    assert (found.engineer, found.rater, found.ratings) == (ENGINEER["INR"], RATER["INR"], RATINGS)
    raters = found.raters()
    assert raters.mid == pytest.approx(400 * 2 / 60 * 180) and raters.label == "assumed" and raters.lo < raters.hi
    assert found.engineers(found.hours("scratch")).mid == pytest.approx(160 * 1000)


def test_every_route_has_hours_with_a_range() -> None:
    assert set(HOURS) == {"prompt", "hosted", "finetune", "continue", "scratch", "predictive"}
    assert all(h.lo < h.mid < h.hi and h.source for h in HOURS.values())


def test_a_persons_own_rows_replace_the_tables_and_have_no_range() -> None:
    own = Overheads(engineer_per_hour=3000, rater_per_hour=0, ratings=50, minutes_per_rating=3, failed_runs=0.2,
                    engineer_hours={"scratch": 10}, storage_per_gigabyte_month=2)  # fmt: skip
    found = overhead_prices(own, Exchange("KES"))
    cost = found.engineers(found.hours("scratch"))
    assert (cost.lo, cost.mid, cost.hi) == (30_000, 30_000, 30_000)
    assert found.raters().hi == 0 and found.failed.mid == 0.2 and found.stored(10, 12).mid == 240
    assert "overheads of the project file" in cost.source


def test_another_currency_takes_the_dollars_row_at_the_projects_rate() -> None:
    found = overhead_prices(Overheads(), Exchange("KES", {"USD": 129.0}))
    assert found.engineer.mid == pytest.approx(ENGINEER["USD"].mid * 129) and "129" in found.engineer.source


def test_a_currency_without_a_rate_is_one_line_with_both_remedies() -> None:
    with pytest.raises(Mistake) as raised:
        overhead_prices(Overheads(), Exchange("KES"))
    said = str(raised.value)
    assert said.startswith("rates: no rate from USD to KES. Add `rates: {USD: …}`") and "\n" not in said
    assert said.endswith("or give overheads.storage_per_gigabyte_month in KES") or "overheads.engineer_per_hour" in said


def test_each_new_token_reads_the_weights_once() -> None:
    """7 B parameters of two bytes over 3.35 TB/s: 4.2 ms a token at best, the published figure for one H100."""
    shape, machine = usual_shape(7e9), MACHINES["H100-80GB"]
    short = estimated_latency(shape, machine, tokens_in=100, tokens_out=100)
    long = estimated_latency(shape, machine, tokens_in=100, tokens_out=200)
    per_token = (long.lo - short.lo) / 100
    assert per_token == pytest.approx(14e9 / 3.35e12 / 0.8 + 20e-6 * shape.layers)
    assert short.lo < short.mid < short.hi and short.label == "assumed"
    slow = estimated_latency(shape, MACHINES["L4"], tokens_in=100, tokens_out=100)
    assert slow.mid > 5 * short.mid


def test_rents_that_also_rise_widen_the_near_future() -> None:
    """In five months the price of the day may lie a whole swing off the trend, which hardly moved by itself."""
    five = cost_in(5 / 12, 1.0)
    assert five.hi / five.mid > 1 + SWING > yearly_factor().hi / yearly_factor().mid - 1


def test_a_sum_of_ranges_keeps_the_weaker_label() -> None:
    found = exactly(1.0, "measured", "a").plus(exactly(2.0, "assumed", "b"))
    assert (found.lo, found.mid, found.hi, found.label, found.source) == (3.0, 3.0, 3.0, "assumed", "a; b")
