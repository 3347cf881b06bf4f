from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import httpx
import torch
from transformers import PreTrainedTokenizerBase

from dono.models import add_lora, load_adapter, load_model, merge_lora, save_adapter
from dono.serving import EmbeddedEngine, EmbeddedSettings, service
from tests.rooms.serving.answers import generated


def write_adapter(base: Path, folder: Path, seed: int, rank: int = 2) -> None:
    """An adapter that changes much."""
    model = add_lora(load_model(str(base)), rank=rank, seed=seed)
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.copy_(torch.randn(parameter.shape, generator=draw) * 0.5)
    save_adapter(model, folder)


def test_adapters_on_one_base_answer_together_each_as_if_merged(
    plain_folder: Path, tmp_path: Path, tokenizer: PreTrainedTokenizerBase
) -> None:
    write_adapter(plain_folder, tmp_path / "one", 1)
    settings = EmbeddedSettings(device="cpu", slots=4, adapters=tmp_path)
    engine = EmbeddedEngine.open("base", str(plain_folder), settings)
    write_adapter(plain_folder, tmp_path / "two", 2, rank=4)  # comes while the service runs
    app = service([engine])

    async def ask() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://d", timeout=60) as http:
            names = ["base", "one", "two", "one", "base"]
            bodies = [{"model": n, "prompt": [5, 6, 7, 8 + i], "max_tokens": 8} for i, n in enumerate(names)]
            return list(await asyncio.gather(*[http.post("/v1/completions", json=b) for b in bodies]))

    found = [r.json() for r in asyncio.run(ask())]
    base = load_model(str(plain_folder))
    for i, (name, answer) in enumerate(zip(["base", "one", "two", "one", "base"], found, strict=True)):
        model = base
        if name != "base":
            model = merge_lora(load_adapter(load_model(str(plain_folder)), tmp_path / name))
        ids = generated(model.eval(), [5, 6, 7, 8 + i], 8)
        ids = ids[: ids.index(tokenizer.eos_token_id)] if tokenizer.eos_token_id in ids else ids
        assert answer["choices"][0]["text"] == tokenizer.decode(ids, skip_special_tokens=True), name

    async def odd() -> tuple[httpx.Response, httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://d", timeout=60) as http:
            broken = await http.post("/v1/completions", json={"model": "broken", "prompt": "a"})
            after = await http.post("/v1/completions", json={"model": "one", "prompt": "a", "max_tokens": 2})
            return broken, after

    shutil.copytree(tmp_path / "one", tmp_path / "broken")
    config = json.loads((tmp_path / "broken" / "adapter_config.json").read_text(encoding="utf8"))
    (tmp_path / "broken" / "adapter_config.json").write_text(json.dumps({**config, "r": 5}), encoding="utf8")
    broken, after = asyncio.run(odd())
    assert broken.status_code == 500 and "adapter cannot be loaded" in broken.json()["error"]["message"]
    assert after.status_code == 200
    engine.batcher.close()
