"""A Llama in llama.cpp's file format, vocabulary and weights in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from dono.errors import Mistake
from dono.models.pretrained import not_saved
from dono.tokens import add_vocabulary, gguf_writer, llama_name

Precision = Literal["f32", "f16"]
FILE_TYPES: dict[Precision, int] = {"f32": 0, "f16": 1}
"""llama.cpp's numbers for what most tensors are stored as (`LlamaFileType`)."""
_LAYER = {
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}  # fmt: skip
"""What a layer's tensors are called there (gguf's `tensor_mapping.py`, architecture llama)."""
_WHOLE = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
CONVERTER = "Serve it with vLLM or `dono serve`, or convert it with llama.cpp's own convert_hf_to_gguf.py"


def write_model_gguf(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, path: Path, *, precision: Precision = "f16"
) -> str:
    """Write a GGUF file; returns the name of llama.cpp's pre-tokenizer. Norms are float32, matrices `precision`.

    The tokenizer comes first: where llama.cpp would cut texts otherwise than this model was trained on, nothing is
    written and a `Mistake` shows a text. Raises `Mistake` too for another family than Llama, and for what Llama's
    layout there does not hold: scaled rotations, biases.
    """
    config = model.config
    where = str(path)
    if config.model_type != "llama":
        what = f"weights of the family {config.model_type} are not written as GGUF"
        raise Mistake(what, where=where, remedy=CONVERTER)
    name = llama_name(tokenizer)
    rope = getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None) or {}
    if rope.get("rope_type", rope.get("type", "default")) != "default":
        raise Mistake("scaled rotations are not written as GGUF", where=where, remedy=CONVERTER)
    named = _named(model)
    biased = next((old for old in named if old.endswith(".bias")), None)
    if biased is not None:
        raise Mistake(f"{biased} has no place in llama.cpp's Llama", where=where, remedy=CONVERTER)
    writer = gguf_writer(path)
    width, heads = int(config.hidden_size), int(config.num_attention_heads)
    size = int(getattr(config, "head_dim", None) or width // heads)
    writer.add_name(Path(str(config.name_or_path)).name or "dono")
    writer.add_block_count(int(config.num_hidden_layers))
    writer.add_context_length(int(config.max_position_embeddings))
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(int(config.intermediate_size))
    writer.add_head_count(heads)
    writer.add_head_count_kv(int(config.num_key_value_heads))
    writer.add_key_length(size)
    writer.add_value_length(size)
    writer.add_rope_dimension_count(size)
    writer.add_rope_freq_base(float(rope.get("rope_theta", getattr(config, "rope_theta", 10_000.0))))
    writer.add_layer_norm_rms_eps(float(config.rms_norm_eps))
    writer.add_vocab_size(int(config.vocab_size))
    writer.add_file_type(FILE_TYPES[precision])
    add_vocabulary(writer, tokenizer, name=name, rows=int(config.vocab_size))
    if isinstance(tokenizer.chat_template, str):
        writer.add_chat_template(tokenizer.chat_template)
    for old, tensor in named.items():
        writer.add_tensor(_new_name(old), _laid(old, tensor, heads, int(config.num_key_value_heads), precision))
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
    except OSError as error:
        raise not_saved(error, named.values(), path.parent) from error
    finally:
        writer.close()
    return name


def _named(model: PreTrainedModel) -> dict[str, Tensor]:
    """Tensors by name; a tied head is left out, llama.cpp takes the table for it."""
    tied = bool(getattr(model.config, "tie_word_embeddings", False))
    return {n: t for n, t in model.state_dict().items() if not (tied and n.startswith("lm_head."))}


def _new_name(old: str) -> str:
    stem = old.removesuffix(".weight")
    if stem in _WHOLE:
        return f"{_WHOLE[stem]}.weight"
    _, _, number, part = stem.split(".", 3)
    return f"blk.{number}.{_LAYER[part]}.weight"


def _laid(
    old: str, tensor: Tensor, heads: int, key_heads: int, precision: Precision
) -> npt.NDArray[np.float32] | npt.NDArray[np.float16]:
    values: npt.NDArray[np.float32] = tensor.detach().float().cpu().numpy()
    if old.endswith(("q_proj.weight", "k_proj.weight")):
        values = _interleaved(values, heads if "q_proj" in old else key_heads)
    return values.astype(np.float16) if precision == "f16" and values.ndim == 2 else values


def _interleaved(values: npt.NDArray[np.float32], heads: int) -> npt.NDArray[np.float32]:
    """Rows [heads · size, width] reordered: llama.cpp turns neighbours, transformers the first half with the second.

    Source: `LlamaModel.permute` of llama.cpp's convert_hf_to_gguf.py.
    """
    rows, width = values.shape
    halves = values.reshape(heads, 2, rows // heads // 2, width)
    return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(rows, width))
