"""Ratings taken out: for TRL, as Arena battles, OASST trees, Argilla records, Label Studio tasks, single rows, pay.

Single rows say everything per rater. What is one row an item goes by the majority of its ratings; an item without one
(ties, both bad, evenly split) is left out of what must have a winner.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dono.ratings.book import Book, Lease
from dono.ratings.pay import earnings, paid_minutes
from dono.ratings.tasks import Item

Without = frozenset[str]
Row = dict[str, Any]


@dataclass(frozen=True)
class Export:
    """A format: its name for people, file, media type, and how it is written."""

    title: str
    file: str
    media: str
    write: Callable[[Book, Without], str]


def rows(book: Book, without: Without = frozenset()) -> Iterator[Row]:
    """One row for each answer that was sent, changed ones too, and each item handed back."""
    for lease in book.leases.values():
        if lease.rater in without:
            continue
        item = book.items[lease.item]
        shared = {
            "rater": lease.rater, "item": item.id, "kind": item.kind, "language": item.language, "part": lease.part,
            "use_case": item.use_case, "seats": [item.answers[i].model for i in lease.order],
            "order": list(lease.order), "guidelines": lease.guidelines, "opened": _iso(lease.opened),
        }  # fmt: skip
        for sent in lease.sent:
            chosen = item.answers[int(sent.said.choice) - 1].model if sent.said.choice in ("1", "2") else ""
            yield shared | {
                "sent": _iso(sent.at), "choice": sent.response.choice, "winner": chosen, "scores": sent.response.scores,
                "text": sent.response.text, "comment": sent.response.comment, "holds": sent is lease.last,
                "counted": sent.counted, "ms": round(sent.seconds * 1000),
                "active_ms": None if sent.active is None else round(sent.active * 1000), "handed_back": "",
                "flag": False, "note": "",
            }  # fmt: skip
        if lease.returned is not None:
            yield shared | {
                "sent": "", "choice": "", "winner": "", "scores": {}, "text": "", "comment": "", "holds": False,
                "counted": False, "ms": None, "active_ms": None, "handed_back": lease.returned, "flag": lease.flagged,
                "note": lease.note,
            }  # fmt: skip


def held(book: Book, without: Without) -> Iterator[tuple[Item, list[Lease]]]:
    """Items with the ratings that count."""
    for item in book.items.values():
        found = [x for x in book.of_item[item.id] if x.counts and x.rater not in without]
        if found:
            yield item, found


def majority(leases: Iterable[Lease]) -> tuple[str, float] | None:
    """What most said, and by what share more than the next (by answer); None where two are said equally often."""
    counts = Counter(x.said().choice for x in leases).most_common()
    second = counts[1][1] if len(counts) > 1 else 0
    if counts[0][1] == second:
        return None
    return counts[0][0], (counts[0][1] - second) / sum(n for _, n in counts)


def _messages(item: Item) -> list[Row]:
    return [{"role": t.role, "content": t.text} for t in item.prompt]


def _said(text: str) -> list[Row]:
    return [{"role": "assistant", "content": text}]


def trl_preferences(book: Book, without: Without) -> Iterator[Row]:
    """`prompt`, `chosen`, `rejected` as conversations, with `margin`: the majority's lead as a share."""
    for item, leases in held(book, without):
        won = majority(leases) if item.kind == "pair" else None
        if won is not None and won[0] in ("1", "2"):
            best = int(won[0]) - 1
            yield {
                "prompt": _messages(item), "chosen": _said(item.answers[best].text),
                "rejected": _said(item.answers[1 - best].text), "margin": round(won[1], 4), "ratings": len(leases),
                "language": item.language,
            }  # fmt: skip


def trl_unpaired(book: Book, without: Without) -> Iterator[Row]:
    """`prompt`, `completion`, `label` from thumbs, for KTO."""
    for item, leases in held(book, without):
        won = majority(leases) if item.kind == "thumbs" else None
        if won is not None:
            completion = _said(item.answers[0].text)
            yield {
                "prompt": _messages(item),
                "completion": completion,
                "label": won[0] == "up",
                "language": item.language,
            }


def arena_battles(book: Book, without: Without) -> Iterator[Row]:
    """A battle a rating, models by seat, raters by number."""
    winners = {"1": "model_a", "2": "model_b", "tie": "tie", "bad": "tie (bothbad)"}
    numbers = {name: i for i, name in enumerate(book.raters)}
    for item, leases in held(book, without):
        for lease in leases if item.kind == "pair" else ():
            assert lease.last is not None
            a, b = (item.answers[i] for i in lease.order)
            yield {
                "question_id": item.id, "model_a": a.model, "model_b": b.model,
                "winner": winners[lease.last.response.choice], "judge": f"rater_{numbers[lease.rater]}", "anony": True,
                "language": item.language, "tstamp": lease.last.at, "turn": sum(t.role == "user" for t in item.prompt),
                "conversation_a": _messages(item) + _said(a.text), "conversation_b": _messages(item) + _said(b.text),
            }  # fmt: skip


def oasst_trees(book: Book, without: Without) -> Iterator[Row]:
    """A tree a pair: the last question as the root, the answers below it, ranked by the majority."""
    for item, leases in held(book, without):
        if item.kind != "pair" or not item.prompt:
            continue
        won = majority(leases)
        best = won[0] if won is not None and won[0] in ("1", "2") else None
        lang = item.language
        replies = [
            {
                "message_id": f"{item.id}/{i + 1}", "parent_id": item.id, "text": a.text, "role": "assistant",
                "lang": lang, "review_count": len(leases), "rank": None if best is None else int(best != str(i + 1)),
                "model_name": a.model or None, "synthetic": bool(a.model), "replies": [],
            }
            for i, a in enumerate(item.answers)
        ]  # fmt: skip
        root = {
            "message_id": item.id,
            "parent_id": None,
            "text": item.prompt[-1].text,
            "role": "prompter",
            "lang": lang,
        }
        yield {"message_tree_id": item.id, "tree_state": "ready_for_export", "prompt": root | {"replies": replies}}


