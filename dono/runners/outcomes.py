"""What a process of a group raised, carried to whoever started the group by a file that all of them see."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from dono.artifacts import write_atomically
from dono.errors import Capped, Mistake
from dono.runners.tasks import A

RESTARTS = 8
"""How often a group begins again after one of its processes died (assumed; long runs on machines that fail)."""


@dataclass(frozen=True)
class Outcomes:
    """The outcome of one group; `key` is its name."""

    folder: Path
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / f".group-{self.key}.json"

    def member(self, work: Callable[[A], None], argument: A) -> None:
        """One process's part of the work.

        What a person can correct ends the group: it is written down, and when the others begin again they find it.
        """
        if self.path.exists():
            return
        try:
            work(argument)
        except Mistake as mistake:
            self._write(what=mistake.what, where=mistake.where, remedy=mistake.remedy)
            raise
        except Capped as capped:
            self._write(cap=capped.cap, spent=capped.spent)
            raise

    def _write(self, **told: str) -> None:
        write_atomically(self.path, json.dumps(told, ensure_ascii=False))

    def raise_what_was_raised(self) -> None:
        """In the process that started the group, once it has ended."""
        if not self.path.exists():
            return
        told = json.loads(self.path.read_text(encoding="utf8"))
        self.path.unlink()
        raise Capped(**told) if "cap" in told else Mistake(told["what"], where=told["where"], remedy=told["remedy"])
