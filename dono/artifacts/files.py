"""Writing files so that a reader sees the old one or the new one, never a half."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from pathlib import Path

from dono.errors import Mistake


def write_atomically(path: Path, text: str) -> None:
    """Write `text` beside `path`, flush it to the disk, then rename it over `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")  # processes of two machines may share a number
    try:
        with partial.open("w", encoding="utf8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise disk_mistake(error, path) from error


def disk_mistake(error: OSError, path: Path) -> Exception:
    """A full disk said as a person's mistake; any other OS error is returned as it is."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return error
    free = shutil.disk_usage(path.parent if path.parent.exists() else path.anchor).free
    return Mistake(
        f"no space left on the disk ({free / 1e6:.0f} MB free)",
        where=str(path),
        remedy="Free some space and run the same command again; what was finished is kept",
    )
