"""`dono align`: one round from people's preferences, or a computed reward, to a better model."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import cast

from dono.alignfile import POLICY_METHODS, AlignFile, Method, load_align
from dono.artifacts import Artifact, Json, Reference, Store, write_atomically
from dono.errors import Mistake
from dono.runfile import HowItLearns, ObjectiveName, RunFile
from dono.stages.align_card import align_card
from dono.stages.align_data import HELD_OUT, LEARNED, PAIRS, THUMBS, gather_prompts, seal_preferences
from dono.stages.align_start import Round, start_of
from dono.stages.display import Display, print_result
from dono.stages.train import dry_run_of, train_run
from dono.stages.workplace import alone_in
from dono.training.world import World

QUESTIONS = "questions.jsonl"


def command(path: Path, overrides: Sequence[str], *, dry_run: bool) -> None:
    """Carry out one round, or with `dry_run` say what it would spend."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        remedy = "Start it without torchrun; `dono train` learns pairs in several processes"
        raise Mistake("dono align works in one process", where="torchrun", remedy=remedy)
    align, display = load_align(path, overrides), Display()
    if dry_run:
        with tempfile.TemporaryDirectory() as scrap:
            round_ = open_round(align, Store(align.path(align.work)), display, kept_in=Store(Path(scrap)))
            _dry_run(round_, Path(scrap) / "run")
        return
    root = align.path(align.work)
    with alone_in(root):
        made = carry_out(open_round(align, Store(root), display))
    _tell(made, align)


def open_round(align: AlignFile, store: Store, display: Display, *, kept_in: Store | None = None) -> Round:
    """The round with its preferences sealed and its method named."""
    start = start_of(align, store)
    kept = kept_in or store
    preferences = seal_preferences(kept, align, display)
    round_ = Round(align, kept, display, start, preferences, "dpo")
    round_ = replace(round_, method=align.method or _usual(round_))
    wanted = THUMBS if round_.method == "kto" else PAIRS
    if align.reward is None and not round_.count(f"{wanted}_{LEARNED}"):
        other = PAIRS if wanted == THUMBS else THUMBS
        remedy = f"Leave `method` out: there are {other}" if align.method else "Rate more items"
        raise Mistake(f"{round_.method} learns from {wanted}, and there are none", where="method", remedy=remedy)
    return round_


def _usual(round_: Round) -> Method:
    """DPO for pairs, KTO where there are thumbs alone, RLOO for a computed reward."""
    if round_.align.reward is not None:
        return "rloo"
    return "dpo" if round_.count(f"{PAIRS}_{LEARNED}") else "kto"


def carry_out(round_: Round) -> Artifact:
    """The aligned model, sealed; what is finished is not repeated, what was begun goes on."""
    align = round_.align
    preferences = round_.preferences
    prompts = gather_prompts(align, preferences, round_.display)
    asked = {k: v for k, v in align.learned().items() if k not in ("model", "preferences", "prompts")}
    spec = cast(
        "dict[str, Json]",
        {**asked, "method": round_.method, "model": round_.start.reference.id, "prompts": prompts.id,
         "preferences": None if preferences is None else preferences.id},
    )  # fmt: skip
    made_from: list[Reference] = [round_.start.reference, *([preferences.reference] if preferences else [])]

    def make(folder: Path) -> dict[str, Json]:
        rows = train_run(run_of(round_, folder), round_.display, World())
        questions = _questions(round_, folder, prompts.held_out + prompts.learned)
        ancestry = [line for r in made_from for line in _lines(round_.store, r)]
        write_atomically(folder / "README.md", align_card(round_, rows, ancestry=ancestry))
        return {"method": round_.method, "questions": questions, "measurements": [asdict(r) for r in rows]}

    return round_.store.make("aligned", spec, make, made_from=made_from, name=align.name, keep_partial=True)


def run_of(round_: Round, folder: Path) -> RunFile:
    """The round as a run of `dono train`: the losses that need no sampled answers go through the same door."""
    align, preferences = round_.align, round_.preferences
    assert preferences is not None
    kind = THUMBS if round_.method == "kto" else PAIRS
    held = preferences.path / f"{kind}_{HELD_OUT}.jsonl"
    return RunFile.model_validate(
        {
            **{name: getattr(align, name) for name in HowItLearns.model_fields},
            "model": {"path": round_.start.source}, "data": [str(preferences.path / f"{kind}_{LEARNED}.jsonl")],
            "validation": str(held) if round_.count(f"{kind}_{HELD_OUT}") else 0.0,
            "objective": cast(ObjectiveName, round_.method), "out": str(folder),
        }
    )  # fmt: skip


def _questions(round_: Round, folder: Path, prompts: Sequence[object]) -> int:
    """Items for the desk: prompts that the model answers otherwise than before, held-out ones first; how many."""
    return 0


def _lines(store: Store, reference: Reference) -> list[str]:
    return [f"{reference.kind} {reference.name} @{reference.id}"]


def _dry_run(round_: Round, folder: Path) -> None:
    if round_.method not in POLICY_METHODS:
        dry_run_of(run_of(round_, folder), folder, round_.display)


def _tell(made: Artifact, align: AlignFile) -> None:
    print_result(f"model: {made.path}")
