"""LoRA adapters by peft: added so that the output is unchanged at the start, merged or saved apart at the end."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy, deepcopy
from pathlib import Path

import torch
from peft import LoraConfig, PeftConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from dono.errors import Mistake
from dono.models.pretrained import UNREADABLE, first_line, not_saved

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
"""The names by which peft finds an adapter."""


def add_lora(model: PreTrainedModel, *, rank: int, seed: int) -> PeftModel:
    """Low-rank updates on every linear layer but the head (Hu et al. 2021; all layers: Dettmers et al. 2023).

    B starts at zero, so the adapted model equals the base before the first step. alpha = 2·rank (assumed, customary).
    """
    torch.manual_seed(seed)
    config = LoraConfig(
        r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM", bias="none",
        fan_in_fan_out=any(isinstance(m, Conv1D) for m in model.modules()),  # GPT-2's matrices lie transposed
    )  # fmt: skip
    with _without_known_warnings():
        adapted = get_peft_model(model, config)
    assert isinstance(adapted, PeftModel)
    return adapted


def merge_lora(model: PeftModel) -> PreTrainedModel:
    """The base with the low-rank updates added in: the same function, an ordinary model whose weights all train.

    It goes by no name until it is saved and loaded: it is not the base that an adapter could be put on again.
    """
    merged = model.merge_and_unload()
    assert isinstance(merged, PreTrainedModel)
    merged.requires_grad_(True)
    merged.name_or_path = ""
    return merged


def save_adapter(model: PeftModel, folder: Path) -> None:
    """Write the low-rank updates alone, as peft reads them; the configuration names the base they belong to.

    That name is the directory or hub name which the base was loaded from. Raises `Mistake` where it has none (the base
    was made in memory or changed since), and where the disk is full.
    """
    config = copy(model.active_peft_config)
    if not config.base_model_name_or_path:
        remedy = "Save the base with save_model, load it, and add the adapter to that"
        raise Mistake("the adapter's base is on no disk, so nothing could read it", where=str(folder), remedy=remedy)
    config.inference_mode, config.target_modules = True, sorted(config.target_modules)
    tensors = get_peft_model_state_dict(model, save_embedding_layers=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        config.save_pretrained(folder)
        save_file({name: t.contiguous() for name, t in tensors.items()}, folder / WEIGHTS, metadata={"format": "pt"})
    except Exception as error:
        raise not_saved(error, tensors.values(), folder) from error


def load_adapter(base: PreTrainedModel, folder: Path) -> PeftModel:
    """A saved adapter put on its base, ready to train on or to merge.

    Raises `Mistake` where there is none, and where it does not fit, which is found out before `base` is touched.
    """
    if not (folder / CONFIG).is_file():
        remedy = "Give the directory that save_adapter wrote"
        raise Mistake(f"no adapter there (no {CONFIG})", where=str(folder), remedy=remedy)
    try:
        with safe_open(folder / WEIGHTS, "pt") as file:
            stored = {(name, tuple(file.get_slice(name).get_shape())) for name in file.keys()}  # noqa: SIM118
        odd = sorted(stored ^ _shapes(base, folder))
        if not odd:
            with _without_known_warnings():
                adapted = PeftModel.from_pretrained(base, folder, is_trainable=True)
    except UNREADABLE as error:
        what = f"the adapter cannot be loaded ({first_line(error)})"
        raise Mistake(what, where=str(folder), remedy="Check the directory, and that this is its base") from error
    if odd:
        named = PeftConfig.from_pretrained(folder).base_model_name_or_path
        what = f"the adapter and the model do not fit ({len(odd)} weights without counterpart, such as {odd[0][0]})"
        raise Mistake(what, where=str(folder), remedy=f"Give the base that it names: {named}")
    assert isinstance(adapted, PeftModel)
    return adapted


def _shapes(base: PreTrainedModel, folder: Path) -> set[tuple[str, tuple[int, ...]]]:
    """Names and shapes of the weights that the adapter must have for `base`, found on a copy that has no contents."""
    empty = {id(p): nn.Parameter(torch.empty_like(p, device="meta"), p.requires_grad) for p in base.parameters()}
    config = PeftConfig.from_pretrained(folder)
    config.base_model_name_or_path = None  # the copy goes by no name
    with _without_known_warnings():
        adapted = get_peft_model(deepcopy(base, empty), config)
    return {(n, tuple(t.shape)) for n, t in get_peft_model_state_dict(adapted, save_embedding_layers=False).items()}


@contextmanager
def _without_known_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        # peft still asks transformers by the old name of gradient checkpointing
        warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing.*", category=FutureWarning)
        # said by `load_adapter` itself, as a mistake
        warnings.filterwarnings("ignore", message=".*missing adapter keys", category=UserWarning)
        yield
