"""The survey of a corpus: one offline HTML file, in the style of the report. The same survey gives the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup
from pydantic import TypeAdapter, ValidationError

from dono.artifacts import write_atomically
from dono.studio import amounts, wording
from dono.studio.inflow import draw_inflow
from dono.studio.pages import page_environment
from dono.studio.picture import printable
from dono.studio.typefaces import FAMILIES, font_faces

PAGE = "survey.html"
"""The page's name in a work folder."""
REASONS_OPEN = 3
"""Reasons for dropping whose examples are open at first; the others are one click away, and printed."""


@dataclass(frozen=True)
class Amount:
    """Documents, UTF-8 bytes of their text, and tokens of the corpus's own tokenizer, as a sample tells."""

    documents: int
    bytes: int
    tokens: float


@dataclass(frozen=True)
class LanguageLine:
    """One language.

    `scripts`: share of the letters by script; `mixed`: share of the words that are of another language, None where it
    was not counted; `scripts_mixed`: share of the documents in more than one script; `words_cost`: tokens for a word by
    tokenizer, None where words cannot be told apart; `from_heldout`: whether no text of the sample is learned from.
    """

    language: str
    amount: Amount
    scripts: tuple[tuple[str, float], ...]
    mixed: float | None
    scripts_mixed: float
    words_cost: tuple[float | None, ...]
    from_heldout: bool


@dataclass(frozen=True)
class SourceLine:
    """One source: what is kept of it, what is not and why, and by what right it is used."""

    name: str
    amount: Amount
    left: tuple[tuple[str, int], ...]
    read_as: str
    basis: str
    rights: str


@dataclass(frozen=True)
class Example:
    """A text that was left out, and where it is."""

    text: str
    language: str
    place: str


@dataclass(frozen=True)
class Reason:
    """Why texts or rows were left out."""

    reason: str
    source: str
    documents: int
    bytes: int | None
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Note:
    """What was noticed while files were opened; `file` is one of the `files` of `source` that it is said of."""

    note: str
    source: str
    file: str
    files: int


@dataclass(frozen=True)
class MixtureLine:
    """A source, language and region: tokens there are, tokens that a full run reads, how often each is read."""

    source: str
    language: str
    region: str
    there: float
    taken: float
    times: float


@dataclass(frozen=True)
class CorpusSurvey:
    """Everything that the page shows. `months`: tokens by month; `outlook`: sentences on when there will be enough."""

    project: str
    created: str
    total: Amount
    heldout_documents: int
    read: int
    tokenizers: tuple[str, ...]
    languages: tuple[LanguageLine, ...]
    romanised: float
    regions: tuple[tuple[str, Amount], ...]
    sources: tuple[SourceLine, ...]
    months: tuple[tuple[str, float], ...]
    outlook: tuple[str, ...]
    left: tuple[tuple[str, int], ...]
    dropped: tuple[Reason, ...]
    rejected: tuple[Reason, ...]
    tested: tuple[tuple[str, int], ...]
    found: tuple[tuple[str, int], ...]
    mixture: tuple[MixtureLine, ...]
    mixture_rule: str
    warnings: tuple[str, ...]
    notes: tuple[Note, ...] = ()


_RECORD = TypeAdapter(CorpusSurvey)


def write_survey(survey: CorpusSurvey, path: Path) -> None:
    """Write the page to `path`, and beside it what it shows, each whole or not at all.

    Raises `Mistake` when the disk is full.
    """
    write_atomically(path, render_survey(survey))
    write_atomically(path.with_suffix(".json"), _RECORD.dump_json(survey).decode())


def survey_files(path: Path) -> list[Path]:
    """The page at `path` and what stands beside it, as far as they are there."""
    return [file for file in (path, path.with_suffix(".json")) if file.is_file()]


def read_survey(path: Path) -> CorpusSurvey | None:
    """What the page at `path` shows; None where there is none, or it was written by another version."""
    try:
        return _RECORD.validate_json(path.with_suffix(".json").read_bytes())
    except (OSError, ValidationError):
        return None


def render_survey(survey: CorpusSurvey) -> str:
    """The survey as HTML."""
    environment, body = _environment(), render_survey_body(survey)
    style = environment.get_template("style/report.css").render(families=Markup(FAMILIES))
    page = environment.get_template("survey_page.html.j2").render(
        survey=survey,
        body=Markup(body),
        style=Markup(style + environment.get_template("style/survey.css").render()),
        faces=Markup(font_faces(body)),
    )
    return printable(page)


def render_survey_body(survey: CorpusSurvey) -> str:
    """What the survey says, without the page around it."""
    picture = Markup(draw_inflow(survey.months)) if len(survey.months) > 1 else None
    return printable(_environment().get_template("survey_body.html.j2").render(survey=survey, picture=picture))


def _environment() -> Environment:
    """Templates with everything escaped, and the words and numbers they need."""
    return page_environment(
        {
            "REASONS_OPEN": REASONS_OPEN,
            "compact": amounts.compact,
            "size": size,
            "headline": headline,
            "cheapest": cheapest,
        }
    )


def size(count: float) -> str:
    """Bytes as a person says them: 310 bytes, 4.2 MB."""
    shown = amounts.compact(count)
    return f"{shown}B" if "\u00a0" in shown else f"{shown}\u00a0bytes"


def headline(survey: CorpusSurvey) -> str:
    """The corpus in a sentence."""
    total, languages = survey.total, len(survey.languages)
    several = f"{languages} languages" if languages != 1 else wording.language_name(survey.languages[0].language)
    out = sum(count for _, count in survey.left)
    said = f"{amounts.count(total.documents)} documents in {several}: {size(total.bytes)} of text, about "
    said += f"{amounts.compact(total.tokens)} tokens"
    return f"{said}. {amounts.percent(out / survey.read)} of what was read is left out." if out else f"{said}."


def cheapest(costs: Sequence[float | None]) -> float | None:
    """The least of several costs, where there are several."""
    found = [c for c in costs if c is not None]
    return min(found) if len(found) > 1 else None
