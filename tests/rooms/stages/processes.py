"""Processes that tests have started, and those that these have: only they are ever killed."""

from __future__ import annotations

from pathlib import Path


def children(of: int, named: str) -> list[int]:
    """Descendants of a process in whose command this is."""
    found, pending = list[int](), [of]
    while pending:
        pid = pending.pop()
        for listed in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                pending += [int(child) for child in listed.read_text(encoding="utf8").split()]
            except OSError:  # it has ended meanwhile
                continue
        if named in _command(pid):
            found.append(pid)
    return found


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf8")
    except OSError:
        return ""
