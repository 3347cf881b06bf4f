"""Sampled answers as parts of a step: however they are cut the gradient is one, and each method weighs them rightly."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from transformers import PreTrainedModel

from dono.models import Critic, Reader, Unadapted, add_lora, reader_of
from dono.objectives import generalised_advantages, value_loss
from dono.tokens import Document, document
from dono.training import LoopSpec, train
from dono.training.rollouts import METHODS, Sampled, Seen, parts_of, seen_by
from tests.rooms.training.tiny import VOCABULARY, tiny_model

GROUP, WEIGHT = 4, 0.1


def answers(seed: int = 0) -> list[Document]:
    draw = np.random.default_rng(seed)
    return [document(draw.integers(0, VOCABULARY, 4 + n), 4) for n in draw.integers(2, 9, 2 * GROUP)]


def sampled(seed: int = 0) -> Sampled:
    rewards = np.random.default_rng(seed).standard_normal(2 * GROUP).astype(np.float32)
    return Sampled(answers(seed), rewards, GROUP)


def policy_of(name: str, model: PreTrainedModel | None = None) -> Reader | Critic:
    reader = reader_of(model or tiny_model().double())
    if not METHODS[name].critic:
        return reader
    critic = Critic(reader)
    nn.init.normal_(critic.value.weight, generator=torch.Generator().manual_seed(0))
    return critic


def gradient(
    name: str, part_tokens: int, *, pack: bool, policy: Reader | Critic | None = None, reference: Reader | None = None
) -> torch.Tensor:
    policy, reference = policy or policy_of(name), reference or reader_of(tiny_model(1).double())
    method = METHODS[name]
    batch = sampled()
    seen = seen_by(policy, reference, batch.documents, part_tokens=part_tokens, pad=0, pack=pack)
    weighed = method.weigh(batch, seen, WEIGHT)
    learn = method.learner(WEIGHT, 0.5)
    count = 0.0
    for part in parts_of(batch, seen, weighed, part_tokens=part_tokens, pad=0, pack=pack):
        total, of, _ = learn(policy, part)
        total.backward()
        count += float(of)
    return torch.cat([p.grad.flatten() for p in policy.parameters() if p.grad is not None]) / count


@pytest.mark.parametrize("name", METHODS)
def test_packed_or_padded_in_one_part_or_many_the_gradient_is_the_same(name: str) -> None:
    whole = gradient(name, 10_000, pack=True)
    assert float(whole.abs().max()) > 0
    for part_tokens, pack in ((15, True), (10_000, False), (15, False)):
        assert torch.allclose(gradient(name, part_tokens, pack=pack), whole, atol=1e-5)


@pytest.mark.parametrize("name", METHODS)
def test_with_updates_switched_off_for_the_reference_the_gradient_is_that_beside_a_copy(name: str) -> None:
    def adapted() -> Reader | Critic:
        policy = policy_of(name, add_lora(tiny_model().double(), rank=4, seed=0))
        draw = torch.Generator().manual_seed(2)
        for parameter in policy.parameters():
            if parameter.requires_grad:
                parameter.data += 0.1 * torch.randn(parameter.shape, generator=draw, dtype=parameter.dtype)
        return policy

    policy = adapted()
    own = Unadapted(policy.reader if isinstance(policy, Critic) else policy)
    found = gradient(name, 40, pack=True, policy=policy, reference=own)
    copied = gradient(name, 40, pack=True, policy=adapted(), reference=reader_of(tiny_model().double()))
    elsewhere = gradient(name, 40, pack=True, policy=adapted())
    assert torch.equal(found, copied) and (name == "ppo" or not torch.equal(found, elsewhere))


def seen_of(batch: Sampled, *, shift: float) -> Seen:
    longest = max(int((d.labels >= 0).sum()) for d in batch.documents)
    mask = torch.zeros(len(batch.documents), longest, dtype=torch.bool)
    for row, d in enumerate(batch.documents):
        mask[row, : int((d.labels >= 0).sum())] = True
    behaviour = torch.full(mask.shape, -2.0)
    return Seen(behaviour, behaviour - shift, mask, torch.zeros(mask.shape))


def test_rloo_takes_the_divergence_off_the_reward_and_the_siblings_mean_off_both() -> None:
    batch = sampled()
    seen = seen_of(batch, shift=0.3)
    assert torch.allclose(seen.divergences, 0.3 * seen.mask.sum(1))
    earned = torch.from_numpy(batch.rewards) - WEIGHT * seen.divergences
    wanted = [earned[i] - (earned[:GROUP].sum() - earned[i]) / (GROUP - 1) for i in range(GROUP)]
    assert torch.allclose(METHODS["rloo"].weigh(batch, seen, WEIGHT).advantages[:GROUP], torch.stack(wanted), atol=1e-6)


def test_ppos_returns_are_what_is_still_earned_where_no_value_is_known_and_nothing_decays() -> None:
    rewards = torch.tensor([[0.5, -1.0, 2.0, 9.0]])
    mask = torch.tensor([[True, True, True, False]])
    found = generalised_advantages(rewards, torch.zeros(1, 4), mask, decay=1.0)
    assert torch.equal(found, torch.tensor([[1.5, 1.0, 2.0, 0.0]]))


def test_generalised_advantages_are_the_papers_sum() -> None:
    draw = torch.Generator().manual_seed(0)
    rewards, values = (torch.randn(3, 6, generator=draw, dtype=torch.float64) for _ in range(2))
    lengths, discount, decay = (6, 1, 4), 0.9, 0.8
    mask = torch.arange(6)[None] < torch.tensor(lengths)[:, None]
    found = generalised_advantages(rewards, values, mask, discount=discount, decay=decay)
    for row, length in enumerate(lengths):  # arXiv 1506.02438, eq. 16: Σ (γλ)^l δ_{t+l}
        after = torch.cat([values[row, 1:length], torch.zeros(1)])
        deltas = rewards[row, :length] + discount * after - values[row, :length]
        for t in range(length):
            wanted = sum((discount * decay) ** k * deltas[t + k] for k in range(length - t))
            assert found[row, t] == pytest.approx(float(wanted), abs=1e-12)
        assert not found[row, length:].any()


def test_the_value_loss_takes_the_worse_of_the_value_and_the_held_one() -> None:
    values, old, returns = torch.tensor([[1.0, 0.1, 5.0]]), torch.zeros(1, 3), torch.tensor([[1.0, 1.0, 0.0]])
    mask = torch.tensor([[True, True, False]])
    assert float(value_loss(values, old, returns, mask)) == pytest.approx(0.5 * (0.8**2 + 0.9**2))


@pytest.mark.parametrize("name", METHODS)
def test_every_method_makes_a_rewarded_token_likelier(name: str, tmp_path: Path) -> None:
    """The reward is the share of one token among an answer's three; answers are drawn anew at each step."""
    policy, reference, method = policy_of(name).float(), reader_of(tiny_model()), METHODS[name]
    reader = policy.reader if isinstance(policy, Critic) else policy
    wanted, shares = 7, list[float]()
    prompt = [1, 2, 3]

    class Place:
        tokens = 1

    def prepare(module: nn.Module, parts: object) -> Sequence[Any]:
        draw = torch.Generator().manual_seed(len(shares))
        with torch.no_grad():
            ids = torch.tensor([prompt] * 16)
            for _ in range(3):
                logits = reader.model(input_ids=ids, use_cache=False).logits[:, -1]
                ids = torch.cat([ids, torch.multinomial(logits.softmax(-1), 1, generator=draw)], 1)
        rewards = (ids[:, 3:] == wanted).float().mean(1).numpy()
        shares.append(float(rewards.mean()))
        batch = Sampled([document(row, 3) for row in ids.numpy()], 10 * rewards, 16)
        seen = seen_by(policy, reference, batch.documents, part_tokens=64, pad=0, pack=True)
        return parts_of(batch, seen, method.weigh(batch, seen, 0.0), part_tokens=64, pad=0, pack=True)

    spec = LoopSpec(start=0, stop=40, peak=1e-2, warmup=1, decay_from=40, save_seconds=1e9)
    train(policy, lambda step: [Place()], method.learner(0.0, 0.1), spec, tmp_path, prepare=prepare)
    assert np.mean(shares[:5]) < 0.2 and np.mean(shares[-5:]) > 0.6
