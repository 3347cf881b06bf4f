"""The command line in the process of the test."""

from __future__ import annotations

import sys

from dono.cli import main


def run(*arguments: str) -> int:
    """The exit code of `dono ARGUMENTS…`."""
    before, sys.argv = sys.argv, ["dono", *arguments]
    try:
        main()
    except SystemExit as stop:
        return int(str(stop.code))
    finally:
        sys.argv = before
    return 0
