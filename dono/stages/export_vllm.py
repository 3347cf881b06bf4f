"""The line by which vLLM serves a model as Dono measured it. What vLLM does was measured with its version 0.32.

vLLM takes no notice of `do_sample`: a model that draws nothing would be drawn from at temperature 1. Its JSON may hold
blanks without end, which a weak model then writes. Adapters above rank 16, and tools, have to be allowed.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from transformers import GenerationConfig

from dono.models.adapters import CONFIG
from dono.serving.tools import tool_form
from dono.tokens import load_tokenizer

PORT = 8001
GREEDY = {"temperature": 0.0}
ONE_LINE = {"backend": "xgrammar", "disable_any_whitespace": True}
"""The backend must be named; `guidance` knows no tool calls."""
USUAL_RANK = 16
RANKS = (32, 64, 128, 256, 320, 512)
"""Ranks that vLLM can be told, beyond the one up to which it takes adapters of itself."""


def serve_line(name: str, folder: str, adapter: Path | None = None) -> str:
    """`vllm serve …` for a model directory or hub name; with an adapter, that answers at `name` on it as its base."""
    line = ["vllm", "serve", folder, "--host", "127.0.0.1", "--port", str(PORT)]
    if adapter is None:
        line += ["--served-model-name", name]
    else:
        line += ["--enable-lora", "--lora-modules", f"{name}={adapter}"]
        rank = int(json.loads((adapter / CONFIG).read_text(encoding="utf8"))["r"])
        if rank > USUAL_RANK:
            line += ["--max-lora-rank", str(next((r for r in RANKS if r >= rank), rank))]
    if not draws(folder):
        line += ["--override-generation-config", json.dumps(GREEDY)]
    line += ["--structured-outputs-config", json.dumps(ONE_LINE)]
    form = tool_form(load_tokenizer(folder))
    if form is not None:
        line += ["--enable-auto-tool-choice", "--tool-call-parser", form.vllm_parser]
    return shlex.join(line)


def draws(folder: str) -> bool:
    """Whether the model's own generation configuration draws its answers; a model without one is greedy."""
    try:
        return bool(GenerationConfig.from_pretrained(folder).do_sample)
    except OSError:
        return False
