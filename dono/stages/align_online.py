"""Answers sampled from the policy as it is, judged, and made the parts of a step; every batch is written down."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from dono.alignfile import Policy
from dono.artifacts import write_atomically
from dono.corpus import Prompt
from dono.errors import Mistake
from dono.evals import Answered, generate
from dono.models import Critic, Reader
from dono.stages.align_judges import Judge
from dono.tokens import Document, Ids, document, padding_id
from dono.training.checkpoint import counters_in, state_of
from dono.training.guards import Batch, Guards
from dono.training.learners import Floats, Learner, device_of
from dono.training.precision import Precision, products_in
from dono.training.rollouts import PolicyMethod, Sampled, Seen, parts_of, seen_by

BATCHES, BUFFERS = "batches.jsonl", "sampled"


class Asked(NamedTuple):
    """What a step's parts are before anything is sampled: numbers of its prompts."""

    numbers: Ids

    @property
    def tokens(self) -> int:
        """Not known yet."""
        return len(self.numbers)


@dataclass(frozen=True)
class Bench:
    """What sampling and judging need. `prompts` and `ids` go together; so do those that are only looked at."""

    tokenizer: PreTrainedTokenizerBase
    reference: Reader
    judge: Judge
    gold: Judge | None
    prompts: Sequence[Prompt]
    ids: Sequence[list[int]]
    watched: Sequence[Prompt]
    watched_ids: Sequence[list[int]]
    policy: Policy
    method: PolicyMethod
    part_tokens: int
    precision: Precision
    packs: bool
    seed: int

    def order(self, step: int) -> Ids:
        """The prompts of the step at which answers are sampled: one new order an epoch after the other."""
        places = np.arange(self.policy.prompts) + step // self.policy.uses * self.policy.prompts
        epochs, within = np.divmod(places, len(self.prompts))
        orders = {e: np.random.default_rng([self.seed, e]).permutation(len(self.prompts)) for e in set(epochs.tolist())}
        return np.asarray([orders[e][i] for e, i in zip(epochs.tolist(), within.tolist(), strict=True)])

    @property
    def learn(self) -> Learner[Any]:
        """What is learned from a part."""
        return self.method.learner(self.policy.divergence_weight, self.policy.value_weight)

    @property
    def pad(self) -> int:
        """What fills empty places."""
        return padding_id(self.tokenizer)

    def seen(self, policy: Reader | Critic, whole: Sequence[Document]) -> Seen:
        """What the policy as it is and the reference say of answers."""
        policy.eval()
        with products_in(device_of(policy), self.precision):
            return seen_by(policy, self.reference, whole, part_tokens=self.part_tokens, pad=self.pad, pack=self.packs)

    def answered(self, policy: Reader | Critic, ids: Sequence[list[int]], drawn: int) -> list[Answered]:
        """Answers drawn from the policy as it is."""
        reader = policy.reader if isinstance(policy, Critic) else policy
        most = self.policy.max_new_tokens
        room = max(8192, 2 * self.part_tokens)
        with products_in(device_of(reader), self.precision):
            return generate(reader.model, self.tokenizer, ids, max_new_tokens=most, batch_tokens=room, drawn=drawn)

    def rewarded(
        self, judge: Judge, prompts: Sequence[Prompt], answers: Sequence[Answered], whole: Sequence[Document]
    ) -> Floats:
        """What a judge gives, less the penalty for answers that were cut."""
        cut = np.asarray([a.cut for a in answers], dtype=np.float32)
        return np.asarray(judge(prompts, answers, whole) - self.policy.cut_penalty * cut, dtype=np.float32)


def joined(ids: Sequence[list[int]], answers: Sequence[Answered]) -> list[Document]:
    """Prompts with their answers, of which the answers are trained."""
    return [document([*prompt, *answer.ids], len(prompt)) for prompt, answer in zip(ids, answers, strict=True)]


def draw_of(seed: int, step: int, kind: int) -> int:
    """The seed of what is drawn at a step: nothing needs to be kept for a run to go on exactly."""
    return int(np.random.SeedSequence([seed, step, kind]).generate_state(1, np.uint64)[0] >> np.uint64(1))


