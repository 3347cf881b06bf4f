from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dono.decisions import ArmEvidence, ArmVerdict, PilotPoint, UseCaseVerdict, compare
from dono.decisions.evidence import MOST_SCALE
from dono.errors import Mistake
from tests.rooms.decisions.evidence import TOKENS, arm, fixed, learner, pilot, question

GOLDEN = Path(__file__).with_name("golden.json")


def scratch(scale: float) -> float:
    """Badness 0.1 at the full run, falling fast."""
    return 1 - 0.1 * abs(scale) ** -0.45


def lora(scale: float) -> float:
    """Badness 0.17 at the full run, falling slowly: scratch is better from a share of 0.22."""
    return 1 - 0.17 * scale**-0.1


CROSSING = (0.1 / 0.17) ** (1 / 0.35)


def row(verdict: UseCaseVerdict, name: str) -> ArmVerdict:
    return next(a for a in verdict.arms if a.arm == name)


def test_curves_that_cross_after_the_pilots_give_the_later_winner_and_the_crossover() -> None:
    scales = (1 / 64, 1 / 32, 1 / 16, 1 / 8)
    evidence = [
        learner("scratch/own", scratch, scales=scales, stderr=0.002, cost=3000),
        learner("finetune/lora", lora, scales=scales, stderr=0.002, cost=3000),
    ]
    assert max(evidence[0].points, key=lambda p: p.scale).value < max(evidence[1].points, key=lambda p: p.scale).value
    verdict = compare(question(), evidence, seed=0)
    assert verdict.winner == "scratch/own" and verdict.runner_up == "finetune/lora"
    (found,) = verdict.crossovers
    assert (found.arm_a, found.arm_b) == ("finetune/lora", "scratch/own")
    assert found.scale.label == "extrapolated"
    assert found.scale.lo is not None and found.scale.hi is not None
    assert found.scale.lo <= CROSSING <= found.scale.hi
    assert found.scale.value == pytest.approx(CROSSING, rel=0.3)
    assert found.sentence.startswith("From scratch overtakes Fine-tune (LoRA) beyond 1.")
    assert " M tokens (" in found.sentence and "80 % interval" in found.sentence


def test_a_crossover_between_pilots_is_measured_and_counted_in_tokens() -> None:
    evidence = [learner("scratch/own", scratch, scales=(1 / 32, 1 / 8, 1 / 4, 1 / 2)), fixed("prompt/zero-shot", 0.75)]
    verdict = compare(question(), evidence, seed=0)
    (found,) = verdict.crossovers
    exact = (0.1 / 0.25) ** (1 / 0.45)
    assert found.scale.label == "measured" and found.scale.value == pytest.approx(exact, rel=0.15)
    assert f"{exact * TOKENS / 1e6:.1f}"[:2] in found.sentence


def test_curves_that_do_not_cross_have_no_crossover() -> None:
    evidence = [learner("scratch/own", scratch), learner("finetune/lora", lambda s: scratch(s) - 0.2)]
    assert compare(question(), evidence, seed=0).crossovers == ()


def test_a_dominated_arm_has_no_chance_and_its_distance_as_regret() -> None:
    evidence = [learner("scratch/own", scratch), fixed("prompt/zero-shot", 0.5)]
    verdict = compare(question(), evidence, seed=0)
    loser = row(verdict, "prompt/zero-shot")
    assert verdict.winner == "scratch/own" and loser.p_best == 0
    assert loser.expected_regret == pytest.approx(0.4, abs=0.02)
    assert verdict.arms[0].arm == "scratch/own"
    assert "0.9" in verdict.sentence and "INR 100" in verdict.sentence and "probability" in verdict.sentence


