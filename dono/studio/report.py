"""The report: one offline HTML file made from a verdict and nothing else. The same verdict gives the same bytes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from dono.artifacts import write_atomically
from dono.decisions import METRICS, ArmVerdict, LanguageScore, Number, UseCaseVerdict, Verdict
from dono.decisions.routes import short_name
from dono.decisions.sensitivity import WITHIN
from dono.studio import amounts, wording
from dono.studio.chart import Chart, chart, strip, strip_values
from dono.studio.pages import page_environment
from dono.studio.picture import printable
from dono.studio.regional import Taught, answer, taught
from dono.studio.series import Series, key, series_of
from dono.studio.sums import sums
from dono.studio.trend_chart import trend_chart
from dono.studio.typefaces import FAMILIES, font_faces
from dono.studio.worth import for_how_much, small

LONG_SENTENCE = 140
"""A headline longer than so many characters is set smaller."""
SAMPLES_SHOWN = 2
"""Prompts whose answers are open at first; the others are one click away, and printed."""


@dataclass(frozen=True)
class Answer:
    """What one arm answered; `right` where it is the expected answer to the letter."""

    arm: str
    text: str
    right: bool


@dataclass(frozen=True)
class Question:
    """One prompt with the answers of all arms that were asked it."""

    prompt: str
    expected: str
    language: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class LanguageRow:
    """One language: items in its test (None where the arms differ), a score per arm, and which arms score best."""

    language: str
    n: int | None
    scores: tuple[LanguageScore | None, ...]
    best: float | None


@dataclass(frozen=True)
class CaseView:
    """A use case as the template shows it."""

    id: str
    case: UseCaseVerdict
    measured: tuple[ArmVerdict, ...]
    failed: tuple[ArmVerdict, ...]
    chosen: ArmVerdict | None
    rival: ArmVerdict | None
    picture: Chart | None
    strips: dict[str, Markup]
    scored: tuple[ArmVerdict, ...]
    languages: tuple[LanguageRow, ...]
    questions: tuple[Question, ...]
    sources: tuple[tuple[str, str], ...]
    lifts: tuple[Taught, ...] = ()
    taught: str = ""

    @property
    def sleeping(self) -> bool:
        """Whether some route has not begun to learn."""
        return any(arm.said is None for arm in self.measured)


def write_report(verdict: Verdict, path: Path) -> None:
    """Write the report to `path`, whole or not at all. Raises `Mistake` when the disk is full."""
    write_atomically(path, render(verdict))


def render(verdict: Verdict) -> str:
    """The report as HTML."""
    environment, body = _environment(verdict), render_body(verdict)
    style = environment.get_template("style/report.css").render(families=Markup(FAMILIES))
    page = environment.get_template("page.html.j2").render(
        verdict=verdict,
        body=Markup(body),
        glossary=wording.glossary(Markup(body).striptags()),
        style=Markup(style),
        faces=Markup(font_faces(body)),
    )
    return printable(page)


def render_body(verdict: Verdict, *, details_at: str = "") -> str:
    """What the report says, without the page around it. Most answers and every pilot are folded, or left to the
    page at `details_at` and the name of the use case, where there is one.
    """
    environment = _environment(verdict)
    looks = series_of(a.arm for u in verdict.use_cases for a in u.arms)
    views = [case_view(verdict, u, looks, f"case-{i}") for i, u in enumerate(verdict.use_cases, 1)]
    trend = None if verdict.outset is None else trend_chart(verdict.outset, verdict.currency, verdict.created)
    body = environment.get_template("body.html.j2").render(
        verdict=verdict,
        views=views,
        looks=looks,
        trend=trend,
        sums=sums(verdict.portfolio_parts, verdict.currency),
        details_at=details_at,
        apart=False,
    )
    return printable(body)


def render_details(verdict: Verdict, case: UseCaseVerdict) -> str:
    """What a report folds of a use case: all prompts with the answers of its routes, every pilot, the laws."""
    looks = series_of(a.arm for u in verdict.use_cases for a in u.arms)
    template = _environment(verdict).get_template("details.html.j2")
    return printable(template.render(view=case_view(verdict, case, looks, "case"), looks=looks, apart=True))


def _environment(verdict: Verdict) -> Environment:
    """Templates with everything escaped, and the words and numbers they need."""
    return page_environment(
        {
            "METRICS": METRICS,
            "SAMPLES_SHOWN": SAMPLES_SHOWN,
            "LONG_SENTENCE": LONG_SENTENCE,
            "KINDS": wording.KINDS,
            "amount": partial(amount, currency=verdict.currency),
            "ends": partial(ends, currency=verdict.currency),
            "WITHIN": WITHIN,
            "times": times,
            "bill": lambda parts: sums(parts, verdict.currency).total,
            "amount_of": partial(amounts.money, currency=verdict.currency),
            "budget_item": partial(budget_item, currency=verdict.currency),
            "key": lambda look: Markup(key(look)),
            "safe_picture": Markup,
            "confidence_words": wording.confidence_words,
            "short_name": short_name,
            "probability": amounts.probability,
            "duration": amounts.duration,
            "plain": amounts.plain,
            "score": amounts.score,
            "small": small,
            "for_how_much": for_how_much,
        }
    )


def amount(number: Number, currency: str) -> str:
    """The value of a number in its unit."""
    return amounts.shower(number.unit, currency)(number.value)


def times(factor: float) -> str:
    """How many times more or less a value is: 2.6 times as much, 2.6 times less."""
    return f"{factor:.2g} times as much" if factor > 1 else f"{1 / factor:.2g} times less"


def ends(number: Number, currency: str, metric: str = "") -> str:
    """The interval of a number (a score of `metric`, where one is named); empty where it has none, or no width."""
    if number.lo == number.hi == number.value:
        return ""
    return amounts.interval(number, amounts.shower(metric or number.unit, currency))


def budget_item(name: str, value: float, currency: str) -> tuple[str, str]:
    """One cap or expense, as (what, how much)."""
    what, _, unit = name.rpartition("_")
    if unit == "money":
        return f"{what} money".strip(), amounts.money(value, currency)
    if unit in ("hours", "seconds"):
        return f"{what} time".strip(), amounts.duration(value if unit == "hours" else value / 3600)
    if unit == "share":
        return f"share for {what}s", amounts.percent(value)
    if name == "pilot_scale":
        return "largest pilot", f"{amounts.percent(value)} of its full run"
    return name.replace("_", " "), amounts.plain(value)


def case_view(verdict: Verdict, case: UseCaseVerdict, looks: dict[str, Series], id_: str) -> CaseView:
    """A use case made ready for the template."""
    measured = tuple(a for a in case.arms if a.failed is None)
    choosable = tuple(a for a in measured if a.choosable)
    scored = tuple(a for a in measured if a.languages)
    values = strip_values(case)
    chosen = _chosen(verdict, case, choosable)
    lifts = taught(measured)
    return CaseView(
        id=id_,
        case=case,
        measured=measured,
        failed=tuple(a for a in case.arms if a.failed is not None),
        chosen=chosen,
        rival=_first_of(choosable, case.runner_up, but=chosen),
        picture=chart(case, looks, id_),
        strips={a.arm: Markup(strip(a, values, case.bar, case.metric, looks[a.arm])) for a in measured},
        scored=scored,
        languages=language_rows(scored, case.higher_is_better),
        questions=questions(measured),
        sources=_sources(measured),
        lifts=lifts,
        taught=answer(lifts) if lifts else "",
    )


def _chosen(verdict: Verdict, case: UseCaseVerdict, measured: tuple[ArmVerdict, ...]) -> ArmVerdict | None:
    """The winner; in a close race the arm that the portfolio takes, else the first."""
    taken = [case.winner, *(i.arm for i in verdict.portfolio if i.use_case == case.use_case)]
    by_name = {a.arm: a for a in measured}
    return next((by_name[name] for name in taken if name in by_name), measured[0] if measured else None)


def _first_of(arms: tuple[ArmVerdict, ...], wanted: str | None, but: ArmVerdict | None) -> ArmVerdict | None:
    """The arm of the wanted name, else the first; never `but`."""
    others = [a for a in arms if a is not but]
    return next((a for a in others if a.arm == wanted), others[0] if others else None)


def language_rows(arms: tuple[ArmVerdict, ...], higher_is_better: bool) -> tuple[LanguageRow, ...]:
    """One row per language in alphabetical order of tags; one score per arm in the order of `arms`."""
    tags = sorted({s.language for a in arms for s in a.languages})
    rows = []
    for tag in tags:
        scores = tuple(next((s for s in a.languages if s.language == tag), None) for a in arms)
        found = [s for s in scores if s is not None]
        sizes = {s.n for s in found}
        values = [s.value for s in found]
        best = (max(values) if higher_is_better else min(values)) if len(values) > 1 else None
        rows.append(LanguageRow(tag, sizes.pop() if len(sizes) == 1 else None, scores, best))
    return tuple(rows)


def questions(arms: tuple[ArmVerdict, ...]) -> tuple[Question, ...]:
    """Prompts in the order in which they first appear, each with the answers of all arms."""
    asked: dict[tuple[str, str, str], list[Answer]] = {}
    for arm in arms:
        for s in arm.samples:
            right = s.answer.strip() == s.expected.strip()
            asked.setdefault((s.prompt, s.expected, s.language), []).append(Answer(arm.arm, s.answer, right))
    return tuple(Question(p, e, lang, tuple(answers)) for (p, e, lang), answers in asked.items())


def _sources(arms: tuple[ArmVerdict, ...]) -> tuple[tuple[str, str], ...]:
    """Distinct (label, source) pairs of the numbers of these arms."""
    numbers = [
        n
        for a in arms
        for n in (a.quality, a.full_cost, a.full_hours, a.pilot_cost, a.serving_per_month, a.cost_to_bar)
        if n is not None and n.source
    ]
    return tuple(sorted({(n.label, n.source) for n in numbers}))
