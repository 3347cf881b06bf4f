"""The verdict: the report within the studio; judged again with budget, data, traffic, horizon or a bar moved."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from dono.decisions import METRICS, Grounds, Moves, Verdict
from dono.decisions.routes import short_name
from dono.decisions.spending import summed
from dono.errors import Mistake
from dono.studio import wording
from dono.studio.amounts import money
from dono.studio.report import render_body, render_details
from dono.studio.site.access import Reader, TheSite
from dono.studio.site.pages import environment, render
from dono.studio.site.site import Site
from dono.studio.site.work import Judged, gone

ROUTES = APIRouter()
DETAILS = "/verdict/details/"
"""Where all answers and pilots of a use case are: they are half of what a report weighs."""
DATA_FROM, DATA_TO = 0.125, 8.0
"""Sizes of the full run that are looked at, in times the plan's (assumed: beyond them it would be another project)."""
LARGEST = 1e15


@dataclass(frozen=True)
class Knob:
    """One thing that can be moved: the form's field, its label and unit, its value in the plan and as it is moved."""

    name: str
    label: str
    unit: str
    plan: float | None
    value: float | None
    low: float = 0.0
    high: float = LARGEST
    note: str = ""

    @property
    def moved(self) -> bool:
        """Whether it stands elsewhere than in the plan."""
        return self.value != self.plan


def knobs(grounds: Grounds, asked: Mapping[str, str]) -> list[Knob]:
    """All that can be moved, as the form has them. Raises `Mistake` for what is no number, or out of bounds."""
    serving = [e for of in grounds.evidence.values() for e in of if e.serving_per_month is not None]
    traffic = next((q.traffic for q in grounds.questions.values() if q.traffic), None)
    rows = [
        ("money", "Budget of the full runs", grounds.currency, grounds.money, 0.0, LARGEST, "empty: no cap in money"),
        ("hours", "Time of the full runs", "hours", grounds.hours, 0.0, LARGEST, "empty: no cap in time"),
        ("data", "Text and examples", "times the plan's", 1.0, DATA_FROM, DATA_TO, ""),
    ]
    if traffic is not None:
        rows.append(("traffic", "Traffic", "requests a day", traffic, 0.0, LARGEST, ""))
    if serving:
        rows.append(("months", "Horizon", "months of serving", serving[0].serving_months, 0.0, 1200.0, ""))
    for question in grounds.questions.values():
        metric = METRICS[question.metric]
        rows.append((f"bar.{question.name}", f"Bar of {question.name}", metric.label, question.bar, -LARGEST, LARGEST,
                     "empty: no bar"))  # fmt: skip
    return [_knob(row, asked) for row in rows]


def _knob(row: tuple[str, str, str, float | None, float, float, str], asked: Mapping[str, str]) -> Knob:
    name, label, unit, plan, low, high, note = row
    text = asked.get(name)
    value = (
        plan if text is None or (not text.strip() and name in ("data", "traffic", "months")) else _number(text, label)
    )
    if value is not None and not low <= value <= high:
        raise Mistake(f"{value:g} is out of bounds", where=label, remedy=f"Give a number from {low:g} to {high:g}")
    return Knob(name, label, unit, plan, value, low, high, note)


def _number(text: str, where: str) -> float | None:
    """A number as people write it; None for nothing."""
    if not text.strip():
        return None
    try:
        value = float(text.replace(",", "").replace("_", "").strip())
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise Mistake(f"{text[:40]!r} is no number", where=where, remedy="Give a number, or nothing")
    return value


def moves_of(found: list[Knob]) -> Moves:
    """What was moved."""
    at = {k.name: k.value for k in found if k.moved}
    endless = {k.name: math.inf for k in found if k.moved and k.value is None and k.name in ("money", "hours")}
    at |= endless
    return Moves(
        money=at.get("money"), hours=at.get("hours"), data=at.get("data") or 1.0, traffic=at.get("traffic"),
        months=at.get("months"), bars={n.removeprefix("bar."): v for n, v in at.items() if n.startswith("bar.")},
    )  # fmt: skip