def test_within_the_margin_the_notably_cheaper_arm_wins_and_it_is_said() -> None:
    evidence = [
        fixed("finetune/lora", 0.905, stderr=0.001, cost=300),
        fixed("predictive/tfidf", 0.9, stderr=0.001, cost=30),
    ]
    verdict = compare(question(), evidence, seed=0)
    assert verdict.winner == "predictive/tfidf" and verdict.runner_up == "finetune/lora"
    assert verdict.confidence > 0.95 and row(verdict, "finetune/lora").p_best > 0.95
    assert "as good as Fine-tune (LoRA)" in verdict.sentence and "INR 30.00" in verdict.sentence
    assert any(f.startswith("Money: Fine-tune (LoRA) is better by 0.005 for INR 270 more") for f in verdict.flips)


def test_serving_counts_in_what_is_cheaper() -> None:
    dear = arm("finetune/lora", [pilot(1.0, 0.9, stderr=0.001)], cost=10, serving=500, has_scale=False)
    cheap = fixed("predictive/tfidf", 0.895, stderr=0.001, cost=40)
    assert compare(question(), [dear, cheap], seed=0).winner == "predictive/tfidf"


def test_a_cheaper_arm_outside_the_margin_does_not_win() -> None:
    evidence = [
        fixed("finetune/lora", 0.93, stderr=0.001, cost=300),
        fixed("predictive/tfidf", 0.9, stderr=0.001, cost=30),
    ]
    assert compare(question(), evidence, seed=0).winner == "finetune/lora"


def test_an_arm_that_costs_nearly_the_same_is_not_preferred_for_its_price() -> None:
    evidence = [fixed("a/one", 0.905, stderr=0.001, cost=100), fixed("b/two", 0.9, stderr=0.001, cost=95)]
    assert compare(question(), evidence, seed=0).winner == "a/one"


def test_noisy_equals_are_too_close_to_call_and_the_cost_of_a_wrong_choice_is_said() -> None:
    evidence = [fixed("finetune/lora", 0.84, stderr=0.04, cost=300), fixed("scratch/own", 0.85, stderr=0.04, cost=300)]
    verdict = compare(question(), evidence, seed=0)
    assert verdict.winner is None and verdict.runner_up is not None
    assert verdict.sentence.startswith("Too close to call between")
    assert "Fine-tune (LoRA)" in verdict.sentence and "From scratch" in verdict.sentence
    assert "on average" in verdict.sentence
    assert any(f.startswith("Luck:") for f in verdict.flips)
    assert any(f.startswith("More test items:") and "400" in f for f in verdict.flips)


def test_lower_is_better_where_the_metric_says_so() -> None:
    evidence = [fixed("scratch/own", 1.1), fixed("prompt/zero-shot", 1.9)]
    verdict = compare(question(metric="bits_per_byte"), evidence, seed=0)
    assert verdict.winner == "scratch/own" and not verdict.higher_is_better
    assert row(verdict, "prompt/zero-shot").expected_regret == pytest.approx(0.8, abs=0.01)
    assert "bits/byte" in verdict.sentence


def test_a_failed_arm_carries_its_reason_and_the_others_are_compared() -> None:
    evidence = [learner("scratch/own", scratch), arm("continue/kept", [], failed="out of memory at 3 of 4 steps")]
    verdict = compare(question(), evidence, seed=0)
    assert verdict.winner == "scratch/own" and verdict.arms[-1].failed == "out of memory at 3 of 4 steps"
    assert "only way that was measured" in verdict.sentence
    assert verdict.confidence == 1


def test_where_nothing_was_measured_there_is_no_winner_but_all_reasons() -> None:
    evidence = [arm("scratch/own", [], failed="too few tokens"), arm("finetune/lora", [])]
    verdict = compare(question(bar=0.8), evidence, seed=0)
    assert verdict.winner is None and verdict.runner_up is None and verdict.confidence == 0
    assert all(a.failed for a in verdict.arms)
    assert "too few tokens" in verdict.sentence and "no pilot was run" in verdict.sentence
    assert "nothing was measured" in compare(question(), [], seed=0).sentence


def test_perfect_scores_on_few_items_prove_less_than_on_many() -> None:
    def perfect(n: int) -> float:
        evidence = [
            arm("a/one", [pilot(1.0, 1.0, stderr=0.0, n=n)], has_scale=False),
            arm("b/two", [pilot(1.0, 0.97, stderr=0.0, n=n)], has_scale=False),
        ]
        return row(compare(question(), evidence, seed=0), "a/one").p_best

    assert perfect(1000) > 0.99 > perfect(10) > 0.5


