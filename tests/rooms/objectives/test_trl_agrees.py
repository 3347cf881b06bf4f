"""The preference and policy losses against TRL's own code: losses and gradients on the same logits.

TRL computes its losses inside trainers. Their methods are called here on a stand-in that has only the settings they
read, with a "model" that answers with our tensors: so the formula alone is compared, in float64 where TRL allows.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable
from importlib import import_module
from types import MethodType, SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
import torch
from torch import Tensor

from dono.objectives import (
    Answers,
    Averaging,
    BatchLoss,
    Pairs,
    averaged,
    bradley_terry,
    clipped_surrogate,
    dpo,
    group_relative,
    kto,
    kto_divergence,
    leave_one_out,
    log_ratios,
    orpo,
    penalised,
    rloo,
    simpo,
    summed,
)
from tests.rooms.objectives.batches import Batch, Random, gradient, judged, pairs, rewards, rollouts

trl = import_module("trl")  # not by `import`: mypy would read all of TRL, which is slow and finds nothing of ours
with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message=".*trl.experimental")  # CPO and ORPO may move; TRL is pinned
    CPOTrainer = import_module("trl.experimental.cpo").CPOTrainer
    ORPOTrainer = import_module("trl.experimental.orpo").ORPOTrainer

PRECISE = 1e-9
"""Largest relative difference in float64, where losses differ only in the order of sums."""


def relative(ours: Tensor, theirs: Tensor) -> float:
    """The largest difference, relative to the largest value of theirs."""
    return ((ours - theirs).abs().max() / theirs.abs().max()).item()


def agree(ours: BatchLoss[Any], theirs: Tensor, batch: Batch, within: float = PRECISE) -> None:
    """Loss and gradient are the same, and the gradient is not zero."""
    mean = ours.total / ours.count
    expected = gradient(theirs, batch)
    assert expected.any()
    assert relative(mean, theirs) <= within
    assert relative(gradient(mean, batch), expected) <= within


def trainer(**settings: object) -> SimpleNamespace:
    """What a TRL trainer's loss reads of its trainer."""
    accelerator = SimpleNamespace(
        device="cpu",
        num_processes=1,
        gather=lambda tensor: tensor,
        gather_for_metrics=lambda tensor: tensor,
        reduce=lambda tensor, reduction: tensor,
    )
    return SimpleNamespace(
        accelerator=accelerator,
        model=SimpleNamespace(training=True),
        aux_loss_enabled=False,
        _metrics=defaultdict(lambda: defaultdict(list)),
        _total_train_tokens=0,
        _tp_size=1,
        **settings,
    )


def says(answers: Answers) -> Callable[..., SimpleNamespace]:
    """A model whose fused head gives these log-likelihoods, zero where masked."""
    loglikelihoods = torch.where(answers.mask, answers.loglikelihoods, 0.0)
    other = torch.zeros_like(loglikelihoods)
    return lambda **_: SimpleNamespace(
        log_probs=loglikelihoods, entropy=other, mean_logits=other, is_top1=other.bool(), logits=None
    )


def with_prompt(mask: Tensor) -> dict[str, Tensor]:
    """TRL's batch: one token more than log-likelihoods, the first being prompt."""
    completion = torch.nn.functional.pad(mask.long(), (1, 0))
    return {
        "input_ids": torch.zeros_like(completion),
        "attention_mask": torch.ones_like(completion),
        "completion_mask": completion,
    }


