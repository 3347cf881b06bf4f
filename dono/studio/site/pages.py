"""The environment of the studio's pages, and the ways through it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache, partial

from jinja2 import Environment
from markupsafe import Markup

from dono.decisions import METRICS
from dono.decisions.routes import short_name
from dono.studio import amounts, wording
from dono.studio.desk.access import Person
from dono.studio.pages import PLACES, page_environment
from dono.studio.picture import printable
from dono.studio.report import ends
from dono.studio.series import key


@lru_cache
def environment() -> Environment:
    """Of all pages of the studio."""
    return page_environment(
        {
            "METRICS": METRICS,
            "KINDS": wording.KINDS,
            "PLACES": PLACES,
            "money": amounts.money,
            "duration": amounts.duration,
            "compact": amounts.compact,
            "plain": amounts.plain,
            "score": amounts.score,
            "ends": partial(ends, currency=""),
            "probability": amounts.probability,
            "confidence_words": wording.confidence_words,
            "clipped": wording.clipped,
            "short_name": short_name,
            "key": lambda look: Markup(key(look)),
            "ago": ago,
            "moment": moment,
        }
    )


def render(template: str, who: Person, **fields: object) -> str:
    """A page as HTML."""
    return printable(environment().get_template(f"site/{template}.html.j2").render({"who": who, **fields}))


def ago(at: float, now: float | None = None) -> str:
    """How long ago something was, in seconds since 1970."""
    past = max(0.0, (time.time() if now is None else now) - at)
    return f"{amounts.duration(past / 3600)} ago"


def moment(when: object) -> str:
    """An ISO 8601 time as `made_by` has it: date and time, UTC; as it is where it is none."""
    try:
        return datetime.fromisoformat(str(when)).astimezone(UTC).strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return str(when)
