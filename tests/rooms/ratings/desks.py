"""Desks for tests: a clock that is moved by hand, items, raters."""

from __future__ import annotations

from pathlib import Path
from random import Random

from dono.ratings import Candidate, Desk, DeskSettings, EventStore, Item, Response, Turn


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1_780_000_000.0

    def __call__(self) -> float:
        return self.now


def pair(number: int, *, models: tuple[str, str] = ("model-of-ours", "model-of-theirs"), **more: object) -> Item:
    """A pair in English, unless told otherwise."""
    fields: dict[str, object] = {"id": f"pair {number}", "kind": "pair", "language": "en"}
    texts = (f"It comes on day {number}.", f"Nobody knows, ask again on day {number}, please.")
    answers = tuple(Candidate(text=t, model=m) for t, m in zip(texts, models, strict=True))
    fields |= {"prompt": (Turn(role="user", text=f"Where is parcel {number}?"),), "answers": answers}
    return Item.model_validate(fields | more)


def gold(number: int, choice: str = "1", **more: object) -> Item:
    """A pair whose answer is known."""
    said = {"purpose": "gold", "expected": Response(choice=choice), "explanation": "The first one says when."}
    return pair(number, **{**said, **more})  # type: ignore[arg-type]


def desk_at(place: str | Path, clock: Clock, seed: int = 0, **settings: object) -> Desk:
    """A desk with settings; no gold, no repeats unless told otherwise."""
    desk = Desk(EventStore(place, clock), Random(seed))
    desk.configure(DeskSettings.model_validate({"gold_every": 0, "repeat_every": 0, **settings}))
    return desk
