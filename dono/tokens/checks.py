"""What is refused before the first step: examples that would teach nothing, or something wrong, without any error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

import numpy as np
from transformers import PreTrainedTokenizerBase

from dono.errors import Mistake
from dono.tokens.rows import IGNORED, Document, Rows, separate

RENDER = "Look at the chat template and at how the example is encoded"


def check_rows(
    parts: Iterable[Rows],
    *,
    bos: int | None,
    eos: int | None,
    where: str,
    vocabulary: int | None = None,
    answers: bool = True,
) -> None:
    """Raise `Mistake` at the first document, counted from 1 over all parts, that would be learned from wrongly.

    Always: two BOS at its beginning; ids or labels outside the `vocabulary` (None: only negative ones). With `answers`
    also: no trained label; an end that is not trained although what stands before it is, and an EOS that is masked
    after a trained token (both happen where PAD is EOS and labels are masked by id). A window of a corpus may well hold
    a piece without a label, so `answers` is not for corpora. Filling is passed over.
    """
    for number, document in enumerate(_documents(parts), start=1):
        wrong = _wrong_ids(document, vocabulary) or _wrong_beginning(document, bos)
        if wrong is None and answers:
            wrong = _wrong_answer(document, eos)
        if wrong is not None:
            what, remedy = wrong
            raise Mistake(what, where=f"{where}, document {number}", remedy=remedy)


def show_rows(tokenizer: PreTrainedTokenizerBase, rows: Rows, document: int = 0) -> str:
    """One document of the rows as text, special tokens included, each trained span between ⟦ and ⟧."""
    ids, labels = separate(rows)[document]
    trained = np.concatenate([[False], labels != IGNORED])
    tokens = [*ids.tolist(), *labels[-1:][labels[-1:] != IGNORED].tolist()]
    shown = []
    for marked, span in groupby(zip(trained.tolist(), tokens, strict=False), key=lambda pair: pair[0]):
        text = tokenizer.decode([token for _, token in span])
        shown.append(f"⟦{text}⟧" if marked else text)
    return "".join(shown)


def _documents(parts: Iterable[Rows]) -> Iterator[Document]:
    """The documents of all parts without their filling, which stands behind the last token that counts."""
    for rows in parts:
        at = 0
        for document in separate(rows):
            if at < rows.tokens:
                yield document
            at += len(document.ids)


def _wrong_ids(document: Document, vocabulary: int | None) -> tuple[str, str] | None:
    labels = document.labels[document.labels != IGNORED]
    for name, ids in (("id", document.ids), ("label", labels)):
        outside = ids[(ids < 0) | (ids >= (np.inf if vocabulary is None else vocabulary))]
        if len(outside):
            size = "" if vocabulary is None else f" of {vocabulary:,} entries"
            return (
                f"{name} {outside[0]} is outside the vocabulary{size}",
                "Use the tokenizer that the model was made for",
            )
    return None


def _wrong_beginning(document: Document, bos: int | None) -> tuple[str, str] | None:
    if bos is not None and document.ids[:2].tolist() == [bos, bos]:
        return "it begins with two BOS tokens", "Remove the BOS from the text or from the chat template"
    return None


def _wrong_answer(document: Document, eos: int | None) -> tuple[str, str] | None:
    ids, labels = document
    trained = labels != IGNORED
    if not trained.any():
        return "nothing of it is trained: every label is masked", "Give the answer, or leave the example out"
    if not trained[-1]:
        return "its end is not trained, so the model would not learn to stop", RENDER
    # The places behind a trained token that are not trained themselves, though EOS comes next and has not come yet.
    masked = trained[:-2] & ~trained[1:-1] & (ids[2:] == eos) & (labels[:-2] != eos)
    if masked.any():
        return "the EOS behind an answer is masked, so the model would not learn to stop", RENDER
    return None
