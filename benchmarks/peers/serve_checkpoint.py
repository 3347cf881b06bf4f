"""The checkpoint that serving is measured on: a Llama of so many parameters with random weights, and prompts for it.

Its tokenizer is learned from the bundled sample, of the kind that llama.cpp reads too. Random weights cost what trained
ones cost. Tokens that are no whole characters, and the end, have a row of zeros in the table: they are never likeliest,
so every greedy answer is text of the length that is asked for.
"""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

from benchmarks.peers.serve_engine import sizes_for
from dono.corpus.sample.write import write_sample
from dono.models import load_model, random_llama, save_model
from dono.models.gguf_weights import write_model_gguf
from dono.project import Architecture
from dono.tokens import load_tokenizer, spellings, train_tokenizer

VOCABULARY = 8192
CONTEXT = 1024
CHARACTERS = 300
"""Of a prompt at most: 60 to 100 tokens."""


@cache
def prompts() -> list[str]:
    """Beginnings of documents of the bundled sample, each once."""
    with tempfile.TemporaryDirectory() as made:
        write_sample(Path(made), scale=0.1)
        lines = [line for f in sorted(Path(made).glob("bazaar/*.jsonl")) for line in f.open(encoding="utf8")]
    texts = [str(json.loads(line)["text"])[:CHARACTERS] for line in lines]
    return list(dict.fromkeys(t for t in texts if len(t) >= CHARACTERS // 2))


def make_checkpoint(folder: Path, params: float) -> None:
    """Write a model directory of about so many parameters."""
    train_tokenizer(iter(prompts()), VOCABULARY, folder.with_name("tokenizer"), kind="portable")
    tokenizer = load_tokenizer(folder.with_name("tokenizer"))
    width, layers, heads = sizes_for(params, VOCABULARY)
    shape = Architecture(width=width, layers=layers, heads=heads, vocabulary=VOCABULARY, context=CONTEXT)
    model = random_llama(shape, tokenizer, seed=0)
    print(f"{sum(p.numel() for p in model.parameters()) / 1e6:.1f} M parameters, {len(tokenizer):,} tokens", flush=True)
    silence_fragments(model, tokenizer)
    save_model(model, tokenizer, folder)


def as_gguf(folder: Path) -> Path:
    """The same weights for llama.cpp, in float32 as the others have them on a processor."""
    path = folder.with_name("model.gguf")
    write_model_gguf(load_model(str(folder)), load_tokenizer(folder), path, precision="f32")
    return path


def silence_fragments(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase) -> None:
    """Give tokens that are no text a row of zeros."""
    special = set(tokenizer.all_special_ids)
    rows = [i for i, raw in enumerate(spellings(tokenizer)) if i in special or not _is_text(raw)]
    with torch.no_grad():
        model.get_input_embeddings().weight[rows] = 0.0


def _is_text(raw: bytes) -> bool:
    try:
        return bool(raw.decode())
    except UnicodeDecodeError:
        return False
