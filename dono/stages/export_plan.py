"""The plan of a use case for other trainers: its examples as this project trains them, and their configuration."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from dono.errors import Mistake
from dono.stages.answers import render_pairs
from dono.stages.build import chosen_arms
from dono.stages.contenders import Contender, contenders
from dono.stages.decide import as_planned, latest_verdict
from dono.stages.prepare import Case, prepare
from dono.stages.runs import TASK_WARMUP, shuffled
from dono.stages.workplace import Workplace
from dono.tokens import IGNORED, encode_examples, load_tokenizer, spaced

Config = dict[str, object]


@dataclass(frozen=True)
class Plan:
    """A task stage: the base, the rendered examples, and how they are learned."""

    name: str
    base: str
    tokenizer: str
    context: int
    lora: int | None
    rate: float
    epochs: float
    batch_tokens: int
    seed: int
    pairs: Sequence[tuple[str, str]]


def plan_of(place: Workplace, use_case: str | None) -> Plan:
    """The task stage that the newest verdict chose for a use case.

    Raises `Mistake` where there is no verdict, and for an arm that those trainers do not carry out: a corpus stage (its
    model is exported after `dono build`), a prompt, no language model.
    """
    prepared = prepare(place)
    verdict, artifact = latest_verdict(place)
    names = [c.use_case.name for c in prepared.cases]
    if (use_case is None and len(names) > 1) or use_case not in (None, *names):
        raise Mistake("which use case?", where="--use-case", remedy=f"Name one: {', '.join(names)}")
    case = next(c for c in prepared.cases if use_case in (None, c.use_case.name))
    who = as_planned(contenders(place, prepared)[0], artifact)
    arm = chosen_arms(place, verdict, case, who, None)[0]
    contender = next((c for c in who if c.name == arm), None)
    if contender is None or contender.base is None or contender.arm.corpus_stage or contender.arm.task_stage == "none":
        what = f"the verdict's arm is {arm}, which is no task stage on a base alone"
        raise Mistake(what, where=case.use_case.name, remedy="Run `dono build`, then export the model itself")
    return _plan(place, case, contender)


def _plan(place: Workplace, case: Case, contender: Contender) -> Plan:
    training = place.project.training
    tokenizer = load_tokenizer(contender.tokenizer_folder)
    order = shuffled(len(case.train), training.seed)
    lora = contender.arm.task_stage == "lora"
    assert contender.base is not None
    return Plan(
        name=case.use_case.name, base=contender.base.source, tokenizer=contender.tokenizer_folder,
        context=contender.context, lora=training.lora_rank if lora else None,
        rate=training.lora_rate if lora else training.task_rate, epochs=training.task_epochs,
        batch_tokens=training.task_batch_tokens, seed=training.seed,
        pairs=render_pairs(case, tokenizer, [case.train[i] for i in order]),
    )  # fmt: skip


def _batch(plan: Plan, lengths: Sequence[int]) -> int:
    """Examples of a step: those trainers count examples, Dono counts tokens."""
    return max(1, round(plan.batch_tokens * len(lengths) / max(1, sum(lengths))))


def _encoded(plan: Plan) -> list[tuple[list[int], list[int]]]:
    """Ids and labels of each example, as Dono trains them."""
    tokenizer = load_tokenizer(plan.tokenizer)
    found, _ = encode_examples(tokenizer, plan.pairs, max_length=plan.context, where=plan.name)
    return [(e.ids, [IGNORED] * e.answer_start + e.ids[e.answer_start :]) for e in found]


def _llama_factory(plan: Plan, out: Path) -> list[str]:
    """`llamafactory-cli train`: texts as they are, without a template of its own, the end written out."""
    tokenizer = load_tokenizer(plan.tokenizer)
    rows = [
        {"instruction": prompt, "input": "", "output": spaced(prompt, answer) + str(tokenizer.eos_token)}
        for prompt, answer in plan.pairs
    ]
    (out / "train.json").write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf8")
    (out / "dataset_info.json").write_text(json.dumps({plan.name: {"file_name": "train.json"}}), encoding="utf8")
    batch = _batch(plan, [len(ids) for ids, _ in _encoded(plan)])
    config: Config = {
        "stage": "sft", "do_train": True, "model_name_or_path": plan.base, "dataset": plan.name,
        "dataset_dir": str(out.resolve()), "template": "empty", "cutoff_len": plan.context,
        "finetuning_type": "full" if plan.lora is None else "lora",
    }  # fmt: skip
    if plan.lora is not None:
        config |= {"lora_rank": plan.lora, "lora_alpha": 2 * plan.lora, "lora_dropout": 0.0, "lora_target": "all"}
    config |= {
        "num_train_epochs": plan.epochs, "learning_rate": plan.rate, "lr_scheduler_type": "linear",
        "warmup_ratio": TASK_WARMUP, "per_device_train_batch_size": batch, "gradient_accumulation_steps": 1,
        "seed": plan.seed, "output_dir": str((out / "model").resolve()),
    }  # fmt: skip
    return _written(config, out / "llama_factory.yaml", "llamafactory-cli train")


def _axolotl(plan: Plan, out: Path) -> list[str]:
    """`axolotl train`: ids and labels as Dono makes them, so no template can differ."""
    encoded = _encoded(plan)
    with (out / "train.jsonl").open("w", encoding="utf8") as file:
        for ids, labels in encoded:
            row = {"input_ids": ids, "attention_mask": [1] * len(ids), "labels": labels}
            file.write(json.dumps(row) + "\n")
    config: Config = {
        "base_model": plan.base,
        "datasets": [{"path": str((out / "train.jsonl").resolve()), "ds_type": "json", "type": None}],
        "sequence_len": plan.context, "sample_packing": False,
    }  # fmt: skip
    if plan.lora is not None:
        config |= {
            "adapter": "lora", "lora_r": plan.lora, "lora_alpha": 2 * plan.lora, "lora_dropout": 0.0,
            "lora_target_linear": True,
        }  # fmt: skip
    config |= {
        "num_epochs": plan.epochs, "learning_rate": plan.rate, "lr_scheduler": "linear", "warmup_ratio": TASK_WARMUP,
        "optimizer": "adamw_torch", "micro_batch_size": _batch(plan, [len(ids) for ids, _ in encoded]),
        "gradient_accumulation_steps": 1, "seed": plan.seed, "output_dir": str((out / "model").resolve()),
    }  # fmt: skip
    return _written(config, out / "axolotl.yaml", "axolotl train")


def _written(config: Config, path: Path, command: str) -> list[str]:
    note = (
        "# Written by `dono export`. A step has as many examples as are worth training.task_batch_tokens on average.\n"
    )
    path.write_text(note + yaml.safe_dump(config, sort_keys=False, allow_unicode=True), encoding="utf8")
    return [f"{path}: {command} {path}"]


PLANS: Mapping[str, Callable[[Plan, Path], list[str]]] = {"llama-factory": _llama_factory, "axolotl": _axolotl}
"""Other trainers, and what is written for them."""


def write_plan(place: Workplace, form: str, use_case: str | None, out: Path) -> list[str]:
    """Write the plan into the folder `out`; what was written, for people."""
    plan = plan_of(place, use_case)
    out.mkdir(parents=True, exist_ok=True)
    return PLANS[form](plan, out)