def test_a_perfect_learner_is_forecast() -> None:
    evidence = [learner("predictive/tfidf", lambda s: min(1.0, 0.9 + s), scales=(0.03, 0.1, 0.5, 1.0))]
    found = compare(question(), evidence, seed=0).arms[0]
    assert found.quality.label == "measured" and found.quality.value >= 0.998


def test_a_curve_that_gets_worse_with_data_is_not_promised_to_get_better() -> None:
    evidence = [learner("finetune/full", lambda s: 0.9 - 0.1 * (s / 0.25) ** 0.5, stderr=0.002)]
    found = compare(question(), evidence, seed=0).arms[0]
    assert found.quality.value <= 0.81 and "worse" in found.quality.source


def test_more_seeds_of_a_rung_are_pooled() -> None:
    points = [pilot(0.25, 0.8, seed=0), pilot(0.25, 0.82, seed=1), pilot(0.125, 0.76), pilot(0.0625, 0.7)]
    found = compare(question(), [arm("finetune/lora", points)], seed=0).arms[0]
    assert [(p.scale, p.seed) for p in found.pilots] == [(0.0625, 0), (0.125, 0), (0.25, 0), (0.25, 1)]


def test_a_measurement_that_is_no_number_is_a_mistake_of_that_point() -> None:
    with pytest.raises(Mistake, match="seed 0"):
        compare(question(), [learner("scratch/own", scratch, scales=(-0.5,))], seed=0)


def test_the_cost_of_reaching_the_bar_grows_with_the_bar_and_ends() -> None:
    evidence = [learner("scratch/own", scratch, cost=1000), fixed("prompt/zero-shot", 0.5)]
    costs = []
    for bar in (0.75, 0.85, 0.89):
        found = row(compare(question(bar=bar), evidence, seed=0), "scratch/own")
        assert found.cost_to_bar is not None and found.cost_to_bar.lo is not None
        assert found.cost_to_bar.lo <= found.cost_to_bar.value <= MOST_SCALE * 1000
        exact = 1000 * (0.1 / (1 - bar)) ** (1 / 0.45)
        assert found.cost_to_bar.value == pytest.approx(exact, rel=0.35)
        costs.append(found.cost_to_bar)
    assert costs[0].value < costs[1].value < costs[2].value
    far = compare(question(bar=0.99), evidence, seed=0)
    assert row(far, "scratch/own").cost_to_bar is None and row(far, "scratch/own").reaches_bar == pytest.approx(
        0, abs=0.01
    )
    assert row(far, "prompt/zero-shot").cost_to_bar is None
    assert "None of them is likely to reach the bar of 0.990" in far.sentence


def test_an_arm_that_learns_nothing_reaches_the_bar_for_nothing() -> None:
    found = compare(question(bar=0.4), [fixed("prompt/zero-shot", 0.5)], seed=0).arms[0]
    assert found.cost_to_bar is not None and found.cost_to_bar.value == 0 and found.reaches_bar == 1


def test_a_cheaper_arm_that_is_good_enough_is_named_among_the_flips() -> None:
    evidence = [learner("scratch/own", scratch, cost=3000), fixed("predictive/tfidf", 0.82, cost=5)]
    verdict = compare(question(bar=0.8), evidence, seed=0)
    assert verdict.winner == "scratch/own"
    assert any("it is reached with Word counts" in f and "INR 5.00" in f for f in verdict.flips)


def test_a_larger_budget_that_changes_the_choice_is_named() -> None:
    evidence = [
        learner("scratch/own", lambda s: 1 - 0.2 * s**-0.5, scales=(1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0), stderr=0.002),
        fixed("prompt/zero-shot", 0.84, stderr=0.002),
    ]
    verdict = compare(question(), evidence, seed=0)
    assert verdict.winner == "prompt/zero-shot"
    assert any(
        f.startswith("A larger budget: at 2 times the full run the choice would be From scratch") for f in verdict.flips
    )


