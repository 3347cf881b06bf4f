from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dono.decisions import ArmEvidence, compare, next_pilots
from dono.decisions.dormant import FARTHER, Dormant, dormant
from dono.decisions.head_start import Along
from dono.decisions.metrics import METRICS
from tests.rooms.decisions.evidence import arm, fixed, pilot, question


def interval(scales: tuple[float, ...], value: float) -> tuple[float, float]:
    learner = arm("scratch/own", [pilot(s, value, stderr=0.005) for s in scales])
    verdict = compare(question(), [learner, fixed("prompt/zero-shot", 0.1)], seed=0)
    (found,) = [a for a in verdict.arms if a.arm == "scratch/own"]
    assert found.quality.lo is not None and found.quality.hi is not None
    return found.quality.lo, found.quality.hi


def test_an_arm_that_has_not_begun_to_learn_may_end_nearly_anywhere() -> None:
    lo, hi = interval((1 / 64, 1 / 32, 1 / 16), 0.02)
    assert lo < 0.03 and hi > 0.6


def test_the_nearer_the_full_run_the_less_room_there_is() -> None:
    far, near = interval((1 / 64, 1 / 32, 1 / 16), 0.02), interval((1 / 8, 1 / 4, 1 / 2), 0.02)
    assert near[1] < far[1]


def test_an_arm_that_has_begun_to_learn_is_judged_by_its_curve() -> None:
    lo, hi = interval((1 / 64, 1 / 32, 1 / 16), 0.5)
    assert hi - lo < 0.3


def test_an_arm_that_knows_no_more_than_a_blind_one_sleeps_and_none_passes_what_its_items_allow() -> None:
    learner = arm("finetune/full", [pilot(s, v, stderr=0.01) for s, v in ((1 / 32, 3.45), (1 / 16, 3.42))])
    counts = arm("predictive/counts", [pilot(1.0, 3.387, stderr=0.01)], has_scale=False)
    asked = replace(question(metric="category_bits", name="habits"), least=3.226, unlearned=3.419)
    verdict = compare(asked, [learner, counts], seed=0)
    found = {a.arm: a.quality for a in verdict.arms}
    assert found["predictive/counts"].value == pytest.approx(3.387, abs=0.002)
    assert "not begun to learn" in found["finetune/full"].source
    assert all(q.lo is not None and q.lo >= 3.226 for q in found.values()) and verdict.least == 3.226
    asked = replace(asked, least=None, unlearned=None)
    free = {a.arm: a.quality for a in compare(asked, [learner, counts], seed=0).arms}
    assert free["finetune/full"].lo is not None and free["finetune/full"].lo < 3.226


def test_an_arm_that_ends_exactly_where_it_slept_is_within_its_interval() -> None:
    slept = 0.089431
    learner = arm("finetune/full", [pilot(s, slept, stderr=0.007) for s in (1 / 64, 1 / 32)])
    verdict = compare(question(), [learner, word_counts(0.2, 0.21, 0.22, 0.38)], seed=0)
    (found,) = [a.quality for a in verdict.arms if a.arm == "finetune/full"]
    assert found.lo == pytest.approx(slept) and found.holds(slept)
    assert not found.holds(slept - 1e-6) and found.hi is not None and not found.holds(found.hi + 1e-6)


def at_chance(metric: str, value: float, unlearned: float | None, most: float | None = None) -> tuple[bool, str]:
    """Whether an arm that scores this at all its pilots sleeps, and what the verdict says."""
    asked = replace(question(metric=metric), unlearned=unlearned, least=most)
    learner = arm("finetune/full", [pilot(s, value, stderr=0.02) for s in (1 / 64, 1 / 32, 1 / 16)])
    verdict = compare(asked, [learner, fixed("prompt/zero-shot", value - 0.1)], seed=0)
    return next(a.asleep for a in verdict.arms if a.arm == "finetune/full"), verdict.sentence


