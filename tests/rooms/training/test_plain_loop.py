"""The two readings of the loop: the page without abstractions and the production loop give the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dono.models import reader_of
from dono.objectives import next_token
from dono.tokens import Rows, document, packed
from dono.training import LoopSpec, likelihood, train
from examples import plain_loop


@pytest.fixture(scope="module")
def plain() -> list[float]:
    return plain_loop.main()


def production(parts_at: Callable[[int], list[Rows]], folder: Path) -> list[float]:
    spec = LoopSpec(
        start=0, stop=plain_loop.STEPS, peak=plain_loop.PEAK, warmup=plain_loop.WARMUP, decay_from=plain_loop.DECAY_FROM
    )
    return train(reader_of(plain_loop.new_model()), parts_at, likelihood(next_token), spec, folder).losses


def test_the_production_loop_equals_the_plain_one_to_the_last_bit(plain: list[float], tmp_path: Path) -> None:
    def one_by_one(step: int) -> list[Rows]:
        return [packed([document(sentence)]) for sentence in plain_loop.sentences_at(step)]

    assert production(one_by_one, tmp_path) == plain
    assert plain[-1] < 0.5 * plain[0]


def test_packing_the_sentences_on_one_row_changes_only_the_order_of_sums(plain: list[float], tmp_path: Path) -> None:
    def together(step: int) -> list[Rows]:
        return [packed([document(sentence) for sentence in plain_loop.sentences_at(step)])]

    # float32 sums in another order, once a step, grow apart with the steps (measured: 4e-5 after 40)
    assert production(together, tmp_path) == pytest.approx(plain, rel=1e-3)
