"""Two answers compared by a judge that reads: both orders asked, its habits reported beside its verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import regex

from dono.endpoints import Question, Reply

INSTRUCTIONS = (
    "Two assistants answered the same question. Judge which answer is better: right, complete, helpful, and written "
    "well in the language of the question. Neither their order nor their length matters. "
    "Reply with one letter alone: A if the first is better, B if the second is better, C if neither is."
)
QUESTION = "Question:\n{prompt}\n\nAnswer A:\n{first}\n\nAnswer B:\n{second}\n\nWhich is better, A, B or C?"
SAID = regex.compile(r"(?<![\p{L}\p{N}])([ABC])(?![\p{L}\p{N}'])")
ANSWER_TOKENS = 8


@dataclass(frozen=True)
class Pair:
    """One question with an answer of ours and one of another model."""

    prompt: str
    ours: str
    theirs: str


@dataclass(frozen=True)
class Judged:
    """What a judge said of many pairs, each in both orders.

    `wins`: the share of pairs that ours won, half for those undecided or decided both ways; `stderr` its standard error
    over pairs. Habits: `first_seat` the share of decided readings that the first answer won (0.5 is fair), `flips` the
    share of pairs whose winner changed with the order, `longer` the share of decided pairs that the longer answer won
    (None where none was decided), `unread` readings without a letter.
    """

    pairs: int
    wins: float
    stderr: float
    first_seat: float | None
    flips: float
    longer: float | None
    unread: int


def both_orders(pairs: Sequence[Pair]) -> list[Question]:
    """Two questions a pair: ours first, then theirs first."""
    found = []
    for pair in pairs:
        for first, second in ((pair.ours, pair.theirs), (pair.theirs, pair.ours)):
            asked = QUESTION.format(prompt=pair.prompt, first=first, second=second)
            found.append(Question((("system", INSTRUCTIONS), ("user", asked)), ANSWER_TOKENS))
    return found


def letter_of(reply: Reply) -> str:
    """A, B or C; empty where the judge says none of them, or several."""
    found = set(SAID.findall(reply.text))
    return found.pop() if len(found) == 1 else ""


def verdicts(pairs: Sequence[Pair], replies: Sequence[Reply]) -> Judged:
    """What the replies to `both_orders` come to."""
    assert len(replies) == 2 * len(pairs) > 0
    letters = [letter_of(r) for r in replies]
    scores, flips, longer = [], 0, []
    for n, pair in enumerate(pairs):
        forth = {"A": 1.0, "B": 0.0}.get(letters[2 * n], 0.5)
        back = {"A": 0.0, "B": 1.0}.get(letters[2 * n + 1], 0.5)
        score = (forth + back) / 2
        flips += {forth, back} == {0.0, 1.0}
        scores.append(score)
        if score != 0.5 and len(pair.ours) != len(pair.theirs):
            longer.append((len(pair.ours) > len(pair.theirs)) == (score > 0.5))
    decided = [letter for letter in letters if letter in ("A", "B")]
    n = len(scores)
    spread = float(np.std(scores, ddof=1)) if n > 1 else 0.5
    return Judged(
        pairs=n, wins=float(np.mean(scores)), stderr=max(spread, 0.5 / n**0.5) / n**0.5,
        first_seat=decided.count("A") / len(decided) if decided else None, flips=flips / n,
        longer=float(np.mean(longer)) if longer else None, unread=letters.count(""),
    )  # fmt: skip
