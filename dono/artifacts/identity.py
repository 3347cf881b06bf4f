"""Identity: the hash of what was asked. Machine facts and clocks are never part of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

Json = str | int | float | bool | None | list["Json"] | tuple["Json", ...] | Mapping[str, "Json"]


def identity(spec: Mapping[str, Json]) -> str:
    """16 hexadecimal digits of the SHA-256 of the canonical JSON of `spec` (sorted keys, no spaces, UTF-8)."""
    text = json.dumps(spec, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def fingerprint(path: Path) -> str:
    """16 hexadecimal digits of the SHA-256 of a file's bytes, or of a directory's files with their names."""
    digest = hashlib.sha256()
    files = (
        [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
    )
    for file in files:
        digest.update(file.name.encode() + b"\0")
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:16]


def drift(old: Mapping[str, Json], new: Mapping[str, Json], at: str = "") -> list[str]:
    """The fields in which two specs differ, each as `path: old → new`."""
    found: list[str] = []
    for key in sorted({*old, *new}):
        here, a, b = f"{at}{key}", old.get(key), new.get(key)
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            found += drift(a, b, f"{here}.")
        elif a != b:
            found.append(f"{here}: {a!r} → {b!r}")
    return found
