"""Bills that add up, turning points over traffic and time, assumptions that flip, and whether to wait."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dono.costs import cost_in
from dono.decisions import ArmEvidence, CostPart, Lever, Number, compare, outset
from dono.decisions.evidence import ENGINEERS, FAILED_RUNS, MACHINES, SERVING
from dono.decisions.outlook import Outlook, outlook
from dono.decisions.spending import parts_together, summed
from dono.decisions.turns import by_time, by_traffic
from tests.rooms.decisions.evidence import arm, fixed, learner, pilot, question, rupees


def priced(name: str, *, cost: float, month: float | None = None, people: float = 0.0, key: str | None = None,
           common: float = 0.0, value: float = 0.9) -> ArmEvidence:  # fmt: skip
    shared = (key, common * cost) if key else None
    row = arm(name, [pilot(1.0, value, stderr=0.002)], cost=cost, serving=month, has_scale=False, shared=shared)
    if not people:
        return row
    return replace(row, beside=(CostPart(name=ENGINEERS, amount=rupees(people), shared=common * people),))


def seen(evidence: ArmEvidence) -> Outlook:
    return outlook(question(), evidence, 0)


def sharply(number: Number | None) -> Number | None:
    return None if number is None else number.model_copy(update={"lo": None, "hi": None})


amounts = st.floats(0, 1e7)


@given(st.lists(st.tuples(amounts, amounts, st.floats(0, 1)), min_size=1, max_size=5))
def test_parts_sum_to_the_total_and_what_is_shared_is_paid_once(drawn: list[tuple[float, float, float]]) -> None:
    arms = [priced("a/b", cost=c, people=p, key="corpus", common=s) for c, p, s in drawn if p]
    parts = parts_together(arms, "INR")
    common = [max((s * v for (c, p, s) in drawn if p for v in [(c, p)[i]]), default=0.0) for i in (0, 1)]
    own = [sum((1 - s) * (c, p)[i] for c, p, s in drawn if p) for i in (0, 1)]
    total = summed(parts, "INR")
    assert total.value == pytest.approx(sum(own) + sum(common))
    assert total.value == pytest.approx(sum(p.amount.value for p in parts))
    assert total.lo is not None and total.hi is not None and total.lo <= total.value <= total.hi


def test_people_count_in_what_is_cheaper() -> None:
    arms = [priced("scratch/own", cost=100, people=9000), priced("finetune/lora", cost=1000, people=500)]
    assert compare(question(), arms, seed=0).winner == "finetune/lora"
    assert compare(question(), [replace(a, beside=()) for a in arms], seed=0).winner == "scratch/own"


def test_the_traffic_from_which_the_dearer_model_pays_is_the_extra_cost_over_the_saving() -> None:
    """Exactly priced: at 1,000 requests a day 12 months × (50 − 10) pay 480 of 9,600 more: 20 times as many do."""
    cheap, dear = priced("finetune/lora", cost=400, month=50), priced("scratch/own", cost=10_000, month=10)
    cheap, dear = (
        replace(e, full_cost=rupees(e.full_cost.value).model_copy(update={"lo": None, "hi": None}),
                serving_per_month=sharply(e.serving_per_month))
        for e in (cheap, dear)
    )  # fmt: skip
    found = by_traffic(seen(cheap), seen(dear), 1000)
    assert found is not None and found.scale.value == pytest.approx(20_000)
    assert "From 20 k requests a day on From scratch costs less than Fine-tune (LoRA)" in found.sentence
    assert by_traffic(seen(dear), seen(cheap), 1000) is None


def test_uncertain_prices_widen_the_traffic_at_which_it_turns() -> None:
    cheap, dear = priced("finetune/lora", cost=400, month=50), priced("scratch/own", cost=10_000, month=10)
    found = by_traffic(seen(cheap), seen(dear), 1000)
    assert found is not None and found.scale.lo is not None and found.scale.hi is not None
    assert found.scale.lo < 20_000 < found.scale.hi


def test_in_so_many_months_the_model_whose_cost_is_machines_costs_less() -> None:
    """10,000 of machines against 4,000 of people, which do not fall: by the trend's middle 0.265 a year, 8 months."""
    machines, people = priced("scratch/own", cost=10_000), priced("finetune/lora", cost=1, people=4000)
    found = by_time(seen(people), seen(machines))
    assert found is not None and found.scale.value == pytest.approx(8.3, abs=1)
    assert found.scale.lo is not None and found.scale.hi is not None and found.scale.lo < 8 < found.scale.hi
    assert re.match(r"In \d+ months From scratch costs less than Fine-tune \(LoRA\)", found.sentence)
    assert by_time(seen(machines), seen(people)) is None


