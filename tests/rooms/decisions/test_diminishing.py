from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from dono.curves.points import Floats
from dono.decisions import ArmEvidence, ArmVerdict, compare
from dono.decisions.diminishing import Diminishing, diminishing
from dono.decisions.metrics import METRICS
from tests.rooms.decisions.evidence import arm, pilot, question

TEXT = METRICS["bits_per_byte"]
SCALES = (1 / 64, 1 / 32, 1 / 16)


def text_arm(name: str, values: Mapping[float, float]) -> ArmEvidence:
    return arm(name, [pilot(s, v, stderr=0.03) for s, v in values.items()])


def as_it_is(value: float, name: str = "prompt/zero-shot") -> ArmEvidence:
    return arm(name, [pilot(1.0, value, stderr=0.03)], has_scale=False)


def flat(value: float, name: str = "continue/kept") -> ArmEvidence:
    return text_arm(name, dict.fromkeys(SCALES, value))


def fallen(scales: Sequence[float]) -> Floats:
    """What laws would say: nothing is left to learn in full."""
    return np.array([[2.0 if s <= SCALES[-1] else 0.01 for s in scales]] * 4)


def row(found: Sequence[ArmVerdict], name: str) -> ArmVerdict:
    return next(a for a in found if a.arm == name)


@pytest.mark.parametrize("law", [lambda d: d**-0.3, lambda d: 0.8 + d**-1.2, lambda d: (d + 0.4) ** -0.095])
def test_no_published_law_falls_lower_than_it_is_held_to(law: object) -> None:
    assert callable(law)
    first, last, full = 1 / 128, 1 / 16, [0.25, 1.0, 4.0]
    at = np.array([law(last)])
    hold = Diminishing(first, last, at, np.log([law(first) / law(last)]))
    own = np.array([[law(s) for s in full]])
    assert (hold.held(own, full) == own).all()


def test_every_token_may_teach_as_much_as_so_far_and_no_more() -> None:
    hold = Diminishing(0.0, 0.25, np.array([1.8, 2.0]), np.log([2.0 / 1.8, 1.0]))
    held = hold.held(np.full((2, 3), 1e-3), [0.25, 0.5, 1.0])
    assert held[:, 0] == pytest.approx([1e-3, 1e-3])
    assert held[0, 1:] == pytest.approx([1.8 * 1.8 / 2.0, 1.8 * (1.8 / 2.0) ** 3]) and held[1, 1:] == pytest.approx(2.0)


def test_a_base_that_learns_nothing_from_the_text_is_not_taken_to_begin_to() -> None:
    """As English books went: 2.020 in full where the base has 1.996."""
    kept = {1 / 256: 1.997, 1 / 128: 2.004, 1 / 64: 2.009, 1 / 32: 2.017, 1 / 16: 2.022}
    own = {1 / 64: 3.227, 1 / 32: 3.082, 1 / 16: 2.876}
    arms = [text_arm("continue/kept", kept), text_arm("scratch/own", own), as_it_is(1.996)]
    verdict = compare(question(metric="bits_per_byte"), arms, seed=0)
    assert verdict.taken == "prompt/zero-shot"
    assert row(verdict.arms, "continue/kept").quality.value == pytest.approx(2.0, abs=0.02)
    assert "no later token" in row(verdict.arms, "continue/kept").quality.source


def test_a_base_that_learns_steadily_is_left_alone() -> None:
    kept = {s: 2.6 * (s * 64) ** -0.08 for s in SCALES}
    arms = [text_arm("continue/kept", kept), as_it_is(2.75)]
    alone = compare(question(metric="bits_per_byte"), arms[:1], seed=0)
    beside = compare(question(metric="bits_per_byte"), arms, seed=0)
    quality = row(beside.arms, "continue/kept").quality
    assert quality.value == pytest.approx(row(alone.arms, "continue/kept").quality.value, rel=1e-3)


def test_what_was_spoilt_at_first_may_be_mended_up_to_the_start() -> None:
    hold = diminishing(flat(2.0), TEXT, fallen, [as_it_is(1.9)], np.random.default_rng(0))
    assert hold is not None and hold.level == pytest.approx(1.9) and hold.first == 0


def test_what_was_spoilt_and_is_mended_steadily_may_pass_the_base() -> None:
    pilots = {0.01: 1.10, 0.02: 1.07, 0.04: 1.04, 0.08: 1.01}
    beside = [as_it_is(1.0)]
    hold = diminishing(text_arm("continue/kept", pilots), TEXT, fallen, beside, np.random.default_rng(0))
    assert hold is not None and hold.first == 0.01
    arms = [text_arm("continue/kept", pilots), as_it_is(1.0)]
    found = row(compare(question(metric="bits_per_byte"), arms, seed=0).arms, "continue/kept").quality
    alone = row(compare(question(metric="bits_per_byte"), arms[:1], seed=0).arms, "continue/kept").quality
    assert found.value == pytest.approx(alone.value, abs=0.01)


def test_an_arm_with_another_vocabulary_starts_at_its_smallest_pilot() -> None:
    beside = [as_it_is(1.0)]
    hold = diminishing(flat(2.0, "continue/replaced"), TEXT, fallen, beside, np.random.default_rng(0))
    assert hold is not None and hold.level == pytest.approx(2.0) and hold.first == SCALES[0]


def test_each_base_has_its_own_start() -> None:
    beside = [as_it_is(1.0, "prompt/zero-shot@other"), as_it_is(1.9, "prompt/zero-shot@mine")]
    hold = diminishing(flat(2.0, "continue/kept@mine"), TEXT, fallen, beside, np.random.default_rng(0))
    assert hold is not None and hold.level == pytest.approx(1.9)


def test_scores_and_random_starts_and_one_pilot_alone_are_not_held() -> None:
    random = np.random.default_rng(0)
    one = text_arm("continue/kept", {1 / 16: 2.0})
    assert diminishing(flat(0.5), METRICS["macro_f1"], fallen, [], random) is None
    assert diminishing(flat(2.0, "scratch/own"), TEXT, fallen, [as_it_is(1.9)], random) is None
    assert diminishing(one, TEXT, fallen, [], random) is None
    assert diminishing(one, TEXT, fallen, [as_it_is(1.9)], random) is not None