@pytest.mark.parametrize(
    ("metric", "value", "unlearned", "sleeps"),
    [
        ("accuracy", 0.50, 0.5, True),  # one of two labels, always
        ("accuracy", 0.50, None, False),
        ("accuracy", 0.50, 0.1, False),
        ("macro_f1", 0.33, 1 / 3, True),
        ("auc", 0.52, None, True),
        ("auc", 0.65, None, False),
    ],
)  # fmt: skip
def test_an_arm_at_the_level_of_a_constant_answer_sleeps(
    metric: str, value: float, unlearned: float | None, sleeps: bool
) -> None:
    assert at_chance(metric, value, unlearned)[0] is sleeps


@pytest.mark.parametrize(
    ("value", "unlearned", "most", "sleeps"),
    [
        (1.05, 1.0, 2.0, True),
        (1.9, 1.0, 2.0, False),  # half the rows are positive: it has learned nearly all
        (1.9, 1.0, None, True),  # one in ten or fewer are: a tenth of the way
        (4.0, 1.0, None, False),
        (1.0, None, None, False),
    ],
)
def test_a_lift_sleeps_by_the_way_from_one_to_what_the_rows_allow(
    value: float, unlearned: float | None, most: float | None, sleeps: bool
) -> None:
    assert at_chance("lift", value, unlearned, most)[0] is sleeps


def test_of_an_arm_that_sleeps_no_single_value_is_said() -> None:
    said, other = at_chance("accuracy", 0.5, 0.5)[1], at_chance("accuracy", 0.5, None)[1]
    assert "anything from 0.500 to" in said and "not begun to learn" in said
    assert "anything" not in other and "not begun" not in other


def test_what_wakes_below_the_constant_answer_falls_from_that_answers_level() -> None:
    asked = replace(question(metric="accuracy"), unlearned=0.4).judged_by
    below = arm("finetune/full", [pilot(s, 0.1) for s in (1 / 16, 1 / 8)])
    found = dormant(below, asked, np.random.default_rng(0), np.random.default_rng(1), 4000)
    assert found is not None and found.start == pytest.approx(0.6)
    end = found.paths([1.0])[:, 0]
    assert np.isclose((end == found.top).mean(), 1 / 4, atol=0.02), "as long as it sleeps nothing changes"
    assert (end[end != found.top] <= 0.6).all() and end.min() < 0.45


def test_the_next_pilot_of_an_arm_at_chance_is_a_larger_one() -> None:
    asked = replace(question(metric="accuracy"), unlearned=0.5)
    arms = [arm(name, [pilot(s, 0.5) for s in (1 / 16, 1 / 8)]) for name in ("finetune/full", "finetune/lora")]
    found = next_pilots([compare(asked, arms, seed=0)], seconds_of=lambda name, scale: 10.0, left=100.0)
    assert found and all(seed == 0 and scale == 1 / 4 for _, scale, seed in found)


def sleeper(name: str) -> ArmEvidence:
    return arm(name, [pilot(s, 0.02, stderr=0.005) for s in (1 / 64, 1 / 32, 1 / 16)])


def view(name: str = "finetune/full", samples: int = 4000, taught: Along | None = None) -> Dormant:
    found = dormant(
        sleeper(name),
        METRICS["macro_f1"],
        np.random.default_rng(0),
        np.random.default_rng(list(name.encode())),
        samples,
        taught,
    )
    assert found is not None
    return found


def test_it_wakes_in_any_of_the_doublings_left_or_not_at_all() -> None:
    paths = view().paths([1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0])
    assert (paths[:, 0] == 0.98).all()
    asleep = (paths == 0.98).mean(axis=0)
    assert np.allclose(asleep, [1, 4 / 5, 3 / 5, 2 / 5, 1 / 5], atol=0.02)
    assert (np.diff(paths, axis=1) <= 0).all()


def test_arms_of_one_use_case_tend_to_wake_together() -> None:
    one, other = (view(name).paths([1.0])[:, 0] for name in ("finetune/full", "continue/kept"))
    assert 0.3 < np.corrcoef(one, other)[0, 1] < 0.8


def word_counts(*values: float) -> ArmEvidence:
    return arm("predictive/tfidf", [pilot(s, v) for s, v in zip((1 / 8, 1 / 4, 1 / 2, 1.0), values, strict=True)])


