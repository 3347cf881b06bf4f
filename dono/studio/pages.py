"""The environment that all pages are made in: all escaped, nothing undefined, shared words and numbers."""

from __future__ import annotations

from collections.abc import Mapping

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dono.studio import amounts, wording
from dono.studio.series import shapes

PLACES = (
    ("home", "/", "Home"), ("corpus", "/corpus", "Corpus"), ("runs", "/runs", "Runs"),
    ("verdict", "/verdict", "Verdict"), ("models", "/models", "Models"), ("playground", "/playground", "Playground"),
    ("ratings", "/manage", "Ratings"),
)  # fmt: skip
"""The studio's pages: name, address and title of each; ratings are the desk's own, for managers alone."""


def page_environment(own: Mapping[str, object]) -> Environment:
    """Templates of `dono.studio`, with the shared functions and a page's `own`."""
    environment = Environment(
        loader=PackageLoader("dono.studio"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {
        "language_name": wording.language_name,
        "language_tag": wording.language_tag,
        "direction": wording.direction,
        "day": wording.day,
        "percent": amounts.percent,
        "coded": wording.coded,
        "count": amounts.count,
        "shapes": Markup(shapes()),
        **own,
    }
    return environment
