from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from dono.curves.points import Floats
from dono.decisions import ArmVerdict, UseCaseVerdict, compare
from dono.decisions.head_start import ALIKE, HeadStart, alike, head_start
from dono.decisions.metrics import METRICS
from tests.rooms.decisions.evidence import arm, learner, pilot, question

S = 0.095
"""Exponent of the model from scratch."""
LAST = 1 / 32
FULL = [LAST, 0.25, 1.0]


def scratch(scales: Sequence[float]) -> Floats:
    return np.asarray(scales)[None] ** -S


def transferred(scales: Sequence[float], worth: float, alpha: float) -> Floats:
    """A start worth `worth` · D^alpha more data, by Hernandez et al. 2021."""
    data = np.asarray(scales)
    return (data + worth * data**alpha)[None] ** -S


def held(last_value: float, alpha: float) -> Floats:
    """What an arm is held to that measured this at `LAST` and would fall to nothing by its own curve."""
    gap = np.log([last_value / scratch([LAST])[0, 0]])
    hold = HeadStart(LAST, gap, np.array([1 - alpha]), scratch)
    return hold.held(np.full((1, len(FULL)), 1e-3), FULL)[0, 1:]


@pytest.mark.parametrize(("worth", "alpha"), [(0.02, 0.18), (0.5, 0.6), (300.0, 0.1)])
def test_a_lead_fades_as_the_law_of_transfer_says(worth: float, alpha: float) -> None:
    expected = transferred(FULL, worth, alpha)[0]
    assert held(float(expected[0]), alpha) == pytest.approx(expected[1:], rel=1e-9)


def test_a_lead_over_a_model_that_learns_no_more_stays() -> None:
    hold = HeadStart(LAST, np.log([0.8]), np.array([0.5]), lambda scales: np.full((1, len(scales)), 2.0))
    assert hold.held(np.full((1, 1), 1e-3), [1.0])[0, 0] == pytest.approx(1.6)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_what_is_behind_comes_near_and_does_not_pass(alpha: float) -> None:
    values = held(3.0 * float(scratch([LAST])[0, 0]), alpha)
    assert (values > scratch(FULL)[0, 1:]).all() and values[1] <= values[0] <= 3.0 * scratch([LAST])[0, 0]


def test_an_arm_that_falls_more_slowly_by_its_own_curve_is_left_alone() -> None:
    own = np.array([[1.2, 1.15, 1.1]])
    hold = HeadStart(LAST, np.zeros(1), np.array([0.5]), lambda scales: scratch(scales) / scratch([LAST]))
    assert (hold.held(own, FULL) == own).all()


def test_only_text_and_only_a_pretrained_start_are_held() -> None:
    random = np.random.default_rng(0)
    kept = learner("continue/kept", lambda s: 1.3 * s**-0.2)
    for evidence, metric in ((kept, "macro_f1"), (learner("scratch/own", lambda s: 1.0), "bits_per_byte")):
        assert head_start(evidence, METRICS[metric], scratch, scratch, random) is None
    assert head_start(kept, METRICS["bits_per_byte"], scratch, None, random) is None
    assert head_start(kept, METRICS["bits_per_byte"], scratch, scratch, random) is not None


def test_draws_of_the_same_text_go_together_and_none_is_changed() -> None:
    random = np.random.default_rng(0)
    own, other = np.exp(random.standard_normal((2, 4000)))
    order = alike(own, other, random)
    assert sorted(own[order]) == sorted(own)
    assert np.corrcoef(np.log(own[order]), np.log(other))[0, 1] == pytest.approx(ALIKE, abs=0.04)


def verdict_of(kept: dict[float, float], own: dict[float, float]) -> UseCaseVerdict:
    arms = [
        arm(name, [pilot(s, v, stderr=0.03) for s, v in values.items()])
        for name, values in (("continue/kept", kept), ("scratch/own", own))
    ]
    return compare(question(metric="bits_per_byte"), arms, seed=0)


def row(verdict: UseCaseVerdict, name: str) -> ArmVerdict:
    return next(a for a in verdict.arms if a.arm == name)


def test_an_arm_that_makes_up_for_a_poor_vocabulary_is_not_taken_to_win_by_it() -> None:
    """As Telugu went: 1.351 against 1.000 bits per byte in full."""
    kept = {1 / 128: 6.263, 1 / 64: 4.964, 1 / 32: 3.505, 1 / 16: 2.093}
    own = {1 / 128: 1.415, 1 / 64: 1.357, 1 / 32: 1.303, 1 / 16: 1.217}
    verdict = verdict_of(kept, own)
    assert verdict.winner == "scratch/own"
    assert row(verdict, "continue/kept").p_best < 0.01
    assert "head start fades" in row(verdict, "continue/kept").quality.source


def test_a_base_far_ahead_stays_ahead() -> None:
    kept = {1 / 128: 1.02, 1 / 64: 1.0, 1 / 32: 0.98, 1 / 16: 0.96}
    own = {1 / 128: 4.0, 1 / 64: 3.6, 1 / 32: 3.3, 1 / 16: 3.0}
    verdict = verdict_of(kept, own)
    assert verdict.winner == "continue/kept"
    assert row(verdict, "continue/kept").quality.value < 0.96


def test_what_makes_a_document_hard_makes_it_hard_for_all_models() -> None:
    """Errors of 0.03 on each of two arms that differ by 0.05: common to both, they leave the order as it is."""
    slow = {s: 1.1 * s**-0.05 for s in (1 / 16, 1 / 8, 1 / 4, 1 / 2)}
    verdict = verdict_of({s: v + 0.05 for s, v in slow.items()}, slow)
    assert verdict.winner == "scratch/own" and verdict.confidence > 0.95
