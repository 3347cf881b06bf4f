"""Checkpoints behind a URL: any that fsspec opens (s3://, gs://, file://), where the disk of a machine may be lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
from torch.distributed import checkpoint

from dono.artifacts import write_atomically
from dono.errors import Mistake

AT = "state.at"
"""In a run's folder: the URL under which its checkpoints lie."""
TOLD = "counters.json"
"""What is told of a checkpoint, written last: one without it was never finished."""


@dataclass(frozen=True)
class Kept:
    """A finished checkpoint behind a URL."""

    url: str
    told: str


@dataclass(frozen=True)
class Shelf:
    """The checkpoints of one run, each in a folder of its own named by its step: objects cannot be renamed as one."""

    url: str

    @classmethod
    def of(cls, folder: Path) -> Shelf | None:
        """The one that a run's folder names, if it does."""
        at = folder / AT
        return cls(at.read_text(encoding="utf8")) if at.is_file() else None

    @classmethod
    def take(cls, folder: Path, under: str) -> None:
        """From here on the checkpoints of the run in `folder` lie in a place of their own under this URL."""
        if not (folder / AT).is_file():
            write_atomically(folder / AT, f"{under.rstrip('/')}/{folder.parent.name}/{folder.name}")

    def _open(self) -> tuple[Any, str]:
        files, root = fsspec.core.url_to_fs(self.url)
        files.invalidate_cache()  # other processes write here
        return files, root

    def at(self, step: int) -> str:
        """Where the checkpoint of a step lies."""
        return f"{self.url}/{step:012d}"

    def latest(self) -> Kept | None:
        """The last one that was finished. Raises `Mistake` where the URL cannot be read."""
        with self.reached():
            files, root = self._open()
            for path in sorted(files.glob(f"{root}/*/{TOLD}"), reverse=True):
                return Kept(f"{self.url}/{path.rsplit('/', 2)[-2]}", files.cat_file(path).decode())
        return None

    def finish(self, step: int, told: Mapping[str, object]) -> None:
        """Say that the checkpoint of a step is whole, then remove those before it."""
        files, root = self._open()
        files.pipe_file(f"{root}/{step:012d}/{TOLD}", json.dumps(told).encode())
        for path in files.ls(root, detail=False):
            if path.rstrip("/").rsplit("/", 1)[-1] != f"{step:012d}":
                files.rm(path, recursive=True)

    def clear(self) -> None:
        """Remove all of them."""
        with self.reached():
            files, root = self._open()
            if files.exists(root):
                files.rm(root, recursive=True)

    @contextmanager
    def reached(self) -> Iterator[None]:
        """Errors of the store behind the URL as `Mistake`."""
        try:
            yield
        except checkpoint.CheckpointException as error:
            first = next(iter(error.failures.values()))[0] if error.failures else error
            raise self._unreachable(first) from error
        except Exception as error:  # every store has errors of its own
            raise self._unreachable(error) from error

    def _unreachable(self, error: BaseException) -> Mistake:
        what = f"the checkpoints cannot be kept there ({str(error).splitlines()[0][:200] or type(error).__name__})"
        remedy = "Correct training.checkpoints or its access, and run the same command again; what was saved is kept"
        return Mistake(what, where=self.url, remedy=remedy)
