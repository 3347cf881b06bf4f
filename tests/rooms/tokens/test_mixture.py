"""Shares of a corpus: by temperature and weights, bounded, to the token; and the order in which they are read."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dono.errors import Mistake
from dono.project import Mixture, Weights
from dono.tokens import Batches, Part, Rings, portions, repeated, whole
from tests.rooms.tokens.test_batches import numbered

HINDI, TAMIL, ENGLISH = Part("news", "hi"), Part("news", "ta"), Part("orders", "en", "Kerala")
THERE = {HINDI: 1_000_000, TAMIL: 10_000, ENGLISH: 100_000}


def test_without_weights_everything_is_read_equally_often() -> None:
    assert portions(THERE, Mixture(), 1_110_000) == THERE
    assert portions(THERE, Mixture(), 2_220_000) == {part: 2 * count for part, count in THERE.items()}


def test_temperature_takes_the_power_of_the_groups_sizes() -> None:
    taken = portions(THERE, Mixture(temperature=2, max_repeats=100), 111_000)
    expected = {part: np.sqrt(count) for part, count in THERE.items()}
    for part, count in taken.items():
        assert count / 111_000 == pytest.approx(expected[part] / sum(expected.values()), rel=1e-3)


def test_temperature_leaves_the_shares_within_a_group() -> None:
    there = {Part("a", "hi"): 300, Part("b", "hi"): 100, Part("a", "ta"): 100}
    taken = portions(there, Mixture(temperature=2, max_repeats=100), 3_000)
    assert taken[Part("a", "hi")] == pytest.approx(3 * taken[Part("b", "hi")], abs=2)
    assert taken[Part("a", "hi")] + taken[Part("b", "hi")] == 2_000  # √400 : √100


def test_weights_multiply_and_nought_leaves_out() -> None:
    weights = Weights(languages={"ta": 3}, sources={"orders": 0}, regions={})
    taken = portions(THERE, Mixture(weights=weights), 101_000)
    assert taken[ENGLISH] == 0 and taken[HINDI] + taken[TAMIL] == 101_000
    assert taken[TAMIL] / taken[HINDI] == pytest.approx(0.03, rel=1e-3)
    by_region = portions(THERE, Mixture(weights=Weights(regions={"Kerala": 2})), 1_210_000)
    assert by_region[ENGLISH] == 200_000 and by_region[TAMIL] == 10_000


def test_no_part_is_read_too_often_and_the_others_get_what_it_would_have_got() -> None:
    mixture = Mixture(weights=Weights(languages={"ta": 1000}))
    taken = portions(THERE, mixture, 500_000)
    assert taken[TAMIL] == 40_000
    assert taken[HINDI] / taken[ENGLISH] == pytest.approx(10, rel=1e-3) and sum(taken.values()) == 500_000
    assert repeated(THERE, taken)[TAMIL] == 4


def test_where_there_is_too_little_in_all_everything_is_read_more_often() -> None:
    taken = portions(THERE, Mixture(max_repeats=2), 1_110_000 * 5)
    assert repeated(THERE, taken) == pytest.approx(dict.fromkeys(THERE, 5.0))


def test_the_decay_counts_what_was_read_before() -> None:
    mixture = Mixture(weights=Weights(), decay=Weights(languages={"ta": 1e9}))
    before = portions(THERE, mixture, 2_220_000)
    taken = portions(THERE, mixture, 400_000, weights=mixture.decay, read=before)
    assert taken[TAMIL] == 2 * 10_000 and sum(taken.values()) == 400_000


@pytest.mark.parametrize(
    ("weights", "what"),
    [
        (Weights(languages={"hn": 2}), "no language 'hn'. Did you mean 'hi'"),
        (Weights(sources={"nothing": 2}), "no source 'nothing'"),
        (Weights(languages={"hi": 0, "ta": 0, "en": 0}), "nothing has a weight"),
    ],
)
def test_a_weight_that_fits_nothing_is_a_mistake(weights: Weights, what: str) -> None:
    with pytest.raises(Mistake, match=what):
        portions(THERE, Mixture(weights=weights), 1000)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(1, 10**9), min_size=1, max_size=8),
    st.floats(1, 100),
    st.integers(0, 10**10),
    st.lists(st.sampled_from([0.0, 0.001, 0.3, 1.0, 7.0, 50.0]), min_size=8, max_size=8),
)
def test_the_tokens_taken_are_exactly_those_asked_for(
    counts: list[int], temperature: float, total: int, factors: list[float]
) -> None:
    there = {Part(f"s{i}", f"l{i % 3}"): count for i, count in enumerate(counts)}
    named = {f"s{i}": factor for i, factor in enumerate(factors[: len(counts)])}
    if not any(named.values()):
        named = {}
    mixture = Mixture(temperature=temperature, weights=Weights(sources=named))
    taken = portions(there, mixture, total)
    assert sum(taken.values()) == total and all(count >= 0 for count in taken.values())
    assert all(taken[part] == 0 for part in there if named.get(part.source) == 0)
    if total <= sum(4 * there[part] for part in there if named.get(part.source, 1) > 0):
        assert all(taken[part] <= 4 * there[part] + 1 for part in there)
    assert taken == portions(dict(reversed(there.items())), mixture, total)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=20))
def test_amounts_are_rounded_to_their_sum(amounts: list[float]) -> None:
    total = round(sum(amounts))
    if abs(total - sum(amounts)) < 1e-6 * max(1, total):
        found = whole(np.array(amounts), total)
        assert sum(found) == total and all(abs(a - b) < 1 + 1e-6 * total for a, b in zip(amounts, found, strict=True))


LENGTHS = [7, 3, 12, 5, 9, 30, 2, 8]
OFTEN, SELDOM = np.array([0, 1, 2, 3]), np.array([4, 5, 6, 7])


def mixed(taken: tuple[int, int], begins: tuple[int, int] = (0, 0)) -> Rings:
    return Rings((OFTEN, SELDOM), taken, begins, seed=1)


def targets(batches: Batches, windows: range) -> Counter[int]:
    return Counter(int(t) for w in windows for t in batches.batch_at(w)[0, 1:])


def test_an_epoch_reads_exactly_the_tokens_taken_of_each_part() -> None:
    """27 tokens are there of one part, 49 of the other: read 54 and 21 of them an epoch."""
    batches = Batches(numbered(LENGTHS), length=5, batch=1, seed=1, rings=mixed((54, 21)))
    assert batches.windows == 15
    found = [targets(batches, range(e * 15, e * 15 + 15)) for e in range(7)]
    for epoch in found:
        assert epoch.total() == 75 and sum(n for t, n in epoch.items() if t < 27) == 54
        assert all(n == 2 for t, n in epoch.items() if t < 27)
    seldom = sum(found, Counter[int]())
    assert {t: n for t, n in seldom.items() if t >= 27} == dict.fromkeys(range(27, 76), 3)  # 7 · 21 = 3 · 49


def test_any_step_of_a_mixture_can_be_asked_for_directly() -> None:
    shards, order = numbered(LENGTHS), mixed((40, 35), (3, 11))
    batches = Batches(shards, length=6, batch=2, seed=4, rings=order)
    streamed = [batches.batch_at(step) for step in range(30)]
    for step in (17, 3, 29, 0):
        assert (Batches(shards, length=6, batch=2, seed=4, rings=order).batch_at(step) == streamed[step]).all()


def test_a_ring_goes_on_where_another_stopped() -> None:
    """What was read before the first epoch is not read again before the rest was."""
    shards = numbered(LENGTHS)
    first = targets(Batches(shards, length=5, batch=1, seed=1, rings=mixed((15, 20))), range(7))
    rest = targets(Batches(shards, length=6, batch=1, seed=9, rings=mixed((12, 30), (15, 20))), range(7))
    read = first + rest
    assert set(range(27)) == {t for t in read if t < 27} and max(n for t, n in read.items() if t < 27) == 1
    assert sum(n for t, n in read.items() if t >= 27) == 50 and max(read.values()) == 2


def test_the_default_order_is_that_of_before() -> None:
    """Rings that take all of everything once read the same windows' worth of tokens, each once."""
    batches = Batches(numbered(LENGTHS), length=4, batch=1, seed=2, rings=mixed((27, 49)))
    assert targets(batches, range(19)) == Counter(range(76))
