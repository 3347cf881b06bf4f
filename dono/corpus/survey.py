"""What a corpus holds and what was left out of it, counted while it is put together."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields

import pyarrow as pa
import pyarrow.compute as pc
import regex

from dono.artifacts import Json

MONTH = regex.compile(r"\d{4}-(0[1-9]|1[0-2])")
"""How a period begins that is a month or part of one."""


@dataclass
class Tally:
    """Documents that are kept: those to learn from and those held out; sizes are of both, in UTF-8 bytes."""

    documents: int = 0
    heldout_documents: int = 0
    bytes: int = 0
    heldout_bytes: int = 0
    characters: int = 0

    def add(self, other: Tally) -> None:
        """All of the other's documents too."""
        for part in fields(self):
            setattr(self, part.name, getattr(self, part.name) + getattr(other, part.name))


@dataclass
class Left:
    """What a source holds beside the documents that are kept, and the formats its rows were recognised as."""

    duplicates: int = 0
    contaminated: int = 0
    rejects: int = 0
    drops: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Documents and bytes that cleaning dropped, by reason."""
    forgotten: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)

    @property
    def dropped(self) -> int:
        """Documents that cleaning dropped."""
        return sum(documents for documents, _ in self.drops.values())


Cell = tuple[str, str, str | None]
"""Source, language, region."""


@dataclass
class Survey:
    """The counts of a corpus, by source, language and region together, so that each of them sums up to the whole."""

    cells: defaultdict[Cell, Tally] = field(default_factory=lambda: defaultdict(Tally))
    months: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """Bytes by language of each month that documents name as their period."""
    left: defaultdict[str, Left] = field(default_factory=lambda: defaultdict(Left))
    contamination: Counter[str] = field(default_factory=Counter)
    found: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """What the steps counted in the documents, by language."""

    def keep(self, source: str, table: pa.Table) -> None:
        """Count documents of a source that are in the corpus: text, language, region, period, split, found."""
        contaminated = pc.equal(table["split"], "contaminated")
        self.left[source].contaminated += pc.sum(contaminated).as_py() or 0
        table = table.filter(pc.invert(contaminated))
        sizes = pc.binary_length(table["text"])
        held = pc.equal(table["split"], "heldout")
        counted = pa.table(
            {
                "language": table["language"],
                "region": table["region"],
                "heldout_documents": pc.cast(held, pa.int64()),
                "bytes": pc.cast(sizes, pa.int64()),
                "heldout_bytes": pc.if_else(held, pc.cast(sizes, pa.int64()), 0),
                "characters": pc.cast(pc.utf8_length(table["text"]), pa.int64()),
                "month": pc.utf8_slice_codeunits(table["period"], 0, 7),
            }
        )
        sums = [(f.name, "sum") for f in fields(Tally) if f.name != "documents"]
        grouped = counted.group_by(["language", "region"], use_threads=False).aggregate([*sums, ([], "count_all")])
        for row in grouped.to_pylist():
            numbers = {name: row[f"{name}_sum"] for name, _ in sums}
            self.cells[source, row["language"], row["region"]].add(Tally(row["count_all"], **numbers))
        dated = counted.filter(pc.is_valid(counted["month"]))
        for row in dated.group_by(["month", "language"]).aggregate([("bytes", "sum")]).to_pylist():
            if MONTH.fullmatch(row["month"]):
                self.months[row["month"]][row["language"]] += row["bytes_sum"]
        found = table["found"].combine_chunks()
        each = pc.list_flatten(found)
        counts = pa.table(
            {
                "language": pc.take(table["language"], pc.list_parent_indices(found)),
                "name": pc.struct_field(each, "name"),
                "times": pc.struct_field(each, "times"),
            }
        )
        for row in counts.group_by(["language", "name"]).aggregate([("times", "sum")]).to_pylist():
            self.found[row["language"]][row["name"]] += row["times_sum"]

    @property
    def documents(self) -> int:
        """Documents that are kept so far."""
        return sum(tally.documents for tally in self.cells.values())

    def as_json(self) -> dict[str, Json]:
        """Flat counts first, then by language, region, source, use case, reason, month, and by cell.

        `documents` counts those to learn from and those held out; `contaminated` ones are in neither.
        """
        left = self.left.values()
        reasons = sum((part.reasons for part in left), Counter[str]())
        drops: Counter[str] = Counter()
        for part in left:
            drops.update({reason: documents for reason, (documents, _) in part.drops.items()})
        by_source, by_language, by_region = (self._by(place) for place in range(3))
        return {
            **asdict(_sum(self.cells.values())),
            "duplicates": sum(part.duplicates for part in left),
            "contaminated": sum(part.contaminated for part in left),
            "dropped": sum(part.dropped for part in left),
            "rejects": sum(part.rejects for part in left),
            "forgotten": sum(part.forgotten for part in left),
            "languages": {code: asdict(by_language[code]) for code in sorted(by_language)},
            "regions": {name: asdict(by_region[name]) for name in sorted(by_region) if name},
            "sources": {
                name: {**asdict(by_source.get(name, Tally())), **_counts(part)} for name, part in self.left.items()
            },
            "contamination": dict(self.contamination),
            "reject_reasons": dict(reasons.most_common()),
            "drops": dict(drops.most_common()),
            "found": dict(sorted(sum(self.found.values(), Counter[str]()).items())),
            "found_by_language": {code: dict(sorted(self.found[code].items())) for code in sorted(self.found)},
            "months": {month: dict(sorted(self.months[month].items())) for month in sorted(self.months)},
            "cells": [
                {"source": source, "language": language, "region": region, **asdict(tally)}
                for (source, language, region), tally in sorted(self.cells.items(), key=lambda c: str(c[0]))
            ],
        }

    def _by(self, place: int) -> dict[str, Tally]:
        found: defaultdict[str, Tally] = defaultdict(Tally)
        for cell, tally in self.cells.items():
            found[cell[place] or ""].add(tally)
        return dict(found)


def _sum(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total.add(tally)
    return total


def _counts(part: Left) -> dict[str, Json]:
    return {
        "duplicates": part.duplicates,
        "contaminated": part.contaminated,
        "dropped": part.dropped,
        "rejects": part.rejects,
        "drops": {reason: list(counted) for reason, counted in part.drops.items()},
        "forgotten": part.forgotten,
        "formats": dict(part.formats.most_common()),
    }


TITLES = {
    "contamination": "held back for the tests of", "reject_reasons": "rejected for", "drops": "dropped for",
    "found": "found",
}  # fmt: skip


def survey_lines(survey: Mapping[str, Json]) -> list[str]:
    """The survey as lines for a person: totals, then a line for each language, region, source, use case and reason."""
    found = {name: value for name, value in survey.items() if isinstance(value, int)}
    lines = [f"{name.replace('_', ' ')}: {value:,}" for name, value in found.items()]
    for title in ("languages", "regions", "sources"):
        parts = survey[title]
        assert isinstance(parts, Mapping)
        lines += [f"{title[:-1]} {name}: {_counted(part)}" for name, part in parts.items()]
    for title, what in TITLES.items():
        counts = survey[title]
        assert isinstance(counts, Mapping)
        lines += [f"{what} {name}: {count:,}" for name, count in counts.items()]
    noted = survey["notes"]
    assert isinstance(noted, list)
    texts = [(note["note"], note["file"]) for note in noted if isinstance(note, Mapping)]
    for text, times in Counter(text for text, _ in texts).items():
        file = next(file for said, file in texts if said == text)
        lines.append(f"{text}: {file}" + (f" and {times - 1:,} more files" if times > 1 else ""))
    return lines


def _counted(part: Json) -> str:
    assert isinstance(part, Mapping)
    shown = [f"{part['documents']:,} documents ({part['heldout_documents']:,} held out), {part['bytes']:,} bytes"]
    others = ("duplicates", "contaminated", "dropped", "rejects", "forgotten")
    shown += [f"{part[name]:,} {name}" for name in others if part.get(name)]
    formats = part.get("formats")
    if isinstance(formats, Mapping):
        shown.append(f"read as {', '.join(formats)}")
    return ", ".join(shown)
