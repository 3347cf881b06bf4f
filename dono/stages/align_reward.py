"""The reward model of a round: learned from pairs by `dono train`'s own door, and held to pairs that it never saw."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from dono.artifacts import Artifact, Json, write_atomically
from dono.evals.pair_scores import JudgeReport, judge_report
from dono.models import load_scorer, shape_of
from dono.runfile import HowItLearns, RunFile
from dono.stages.align_data import HELD_OUT, LEARNED, PAIRS, read_rows
from dono.stages.align_start import Round
from dono.stages.train import train_run
from dono.stages.train_data import ended
from dono.stages.validation import rewards_of
from dono.tokens import encode_chat, load_tokenizer
from dono.training.world import World, device

REPORT = "judge.json"
SCORED_TOKENS = 4096
"""At most so many tokens are judged in one pass (assumed)."""


def reward_run(round_: Round, folder: Path) -> RunFile:
    """Learning the reward model, as a run of `dono train`."""
    align, preferences = round_.align, round_.preferences
    assert preferences is not None
    how = {name: getattr(align, name) for name in HowItLearns.model_fields}
    how |= {"rate": align.reward_model.rate, "epochs": align.reward_model.epochs, "steps": None, "tokens": None}
    how |= {"matrix_rate": None, "optimizer": "adamw"}
    if align.lora is not None:
        how["lora"] = align.lora.model_copy(update={"keep": "merged"})
    held = preferences.path / f"{PAIRS}_{HELD_OUT}.jsonl"
    return RunFile.model_validate(
        {
            **how, "model": {"path": round_.start.source}, "objective": "reward_model", "out": str(folder),
            "data": [str(preferences.path / f"{PAIRS}_{LEARNED}.jsonl")],
            "validation": str(held) if round_.count(f"{PAIRS}_{HELD_OUT}") else 0.0,
        }
    )  # fmt: skip


def learn_reward(round_: Round) -> Artifact:
    """The reward model, sealed, with the report on it."""
    assert round_.preferences is not None
    align = round_.align
    shared = ("lora", "batch_tokens", "context", "seed", "precision")
    asked = {name: value for name, value in align.learned().items() if name in shared}
    asked |= {**align.reward_model.model_dump(mode="json"), "model": round_.start.reference.id}
    spec = cast("dict[str, Json]", asked | {"preferences": round_.preferences.id})

    def make(folder: Path) -> dict[str, Json]:
        train_run(reward_run(round_, folder), round_.display, World())
        seconds = json.loads((folder / "result.json").read_text(encoding="utf8"))["seconds"]
        report = report_on(folder, round_)
        told = None if report is None else asdict(report)
        write_atomically(folder / REPORT, json.dumps(told, ensure_ascii=False, indent=1))
        write_atomically(folder / "README.md", "\n".join(["# Reward model", "", *report_lines(told)]))
        return {"seconds": seconds}

    made_from = [round_.start.reference, round_.preferences.reference]
    name = f"{align.name}-reward"
    return round_.store.make("reward-model", spec, make, made_from=made_from, name=name, keep_partial=True)


def report_on(folder: Path, round_: Round) -> JudgeReport | None:
    """The reward model held to the held-out pairs; None where there are none."""
    assert round_.preferences is not None
    rows = read_rows(round_.preferences.path / f"{PAIRS}_{HELD_OUT}.jsonl")
    if not rows:
        return None
    scorer, tokenizer = load_scorer(str(folder)).to(device()), load_tokenizer(str(folder))
    most = round_.align.context or shape_of(scorer.reader.model).context

    def score(side: str) -> list[float]:
        chats = [[*row["prompt"], *row[side]] for row in rows]
        documents = [ended(encode_chat(tokenizer, chat, max_length=most)) for chat in chats]
        found: list[float] = rewards_of(scorer, documents, precision="float32", part_tokens=SCORED_TOKENS).tolist()
        return found

    longer = [len(row["chosen"][-1]["content"]) - len(row["rejected"][-1]["content"]) for row in rows]
    return judge_report(score("chosen"), score("rejected"), [row["language"] for row in rows], longer)


def report_lines(report: Mapping[str, Any] | None) -> list[str]:
    """The report as Markdown."""
    if report is None:
        return ["No pair was held out: nothing is known of the reward model.", ""]
    lines = ["| language | pairs ranked as people did | 95 % | pairs |", "|---|---|---|---|"]
    for share in report["accuracy"]:
        between = f"{share['lo']:.1%} to {share['hi']:.1%}"
        lines.append(f"| {share['language']} | {share['value']:.1%} | {between} | {share['n']} |")
    lines += ["", "When it says so surely that an answer is the better one, it is right so often:", ""]
    lines += ["| said | right | pairs |", "|---|---|---|"]
    lines += [f"| {b['said']:.0%} | {b['true']:.0%} | {b['n']} |" for b in report["bins"]]
    ours, theirs = (_correlation(report[k]) for k in ("length_correlation", "people_length_correlation"))
    error = f"Calibration error {report['calibration_error']:.3f}."
    return [*lines, "", f"{error} Correlation with length: {ours}; of people's choices: {theirs}.", ""]


def _correlation(value: float | None) -> str:
    return "none can be told" if value is None else f"{value:+.2f}"


def report_of(artifact: Artifact) -> Sequence[str]:
    """The lines on a sealed reward model."""
    return report_lines(json.loads((artifact.path / REPORT).read_text(encoding="utf8")))
