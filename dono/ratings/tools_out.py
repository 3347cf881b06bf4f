"""Ratings as other tools keep them: Arena battles, OASST trees, Argilla records, Label Studio tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dono.ratings.book import Book, Lease
from dono.ratings.formats import WINNERS
from dono.ratings.sheets import iso
from dono.ratings.tasks import Item
from dono.ratings.teaching import Row, Without, held, majority, messages, reply


def arena_battles(book: Book, without: Without) -> Iterator[Row]:
    """A battle a rating, models by seat, raters by number."""
    winners = {ours: theirs for theirs, ours in WINNERS.items()}
    numbers = {name: i for i, name in enumerate(book.raters)}
    for item, leases in held(book, without):
        for lease in leases if item.kind == "pair" else ():
            assert lease.last is not None
            a, b = (item.answers[i] for i in lease.order)
            yield {
                "question_id": item.id, "model_a": a.model, "model_b": b.model,
                "winner": winners[lease.last.response.choice], "judge": f"rater_{numbers[lease.rater]}", "anony": True,
                "language": item.language, "tstamp": lease.last.at, "turn": sum(t.role == "user" for t in item.prompt),
                "conversation_a": messages(item) + reply(a.text), "conversation_b": messages(item) + reply(b.text),
            }  # fmt: skip


def oasst_trees(book: Book, without: Without) -> Iterator[Row]:
    """A tree a pair: the last question as the root, the answers below it, ranked by the majority."""
    for item, leases in held(book, without):
        if item.kind != "pair" or not item.prompt:
            continue
        won = majority(x.said().choice for x in leases)
        best = won[0] if won is not None and won[0] in ("1", "2") else None
        lang = item.language
        replies: list[Row] = [
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
                    "lead_time": round(lease.last.seconds, 3), "created_at": iso(lease.last.at),
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