def test_what_slept_seldom_passes_what_learned_from_the_same_examples() -> None:
    found = view(taught=lambda scales: np.full((1, len(scales)), 0.7))
    assert found.part is not None
    bound = np.isfinite(found.part)
    assert abs(bound.mean() - (1 - FARTHER)) < 0.02
    ends = found.paths([0.5, 1.0])
    assert (ends[bound] >= 0.7).all() and (ends[~bound] < 0.7).any()
    assert (ends[~bound] == view().paths([0.5, 1.0])[~bound]).all()


def test_it_goes_any_part_of_the_way_that_it_has_time_for() -> None:
    end = view(taught=lambda scales: np.full((1, len(scales)), 0.97)).paths([1.0])[:, 0]
    part = np.log(0.98 / end) / np.log(0.98 / 0.97)
    inside = part[(part > 0) & (part < 1)]
    assert np.allclose(np.quantile(inside, [0.25, 0.5, 0.75]), [0.25, 0.5, 0.75], atol=0.05)


def test_where_little_is_to_be_learned_hope_does_not_win_over_what_was_measured() -> None:
    names = ("finetune/full", "finetune/lora", "continue/kept")
    learned_little = word_counts(0.02, 0.05, 0.06, 0.15)
    verdict = compare(question(), [*map(sleeper, names), learned_little], seed=0)
    unknown = compare(question(), [*map(sleeper, names), fixed("predictive/tfidf", 0.15)], seed=0)
    assert verdict.taken == "predictive/tfidf"
    assert unknown.taken != "predictive/tfidf"


def test_an_arm_that_sleeps_is_never_named_and_asks_for_a_larger_pilot() -> None:
    verdict = compare(question(), [sleeper("finetune/full"), fixed("prompt/zero-shot", 0.0)], seed=0)
    assert verdict.taken == "finetune/full" and verdict.confidence >= 0.8
    assert verdict.winner is None
    assert verdict.sentence.startswith("Cannot say: the pilots of Fine-tune (all weights) have not begun to learn")
    assert next_pilots([verdict], seconds_of=lambda name, scale: 10.0, left=100.0)[0] == ("finetune/full", 1 / 8, 0)


def test_it_keeps_a_verdict_against_a_sleeping_arm_honest() -> None:
    verdict = compare(question(), [sleeper("finetune/full"), fixed("predictive/tfidf", 0.5)], seed=0)
    chance = {a.arm: a.p_best for a in verdict.arms}
    assert 0.1 < chance["finetune/full"] < 0.4
    (found,) = [a for a in verdict.arms if a.arm == "finetune/full"]
    assert "not begun to learn" in found.quality.source
    assert np.isclose(sum(chance.values()), 1)


def test_many_sleeping_arms_do_not_hide_what_is_measured_whole() -> None:
    names = ("finetune/full", "finetune/lora", "continue/kept", "continue/replaced", "scratch/own")
    verdict = compare(question(), [*map(sleeper, names), fixed("predictive/tfidf", 0.75)], seed=0)
    assert verdict.winner == "predictive/tfidf"


def test_a_sleeping_arm_is_tried_larger_and_not_with_another_seed() -> None:
    verdict = compare(question(), [sleeper("finetune/full"), fixed("predictive/tfidf", 0.3)], seed=0)
    assert verdict.winner is None
    assert next_pilots([verdict], seconds_of=lambda name, scale: 10.0, left=100.0)[0] == ("finetune/full", 1 / 8, 0)


def test_where_pilots_were_run_the_curve_is_that_of_the_pilots() -> None:
    learner = arm(
        "scratch/own", [pilot(s, v, stderr=0.005) for s, v in ((1 / 32, 0.02), (1 / 16, 0.05), (1 / 8, 0.15))]
    )
    verdict = compare(question(), [learner, fixed("prompt/zero-shot", 0.1)], seed=0)
    (found,) = [a for a in verdict.arms if a.arm == "scratch/own"]
    first = min(found.curve, key=lambda p: p.scale)
    assert first.scale == 1 / 32 and abs(first.mean - 0.02) < 0.02