@pytest.mark.parametrize(("kind", "length_normalised"), [("sigmoid", False), ("sigmoid_norm", True)])
def test_dpo(kind: str, length_normalised: bool) -> None:
    batch = pairs()
    both = Answers(*(torch.cat([a, b]) for a, b in zip(batch.chosen, batch.rejected, strict=True)))
    stand_in = trainer(
        beta=0.3,
        ld_alpha=None,
        precompute_ref_logps=True,
        f_divergence_type="reverse_kl",
        loss_types=[kind],
        loss_weights=[1.0],
        use_weighting=False,
    )
    inputs = with_prompt(both.mask) | {
        "ref_chosen_logps": batch.reference_chosen,
        "ref_rejected_logps": batch.reference_rejected,
    }
    theirs = trl.DPOTrainer._compute_loss(stand_in, says(both), inputs, False)
    ours = dpo(batch, beta=0.3, length_normalised=length_normalised)
    agree(ours, theirs, batch)
    if not length_normalised:  # TRL logs the rewards of the whole answers whatever the loss is
        logged = {name: values[0] for name, values in stand_in._metrics["train"].items()}
        means = {name: value.item() / 8 for name, value in ours.metrics._asdict().items()}
        assert means["accuracy"] == pytest.approx(logged["rewards/accuracies"])
        assert means["chosen_reward"] == pytest.approx(logged["rewards/chosen"])
        assert means["chosen_reward"] - means["rejected_reward"] == pytest.approx(logged["rewards/margins"])


def test_dpo_with_smoothed_labels() -> None:
    """TRL's DPO has no cDPO; its CPO loss is the same function of the two log ratios."""
    batch = pairs()
    assert batch.reference_chosen is not None and batch.reference_rejected is not None
    stand_in = trainer(beta=0.3, alpha=0.0, loss_type="sigmoid", label_smoothing=0.2)
    ratios = log_ratios(batch.chosen, batch.reference_chosen), log_ratios(batch.rejected, batch.reference_rejected)
    theirs = CPOTrainer.cpo_loss(stand_in, *ratios)[0].mean()
    agree(dpo(batch, beta=0.3, label_smoothing=0.2), theirs, batch)


def test_simpo() -> None:
    batch = pairs()
    stand_in = trainer(beta=2.0, alpha=0.0, loss_type="simpo", simpo_gamma=0.7, label_smoothing=0.0)
    theirs = CPOTrainer.cpo_loss(stand_in, averaged(batch.chosen), averaged(batch.rejected))[0].mean()
    agree(simpo(batch, beta=2.0, margin=0.7), theirs, batch)


def test_kto_and_its_divergence() -> None:
    batch, other = judged(), judged(seed=1)
    apart = log_ratios(other.answers, other.reference - 1)
    batch = batch._replace(divergence=kto_divergence(apart))
    assert batch.divergence > 0
    stand_in = trainer(
        beta=0.3,
        loss_type="kto",
        desirable_weight=1.3,
        undesirable_weight=0.7,
        calculate_KL=True,
        precompute_ref_logps=True,
        _compute_kl_logps=lambda model, inputs: summed(other.answers).detach(),
    )
    inputs = with_prompt(batch.answers.mask) | {
        "label": batch.desirable,
        "ref_logps": batch.reference,
        "ref_KL_logps": other.reference - 1,
    }
    theirs = trl.KTOTrainer._compute_loss(stand_in, says(batch.answers), inputs, False)
    agree(kto(batch, beta=0.3, desirable_weight=1.3, undesirable_weight=0.7), theirs, batch)


@pytest.mark.parametrize("with_margin", [False, True])
def test_bradley_terry(with_margin: bool) -> None:
    batch = rewards()
    stand_in = trainer(args=SimpleNamespace(center_rewards_coefficient=None))
    inputs = {"attention_mask": torch.ones(16, 3), **({"margin": batch.margin} if with_margin else {})}
    logits = torch.cat([batch.chosen, batch.rejected])[:, None]
    theirs = trl.RewardTrainer.compute_loss(stand_in, lambda **_: SimpleNamespace(logits=logits), inputs)
    ours = bradley_terry(batch.chosen, batch.rejected, margin=batch.margin if with_margin else 0.0)
    agree(ours, theirs, batch._replace(margin=None))
    assert ours.metrics.accuracy.item() / 8 == pytest.approx(stand_in._metrics["train"]["accuracy"][0])


def test_the_odds_ratio_of_orpo() -> None:
    """TRL computes this part in float32 whatever it is given."""
    batch = pairs(dtype=torch.float32)
    chosen, rejected = averaged(batch.chosen), averaged(batch.rejected)
    theirs = -ORPOTrainer.odds_ratio_loss(trainer(beta=0.3), chosen, rejected)[0].mean()
    total, count, metrics = orpo(batch, weight=0.3)
    agree(BatchLoss(total + chosen.sum(), count, metrics), theirs, batch, within=1e-6)


