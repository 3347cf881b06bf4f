"""What is held out of a table, and what never may be on both sides."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dono.errors import Mistake
from dono.predictive import folds, held_out

LABELS = ["yes" if i % 4 == 0 else "no" for i in range(400)]


def test_at_random_each_class_gives_its_share() -> None:
    split = held_out(LABELS, share=0.3, seed=1)
    assert sorted([*split.train, *split.test]) == list(range(400))
    assert sum(LABELS[i] == "yes" for i in split.test) == 30 and len(split.test) == 120
    assert np.array_equal(split.test, held_out(LABELS, share=0.3, seed=1).test)


@given(st.lists(st.integers(0, 20), min_size=400, max_size=400))
def test_by_time_nothing_learned_from_is_as_new_as_what_is_held_out(times: list[int]) -> None:
    try:
        split = held_out(LABELS, share=0.3, seed=0, times=times)
    except Mistake:
        return  # one time only, or one class on a side
    moments = np.asarray(times)
    assert moments[split.train].max() < moments[split.test].min()
    assert len(split.train) + len(split.test) == 400


def test_a_group_is_on_one_side_and_with_times_its_past_is_left_out() -> None:
    groups = [f"c{i % 57}" for i in range(400)]
    split = held_out(LABELS, share=0.3, seed=0, groups=groups)
    assert not {groups[i] for i in split.train} & {groups[i] for i in split.test}
    assert 0.25 < len(split.test) / 400 < 0.4
    both = held_out(LABELS, share=0.05, seed=0, groups=groups, times=list(range(400)))
    assert not {groups[i] for i in both.train} & {groups[i] for i in both.test}
    assert max(both.train) < min(both.test) and "earlier rows of the groups" in both.how


def test_what_cannot_be_held_out_is_said() -> None:
    with pytest.raises(Mistake, match="all rows are of one time"):
        held_out(LABELS, share=0.3, seed=0, times=[5.0] * 400)
    with pytest.raises(Mistake, match="all rows are of one group"):
        held_out(LABELS, share=0.3, seed=0, groups=["a"] * 400)
    with pytest.raises(Mistake, match=r"120 rows held out \(the newest 30%\) are all 'no'"):
        held_out(["yes"] * 200 + ["no"] * 200, share=0.3, seed=0, times=list(range(400)))


def test_folds_are_cut_as_the_test_is() -> None:
    groups = [f"c{i % 40}" for i in range(400)]
    for learn, judge in folds(LABELS, seed=0, groups=groups):
        assert not {groups[i] for i in learn} & {groups[i] for i in judge}
    times = np.random.default_rng(0).permutation(400)
    for learn, judge in folds(LABELS, seed=0, times=times.tolist()):
        assert times[learn].max() < times[judge].min()
    judged = np.concatenate([judge for _, judge in folds(LABELS, seed=0)])
    assert sorted(judged) == list(range(400))
    assert folds(["a"] * 50 + ["b"] * 3, seed=0) == []
