from __future__ import annotations

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dono.decisions import METRICS, ArmEvidence
from dono.decisions.outlook import Floats, outlook
from dono.decisions.ranking import CLEAR, NEGLIGIBLE, Ranking, is_clear, rank
from tests.rooms.decisions.evidence import arm, pilot, question

MARGIN = METRICS["macro_f1"].margin

losses = arrays.arrays(
    np.float64, st.tuples(st.integers(1, 30), st.integers(1, 6)), elements=st.floats(0, 1, allow_subnormal=False)
)


@given(losses)
def test_probabilities_sum_to_one_and_regret_is_never_negative(drawn: Floats) -> None:
    ranking = rank(drawn, margin=0.01)
    assert sum(ranking.p_best) == pytest.approx(1)
    assert min(ranking.regret) >= 0
    assert all(0 <= p <= g + 1e-12 <= 1 + 1e-9 for p, g in zip(ranking.p_best, ranking.good, strict=True))


@given(losses, st.floats(0, 0.5))
def test_a_better_arm_never_becomes_less_likely_to_be_best(drawn: Floats, gain: float) -> None:
    improved = drawn.copy()
    improved[:, 0] -= gain
    before, after = rank(drawn, 0.01), rank(improved, 0.01)
    assert after.p_best[0] >= before.p_best[0] - 1e-12
    assert after.regret[0] <= before.regret[0] + 1e-9


def test_equal_draws_share_the_first_place() -> None:
    assert rank(np.array([[0.2, 0.2, 0.5]]), 0.01).p_best == (0.5, 0.5, 0.0)


def test_a_verdict_is_clear_by_probability_or_because_it_cannot_matter() -> None:
    often = np.array([[0.1, 0.2]] * 9 + [[0.3, 0.2]])
    assert rank(often, 0.01).good[0] >= CLEAR and is_clear(rank(often, 0.01), 0, 0.01)
    even = np.array([[0.1, 0.2], [0.2, 0.1]])
    assert not is_clear(rank(even, 0.01), 0, 0.01)
    slight = np.array([[0.1, 0.112], [0.112, 0.1]])
    assert rank(slight, 0.0).good[0] == 0.5 and rank(slight, 0.0).regret[0] == pytest.approx(0.006)
    assert is_clear(rank(slight, 0.0), 0, 0.0061 / NEGLIGIBLE)
    assert not is_clear(rank(slight, 0.0), 0, 0.0059 / NEGLIGIBLE)


def world(random: np.random.Generator) -> tuple[list[ArmEvidence], dict[str, float]]:
    """Three arms with power laws and floors, piloted up to half of the full run on one test set; and the truth.

    Half of the variance of the test error is common to all arms, as on frozen test items.
    """
    error, common = 0.02, random.normal()
    evidence, truth = [], {}
    for name in ("scratch/own", "finetune/lora", "continue/kept"):
        floor, power, level = random.uniform(0, 0.15), np.exp(random.normal(-1.4, 0.6)), random.uniform(0.25, 0.35)

        def run(scale: float, f: float = floor, p: float = power, lv: float = level) -> float:
            return float((f + (lv - f) * (2 * scale) ** -p) * np.exp(0.01 * random.normal()))

        own = random.normal()
        points = [
            pilot(s, 1 - run(s) - error * np.sqrt(0.5) * (common + np.sqrt(0.7) * own + np.sqrt(0.3) * random.normal()),
                  stderr=error)
            for s in (1 / 16, 1 / 8, 1 / 4, 1 / 2)
        ]  # fmt: skip
        evidence.append(arm(name, points))
        truth[name] = 1 - run(1.0)
    return evidence, truth


WORLDS = 100
Judged = list[tuple[Ranking, list[float]]]


@pytest.fixture(scope="module")
def judged() -> Judged:
    """Rankings of many worlds, each with what its arms' full runs really came to."""
    random, found = np.random.default_rng(11), []
    for _ in range(WORLDS):
        evidence, truth = world(random)
        outlooks = [outlook(question(), e, seed=0, beside=evidence) for e in evidence]
        found.append((rank(np.column_stack([o.losses for o in outlooks]), MARGIN), [truth[e.arm] for e in evidence]))
    return found


def test_of_arms_called_best_with_a_probability_that_many_are_best(judged: Judged) -> None:
    rows = [
        (p, value == max(truth)) for ranking, truth in judged for p, value in zip(ranking.p_best, truth, strict=True)
    ]
    for lo, hi, allowed in ((0.0, 0.1, 0.08), (0.1, 0.5, 0.12), (0.5, 0.75, 0.18), (0.75, 1.01, 0.15)):
        within = [(p, hit) for p, hit in rows if lo <= p < hi]
        assert len(within) >= 20
        said, came = np.mean(within, axis=0)
        assert abs(said - came) < allowed, f"{lo} to {hi}: said {said:.2f}, came {came:.2f} of {len(within)}"


def test_a_leader_that_is_clear_is_as_good_as_the_best_as_often_as_it_says(judged: Judged) -> None:
    clear = [(r, truth) for r, truth in judged if is_clear(r, r.leader, MARGIN)]
    assert WORLDS * 0.15 < len(clear) < WORLDS * 0.9, "some are clear, some are not"
    assert np.mean([truth[r.leader] >= max(truth) - MARGIN for r, truth in clear]) >= CLEAR
