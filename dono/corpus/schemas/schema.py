"""What a schema file holds, and how a table's columns are found in it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

import regex
import yaml
from pydantic import BaseModel, ConfigDict

from dono.corpus.amounts import read_number
from dono.corpus.calendar import state_code, states
from dono.corpus.dates import read_date
from dono.corpus.normalise import usable
from dono.corpus.rows import Fields, Malformed
from dono.errors import Mistake
from dono.project import Source

Found = tuple[tuple[str, int], ...]
"""Where a column is in a table: the names there that it may have (the first that is not empty counts), and how many of
our unit is one of theirs."""
HERE = Path(__file__).parent
SCHEMAS: dict[str, Path] = {path.name.removesuffix(".yaml"): path for path in sorted(HERE.glob("*.yaml"))}
"""By name; adding one is one file."""
NOT_A_WORD = regex.compile(r"[^\p{L}\p{M}\p{N}]+")


class Column(BaseModel):
    """A column: what kind of value it holds, whether a row needs it, what else tables call it.

    `times` holds names of columns in another unit, and how many of ours one of that unit is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["text", "number", "date", "state"] = "text"
    needed: bool = False
    also: tuple[str, ...] = ()
    times: dict[str, int] = {}


class Schema(BaseModel):
    """A kind of record. `tells` names columns by which a table is known as one of the kind.

    `own_language` names a column of free text that the row is written around: where no language is stated, the text's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    about: str
    columns: dict[str, Column]
    tells: tuple[str, ...]
    group_by: str
    order_by: str = "at"
    region: str | None = "state"
    period: str = "at"
    vary: Literal["row", "group"] = "row"
    own_language: str | None = None
    templates: dict[str, tuple[str, ...]]

    def found_in(self, columns: Iterable[str], stated: Mapping[str, str] | None = None) -> dict[str, Found]:
        """Our columns that a table has, each with the names it may have there. Names that are `stated` are believed."""
        spelled = {folded(name): name for name in reversed(list(columns))}
        found: dict[str, Found] = {}
        for name, column in self.columns.items():
            asked = (stated or {}).get(name)
            known = {asked: 1} if asked is not None else dict.fromkeys((name, *column.also), 1) | column.times
            here = tuple((spelled[folded(k)], factor) for k, factor in known.items() if folded(k) in spelled)
            if here:
                found[name] = here
        return found

    def lacks(self, found: Iterable[str]) -> list[str]:
        """Needed columns that are not among those found."""
        return [name for name, column in self.columns.items() if column.needed and name not in set(found)]

    def applied(self, source: Source) -> Source:
        """The source with what the schema says where the source itself says nothing."""
        return source.model_copy(
            update={
                "group_by": self.group_by if source.group_by is None else source.group_by or None,
                "order_by": source.order_by or self.order_by,
                "region_column": source.region_column or self.region,
                "period_column": source.period_column or self.period,
                "render": source.render or self.templates,
                "vary": "group" if self.vary == "group" else source.vary,
            }
        )

    def read(self, fields: Fields, source: Source) -> dict[str, object]:
        """A row with our columns under our names, their values read; other columns stay as they are.

        Empty cells and places that are no state are left out. Raises `Malformed` with the column's name.
        """
        found = _found(self.name, tuple(fields), tuple(source.columns.items()))
        row = {name: value for name, value in fields.items() if name not in self.columns}
        for name, places in found.items():
            here, factor = next(((h, f) for h, f in places if not _empty(fields[h])), (None, 1))
            if here is None:
                continue
            try:
                read = self._value(name, fields[here], source)
            except Malformed as error:
                raise Malformed(f"{name}: {error}") from error
            if read is not None:
                row[name] = read * factor if isinstance(read, Decimal) else read
        missing = self.lacks(row)
        if missing:
            raise Malformed(f"no {missing[0]} (the schema {source.schema_name} needs it)")
        return row

    def _value(self, name: str, value: object, source: Source) -> object:
        kind = self.columns[name].kind
        if kind == "date":
            return read_date(value, source.dates, source.timezone)
        if kind == "number":
            return read_number(value)
        if kind == "state":
            code = state_code(value)
            return None if code is None else states()[code]["en"]
        return usable(str(value))


def folded(name: str) -> str:
    """A column's name with case, spaces and signs aside: `RechargeAmt`, `recharge amt`, `RECHARGE_AMT` are one."""
    return NOT_A_WORD.sub("", name).casefold()


@lru_cache(maxsize=1024)
def _found(schema: str, columns: tuple[str, ...], stated: tuple[tuple[str, str], ...]) -> dict[str, Found]:
    """Found anew for every set of columns: those of a table may change half way."""
    return load_schema(schema).found_in(columns, dict(stated))


def _empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


@cache
def load_schema(name: str, where: str = "schema") -> Schema:
    """The schema of that name. Raises `Mistake` for an unknown one."""
    if name not in SCHEMAS:
        near = difflib.get_close_matches(name, SCHEMAS, n=1)
        remedy = f"Did you mean {near[0]!r}?" if near else f"Use one of {', '.join(SCHEMAS)}"
        raise Mistake(f"unknown schema {name!r}", where=where, remedy=remedy)
    return Schema.model_validate({"name": name, **yaml.safe_load(SCHEMAS[name].read_text(encoding="utf8"))})


def recognise_schema(columns: Iterable[str]) -> str | None:
    """The schema that a table's columns fit: all needed ones are there, and one by which the kind is known.

    Of several the one with the most columns; None when none fits.
    """
    names = list(columns)
    plain = {folded(name) for name in names}
    fitting = {}
    for name in SCHEMAS:
        schema = load_schema(name)
        found, telling = schema.found_in(names), plain & {folded(tell) for tell in schema.tells}
        if telling and not schema.lacks(found):
            fitting[name] = (len(telling), len(found))
    return max(fitting, key=lambda name: fitting[name], default=None)
