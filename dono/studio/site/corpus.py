"""The corpus: its survey within the studio, or what to do where there is none."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from dono.studio.site.access import Reader, TheSite
from dono.studio.site.pages import render
from dono.studio.survey import render_survey_body

ROUTES = APIRouter()


@ROUTES.get("/corpus")
def corpus(site: TheSite, who: Reader) -> HTMLResponse:
    """Sources and rights, languages and scripts, tokens, what was left out and why, fertility."""
    project, work = site.project(), site.work()
    survey = work.survey()
    gathered = [str(a.made_by.get("when", "")) for a in work.of("corpus")]
    page = render(
        "corpus", who, title="Corpus", here="corpus", project=project, survey=survey, file=site.file,
        body=Markup(render_survey_body(survey)) if survey else None,
        stale=survey is not None and bool(gathered) and max(gathered) > survey.created,
    )  # fmt: skip
    return HTMLResponse(page)
