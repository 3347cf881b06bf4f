"""What raters are asked: items, the kinds of task, and how an answer that was sent is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dono.errors import Mistake

Level = Literal["nominal", "ordinal", "interval"]
Purpose = Literal["work", "training", "gold"]
SCALE = (1, 2, 3, 4, 5)
LONGEST = 2 << 20
"""Characters of one text that a rater may send (assumed: a book has half of it)."""


class Record(BaseModel):
    """What is kept in an event: frozen, nothing unknown in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Turn(Record):
    """One turn of a conversation; `role` is user, assistant or system."""

    role: str
    text: str


class Candidate(Record):
    """One answer that is rated. `model` says who gave it; raters never see it."""

    text: str
    model: str = ""


class Response(Record):
    """What a rater said, as it was sent: seats, not models. `choice` is 1, 2, tie, bad or up, down."""

    choice: str = ""
    scores: dict[str, int] = Field(default_factory=dict)
    text: str = ""
    comment: str = ""


class Item(Record):
    """One thing to be rated. An expected response belongs to training and gold items; a pair's is by answer (1, 2)."""

    id: str = Field(min_length=1, max_length=200)
    kind: Literal["pair", "thumbs", "rubric", "rewrite"]
    prompt: tuple[Turn, ...] = ()
    answers: tuple[Candidate, ...]
    language: str = "und"
    use_case: str = ""
    criteria: tuple[str, ...] = ()
    purpose: Purpose = "work"
    expected: Response | None = None
    explanation: str = ""
    """What a rater is told after a training or gold item."""

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Item:
        wanted = TASKS[self.kind].answers
        if len(self.answers) != wanted:
            raise ValueError(f"a task of kind {self.kind} has {wanted} answer(s), not {len(self.answers)}")
        if (self.kind == "rubric") != bool(self.criteria):
            raise ValueError("criteria belong to a task of kind rubric, and a rubric needs them")
        if self.purpose != "work" and self.expected is None:
            raise ValueError(f"an item for {self.purpose} needs `expected`")
        if self.kind == "rewrite" and self.purpose != "work":
            raise ValueError("a free rewrite has no expected answer to compare with")
        if self.expected is not None:
            TASKS[self.kind].check(self, self.expected)
        return self

    @cached_property
    def compared(self) -> tuple[str, str] | None:
        """The two named models that a pair compares; None for all else."""
        names = [a.model for a in self.answers]
        return (names[0], names[1]) if self.kind == "pair" and all(names) and names[0] != names[1] else None


@dataclass(frozen=True)
class Task:
    """A kind of task: how many answers it shows, what may be said, and the level of measurement of what is said."""

    answers: int
    level: Level
    check: Callable[[Item, Response], None]
    choices: tuple[str, ...] = ()


def _wrong(what: str, remedy: str) -> Mistake:
    return Mistake(what, where="the answer", remedy=remedy)


def _chosen(item: Item, response: Response) -> None:
    choices = TASKS[item.kind].choices
    if response.choice not in choices:
        raise _wrong(f"{response.choice[:40]!r} cannot be chosen here", f"Choose one of {', '.join(choices)}")


def _scored(item: Item, response: Response) -> None:
    missing = [c for c in item.criteria if response.scores.get(c) not in SCALE]
    if missing or set(response.scores) - set(item.criteria):
        name = (missing or sorted(set(response.scores) - set(item.criteria)))[0]
        raise _wrong(f"no score from 1 to 5 for {name[:40]!r}", "Give each criterion a score from 1 to 5")


def _written(item: Item, response: Response) -> None:
    if not response.text.strip():
        raise _wrong("the text is empty", "Write how the answer should be, or skip it and say why")


TASKS: dict[str, Task] = {
    "pair": Task(2, "nominal", _chosen, ("1", "2", "tie", "bad")),
    "thumbs": Task(1, "nominal", _chosen, ("up", "down")),
    "rubric": Task(1, "ordinal", _scored),
    "rewrite": Task(1, "nominal", _written),
}
"""Kinds of task. A score is a rank, so a rubric is ordinal; a free text is not compared."""


def read_form(item: Item, form: Mapping[str, str]) -> Response:
    """The response in a form or JSON object: `choice`, `score-0` …, `text`, `comment`. Raises `Mistake`."""
    for name in ("text", "comment"):
        if len(form.get(name, "")) > LONGEST:
            raise _wrong(f"{len(form[name]):,} characters are too many", f"Send at most {LONGEST:,} characters")
    scores = {c: form.get(f"score-{i}", "") for i, c in enumerate(item.criteria)}
    response = Response(
        choice=form.get("choice", ""),
        scores={c: int(s) for c, s in scores.items() if s in {str(n) for n in SCALE}},
        text=form.get("text", "") if item.kind == "rewrite" else "",
        comment=form.get("comment", ""),
    )
    TASKS[item.kind].check(item, response)
    return response


def by_answer(response: Response, order: tuple[int, ...]) -> Response:
    """The response with seats (1, 2) replaced by answers of the item; `order[seat]` is the answer shown there."""
    if response.choice not in ("1", "2"):
        return response
    return response.model_copy(update={"choice": str(order[int(response.choice) - 1] + 1)})


def agrees(item: Item, said: Response, expected: Response) -> bool:
    """Whether two responses by answer are the same; scores of a rubric may be one apart (assumed)."""
    if item.kind == "rubric":
        return all(abs(said.scores[c] - expected.scores[c]) <= 1 for c in item.criteria)
    return said.choice == expected.choice
