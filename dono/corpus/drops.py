"""Texts that cleaning drops: counted by source and reason, with a few examples for a person to judge the reason by."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import cast

from dono.artifacts import Json
from dono.corpus.documents import digest
from dono.corpus.drafts import Draft

EXAMPLES, SHOWN = 5, 400
"""Examples of a reason, and characters of each (assumed: enough to judge by)."""


@dataclass(frozen=True, order=True, slots=True)
class Example:
    """A text that was dropped: its beginning, and where it is. `rank` is the hash of the whole text."""

    rank: int
    file: str
    line: int
    text: str
    language: str = ""
    id: str = ""


def example_of(draft: Draft, shown: str, id_: str) -> Example:
    """A draft as an example, of which `shown` is shown."""
    return Example(digest(draft.text), draft.file, draft.line, shown[:SHOWN], draft.language or "", id_)


@dataclass
class Count:
    """Texts that were dropped for one reason, in UTF-8 bytes. The examples are those of lowest rank: a sample drawn by
    the hash of the text, which is the same however the texts are parted and put together again.
    """

    documents: int = 0
    bytes: int = 0
    examples: list[Example] = field(default_factory=list)

    def add(self, documents: int, size: int, examples: Iterable[Example]) -> None:
        """Some more of them."""
        self.documents += documents
        self.bytes += size
        self.examples = heapq.nsmallest(EXAMPLES, {*self.examples, *examples})


class Drops:
    """The counts of all sources and reasons."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], Count] = {}

    def count(self, source: str, reason: str) -> Count:
        """The count of one reason."""
        return self.counts.setdefault((source, reason), Count())

    def add(self, source: str, reason: str, text: str, example: Example) -> None:
        """One more text of a source; `example` may show less of it, or other than it was."""
        self.count(source, reason).add(1, len(text.encode()), [example])

    def join(self, found: Iterable[Mapping[str, object]], later: Mapping[str, int]) -> None:
        """Add what `as_json` gave of a shard; `later` says by file how many lines come before those of the shard."""
        for row in found:
            examples = [Example(**e) for e in cast(list[dict[str, object]], row["examples"])]  # type: ignore[arg-type]
            moved = [Example(**{**asdict(e), "line": e.line + later.get(e.file, 0)}) for e in examples]
            counted = self.count(str(row["source"]), str(row["reason"]))
            counted.add(cast(int, row["documents"]), cast(int, row["bytes"]), moved)

    def as_json(self) -> list[Json]:
        """One object a reason, in the order in which they came up."""
        return [
            {"source": source, "reason": reason, **asdict(count)} for (source, reason), count in self.counts.items()
        ]

    def rows(self) -> list[dict[str, Json]]:
        """The examples, one object each: lines of drops.jsonl, of which one can be taken out."""
        return [
            {"source": source, "reason": reason, **{k: v for k, v in asdict(e).items() if k != "rank"}}
            for (source, reason), count in self.counts.items()
            for e in count.examples
        ]