def differences(before: Verdict, after: Verdict) -> list[str]:
    """What the moves changed: the plan of each use case and its answer, in words; what stayed is not said."""
    then, now = ({(i.use_case, i.language): i.arm for i in v.portfolio} for v in (before, after))
    found = []
    for key in dict.fromkeys([*then, *now]):
        if then.get(key) != now.get(key):
            name = key[0] if key[1] is None else f"{key[0]} in {wording.language_name(key[1])}"
            found.append(f"{name}: {_arm(then.get(key))} becomes {_arm(now.get(key))} in the plan.")
    was, is_now = _total(before), _total(after)
    if found or not math.isclose(was, is_now, rel_tol=1e-3):
        found.append(
            f"The plan costs {money(is_now, after.currency)} in all, as it stands {money(was, after.currency)}."
        )
    earlier = {case.use_case: case.winner for case in before.use_cases}
    for case in after.use_cases:
        if earlier.get(case.use_case) != case.winner:
            found.append(f"{case.use_case}: the answer was {_answer(earlier.get(case.use_case))}, "
                         f"and is {_answer(case.winner)}.")  # fmt: skip
    return found


def _total(verdict: Verdict) -> float:
    """All that the plan costs once; the machines alone where nothing else is counted."""
    parts = verdict.portfolio_parts
    return (summed(parts, verdict.currency) if parts else verdict.portfolio_cost).value


def _arm(arm: str | None) -> str:
    return "nothing" if arm is None else short_name(arm)


def _answer(winner: str | None) -> str:
    return "too close to call" if winner is None else short_name(winner)


def _body(verdict: Verdict) -> Markup:
    return Markup(render_body(verdict, details_at=DETAILS))


def _shown(site: Site, judged: Judged, asked: Mapping[str, str]) -> dict[str, object]:
    """The verdict as the form asks for it, with what that changes."""
    if judged.grounds is None:
        return {"knobs": [], "moved": False, "body": _body(judged.verdict), "changes": []}
    found = knobs(judged.grounds, asked)
    moved = any(k.moved for k in found)
    verdict = site.judge.again(judged, moves_of(found)) if moved else judged.verdict
    changes = differences(judged.verdict, verdict) if moved else []
    return {"knobs": found, "moved": moved, "body": _body(verdict), "changes": changes}


@ROUTES.get("/verdict")
def verdict(request: Request, site: TheSite, who: Reader) -> HTMLResponse:
    """The report with what can be moved above it."""
    project, judged = site.project(), site.work().judged()
    said = ""
    shown: dict[str, object] = {"knobs": [], "moved": False, "body": None, "changes": []}
    if judged is not None:
        try:
            shown = _shown(site, judged, dict(request.query_params))
        except Mistake as mistake:
            said, shown = str(mistake), _shown(site, judged, {})
    words = wording.glossary(Markup(shown["body"] or "").striptags())
    page = render(
        "verdict", who, title="Verdict", here="verdict", project=project, judged=judged, said=said, file=site.file,
        glossary=words, **shown,
    )  # fmt: skip
    return HTMLResponse(page, 422 if said else 200)


@ROUTES.get("/verdict/moved")
def moved(request: Request, site: TheSite, who: Reader) -> HTMLResponse:
    """The part of the page that follows what is moved."""
    judged = site.work().judged()
    said, shown = "There is no verdict any more.", None
    if judged is not None:
        try:
            said, shown = "", _shown(site, judged, dict(request.query_params))
        except Mistake as mistake:
            said = str(mistake)
    template = environment().get_template("site/verdict_moved.html.j2")
    return HTMLResponse(template.render(said=said, **(shown or {"body": None, "changes": [], "moved": False})),
                        200 if shown else 422)  # fmt: skip


@ROUTES.get("/verdict/details/{use_case}")
def details(use_case: str, site: TheSite, who: Reader) -> HTMLResponse:
    """All prompts of a use case with the answers of its routes, and every pilot."""
    judged = site.work().judged()
    case = next((c for c in judged.verdict.use_cases if c.use_case == use_case), None) if judged else None
    if judged is None or case is None:
        raise gone("verdict", use_case)
    page = render(
        "details", who, title=f"{case.use_case} in detail", here="verdict", project=site.project(),
        details=Markup(render_details(judged.verdict, case)),
    )  # fmt: skip
    return HTMLResponse(page)
