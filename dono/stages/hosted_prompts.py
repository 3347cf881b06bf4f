"""What a hosted model is asked on a use case's test, and what its answers say: texts, or odds of lettered labels."""

from __future__ import annotations

import math
import string
from collections.abc import Sequence

import numpy as np
import regex

from dono.corpus import Example
from dono.endpoints import Question, Reply
from dono.evals.scores import fold
from dono.stages.answers import chosen_shots, fields_of, template_of
from dono.stages.prepare import Case
from dono.tokens import fill

LETTERS = string.ascii_uppercase[:20]
"""As many as the first tokens that an OpenAI-compatible server tells the odds of, at most."""
BY_LETTER = "Choose the label that fits best. Answer with its letter alone.\n{labels}"
BY_TEXT = "Choose the label that fits best. Answer with the label alone, written as it is here.\n{labels}"
ROOM = 1.25
"""A written answer may be this much longer than the longest to learn from (assumed, as for models of our own)."""
BYTES_A_TOKEN = 2
"""Room is given for tokens as short as this in any script (assumed: byte-level tokenizers of English models cut Indic
letters of three bytes in up to two); what is not written costs nothing."""
PART = r"[\p{L}\p{M}\p{N}]"
EDGES = regex.compile(r"^[\p{P}\p{S}\s]+|[\p{P}\p{S}\s]+$")


def lettered(case: Case) -> bool:
    """Whether the labels of a case can be told apart by a letter each, whose odds a server may tell."""
    return case.use_case.kind == "classify" and len(case.labels) <= len(LETTERS)


def questions(case: Case, examples: Sequence[Example], shots: int, *, by_letter: bool) -> list[Question]:
    """A chat for each example: what is to be done, solved examples as earlier turns, the question."""
    before: list[tuple[str, str]] = []
    room = _room(case, by_letter)
    if case.use_case.kind == "classify":
        labels = case.labels
        named = [f"{letter}: {label}" for letter, label in zip(LETTERS, labels, strict=False)] if by_letter else labels
        before.append(("system", (BY_LETTER if by_letter else BY_TEXT).format(labels="\n".join(named))))
    for shot in chosen_shots(case, shots):
        told = LETTERS[case.labels.index(shot.answer)] if by_letter else shot.answer
        before += [("user", asked(case, shot)), ("assistant", told)]
    likely = len(LETTERS) if by_letter else 0
    return [Question((*before, ("user", asked(case, e))), room, likely) for e in examples]


def asked(case: Case, example: Example) -> str:
    """The question as a chat's turn: the filled template without the mark that ends plain ones."""
    return fill(template_of(case), fields_of(case, example)).removesuffix("\n>>")


def _room(case: Case, by_letter: bool) -> int:
    if by_letter:
        return 4
    answers = case.labels if case.use_case.kind == "classify" else [e.answer for e in case.train]
    longest = max(len(a.encode()) for a in answers)
    return min(2048, int(longest * ROOM / BYTES_A_TOKEN) + 16)


def odds_of(reply: Reply, labels: int) -> np.ndarray | None:
    """Log-likelihoods in nats [labels] of the letters; None where the server tells of none of them.

    A letter that is not among the first tokens told has at most the odds of the last of them, and at most what they
    leave; it is given that, and always less than one that is told.
    """
    told: dict[str, float] = {}
    for token, nats in reply.first:
        letter = token.strip()
        if len(letter) == 1 and letter in LETTERS[:labels]:
            told[letter] = float(np.logaddexp(told[letter], nats)) if letter in told else nats
    if not told:
        return None
    left = 1 - sum(math.exp(nats) for _, nats in reply.first)
    least = min(min(nats for _, nats in reply.first), math.log(max(left, 1e-12))) - 1e-6
    return np.array([told.get(letter, least) for letter in LETTERS[:labels]])


def label_in(text: str, labels: Sequence[str]) -> str:
    """The label that an answer names; empty where it names none, or several that are not parts of one.

    The whole answer, else the one label that stands in it as words: models wrap a label in a sentence.
    """
    said = EDGES.sub("", fold(text))
    by_fold = {EDGES.sub("", fold(label)): label for label in labels}
    if said in by_fold:
        return by_fold[said]
    found = [f for f in by_fold if f and regex.search(rf"(?<!{PART}){regex.escape(f)}(?!{PART})", said)]
    longest = max(found, key=len, default="")
    return by_fold[longest] if found and all(f in longest for f in found) else ""


def letter_in(text: str, labels: Sequence[str]) -> str:
    """The label that an answer names by its letter, else by its text."""
    said = text.strip()
    match = regex.match(r"\(?([A-T])(?![\p{L}\p{M}])", said)
    if match and LETTERS.index(match[1]) < len(labels):
        return labels[LETTERS.index(match[1])]
    return label_in(text, labels)
