from __future__ import annotations

import pytest

from dono.training import rates
from dono.training.rates import best_batch, continued_peaks, finetuning_peak, scratch_peaks


def test_the_measured_run_gets_the_measured_rates() -> None:
    for width in (64, 192):
        peaks = scratch_peaks(width=width, batch_tokens=rates.BATCH_TOKENS, tokens=rates.TOKENS)
        assert (peaks.adamw, peaks.matrices) == (rates.ADAMW_PEAK, rates.MUON_PEAK)


def test_twice_the_width_halves_adamw_s_rate_and_leaves_muon_s() -> None:
    narrow, wide = (scratch_peaks(width=width, batch_tokens=4096, tokens=1e7) for width in (512, 1024))
    assert wide.adamw == pytest.approx(narrow.adamw / 2)
    assert wide.matrices == narrow.matrices


def test_beside_muon_four_times_the_width_halves_the_rate() -> None:
    narrow, wide = (scratch_peaks(width=w, batch_tokens=4096, tokens=1e7, optimizer="muon") for w in (512, 2048))
    assert wide.adamw == pytest.approx(narrow.adamw / 2)


def test_longer_runs_learn_at_lower_rates_and_larger_batches_at_higher_ones() -> None:
    for optimizer in ("adamw", "muon"):
        base = scratch_peaks(width=512, batch_tokens=4096, tokens=1e8, optimizer=optimizer)
        longer = scratch_peaks(width=512, batch_tokens=4096, tokens=1e9, optimizer=optimizer)
        larger = scratch_peaks(width=512, batch_tokens=8192, tokens=1e8, optimizer=optimizer)
        for name in ("adamw", "matrices"):
            assert getattr(longer, name) == pytest.approx(getattr(base, name) * 10**-0.32)
            assert getattr(larger, name) == pytest.approx(getattr(base, name) * 2**0.5)


def test_beside_muon_adamw_goes_faster_than_alone() -> None:
    alone, beside = (
        scratch_peaks(width=256, batch_tokens=1024, tokens=1e6, optimizer=name) for name in ("adamw", "muon")
    )
    assert beside.adamw > 5 * alone.adamw
    assert beside.matrices == alone.matrices


def test_no_run_is_too_short_for_a_rate_that_learns() -> None:
    peaks = scratch_peaks(width=8, batch_tokens=65536, tokens=1.0)
    assert (peaks.adamw, peaks.matrices) == (rates.MOST_ADAMW, rates.MOST_MUON)
    beside = scratch_peaks(width=8, batch_tokens=65536, tokens=1.0, optimizer="muon")
    assert beside.adamw == rates.MOST_BESIDE_MUON


def test_far_from_where_they_were_measured_the_rules_come_near_what_others_found() -> None:
    gpt3_small = scratch_peaks(width=768, batch_tokens=500_000, tokens=300e9)  # Brown et al. 2020, table 2.1: 6e-4
    assert 6e-4 / 4 < gpt3_small.adamw < 6e-4 * 4
    speedrun = scratch_peaks(width=768, batch_tokens=524_288, tokens=3e9)  # Jordan et al. 2024, NanoGPT with Muon: 0.02
    assert 0.02 / 2 < speedrun.matrices < 0.02 * 2


def test_a_pretrained_model_goes_on_at_a_share_of_the_rate_from_scratch() -> None:
    scratch, continued = (
        rule(width=512, batch_tokens=4096, tokens=1e7) for rule in (scratch_peaks, continued_peaks)
    )  # fmt: skip
    assert continued.adamw == pytest.approx(rates.CONTINUED * scratch.adamw)
    assert continued.matrices == pytest.approx(rates.CONTINUED * scratch.matrices)


def test_an_eight_billion_llama_is_fine_tuned_at_the_published_rates() -> None:
    assert finetuning_peak(width=4096, lora=False) == pytest.approx(2.86e-5, rel=0.01)
    assert finetuning_peak(width=4096, lora=True) == pytest.approx(2.86e-4, rel=0.01)


def test_the_batch_is_a_power_of_two_that_grows_more_slowly_than_the_run() -> None:
    batches = [best_batch(10.0**k) for k in range(3, 13)]
    assert all(batch & (batch - 1) == 0 for batch in batches)
    assert batches == sorted(batches) and batches[0] == 512
    assert best_batch(rates.TOKENS) == rates.BATCH_TOKENS
    assert best_batch(32 * rates.TOKENS) == 4 * rates.BATCH_TOKENS
