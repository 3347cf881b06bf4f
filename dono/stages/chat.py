"""A conversation in the terminal with a model directory."""

from __future__ import annotations

import sys
from pathlib import Path

from dono.evals import generate
from dono.models import load_model
from dono.models.pretrained import check_folder
from dono.stages.display import print_result
from dono.tokens import TEMPLATES, load_tokenizer, prompt_ids, render_prompt


def command(model: Path, *, template: str | None, max_new_tokens: int) -> None:
    """Answer each line of standard input, until it ends; greedy, one line at a time, without memory."""
    folder = str(model.resolve()) if model.exists() else str(model)
    check_folder(folder)
    tokenizer, loaded = load_tokenizer(folder), load_model(folder)
    pattern = template or TEMPLATES["generate"]
    interactive = sys.stdin.isatty()
    if interactive:
        print_result(f"{model}: type a line; end with Ctrl-D")
    while True:
        if interactive:
            sys.stdout.write("› ")
            sys.stdout.flush()
        line = sys.stdin.readline()
        if not line:
            return
        if not line.strip():
            continue
        fields = {"text": line.strip(), "prompt": line.strip(), "language": ""}
        ids = prompt_ids(tokenizer, render_prompt(pattern, fields, tokenizer))
        print_result(generate(loaded, tokenizer, [ids], max_new_tokens=max_new_tokens)[0].text)
