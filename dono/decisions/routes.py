"""Routes and their arms: every way to get a model that Dono pilots. One plain table; a row is a route."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dono.project import Kind, RouteName

Start = Literal["none", "base", "random"]
Vocabulary = Literal["none", "kept", "replaced", "own"]
TaskStage = Literal["none", "lora", "full", "tfidf", "boosting"]


@dataclass(frozen=True, kw_only=True)
class Arm:
    """Route = start × corpus stage × task stage. `shots` are examples shown in the prompt instead of training."""

    name: str
    title: str
    start: Start
    vocabulary: Vocabulary
    corpus_stage: bool
    task_stage: TaskStage
    kinds: tuple[Kind, ...]
    shots: int = 0

    @property
    def route(self) -> str:
        """The part of the name before the stroke."""
        return self.name.split("/", 1)[0]

    @property
    def learns(self) -> bool:
        """Whether anything is trained, so that a bigger run may be better than a pilot."""
        return self.corpus_stage or self.task_stage != "none"


ANSWERS: tuple[Kind, ...] = ("classify", "generate")
ROUTES: dict[RouteName, tuple[Arm, ...]] = {
    "prompt": (
        Arm(name="prompt/zero-shot", title="Ask the base model as it is", start="base", vocabulary="kept",
            corpus_stage=False, task_stage="none", kinds=(*ANSWERS, "language")),
        Arm(name="prompt/few-shot", title="Ask the base model, showing it four examples", start="base",
            vocabulary="kept", corpus_stage=False, task_stage="none", kinds=ANSWERS, shots=4),
    ),
    "hosted": (),
    "finetune": (
        Arm(name="finetune/lora", title="Fine-tune the base with a small adapter (LoRA)", start="base",
            vocabulary="kept", corpus_stage=False, task_stage="lora", kinds=ANSWERS),
        Arm(name="finetune/full", title="Fine-tune all of the base", start="base", vocabulary="kept",
            corpus_stage=False, task_stage="full", kinds=ANSWERS),
    ),
    "continue": (
        Arm(name="continue/kept", title="Keep training the base on your corpus, its vocabulary kept", start="base",
            vocabulary="kept", corpus_stage=True, task_stage="full", kinds=(*ANSWERS, "language")),
        Arm(name="continue/replaced", title="Keep the base's body, give it your own vocabulary, train on your corpus",
            start="base", vocabulary="replaced", corpus_stage=True, task_stage="full", kinds=(*ANSWERS, "language")),
    ),
    "scratch": (
        Arm(name="scratch/own", title="Train a new model from scratch on your corpus, with your own vocabulary",
            start="random", vocabulary="own", corpus_stage=True, task_stage="full", kinds=(*ANSWERS, "language")),
    ),
    "predictive": (
        Arm(name="predictive/tfidf", title="No language model: word and letter counts with logistic regression",
            start="none", vocabulary="none", corpus_stage=False, task_stage="tfidf", kinds=("classify",)),
        Arm(name="predictive/boosting", title="No language model: gradient-boosted trees on the columns",
            start="none", vocabulary="none", corpus_stage=False, task_stage="boosting", kinds=("predict",)),
    ),
}  # fmt: skip
"""The hosted route is measured once serving exists; a project that asks for it is told so."""
