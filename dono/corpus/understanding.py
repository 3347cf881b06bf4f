"""How a source's rows are understood: written by templates, by a ready-made schema, by a column, or as recognised."""

from __future__ import annotations

from dataclasses import dataclass

from dono.corpus.calendar import state_code
from dono.corpus.dates import read_date
from dono.corpus.formats import recognise, text_of
from dono.corpus.groups import sortable
from dono.corpus.languages import guess_language, stated_language
from dono.corpus.normalise import usable
from dono.corpus.rendering import Rendering, row_key
from dono.corpus.rows import Fields, Malformed
from dono.corpus.schemas import load_schema
from dono.project import CHATS, Source

LANGUAGE_OF_SCHEMAS = "en"
"""In which a schema's templates are taken where no language is stated."""
CHAT = "chat"
"""The format of an export's conversation that comes written out, since nobody in it is the assistant."""


@dataclass(frozen=True, slots=True)
class Written:
    """A row as texts (one for each way in which it is rendered), and what is known of it.

    `key` decides whether it is held out; None: each text by itself. `group` and `rank` put grouped rows together.
    """

    format: str
    texts: tuple[str, ...]
    language: str | None
    key: str | None
    group: str | None
    rank: str | float | None
    region: str | None
    period: str | None


class Understanding:
    """A source with its schema and templates at hand. `source` is the person's, completed by the schema.

    Raises `Mistake` for an unknown schema and for a template that cannot be read.
    """

    def __init__(self, source: Source) -> None:
        where = f"corpus[{source.name}].schema"
        self.schema = load_schema(source.schema_name, where) if source.schema_name is not None else None
        self.source = source if self.schema is None else self.schema.applied(source)
        self.ready_made = self.schema is not None and source.render is None
        self.rendering = Rendering(self.source, fitting=self.ready_made) if self.source.render is not None else None

    def written(self, fields: Fields) -> Written:
        """A row as texts. Raises `Malformed` with the reason."""
        source, stated = self.source, fields
        if self.schema is not None:
            fields = self.schema.read(fields, source)
        group = usable(str(field_of(fields, source.group_by))) if source.group_by else None
        rank = (
            sortable(field_of(fields, source.order_by), source.dates) if group is not None and source.order_by else None
        )
        language, key = self._language(fields), None
        if self.rendering is not None:
            form = "template" if self.schema is None else f"schema {self.schema.name}"
            # What draws the templates also decides on which side of the split all texts of the row are.
            key = None if self.rendering.only else row_key(stated)
            language, texts = self._rendered(fields, language, group if source.vary == "group" and group else key or "")
        elif source.text is not None:
            form, texts = f"column {source.text}", [text_of(fields, source.text)]
        else:
            reading = recognise(fields)
            form, texts = reading.format, [reading.document]
            if form == "text" and source.kind in CHATS:  # turns are judged as such, written out or not
                form = CHAT
        usable_texts = tuple(usable(text) for text in texts)
        return Written(form, usable_texts, language, key, group, rank, self._region(fields), self._period(fields))

    def _rendered(self, fields: Fields, stated: str | None, drawn_by: str) -> tuple[str | None, list[str]]:
        assert self.rendering is not None
        if not self.ready_made:
            language = self.rendering.language(stated)
            return language, self.rendering.texts(fields, language, drawn_by)
        assert self.schema is not None
        own = self.schema.own_language
        if stated is None and own is not None:
            stated = guess_language(str(fields[own]))
        try:
            language = self.rendering.language(stated or LANGUAGE_OF_SCHEMAS)
        except Malformed:
            # A text in a language without templates still is in its language: its frame is English.
            if own is None:
                raise
            language = LANGUAGE_OF_SCHEMAS
        forms = self.rendering.forms
        occasion = forms.festival(fields[self.schema.period], fields.get("state"), language=language)
        row = {**fields, "occasion": occasion} if occasion else fields
        spoken = stated if own is not None and stated is not None else language
        return spoken, self.rendering.texts(row, language, drawn_by)

    def _language(self, fields: Fields) -> str | None:
        source = self.source
        if source.language_column is not None:
            if source.language_column not in fields:
                raise Malformed(f"no field {source.language_column!r}")
            stated = fields[source.language_column]
            return usable(str(stated)) if stated else None
        if self.ready_made and source.language is None and "language" in fields:
            return str(fields["language"])
        return source.language or stated_language(fields)

    def _region(self, fields: Fields) -> str | None:
        """ISO 3166-2:IN of a state that is known (`IN-TN`); another name as it stands."""
        value = fields.get(self.source.region_column or "")
        if value is None or value == "":
            return None
        code = state_code(value)
        return usable(str(value)) if code is None else f"IN-{code}"

    def _period(self, fields: Fields) -> str | None:
        """Year and month of the row's date, `YYYY-MM`."""
        value = fields.get(self.source.period_column or "")
        if value is None or value == "":
            return None
        return read_date(value, self.source.dates, self.source.timezone).isoformat()[:7]


def field_of(fields: Fields, name: str) -> object:
    """A field that must be there. Raises `Malformed`."""
    if fields.get(name) in (None, ""):
        raise Malformed(f"no field {name!r}")
    return fields[name]
