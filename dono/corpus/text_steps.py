"""Two steps of cleaning: the text as it is spelt, and the language it is in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from dono.corpus.drafts import Draft
from dono.corpus.languages import guess_languages, looked_at
from dono.corpus.letters import unify_letters
from dono.corpus.markup import is_html, remove_markup
from dono.corpus.mixing import language_mix
from dono.corpus.normalise import normalise
from dono.corpus.steps import Dropped, Outcome, Step
from dono.project import Cleaning

NOTHING_BUT_MARKUP = "nothing but markup"


def text_step(settings: Cleaning, markup: Literal["html"] | None = None) -> Step:
    """Markup removed and letters unified; `markup` is what a source states of itself.

    Counts texts that were changed, as "markup removed" and "letters unified". Drops what is nothing but markup.
    """

    def step(batch: Sequence[Draft]) -> list[Outcome]:
        return [_cleaned(draft, settings, markup) for draft in batch]

    return step


def _cleaned(draft: Draft, settings: Cleaning, markup: Literal["html"] | None) -> Outcome:
    text, found = draft.text, dict(draft.found)
    if markup == "html" or (settings.markup == "remove" and is_html(text)):
        text = normalise(remove_markup(text))
        if not text:
            return Dropped(draft, NOTHING_BUT_MARKUP)
        if text != draft.text:
            found["markup removed"] = 1
    if settings.unify_letters:
        unified = unify_letters(text)
        if unified != text:
            text, found["letters unified"] = unified, 1
    return draft if text == draft.text else replace(draft, text=text, found=found)


def language_step(settings: Cleaning) -> Step:
    """The language of drafts that state none, and how mixed each is, in words of the part that is looked at.

    A code that is stated stays. Counts "words" and "mixed words" (`mixing.language_mix`).
    """

    def step(batch: Sequence[Draft]) -> list[Outcome]:
        unknown = [place for place, draft in enumerate(batch) if draft.language is None]
        guesses = dict(zip(unknown, guess_languages([batch[place].text for place in unknown]), strict=True))
        languages = [draft.language or guesses[place] for place, draft in enumerate(batch)]
        if not settings.count_mixed:
            return [draft.spoken(code, draft.found) for draft, code in zip(batch, languages, strict=True)]
        mixes = language_mix([looked_at(draft.text) for draft in batch], languages)
        return [
            draft.spoken(code, {**draft.found, "words": mix.words, "mixed words": mix.other})
            for draft, code, mix in zip(batch, languages, mixes, strict=True)
        ]

    return step
