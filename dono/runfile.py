"""The run file `run.yaml`: one run of one model on one set of data. Frozen; all mistakes found in one reading."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BeforeValidator, Field, model_validator

from dono.errors import Mistake
from dono.project import Architecture, Section, SettingsFile, read_settings

ObjectiveName = Literal[
    "next_token", "masked_answers", "dpo", "dpo_length_normalised", "simpo", "orpo", "kto", "reward_model"
]

BOOKKEEPING = ("save_minutes", "validate_steps", "caps", "machine", "currency", "part_tokens")
"""Settings that may change while a run goes on: nothing that is learned depends on them, but for rounding."""


class Start(Section):
    """What is trained: `path` (a model directory or hub name), or a `random` model.

    `tokenizer` of a random model is a directory or hub name; without it one is trained on the data.
    """

    path: str | None = None
    random: Architecture | None = None
    tokenizer: str | None = None

    @model_validator(mode="after")
    def _one_start(self) -> Start:
        if (self.path is None) == (self.random is None):
            raise ValueError("give a model directory, a hub name, or {random: {…}}")
        if self.path is not None and self.tokenizer is not None:
            raise ValueError("a model has its own tokenizer; `tokenizer` is for a random one")
        return self


class Lora(Section):
    """Low-rank updates. `keep`: an ordinary model with the updates added in, or the adapter beside its base."""

    rank: int = Field(default=16, ge=1)
    keep: Literal["merged", "adapter"] = "merged"


class Caps(Section):
    """What the run may take, in hours by the clock and in money; it saves and stops there."""

    hours: float | None = Field(default=None, gt=0)
    money: float | None = Field(default=None, gt=0)


class Priced(Section):
    """What an hour of all machines that train together costs."""

    price_per_hour: float | None = Field(default=None, ge=0)


class PreferenceLoss(Section):
    """How a loss of pairs or thumbs holds the model to where it began; what is left out is the method's own."""

    beta: float | None = Field(default=None, gt=0)
    """DPO (0.1), its length-normalised form (5), KTO (0.1): the larger, the nearer it stays. SimPO's β (2), ORPO's λ
    (0.1)."""
    chosen_weight: float = Field(default=0.0, ge=0)
    """DPO and SimPO: what the preferred answer's likelihood counts beside the loss, in nats per token (RPO; 0.2 to 1
    are usual)."""
    most_divergence: float | None = Field(default=None, gt=0)
    """Nats an answer: it stops beyond this, and goes back to the last look that was nearer. Held-out prompts are
    answered for that; without `lora` a second copy of the model is held."""


HAVE_BETA: tuple[ObjectiveName, ...] = ("dpo", "dpo_length_normalised", "simpo", "orpo", "kto")
HAVE_CHOSEN_WEIGHT = HAVE_BETA[:3]


def _named(value: object) -> object:
    return {"path": value} if isinstance(value, str) else value


def several(value: object) -> object:
    """A list of one, where one name alone was given."""
    return [value] if isinstance(value, str) else value


def _switch(value: object) -> object:
    """Truth values, as older YAML has `on` and `off`, are those words."""
    return {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value


class HowItLearns(SettingsFile):
    """What every run file says of its training. What is left out is resolved before the run.

    `rate` is the peak rate of AdamW, `matrix_rate` that of Muon for the hidden matrices. `batch_tokens` are those of
    one optimizer step over all processes, `part_tokens` those of one forward pass, `context` is in tokens.
    """

    lora: Lora | None = None
    loss: PreferenceLoss = PreferenceLoss()
    optimizer: Literal["adamw", "muon"] | None = None
    rate: float | None = Field(default=None, gt=0)
    matrix_rate: float | None = Field(default=None, gt=0)
    batch_tokens: int | None = Field(default=None, ge=1)
    part_tokens: int | None = Field(default=None, ge=1)
    epochs: float | None = Field(default=None, gt=0)
    tokens: float | None = Field(default=None, gt=0)
    steps: int | None = Field(default=None, ge=1)
    context: int | None = Field(default=None, ge=8)
    seed: int = 0
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    compile: Annotated[Literal["auto", "on", "off"], BeforeValidator(_switch)] = "auto"
    recompute: bool = False
    save_minutes: float = Field(default=10, gt=0)
    caps: Caps = Caps()
    machine: Priced = Priced()
    currency: str = "INR"

    @model_validator(mode="after")
    def _one_length_and_a_price(self) -> Self:
        if sum(length is not None for length in (self.epochs, self.tokens, self.steps)) > 1:
            raise ValueError("give one of epochs, tokens and steps")
        if self.caps.money is not None and not self.machine.price_per_hour:
            raise ValueError("caps.money needs machine.price_per_hour")
        return self

    def asked(self) -> dict[str, object]:
        """What decides what is learned, as it was asked."""
        return self.model_dump(mode="json", exclude=set(BOOKKEEPING))


class RunFile(HowItLearns):
    """The whole run file. What is left out is resolved before the run and written into its folder."""

    model: Annotated[Start, BeforeValidator(_named)]
    data: Annotated[tuple[str, ...], BeforeValidator(several)] = Field(min_length=1)
    validation: float | str = 0.05
    """A share of the rows (0 for none), or a file."""
    validate_steps: int | None = Field(default=None, ge=1)
    """The held-out rows are scored after every so many steps too, not only before the first and after the last."""
    objective: ObjectiveName | None = None
    out: str
    """The run's folder: at its end an ordinary model directory."""

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if isinstance(self.validation, float) and not 0 <= self.validation <= 0.5:
            raise ValueError(f"validation is a file or a share from 0 to 0.5, not {self.validation:g}")
        if self.validation == 0 and self.validate_steps is not None:
            raise ValueError("validate_steps needs rows that are held out, and validation is 0")
        if self.model.random is not None and self.lora is not None and self.lora.keep == "adapter":
            raise ValueError("an adapter needs a base that is kept; a random one is not: use lora.keep: merged")
        if self.objective == "reward_model" and self.lora is not None and self.lora.keep == "adapter":
            raise ValueError("a reward model is kept whole: use lora.keep: merged")
        return self

    @property
    def out_folder(self) -> Path:
        """Where the run is kept."""
        return self.path(self.out)

    def as_yaml(self) -> str:
        """The file as text, its paths absolute, so that it can lie anywhere; what is not set is left out."""
        told = self.model_dump(mode="json", exclude_none=True)
        told["data"] = [str(self.path(name)) for name in self.data]
        told["model"] |= {k: self.source(v) for k, v in told["model"].items() if k in ("path", "tokenizer")}
        if isinstance(self.validation, str):
            told["validation"] = str(self.path(self.validation))
        return yaml.safe_dump(told | {"out": str(self.out_folder)}, sort_keys=False, allow_unicode=True)


def load_run(path: Path, overrides: Sequence[str] = ()) -> RunFile:
    """Read a run file and `key=value` overrides. Raises `Mistakes` with every mistake found."""
    if not path.is_file():
        raise Mistake("no such run file", where=str(path), remedy="Give the path of a run.yaml")
    return read_settings(path, overrides, RunFile, _missing)


def _missing(run: RunFile) -> Iterator[Mistake]:
    if isinstance(run.validation, str) and not run.path(run.validation).is_file():
        yield Mistake(
            f"no such file {run.validation!r}", where="validation", remedy="Correct the path, or give a share"
        )
