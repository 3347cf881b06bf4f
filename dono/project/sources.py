"""The sources of the corpus: where each lies, what its kind needs, how its rows become text."""

from __future__ import annotations

import codecs
import datetime as dt
from typing import Literal
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import regex
from pydantic import Field, field_validator, model_validator

from dono.project.environment import ENVIRONMENT
from dono.project.rights import Rights
from dono.project.sections import Section

DateOrder = Literal["day", "month", "refuse"]
"""What comes first in a date like 03/04/2025; `refuse`: a date that could be read both ways is set aside."""

CHATS = ("whatsapp", "telegram", "slack")
"""Kinds of sources that are exports of chats."""
OF_KINDS = {"query": ("sql",), "table": ("sql",), "unique_key": ("sql",), "config": ("huggingface",),
            "split": ("huggingface",), "revision": ("huggingface",), "assistant": CHATS,
            "encoding": ("text", "jsonl", "csv", "whatsapp", "telegram"),
            "silence_hours": CHATS}  # fmt: skip
"""Keys of a source that only some kinds have."""
USER_INFO = regex.compile(r"[\w+.-]+://[^:/]*(?::(?P<password>[^@]*))?@")
"""User and password of a URL, as SQLAlchemy reads them."""
SECRET = ("pass", "pwd", "token", "secret")
"""What the names of settings that hold a secret contain."""


class CalendarDay(Section):
    """A day of a person's own calendar: a feast and holiday in a state (by any name or code), or everywhere."""

    date: dt.date
    name: str = Field(min_length=1)
    state: str | None = None


Templates = str | tuple[str, ...]


Privacy = Literal["off", "placeholders", "surrogates"]
"""What becomes of personal identifiers: they stay, become <MOBILE_1>, or become others of the same form."""


class Source(Section):
    """One source of the corpus. `path` is a file, a glob, a directory, a zip archive or a URL; else relative to the
    project file. Of kind `sql` it is SQLAlchemy's URL, of kind `huggingface` a directory or `organisation/name`.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    kind: str = "text"
    path: str
    text: str | None = None
    language: str | None = None
    language_column: str | None = None
    unit: Literal["line", "file"] = "line"
    key: str | None = None
    """The column that says whose row it is; a person's rows are held out together and forgotten together."""
    group_by: str | None = None
    order_by: str | None = None
    markup: Literal["html"] | None = None
    """What the texts hold, where it is stated."""
    render: Templates | dict[str, Templates] | None = None
    """Jinja templates of a row: one, several, or by language; of several a hash of the row draws one."""
    rendered: int = Field(default=1, ge=1)
    """In how many ways each row (or group) is written, each by another template as far as there are some."""
    vary: Literal["row", "group"] = "row"
    """Whether each row draws its template, or the rows of a group share one."""
    schema_name: str | None = Field(default=None, alias="schema")
    """A ready-made schema of a kind of record, e.g. telco.recharge: columns, groups, order and templates."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Which columns are the schema's own ones, where their names are not known to it, e.g. {amount: col_17}."""
    dates: DateOrder = "day"
    timezone: str = "Asia/Kolkata"
    """In which clock moments with a zone (and seconds since 1970) are written."""
    region_column: str | None = None
    """The column of the state in which a row happened."""
    period_column: str | None = None
    """The column of the date at which a row happened."""
    calendar: tuple[CalendarDay, ...] = ()
    """Own days beside the festivals of India; the project's where none are given."""
    rights: Rights | None = None
    privacy: Privacy | None = None
    """What becomes of personal identifiers; without it what `cleaning.privacy` says, and nothing where the rights say
    that no personal data is in it: characters of a novel are no persons."""
    encoding: str | None = None
    """Encoding of the files where it is not UTF-8, e.g. cp1252; without it only a certain one is taken for granted."""
    members: str | None = None
    """Pattern of the members of a zip archive that are read; without it those that end as the kind's files do."""
    query: str | None = None
    """Of kind sql: what is read. Either this or `table`."""
    table: str | None = None
    """Of kind sql: the table that is read whole, perhaps as `schema.table`."""
    unique_key: str | None = None
    """Of kind sql: a column with a value of its own in every row. A read that breaks off goes on after the last one."""
    config: str | None = None
    """Of kind huggingface: the configuration, where there are several."""
    split: str = "train"
    """Of kind huggingface: the split that is read."""
    revision: str | None = None
    """Of kind huggingface: a commit or a tag of the hub's dataset."""
    silence_hours: float = Field(default=8, gt=0)
    """Of chats: a silence this long ends a conversation, which is one document (assumed: a night)."""
    assistant: str | None = None
    """Of chats: the name (for Slack also the id) of the side that is learned as the assistant's, the others' as the
    user's. Without it a conversation is plain text."""

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                "".encode(value)  # hex and base64 turn bytes into bytes, rot13 a text into a text
                # punycode and idna decode short names only, and know no way on where a byte is damaged
                codecs.getincrementaldecoder(value)("backslashreplace").decode(b"")
            except (LookupError, UnicodeError):
                raise ValueError("no such encoding of text; use a name like utf-16, cp1252 or shift_jis") from None
        return value

    @model_validator(mode="after")
    def _fits_the_kind(self) -> Source:
        for key, kinds in OF_KINDS.items():
            if key in self.model_fields_set and self.kind not in kinds and "." not in self.kind:
                raise ValueError(f"`{key}` is for sources of kind {' or '.join(kinds)}, this one is {self.kind}")
        if self.kind == "sql" and (self.query is None) == (self.table is None):
            raise ValueError("a source of kind sql needs `query` or `table`, one of them")
        if self.kind == "sql" and "://" not in self.path:
            raise ValueError("the `path` of a source of kind sql is a URL like sqlite:///shop.db")
        self._refuse_secrets()
        return self

    def _refuse_secrets(self) -> None:
        """A secret stands in the environment, never in a file that is shared. The value is not shown."""
        if "://" not in self.path:
            return
        user = USER_INFO.match(self.path)
        if self.kind != "sql":
            if user is not None:
                raise ValueError("`path` holds credentials; leave them to the environment, as the service's tools do")
            return
        said = [v for k, v in parse_qsl(self.path.partition("?")[2]) if any(word in k.lower() for word in SECRET)]
        if any(v and not ENVIRONMENT.fullmatch(v) for v in (user["password"] if user else None, *said)):
            raise ValueError("`path` holds a password; write ${NAME}, and set NAME in the environment")

    @model_validator(mode="after")
    def _one_key(self) -> Source:
        if self.key is not None and self.group_by is not None:
            raise ValueError("a group of rows is known by `group_by`; leave `key` out")
        return self

    @field_validator("timezone")
    @classmethod
    def _zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("no such time zone; write one like Asia/Kolkata") from error
        return name
