"""`dono serve`, `dono keys` and `dono export` on a project whose builds are already there."""

from __future__ import annotations

import asyncio
import csv
import json
import shutil
import socket
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from dono.artifacts import Json
from dono.errors import Mistake
from dono.models import load_model
from dono.predictive import TableModel, TextClassifier
from dono.serving import Ledger, service
from dono.stages import export, keys, serve
from dono.stages.runs import ADAPTER
from dono.stages.workplace import open_workplace
from tests.rooms.serving.test_adapters import write_adapter

INTENTS = [("parcel is late", "delivery"), ("where is my parcel", "delivery"), ("money back", "refund")] * 4
CHURN = [
    {"spent": str(i), "city": "Pune" if i % 2 else "Delhi", "churned": "yes" if i < 20 else "no"} for i in range(40)
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, base_folder: Path) -> Path:
    """A project with a use case of each route: two adapters on one base, texts and rows without a language model."""
    folder = tmp_path_factory.mktemp("served")
    rows = "".join(json.dumps({"text": t, "label": label}) + "\n" for t, label in INTENTS)
    for name in ("intent.jsonl", "later.jsonl"):
        (folder / name).write_text(rows, encoding="utf8")
    with (folder / "churn.csv").open("w", encoding="utf8", newline="") as file:
        table = csv.DictWriter(file, ["spent", "city", "churned"])
        table.writeheader()
        table.writerows(CHURN)
    both = {"kind": "classify", "train": "intent.jsonl", "test": "later.jsonl"}
    described = {
        "project": "served", "budget": {"hours": 1}, "machine": {"gpu": "this", "price_per_hour": 36},
        "use_cases": [
            {"name": "one", **both}, {"name": "two", **both, "prompt": "{text}!"}, {"name": "words", **both},
            {"name": "churn", "kind": "predict", "train": "churn.csv", "target": "churned"}, {"name": "later", **both},
        ],
    }  # fmt: skip
    (folder / "dono.yaml").write_text(yaml.safe_dump(described), encoding="utf8")
    place = open_workplace(folder / "dono.yaml")

    def built(use_case: str, arm: str, fill: object) -> None:
        def make(out: Path) -> Mapping[str, Json]:
            fill(out)  # type: ignore[operator]
            return {"use_case": use_case, "arm": arm}

        place.store.make("model", {"use_case": use_case, "arm": arm}, make, name=f"{use_case}-{arm}")

    def tuned(seed: int) -> object:
        def fill(out: Path) -> None:
            shutil.copytree(base_folder, out, dirs_exist_ok=True)  # merged weights stand here after a real build
            write_adapter(base_folder, out / ADAPTER, seed)

        return fill

    texts, labels = zip(*INTENTS, strict=True)
    columns = {name: [row[name] for row in CHURN] for name in ("spent", "city")}
    table_model = TableModel().fit(columns, [row["churned"] for row in CHURN])
    built("one", "finetune/lora", tuned(1))
    built("two", "finetune/lora", tuned(2))
    built("words", "predictive/tfidf", TextClassifier().fit(texts, labels).save)
    built("churn", "predictive/boosting", table_model.save)
    return folder / "dono.yaml"


def order(project: Path, **more: object) -> serve.Order:
    return replace(serve.Order(places=(str(project),), port=0, device="cpu", slots=2, dry_run=True), **more)  # type: ignore[arg-type]


def test_each_use_case_is_served_at_its_name_by_its_route(project: Path) -> None:
    found = serve.open_places(order(project))
    assert len(found.engines) == 1 and set(found.predictors) == {"words", "churn"}  # two use cases share a base
    assert found.price_per_hour == 36 and found.keys == project.parent / "serving.sqlite"
    app = service(found.engines, predictors=found.predictors)

    async def ask() -> list[dict[str, Any]]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://d", timeout=60) as http:
            chat = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 2}
            said = [(await http.post("/v1/chat/completions", json={"model": m, **chat})).json() for m in ("one", "two")]
            rows = (
                await http.post("/v1/predict/churn", json={"rows": [{"spent": 3, "city": "Pune"}, {"spent": 39}]})
            ).json()
            odd = (await http.post("/v1/predict/churn", json={"rows": [{"spend": 3}]})).json()
            empty = (await http.post("/v1/predict/churn", json={"rows": [{"city": None}, {}]})).json()
            words = (await http.post("/v1/predict/words", json={"texts": ["my parcel"]})).json()
            return [*said, rows, odd, empty, words]

    one, two, rows, odd, empty, words = asyncio.run(ask())
    asyncio.run(found.engines[0].close())
    prompts = [a["usage"]["prompt_tokens"] for a in (one, two)]
    assert prompts[0] != prompts[1]  # each in its own template
    assert [d["label"] for d in rows["data"]] == ["yes", "no"]
    assert "no column 'spend'; the table has churned, city, spent" in odd["error"]["message"]
    assert "row 1 has none of the columns" in empty["error"]["message"]
    assert words["data"][0]["label"] == "delivery"


