"""Preferences in steps and parts."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dono.tokens import document, separate
from dono.training.pair_batches import JudgedBatches, Pair, PairBatches


def pairs_of(lengths: list[int]) -> list[Pair]:
    """Pair i: its tokens are all 10 + i."""
    return [Pair(document([10 + i] * (n + 1)), document([10 + i] * (n + 2))) for i, n in enumerate(lengths)]


def numbers_in(batches: PairBatches, step: int) -> list[int]:
    return sorted(
        int(d.ids[0]) - 10 for part in batches.parts_at(step) for d in separate(part.rows)[: part.pairs]
    )  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 30), min_size=4, max_size=20), half=st.integers(1, 4), part=st.integers(1, 90),
    processes=st.integers(1, 2), seed=st.integers(0, 3),
)  # fmt: skip
def test_a_step_has_the_same_pairs_however_it_is_cut(
    lengths: list[int], half: int, part: int, processes: int, seed: int
) -> None:
    pairs, batch = pairs_of(lengths), 2 * half
    whole = PairBatches(pairs, batch=batch, seed=seed, pad=0)
    cut = PairBatches(pairs, batch=batch, seed=seed, pad=0, part_tokens=part, processes=processes)
    for step in range(3):
        parts = cut.parts_at(step)
        assert len(parts) % processes == 0 and all(p.pairs for p in parts)
        assert all(p.tokens <= part for p in parts) or len(parts) == batch
        assert numbers_in(cut, step) == numbers_in(whole, step) and len(numbers_in(cut, step)) == batch


def test_every_pair_comes_once_an_epoch_in_a_new_order() -> None:
    batches = PairBatches(pairs_of([3] * 10), batch=4, seed=0, pad=0)
    seen = np.concatenate([batches.numbers_at(step) for step in range(5)])
    first, second = seen[:10], seen[10:]
    assert sorted(first) == sorted(second) == list(range(10)) and list(first) != list(second)
    assert batches.steps_per_epoch == 2.5


def test_the_reference_stands_beside_its_pairs() -> None:
    known = np.asarray([[-i, -100 - i] for i in range(6)], dtype=np.float32)
    batches = PairBatches(pairs_of([2] * 6), batch=4, seed=1, pad=0, part_tokens=10, reference=known)
    for part in batches.parts_at(0):
        assert part.reference is not None
        numbers = [int(d.ids[0]) - 10 for d in separate(part.rows)[: part.pairs]]
        assert part.reference.tolist() == [-n for n in numbers] + [-100 - n for n in numbers]


def test_a_model_that_cannot_pack_gets_padded_rows() -> None:
    (part,) = PairBatches(pairs_of([2, 5]), batch=2, seed=0, pad=7, pack=False).parts_at(0)
    assert part.rows.bounds is None and part.rows.attention is not None
    assert part.rows.inputs.shape == (4, 6) and part.tokens == 2 + 3 + 5 + 6


def test_judged_answers_keep_their_verdicts_and_references_in_any_order() -> None:
    pairs, verdicts = pairs_of([3, 5, 2, 7, 4]), [True, False, False, True, True]
    reference = np.arange(10, dtype=np.float32).reshape(5, 2)
    batches = JudgedBatches(pairs, verdicts, reference, batch=5, seed=1, pad=0, part_tokens=12)
    seen = []
    for part in batches.parts_at(0):
        own, other = separate(part.rows), separate(part.mismatched)
        numbers = [int(d.ids[0]) - 10 for d in own]
        assert [len(d.ids) for d in other] == [len(d.ids) + 1 for d in own]
        assert part.desirable.tolist() == [verdicts[i] for i in numbers]
        assert part.reference.tolist() == [2.0 * i for i in numbers]
        assert part.mismatched_reference.tolist() == [2.0 * i + 1 for i in numbers]
        seen += numbers
    assert sorted(seen) == [0, 1, 2, 3, 4]
