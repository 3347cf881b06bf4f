"""How the texts of all sources are prepared: cleaned, mixed, and cut into tokens."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dono.project.sections import Section
from dono.project.sources import Privacy

TokenizerKind = Literal["words", "graphemes", "superwords", "unigram", "portable"]

Weight = Annotated[float, Field(ge=0)]


class Weights(Section):
    """How much more often a source, language or region is read than it otherwise would be: 2 twice, 0 never."""

    sources: dict[str, Weight] = Field(default_factory=dict)
    languages: dict[str, Weight] = Field(default_factory=dict)
    regions: dict[str, Weight] = Field(default_factory=dict)


class Cleaning(Section):
    """How the texts of all sources are cleaned before they are learned from."""

    workers: int | None = Field(default=None, ge=1)
    """Processes that clean at the same time; None: one for each core. What comes out is the same."""
    markup: Literal["remove", "keep"] = "remove"
    """HTML tags of texts that are certainly whole HTML (a page, or one block element); `keep` for a corpus of code."""
    unify_letters: bool = True
    """Letters that Unicode lets one write in two ways are written in one (Malayalam chillus, nukta order)."""
    count_mixed: bool = True
    """Words of another language than their text's are counted for the survey."""
    privacy: Privacy = "placeholders"
    """What becomes of personal identifiers, where a source does not say it."""
    privacy_kinds: tuple[str, ...] | None = None
    """The kinds that are replaced (those of `corpus.privacy.RECOGNISERS`); all unless some are named."""
    privacy_key_variable: str | None = None
    """The environment variable with the key: the same identifier then gets the same replacement in all texts."""
    near_duplicates: float | None = Field(default=0.8, ge=0.5, le=1)
    """Jaccard index of two texts' runs of words from which the later one is a near copy; None: exact copies only."""
    repeated_lines: int | None = Field(default=None, ge=2)
    """A line that more than so many texts of a source have is taken out as boilerplate; None: all lines stay."""
    quality: bool = True
    """Whether rubbish is dropped, by rules of the field that give way to what is usual in the person's own text."""
    bad_words: dict[str, str] = Field(default_factory=dict)
    """By language a file of words and phrases, one a line: a text with one of them is dropped. None comes with Dono."""


class Mixture(Section):
    """How much of each source and language a corpus stage reads. As it is, everything is read equally often."""

    temperature: float = Field(default=1.0, ge=1)
    """Above 1 small groups are read more often: each by the 1/temperature-th power of its size."""
    over: Literal["language", "source", "region"] = "language"
    """What the groups are."""
    weights: Weights = Weights()
    max_repeats: float = Field(default=4.0, ge=1)
    """No source, language and region is read more often; beyond 4 times reading again is worth less than new text."""
    decay: Weights | None = None
    """Weights for the last part of a corpus stage, in which the rate decays: the best text last."""

    @property
    def plain(self) -> bool:
        """Whether everything is read equally often."""
        return self.temperature == 1 and self.weights == Weights() and self.decay in (None, Weights())


class TokenizerChoice(Section):
    """How the corpus's own tokenizer is learned, and whether a base's is extended.

    `stage` is the share of the vocabulary that superwords learn within words; `temperature` above 1 gives small
    languages a larger part of the text it is learned from. `extended: auto` pilots a base with a longer vocabulary
    where its tokenizer needs more than half as many tokens again as the corpus's own, in some language; `added` tokens
    are learned for it (as many as scratch.vocabulary where nothing is said).
    """

    kind: TokenizerKind = "words"
    stage: float = Field(default=0.9, gt=0, le=1)
    temperature: float = Field(default=1.0, ge=0.1)
    extended: Literal["auto"] | bool = "auto"
    added: int | None = Field(default=None, ge=1)
