"""Names of people found by a token classifier: an addition to `corpus.privacy_step` for those who have such a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import regex
import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer

from dono.corpus.privacy import Finding
from dono.errors import Mistake
from dono.models.pretrained import UNREADABLE, first_line

PERSON = frozenset({"PER", "PERSON", "NAME", "GIVENNAME", "SURNAME", "FIRSTNAME", "LASTNAME"})
"""Labels that mean a person, without B-, I-, E-, S- or L- before them."""
PREFIX = regex.compile(r"^[BIESLU][-_]")
LETTER = regex.compile(r"[\p{L}\p{M}\u200c\u200d]")
STRIDE = 32
"""Tokens that two windows of a long text share, so that a name at an edge is seen whole in one (assumed enough)."""


class PersonNames:
    """Finds names in texts with the token classifier of a model directory; give it to `privacy_step` as `more`.

    `threshold` is the least probability of a person's label, `batch` the windows read together. Raises `Mistake` for a
    directory that holds no such model, and for one without a label of `PERSON`.
    """

    def __init__(self, folder: str, *, threshold: float = 0.5, batch: int = 16) -> None:
        where = Path(folder)
        remedy = "Give a Hugging Face directory with a token-classification model and a fast tokenizer"
        if not (where / "config.json").is_file():
            raise Mistake("no model there (no config.json)", where=folder, remedy=remedy)
        try:
            self.tokenizer = AutoTokenizer.from_pretrained(folder, use_fast=True)
            self.model, found = AutoModelForTokenClassification.from_pretrained(folder, output_loading_info=True)
        except UNREADABLE as error:
            raise Mistake(f"the model cannot be loaded ({first_line(error)})", where=folder, remedy=remedy) from error
        if found["missing_keys"] or not self.tokenizer.is_fast:
            raise Mistake("no trained token classifier with a fast tokenizer", where=folder, remedy=remedy)
        labels: dict[int, str] = self.model.config.id2label
        self.person = [number for number, label in labels.items() if PREFIX.sub("", label.upper()) in PERSON]
        if not self.person:
            named = ", ".join(sorted(labels.values()))
            raise Mistake(f"no label for a person among {named}", where=folder, remedy=remedy)
        self.model.eval()
        self.threshold, self.batch = threshold, batch
        self.window = min(self.tokenizer.model_max_length, self.model.config.max_position_embeddings, 512)

    def __call__(self, texts: Sequence[str]) -> list[list[Finding]]:
        """The names in each text, by place; whole words, joined where only a space is between them."""
        marked: list[set[int]] = [set() for _ in texts]
        for text, start, end in self._pieces(texts):
            marked[text].update(range(start, end))
        return [
            [Finding(*span, "name") for span in _words(text, marks)] for text, marks in zip(texts, marked, strict=True)
        ]

    def _pieces(self, texts: Sequence[str]) -> Iterator[tuple[int, int, int]]:
        """(text, start, end) of every token that is part of a person's name."""
        if not texts:
            return
        read = self.tokenizer(
            list(texts), truncation=True, max_length=self.window, stride=min(STRIDE, self.window // 4),
            return_overflowing_tokens=True, return_offsets_mapping=True,
        )  # fmt: skip
        places, owners = read.pop("offset_mapping"), read.pop("overflow_to_sample_mapping")
        for at in range(0, len(owners), self.batch):
            rows = {name: values[at : at + self.batch] for name, values in read.items()}
            padded = self.tokenizer.pad(rows, return_tensors="pt")
            with torch.inference_mode():
                chances = self.model(**padded).logits.softmax(-1)[..., self.person].sum(-1)
            for row, owner in enumerate(owners[at : at + self.batch]):
                for (start, end), chance in zip(places[at + row], chances[row].tolist(), strict=False):
                    if end > start and chance >= self.threshold:
                        yield owner, start, end


def _words(text: str, marks: set[int]) -> Iterator[tuple[int, int]]:
    """Spans of whole words of which a character is marked; words with a space or a point between are one name."""
    words = [m.span() for m in regex.finditer(rf"{LETTER.pattern}+", text)]
    hit = [(start, end) for start, end in words if not marks.isdisjoint(range(start, end))]
    joined: list[tuple[int, int]] = []
    for start, end in hit:
        if joined and text[joined[-1][1] : start] in (" ", ".", ". "):
            joined[-1] = joined[-1][0], end
        else:
            joined.append((start, end))
    yield from joined
