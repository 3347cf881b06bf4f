"""Rows written out as text by templates: one, several of which a hash draws, in the language of the row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import regex
from jinja2 import Template, TemplateError, TemplateSyntaxError, meta
from jinja2.exceptions import SecurityError

from dono.corpus.calendar import Calendar
from dono.corpus.local_forms import LocalForms
from dono.corpus.rows import Fields, Malformed
from dono.corpus.sandbox import Sandbox
from dono.errors import Mistake
from dono.project import Source, Templates

LANGUAGE_NAMES = {
    "english": "en", "hindi": "hi", "hinglish": "hi-Latn", "tamil": "ta", "bengali": "bn", "bangla": "bn",
    "telugu": "te", "marathi": "mr", "gujarati": "gu", "kannada": "kn", "malayalam": "ml", "punjabi": "pa",
    "odia": "or", "oriya": "or", "assamese": "as", "urdu": "ur", "eng": "en", "hin": "hi", "tam": "ta", "ben": "bn",
    "tel": "te", "mar": "mr", "guj": "gu", "kan": "kn", "mal": "ml", "pan": "pa", "ori": "or", "asm": "as",
    "urd": "ur",
}  # fmt: skip
"""What tables write in a column of languages, beside codes."""
REGION_OF_LANGUAGE = regex.compile(r"[-_](?:[A-Za-z]{2}|\d{3})$")


def language_code(stated: str) -> str:
    """The code of a language as a table states it: `Hindi`, `hi_IN` and `hin` are `hi`; a code comes back as it is."""
    plain = REGION_OF_LANGUAGE.sub("", stated.strip())
    return LANGUAGE_NAMES.get(plain.lower(), plain.replace("_", "-"))


@dataclass(frozen=True)
class Choice:
    """A template, its text, and the fields without which it says nothing."""

    template: Template
    text: str
    names: frozenset[str]


class Rendering:
    """The templates of a source, ready to write its rows.

    With `fitting`, only templates all of whose fields a row has are drawn for it; else the drawn one must fit.
    Raises `Mistake` for a template that cannot be read.
    """

    def __init__(self, source: Source, *, fitting: bool = False) -> None:
        assert source.render is not None
        self.source, self.fitting = source, fitting
        self.forms = LocalForms(Calendar(source.calendar), source.dates, source.timezone)
        self.sandbox = Sandbox(self.forms.filters, self.forms.functions)
        by_language = source.render if isinstance(source.render, dict) else {"": source.render}
        self.choices = {language_code(name): self._read(name, texts) for name, texts in by_language.items()}

    def _read(self, language: str, texts: Templates) -> tuple[Choice, ...]:
        several = (texts,) if isinstance(texts, str) else texts
        where = f"corpus[{self.source.name}].render" + (f".{language}" if language else "")
        if not several:
            raise Mistake("there is no template", where=where, remedy="Write one, or leave the key out")
        return tuple(self._choice(text, where if len(several) == 1 else f"{where}[{i}]")
                     for i, text in enumerate(several))  # fmt: skip

    def _choice(self, text: str, where: str) -> Choice:
        try:
            names = meta.find_undeclared_variables(self.sandbox.parse(text)) - set(self.sandbox.globals)
            return Choice(self.sandbox.template(text), text, frozenset(names))
        except TemplateSyntaxError as error:
            raise Mistake(f"{error.message}", where=where, remedy="Mend the Jinja template") from error

    @property
    def only(self) -> bool:
        """Whether there is a single template, so that a row always gives the same text."""
        return len(self.choices) == 1 and all(len(choices) == 1 for choices in self.choices.values())

    def language(self, stated: str | None) -> str | None:
        """The language in which a row is written: the stated one, or that of the templates where they have one.

        Raises `Malformed` when no template is in it, and when templates are in several and none is stated.
        """
        if "" in self.choices:
            return stated
        if stated is None:
            if len(self.choices) > 1:
                raise Malformed("the templates are in several languages, and none is stated")
            return next(iter(self.choices))
        found = next((s for s in (stated, language_code(stated)) if s in self.choices), None)
        if found is None:
            raise Malformed("no template is in the row's language")
        return found

    def texts(self, fields: Fields, language: str | None, drawn_by: str) -> list[str]:
        """A row in `source.rendered` ways, each by another template as far as there are some.

        Templates are ranked by a hash of `drawn_by` and their text, so that the choice is the same in any order and
        process, and a new template takes over only the rows that it wins. Raises `Malformed` for a row that does not
        fit.
        """
        choices: Sequence[Choice] = self.choices.get(language or "", self.choices.get("", ()))
        if self.fitting:
            choices = [choice for choice in choices if choice.names <= fields.keys()]
            if not choices:
                raise Malformed("no template fits the fields of the row")
        drawn = ranked(choices, drawn_by, self.source.name)
        self.forms.language = language_code(language or "en")
        return [self._written(drawn[i % len(drawn)], fields) for i in range(self.source.rendered)]

    def _written(self, choice: Choice, fields: Fields) -> str:
        where = f"corpus[{self.source.name}].render"
        try:
            return self.sandbox.written(choice.template, fields)
        except SecurityError as error:
            raise Mistake(f"{error}", where=where, remedy="Use fields and filters only") from error
        except TemplateError as error:
            raise Malformed(f"the template does not fit: {error}") from error
        except Malformed:
            raise
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError) as error:
            # The message would hold the row's value, and reasons are counted.
            raise Malformed(f"the template does not fit ({type(error).__name__})") from error


def ranked(choices: Sequence[Choice], drawn_by: str, key: str) -> list[Choice]:
    """The choices in the order in which they are drawn (rendezvous hashing)."""
    if len(choices) == 1:
        return list(choices)
    salt, row = hashlib.blake2b(key.encode(), digest_size=16).digest(), drawn_by.encode("utf8", "surrogatepass")

    def rank(choice: Choice) -> bytes:
        return hashlib.blake2b(choice.text.encode() + b"\0" + row, digest_size=8, key=salt).digest()

    return sorted(choices, key=rank)


def row_key(fields: Fields) -> str:
    """A row as one text that stands for it, whatever the order of its columns."""
    return json.dumps(dict(fields), ensure_ascii=False, sort_keys=True, default=str)
