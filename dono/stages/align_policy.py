"""Reinforcement learning of a round: answers sampled, judged and learned from, in the one loop."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dono.artifacts import Measurement
from dono.costs import train_flops
from dono.models import merge_lora, save_adapter, save_model, shape_of
from dono.stages.align_looks import Looks, scores_of
from dono.stages.align_online import BUFFERS, Asked, Online
from dono.stages.align_ready import Ready
from dono.tokens import save_tokenizer
from dono.training import Progress, forget_state, train
from dono.training.checkpoint import BEST
from dono.training.guards import Guards
from dono.training.logbook import Logbook, Scale, sentence


@dataclass(frozen=True)
class Aligned:
    """What came of it: figures before and after, and why it ended before its last step (None: it did not)."""

    rows: list[Measurement]
    looks: Looks
    early: str | None


def learn_policy(ready: Ready) -> Aligned:
    """The loop over sampled answers; the model directory is in the folder when it returns."""
    bench, folder, align, loop = ready.bench, ready.folder, ready.round_.align, ready.loop
    folder.mkdir(parents=True, exist_ok=True)
    guards = Guards(bench.policy.most_divergence)
    looks = Looks(bench, folder, guards, loop.stop)
    looks.first(ready.policy)
    online = Online(bench, folder, guards, ready.round_.display.say)
    price = align.machine.price_per_hour or 0.0
    counted, lora = shape_of(ready.reader.model).counted, align.lora is not None
    flops = train_flops(counted, tokens=1, context=ready.longest, lora=lora)
    scale = Scale(flops_per_token=flops, price_per_second=price / 3600, currency=align.currency, cap=align.caps.money)
    title = f"{align.name}: {loop.stop:,} steps"
    with ready.round_.display.task(title, float(loop.stop)) as view, Logbook(folder, scale) as log:

        def watch(progress: Progress) -> None:
            now = guards.seen[-1]
            earned = f"reward {now.reward:.3f}, {now.divergence:.2f} nats away, {now.length:.0f} tokens an answer"
            view.at(progress.step, f"step {progress.step:,}, {earned}, {sentence(log.write(progress), scale)}")

        outcome = train(
            ready.policy, lambda step: [Asked(bench.order(step))], bench.learn, loop, folder, prepare=online,
            watch=watch, validate=looks, capped=lambda seconds: ready.meter(seconds).reached(),
        )  # fmt: skip
    if outcome.early is not None:
        ready.round_.display.say(f"stopped early: {outcome.early}; the weights of step {looks.kept.step} are kept")
    _keep(ready)
    return Aligned(_measured(ready, looks, outcome.seconds), looks, outcome.early)


def _measured(ready: Ready, looks: Looks, seconds: float) -> list[Measurement]:
    languages = [p.language for p in ready.bench.watched]
    return [
        Measurement(
            run=ready.folder.name, use_case="held-out prompts", arm=ready.round_.method, metric=score.metric,
            split=split, language=score.language, value=score.value, stderr=score.stderr, n=score.n, scale=1.0,
            tokens=0, examples=len(ready.bench.prompts), flops=0.0, seconds=spent, money=ready.meter(spent).money,
            seed=ready.bench.seed, full=True,
        )
        for split, look, spent in (("before", looks.looks[0], 0.0), ("after", looks.kept, seconds))
        for score in scores_of(look, languages)
    ]  # fmt: skip


def _keep(ready: Ready) -> None:
    """Write the model directory. Checkpoints and buffers go once the round is sealed, see `tidy`."""
    lora, model, folder = ready.round_.align.lora, ready.reader.model, ready.folder
    if lora is not None and lora.keep == "adapter":
        save_adapter(model, folder)
        save_tokenizer(ready.bench.tokenizer, folder)
    else:
        save_model(model if lora is None else merge_lora(model), ready.bench.tokenizer, folder)


def tidy(folder: Path) -> None:
    """Remove what only the learning needed."""
    forget_state(folder)
    shutil.rmtree(folder / BUFFERS, ignore_errors=True)
    (folder / BEST).unlink(missing_ok=True)


def watch_lines(aligned: Aligned) -> list[str]:
    """The looks as Markdown: the reward against the divergence, where a gamed reward shows."""
    gold = aligned.looks.looks[0].gold is not None
    named = " gold reward |" if gold else ""
    lines = ["## While it learned", "", f"| step | nats away | reward |{named} tokens | cut |"]
    lines.append("|---|---|---|---|---|" + ("---|" if gold else ""))
    for look in aligned.looks.looks:
        known = "" if look.gold is None else f" {np.mean(look.gold):.3f} |"
        lines.append(
            f"| {look.step} | {look.divergence:.2f} | {np.mean(look.rewards):.3f} |{known} {look.length:.0f} | "
            f"{look.cut:.0%} |"
        )
    if aligned.early is not None:
        lines += ["", f"Stopped early: {aligned.early}. The weights of step {aligned.looks.kept.step} were kept."]
    return [*lines, ""]
