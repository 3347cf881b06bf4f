"""What a person sees while Dono works: what is done, what it is doing, how long yet, what was spent."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from dono.artifacts import write_atomically
from dono.errors import Mistake

QUIET_SECONDS = 10.0
"""Without a terminal (a log file, CI) a line of progress at most this often."""
TOLD_SECONDS = 1.0
"""How often `Display.beside` is written at most."""
PROGRESS = "progress.json"
LATE = "longer than planned"


class Display:
    """Progress on a terminal as a live bar, elsewhere as plain lines. `beside`: a file that tells it to who looks."""

    def __init__(self, console: Console | None = None, beside: Path | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False)
        self.live, self.beside = self.console.is_terminal, beside
        self._printed = self._told = 0.0

    def say(self, text: str) -> None:
        """One line that stays."""
        self.console.print(text, markup=False, soft_wrap=True)

    @contextmanager
    def task(self, title: str, total: float) -> Iterator[TaskView]:
        """A piece of work with a known size; the view is told how far it is."""
        if not self.live:
            self.say(title)
            yield TaskView(self, title, total, None)
            return
        columns = (
            TextColumn("{task.description}"), BarColumn(bar_width=24), TextColumn("{task.percentage:>3.0f}%"),
            TimeElapsedColumn(), TextColumn("ETA"), TimeRemainingColumn(), TextColumn("{task.fields[note]}"),
        )  # fmt: skip
        with Progress(*columns, console=self.console, transient=True) as bar:
            yield TaskView(self, title, total, bar)
        self.say(f"{title}: done")

    def plain(self, text: str) -> None:
        """A passing line, at most every `QUIET_SECONDS`."""
        now = time.monotonic()
        if now - self._printed >= QUIET_SECONDS:
            self._printed = now
            self.say(text)

    def tell(self, title: str, done: float, total: float, elapsed: float, note: str) -> None:
        """How far the work is, for others to see: at most every `TOLD_SECONDS`, and never in its way."""
        now = time.monotonic()
        if self.beside is None or now - self._told < TOLD_SECONDS:
            return
        self._told = now
        told = {"title": title, "done": done, "total": total, "elapsed": elapsed, "note": note, "at": time.time()}
        try:
            write_atomically(self.beside, json.dumps(told, ensure_ascii=False))
        except (OSError, Mistake):
            self.beside = None  # a full disk is said where the work itself meets it


class TaskView:
    """How far one piece of work is."""

    def __init__(self, display: Display, title: str, total: float, bar: Progress | None) -> None:
        self.display, self.title, self.total, self.bar = display, title, max(total, 1e-9), bar
        self.began, self.done = time.monotonic(), 0.0
        self.id = bar.add_task(title, total=self.total, note="") if bar is not None else None

    def note(self, note: str) -> None:
        """Still at it: the time since the beginning counts as what is done, of a total in seconds."""
        self.at(time.monotonic() - self.began, note)

    def at(self, done: float, note: str = "") -> None:
        """So much of the total is done."""
        self.done = done
        self.display.tell(self.title, done, self.total, time.monotonic() - self.began, note)
        if self.bar is not None and self.id is not None:
            late = f"{LATE} · " if done > self.total else ""
            self.bar.update(self.id, completed=min(done, self.total), note=late + note)
            return
        elapsed = time.monotonic() - self.began
        eta = elapsed * (self.total - done) / done if done > 0 else float("nan")
        share, left = min(1.0, done / self.total), LATE if done > self.total else f"{clock(eta)} to go"
        self.display.plain(f"  {self.title}: {share:4.0%}, {clock(elapsed)} elapsed, {left} {note}".rstrip())


def clock(seconds: float) -> str:
    """Seconds as m:ss or h:mm:ss; `?` where unknown."""
    if seconds != seconds or seconds < 0:
        return "?"
    whole = int(seconds)
    return (
        f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
        if whole >= 3600
        else f"{whole // 60}:{whole % 60:02d}"
    )


def print_result(text: str) -> None:
    """A result goes to standard output; progress goes to standard error."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
