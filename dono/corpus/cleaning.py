"""The steps of cleaning in the order in which a text goes through them. Adding one is one function and one row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from dono.corpus.drafts import Draft
from dono.corpus.languages import guess_language
from dono.corpus.steps import Outcome, Step
from dono.project import Cleaning, Source


def language_step(cleaning: Cleaning, source: Source) -> Step:
    """The language of a text that states none, guessed."""

    def step(batch: Sequence[Draft]) -> list[Outcome]:
        return [d if d.language else replace(d, language=guess_language(d.text)) for d in batch]

    return step


STEPS: dict[str, Callable[[Cleaning, Source], Step]] = {"language": language_step}


def make_steps(cleaning: Cleaning, source: Source) -> dict[str, Step]:
    """All steps for the texts of a source, made from the settings: each worker process makes its own."""
    return {name: make(cleaning, source) for name, make in STEPS.items()}
