from __future__ import annotations

import copy
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_optimizer_state_dict,
    set_optimizer_state_dict,
)
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from dono.models import Reader, add_lora
from dono.training import optimizers
from dono.training.optimizers import OPTIMIZERS, Muon, orthogonal

JORDAN = ((3.4445, -4.7750, 2.0315),) * 5
"""The coefficients that torch.optim.Muon uses."""


@dataclass(frozen=True)
class Settings:
    peak: float = 1e-2
    matrix_peak: float = 2e-2
    weight_decay: float = 0.1
    beta1: float = 0.9
    beta2: float = 0.95


def llama(*, tied: bool = True) -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=48, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=16, tie_word_embeddings=tied,
    )  # fmt: skip
    return LlamaForCausalLM(config)


def ids_at(step: int) -> Tensor:
    return torch.randint(0, 48, (2, 12), generator=torch.Generator().manual_seed(step))


def learn(model: nn.Module, optimizer: torch.optim.Optimizer, steps: range) -> list[float]:
    """Losses of some steps at the peak rate."""
    losses = []
    for step in steps:
        for group in optimizer.param_groups:
            group["lr"] = group["peak"]
        loss = model(input_ids=ids_at(step), labels=ids_at(step)).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return losses


def names_by_kind(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, set[str]]:
    """Which parameters Muon moves (as they lie, or transposed) and which AdamW does."""
    name = {id(p): n for n, p in model.named_parameters()}
    kinds: dict[str, set[str]] = {"muon": set(), "turned": set(), "adamw": set()}
    for group in optimizer.param_groups:
        kind = ("turned" if group["transposed"] else "muon") if group["matrices"] else "adamw"
        kinds[kind] |= {name[id(p)] for p in group["params"]}
    return kinds


@pytest.mark.parametrize("shape", [(64, 64), (48, 128), (128, 48)])
def test_newton_schulz_brings_the_singular_values_near_one_and_keeps_the_singular_vectors(
    shape: tuple[int, int],
) -> None:
    torch.manual_seed(0)
    matrices = torch.randn(3, *shape)
    u, before, v = torch.linalg.svd(matrices, full_matrices=False)
    norms = matrices.norm(dim=(1, 2))[:, None]
    found = u.mT @ orthogonal(matrices) @ v.mT
    values = found.diagonal(dim1=1, dim2=2)
    inside = before / norms > 0.01
    assert inside.float().mean() > 0.85, "the case says little"
    assert values[inside].min() > 0.7 and values[inside].max() < 1.3
    assert (found - torch.diag_embed(values)).abs().max() < 1e-3


def test_three_steps_come_as_near_to_orthogonal_as_the_usual_five_above_a_hundredth_of_the_norm() -> None:
    torch.manual_seed(0)
    u, _, v = torch.linalg.svd(torch.randn(64, 96), full_matrices=False)
    values = torch.logspace(0, -1.5, 64)
    assert values[-1] / values.norm() > 0.01
    matrix = ((u * values) @ v)[None]
    ours = torch.linalg.svdvals(orthogonal(matrix)) - 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(optimizers, "NEWTON_SCHULZ", JORDAN)
        usual = torch.linalg.svdvals(orthogonal(matrix)) - 1
    assert ours.abs().max() < usual.abs().max()


def test_a_zero_matrix_stays_zero_and_its_neighbours_do_not_see_it() -> None:
    torch.manual_seed(0)
    matrix = torch.randn(8, 8)
    together = orthogonal(torch.stack([torch.zeros(8, 8), matrix]))
    assert together[0].abs().max() == 0
    assert torch.equal(together[1], orthogonal(matrix[None])[0])


@pytest.mark.parametrize("shape", [(24, 24), (40, 16), (16, 40)])
def test_muon_steps_as_torch_s_own_where_it_is_given_the_same_polynomial(
    shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(optimizers, "NEWTON_SCHULZ", JORDAN)
    torch.manual_seed(0)
    ours = nn.Parameter(torch.randn(shape))
    theirs = nn.Parameter(ours.detach().clone())
    start = ours.detach().clone()
    own = Muon([{"params": [ours], "lr": 0.05, "weight_decay": 0.1, "matrices": True}])
    oracle = torch.optim.Muon([theirs], lr=0.05, weight_decay=0.1, momentum=0.95)
    for _ in range(5):
        gradient = torch.randn(shape)
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        own.step()
        oracle.step()
    moved, bound = (theirs - start).norm(), 0.02  # torch multiplies in bfloat16 (8 bits), ours is float32 here
    assert (ours - theirs).norm() < bound * moved


def test_a_transposed_matrix_moves_as_the_same_matrix_does_untransposed() -> None:
    torch.manual_seed(0)
    straight = nn.Parameter(torch.randn(40, 16))
    turned = nn.Parameter(straight.detach().T.clone())
    straight.grad = torch.randn(40, 16)
    turned.grad = straight.grad.T.clone()
    common = {"lr": 0.05, "weight_decay": 0.1, "matrices": True}
    Muon([{"params": [straight], **common}, {"params": [turned], **common, "transposed": True}]).step()
    assert torch.allclose(straight.detach().T, turned, atol=1e-6)


def test_a_batch_of_many_matrices_moves_as_each_of_them_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    together, alone = (llama().double() for _ in range(2))
    losses = learn(together, OPTIMIZERS["muon"](together, Settings()), range(3))
    monkeypatch.setattr(optimizers, "TOGETHER", 1)
    assert learn(alone, OPTIMIZERS["muon"](alone, Settings()), range(3)) == pytest.approx(losses, abs=1e-12)


def test_what_muon_leaves_moves_bit_for_bit_as_under_torch_s_adamw() -> None:
    torch.manual_seed(0)
    ours = [nn.Parameter(torch.randn(6, 5)), nn.Parameter(torch.randn(5))]
    theirs = [nn.Parameter(p.detach().clone()) for p in ours]
    own = Muon([{"params": ours, "lr": 1e-2, "weight_decay": 0.1, "betas": (0.9, 0.95)}])
    oracle = torch.optim.AdamW(theirs, lr=1e-2, weight_decay=0.1, betas=(0.9, 0.95), fused=True)
    for _ in range(4):
        for one, other in zip(ours, theirs, strict=True):
            one.grad = torch.randn_like(one)
            other.grad = one.grad.clone()
        own.step()
        oracle.step()
    assert all(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True))