arms = st.lists(
    st.tuples(st.booleans(), st.lists(st.floats(0.05, 0.99), min_size=1, max_size=3), st.floats(0, 1000)),
    min_size=1,
    max_size=4,
)


def _evidence(drawn: list[tuple[bool, list[float], float]]) -> list[ArmEvidence]:
    found = []
    for number, (has_scale, values, cost) in enumerate(drawn):
        points: list[PilotPoint] = [pilot(1.0 if not has_scale else 2.0**-k, v) for k, v in enumerate(values)]
        found.append(arm(f"route/{number}", points, cost=cost, has_scale=has_scale))
    return found


@settings(max_examples=15, deadline=None)
@given(arms, st.randoms(use_true_random=False))
def test_the_order_of_arms_and_points_does_not_change_the_verdict(
    drawn: list[tuple[bool, list[float], float]], shuffle: st.DataObject
) -> None:
    evidence = _evidence(drawn)
    first = compare(question(bar=0.5), evidence, seed=3)
    again = [arm(e.arm, list(e.points)[::-1], cost=e.full_cost.value, has_scale=e.has_scale) for e in evidence]
    shuffle.shuffle(again)  # type: ignore[attr-defined]
    assert compare(question(bar=0.5), again, seed=3) == first
    assert sum(a.p_best for a in first.arms) == pytest.approx(1)
    assert all(a.expected_regret >= 0 for a in first.arms)
    regrets = [a.expected_regret for a in first.arms]
    assert regrets == sorted(regrets)


def test_a_verdict_read_back_equals_the_one_written() -> None:
    evidence = [learner("scratch/own", scratch), fixed("prompt/zero-shot", 0.7), arm("continue/kept", [], failed="x")]
    verdict = compare(question(bar=0.8), evidence, seed=0)
    assert UseCaseVerdict.model_validate_json(verdict.model_dump_json()) == verdict


def test_fixed_evidence_gives_these_numbers() -> None:
    """Measured arms only: their verdict does not move when the laws of the curves are tuned."""
    evidence = [
        fixed("prompt/few-shot", 0.71, stderr=0.02),
        arm(
            "finetune/lora",
            [pilot(1.0, 0.75, stderr=0.02), pilot(1.0, 0.73, stderr=0.02, seed=1)],
            cost=310,
            has_scale=False,
        ),
        fixed("predictive/tfidf", 0.725, stderr=0.02, cost=4),
    ]
    verdict = compare(question(bar=0.7), evidence, seed=0)
    numbers = {
        a.arm: [a.quality.value, a.quality.lo, a.quality.hi, a.p_best, a.expected_regret, a.reaches_bar]
        for a in verdict.arms
    }
    expected = json.loads(GOLDEN.read_text(encoding="utf8"))
    assert verdict.winner == expected["winner"]
    assert verdict.confidence == pytest.approx(expected["confidence"], rel=1e-12)
    assert list(numbers) == list(expected["arms"])
    for name, found in numbers.items():
        assert found == pytest.approx(expected["arms"][name], rel=1e-12)


def test_arms_that_were_run_farther_teach_how_their_neighbours_bend() -> None:
    """The same arm beside arms that went on to fall steeply, or to stay flat."""

    def bent(steep: float) -> ArmEvidence:
        scales = [2.0**-k for k in range(2, 11)]
        points = [pilot(s, 1 - 0.9 * (1 + (s * 256) ** 0.8) ** (-steep / 0.8), stderr=0.001) for s in scales]
        return arm(f"scratch/{steep}", points)

    own = learner(
        "finetune/lora",
        lambda s: 1 - 0.9 * (1 + (s * 256) ** 0.8) ** (-0.15 / 0.8),
        scales=[2.0**-k for k in range(4, 8)],
    )
    steep, flat = (
        row(compare(question(), [own, *(bent(s + n / 1000) for n in range(4))], seed=0), own.arm).quality.value
        for s in (0.16, 0.02)
    )
    assert steep > flat
