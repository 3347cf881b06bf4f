"""The page of all runs: what is learning now, curves, what was spent, comparison, stop and go on, answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markupsafe import Markup

from dono.errors import Mistake
from dono.studio.desk.access import Person
from dono.studio.run_curves import draw_runs
from dono.studio.site import commands
from dono.studio.site.access import Form, Owner, Reader, TheSite
from dono.studio.site.learning import answered, groups, looks_of, runs_of, shown_score
from dono.studio.site.pages import environment, render
from dono.studio.site.site import Site
from dono.studio.site.work import gone

ROUTES = APIRouter(prefix="/runs")
Compared = Annotated[list[str], Query(default_factory=list)]
"""Keys of the runs that are set beside one another; none: all of them."""
MOST = 400
"""Runs in the table."""


def now_of(site: Site, compare: list[str]) -> Mapping[str, object]:
    """All that changes while something learns."""
    project, work = site.project(), site.work()
    runs = runs_of(work, project)
    looks = looks_of(runs)
    chosen = [r for r in runs if r.key in compare]
    shown = groups(chosen or runs, looks)
    pictures = [
        (g, Markup(draw_runs(g.lines, f"{g.learns}: {g.unit}", g.unit, f"group-{i}"))) for i, g in enumerate(shown)
    ]
    return {
        "project": project, "runs": runs[:MOST], "more": max(0, len(runs) - MOST), "looks": looks,
        "pictures": pictures, "holder": work.holder(), "progress": work.progress(), "going": commands.to_go_on(work),
        "said": commands.last_lines(work), "compare": compare, "chosen": chosen, "score_of": shown_score,
        "starts": starts(site),
    }  # fmt: skip


def starts(site: Site) -> list[tuple[str, str]]:
    """Commands that may be started now, and what each does."""
    work = site.work()
    found = [("prepare", "Gather the corpus and write its survey")]
    found.append(("decide", "Run the pilots and judge" if work.judged() is None else "Judge again"))
    if work.judged() is not None:
        found.append(("build", "Build what the verdict names"))
    return found


def fragment(site: Site, who: Person, compare: list[str]) -> str:
    """The live part of the page as HTML."""
    return environment().get_template("site/runs_now.html.j2").render({"who": who, **now_of(site, compare)})


@ROUTES.get("")
def page(site: TheSite, who: Reader, compare: Compared) -> HTMLResponse:
    """Everything that has learned, is learning or was stopped."""
    seen = site.work().stamp()  # before the rest is read: what changes meanwhile is sent again
    now = now_of(site, compare)
    shown = answered(site.work(), [r for r in runs_of(site.work(), site.project()) if not r.full])
    html = render("runs", who, title="Runs", here="runs", answered=shown, seen=seen, **now)
    return HTMLResponse(html)


@ROUTES.post("/stop")
def stop(site: TheSite, who: Owner, form: Form) -> Response:
    """Ask what works to save and stop."""
    commands.stop(site.work(), int(form.get("pid", "0")) if form.get("pid", "").isdigit() else 0)
    return RedirectResponse("/runs", 303)


@ROUTES.post("/start")
def start(site: TheSite, who: Owner, form: Form) -> Response:
    """Start a command on this project."""
    command = [form.get("command", ""), str(site.file.resolve()), *site.overrides]
    commands.start(site.work(), command, site.file.resolve().parent)
    return RedirectResponse("/runs", 303)


@ROUTES.post("/go-on")
def go_on(site: TheSite, who: Owner, form: Form) -> Response:
    """Give the command again that was stopped."""
    holder = commands.to_go_on(site.work())
    if holder is None:
        raise Mistake("nothing was stopped that could go on", where="the form", remedy="Look at the page again")
    commands.start(site.work(), holder.command, Path(holder.folder))
    return RedirectResponse("/runs", 303)


@ROUTES.get("/{kind}/{id_}")
def run(site: TheSite, who: Reader, kind: str, id_: str) -> HTMLResponse:
    """One run: its curve, what it measured and answered, and what was asked of it."""
    project, work = site.project(), site.work()
    runs = runs_of(work, project)
    found = next((r for r in runs if r.key == f"{kind}/{id_}"), None)
    if found is None:
        raise gone("run", id_)
    looks = looks_of(runs)
    shown = groups([found], looks)
    picture = Markup(draw_runs(shown[0].lines, found.name, shown[0].unit, "curve-of")) if shown else None
    html = render(
        "run", who, title=found.name, here="runs", project=project, run=found, looks=looks, picture=picture,
        rows=work.measurements(found.artifact), samples=work.samples(found.artifact), score_of=shown_score,
    )  # fmt: skip
    return HTMLResponse(html)
