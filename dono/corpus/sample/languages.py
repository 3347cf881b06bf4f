"""The sample's languages as values: frames and slot values from `languages/<code>.yaml`, and the western retailer's."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated

import yaml
from pydantic import BeforeValidator, Field

from dono.corpus.sample.grammar import english, lines, respell
from dono.corpus.sample.world import HERE, Closed

Frames = Annotated[tuple[str, ...], BeforeValidator(lines)]
BAZAAR = ("en", "hi", "hi-Latn", "bn", "ta", "te", "kn", "gu")


class Split(Closed):
    """Frames for training (and for the corpus), and frames held out for tests."""

    train: Frames
    test: Frames


class Place(Closed):
    """A state's name and cities in one language."""

    name: str
    cities: tuple[str, ...]


class Reply(Closed):
    """Frames of the reply task: what the customer adds, and what the agent answers (one answer per intent)."""

    identify: Split
    my_name: Split
    wish: Split
    answer_name: str
    answer_hello: str
    answers: dict[str, str]
    answer_festival: str
    answer_plain: str


class Language(Closed):
    """One language of the bazaar."""

    code: str
    name: str
    scripts: tuple[tuple[int, int], ...]
    capitals: bool
    customer: str
    seller: str
    names: tuple[str, ...]
    days: tuple[str, ...]
    colours: tuple[str, ...]
    variants: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    states: dict[str, Place]
    windows: dict[str, str]
    items: dict[str, str]
    rules: dict[str, Frames]
    intents: dict[str, Split]
    reply: Reply

    def finish(self, text: str, rng: random.Random | None = None) -> str:
        """The text as it is written down: NFC, capitals; with `rng` also spelt as one writer spells."""
        spelt = respell(text, self.variants, rng) if rng and self.variants else text
        return unicodedata.normalize("NFC", english(spelt) if self.capitals else spelt)

    @cached_property
    def held_out(self) -> tuple[str, ...]:
        """All frames that may stand in test files only."""
        splits = [*self.intents.values(), self.reply.identify, self.reply.my_name, self.reply.wish]
        return tuple(frame for split in splits for frame in split.test)

    @cached_property
    def frames(self) -> tuple[str, ...]:
        """All frames, held-out ones included."""
        splits = [*self.intents.values(), self.reply.identify, self.reply.my_name, self.reply.wish]
        return (
            *(frame for rule in self.rules.values() for frame in rule),
            *(frame for split in splits for frame in (*split.train, *split.test)),
            *self.reply.answers.values(),
            self.reply.answer_festival,
            self.reply.answer_plain,
        )


class Western(Closed):
    """The western retailer."""

    code: str
    name: str
    names: tuple[str, ...]
    days: tuple[str, ...]
    colours: tuple[str, ...]
    months: tuple[str, ...]
    cities: tuple[str, ...]
    items: tuple[str, ...]
    seasons: dict[str, tuple[str, ...]]
    documents: dict[str, str]
    rules: dict[str, Frames]


def load_language(code: str) -> Language:
    """Read one language of the bazaar; `code` as in `BAZAAR`."""
    found = yaml.safe_load((HERE / "languages" / f"{code}.yaml").read_text(encoding="utf8"))
    return Language.model_validate(found)


def load_languages() -> Mapping[str, Language]:
    """All languages of the bazaar by code."""
    return {code: load_language(code) for code in BAZAAR}


def load_western() -> Western:
    """Read `western.yaml`."""
    return Western.model_validate(yaml.safe_load((HERE / "western.yaml").read_text(encoding="utf8")))
