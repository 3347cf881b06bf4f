"""Files on the disk by path, pattern or directory; links that go round in circles are walked once."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from pathlib import Path

from dono.corpus.parts import unreadable


def local_files(path: str, suffixes: frozenset[str] | None = None) -> list[Path]:
    """The files that a path or a pattern names, sorted, each once though several links lead to it.

    A directory gives its files, and those of the directories in it, that end in one of `suffixes` (`.gz` and `.zst`
    left aside; None: all). What begins with a dot is left out, unless the pattern names it. Raises `Mistake` for a
    directory that may not be read.
    """
    if Path(path).is_file():  # also a name that holds a bracket
        return [Path(path)]
    if Path(path).is_dir():
        found = [f for folder in walk(Path(path)) for f in _files_in(folder) if suffixes is None or _ends(f, suffixes)]
    else:
        found = [Path(f) for f in _matching(path) if Path(f).is_file()]
    once: dict[str, Path] = {}
    for file in sorted(found):
        once.setdefault(os.path.realpath(file), file)
    return list(once.values())


def suffix_of(name: str) -> str:
    """The suffix that says what a file holds, in small letters: `.gz` and `.zst` are left aside."""
    suffixes = [s.lower() for s in Path(name).suffixes]
    return next((s for s in reversed(suffixes) if s not in (".gz", ".zst")), "")


def walk(folder: Path) -> Iterator[Path]:
    """A directory and those in it, however deep, each once: a link back to one already seen leads nowhere."""
    seen, waiting = set[str](), [folder]
    while waiting:
        here = waiting.pop()
        real = os.path.realpath(here)
        if real in seen:
            continue
        seen.add(real)
        yield here
        try:
            waiting += sorted((p for p in here.iterdir() if _seen(p) and p.is_dir()), reverse=True)
        except OSError as error:
            raise unreadable(str(here), error) from error


def _files_in(folder: Path) -> Iterator[Path]:
    return (p for p in folder.iterdir() if _seen(p) and p.is_file())


def _seen(path: Path) -> bool:
    return not path.name.startswith(".")


def _ends(path: Path, suffixes: frozenset[str]) -> bool:
    return suffix_of(path.name) in suffixes


def _matching(pattern: str) -> Iterator[str]:
    """The paths of a pattern. `**` is walked here: glob follows links in circles until a path is too long."""
    if pattern.endswith("/**"):
        pattern += "/*"
    base, found, tail = pattern.partition("/**/")
    if not found and pattern.startswith("**/"):
        base, found, tail = ".", "/**/", pattern[3:]
    if not found:
        yield from glob.glob(pattern)
        return
    for root in sorted(glob.glob(base or "/")):
        for folder in walk(Path(root)) if Path(root).is_dir() else ():
            yield from _matching(f"{glob.escape(str(folder))}/{tail}")
