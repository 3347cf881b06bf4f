"""`dono train`: one run of one spec, from a run file to a model directory."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console

from dono.artifacts import (
    Json,
    Measurement,
    alone_in,
    drift,
    fingerprint,
    read_measurements,
    write_atomically,
    write_measurements,
)
from dono.costs import Meter
from dono.errors import Capped, Mistake
from dono.evals import Score
from dono.models import Reader, Scorer, merge_lora, save_adapter, save_model, save_scorer
from dono.objectives import judged_objective, pair_objective
from dono.runfile import ObjectiveName, RunFile, load_run
from dono.stages.cards import run_card
from dono.stages.display import Display, print_result
from dono.stages.drift import Drift
from dono.stages.gate import check_files
from dono.stages.pictures import leave_loss_curve
from dono.stages.train_data import Preferences, Texts, bytes_a_label, open_data, scored
from dono.stages.train_plan import loop_of, pairs_a_step
from dono.stages.train_ready import TOKENIZER, TOKENS, Ready, get_ready, learner_of
from dono.stages.validation import reference_of, score_by_rewards, score_documents, score_judged, score_pairs
from dono.tokens import Batches, TaskBatches, filled_up, padding_id, save_tokenizer
from dono.training import Outcome, Progress, forget_state, train, with_divergence
from dono.training.checkpoint import BEST
from dono.training.learners import Floats
from dono.training.logbook import Logbook, Scale, sentence
from dono.training.pair_batches import JudgedBatches, PairBatches
from dono.training.world import World, device, joined

ASKED, REFERENCE, BEFORE, RESULT = "asked.json", "reference.npy", "before.jsonl", "result.json"
MADE_FIRST = (TOKENS, TOKENIZER, "run", "rejects")
"""What is written before a run is sure to begin, without the ends of their names."""
NEED_REFERENCE: tuple[ObjectiveName, ...] = ("dpo", "dpo_length_normalised", "kto")


def command(path: Path, overrides: Sequence[str], *, dry_run: bool) -> None:
    """Carry out the run file; of the processes that `torchrun` started one speaks."""
    with joined() as world:
        try:
            run = load_run(path, overrides)
            check_files(open_data(run).all_files)
            if dry_run and world.leads:
                dry_run_of(run, Display(), processes=world.size)
            elif not dry_run:
                rows = train_run(run, Display(None if world.leads else Console(quiet=True)), world)
                if world.leads:
                    _print(run, rows)
        except (Mistake, Capped, KeyboardInterrupt):
            if world.leads:
                raise
            sys.exit(2)


def dry_run_of(run: RunFile, display: Display, *, processes: int = 1) -> None:
    """Everything up to the first step, in a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as scrap:
        get_ready(run, Path(scrap), display, World(), processes=processes)


def _print(run: RunFile, rows: Sequence[Measurement]) -> None:
    for row in rows:
        print_result(f"{row.metric} {row.split}: {row.value:.4f} ± {row.stderr:.4f} ({row.n:,} rows)")
    print_result(f"model: {run.out_folder}")
    if (run.out_folder / "config.json").is_file() and run.objective != "reward_model":  # nor does an adapter talk
        print_result(f"next: dono chat {run.out_folder}")


def train_run(run: RunFile, display: Display, world: World) -> list[Measurement]:
    """The whole run into its folder; the measurements before and after it. What is finished is not repeated.

    Raises `Mistake` where the folder holds a run that was asked for otherwise, or anything else.
    """
    folder = run.out_folder
    with alone_in(folder) if world.leads else nullcontext():
        asked = _asked(run) if world.leads else {}
        if world.leads:
            _look_at(folder, asked)
        world.together()
        if (folder / RESULT).is_file():
            display.say(f"{folder}: finished before")
            told = json.loads((folder / RESULT).read_text(encoding="utf8"))
            return [Measurement(**row) for row in told["measurements"]]
        ready = get_ready(run, folder, display, world, processes=world.size)
        if world.leads:
            write_atomically(folder / ASKED, json.dumps(asked, ensure_ascii=False, indent=1))
        reference = _reference(ready)
        if world.leads and not (folder / BEFORE).is_file():
            write_measurements(folder / BEFORE, _measured(ready, _scores(ready, ready.module, reference), None))
        drift = None if ready.reference is None else Drift(ready, display.say)
        outcome = _learn(ready, reference, drift, display)
        return _keep(ready, reference, drift, outcome) if world.leads else []


def _asked(run: RunFile) -> dict[str, Json]:
    """What makes a run this one: its settings, and what its data files hold."""
    files = {str(path).removeprefix(f"{run.folder}/"): fingerprint(path) for path in open_data(run).all_files}
    return {"settings": json.loads(json.dumps(run.asked())), "data": files}


