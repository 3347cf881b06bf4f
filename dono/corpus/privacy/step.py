"""The step of cleaning that takes personal identifiers out."""

from __future__ import annotations

import difflib
import hashlib
import hmac
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import regex

from dono.corpus.drafts import Draft
from dono.corpus.privacy.findings import Finding, resolved
from dono.corpus.privacy.name_words import FIELDS
from dono.corpus.privacy.recognisers import RECOGNISERS, find
from dono.corpus.privacy.replacing import replaced
from dono.corpus.steps import Outcome, Step
from dono.errors import Mistake
from dono.project import Cleaning

Finder = Callable[[Sequence[str]], Sequence[Sequence[Finding]]]
"""Finds more in texts than the recognisers do, names by a model for one: the findings of each text, in order."""


FIELD = regex.compile(r"[\"']([^\"'\n\\{}]{1,40})[\"']([ ]?:)")
"""The name of a field in JSON (or in what Python prints of a dict)."""
NAMED = regex.compile(
    rf"[\"'][^\"'\n{{}}]{{0,40}}(?:{'|'.join(FIELDS)})[\"'][ ]?:[ ]?([\"'])((?:(?!\1)[^\n]){{2,80}})",
    regex.IGNORECASE,
)
"""A field whose name ends in the word for a name, and what stands in it."""


def privacy_step(settings: Cleaning, more: Finder | None = None) -> Step:
    """A step that replaces the identifiers of each draft and counts them in `found` as "pii <kind>"; it drops none.

    `more` adds findings of its own. Raises `Mistake` for an unknown kind and for surrogates without a key.
    """
    if settings.privacy == "off":
        return lambda batch: list(batch)
    kinds, key = _kinds(settings), _key(settings)
    surrogates = settings.privacy == "surrogates"

    def step(batch: Sequence[Draft]) -> list[Outcome]:
        added = more([draft.text for draft in batch]) if more else [()] * len(batch)
        return [
            _cleaned(draft, _with(find(draft.text, kinds), [f for f in extra if f.kind in kinds]), surrogates, key)
            for draft, extra in zip(batch, added, strict=True)
        ]

    return step


def row_mask(settings: Cleaning) -> Callable[[str], str]:
    """A function that takes the identifiers out of a row that is shown: a line as it is in a file, or fields as JSON.

    The names of fields are read as the words that they are: `{"account_no": 1…` says as much as "account no: 1…", and
    what stands in a field of a name is one. Raises `Mistake` as `privacy_step` does.
    """
    if settings.privacy == "off":
        return lambda row: row
    kinds, key = _kinds(settings), _key(settings)
    surrogates = settings.privacy == "surrogates"

    def mask(row: str) -> str:
        named = [Finding(*m.span(2), "name", 0, checked=True) for m in NAMED.finditer(row) if "name" in kinds]
        found = _with(find(FIELD.sub(_spoken, row), kinds), named)
        return replaced(row, found, surrogates=surrogates, key=key)

    return mask


def _spoken(field: regex.Match[str]) -> str:
    """A field's name on a line of its own, as long as it was."""
    return f"\n{field[1].replace('_', ' ')} {field[2]}"


def key_fingerprint(settings: Cleaning) -> str | None:
    """What tells the key of marks and surrogates from another one, and no more; None where there is no key.

    Raises `Mistake` where a variable is named that is not set.
    """
    key = _key(settings)
    return None if key is None else hmac.new(key, b"fingerprint", hashlib.sha256).hexdigest()[:16]


def check_key(settings: Cleaning, expected: str | None) -> None:
    """Raise `Mistake` where the key of this machine is not the one with the `expected` fingerprint.

    With another key the same identifier would get other marks here, and nobody would notice.
    """
    name = settings.privacy_key_variable
    if name is None or settings.privacy == "off":
        return
    there = bool(os.environ.get(name))
    if not there or key_fingerprint(settings) != expected:
        wrong = "holds another key" if there else "is not set"
        what = f"the environment variable {name!r} {wrong} on the machine {os.uname().nodename}"
        remedy = "Set it there as where the command is given"
        raise Mistake(what, where="cleaning.privacy_key_variable", remedy=remedy)


def _with(found: list[Finding], extra: Sequence[Finding]) -> list[Finding]:
    return resolved([*found, *extra], tuple(RECOGNISERS)) if extra else found


def _cleaned(draft: Draft, found: list[Finding], surrogates: bool, key: bytes | None) -> Draft:
    if not found:
        return draft
    counts = Counter(f"pii {one.kind}" for one in found)
    text = replaced(draft.text, found, surrogates=surrogates, key=key)
    return replace(draft, text=text, found={**draft.found, **counts})


def _kinds(settings: Cleaning) -> frozenset[str]:
    for kind in settings.privacy_kinds or ():
        if kind not in RECOGNISERS:
            near = difflib.get_close_matches(kind, RECOGNISERS, 1, 0.5)
            meant = f"Perhaps you meant {near[0]!r}" if near else f"Kinds are {', '.join(RECOGNISERS)}"
            raise Mistake(f"no kind of identifier {kind!r}", where="cleaning.privacy_kinds", remedy=meant)
    return frozenset(RECOGNISERS if settings.privacy_kinds is None else settings.privacy_kinds)


def _key(settings: Cleaning) -> bytes | None:
    """The key in the environment; a secret does not stand in the project file."""
    name = settings.privacy_key_variable
    if name is None:
        if settings.privacy == "surrogates":
            what, remedy = "surrogates need a key", "Name the environment variable that holds it"
            raise Mistake(what, where="cleaning.privacy_key_variable", remedy=remedy)
        return None
    if not os.environ.get(name):
        what = f"the environment variable {name!r} is not set"
        raise Mistake(what, where="cleaning.privacy_key_variable", remedy="Set it to a long random text")
    return os.environ[name].encode()