def test_muon_takes_the_matrices_of_the_layers_and_adamw_the_rest() -> None:
    model = llama(tied=False)
    kinds = names_by_kind(model, OPTIMIZERS["muon"](model, Settings()))
    inside = {n for n, p in model.named_parameters() if ".layers." in n and p.dim() == 2}
    assert kinds["muon"] == inside and not kinds["turned"]
    assert kinds["adamw"] == {n for n, _ in model.named_parameters()} - inside
    assert {"model.embed_tokens.weight", "lm_head.weight", "model.norm.weight"} < kinds["adamw"]


def test_a_model_inside_a_reader_is_found() -> None:
    model = llama()
    reader = Reader(model, packs=False, projects=False)
    assert len(names_by_kind(reader, OPTIMIZERS["muon"](reader, Settings()))["muon"]) == 14


def test_gpt2_s_matrices_count_as_transposed() -> None:
    model = GPT2LMHeadModel(GPT2Config(vocab_size=48, n_positions=16, n_embd=16, n_layer=1, n_head=2))
    kinds = names_by_kind(model, OPTIMIZERS["muon"](model, Settings()))
    assert not kinds["muon"]
    assert {n.removeprefix("transformer.h.0.").removesuffix(".weight") for n in kinds["turned"]} == {
        "attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj",
    }  # fmt: skip


def test_adapters_are_adamw_s_even_under_muon_and_the_frozen_base_is_nobody_s() -> None:
    model = add_lora(llama(), rank=2, seed=0)
    kinds = names_by_kind(model, OPTIMIZERS["muon"](model, Settings()))
    assert not kinds["muon"] and not kinds["turned"]
    assert kinds["adamw"] == {n for n, p in model.named_parameters() if p.requires_grad}
    assert all("lora_" in n for n in kinds["adamw"])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_decay_falls_on_matrices_only_and_every_parameter_is_in_one_group(name: str) -> None:
    model = llama()
    optimizer = OPTIMIZERS[name](model, Settings(weight_decay=0.3))
    placed = [(id(p), p.dim(), group["weight_decay"]) for group in optimizer.param_groups for p in group["params"]]
    assert sorted(i for i, *_ in placed) == sorted(id(p) for p in model.parameters())
    assert all(decay == (0.3 if dim >= 2 else 0.0) for _, dim, decay in placed)


def test_every_group_carries_its_own_peak() -> None:
    model = llama()
    assert {g["peak"] for g in OPTIMIZERS["adamw"](model, Settings()).param_groups} == {1e-2}
    groups = OPTIMIZERS["muon"](model, Settings()).param_groups
    assert [g["peak"] for g in groups] == [2e-2 if g["matrices"] else 1e-2 for g in groups]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_parameters_without_a_gradient_are_left_alone(name: str) -> None:
    model = llama()
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    optimizer = OPTIMIZERS[name](model, Settings())
    moving = "model.layers.0.mlp.up_proj.weight"
    for group in optimizer.param_groups:
        group["lr"] = group["peak"]
    dict(model.named_parameters())[moving].grad = torch.ones_like(before[moving])
    optimizer.step()
    assert {n for n, p in model.named_parameters() if not torch.equal(p, before[n])} == {moving}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_same_start_gives_the_same_losses_to_the_last_bit_and_they_fall(name: str) -> None:
    runs = []
    for _ in range(2):
        model = llama()
        optimizer = OPTIMIZERS[name](model, Settings())
        runs.append([loss for step in range(10) for loss in learn(model, optimizer, range(step % 2, step % 2 + 1))])
    assert runs[0] == runs[1]
    assert runs[0][-1] < runs[0][0] - 0.5


@pytest.mark.parametrize("flat", [True, False])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_run_goes_on_bit_for_bit_from_a_distributed_state_dict(name: str, flat: bool) -> None:
    options = StateDictOptions(flatten_optimizer_state_dict=flat)
    model = llama()
    optimizer = OPTIMIZERS[name](model, Settings())
    learn(model, optimizer, range(3))
    weights = copy.deepcopy(model.state_dict())
    state = copy.deepcopy(get_optimizer_state_dict(model, optimizer, options=options))
    whole = learn(model, optimizer, range(3, 6))
    again = llama()
    again.load_state_dict(weights)
    fresh = OPTIMIZERS[name](again, Settings())
    set_optimizer_state_dict(again, fresh, state, options=options)
    assert learn(again, fresh, range(3, 6)) == whole


def test_muon_keeps_one_buffer_for_a_matrix() -> None:
    model = llama()
    optimizer = OPTIMIZERS["muon"](model, Settings())
    learn(model, optimizer, range(1))
    group = next(g for g in optimizer.param_groups if g["matrices"])
    for p in group["params"]:
        assert [v.numel() for v in optimizer.state[p].values()] == [p.numel()]