def _look_at(folder: Path, asked: dict[str, Json]) -> None:
    """Raises `Mistake` where the folder holds a run that was asked for otherwise, or what no run has written."""
    if (folder / ASKED).is_file():
        changed = drift(json.loads((folder / ASKED).read_text(encoding="utf8")), asked)
        if changed:
            what = f"this run was begun with other settings ({'; '.join(changed)})"
            raise Mistake(what, where=str(folder), remedy="Give another `out`, or set it back")
        if (folder / RESULT).is_file():
            _tidy(folder)
        return
    strange = [p.name for p in folder.iterdir() if p.name.split(".")[0] not in ("", *MADE_FIRST)]
    if strange:
        raise Mistake(f"the folder holds something else ({strange[0]})", where=str(folder), remedy="Give another `out`")
    for path in folder.iterdir():  # of a start that failed before its settings were sure
        if path.is_dir():
            shutil.rmtree(path)
        elif not path.name.startswith("."):
            path.unlink()


def _reference(ready: Ready) -> Floats | None:
    """Log-likelihoods of all pairs, held-out ones last, under the starting model: made once, kept in the folder.

    Each process reads its share of the pairs.
    """
    encoded, world, path = ready.encoded, ready.world, ready.folder / REFERENCE
    if not isinstance(encoded, Preferences) or ready.run.objective not in NEED_REFERENCE:
        return None
    if not path.is_file():
        pairs = [*encoded.pairs, *encoded.held_out]
        found, own = np.zeros((len(pairs), 2), dtype=np.float32), slice(world.rank, None, world.size)
        found[own] = reference_of(ready.reader, pairs[own], precision=ready.precision, part_tokens=ready.part_tokens)
        found = world.summed(torch.from_numpy(found).to(device())).cpu().numpy()
        if world.leads:
            with path.with_suffix(".partial").open("wb") as file:
                np.save(file, found)
            path.with_suffix(".partial").rename(path)
        world.together()
    return np.asarray(np.load(path))


def _measured(ready: Ready, scores: Sequence[Score], outcome: Outcome | None) -> list[Measurement]:
    """Scores of held-out rows as measurements; `outcome` is None before the run."""
    run = ready.run
    tokens = 0 if outcome is None else outcome.tokens
    seconds = 0.0 if outcome is None else outcome.seconds
    return [
        Measurement(
            run=ready.folder.name, use_case="validation", arm=ready.objective, metric=score.metric,
            split="before" if outcome is None else "after", language=score.language, value=score.value,
            stderr=score.stderr, n=score.n, scale=1.0, tokens=tokens, examples=ready.sizes.rows,
            flops=ready.cost.flops / ready.cost.tokens * tokens, seconds=seconds, money=seconds / 3600 * ready.price,
            seed=run.seed, full=True,
        )
        for score in scores
    ]  # fmt: skip


def _scores(ready: Ready, reader: Reader | Scorer, reference: Floats | None) -> list[Score]:
    """The held-out rows, if any, scored by the model in `reader`."""
    encoded = ready.encoded
    if not scored(encoded):
        return []
    how: dict[str, Any] = {"precision": ready.precision, "part_tokens": ready.part_tokens}
    if isinstance(reader, Scorer):
        assert isinstance(encoded, Preferences)
        return score_by_rewards(reader, encoded.held_out, **how)
    if not isinstance(encoded, Preferences):
        return score_documents(reader, encoded.held_out, **how)
    held = None if reference is None else reference[len(encoded.pairs) :]
    if encoded.held_out_desirable is not None:
        assert held is not None
        kto = judged_objective(beta=ready.run.loss.beta)
        return score_judged(reader, encoded.held_out, encoded.held_out_desirable, kto, held, **how)
    loss = ready.run.loss
    objective = pair_objective(ready.objective, beta=loss.beta, chosen_weight=loss.chosen_weight)
    return score_pairs(reader, encoded.held_out, objective, held, **how)


