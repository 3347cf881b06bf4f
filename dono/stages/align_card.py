"""The card of an aligned model: what it learned from, who said it, for what pay, and how far they agreed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from dono.artifacts import Measurement
from dono.ratings import Agreed
from dono.stages.align_data import PEOPLE
from dono.stages.align_start import Round
from dono.studio.amounts import count, duration, money


def align_card(
    round_: Round, rows: Sequence[Measurement], more: Sequence[str] = (), ancestry: Sequence[str] = ()
) -> str:
    """Markdown with the front matter that model hubs read; `more` are sections of the method."""
    languages = sorted({m.language for m in rows} - {"all", "und"})
    lines = ["---", f"language: [{', '.join(languages)}]", "library_name: transformers", "tags: [dono]", "---", ""]
    lines += [
        f"# {round_.align.name}",
        "",
        f"Made by `dono align` from {round_.start.speaker.name}: {_how(round_)}.",
        "",
    ]
    lines += [
        "## Quality",
        "",
        "| metric | language | when | value | standard error | n |",
        "|---|---|---|---|---|---|",
    ]
    lines += [f"| {m.metric} | {m.language} | {m.split} | {m.value:.4f} | {m.stderr:.4f} | {m.n} |" for m in rows]
    lines += ["", *more, *people_section(round_), "## Ancestry", "", "```", *ancestry, "```", ""]
    return "\n".join(lines)


def _how(round_: Round) -> str:
    learned = {k: round_.count(f"{k}_learned") for k in ("pairs", "thumbs")} if round_.preferences else {}
    said = " and ".join(f"{count(n)} {kind}" for kind, n in learned.items() if n)
    judge = f"reward `{round_.align.reward}`" if round_.align.reward else said
    return f"{round_.method.upper()}, {judge}"


def people_section(round_: Round) -> list[str]:
    """How many people, hours, pay and agreement; and what blind raters said of the models that they compared."""
    if round_.preferences is None:
        return ["## People", "", "No rating: the reward is computed.", ""]
    desks = json.loads((round_.preferences.path / PEOPLE).read_text(encoding="utf8"))
    if not desks:
        return ["## People", "", "The preferences came as files: nothing is known of who gave them.", ""]
    lines = ["## People", ""]
    for desk in desks:
        lines += [f"{_worked(desk)} {' '.join(_agreed(Agreed(**a)) for a in desk['agreement'])}", ""]
        lines += [_won(w) for w in desk["wins"]]
    return [*lines, *([""] if lines[-1] else [])]


def _worked(desk: Mapping[str, Any]) -> str:
    said = f"Desk {desk['desk']}: {count(desk['raters'])} people gave {count(desk['ratings'])} ratings in "
    said += f"{duration(desk['hours'])} and earned {money(desk['pay'], desk['currency'])}"
    if desk["hours"] and desk["pay"]:
        said += f" ({money(desk['pay'] / desk['hours'], desk['currency'])} an hour)"
    left_out = f"; ratings of {desk['left_out']} who could not be believed are left out" if desk["left_out"] else ""
    return f"{said}{left_out}."


def _agreed(a: Agreed) -> str:
    if a.value is None:
        return f"Krippendorff's alpha, {a.kind}: undefined ({a.why})."
    between = "" if a.lo is None else f" (95 %: {a.lo:.2f} to {a.hi:.2f})"
    return f"Krippendorff's alpha, {a.kind}: {a.value:.3f}{between}."


def _won(w: Mapping[str, Any]) -> str:
    between = "one rater: no interval" if w["lo"] is None else f"95 %: {w['lo']:.0%} to {w['hi']:.0%}"
    return (
        f"- Shown blind, {w['first']} wins {w['wins']:.0%} against {w['second']} ({between}; {w['ratings']} ratings)."
    )