def test_a_crossover_beyond_the_pilots_support_is_refused_in_words() -> None:
    scales = (1 / 16_384, 1 / 8192, 1 / 4096)
    arms = [learner("scratch/own", lambda s: 1 - 0.1 * s**-0.3, scales=scales, stderr=0.0005), fixed("prompt/a", 0.7)]
    found = compare(question(), arms, seed=0)
    assert found.crossovers == ()
    assert any("cannot be said: it would be beyond 64 times the largest pilot" in u for u in found.unsupported)


HOUR = Lever(
    name="the price of a machine hour", now=Number(value=200, unit="INR an hour", label="assumed"),
    parts=(MACHINES, FAILED_RUNS),
)  # fmt: skip
MONTHS = Lever(name="the months of serving", now=Number(value=12, unit="months", label="assumed"), parts=(SERVING,))
TRAFFIC = Lever(name="traffic", now=Number(value=1e5, unit="requests a day", label="assumed"), parts=(SERVING,))
WAGE = Lever(name="an engineer's hour", now=Number(value=1000, unit="INR an hour", label="assumed"), parts=(ENGINEERS,))


def test_the_assumption_that_flips_the_choice_is_named_with_the_value_at_which_it_does() -> None:
    """Scratch is taken while it costs at most 0.8 of the leader: 1,000 k + 100 against 0.8 · (10 k + 2,000)."""
    arms = [priced("scratch/own", cost=1000, people=100), priced("finetune/lora", cost=10, people=2000, value=0.903)]
    found = compare(replace(question(), levers=(HOUR, WAGE)), arms, seed=0)
    assert found.taken == "scratch/own"
    by_name = {f.assumption: f for f in found.sensitivity}
    assert set(by_name) == {HOUR.name, WAGE.name}
    assert by_name[HOUR.name].times == pytest.approx((2000 * 0.8 - 100) / (1000 - 0.8 * 10), rel=1e-4)
    assert by_name[HOUR.name].at.value == pytest.approx(200 * by_name[HOUR.name].times)
    assert "The price of a machine hour above INR" in by_name[HOUR.name].sentence
    assert by_name[HOUR.name].sentence.endswith("the choice would be Fine-tune (LoRA)")


def test_assumptions_with_one_effect_count_as_one() -> None:
    arms = [priced("scratch/own", cost=1000, month=10), priced("finetune/lora", cost=100, month=50)]
    found = compare(replace(question(), levers=(MONTHS, TRAFFIC)), arms, seed=0)
    (flip,) = found.sensitivity
    assert "months of serving above" in flip.sentence.lower() and "or traffic above" in flip.sentence


def test_where_no_assumption_flips_it_nothing_is_named() -> None:
    arms = [priced("scratch/own", cost=1000, value=0.95), priced("finetune/lora", cost=10, value=0.6)]
    assert compare(replace(question(), levers=(HOUR, WAGE)), arms, seed=0).sensitivity == ()


BILL = (CostPart(name=MACHINES, amount=rupees(1000)), CostPart(name=ENGINEERS, amount=rupees(5000)))


def test_waiting_saves_the_part_that_falls_and_people_do_not() -> None:
    found = outset(BILL, None, "INR")
    assert found.falling.value == 1000
    year = next(w for w in found.waits if w.months == 12)
    later = cost_in(1.0, 1000.0)
    assert (year.saves.lo, year.saves.value, year.saves.hi) == pytest.approx(
        (1000 - later.hi, 1000 - later.mid, 1000 - later.lo)
    )
    assert year.wrong_from.value == pytest.approx(year.saves.value / 12) and year.forgone is None
    assert "it is wrong where having the model is worth more than INR 61" in found.sentence


@pytest.mark.parametrize(("worth", "said"), [(200.0, "Train now"), (1.0, "Wait 18 months or more"), (0.0, "Wait 18")])
def test_what_the_model_is_worth_decides_whether_to_wait(worth: float, said: str) -> None:
    assert outset(BILL, worth, "INR").sentence.startswith(said)


def test_between_the_two_the_interval_decides_and_it_may_not() -> None:
    assert outset(BILL, 60.0, "INR").sentence.startswith("Cannot be said")


def test_machines_that_cost_nothing_are_not_waited_for() -> None:
    found = outset((CostPart(name=ENGINEERS, amount=rupees(5000)),), 10.0, "INR")
    assert found.sentence.startswith("Train now: the machines of this plan cost nothing more")
