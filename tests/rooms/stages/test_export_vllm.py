"""The line for vLLM says what vLLM would otherwise do differently from what was measured."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import pytest
from transformers import GenerationConfig

from dono.models import random_llama, save_model
from dono.models.adapters import CONFIG
from dono.stages.export_vllm import serve_line
from dono.tokens import load_tokenizer
from tests.conftest import TINY


def told(line: str, option: str) -> str | None:
    """What follows an option."""
    words = shlex.split(line)
    return words[words.index(option) + 1] if option in words else None


def test_a_model_that_draws_nothing_is_served_greedily(base_folder: Path, tmp_path: Path) -> None:
    assert json.loads(told(serve_line("m", str(base_folder)), "--override-generation-config") or "") == {
        "temperature": 0.0
    }
    drawing = tmp_path / "drawing"
    shutil.copytree(base_folder, drawing)
    GenerationConfig(do_sample=True, temperature=0.7).save_pretrained(drawing)
    assert told(serve_line("m", str(drawing)), "--override-generation-config") is None
    (drawing / "generation_config.json").unlink()
    assert told(serve_line("m", str(drawing)), "--override-generation-config") is not None


@pytest.mark.parametrize(("rank", "allowed"), [(8, None), (16, None), (17, "32"), (64, "64"), (300, "320")])
def test_an_adapter_of_a_high_rank_is_allowed(
    base_folder: Path, tmp_path: Path, rank: int, allowed: str | None
) -> None:
    (tmp_path / CONFIG).write_text(json.dumps({"r": rank}), encoding="utf8")
    line = serve_line("reply", str(base_folder), tmp_path)
    assert told(line, "--max-lora-rank") == allowed and told(line, "--lora-modules") == f"reply={tmp_path}"


def test_tools_are_called_in_the_form_of_the_template(tokenizer_folder: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(tokenizer_folder)
    for template, parser in (
        ("{% if tools %}<tool_call>{% endif %}", "hermes"),
        ("{% if tools %}[TOOL_CALLS]{% endif %}", "mistral"),
        ("{{ messages }}", None),
    ):
        tokenizer.chat_template = template
        save_model(random_llama(TINY, tokenizer, seed=0), tokenizer, tmp_path / str(parser))
        line = serve_line("m", str(tmp_path / str(parser)))
        assert told(line, "--tool-call-parser") == parser and ("--enable-auto-tool-choice" in line) is bool(parser)
