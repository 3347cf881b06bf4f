"""`dono align`: one round from people's preferences, or from a reward that is computed, to a better model."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import cast

from dono.alignfile import POLICY_METHODS, AlignFile, Method, load_align
from dono.artifacts import Artifact, Json, Measurement, Reference, Store, alone_in, write_atomically
from dono.corpus import Prompt
from dono.errors import Mistake
from dono.runfile import HowItLearns, RunFile
from dono.stages.align_card import align_card
from dono.stages.align_data import (
    HELD_OUT,
    LEARNED,
    PAIRS,
    THUMBS,
    Prompts,
    gather_prompts,
    seal_preferences,
)
from dono.stages.align_judges import judge_identity
from dono.stages.align_policy import learn_policy, tidy, watch_lines
from dono.stages.align_ready import get_ready
from dono.stages.align_reward import learn_reward, report_of, reward_run
from dono.stages.align_start import Round, start_of
from dono.stages.display import Display, print_result
from dono.stages.questions import Speaker, answers_of, as_rows, compared
from dono.stages.train import RESULT, dry_run_of, train_run
from dono.training.world import World

QUESTIONS = "questions.jsonl"


def command(path: Path, overrides: Sequence[str], *, dry_run: bool) -> None:
    """Carry out one round, or with `dry_run` say what it would spend."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        remedy = "Start it without torchrun; `dono train` learns pairs in several processes"
        raise Mistake("dono align works in one process", where="torchrun", remedy=remedy)
    align, display = load_align(path, overrides), Display()
    root = align.path(align.work)
    if dry_run:
        with tempfile.TemporaryDirectory() as scrap:
            _dry_run(open_round(align, Store(root), display, kept_in=Store(Path(scrap))), Path(scrap) / "run")
        return
    with alone_in(root):
        made = carry_out(open_round(align, Store(root), display))
        _tell(made, _ask_people(made, align))


def open_round(align: AlignFile, store: Store, display: Display, *, kept_in: Store | None = None) -> Round:
    """The round with its preferences sealed (in `kept_in`, else in `store`) and its method named."""
    start, kept = start_of(align, store), kept_in or store
    preferences = seal_preferences(kept, align, display)
    round_ = Round(align, kept, display, start, preferences, "dpo")
    round_ = replace(round_, method=align.method or _usual(round_))
    wanted, other = (THUMBS, PAIRS) if round_.method == "kto" else (PAIRS, THUMBS)
    if align.reward is None and not round_.count(f"{wanted}_{LEARNED}"):
        remedy = f"Leave `method` out: there are {other}" if round_.count(f"{other}_{LEARNED}") else "Rate more items"
        raise Mistake(f"{round_.method} learns from {wanted}, and there are none", where="method", remedy=remedy)
    return round_


def _usual(round_: Round) -> Method:
    """DPO for pairs, KTO where there are thumbs alone, RLOO for a computed reward."""
    if round_.align.reward is not None:
        return "rloo"
    return "dpo" if round_.count(f"{PAIRS}_{LEARNED}") else "kto"


def carry_out(round_: Round) -> Artifact:
    """The aligned model, sealed; what is finished is not repeated, what was begun goes on."""
    align, preferences = round_.align, round_.preferences
    prompts = gather_prompts(align, preferences, round_.display)
    sampled = round_.method in POLICY_METHODS
    reward = learn_reward(round_) if sampled and align.reward is None else None
    asked = {k: v for k, v in align.learned().items() if k not in ("model", "preferences", "prompts")}
    asked |= {k: judge_identity(align, getattr(align, k)) for k in ("reward", "gold")}
    asked |= {"method": round_.method, "model": round_.start.reference.id, "prompts": prompts.id if sampled else None}
    asked["preferences"] = None if preferences is None else preferences.id
    before: list[Artifact] = [a for a in (preferences, reward) if a is not None]
    made_from: list[Reference] = [round_.start.reference, *(a.reference for a in before)]

    def make(folder: Path) -> dict[str, Json]:
        rows, more = _sampled(round_, folder, prompts, reward) if sampled else _paired(round_, folder)
        questions = _questions(round_, folder, prompts)
        card = align_card(round_, rows, more, [f"{r.kind} {r.name} @{r.id}" for r in made_from])
        write_atomically(folder / "README.md", card)
        tidy(folder)
        return {"method": round_.method, "questions": questions, "measurements": [asdict(row) for row in rows]}

    spec = cast("dict[str, Json]", asked)
    return round_.store.make("aligned", spec, make, made_from=made_from, name=align.name, keep_partial=True)


