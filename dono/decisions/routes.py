"""Routes and their arms: every way to get a model that Dono pilots. One plain table; a row is a route."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dono.project import Kind, RouteName

Start = Literal["none", "base", "random", "endpoint"]
Vocabulary = Literal["none", "kept", "extended", "replaced", "own"]
TaskStage = Literal["none", "lora", "full", "tfidf", "boosting", "counts"]


@dataclass(frozen=True, kw_only=True)
class Arm:
    """Route = start × corpus stage × task stage. `shots` are examples shown in the prompt instead of training.

    `short` names it in charts and sentences, `title` says what is done.
    """

    name: str
    short: str
    title: str
    start: Start
    vocabulary: Vocabulary
    corpus_stage: bool
    task_stage: TaskStage
    kinds: tuple[Kind, ...]
    shots: int = 0

    @property
    def route(self) -> RouteName:
        """The part of the name before the stroke."""
        return next(r for r, arms in ROUTES.items() if self in arms)

    @property
    def learns(self) -> bool:
        """Whether anything is trained, so that a bigger run may be better than a pilot."""
        return self.corpus_stage or self.task_stage != "none"


ANSWERS: tuple[Kind, ...] = ("classify", "generate")
ROWS: tuple[Kind, ...] = ("predict",)
"""Kinds whose rows a base reads as texts: asked as it is, and fine-tuned on them."""
TEXTS: tuple[Kind, ...] = ("language", "habits", "harness")
"""Kinds that a model with a corpus stage meets without a task stage: what it learned from texts alone."""
RECORDS: tuple[Kind, ...] = ("habits",)
"""Kinds whose records, as sentences, a base is fine-tuned on."""
ROUTES: dict[RouteName, tuple[Arm, ...]] = {
    "prompt": (
        Arm(name="prompt/zero-shot", short="Prompt only", title="Ask the base model as it is",
            start="base", vocabulary="kept", corpus_stage=False, task_stage="none", kinds=(*ANSWERS, *ROWS, *TEXTS)),
        Arm(name="prompt/few-shot", short="Prompt with examples", title="Ask the base model, showing it four examples",
            start="base", vocabulary="kept", corpus_stage=False, task_stage="none", kinds=ANSWERS, shots=4),
    ),
    "hosted": (
        Arm(name="hosted/zero-shot", short="Hosted", title="Ask a hosted model as it is",
            start="endpoint", vocabulary="none", corpus_stage=False, task_stage="none", kinds=ANSWERS),
        Arm(name="hosted/few-shot", short="Hosted with examples", title="Ask a hosted model, showing it four examples",
            start="endpoint", vocabulary="none", corpus_stage=False, task_stage="none", kinds=ANSWERS, shots=4),
    ),
    "finetune": (
        Arm(name="finetune/lora", short="Fine-tune (LoRA)", title="Fine-tune the base with a small adapter (LoRA)",
            start="base", vocabulary="kept", corpus_stage=False, task_stage="lora", kinds=(*ANSWERS, *ROWS, *RECORDS)),
        Arm(name="finetune/full", short="Fine-tune (all weights)", title="Fine-tune all of the base",
            start="base", vocabulary="kept", corpus_stage=False, task_stage="full", kinds=(*ANSWERS, *ROWS, *RECORDS)),
    ),
    "continue": (
        Arm(name="continue/kept", short="Base, more training",
            title="Keep training the base on your corpus, its vocabulary kept",
            start="base", vocabulary="kept", corpus_stage=True, task_stage="full", kinds=(*ANSWERS, *TEXTS)),
        Arm(name="continue/extended", short="Base, longer vocabulary",
            title="Keep training the base on your corpus, its vocabulary made longer for your languages",
            start="base", vocabulary="extended", corpus_stage=True, task_stage="full", kinds=(*ANSWERS, *TEXTS)),
        Arm(name="continue/replaced", short="Base, own vocabulary",
            title="Keep the base's body, give it your own vocabulary, train on your corpus",
            start="base", vocabulary="replaced", corpus_stage=True, task_stage="full", kinds=(*ANSWERS, *TEXTS)),
    ),
    "scratch": (
        Arm(name="scratch/own", short="From scratch",
            title="Train a new model from scratch on your corpus, with your own vocabulary",
            start="random", vocabulary="own", corpus_stage=True, task_stage="full", kinds=(*ANSWERS, *TEXTS)),
    ),
    "predictive": (
        Arm(name="predictive/tfidf", short="Word counts",
            title="No language model: word and letter counts with logistic regression",
            start="none", vocabulary="none", corpus_stage=False, task_stage="tfidf", kinds=("classify",)),
        Arm(name="predictive/boosting", short="Boosted trees",
            title="No language model: gradient-boosted trees on the columns",
            start="none", vocabulary="none", corpus_stage=False, task_stage="boosting", kinds=("predict",)),
        Arm(name="predictive/counts", short="Counts",
            title="No language model: shares counted for each region and period",
            start="none", vocabulary="none", corpus_stage=False, task_stage="counts", kinds=("habits",)),
    ),
}  # fmt: skip


def task_stage_of(arm: Arm, kind: Kind) -> TaskStage:
    """The arm's task stage on a use case of this kind: after a corpus stage, `TEXTS` are met without one."""
    return "none" if arm.corpus_stage and kind in TEXTS else arm.task_stage


def short_name(arm: str) -> str:
    """A few words for an arm, with its base where the name has one: `finetune/lora@Qwen3` is "Fine-tune (LoRA), Qwen3".

    An arm that is not in the table keeps its own name.
    """
    name, _, base = arm.partition("@")
    short = next((a.short for of in ROUTES.values() for a in of if a.name == name), name)
    return f"{short}, {base}" if base else short
