"""What a round learns from: people's preferences of desks and files, sealed; prompts to answer. Parted by prompt."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, cast

from dono.alignfile import AlignFile
from dono.artifacts import Artifact, Json, Reference, Store, fingerprint, identity, write_atomically
from dono.corpus import Malformed, Prompt, Reject, as_prompt, is_held_out, lesson_files, read_prompts
from dono.errors import Mistake
from dono.ratings import (
    EventStore,
    Item,
    people_of,
    preference,
    read_votes,
    rewrites,
    thumb,
    trl_preferences,
    trl_unpaired,
    wins_between,
)
from dono.stages.display import Display
from dono.stages.rate import DATABASE, desk_settings

PAIRS, THUMBS, PEOPLE = "pairs", "thumbs", "people.json"
LEARNED, HELD_OUT = "learned", "held_out"
Row = dict[str, Any]


@dataclass
class Said:
    """What was said at desks and in files, before it is parted. `people` has an entry for each desk."""

    pairs: list[Row] = field(default_factory=list)
    thumbs: list[Row] = field(default_factory=list)
    people: list[dict[str, Any]] = field(default_factory=list)
    made_from: list[Reference] = field(default_factory=list)
    aside: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Prompts:
    """Prompts to learn on, and those that answers are only looked at for."""

    learned: list[Prompt]
    held_out: list[Prompt]

    @property
    def id(self) -> str:
        """What they are, whatever file they came from."""
        told: list[Json] = [[p.key, p.language, p.expected] for p in (*self.learned, *self.held_out)]
        return identity({"prompts": told, "held_out": len(self.held_out)})


def seal_preferences(store: Store, align: AlignFile, display: Display) -> Artifact | None:
    """The preferences of a round as an artifact: pairs and thumbs, learned from and held out, and who gave them.

    None where the file names none. Raises `Mistake` where nobody has preferred anything yet.
    """
    if not align.preferences:
        return None
    said = _everything(align)
    kinds = {PAIRS: said.pairs, THUMBS: said.thumbs}
    if not any(kinds.values()):
        remedy = "Rate more items (`dono rate`), or name files with chosen and rejected answers"
        most = f"; most often: {said.aside.most_common(1)[0][0]}" if said.aside else ""
        raise Mistake(f"nothing in it prefers one answer{most}", where=align.preferences[0], remedy=remedy)
    told = ", ".join(f"{len(rows):,} {kind}" for kind, rows in kinds.items() if rows)
    aside = f"; {said.aside.total():,} rows set aside ({said.aside.most_common(1)[0][0]})" if said.aside else ""
    display.say(f"preferences: {told}{aside}")
    spec: dict[str, Json] = {
        "rows": identity(cast("dict[str, Json]", kinds)), "held_out": align.held_out, "seed": align.seed,
    }  # fmt: skip

    def make(folder: Path) -> dict[str, Json]:
        counts: dict[str, Json] = {}
        for kind, rows in kinds.items():
            apart: dict[str, list[Row]] = {LEARNED: [], HELD_OUT: []}
            for row in rows:
                held = is_held_out(as_prompt(row).key, align.held_out, align.seed)
                apart[HELD_OUT if held else LEARNED].append(row)
            for part, found in apart.items():
                write_rows(folder / f"{kind}_{part}.jsonl", found)
                counts[f"{kind}_{part}"] = len(found)
        write_atomically(folder / PEOPLE, json.dumps(said.people, ensure_ascii=False, indent=1))
        return counts

    return store.make("preferences", spec, make, made_from=said.made_from, name=f"{align.name}-preferences")


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """JSON lines."""
    write_atomically(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def read_rows(path: Path) -> list[Row]:
    """What `write_rows` wrote."""
    return [json.loads(line) for line in path.read_text(encoding="utf8").splitlines()]


def _everything(align: AlignFile) -> Said:
    """Desks and files in their order."""
    said = Said()
    for name in align.preferences:
        if "://" in name:
            _ask_desk(said, EventStore(name), name.rsplit("@", maxsplit=1)[-1], align.believed)
        elif align.path(name).is_dir():
            folder = align.path(name)
            desk_settings(folder)  # a folder that is no desk is told so
            if not (folder / DATABASE).is_file():
                remedy = "Open it with `dono rate`, and let people rate"
                raise Mistake("nobody has rated at this desk yet", where=str(folder), remedy=remedy)
            _ask_desk(said, EventStore(folder / DATABASE), folder.name, align.believed)
        else:
            _read_files(said, lesson_files([name], align.folder))
    return said


def _ask_desk(said: Said, store: EventStore, name: str, believed: bool) -> None:
    with closing(store), store.reading() as book:
        people = people_of(book, believed=believed)
        without = people.left_out
        _take(said, said.pairs, chain(trl_preferences(book, without), rewrites(book, without)))
        _take(said, said.thumbs, trl_unpaired(book, without))
        wins = [
            {"first": a, "second": b, "wins": w.value, "lo": w.lo, "hi": w.hi, "ratings": n}
            for a, b, w, n in wins_between(book, without)
        ]
        said.people.append({"desk": name, **people.as_json(), "wins": wins})
        said.made_from.append(Reference("desk", f"{book.last} events", name))


def _read_files(said: Said, files: Sequence[Path]) -> None:
    for path in files:
        voted, rejected = read_votes(path)
        _take(said, said.pairs, _rows(voted, preference))
        _take(said, said.thumbs, _rows(voted, thumb))
        said.aside.update(r.reason for r in rejected)
        said.made_from.append(Reference("file", fingerprint(path), path.name))


def _rows(
    voted: Sequence[tuple[Item, Sequence[str]]], make: Callable[[Item, Sequence[str]], Row | None]
) -> Iterator[Row]:
    return (row for item, votes in voted if (row := make(item, votes)) is not None)


def _take(said: Said, into: list[Row], rows: Iterator[Row]) -> None:
    """Rows whose prompt and answers can be used; the others are counted with the reason."""
    for row in rows:
        try:
            as_prompt(row)
            if not all(
                row[name][-1]["content"].strip() for name in ("chosen", "rejected", "completion") if name in row
            ):
                raise Malformed("an answer is empty")
            into.append(row)
        except Malformed as error:
            said.aside[str(error)] += 1


def gather_prompts(align: AlignFile, preferences: Artifact | None, display: Display) -> Prompts:
    """The prompts of the files, or those of the preferences; each once, parted as the preferences are.

    Raises `Mistake` where there are too few to hold some out.
    """
    aside: Counter[str] = Counter()
    found: dict[str, Prompt] = {}
    for prompt in _prompts(align, preferences):
        if isinstance(prompt, Reject):
            aside[prompt.reason] += 1
        else:
            found.setdefault(prompt.key, prompt)
    if aside:
        display.say(f"{aside.total():,} rows without a prompt set aside; most often: {aside.most_common(1)[0][0]}")
    held = {key for key in found if is_held_out(key, align.held_out, align.seed)}
    prompts = Prompts([p for key, p in found.items() if key not in held], [found[key] for key in found if key in held])
    if not prompts.learned or not prompts.held_out:
        what = f"{len(found)} prompts are too few to hold a share of {align.held_out:g} out"
        raise Mistake(what, where="prompts", remedy="Give more prompts, or a larger `held_out`")
    return prompts


def _prompts(align: AlignFile, preferences: Artifact | None) -> Iterator[Prompt | Reject]:
    if align.prompts:
        yield from read_prompts(lesson_files(align.prompts, align.folder))
    elif preferences is not None:
        for kind in (PAIRS, THUMBS):
            for part in (LEARNED, HELD_OUT):
                yield from (as_prompt(row) for row in read_rows(preferences.path / f"{kind}_{part}.jsonl"))