def _paired(round_: Round, folder: Path) -> tuple[list[Measurement], list[str]]:
    """Losses that need no sampled answers go through the door of `dono train`: figures, and the card's section."""
    rows = train_run(run_of(round_, folder), round_.display, World())
    early = json.loads((folder / RESULT).read_text(encoding="utf8")).get("early")
    said = f"Stopped early: {early}. The weights of the last look that was nearer were kept."
    return rows, [] if early is None else ["## While it learned", "", said, ""]


def run_of(round_: Round, folder: Path) -> RunFile:
    """The round as a run of `dono train`."""
    align, preferences = round_.align, round_.preferences
    assert preferences is not None
    kind = THUMBS if round_.method == "kto" else PAIRS
    held = preferences.path / f"{kind}_{HELD_OUT}.jsonl"
    return RunFile.model_validate(
        {
            **{name: getattr(align, name) for name in HowItLearns.model_fields},
            "model": {"path": round_.start.source}, "data": [str(preferences.path / f"{kind}_{LEARNED}.jsonl")],
            "validation": str(held) if round_.count(f"{kind}_{HELD_OUT}") else 0.0, "objective": round_.method,
            "out": str(folder),
        }
    )  # fmt: skip


def _sampled(
    round_: Round, folder: Path, prompts: Prompts, reward: Artifact | None
) -> tuple[list[Measurement], list[str]]:
    """Reinforcement learning: figures, and the card's sections on the judge and on the way."""
    aligned = learn_policy(get_ready(round_, folder, prompts, None if reward is None else reward.path))
    judged = [] if reward is None else ["## Reward model", "", *report_of(reward)]
    return aligned.rows, [*judged, *watch_lines(aligned)]


def _questions(round_: Round, folder: Path, prompts: Prompts) -> int:
    """Items for the desk: prompts that the model now answers otherwise than before, held-out ones first; how many."""
    asked: list[Prompt] = (prompts.held_out + prompts.learned)[: 2 * round_.align.questions]
    adapter = not (folder / "config.json").is_file()
    if not asked or adapter:
        return 0
    new = Speaker(str(folder), f"{round_.align.name}@{folder.name[:8]}")
    old, most = round_.start.speaker, round_.align.policy.max_new_tokens
    answers = [answers_of(s.source, asked, max_new_tokens=most, display=round_.display) for s in (old, new)]
    items = compared((old, new), (answers[0], answers[1]), asked, round_.align.questions)
    write_atomically(folder / QUESTIONS, as_rows(items))
    return len(items)


def _ask_people(made: Artifact, align: AlignFile) -> Path | None:
    """Put the questions where the desk finds them at its next start; None where there is no desk or no question."""
    if align.desk is None or not (made.path / QUESTIONS).is_file():
        return None
    path = align.path(align.desk) / f"{align.name}-{made.id[:8]}.jsonl"
    write_atomically(path, (made.path / QUESTIONS).read_text(encoding="utf8"))
    return path


def _dry_run(round_: Round, folder: Path) -> None:
    """Everything up to the first step."""
    if round_.method not in POLICY_METHODS:
        dry_run_of(run_of(round_, folder), round_.display)
        return
    if round_.align.reward is None:
        round_.display.say("first, the reward model:")
        dry_run_of(reward_run(round_, folder), round_.display)
        round_.display.say("then, sampled answers:")
    get_ready(round_, folder, gather_prompts(round_.align, round_.preferences, round_.display), None)


def _tell(made: Artifact, asked: Path | None) -> None:
    rows = made.result["measurements"]
    assert isinstance(rows, list | tuple)
    for row in (Measurement(**r) for r in rows):  # type: ignore[arg-type]
        if row.language == "all":
            print_result(f"{row.metric} {row.split}: {row.value:.4f} ± {row.stderr:.4f} ({row.n:,})")
    print_result(f"model: {made.path}")
    if asked is not None:
        print_result(f"{made.result['questions']} questions about what changed: {asked}")
        print_result(f"next: dono rate {asked.parent}")
    elif (made.path / "config.json").is_file():
        print_result(f"next: dono chat {made.path}")