def argilla_records(book: Book, without: Without) -> list[Row]:
    """Records with a response a rater and question."""
    found = []
    for item, leases in held(book, without):
        responses: dict[str, list[Row]] = {}
        for lease in leases:
            for question, value in _answers(item, lease).items():
                said = {"value": value, "user_id": lease.rater, "status": "submitted"}
                responses.setdefault(question, []).append(said)
        found.append(
            {"id": item.id, "fields": _fields(item), "metadata": {"language": item.language}, "responses": responses}
        )
    return found


def label_studio_tasks(book: Book, without: Without) -> list[Row]:
    """Tasks with an annotation a rater; `lead_time` in seconds."""
    found = []
    for number, (item, leases) in enumerate(held(book, without), 1):
        annotations = []
        for lease in leases:
            assert lease.last is not None
            result = [
                {"from_name": question, "to_name": "prompt", "type": kind, "value": value}
                for question, (kind, value) in _label_studio(item, lease).items()
            ]
            annotations.append(
                {
                    "id": lease.number + 1, "completed_by": {"email": lease.rater}, "result": result,
                    "lead_time": round(lease.last.seconds, 3), "created_at": _iso(lease.last.at),
                    "was_cancelled": False,
                }
            )  # fmt: skip
        data = {**_fields(item), "language": item.language, "item": item.id}
        found.append({"id": number, "data": data, "annotations": annotations})
    return found


def _fields(item: Item) -> dict[str, str]:
    prompt = "\n\n".join(t.text if len(item.prompt) == 1 else f"{t.role}: {t.text}" for t in item.prompt)
    return {"prompt": prompt, **{f"answer_{i}": a.text for i, a in enumerate(item.answers, 1)}}


def _answers(item: Item, lease: Lease) -> Mapping[str, Any]:
    said = lease.said()
    if item.kind == "rubric":
        return said.scores
    return {"rewrite": said.text} if item.kind == "rewrite" else {"choice": said.choice}


def _label_studio(item: Item, lease: Lease) -> dict[str, tuple[str, Row]]:
    said = lease.said()
    if item.kind == "rubric":
        return {name: ("rating", {"rating": score}) for name, score in said.scores.items()}
    if item.kind == "rewrite":
        return {"rewrite": ("textarea", {"text": [said.text]})}
    if said.choice in ("1", "2"):
        return {"choice": ("pairwise", {"selected": "left" if said.choice == "1" else "right"})}
    return {"choice": ("choices", {"choices": [said.choice]})}


def _pay(book: Book, without: Without) -> Iterator[Row]:
    for e in earnings(book):
        yield {
            "rater": e.rater, "items": e.items, "minutes": round(e.minutes, 2), "money": round(e.money, 2),
            "currency": e.currency,
            "minutes_each": round(e.minutes / e.items, 3) if e.items else "",
        }  # fmt: skip


def _times(book: Book, without: Without) -> Iterator[Row]:
    for lease in book.submitted():
        minutes = paid_minutes(lease, book.settings.pay)
        yield {
            "rater": lease.rater,
            "item": lease.item,
            "sent": _iso(lease.sent[0].at),
            "paid_minutes": round(minutes, 3),
        }


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def _lines(make: Callable[[Book, Without], Iterable[Row]]) -> Callable[[Book, Without], str]:
    return lambda book, without: "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in make(book, without))


def _json(make: Callable[[Book, Without], Iterable[Row]]) -> Callable[[Book, Without], str]:
    return lambda book, without: json.dumps(list(make(book, without)), ensure_ascii=False, indent=1) + "\n"


def _csv(make: Callable[[Book, Without], Iterable[Row]]) -> Callable[[Book, Without], str]:
    def write(book: Book, without: Without) -> str:
        found = list(make(book, without))
        out = io.StringIO()
        writer = csv.DictWriter(out, list(found[0]) if found else ["empty"], lineterminator="\r\n")
        writer.writeheader()
        writer.writerows({k: _cell(v) for k, v in row.items()} for row in found)
        return out.getvalue()

    return write


def _cell(value: object) -> object:
    """A value for a spreadsheet: nothing that one would run as a formula."""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value


JSONL, JSON, CSV = "application/jsonl; charset=utf-8", "application/json", "text/csv; charset=utf-8"
EXPORTS: dict[str, Export] = {
    "rows": Export("every answer, a row each", "ratings.jsonl", JSONL, _lines(rows)),
    "rows-csv": Export("the same as a table", "ratings.csv", CSV, _csv(rows)),
    "trl": Export("preferences for TRL", "preferences.jsonl", JSONL, _lines(trl_preferences)),
    "trl-unpaired": Export("thumbs for TRL (KTO)", "unpaired.jsonl", JSONL, _lines(trl_unpaired)),
    "arena": Export("Arena battles", "battles.json", JSON, _json(arena_battles)),
    "oasst": Export("OASST message trees", "trees.jsonl", JSONL, _lines(oasst_trees)),
    "argilla": Export("Argilla records", "argilla.json", JSON, _json(argilla_records)),
    "label-studio": Export("Label Studio tasks", "label-studio.json", JSON, _json(label_studio_tasks)),
    "pay": Export("pay sheet", "pay.csv", CSV, _csv(_pay)),
    "times": Export("paid time, item by item", "times.csv", CSV, _csv(_times)),
}
"""Formats by name. Raters are named in single rows, Argilla and Label Studio; Arena battles number them."""