def test_what_cannot_be_served_is_said_in_a_line(project: Path, tmp_path: Path, base_folder: Path) -> None:
    def said(**more: object) -> str:
        with pytest.raises(Mistake) as caught:
            serve.command(order(project, **more))
        return str(caught.value)

    shutil.copy(project, tmp_path / "dono.yaml")
    for name in ("intent.jsonl", "later.jsonl", "churn.csv"):
        shutil.copy(project.parent / name, tmp_path)
    assert "no use case has a model yet" in said(places=(str(tmp_path / "dono.yaml"),))
    assert "no model there" in said(places=(str(tmp_path),))
    assert "two models would answer at 'm'" in said(places=(f"m={base_folder}", f"m={base_folder}"))
    assert "others could ask without a key. Make one first: dono keys add" in said(
        places=(f"m={base_folder}",), host="0.0.0.0", keys=tmp_path / "k"
    )
    assert "no OpenAI-compatible service answers" in said(places=("http://127.0.0.1:9/v1",))
    assert "no precision 'float8'" in said(places=(str(base_folder),), dtype="float8")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "cannot listen" in said(port=taken.getsockname()[1])


def test_keys_are_made_listed_and_ended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "k.sqlite"
    with pytest.raises(Mistake, match="there are no keys"):
        keys.show(file)
    keys.add(file, "asha", requests_per_minute=60, most_money=100, models=("one",))
    token = capsys.readouterr().out.splitlines()[0].removeprefix("asha: ")
    ledger = Ledger(file)
    assert ledger.holder(token) is not None
    keys.show(file)
    assert "asha: 60 requests a minute; 100 in money; only one\n  used 0 requests" in capsys.readouterr().out
    keys.revoke(file, "asha")
    assert ledger.holder(token) is None
    with pytest.raises(Mistake, match="is no name of a key"):
        keys.add(file, "a b")


def test_a_model_is_exported_merged_alone_and_as_a_line_for_vllm(
    project: Path, base_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def to(form: str, out: str, what: Path = project, use_case: str | None = "one") -> str:
        export.command(export.Order(what=what, form=form, out=tmp_path / out, use_case=use_case))
        return capsys.readouterr().out

    to("safetensors", "merged")
    to("adapter", "alone")
    to("safetensors", "again", what=tmp_path / "alone", use_case=None)
    assert load_model(str(tmp_path / "merged")).num_parameters() == load_model(str(tmp_path / "again")).num_parameters()
    line = to("vllm", "vllm")
    assert f"vllm serve {base_folder} " in line and "--enable-lora --lora-modules one=" in line
    assert "dono serve http://" in line and "--max-lora-rank" not in line
    tried: list[tuple[dict[str, Any], str]] = [
        ({"form": "gguf", "out": "x.gguf"}, "no pre-tokenizer that cuts"),
        ({"form": "onnx", "out": "x"}, "no form 'onnx'"),
        ({"form": "safetensors", "out": "merged"}, "it is there already"),
        ({"form": "safetensors", "out": "x", "use_case": "words"}, "is no language model"),
        ({"form": "safetensors", "out": "x", "use_case": "all"}, "which use case"),
        ({"form": "adapter", "out": "x", "what": base_folder, "use_case": None}, "has no adapter"),
        ({"form": "axolotl", "out": "x", "what": base_folder}, "a plan is a project's"),
    ]
    for wrong, said in tried:
        with pytest.raises(Mistake, match=said):
            to(**wrong)
        assert not (tmp_path / "x").exists() and not (tmp_path / "x.gguf").exists()
