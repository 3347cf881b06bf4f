"""What ratings teach a model: pairs with a winner, thumbs, rewrites. One row an item, by the majority of its ratings.

An item without a majority (ties, both bad, evenly split) teaches nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from dono.ratings.book import Book, Lease
from dono.ratings.tasks import Item

Without = frozenset[str]
Row = dict[str, Any]


def held(book: Book, without: Without) -> Iterator[tuple[Item, list[Lease]]]:
    """Items with the ratings that count."""
    for item in book.items.values():
        found = [x for x in book.of_item[item.id] if x.counts and x.rater not in without]
        if found:
            yield item, found


def majority(choices: Iterable[str]) -> tuple[str, float] | None:
    """What most said, and by what share more than the next (by answer); None where two are said equally often."""
    counts = Counter(choices).most_common()
    second = counts[1][1] if len(counts) > 1 else 0
    if counts[0][1] == second:
        return None
    return counts[0][0], (counts[0][1] - second) / sum(n for _, n in counts)


def messages(item: Item) -> list[Row]:
    """The prompt as OpenAI has it."""
    return [{"role": t.role, "content": t.text} for t in item.prompt]


def reply(text: str) -> list[Row]:
    """An answer as a conversation of one turn."""
    return [{"role": "assistant", "content": text}]


def preference(item: Item, choices: Sequence[str]) -> Row | None:
    """TRL's `prompt`, `chosen`, `rejected` as conversations, with `margin`: the majority's lead as a share."""
    won = majority(choices) if item.kind == "pair" and choices else None
    if won is None or won[0] not in ("1", "2"):
        return None
    best = int(won[0]) - 1
    return {
        "prompt": messages(item), "chosen": reply(item.answers[best].text),
        "rejected": reply(item.answers[1 - best].text), "margin": round(won[1], 4), "ratings": len(choices),
        "language": item.language,
    }  # fmt: skip


def thumb(item: Item, choices: Sequence[str]) -> Row | None:
    """TRL's `prompt`, `completion`, `label`, for KTO."""
    won = majority(choices) if item.kind == "thumbs" and choices else None
    if won is None or won[0] not in ("up", "down"):
        return None
    said = reply(item.answers[0].text)
    return {"prompt": messages(item), "completion": said, "label": won[0] == "up", "language": item.language}


def trl_preferences(book: Book, without: Without) -> Iterator[Row]:
    """`preference` of every pair."""
    return _each(book, without, preference)


def trl_unpaired(book: Book, without: Without) -> Iterator[Row]:
    """`thumb` of every answer that was rated alone."""
    return _each(book, without, thumb)


def rewrites(book: Book, without: Without) -> Iterator[Row]:
    """Each text that somebody wrote anew, preferred to the one before."""
    for item, leases in held(book, without):
        for lease in leases if item.kind == "rewrite" else ():
            text = lease.said().text.strip()
            if text != item.answers[0].text.strip():
                yield {
                    "prompt": messages(item), "chosen": reply(text), "rejected": reply(item.answers[0].text),
                    "margin": 1.0, "ratings": 1, "language": item.language,
                }  # fmt: skip


def _each(book: Book, without: Without, make: Callable[[Item, Sequence[str]], Row | None]) -> Iterator[Row]:
    made = (make(item, [x.said().choice for x in leases]) for item, leases in held(book, without))
    return (row for row in made if row is not None)
