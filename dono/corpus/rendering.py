"""Rows written out as text by a person's template, and rows of a group joined in order into one document."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from dono.corpus.rows import Fields, Malformed
from dono.errors import Mistake
from dono.project import Source


def renderer(source: Source) -> Callable[[Fields], str]:
    """The source's `render` template as a function of a row's fields: sandboxed, unknown fields refused.

    Raises `Mistake` for a template that cannot be read; the function raises `Malformed` for a row that does not fit.
    """
    assert source.render is not None
    where = f"corpus[{source.name}].render"
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=False)
    try:
        template = environment.from_string(source.render)
    except TemplateSyntaxError as error:
        raise Mistake(f"{error.message}", where=where, remedy="Mend the Jinja template") from error

    def render(fields: Fields) -> str:
        try:
            return template.render(fields)
        except SecurityError as error:
            raise Mistake(f"{error}", where=where, remedy="Use fields and filters only") from error
        except TemplateError as error:
            raise Malformed(f"the template does not fit: {error}") from error
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
            # The message would hold the row's value, and reasons are counted.
            raise Malformed(f"the template does not fit ({type(error).__name__})") from error

    return render


def sortable(value: object) -> str | float | None:
    """A value by which rows are put in order: numbers (written as text too) before texts, dates as ISO text."""
    if value is None or isinstance(value, float) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    text = value.isoformat() if hasattr(value, "isoformat") else str(value).encode("utf8", "replace").decode()
    try:
        return float(text)
    except ValueError:
        return text


INSERT = "INSERT INTO rows (key, rank, text, language, file, line) VALUES (?, ?, ?, ?, ?, ?)"


class Groups:
    """Rows of a source gathered by group, on disk: a source may be larger than memory and its groups scattered."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self.path, self.database = path, sqlite3.connect(path, isolation_level=None)
        self.database.execute("PRAGMA journal_mode = OFF")
        self.database.execute("PRAGMA synchronous = OFF")
        self.database.execute(
            "CREATE TABLE rows (key TEXT, rank, number INTEGER PRIMARY KEY, text, language, file, line)"
        )
        self.database.execute("BEGIN")

    def add(self, key: str, rank: object, text: str, language: str | None, file: str, line: int) -> None:
        """One more row; rows of equal rank keep the order in which they came."""
        row = (key, sortable(rank), text, language, file, line)
        try:
            self.database.execute(INSERT, row)
        except sqlite3.OperationalError as error:  # SQLite does not pass the system's error on
            raise OSError(errno.ENOSPC, str(error)) if "full" in str(error) else error from error

    def documents(self) -> Iterator[tuple[str, str, str | None, str, int]]:
        """Key, joined text, language, file and line of the first row of each group, by key; the database is removed."""
        with closing(self.database):
            found = self.database.execute("SELECT key, text, language, file, line FROM rows ORDER BY key, rank, number")
            for key, group in groupby(found, key=itemgetter(0)):
                rows = list(group)
                yield key, "\n".join(row[1] for row in rows), *rows[0][2:]
        self.path.unlink()
