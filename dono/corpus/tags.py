"""Names and codes of languages: tags of ours (`hi`, `hi-Latn`), ISO 639-3 with a script (`hin_Deva`), English names."""

from __future__ import annotations

import difflib
from functools import cache

import regex
from babel import Locale

from dono.errors import Mistake

LONG = {
    "asm": "as", "ben": "bn", "eng": "en", "guj": "gu", "hin": "hi", "kan": "kn", "kas": "ks", "mal": "ml",
    "mar": "mr", "npi": "ne", "nep": "ne", "ory": "or", "ori": "or", "pan": "pa", "san": "sa", "sin": "si",
    "snd": "sd", "tam": "ta", "tel": "te", "urd": "ur", "gom": "kok",
}  # fmt: skip
"""ISO 639-3 codes of South Asia that have one of two letters (gom: Goan Konkani, which we call by its group)."""
SCRIPT_OF = {
    "as": "Beng", "bn": "Beng", "brx": "Deva", "doi": "Deva", "en": "Latn", "gu": "Gujr", "hi": "Deva", "kn": "Knda",
    "kok": "Deva", "ks": "Arab", "mai": "Deva", "ml": "Mlym", "mni": "Mtei", "mr": "Deva", "ne": "Deva", "or": "Orya",
    "pa": "Guru", "sa": "Deva", "sat": "Olck", "sd": "Arab", "si": "Sinh", "ta": "Taml", "te": "Telu", "ur": "Arab",
}  # fmt: skip
"""The script that a tag without one means (CLDR's likely subtags)."""
ALSO_IN = {
    "kok": "Knda Mlym", "ks": "Deva", "mni": "Beng", "pa": "Arab",
    "sa": "Beng Guru Gujr Orya Taml Telu Knda Mlym", "sat": "Deva Beng Orya", "sd": "Deva",
}  # fmt: skip
"""Scripts in which a language is written too, so that a text under a tag without one may be in any. Some are
official (Manipuri in Bengali letters, Sindhi and Kashmiri in Devanagari), some a neighbour's (Punjabi in Pakistan)."""
BESIDE = {
    "bgc": "Haryanvi", "brx": "Bodo", "gbm": "Garhwali", "gon": "Gondi", "grt": "Garo", "hne": "Chhattisgarhi",
    "hoc": "Ho", "kfy": "Kumaoni", "kok": "Konkani", "kru": "Kurukh", "lus": "Mizo", "mtr": "Mewari", "mwr": "Marwari",
    "raj": "Rajasthani", "sck": "Sadri", "tcy": "Tulu", "trp": "Kok Borok", "und": "unknown",
}  # fmt: skip
"""Languages of India that CLDR has no English name for, or another than ours."""
TAG = regex.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_][A-Za-z0-9]{2,8})*")
UNSURE = ("und", "mul", "zxx")


@cache
def _names() -> dict[str, str]:
    """English names by code (CLDR)."""
    return dict(Locale("en").languages) | BESIDE


def language_name(tag: str) -> str | None:
    """The English name of a tag's language; None where no such language is known."""
    found = TAG.fullmatch(tag)
    return None if found is None else _names().get(found[1].lower())


def language_tag(stated: str) -> str | None:
    """Our tag for a code or an English name: `hin_Deva`, `hi` and `Hindi` are `hi`, `hin_Latn` is `hi-Latn`.

    None where no such language is known.
    """
    text = stated.strip()
    by_name = {name.lower(): code for code, name in reversed(_names().items()) if TAG.fullmatch(code)}
    if text.lower() in by_name:
        return by_name[text.lower()]
    found = TAG.fullmatch(text)
    if found is None:
        return None
    code = LONG.get(found[1].lower(), found[1].lower())
    if code not in _names():
        return None
    script = (found[2] or "").title()
    return f"{code}-{script}" if script and script != SCRIPT_OF.get(code) else code


def check_language(tag: str, *, where: str) -> None:
    """Raise `Mistake` for a code of no language that is known."""
    if tag in UNSURE or language_name(tag) is not None:
        return
    near = difflib.get_close_matches(tag.lower(), [*SCRIPT_OF, *_names().values()], n=1, cutoff=0.5)
    remedy = f"Did you mean {near[0]!r}?" if near else "Use a code of ISO 639, like hi, ta or hi-Latn"
    raise Mistake(f"no language has the code {tag!r}", where=where, remedy=remedy)
