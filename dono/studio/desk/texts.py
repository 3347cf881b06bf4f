"""Words of the raters' pages, a file of the catalogue for each language."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import yaml

CATALOGUE = Path(__file__).parent / "catalogue"
FALLBACK = "en"


@lru_cache
def catalogue() -> dict[str, dict[str, str]]:
    """Texts by language and key."""
    files = sorted(CATALOGUE.glob("*.yaml"))
    return {f.stem: yaml.safe_load(f.read_text("utf8")) for f in files}


def texts(interface: str) -> dict[str, str]:
    """The texts of a language; English where there is no such file."""
    return catalogue().get(interface, catalogue()[FALLBACK])


def names() -> dict[str, str]:
    """Languages there are, each by its own name; English first."""
    return {FALLBACK: catalogue()[FALLBACK]["name"], **{k: t["name"] for k, t in catalogue().items()}}
