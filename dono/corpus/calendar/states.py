"""States of India: whatever a table calls one, its ISO 3166-2:IN code and its name in a language."""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from pathlib import Path

import regex
import yaml

from dono.corpus.rows import Malformed

FILE = Path(__file__).parent / "states.yaml"
LONGEST_NAME = 80
BETWEEN_WORDS = regex.compile(r"[\s_.\-]+")


@cache
def states() -> dict[str, dict[str, str]]:
    """Names of each state by language, by its code without `IN-`."""
    read = yaml.safe_load(FILE.read_text(encoding="utf8"))
    return {code: {language: name for language, name in names.items() if language != "also"}
            for code, names in read.items()}  # fmt: skip


@cache
def _codes() -> dict[str, str]:
    read = yaml.safe_load(FILE.read_text(encoding="utf8"))
    spelled = {code: code for code in read} | {f"in {code}": code for code in read}
    for code, names in read.items():
        for name in (*names.pop("also", ()), *names.values()):
            spelled[name] = code
            if len(name) == 2:
                spelled[f"in {name}"] = code
    return {_folded(name): code for name, code in spelled.items()}


def _folded(name: str) -> str:
    """Case, accents on Latin letters, spaces, dots, hyphens and underscores aside: `Tamil_Nadu`, `tamil nadu`."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not "\u0300" <= c <= "\u036f")
    return BETWEEN_WORDS.sub(" ", plain.replace("&", " and ")).strip().casefold()


def state_code(name: object) -> str | None:
    """The code of a state without `IN-`, by a code, a former code, a name in any language known here; None if unknown.

    `UT` is Uttarakhand's former code; `CH` is Chandigarh and `CG` Chhattisgarh, as ISO 3166-2 has them.
    """
    return _code_of(str(name)) if name not in (None, "") else None


@lru_cache(maxsize=1 << 12)
def _code_of(name: str) -> str | None:
    return _codes().get(_folded(name)) if len(name) <= LONGEST_NAME else None


def state_name(name: object, language: str = "en") -> str:
    """The state's name in a language; English where that is not known. Raises `Malformed` for an unknown state."""
    code = state_code(name)
    if code is None:
        raise Malformed("an unknown state")
    return states()[code].get(language, states()[code]["en"])
