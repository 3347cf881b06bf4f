"""What a corpus holds and what was left out of it, counted while it is gathered."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from dono.artifacts import Json
from dono.corpus.documents import Document
from dono.corpus.rows import Reject


@dataclass
class Tally:
    """Documents that are kept: those to learn from and those held out; sizes are of both, in UTF-8 bytes."""

    documents: int = 0
    heldout_documents: int = 0
    bytes: int = 0
    heldout_bytes: int = 0
    characters: int = 0

    def add(self, characters: int, size: int, held_out: bool) -> None:
        """One more document."""
        self.documents += 1
        self.bytes += size
        self.characters += characters
        if held_out:
            self.heldout_documents += 1
            self.heldout_bytes += size


@dataclass
class Left:
    """What a source holds beside the documents that are kept, and the formats its rows were recognised as."""

    duplicates: int = 0
    contaminated: int = 0
    rejects: int = 0
    forgotten: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)


@dataclass
class Survey:
    """The counts of a corpus."""

    total: Tally = field(default_factory=Tally)
    by_language: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    by_source: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    left: defaultdict[str, Left] = field(default_factory=lambda: defaultdict(Left))
    contamination: Counter[str] = field(default_factory=Counter)

    def keep(self, document: Document, size: int) -> None:
        """Count a document that is in the corpus."""
        for tally in (self.total, self.by_language[document.language], self.by_source[document.source]):
            tally.add(len(document.text), size, document.split == "heldout")

    def reject(self, reject: Reject) -> None:
        """Count a row set aside."""
        left = self.left[reject.source]
        left.rejects += 1
        left.reasons[reject.reason] += 1

    def as_json(self) -> dict[str, Json]:
        """Flat counts first, then by language, source, use case and reason.

        `documents` counts those to learn from and those held out; `contaminated` ones are in neither.
        """
        left = self.left.values()
        reasons = sum((part.reasons for part in left), Counter[str]())
        return {
            **asdict(self.total),
            "duplicates": sum(part.duplicates for part in left),
            "contaminated": sum(part.contaminated for part in left),
            "rejects": sum(part.rejects for part in left),
            "forgotten": sum(part.forgotten for part in left),
            "languages": {code: asdict(self.by_language[code]) for code in sorted(self.by_language)},
            "sources": {name: {**asdict(self.by_source[name]), **_counts(part)} for name, part in self.left.items()},
            "contamination": dict(self.contamination),
            "reject_reasons": dict(reasons.most_common()),
        }


def _counts(part: Left) -> dict[str, Json]:
    return {
        "duplicates": part.duplicates,
        "contaminated": part.contaminated,
        "rejects": part.rejects,
        "forgotten": part.forgotten,
        "formats": dict(part.formats.most_common()),
    }


def survey_lines(survey: Mapping[str, Json]) -> list[str]:
    """The survey as lines for a person: totals, then a line for each language, source, use case and reason."""
    found = {name: value for name, value in survey.items() if isinstance(value, int)}
    lines = [f"{name.replace('_', ' ')}: {value:,}" for name, value in found.items()]
    for title in ("languages", "sources"):
        parts = survey[title]
        assert isinstance(parts, Mapping)
        lines += [f"{title[:-1]} {name}: {_counted(part)}" for name, part in parts.items()]
    for title, what in (("contamination", "held back for the tests of"), ("reject_reasons", "rejected for")):
        counts = survey[title]
        assert isinstance(counts, Mapping)
        lines += [f"{what} {name}: {count:,}" for name, count in counts.items()]
    return lines


def _counted(part: Json) -> str:
    assert isinstance(part, Mapping)
    shown = [f"{part['documents']:,} documents ({part['heldout_documents']:,} held out), {part['bytes']:,} bytes"]
    others = ("duplicates", "contaminated", "rejects", "forgotten")
    shown += [f"{part[name]:,} {name}" for name in others if part.get(name)]
    formats = part.get("formats")
    if isinstance(formats, Mapping):
        shown.append(f"read as {', '.join(formats)}")
    return ", ".join(shown)
