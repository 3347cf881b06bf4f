"""A file of settings read by its schema, with overrides: all its mistakes at once, each with its place and remedy."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import yaml
from pydantic import ValidationError

from dono.errors import Mistake, Mistakes
from dono.project.sections import Section, SettingsFile

F = TypeVar("F", bound=SettingsFile)


class Words(yaml.SafeLoader):
    """YAML of which only true and false are truth values, as since its version 1.2: `off` is a value of many settings,
    `no` is Norwegian, and both are names of columns. Where a truth value is asked for, those words are still known.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012  (declared so by the library)
        first: [(tag, form) for tag, form in forms if tag != "tag:yaml.org,2002:bool" or first in "tTfF"]
        for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def read_settings(
    path: Path, overrides: Sequence[str], schema: type[F], missing: Callable[[F], Iterator[Mistake]]
) -> F:
    """Read a YAML file and `key=value` overrides by a schema; `missing` names the files that it lacks.

    Raises `Mistakes` with every mistake found: the path in the file, the value, the remedy.
    """
    try:
        data = yaml.load(path.read_text(encoding="utf8"), Words)
    except UnicodeDecodeError as error:
        raise Mistake(f"not UTF-8 (byte {error.start})", where=str(path), remedy="Save the file as UTF-8") from error
    except yaml.YAMLError as error:
        raise Mistake(" ".join(str(error).split()), where=str(path), remedy="Mend the YAML at that line") from error
    if not isinstance(data, dict):
        raise Mistake("the file holds no mapping", where=str(path), remedy="Write `key: value` lines")
    for override in overrides:
        _apply(data, override)
    found = list(_unknown_keys(data, schema, ""))
    try:
        settings = schema.model_validate({**data, "folder": path.resolve().parent})
    except ValidationError as error:
        errors = [e for e in error.errors() if e["type"] != "extra_forbidden" and not _echo(e["loc"], error)]
        errors = [e for e in errors if not _beside(e["loc"], errors)]
        found += [_as_mistake(dict(e), data, str(path)) for e in errors]
        raise Mistakes(found or [Mistake(str(error), where=str(path), remedy="Mend the file")]) from error
    found += list(missing(settings))
    if found:
        raise Mistakes(found)
    return settings


def _apply(data: dict[str, object], override: str) -> None:
    key, separator, text = override.partition("=")
    if not separator or not key:
        raise Mistake(
            f"{override!r} is no override", where="command line", remedy="Write key=value, e.g. budget.hours=2"
        )
    *parents, last = key.split(".")
    place: dict[str, object] | list[object] = data
    for name in parents:
        inner = _item(place, name, key) if isinstance(place, list) else place.setdefault(name, {})
        if not isinstance(inner, dict | list):
            raise Mistake(f"{name!r} holds a value, not a section", where=key, remedy="Override the section's own keys")
        place = inner
    if isinstance(place, list):
        place[place.index(_item(place, last, key))] = yaml.load(text, Words)
    else:
        place[last] = yaml.load(text, Words)


def _item(items: list[object], name: str, key: str) -> object:
    for number, item in enumerate(items):
        if str(number) == name or (isinstance(item, dict) and item.get("name") == name):
            return item
    raise Mistake(f"no item {name!r} in the list", where=key, remedy="Name an item by its `name` or its number")


def _sections(annotation: object) -> Iterator[tuple[type[Section], bool]]:
    """The sections that an annotation admits, and whether it admits a list of them."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation, False
    many = get_origin(annotation) is tuple
    for part in get_args(annotation):
        for section, inner in _sections(part):
            yield section, many or inner


def _unknown_keys(data: dict[str, object], section: type[Section], at: str) -> Iterator[Mistake]:
    fields = {field.alias or name: field for name, field in section.model_fields.items() if name != "folder"}
    for key, value in data.items():
        here = f"{at}.{key}" if at else str(key)
        if key not in fields:
            near = difflib.get_close_matches(str(key), fields, n=1, cutoff=0.5)
            remedy = f"Did you mean {near[0]!r}?" if near else f"Known keys: {', '.join(fields)}"
            yield Mistake(f"unknown key {key!r}", where=here, remedy=remedy)
            continue
        for inner, many in _sections(fields[str(key)].annotation):
            if many and isinstance(value, list):
                for number, item in enumerate(value):
                    if isinstance(item, dict):
                        yield from _unknown_keys(item, inner, f"{here}[{item.get('name', number)}]")
            elif isinstance(value, dict):
                yield from _unknown_keys(value, inner, here)


REMEDIES = {
    "missing": "Add it",
    "greater_than": "Give a larger number",
    "greater_than_equal": "Give a larger number",
    "less_than_equal": "Give a smaller number",
    "literal_error": "Use one of the values named",
    "string_pattern_mismatch": "Use letters, digits, - and _",
    "value_error": "Mend it",
}


def _echo(place: tuple[int | str, ...], error: ValidationError) -> bool:
    """Whether a list is refused only because an item of it is: pydantic counts the sound items alone."""
    return any(len(e["loc"]) > len(place) > 0 and e["loc"][: len(place)] == place for e in error.errors())


def _beside(place: tuple[int | str, ...], errors: Sequence[Mapping[str, Any]]) -> bool:
    """Whether it is only said that something is no text, or no single word, where both it and a section or list may
    stand, and more is said of what is within.
    """
    last = str(place[-1]) if place else ""
    if last != "str" and not last.startswith("literal["):
        return False
    return any(e["loc"][: len(place) - 1] == place[:-1] != e["loc"] != place for e in errors)


def _as_mistake(error: dict[str, object], data: object, file: str) -> Mistake:
    where, value = "", data
    location = error["loc"]
    assert isinstance(location, tuple)
    for number, step in enumerate(location, start=1):
        if isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
            name = value.get("name", step) if isinstance(value, dict) else step
            where += f"[{name}]"
        elif isinstance(value, dict) and step in value:
            value, where = value[step], f"{where}.{step}" if where else str(step)
        elif error["type"] == "missing" and number == len(location):  # others name a kind of section, not a key
            where, value = f"{where}.{step}" if where else str(step), None
    message = str(error["msg"]).removeprefix("Value error, ")
    shown = "" if value is None or isinstance(value, dict | list) else f" (found {value!r})"
    return Mistake(f"{message}{shown}", where=where or file, remedy=REMEDIES.get(str(error["type"]), "Mend the value"))
