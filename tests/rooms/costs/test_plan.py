"""Plans of large runs: worked examples, layouts that fit, failures, waiting; and what is refused."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dono.costs import (
    CLAIMS,
    MACHINES,
    Asked,
    cost_in,
    energy_kwh,
    exactly,
    expected_failures,
    layout_that_fits,
    longest_wait,
    memory_per_gpu,
    plan_run,
    usual_batch,
    usual_shape,
    waiting,
    whole_run_utilisation,
    yearly_factor,
)
from dono.errors import Mistake

H100 = MACHINES["H100-80GB"]


def asked(parameters: float, tokens: float, **others: object) -> Asked:
    values = {"context": 4096, "batch_tokens": usual_batch(tokens), "vocabulary": 128_000, **others}
    return Asked(parameters, tokens, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(("parameters", "width", "layers"), [(7e9, 4096, 32), (70e9, 8192, 80), (405e9, 16384, 126)])
def test_a_usual_shape_is_near_llamas_own(parameters: float, width: int, layers: int) -> None:
    shape = usual_shape(parameters)
    assert shape.stored == pytest.approx(parameters)
    assert shape.width == pytest.approx(width, rel=0.1)
    assert shape.layers == pytest.approx(layers, rel=0.15)


@given(st.floats(1e6, 2e12))
def test_every_size_has_a_shape_with_all_its_parameters(parameters: float) -> None:
    shape = usual_shape(parameters)
    assert shape.stored == pytest.approx(parameters)
    assert shape.layers >= 2
    assert shape.parameters > 0


def test_machine_hours_are_flops_over_what_the_machines_reach() -> None:
    plan = plan_run(asked(7e9, 140e9), usual_shape(7e9), H100, 64, utilisation=exactly(0.4, "assumed", "given"))
    assert plan.machine_hours.mid == pytest.approx(6 * 7e9 * 140e9 / (0.4 * 989e12) / 3600)
    assert plan.money is not None
    assert plan.money.mid == pytest.approx(plan.machine_hours.mid * 2.95)
    assert plan.hours.mid == pytest.approx(plan.machine_hours.mid / 64 / (1 - plan.failures.lost))
    assert plan.flops > 6 * plan.layout.data  # attention is counted in the FLOPs that are shown
    assert plan.flops == pytest.approx(6 * usual_shape(7e9).parameters * 140e9, rel=0.25)


def test_lora_takes_two_thirds_of_the_time_and_no_optimizer_memory() -> None:
    whole = plan_run(asked(7e9, 1e9), usual_shape(7e9), H100, 8)
    lora = plan_run(asked(7e9, 1e9, lora=True), usual_shape(7e9), H100, 8)
    assert lora.machine_hours.mid == pytest.approx(whole.machine_hours.mid * 2 / 3)
    assert lora.layout.memory.optimizer == 0
    assert lora.failures.checkpoint_gigabytes < whole.failures.checkpoint_gigabytes / 50


@pytest.mark.parametrize(("lora", "more"), [(False, 8 / 6), (True, 6 / 4)])
def test_a_repeated_forward_is_two_flops_more_whatever_is_trained_and_the_layout_repeats_it(
    lora: bool, more: float
) -> None:
    kept = plan_run(asked(7e9, 1e9, lora=lora), usual_shape(7e9), H100, 64)
    again = plan_run(asked(7e9, 1e9, lora=lora, recompute=True), usual_shape(7e9), H100, 64)
    assert again.machine_hours.mid == pytest.approx(kept.machine_hours.mid * more)
    assert again.money is not None and kept.money is not None
    assert again.money.mid == pytest.approx(kept.money.mid * more)
    assert again.flops / kept.flops == pytest.approx(more, rel=0.05)
    assert (kept.layout.recompute, again.layout.recompute) == (False, True)
    assert again.layout.memory.activations < kept.layout.memory.activations


def test_only_the_experts_that_a_token_meets_take_time_but_all_take_memory() -> None:
    dense = plan_run(asked(100e9, 1e12), usual_shape(100e9), H100, 512)
    experts = plan_run(asked(100e9, 1e12, active=10e9), usual_shape(100e9), H100, 512)
    assert experts.machine_hours.mid == pytest.approx(dense.machine_hours.mid / 10)
    assert experts.layout.memory.optimizer == dense.layout.memory.optimizer


def test_the_largest_published_run_is_foretold_with_its_time_lost_to_failures() -> None:
    """Llama 3 405B: 30.84 M H100 hours, more than 90 % effective time on 16,384 GPUs (arXiv 2407.21783, 3.3.4)."""
    plan = plan_run(asked(405e9, 15.6e12), usual_shape(405e9), H100, 16_384)
    assert plan.machine_hours.mid == pytest.approx(30.84e6, rel=0.25)
    assert plan.failures.lost < 0.10
    assert plan.failures.between_hours == pytest.approx(54 * 24 / 419)


def test_states_of_one_gpu_are_sixteen_bytes_a_parameter() -> None:
    shape = usual_shape(1e9)
    memory = memory_per_gpu(shape, data=1, tensor=1, pipeline=1, tokens_at_once=0, recompute=False, vocabulary=128_000)
    assert memory.total == pytest.approx(16.0)


@settings(max_examples=60)
@given(
    st.floats(1e8, 1e12), st.sampled_from([1, 8, 24, 64, 1024, 16_384]), st.sampled_from([2048, 8192, 32_768]),
    st.sampled_from([24.0, 80.0, 192.0]),
)  # fmt: skip
def test_a_layout_uses_every_gpu_and_fits_or_says_what_is_needed(
    parameters: float, gpus: int, context: int, gigabytes: float
) -> None:
    batch = 2**24
    try:
        found = layout_that_fits(
            usual_shape(parameters), gpus=gpus, gigabytes=gigabytes, context=context, batch_tokens=batch
        )
    except Mistake as mistake:
        assert "GPUs" in str(mistake)
        return
    assert found.data * found.tensor * found.pipeline == gpus
    assert found.memory.total <= gigabytes
    assert found.data * found.sequences * context <= batch


def test_more_gpus_never_need_more_memory_each() -> None:
    totals = [
        memory_per_gpu(
            usual_shape(7e9), data=data, tensor=1, pipeline=1, tokens_at_once=4096, recompute=False, vocabulary=128_000
        ).total
        for data in (2, 4, 8, 64)
    ]
    assert totals == sorted(totals, reverse=True)


def test_a_batch_too_small_for_the_gpus_is_refused_with_the_remedy() -> None:
    with pytest.raises(Mistake, match="fewer GPUs"):
        layout_that_fits(usual_shape(1e8), gpus=1024, gigabytes=80, context=4096, batch_tokens=2**16)


def test_saves_follow_youngs_rule() -> None:
    found = expected_failures(usual_shape(70e9), gpus=1024)
    save, between = found.save_seconds / 3600, found.between_hours
    assert found.interval_minutes / 60 == pytest.approx(math.sqrt(2 * save * between))


def test_an_hour_of_an_h100_is_about_one_kilowatt_hour() -> None:
    assert energy_kwh(H100, exactly(1.0, "assumed", "one")).mid == pytest.approx(1.05)


def test_the_trend_lies_where_others_said_it_lies() -> None:
    factor = yearly_factor()
    assert factor.lo < factor.mid < factor.hi < 1
    for claim in CLAIMS:
        assert factor.lo < 1 - claim.fall < factor.hi, claim.who


def test_the_trend_forwards_and_back_is_the_cost_itself() -> None:
    there = cost_in(3.0, 100.0)
    assert cost_in(-3.0, there.mid).mid == pytest.approx(100.0)
    assert there.lo < there.mid < there.hi
    assert cost_in(0.0, 100.0).lo == cost_in(0.0, 100.0).hi == 100.0


def test_waiting_pays_only_while_the_price_falls_faster_than_the_model_earns() -> None:
    assert waiting(1e6, 0.0, 12).pays is True
    assert waiting(1e6, 1e6, 12).pays is False
    assert longest_wait(1e6, 1e6) == 0
    assert longest_wait(1e6, 0.0) == math.inf
    months = longest_wait(1e6, 2e4)

    def gain(at: float) -> float:
        wait = waiting(1e6, 2e4, at)
        return wait.saves.mid - wait.forgone

    assert gain(months) >= max(gain(months - 1), gain(months + 1))


@pytest.mark.parametrize("name", list(MACHINES))
def test_every_machine_has_a_prior_for_whole_runs(name: str) -> None:
    found = whole_run_utilisation(MACHINES[name], context=4096)
    assert 0 < found.lo < found.hi < 1
    assert found.source