def test_orpo_where_answers_are_equally_long_and_prompts_empty() -> None:
    """Elsewhere TRL averages the likelihood term over all tokens of the batch, prompts too; the paper does not."""
    draw = Random(seed=0, rows=4, scale=1.0, dtype=torch.float32)
    logits = draw.normal(4, 6, 11).requires_grad_()
    tokens = torch.randint(0, 11, (4, 6), generator=draw.generator)
    labels = tokens.clone()
    labels[:, 0] = -100
    inputs: dict[str, Tensor] = {}
    for side, rows in (("chosen", slice(0, 2)), ("rejected", slice(2, 4))):
        inputs |= {f"{side}_input_ids": tokens[rows], f"{side}_labels": labels[rows]}
        inputs |= {f"{side}_attention_mask": torch.ones(2, 6, dtype=torch.long)}
    stand_in = trainer(
        beta=0.3,
        is_encoder_decoder=False,
        padding_value=0,
        concatenated_inputs=ORPOTrainer.concatenated_inputs,
        get_batch_logps=ORPOTrainer.get_batch_logps,
    )
    for method in ("concatenated_forward", "odds_ratio_loss"):
        setattr(stand_in, method, MethodType(getattr(ORPOTrainer, method), stand_in))
    theirs, _metrics = ORPOTrainer.get_batch_loss_metrics(
        stand_in, lambda *_, **__: SimpleNamespace(logits=logits), inputs
    )
    said = logits[:, :-1].log_softmax(-1).gather(-1, tokens[:, 1:, None]).squeeze(-1)
    answers = Answers(said, torch.ones(4, 5, dtype=torch.bool))
    ours = orpo(Pairs(*(Answers(*(t[rows] for t in answers)) for rows in (slice(0, 2), slice(2, 4)))), weight=0.3)
    agree(ours, theirs, (logits,), within=1e-6)


@pytest.mark.parametrize(
    ("kind", "averaging"), [("grpo", "sequence"), ("dapo", "token"), ("bnpo", "token"), ("dr_grpo", 9)]
)
@pytest.mark.parametrize("weight", [0.0, 0.04])
def test_clipped_surrogate(kind: str, averaging: Averaging, weight: float) -> None:
    """TRL's GRPO is PPO's clip with k3; its "bnpo" is PPO's average over the tokens of a batch in one part."""
    batch = rollouts()
    mask = batch.answers.mask
    stand_in = trainer(
        args=SimpleNamespace(delta=None, use_bias_correction_kl=False, steps_per_generation=1),
        beta=weight,
        loss_type=kind,
        epsilon_low=0.2,
        epsilon_high=0.28,
        top_entropy_quantile=1.0,
        off_policy_mask_threshold=None,
        importance_sampling_level="token",
        use_vllm=False,
        current_gradient_accumulation_steps=1,
        max_completion_length=9,
        _entropy_bonus_enabled=False,
        _get_per_token_logps_and_entropies=lambda *_, **__: (batch.answers.loglikelihoods, torch.zeros(8, 7), None),
    )
    inputs = completions(mask) | {
        "old_per_token_logps": batch.behaviour,
        "ref_per_token_logps": batch.reference,
        "advantages": batch.advantages,
        "num_items_in_batch": mask.sum(),
    }
    theirs = trl.GRPOTrainer._compute_loss(stand_in, None, inputs)
    ours = clipped_surrogate(batch, averaging=averaging, clip_low=0.2, clip_high=0.28, divergence_weight=weight)
    agree(ours, theirs, batch)
    logged = {name: values[0] for name, values in stand_in._metrics["train"].items()}
    tokens = ours.metrics.tokens.item()
    assert 0 < ours.metrics.clipped.item() / tokens == pytest.approx(logged["clip_ratio/region_mean"])
    if weight:
        assert ours.metrics.divergence.item() / tokens == pytest.approx(logged["kl"])


