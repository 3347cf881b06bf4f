"""Files that hold a secret: made once, whole or not at all, readable by their owner alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from dono.errors import Mistake


def kept_secret(path: Path, make: Callable[[], bytes]) -> bytes:
    """The secret in `path`, made by `make` with mode 600 where there is none; of two that make it at once one wins.

    Raises `Mistake` where others than the owner may read it.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(partial)
        except FileExistsError:
            pass  # another process was faster: its secret holds
        finally:
            partial.unlink()
    if path.stat().st_mode & 0o077:
        raise Mistake("others may read this secret", where=str(path), remedy=f"Say `chmod 600 {path}`")
    return path.read_bytes()
