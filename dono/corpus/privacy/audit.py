"""What the recognisers missed, by a person's eye: a sample to mark, and the residual rate its marks give."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import regex

from dono.corpus.privacy.reading import fold
from dono.errors import Mistake

CODE = r"(?<![A-Za-z0-9])(?=[A-Za-z]*[0-9][A-Za-z0-9]*[A-Za-z]|[A-Za-z]+[0-9]{4})[A-Za-z0-9]{7,}"
AROUND = 24
SUSPICIOUS = {
    "digits": regex.compile(r"[0-9](?:[ \-./_]?[0-9]){5,}"),
    "letters and digits": regex.compile(CODE),
    "at sign": regex.compile(r"\S{2,}[ ]?@[ ]?\S{2,}"),
    "address in the net": regex.compile(r"(?:https?://|www\.)\S+"),
}  # fmt: skip
"""What a person should look at first; `<KIND_1>` placeholders are none of it."""
PLACEHOLDER = regex.compile(r"<[A-Z0-9_]+_[0-9a-f]+>")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A document of the sample. `suspicious`: what is left that looks like an identifier, with surroundings."""

    document: int
    text: str
    suspicious: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Residual:
    """The share of documents with an identifier left, and its exact 95 % interval (Clopper and Pearson, 1934)."""

    documents: int
    with_left: int
    rate: float
    low: float
    high: float
    left: int


def audit(documents: Iterable[str], n: int, seed: int) -> list[Drawn]:
    """Draw `n` cleaned documents, each as likely as any other, in one pass and in the memory of `n` (Algorithm R)."""
    chance, drawn = random.Random(seed), dict[int, tuple[int, str]]()
    for at, text in enumerate(documents):
        slot = at if at < n else chance.randrange(at + 1)
        if slot < n:
            drawn[slot] = at, text
    return [Drawn(at, text, suspicious(text)) for at, text in sorted(drawn.values())]


def suspicious(text: str) -> tuple[str, ...]:
    """What is left in a text that looks like an identifier, each with its kind and surroundings."""
    folded = PLACEHOLDER.sub(lambda m: " " * len(m[0]), fold(text))
    return tuple(
        f"{name}: {text[max(0, m.start() - AROUND) : m.end() + AROUND]}"
        for name, pattern in SUSPICIOUS.items()
        for m in pattern.finditer(folded)
    )


def write_audit(drawn: Iterable[Drawn], path: Path) -> None:
    """A line for each document, with `left` to be filled in by a person: how many identifiers are left in the text.

    The file holds texts: keep it as the corpus is kept.
    """
    with path.open("w", encoding="utf8") as file:
        for one in drawn:
            row = {"left": None, "document": one.document, "suspicious": one.suspicious, "text": one.text}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def residual(path: Path) -> Residual:
    """The residual rate by a person's marks. Raises `Mistake` for a line without a mark or with no count for one."""
    marks: list[int] = []
    for line, text in enumerate(path.read_text("utf8").splitlines(), 1):
        where, remedy = f"{path}:{line}", "Write how many identifiers are left in the text: 0, 1, …"
        try:
            left = json.loads(text)["left"]
        except (ValueError, KeyError, TypeError) as error:
            raise Mistake("no row of an audit", where=where, remedy=remedy) from error
        if type(left) is not int or left < 0:
            raise Mistake(f"`left` is {json.dumps(left)}", where=where, remedy=remedy)
        marks.append(left)
    if not marks:
        raise Mistake("no document in the audit", where=str(path), remedy="Draw at least one")
    from scipy.stats import binomtest  # noqa: PLC0415 (80 MB and a second that every gathering would pay)

    with_left = sum(mark > 0 for mark in marks)
    interval = binomtest(with_left, len(marks)).proportion_ci(0.95, "exact")
    rate = with_left / len(marks)
    return Residual(len(marks), with_left, rate, float(interval.low), float(interval.high), sum(marks))
