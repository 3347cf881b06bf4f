"""A model exported as GGUF, held against the real llama.cpp: the same tokens of the same texts, the same greedy answer.

`python -m benchmarks.export_llama --llama-server BIN [--tokens 60e3] [--model DIR]`

Without `--model` a small one is trained on the bundled sample with a tokenizer of the kind `portable`. It is written by
`dono export --form gguf --precision f32` and served by llama.cpp's own server, which was built apart. Texts are probes
of many scripts and lines of the sample; answers of 32 tokens follow the beginnings of other lines.

RESULT: `tokens_equal` (share of texts cut alike), `answers_equal` (share of answers equal to the last token)
and `likelihood_error` (the largest difference of a chosen token's ln-likelihood while the answers are the same).
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import httpx
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from benchmarks.peers.serve_checkpoint import prompts
from benchmarks.result import keep_result
from benchmarks.serve_load import Server, free_port
from dono.corpus.sample.write import write_sample
from dono.models import load_model
from dono.stages.export import Order, command
from dono.stages.pretrain import pretrain
from dono.stages.workplace import open_workplace
from dono.tokens import encode_plain, load_tokenizer
from dono.tokens.llama_cpp import PROBES

ANSWER, ANSWERS, LINES = 32, 40, 400
EXACT = ("-ctk", "f32", "-ctv", "f32", "-fa", "off")
"""Keys and values in float32, as the other side has them; llama.cpp's own choice is float16."""
PROJECT = """
project: export
corpus: [{name: bazaar, kind: jsonl, path: "bazaar/*.jsonl", rights: {ground: not_personal, purpose: [train]}}]
use_cases: [{name: text, kind: language}]
budget: {hours: 2}
scratch: {width: 128, layers: 4, heads: 4, vocabulary: 4000, context: 256}
tokenizer: {kind: portable}
"""


def trained(folder: Path, tokens: float) -> Path:
    """A small model of the sample's languages."""
    write_sample(folder, scale=0.2)
    (folder / "dono.yaml").write_text(PROJECT, encoding="utf8")
    pretrain(open_workplace(folder / "dono.yaml"), tokens=tokens, out=folder / "model")
    return folder / "model"


def cut_alike(http: httpx.Client, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> list[str]:
    """The texts that llama.cpp cuts otherwise."""
    ours = encode_plain(tokenizer, list(texts))
    return [
        text for text, ids in zip(texts, ours, strict=True)
        if http.post("/tokenize", json={"content": text}).json()["tokens"] != list(ids)
    ]  # fmt: skip


def greedy(model: PreTrainedModel, prompt: Sequence[int]) -> tuple[list[int], list[float]]:
    """The likeliest tokens after a prompt, and their ln-likelihoods."""
    ids = torch.tensor([list(prompt)])
    with torch.no_grad():
        out = model.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=ANSWER, do_sample=False, use_cache=True,
            output_logits=True, return_dict_in_generate=True,
        )  # fmt: skip
    tokens = out.sequences[0, ids.shape[1] :].tolist()
    rows = torch.stack(out.logits)[:, 0].float().log_softmax(-1)
    return tokens, [float(rows[i, t]) for i, t in enumerate(tokens)]


def answers(http: httpx.Client, model: PreTrainedModel, asked: Sequence[Sequence[int]]) -> tuple[float, float]:
    """The share of answers that are the same, and the largest difference of a ln-likelihood until they part."""
    same, error = 0, 0.0
    for prompt in asked:
        ours, likelihoods = greedy(model, prompt)
        body = {"prompt": list(prompt), "n_predict": ANSWER, "temperature": 0, "n_probs": 1, "cache_prompt": False}
        told = http.post("/completion", json=body).raise_for_status().json()
        end = model.generation_config.eos_token_id
        ends = set(end if isinstance(end, list) else [end])
        theirs = [one["id"] for one in told["completion_probabilities"] if one["id"] not in ends]
        same += theirs == [t for t in ours if t not in ends]
        for one, mine, at in zip(told["completion_probabilities"], ours, likelihoods, strict=False):
            if one["id"] != mine:
                print(f"parts: {one['id']} at {one['logprob']:.6f} for {mine} at {at:.6f}")
                break
            error = max(error, abs(one["logprob"] - at))
    return same / len(asked), error


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llama-server", type=Path, required=True, help="llama.cpp's server, built on this machine")
    parser.add_argument("--tokens", type=float, default=60e3, help="of training")
    parser.add_argument("--model", type=Path, help="a model directory instead of a small one that is trained here")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = asked.model or trained(Path(made), asked.tokens)
        file = Path(made) / "model.gguf"
        command(Order(what=folder, form="gguf", out=file, precision="f32"))
        model, tokenizer, port = load_model(str(folder)).eval(), load_tokenizer(folder), free_port()
        line = [str(asked.llama_server.resolve()), "-m", str(file), "--host", "127.0.0.1"]
        line += ["--port", str(port), "-np", "1"]
        with (
            Server("llama.cpp", [*line, "-c", "512", "-fit", "off", *EXACT], "model", port).up(),
            httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120, trust_env=False) as http,
        ):
            texts = [*PROBES, *prompts()[:LINES]]
            otherwise = cut_alike(http, tokenizer, texts)
            begun = encode_plain(tokenizer, [t[:60] for t in prompts()[LINES : LINES + ANSWERS]])
            same, error = answers(http, model, begun)
    for text in otherwise[:5]:
        print(f"cut otherwise: {text!r}")
    keep_result("export_llama", {
        "tokens_equal": round(1 - len(otherwise) / len(texts), 4), "texts": len(texts),
        "answers_equal": round(same, 4), "answers": len(begun), "likelihood_error": float(f"{error:.2g}"),
    })  # fmt: skip


if __name__ == "__main__":
    main()
