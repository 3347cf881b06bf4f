"""The align file `align.yaml`: one round of learning from people's preferences, or from a reward that is computed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from dono.errors import Mistake
from dono.project import Section, read_settings
from dono.runfile import BOOKKEEPING, HowItLearns, PreferenceLoss, several

PairMethod = Literal["dpo", "dpo_length_normalised", "simpo", "orpo", "kto"]
PolicyMethod = Literal["rloo", "grpo", "ppo"]
Method = PairMethod | PolicyMethod
POLICY_METHODS: tuple[PolicyMethod, ...] = ("rloo", "grpo", "ppo")


class Policy(Section):
    """How answers are sampled, judged and learned from. Divergences are in nats an answer."""

    prompts: int = Field(default=16, ge=1)
    """Prompts of one step."""
    answers: int = Field(default=4, ge=1)
    """Answers to each of them."""
    uses: int = Field(default=1, ge=1)
    """Optimizer steps that learn from the same answers."""
    max_new_tokens: int = Field(default=128, ge=1)
    divergence_weight: float = Field(default=0.05, ge=0)
    """What a nat away from the model at the beginning costs, in units of reward (assumed; TRL's RLOO has the same)."""
    cut_penalty: float = Field(default=1.0, ge=0)
    """Taken off the reward of an answer that did not come to its end (customary: TRL's `missing_eos_penalty`)."""
    look_steps: int = Field(default=20, ge=1)
    """Answers to held-out prompts are looked at after every so many steps."""
    looked_at: int = Field(default=64, ge=2)
    """So many held-out prompts."""
    most_divergence: float = Field(default=50.0, gt=0)
    """It stops beyond this: what the reward was learned from is far away by then (assumed)."""
    value_weight: float = Field(default=0.1, ge=0)
    """PPO: weight of the value head's loss (TRL's default)."""


class RewardModel(Section):
    """How the reward model is learned from pairs; it begins as the model that is aligned."""

    epochs: float = Field(default=1.0, gt=0)
    """One: a second one is learned by heart (Ouyang et al. 2022, arXiv 2203.02155, appendix C.2)."""
    rate: float | None = Field(default=None, gt=0)
    """Peak rate of AdamW (else that of fine-tuning)."""


class AlignFile(HowItLearns):
    """The whole align file. Without a method it is DPO for pairs, KTO for thumbs, RLOO for a computed reward.

    Where answers are sampled a step is `policy.prompts` prompts, learned from by AdamW; `batch_tokens` is then that of
    the reward model.
    """

    model: str
    """What is aligned: a model directory, a name that `dono why` knows, or a hub name."""
    method: Method | None = None
    preferences: Annotated[tuple[str, ...], BeforeValidator(several)] = ()
    """Desks (a folder with a desk.yaml, or the URL of its database) and files of preferences."""
    believed: bool = True
    """Ratings of those who cannot be believed are left out."""
    prompts: Annotated[tuple[str, ...], BeforeValidator(several)] = ()
    """Files of prompts to answer; those of the preferences where none are named."""
    reward: str | None = None
    """What judges answers instead of a reward model: `module:function` or `file.py:function`, or a metric."""
    gold: str | None = None
    """A second judge that nothing learns from, to see when the reward is gamed."""
    held_out: float = Field(default=0.1, gt=0, le=0.5)
    """The share of prompts with all that was said of their answers."""
    policy: Policy = Policy()
    reward_model: RewardModel = RewardModel()
    desk: str | None = None
    """The folder of a desk: questions about what this round changed are put there."""
    questions: int = Field(default=100, ge=0)
    """How many."""
    name: str = Field(default="round", pattern=r"^[\w.-]+$")
    work: str = "work"
    """The folder of all that is made, beside the file: that of a project knows where its models came from."""

    @model_validator(mode="after")
    def _something_to_learn_from(self) -> Self:
        if not self.preferences and self.reward is None:
            raise ValueError("give `preferences` (a desk, or files), or a `reward` with `prompts`")
        if self.reward is not None and not (self.prompts or self.preferences):
            raise ValueError("a reward needs `prompts` to answer")
        if self.reward is not None and self.method is not None and self.method not in POLICY_METHODS:
            raise ValueError(f"{self.method} learns from preferences; a `reward` needs {', '.join(POLICY_METHODS)}")
        if self.loss != PreferenceLoss() and (self.reward is not None or self.method in POLICY_METHODS):
            raise ValueError(
                "`loss` is of methods that sample nothing; where answers are sampled use policy.divergence_weight"
            )
        if self.method in ("rloo", "grpo") and self.policy.answers < 2:
            raise ValueError(f"{self.method} compares answers to one prompt: policy.answers must be at least 2")
        return self

    def learned(self) -> dict[str, object]:
        """What decides what is learned, as it was asked: without what people are asked afterwards."""
        return self.model_dump(mode="json", exclude={*BOOKKEEPING, "desk", "questions", "work", "name"})


def load_align(path: Path, overrides: Sequence[str] = ()) -> AlignFile:
    """Read an align file and `key=value` overrides. Raises `Mistakes` with every mistake found."""
    if not path.is_file():
        raise Mistake("no such align file", where=str(path), remedy="Give the path of an align.yaml")
    return read_settings(path, overrides, AlignFile, _missing)


def _missing(align: AlignFile) -> Iterator[Mistake]:
    for where, names in (("preferences", align.preferences), ("desk", (align.desk,) if align.desk else ())):
        for name in names:
            if "://" not in name and "*" not in name and not align.path(name).exists():
                yield Mistake(f"no such file or folder {name!r}", where=where, remedy="Correct the path")
