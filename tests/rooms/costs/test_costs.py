"""Costs: worked examples, and the way ranges, currencies and caps behave."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from transformers import LlamaConfig, LlamaForCausalLM

from dono.costs import (
    MACHINES,
    Exchange,
    Meter,
    Range,
    Shape,
    TokenPrice,
    Traffic,
    borrowed_speed,
    exactly,
    forward_flops,
    full_run,
    hosted_cost,
    listed_price,
    llama_shape,
    machine_named,
    measured_speed,
    request_flops,
    serving_cost,
    serving_gigabytes,
    this_machine,
    train_flops,
    training_gigabytes,
    weakest,
)
from dono.errors import Capped, Mistake

H100 = MACHINES["H100-80GB"]
AT_40 = exactly(0.40 * H100.peak, "borrowed", "40 %")


@pytest.mark.parametrize(
    ("parameters", "tokens", "hours", "dollars"),
    [
        (1e9, 20e9, 84, (193, 249, 361)),
        (7e9, 140e9, 4129, (9_455, 12_180, 17_712)),
        (7e9, 10e9, 295, (675, 870, 1_265)),
        (7e9, 100e6, 2.9, (6.8, 8.7, 12.7)),
    ],
)
def test_worked_examples_on_an_h100_at_40_percent(
    parameters: float, tokens: float, hours: float, dollars: tuple[float, float, float]
) -> None:
    flops = train_flops(Shape(parameters, 0, 0), tokens=tokens, context=0)
    cost = full_run(flops, AT_40, H100)
    assert cost.machine_hours.mid == pytest.approx(hours, rel=0.02)
    assert (cost.money.lo, cost.money.mid, cost.money.hi) == pytest.approx(dollars, rel=0.01)


def test_attention_is_counted_beside_the_parameters() -> None:
    shape = Shape(6.5e9, 32, 4096)
    assert train_flops(shape, tokens=1, context=2048) == 6 * 6.5e9 + 12 * 32 * 4096 * 2048
    assert train_flops(shape, tokens=1, context=2048) == 3 * forward_flops(shape, tokens=1, context=2048)
    assert train_flops(shape, tokens=1, context=2048, lora=True) == 4 * 6.5e9 + 12 * 32 * 4096 * 2048
    assert train_flops(shape, tokens=1, context=2048, recompute=True) == 4 * forward_flops(
        shape, tokens=1, context=2048
    )


@pytest.mark.parametrize("tied", [True, False])
def test_the_shape_counts_the_parameters_that_transformers_makes(tied: bool) -> None:
    config = LlamaConfig(
        hidden_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        intermediate_size=96,
        vocab_size=500,
        tie_word_embeddings=tied,
    )
    made = sum(p.numel() for p in LlamaForCausalLM(config).parameters())
    shape = llama_shape(width=64, layers=3, hidden=96, vocabulary=500, heads=4, kv_heads=2, tied=tied)
    assert shape.stored == made
    assert shape.parameters == made - (0 if tied else 500 * 64)


def test_a_request_reads_its_prompt_once_and_looks_back_at_all_before() -> None:
    shape = Shape(1e6, 2, 8)
    by_token = sum(2 * 1e6 + 4 * 2 * 8 * t for t in range(150))
    assert request_flops(shape, tokens_in=100, tokens_out=50) == pytest.approx(by_token, rel=1e-4)


def test_a_faster_speed_gives_fewer_hours_and_a_wider_use_a_wider_range() -> None:
    cost = full_run(1e21, borrowed_speed(H100, context=2048), H100, count=8)
    assert cost.hours.lo < cost.hours.mid < cost.hours.hi
    assert cost.machine_hours.mid == pytest.approx(8 * cost.hours.mid)
    assert cost.hours.label == "borrowed" and "llm-foundry" in cost.hours.source
    long = full_run(1e21, borrowed_speed(H100, context=8192), H100, count=8)
    assert long.hours.mid > cost.hours.mid
    measured = full_run(1e21, measured_speed(4e14), H100)
    assert measured.hours.label == "measured" and measured.money.label == "borrowed"


def test_every_machine_is_plausible_and_found_by_a_careless_name() -> None:
    for name, machine in MACHINES.items():
        assert machine_named(name.lower().replace("-", " ")) is machine
        assert 1e13 < machine.peak < 1e16 and 0.1 < machine.mfu.lo < machine.mfu.hi < 0.9
    assert machine_named("H100-80") is H100
    for unknown in ("abacus", "H10", "L400", "A1"):
        with pytest.raises(Mistake, match="Use one of: this, H100-80GB"):
            machine_named(unknown)
    assert machine_named("H100") is H100 and machine_named("A100").name == "A100-80GB"
    assert machine_named("L40").peak == MACHINES["L40S"].peak / 2


def test_a_machine_without_a_price_asks_for_one() -> None:
    speed = exactly(1e13, "assumed", "")
    with pytest.raises(Mistake, match=r"machine\.price_per_hour: no price is known for L4"):
        full_run(1e18, speed, MACHINES["L4"])
    assert full_run(3.6e16, speed, MACHINES["L4"].priced(60, "INR")).money.mid == pytest.approx(60)


def test_a_machine_at_hand_costs_nothing_unless_the_project_says_so() -> None:
    machine = this_machine(1e11)
    assert machine.price == exactly(0.0, "assumed", "a machine at hand costs nothing more") and machine.memory > 0.1
    assert this_machine(1e11, price_per_hour=20, currency="INR").price == exactly(20, "assumed", "project file")


def test_money_is_converted_at_the_projects_rate_or_at_a_default_that_is_named() -> None:
    hundred = exactly(100, "borrowed", "list")
    assert Exchange("INR", {"USD": 90}).into(hundred, "USD").mid == 9000
    default = Exchange("INR").into(hundred, "USD")
    assert default.mid == 8800 and "USD/INR rate of" in default.source and default.label == "assumed"
    assert Exchange("USD").into(exactly(88, "borrowed", ""), "INR").mid == pytest.approx(1)
    assert Exchange("INR").into(hundred, "INR") == hundred
    with pytest.raises(Mistake, match="no rate from EUR to INR"):
        Exchange("INR").into(hundred, "EUR")


def test_the_meter_stops_at_the_nearest_cap() -> None:
    meter = Meter(200, currency="INR", cap_money=100, cap_hours=2, seconds=600)
    assert meter.left_seconds == pytest.approx(1200) and meter.affords(1200) and not meter.affords(1201)
    meter.add(1100)
    meter.check()
    meter.add(100)
    with pytest.raises(Capped, match="INR 100"):
        meter.check()
    assert str(meter) == "INR 100.00/100, 0.50/2 h"


def test_a_free_machine_is_capped_by_hours_alone() -> None:
    meter = Meter(0, currency="INR", cap_money=100)
    meter.add(1e6)
    meter.check()
    assert math.isinf(meter.left_seconds)
    hourly = Meter(0, currency="INR", cap_money=0, cap_hours=1)
    hourly.add(3600)
    with pytest.raises(Capped, match="1 hours"):
        hourly.check()


def test_serving_scales_with_the_tokenizer() -> None:
    shape, traffic = Shape(1e9, 16, 2048), Traffic(100_000, 400, 150)
    lean, wasteful = (serving_cost(shape, traffic, H100, fertility=f) for f in (1.0, 4.0))
    assert wasteful.tokens == pytest.approx(4 * lean.tokens)
    assert 4 < wasteful.busy_money.mid / lean.busy_money.mid < 4.6
    assert lean.busy_money.lo < lean.busy_money.mid < lean.busy_money.hi
    assert lean.machines == 1 and lean.reserved_money.mid == pytest.approx(2.95 * 730.5)
    crowded = serving_cost(shape, replace(traffic, requests_per_day=1e8), H100)
    assert crowded.machines == 27 and crowded.reserved_money.mid > crowded.busy_money.mid


def test_a_hosted_model_is_priced_by_tokens() -> None:
    month = hosted_cost(Traffic(1000, 500, 100), TokenPrice(1.0, 5.0), longer_in=2, longer_out=2)
    assert month.mid == pytest.approx(1000 * 365.25 / 12 * 0.002)


def test_a_language_whose_words_take_more_tokens_is_dearer_in_proportion_to_what_is_read() -> None:
    plain, hindi = (hosted_cost(Traffic(1, 1000, 0), TokenPrice(1.0, 5.0), longer_in=k).mid for k in (1.0, 2.8))
    assert hindi / plain == pytest.approx(2.8)


def test_a_listed_price_is_found_with_its_provider_before_the_name_and_is_dated() -> None:
    found = listed_price("openai/gpt-4o-mini")
    assert found is not None and (found.reading, found.writing, found.currency) == (0.15, 0.6, "USD")
    assert found.label == "borrowed" and "read 2026-11" in found.source
    assert listed_price("a-model-of-nobody") is None


def test_memory_tells_full_training_from_lora_and_serving() -> None:
    shape = Shape(7e9, 32, 4096)
    full, lora = (training_gigabytes(shape, batch_tokens=2048, lora=on) for on in (False, True))
    assert full == pytest.approx(112 + 9.13, rel=0.01) and lora == pytest.approx(14 + 9.13, rel=0.01)
    assert serving_gigabytes(shape) == 14


def test_the_weaker_label_counts() -> None:
    product = Range(1, 2, 3, "measured", "a").by(Range(1, 1, 2, "borrowed", "b"))
    assert product == Range(1, 2, 6, "borrowed", "a; b")
    assert weakest("measured", "extrapolated") == "extrapolated"


def test_a_source_that_several_parts_share_is_named_once() -> None:
    machines = exactly(2.0, "measured", "this machine; the speed of the pilots")
    failed = machines.by(exactly(0.1, "assumed", "runs that fail; this machine"))
    assert failed.source == "this machine; the speed of the pilots; runs that fail"
    assert machines.plus(exactly(0.0, "measured", "")).source == machines.source
