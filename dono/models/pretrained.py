"""Pretrained models, from a local directory or by hub name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor
from transformers import AutoModelForCausalLM, GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging

from dono.artifacts import disk_mistake
from dono.costs import Shape as CountedShape
from dono.errors import Mistake
from dono.tokens import save_tokenizer

UNREADABLE = (OSError, ValueError, KeyError, RuntimeError, SafetensorError, UnpicklingError)
"""What transformers and the libraries under it raise for a checkpoint that is absent, damaged or of another kind."""


@dataclass(frozen=True)
class Shape:
    """What costs are counted from. `parameters` includes the output head once more where it is tied.

    A tied head is still a matrix product per token, so FLOPs are counted with it (Porian et al. 2024).
    """

    parameters: int
    layers: int
    width: int
    context: int
    vocabulary: int
    stored_parameters: int

    @property
    def counted(self) -> CountedShape:
        """What FLOPs and memory are counted from."""
        table = max(0, self.stored_parameters - self.parameters)
        return CountedShape(self.parameters, self.layers, self.width, table)


def check_folder(source: str) -> None:
    """Raise `Mistake` where an absolute path holds no model."""
    local = Path(source)
    if local.is_absolute() and not (local / "config.json").is_file():
        remedy = "Give a Hugging Face model directory, or a hub name"
        raise Mistake("no model there (no config.json)", where=source, remedy=remedy)


def load_model(source: str, *, dtype: torch.dtype = torch.float32) -> PreTrainedModel:
    """A causal language model in `dtype` from a model directory or hub name, whatever precision it is stored in.

    Raises `Mistake` when it cannot be read, and when its files lack a weight or hold one of another shape: transformers
    would draw that weight at random and go on.
    """
    check_folder(source)
    try:
        with _silence():
            model, found = AutoModelForCausalLM.from_pretrained(
                source, dtype=dtype, output_loading_info=True, ignore_mismatched_sizes=True
            )
    except UNREADABLE as error:
        what = f"the model cannot be loaded ({_damaged(Path(source)) or first_line(error)})"
        raise Mistake(what, where=source, remedy="Check the name or directory") from error
    _refuse_random_weights(source, found)
    assert isinstance(model, PreTrainedModel)
    return model


@contextmanager
def _silence() -> Iterator[None]:
    """No progress bar and no report by transformers: our own display and our own line say it."""
    logging.disable_progress_bar()
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)


def first_line(error: BaseException) -> str:
    """The first line of what a library says."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


def _damaged(folder: Path) -> str | None:
    """The first file of weights that is cut short or no safetensors file: the reader's own message names none."""
    for path in sorted(folder.glob("*.safetensors")):
        try:
            with safe_open(path, "pt"):
                pass
        except (OSError, SafetensorError) as error:
            return f"{path.name}: {first_line(error)}"
    return None


def _refuse_random_weights(source: str, found: Mapping[str, object]) -> None:
    """`found` is what transformers says of its loading."""
    missing, other = sorted(found["missing_keys"]), sorted(found["mismatched_keys"])  # type: ignore[call-overload]
    if missing:
        what = f"its files lack {len(missing)} of the model's weights ({missing[0]}{', …' if missing[1:] else ''})"
    elif other:
        name, stored, wanted = other[0]
        what = f"its files hold {name} as {list(stored)}, its config.json asks for {list(wanted)}"
    else:
        return
    raise Mistake(what, where=source, remedy="Give the complete checkpoint of a causal language model")


def save_model(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write safetensors, configuration, generation configuration and tokenizer: an ordinary model directory.

    The weights come last, so that what a kill or a full disk leaves behind does not load. Raises `Mistake` where the
    disk is full, saying how much the model needs.
    """
    if model.can_generate():  # a reward model cannot
        model.generation_config = _writable(model.generation_config)
        name_specials(model.generation_config, tokenizer)
    try:
        with _silence():
            save_tokenizer(tokenizer, folder)
            model.save_pretrained(folder)
    except Exception as error:
        raise not_saved(error, model.parameters(), folder) from error


def name_specials(config: GenerationConfig, tokenizer: PreTrainedTokenizerBase) -> None:
    """Tell a configuration where the tokenizer begins, ends and pads.

    A list of ends that holds the tokenizer's own is kept: chat models stop at several.
    """
    ends = config.eos_token_id
    if not isinstance(ends, list) or tokenizer.eos_token_id not in ends:
        config.eos_token_id = tokenizer.eos_token_id
    config.bos_token_id, config.pad_token_id = tokenizer.bos_token_id, tokenizer.pad_token_id


def _writable(found: GenerationConfig) -> GenerationConfig:
    """The same where transformers writes it. It reads, but does not write, sampling values beside greedy search.

    Such values have no effect, and some published models have them; what remains are the special tokens.
    """
    try:
        found.validate(strict=True)
    except ValueError:
        return GenerationConfig(eos_token_id=found.eos_token_id)
    return found


def not_saved(error: Exception, tensors: Iterable[Tensor], folder: Path) -> Exception:
    """A full disk as a `Mistake` that says how much these tensors need; any other error as it is.

    The libraries that write tensors and tokenizers tell a full disk in the text of their own exceptions alone.
    """
    number = re.search(r"\(os error (\d+)\)", str(error))
    cause = OSError(int(number[1]), str(error)) if number else error
    if not isinstance(cause, OSError):
        return error
    told = disk_mistake(cause, folder)
    if not isinstance(told, Mistake):
        return error
    needed = sum(t.numel() * t.element_size() for t in tensors) / 1e6
    return Mistake(f"{told.what}; {needed:,.1f} MB are needed", where=told.where, remedy=told.remedy)


def shape_of(model: PreTrainedModel) -> Shape:
    """Sizes of a loaded model, for counting FLOPs."""
    config = model.config.get_text_config()
    stored = sum(p.numel() for p in model.parameters())
    table = int(model.get_input_embeddings().weight.numel())
    tied = bool(getattr(config, "tie_word_embeddings", False))
    return Shape(
        parameters=stored if tied else stored - table,  # the input table is looked up, not multiplied
        layers=int(config.num_hidden_layers),
        width=int(config.hidden_size),
        context=int(getattr(config, "max_position_embeddings", 0) or 1024),
        vocabulary=int(config.vocab_size),
        stored_parameters=stored,
    )
