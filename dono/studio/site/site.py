"""One project's studio: its file, its work folder, its desk, and who answers its prompts."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dono.errors import Mistake
from dono.project import Project, load_project
from dono.ratings import Desk, EventStore
from dono.studio.site.answering import Asked, Service
from dono.studio.site.judge import Judge
from dono.studio.site.work import WorkFolder

DATABASE = "desk/desk.sqlite"
"""In the work folder: where people and their ratings are, for `dono rate` too."""


def nothing(project: Project) -> list[str]:
    """No further needs."""
    return []


@dataclass
class Site:
    """One project's studio.

    `file` is the project file with `overrides`; `service` answers prompts, None where nobody does; `needs` says in
    words what the project's rights still need of a person.
    """

    file: Path
    overrides: Sequence[str] = ()
    service: Service | None = None
    needs: Callable[[Project], list[str]] = nothing
    asked: dict[str, Asked] = field(default_factory=dict)
    judge: Judge = field(default_factory=Judge)
    watching: int = 0
    """Pages that are kept up to date now."""
    _project: tuple[int | None, Project] | None = None
    _work: WorkFolder | None = None
    _desks: dict[Path, Desk] = field(default_factory=dict)
    _mutex: threading.Lock = field(default_factory=threading.Lock)
    _scratch: tempfile.TemporaryDirectory[str] | None = None

    def project(self) -> Project:
        """The project as its file says now; it is read again when it has changed. Raises `Mistake`."""
        stamp = self.file.stat().st_mtime_ns if self.file.is_file() else None
        if self._project is None or self._project[0] != stamp:
            self._project = stamp, load_project(self.file, self.overrides)
        return self._project[1]

    def work(self) -> WorkFolder:
        """The project's work folder. Raises `Mistake`."""
        root = self.project().work_folder
        if self._work is None or self._work.root != root:
            self._work = WorkFolder(root)
        return self._work

    def desk(self) -> Desk:
        """The rating desk of the project; an empty one that nobody is at, as long as there is no project."""
        try:
            path = self.project().work_folder / DATABASE
        except Mistake:
            self._scratch = self._scratch or tempfile.TemporaryDirectory()
            path = Path(self._scratch.name) / "desk.sqlite"
        with self._mutex:
            if path not in self._desks:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._desks[path] = Desk(EventStore(path))
            return self._desks[path]

    def close(self) -> None:
        """Let go of the databases."""
        for desk in self._desks.values():
            desk.store.close()
        if self._scratch is not None:
            self._scratch.cleanup()