class Online:
    """The loop's `prepare`: asked for a step's prompts it gives answers with their advantages.

    Answers that several steps learn from are kept on disk until no checkpoint needs them any more.
    """

    def __init__(self, bench: Bench, folder: Path, guards: Guards, say: Callable[[str], None]) -> None:
        self.bench, self.folder, self.guards, self.say = bench, folder, guards, say
        self.kept: tuple[int, Sampled, Seen] | None = None
        state = state_of(folder)
        self.step = 0 if state is None else counters_in(state).step
        for row in keep_rows(folder / BATCHES, before=self.step):
            self.guards.look(Batch(**{name: row[name] for name in Batch._fields}))

    def __call__(self, policy: Reader | Critic, parts: Sequence[Asked]) -> list[Any]:
        """The parts of the next step. Raises `Mistake` where going on is hopeless."""
        bench, uses = self.bench, self.bench.policy.uses
        sampled_at = self.step - self.step % uses
        if self.kept is None or self.kept[0] != sampled_at:
            found = _read_buffer(self._buffer(sampled_at), bench) if self.step != sampled_at else None
            self.kept = (sampled_at, *(found or self._sampled(policy, parts, sampled_at)))
        self.step += 1
        _, sampled, seen = self.kept
        weighed = bench.method.weigh(sampled, seen, bench.policy.divergence_weight)
        policy.train()
        return list(parts_of(sampled, seen, weighed, part_tokens=bench.part_tokens, pad=bench.pad, pack=bench.packs))

    def _sampled(self, policy: Reader | Critic, parts: Sequence[Asked], step: int) -> tuple[Sampled, Seen]:
        bench = self.bench
        numbers = np.repeat(np.concatenate([p.numbers for p in parts]), bench.policy.answers)
        ids, prompts = [bench.ids[i] for i in numbers], [bench.prompts[i] for i in numbers]
        answers = bench.answered(policy, ids, draw_of(bench.seed, step, 0))
        whole = joined(ids, answers)
        sampled = Sampled(whole, bench.rewarded(bench.judge, prompts, answers, whole), bench.policy.answers)
        seen = bench.seen(policy, whole)
        batch = _batch(step, sampled, seen, [a.cut for a in answers])
        said = {"prompt": prompts[0].turns[-1][1], "answer": answers[0].text}
        append_row(self.folder / BATCHES, batch._asdict() | said)
        for line in self.guards.look(batch):
            self.say(line)
        hopeless = self.guards.hopeless()
        if hopeless is not None:
            raise Mistake(hopeless[0], where=f"step {step}", remedy=hopeless[1])
        if bench.policy.uses > 1:
            self._forget_buffers()
            _write_buffer(self._buffer(step), sampled, seen)
        return sampled, seen

    def _buffer(self, step: int) -> Path:
        return self.folder / BUFFERS / f"{step}.npz"

    def _forget_buffers(self) -> None:
        """Those from which the last checkpoint does not go on."""
        state = state_of(self.folder)
        needed = 0 if state is None else counters_in(state).step
        for path in (self.folder / BUFFERS).glob("*.npz"):
            if int(path.stem) + self.bench.policy.uses <= needed:
                path.unlink()


def _batch(step: int, sampled: Sampled, seen: Seen, cut: Sequence[bool]) -> Batch:
    groups = sampled.rewards.reshape(-1, sampled.group)
    flat = (groups.max(1) == groups.min(1)).mean() if sampled.group > 1 else 0.0
    return Batch(
        step, float(sampled.rewards.mean()), float(sampled.rewards.std()), float(seen.divergences.mean()),
        float(seen.mask.sum(1).float().mean()), float(np.mean(cut)), float(flat),
    )  # fmt: skip


def _write_buffer(path: Path, sampled: Sampled, seen: Seen) -> None:
    """Answers with all that was said of them, replaced as a whole."""
    path.parent.mkdir(exist_ok=True)
    lengths = np.asarray([len(d.ids) for d in sampled.documents])
    arrays = {
        "lengths": lengths, "rewards": sampled.rewards, "behaviour": seen.behaviour.numpy(),
        "ids": np.concatenate([d.ids for d in sampled.documents]), "reference": seen.reference.numpy(),
        "labels": np.concatenate([d.labels for d in sampled.documents]), "mask": seen.mask.numpy(),
    }  # fmt: skip
    if seen.values is not None:
        arrays["values"] = seen.values.numpy()
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez(file, **arrays)
    partial.rename(path)


def _read_buffer(path: Path, bench: Bench) -> tuple[Sampled, Seen]:
    with np.load(path) as found:
        ends = np.cumsum(found["lengths"])[:-1]
        parts = zip(np.split(found["ids"], ends), np.split(found["labels"], ends), strict=True)
        sampled = Sampled([Document(*part) for part in parts], found["rewards"], bench.policy.answers)
        values = torch.from_numpy(found["values"]) if "values" in found else None
        behaviour, reference, mask = (torch.from_numpy(found[name]) for name in ("behaviour", "reference", "mask"))
        seen = Seen(behaviour, reference, mask, values)
    return sampled, seen


def keep_rows(file: Path, *, before: int) -> list[dict[str, Any]]:
    """The rows of steps before this one: those of later steps, which will be done again, are dropped."""
    lines = file.read_text(encoding="utf8").splitlines() if file.is_file() else []
    rows: list[dict[str, Any]] = []
    for line in lines:
        with suppress(json.JSONDecodeError):  # a kill may have cut the last one short
            rows.append(json.loads(line))
    kept = [row for row in rows if row["step"] < before]
    write_atomically(file, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in kept))
    return kept


def append_row(file: Path, row: dict[str, Any]) -> None:
    """One more."""
    with file.open("a", encoding="utf8") as out:
        out.write(json.dumps(row, ensure_ascii=False) + "\n")
