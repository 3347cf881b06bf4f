"""Values that a file of settings takes from the environment, so that no password stands in it."""

from __future__ import annotations

import os

import regex

from dono.errors import Mistake

ENVIRONMENT = regex.compile(r"\$\{(\w+)\}")
"""A value that is taken from the environment: ${NAME}."""


def from_environment(value: str, where: str) -> str:
    """The value with each ${NAME} filled in. Raises `Mistake` at `where` for one that is not there."""

    def found(match: regex.Match[str]) -> str:
        if match[1] not in os.environ:
            what = f"the environment has no {match[1]}"
            raise Mistake(what, where=where, remedy=f"Set it: export {match[1]}=…")
        return os.environ[match[1]]

    return ENVIRONMENT.sub(found, value)
