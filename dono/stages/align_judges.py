"""What judges an answer: a function of the person's, a use case's metric, or a reward model. Higher is better."""

from __future__ import annotations

import importlib
import importlib.util
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dono.alignfile import AlignFile
from dono.artifacts import Json, fingerprint
from dono.corpus import Prompt
from dono.errors import Mistake
from dono.evals import Answered, score_answers
from dono.models import Scorer
from dono.stages.train_data import ended
from dono.stages.validation import rewards_of
from dono.tokens import Document
from dono.training.learners import Floats
from dono.training.precision import Precision
from dono.training.world import device

METRICS = ("chrf", "exact_match")
Reward = Callable[[str, str, Mapping[str, object]], float]
"""`reward(prompt, answer, row)`: the prompt's last turn, the answer, and the prompt's whole row."""


Judge = Callable[[Sequence[Prompt], Sequence[Answered], Sequence[Document]], Floats]
"""Rewards of answers, float32 [answers], from prompts, answers, and both of them as documents."""


def judge_named(align: AlignFile, name: str, where: str) -> Judge:
    """A metric, or a function by `module:function` or `file.py:function`. Raises `Mistake`."""
    if name in METRICS:
        return _by_metric(name)
    return _by_function(_function(align, name, where), f"{where}: {name}")


def judge_identity(align: AlignFile, name: str | None) -> Json:
    """What a named judge depends on: of a file what it holds."""
    if name is None:
        return None
    file = align.path(name.partition(":")[0])
    return {"name": name.rpartition("/")[2], "code": fingerprint(file) if file.is_file() else None}


def judge_of(scorer: Scorer, precision: Precision, part_tokens: int) -> Judge:
    """A reward model that reads prompt and answer."""
    scorer.to(device()).requires_grad_(False)

    def judge(prompts: Sequence[Prompt], answers: Sequence[Answered], whole: Sequence[Document]) -> Floats:
        return rewards_of(scorer, [ended(d) for d in whole], precision=precision, part_tokens=part_tokens)

    return judge


def _by_metric(name: str) -> Judge:
    """The metric of each single answer against the one expected."""

    def judge(prompts: Sequence[Prompt], answers: Sequence[Answered], whole: Sequence[Document]) -> Floats:
        if any(p.expected is None for p in prompts):
            remedy = "Give prompts with answers, or a function as the reward"
            raise Mistake("a prompt has no expected answer", where=f"reward: {name}", remedy=remedy)
        pairs = [(a.text, p.expected or "") for a, p in zip(answers, prompts, strict=True)]
        return np.asarray([score_answers([a], [e], ["und"], [name])[0].value for a, e in pairs], dtype=np.float32)

    return judge


def _by_function(reward: Reward, where: str) -> Judge:
    def judge(prompts: Sequence[Prompt], answers: Sequence[Answered], whole: Sequence[Document]) -> Floats:
        found = np.empty(len(prompts), dtype=np.float32)
        for i, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
            found[i] = _asked(reward, prompt, answer.text, where)
        return found

    return judge


def _asked(reward: Reward, prompt: Prompt, answer: str, where: str) -> float:
    try:
        value = float(reward(prompt.turns[-1][1], answer, prompt.fields))
    except Exception as error:
        what = f"it raised {type(error).__name__}: {error}, for the answer {answer[:60]!r}"
        raise Mistake(what, where=where, remedy="Mend the function") from error
    if not math.isfinite(value):
        raise Mistake(f"it gave {value} for the answer {answer[:60]!r}", where=where, remedy="Return a finite number")
    return value


def _function(align: AlignFile, name: str, where: str) -> Reward:
    place, _, attribute = name.partition(":")
    remedy = f"Write module:function or file.py:function, or one of {', '.join(METRICS)}"
    if not attribute:
        raise Mistake(f"{name!r} names no function", where=where, remedy=remedy)
    try:
        module = _module(align, place)
    except ImportError as error:
        raise Mistake(f"{place!r} cannot be imported ({error})", where=where, remedy=remedy) from error
    found = getattr(module, attribute, None)
    if not callable(found):
        raise Mistake(f"{place} has no function {attribute!r}", where=where, remedy=remedy)
    reward: Reward = found
    return reward


def _module(align: AlignFile, place: str) -> Any:  # noqa: ANN401 - a module
    if not place.endswith(".py"):
        return importlib.import_module(place)
    file = align.path(place)
    if not file.is_file():
        raise ImportError(f"no such file {file}")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