def _learn(ready: Ready, reference: Floats | None, drift: Drift | None, display: Display) -> Outcome:
    """The loop over the run's parts, logged step by step."""
    run, cost = ready.run, ready.cost
    caps, price = run.caps, ready.price

    def capped(seconds: float) -> str | None:
        return Meter(
            price, currency=run.currency, cap_money=caps.money, cap_hours=caps.hours, seconds=seconds
        ).reached()

    scale = Scale(
        flops_per_token=cost.flops / cost.tokens, bytes_per_token=bytes_a_label(ready.encoded),
        peak=cost.peak * ready.world.size, price_per_second=price / 3600, currency=run.currency, cap=caps.money,
    )  # fmt: skip
    title = f"{ready.folder.name}: {run.steps:,} steps"
    with display.task(title, float(run.steps or 0)) as view, Logbook(ready.folder, scale) as log:

        def watch(progress: Progress) -> None:
            view.at(progress.step, f"step {progress.step:,}, {sentence(log.write(progress), scale)}")

        def validate(reader: Reader | Scorer, step: int) -> dict[str, float] | None:
            found = {} if drift is None or isinstance(reader, Scorer) else drift(reader, step)
            if run.validate_steps is not None and step % run.validate_steps == 0:
                found |= {s.metric: s.value for s in _scores(ready, reader, reference) if s.language == "all"}
            return found or None

        outcome = train(
            ready.module, _parts(ready, reference), learner_of(ready.objective, run.loss), loop_of(run), ready.folder,
            prepare=with_divergence if ready.objective == "kto" else None,
            watch=watch, validate=validate, capped=capped,
        )  # fmt: skip
    if log.trouble is not None:
        display.say(log.trouble)
    if outcome.early is not None:
        display.say(f"stopped early: {outcome.early}; the weights of the last look that was nearer are kept")
    return outcome


def _parts(ready: Ready, reference: Floats | None) -> Callable[[int], Sequence[Any]]:
    """What each step reads, in parts whose number is a multiple of the processes'."""
    run, encoded, world, packs = ready.run, ready.encoded, ready.world, ready.reader.packs
    assert run.context is not None and run.batch_tokens is not None and run.steps is not None
    pad = padding_id(ready.tokenizer)
    if isinstance(encoded, Preferences):
        batch = pairs_a_step(run.batch_tokens, ready.sizes, world.size)
        known = None if reference is None else reference[: len(encoded.pairs)]
        how = {"batch": batch, "part_tokens": ready.part_tokens, "processes": world.size, "pack": packs}
        if encoded.desirable is not None:
            assert known is not None
            return JudgedBatches(encoded.pairs, encoded.desirable, known, seed=run.seed, pad=pad, **how).parts_at
        return PairBatches(encoded.pairs, seed=run.seed, pad=pad, reference=known, **how).parts_at
    if isinstance(encoded, Texts):
        batch = run.batch_tokens // run.context
        windows = equal_parts(max(1, batch // world.size), max(1, ready.part_tokens // run.context))
        stream = Batches(encoded.shards, length=run.context, batch=batch, seed=run.seed, pack=packs)
        return lambda step: filled_up(stream.parts_at(step, windows), world.size)
    return TaskBatches(
        encoded.documents, batch_tokens=run.batch_tokens, seed=run.seed, pad=pad, part_tokens=ready.part_tokens,
        processes=world.size, pack=packs, fixed=run.compile == "on",
    ).parts_at  # fmt: skip


def equal_parts(number: int, most: int) -> int:
    """The largest divisor of `number` up to `most`, so that all parts have one shape."""
    return next(size for size in range(min(number, most), 0, -1) if number % size == 0)


def _keep(ready: Ready, reference: Floats | None, drift: Drift | None, outcome: Outcome) -> list[Measurement]:
    """Model directory, card, loss curve and result; what only the training needed goes."""
    run, folder = ready.run, ready.folder
    scores = [*_scores(ready, ready.module, reference), *([] if drift is None else drift.scores)]
    rows = [*read_measurements(folder / BEFORE), *_measured(ready, scores, outcome)]
    model = ready.reader.model
    if isinstance(ready.module, Scorer):
        save_scorer(ready.module, ready.tokenizer, folder)
    elif run.lora is not None and run.lora.keep == "adapter":
        save_adapter(model, folder)
        save_tokenizer(ready.tokenizer, folder)
    else:
        save_model(model if run.lora is None else merge_lora(model), ready.tokenizer, folder)
    write_atomically(folder / "README.md", run_card(run, rows))
    leave_loss_curve(folder, folder.name, bytes_a_label(ready.encoded))
    result = {
        "objective": ready.objective, "steps": run.steps, "tokens": outcome.tokens, "trained": outcome.trained,
        "seconds": round(outcome.seconds, 3), "tokens_per_second": round(outcome.tokens_per_second, 1),
        "early": outcome.early, "measurements": [asdict(row) for row in rows],
    }  # fmt: skip
    write_atomically(folder / RESULT, json.dumps(result, ensure_ascii=False, indent=1))
    _tidy(folder)
    return rows


def _tidy(folder: Path) -> None:
    """Remove what only the training needed."""
    forget_state(folder)
    for name in (TOKENS, TOKENIZER):
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in (BEFORE, BEST):
        (folder / name).unlink(missing_ok=True)
