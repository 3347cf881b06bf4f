from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from dono.serving import sampling
from dono.serving.sampling import Sampling, Settings, draw, tell

CPU = torch.device("cpu")


def logits(seed: int, rows: int = 3, vocabulary: int = 50) -> torch.Tensor:
    return torch.randn(rows, vocabulary, generator=torch.Generator().manual_seed(seed)) * 2


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1000), st.floats(0.1, 2), st.floats(0.05, 1), st.integers(0, 60), st.floats(0, 0.9999))
def test_a_draw_is_among_the_tokens_that_transformers_leaves(
    seed: int, temperature: float, top_p: float, top_k: int, uniform: float
) -> None:
    found = logits(seed)
    drawn = draw(found, Settings([Sampling(temperature, top_p, top_k)] * 3, CPU), [uniform] * 3)
    left = TemperatureLogitsWarper(temperature)(torch.zeros(0), found)
    left = TopKLogitsWarper(top_k)(torch.zeros(0), left) if top_k else left
    left = TopPLogitsWarper(top_p)(torch.zeros(0), left) if top_p < 1 else left
    chances = left.softmax(-1)
    # a share that lies within rounding of top_p may fall on either side
    sure = chances.gather(1, drawn[:, None])[:, 0] > 0
    below = TopPLogitsWarper(min(1.0, top_p + 1e-4))(torch.zeros(0), left)
    assert (sure | (below.gather(1, drawn[:, None])[:, 0] > -float("inf"))).all()


def test_a_large_vocabulary_is_cut_as_a_sorted_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    found = logits(5, 6, 6000)
    found[3:] *= 5  # few tokens hold nearly all; the others need more than are looked at first
    rows = [Sampling(1.0, p, k) for p, k in ((0.9, 0), (0.9, 5), (1.0, 0), (0.9, 0), (0.5, 3000), (1.0, 7))]
    uniforms = [0.1, 0.3, 0.5, 0.7, 0.9, 0.99]
    quick = draw(found, Settings(rows, CPU), uniforms)
    monkeypatch.setattr(sampling, "FEW", 6000)
    assert quick.tolist() == draw(found, Settings(rows, CPU), uniforms).tolist()


def test_draws_follow_the_chances() -> None:
    row = torch.tensor([[1.0, 2.0, 0.0, -1.0]])
    uniforms = [(i + 0.5) / 4000 for i in range(4000)]
    drawn = draw(row.expand(4000, -1), Settings([Sampling(0.7, 0.9, 3)] * 4000, CPU), uniforms)
    wanted = (row / 0.7).softmax(-1)[0]
    wanted = torch.where(torch.tensor([True, True, False, False]), wanted, torch.zeros(4))  # 0.9 is reached by two
    shares = torch.bincount(drawn, minlength=4) / 4000
    assert torch.allclose(shares, wanted / wanted.sum(), atol=1e-3)


def test_greedy_rows_stay_greedy_beside_others() -> None:
    found = logits(1)
    rows = [Sampling(), Sampling(1.5, seed=1), Sampling(0.0, 0.5, 3)]
    drawn = draw(found, Settings(rows, CPU), [0.99, 0.99, 0.99])
    assert drawn[0] == found[0].argmax() and drawn[2] == found[2].argmax() and drawn[1] != found[1].argmax()


def test_a_forbidden_token_is_never_drawn() -> None:
    found = logits(2)
    found[:, 10:] = -float("inf")
    assert (draw(found, Settings([Sampling(2.0)] * 3, CPU), [0.0, 0.5, 1.0]) < 10).all()


def test_chances_are_told_of_raw_logits() -> None:
    found = logits(3)
    told = tell(found, torch.tensor([4, 5, 6]), 2)
    log_p = found.log_softmax(-1)
    assert [round(t.chosen, 5) for t in told] == [round(float(log_p[i, 4 + i]), 5) for i in range(3)]
    assert all(t.tokens[0] == int(found[i].argmax()) and len(t.values) == 2 for i, t in enumerate(told))
    assert tell(found, torch.tensor([1, 1, 1]), 0)[0].tokens == ()