def completions(mask: Tensor) -> dict[str, Tensor]:
    """TRL's batch of sampled completions, with one prompt token each."""
    one = torch.ones(len(mask), 1, dtype=torch.long)
    return {"prompt_ids": one, "prompt_mask": one, "completion_ids": mask.long(), "completion_mask": mask.long()}


def test_rloo() -> None:
    batch = rollouts()
    stand_in = trainer(
        epsilon_low=0.2,
        epsilon_high=0.2,
        _get_per_token_logps_and_entropies=lambda *_, **__: (batch.answers.loglikelihoods, torch.zeros(8, 7), None),
    )
    old = summed(Answers(batch.behaviour, batch.answers.mask))
    inputs = completions(batch.answers.mask) | {"old_logps": old, "advantages": batch.advantages}
    agree(rloo(batch), trl.RLOOTrainer._compute_loss(stand_in, None, inputs), batch)


def scored(
    generate: Callable[..., dict[str, Tensor]], earned: Tensor, generated: tuple[Any, ...], **set_to: object
) -> Tensor:
    """The advantages of what was `generated`, by the TRL method that generates and scores; what it logs is ignored."""
    stand_in = MagicMock()
    settings = {
        "num_generations": earned.shape[1],
        "num_iterations": 1,
        "args": SimpleNamespace(
            per_device_train_batch_size=8,
            gradient_checkpointing_kwargs=None,
            gradient_accumulation_steps=1,
            steps_per_generation=1,
        ),
        "reward_weights": torch.ones(1),
        "reward_func_names": [],
        "reward_clip_range": None,
        "pad_to_multiple_of": None,
        "mask_truncated_completions": False,
        "environment_factories": None,
        "environments": None,
        "tools": None,
        "use_vllm": False,
        "multi_objective_aggregation": "sum_then_normalize",
        "_pending_extra_logs": {},
        "_pending_metrics": {},
    }
    stand_in.configure_mock(**vars(trainer(**(settings | set_to))))
    stand_in.accelerator.process_index = 0
    stand_in.model.is_gradient_checkpointing = False
    stand_in._tokenizer.pad_token_id = 0
    stand_in._generate.return_value = generated
    stand_in._calculate_rewards.return_value = earned.reshape(-1, 1)
    return generate(stand_in, [{"prompt": "a"}] * earned.numel())["advantages"].view(earned.shape)


def earned_by(prompts: int, answers: int) -> Tensor:
    return torch.randn(prompts, answers, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_leave_one_out_and_the_penalty_in_the_reward() -> None:
    batch, earned = rollouts(), earned_by(2, 4)
    sizes = batch.answers.mask.sum(dim=1, keepdim=True)
    answers = Answers(batch.answers.loglikelihoods.detach(), torch.arange(7) < sizes)  # TRL's start at once
    assert batch.reference is not None
    said = iter([answers.loglikelihoods, batch.reference])
    theirs = scored(
        trl.RLOOTrainer._generate_and_score_completions,
        earned,
        ([[1]] * 8, [[1] * int(size) for size in sizes], ["a"] * 8),
        beta=0.3,
        normalize_advantages=False,
        _get_per_token_logps_and_entropies=lambda *_, **__: (next(said)[:, : sizes.max()], None, None),
    )
    kept = penalised(earned.flatten(), answers, batch.reference, weight=0.3).view(2, 4)
    assert relative(leave_one_out(kept), theirs) <= PRECISE


@pytest.mark.parametrize(("scale", "scaled"), [("group", True), ("none", False)])
def test_group_relative(scale: str, scaled: bool) -> None:
    earned = earned_by(2, 4)
    generated: tuple[Any, ...] = ([[1]] * 8, [[1]] * 8, None, ["a"] * 8, None, {}, None, None)
    theirs = scored(trl.GRPOTrainer._generate_and_score_completions, earned, generated, beta=0.0, scale_rewards=scale)
    assert relative(group_relative(earned, scaled=scaled), theirs) <= 1e-7  # TRL's n / (n − 1) is a float32
