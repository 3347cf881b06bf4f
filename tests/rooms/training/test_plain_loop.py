"""The two readings of the loop: the page without abstractions and the production loop give the same numbers."""

from __future__ import annotations

from pathlib import Path

from dono.objectives import next_token
from dono.training import Batch, LoopSpec, train
from examples import plain_loop


def test_the_production_loop_equals_the_plain_one_to_the_last_bit(tmp_path: Path) -> None:
    def batch_at(step: int) -> Batch:
        windows = plain_loop.windows_at(step)
        return Batch(windows[:, :-1].copy(), windows[:, 1:].copy())

    spec = LoopSpec(
        start=0, stop=plain_loop.STEPS, peak=plain_loop.PEAK, warmup=plain_loop.WARMUP, decay_from=plain_loop.DECAY_FROM
    )
    ours = train(plain_loop.new_model(), batch_at, next_token, spec, tmp_path).losses
    plain = plain_loop.main()
    assert ours == plain
    assert plain[-1] < 0.5 * plain[0]
