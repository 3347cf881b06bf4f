"""The steps of cleaning in the order in which a text goes through them. Adding one is one function and one row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dono.corpus.privacy import privacy_step
from dono.corpus.quality import Thresholds, quality_step
from dono.corpus.steps import Step
from dono.corpus.text_steps import language_step, text_step
from dono.project import Cleaning, Source


@dataclass(frozen=True, slots=True)
class Settings:
    """What steps are made from. `thresholds` None: nothing was learned of what is usual in these texts."""

    cleaning: Cleaning
    source: Source
    thresholds: Thresholds | None = None

    @property
    def privacy(self) -> Cleaning:
        """The settings of cleaning with what becomes of this source's identifiers."""
        return self.cleaning.model_copy(update={"privacy": self.source.privacy or self.cleaning.privacy})


def _quality(settings: Settings) -> Step:
    if not settings.cleaning.quality and not settings.cleaning.bad_words:
        return lambda batch: list(batch)
    return quality_step(settings.thresholds or Thresholds(), settings.cleaning)


STEPS: dict[str, Callable[[Settings], Step]] = {
    "text": lambda settings: text_step(settings.cleaning, settings.source.markup),
    "language": lambda settings: language_step(settings.cleaning),
    "privacy": lambda settings: privacy_step(settings.privacy),
    "quality": _quality,
}


SPELLING = ("text", "language")
"""What a text goes through before identifiers are replaced: tests are sought in it as it is then."""
AFTERWARDS = tuple(name for name in STEPS if name not in SPELLING)
BEFORE_LEARNING = (*SPELLING, "privacy")
"""What a text goes through before it is learned from what is usual: what is learned is written down, so identifiers are
replaced before.
"""


def make_steps(settings: Settings, names: Sequence[str] = tuple(STEPS)) -> dict[str, Step]:
    """Steps for the texts of a source, made from the settings: each worker process makes its own."""
    return {name: STEPS[name](settings) for name in names}
