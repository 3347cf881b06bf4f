"""The plan for other trainers holds what Dono would train: the same ids, the same numbers."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from transformers import PreTrainedTokenizerBase

from dono.stages.export_plan import PLANS, Plan
from dono.tokens import IGNORED, encode_examples

PAIRS = [("where is it\n>>", "delivery"), ("money back\n>>", "refund"), ("नमस्ते\n>>", "greeting")]


def plan(folder: Path, lora: int | None) -> Plan:
    return Plan("intent", str(folder), str(folder), 64, lora, 5e-3, 3, 40, 0, PAIRS)


def test_axolotl_is_given_the_ids_that_dono_trains(
    tokenizer_folder: Path, tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    (said,) = PLANS["axolotl"](plan(tokenizer_folder, 16), tmp_path)
    config = yaml.safe_load((tmp_path / "axolotl.yaml").read_text(encoding="utf8"))
    rows = [json.loads(line) for line in (tmp_path / "train.jsonl").read_text(encoding="utf8").splitlines()]
    encoded, _ = encode_examples(tokenizer, PAIRS, max_length=64)
    assert [r["input_ids"] for r in rows] == [e.ids for e in encoded]
    for row, example in zip(rows, encoded, strict=True):
        trained = [i for i, label in enumerate(row["labels"]) if label != IGNORED]
        assert trained == list(range(example.answer_start, len(example.ids)))
    assert config["lora_r"] == 16 and config["lora_alpha"] == 32 and config["datasets"][0]["type"] is None
    assert config["micro_batch_size"] == round(40 * 3 / sum(len(e.ids) for e in encoded))
    assert said.startswith(str(tmp_path / "axolotl.yaml"))


def test_llama_factory_is_given_texts_that_read_to_the_same_ids(
    tokenizer_folder: Path, tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    PLANS["llama-factory"](plan(tokenizer_folder, None), tmp_path)
    config = yaml.safe_load((tmp_path / "llama_factory.yaml").read_text(encoding="utf8"))
    info = json.loads((tmp_path / "dataset_info.json").read_text(encoding="utf8"))
    rows = json.loads((tmp_path / info["intent"]["file_name"]).read_text(encoding="utf8"))
    encoded, _ = encode_examples(tokenizer, PAIRS, max_length=64)
    for row, example in zip(rows, encoded, strict=True):
        parts = [tokenizer(row[k], add_special_tokens=False)["input_ids"] for k in ("instruction", "output")]
        assert [*parts[0], *parts[1]] == example.ids
    assert config["finetuning_type"] == "full" and "lora_rank" not in config and config["template"] == "empty"
