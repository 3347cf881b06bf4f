"""A bill adds up to the digit that is shown; the picture of the trend is well formed and says what it shows."""

from __future__ import annotations

import re
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dono.decisions import CostPart, Number, Verdict, outset
from dono.studio.amounts import money_to
from dono.studio.sums import sums
from dono.studio.trend_chart import trend_chart


def part(name: str, value: float) -> CostPart:
    return CostPart(name=name, amount=Number(value=value, lo=value / 2, hi=value * 3, unit="INR", label="assumed"))


def read(shown: str) -> float:
    """The amount that a person reads."""
    return float(shown.replace("₹", "").replace(",", ""))


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=8))
def test_the_parts_as_shown_sum_to_the_total_as_shown(values: list[float]) -> None:
    bill = sums([part(f"part {i}", v) for i, v in enumerate(values)], "INR")
    assert sum(read(r.amount) for r in bill.rows) == pytest.approx(read(bill.total), abs=1e-6)
    assert read(bill.total) == pytest.approx(sum(values), abs=0.5 * len(values))


def test_rounding_each_alone_does_not_lose_a_rupee() -> None:
    bill = sums([part("a", 1000.4), part("b", 2000.4), part("c", 3000.4)], "INR")
    assert [r.amount for r in bill.rows] == ["₹1,000", "₹2,000", "₹3,000"] and bill.total == "₹6,000"


@pytest.mark.parametrize(
    ("value", "currency", "decimals", "shown"),
    [(123456.7, "INR", 0, "₹1,23,457"), (12.3456, "USD", 2, "$12.35"), (-5.0, "EUR", 2, "−€5.00"),
     (1234.0, "KES", 0, "KES\u00a01,234"), (-0.001, "INR", 2, "₹0.00")],
)  # fmt: skip
def test_a_row_of_a_bill_has_its_decimals(value: float, currency: str, decimals: int, shown: str) -> None:
    assert money_to(value, currency, decimals) == shown


def test_the_report_shows_a_bill_that_adds_up(page: str, verdict: Verdict) -> None:
    table = re.search(r'<table class="plan parts">.*?</table>', page, re.DOTALL)
    assert table is not None
    shown = [read(text) for text in re.findall(r'<td class="n"><span class="amount">(.*?)</span>', table[0])]
    assert len(shown) == len(verdict.portfolio_parts) + 1
    assert sum(shown[:-1]) == shown[-1]


def test_the_trend_is_drawn_with_its_claims_and_todays_cost() -> None:
    found = trend_chart(outset([part("machines", 240_000.0)], 1000.0, "INR"), "INR", "2026-11-26T10:00:00+00:00")
    assert found is not None
    for picture in found:
        svg = Xml.fromstring(picture)
        texts = " ".join(t.text or "" for t in svg.iter("text"))
        assert "today ₹2,40,000" in texts and "nanochat: −62" in texts and "2026" in texts
        width, height = map(float, svg.attrib["viewBox"].split()[2:])
        for shape in svg.iter("circle"):
            assert 0 < float(shape.attrib["cx"]) < width and 0 < float(shape.attrib["cy"]) < height
    assert "In 12 months" in (Xml.fromstring(found[0]).findtext("desc") or "")


def test_a_plan_whose_machines_cost_nothing_has_no_picture() -> None:
    assert trend_chart(outset([part("engineers", 9000.0)], None, "INR"), "INR", "2026-11-26T10:00:00+00:00") is None
