"""What is refused before the first step, in one line with the document's place, and how an example is shown."""

from __future__ import annotations

import numpy as np
import pytest
from transformers import PreTrainedTokenizerBase

from dono.errors import Mistake
from dono.tokens import IGNORED, Document, check_rows, document, encode_plain, packed, padded, show_rows

BOS, EOS = 1, 2
GOOD = document([BOS, 5, 6, 7, EOS], 3)


def check(*documents: Document, answers: bool = True, pack: bool = True) -> None:
    """Both layouts, the first document alone in a part before."""
    lay = packed if pack else padded
    rest = [lay(documents[1:])] if documents[1:] else []
    check_rows([lay(documents[:1]), *rest], bos=BOS, eos=EOS, where="data", vocabulary=10, answers=answers)


def masked_by_id(ids: list[int], trained_from: int, pad: int) -> Document:
    """The field's bug: labels that are the padding's id are masked, wherever they stand."""
    made = document(ids, trained_from)
    return Document(made.ids, np.where(made.labels == pad, IGNORED, made.labels))


@pytest.mark.parametrize("pack", [True, False])
@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (document([BOS, BOS, 5, EOS], 3), "begins with two BOS"),
        (document([BOS, 5, 6], 3), "every label is masked"),
        (masked_by_id([BOS, 5, 6, EOS], 2, EOS), "its end is not trained"),
        (masked_by_id([BOS, 5, 6, EOS, 5, 7, 8], 2, EOS), "EOS behind an answer is masked"),
        (document([BOS, 5, 10, EOS], 2), "10 is outside the vocabulary of 10 entries"),
        (document([BOS, -1, 5, EOS], 3), "-1 is outside the vocabulary"),
        (Document(np.asarray([5, 6]), np.asarray([6, -5])), "label -5 is outside the vocabulary"),
        (Document(np.asarray([5, 6]), np.asarray([12, 7])), "label 12 is outside the vocabulary"),
    ],
)
def test_a_document_that_would_teach_wrongly_is_refused_by_its_number(bad: Document, said: str, pack: bool) -> None:
    with pytest.raises(Mistake, match=f"data, document 3: .*{said}") as raised:
        check(GOOD, GOOD, bad, GOOD, pack=pack)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("pack", [True, False])
def test_good_documents_pass_and_so_does_an_answer_that_was_cut(pack: bool) -> None:
    several_turns = document([BOS, 5, 6, EOS, 5, 7, EOS], 2)
    several_turns.labels[3] = IGNORED
    check(GOOD, document([BOS, 5, 6, 7], 2), several_turns, pack=pack)


def test_filling_is_not_taken_for_a_document_without_labels() -> None:
    filled = packed([GOOD], fill_to=20)
    only_filling = packed([Document(np.asarray([0]), np.asarray([IGNORED]))])._replace(tokens=0)
    check_rows([filled, only_filling], bos=BOS, eos=EOS, where="data")


def test_in_a_corpus_pieces_may_be_without_a_label_but_ids_must_be_right() -> None:
    nothing = Document(np.asarray([5]), np.asarray([IGNORED]))
    check(nothing, answers=False)
    with pytest.raises(Mistake, match="document 1: nothing of it is trained"):
        check(nothing)
    with pytest.raises(Mistake, match="outside the vocabulary"):
        check(document([5, 11]), answers=False)


def test_without_bos_and_eos_only_labels_and_ids_are_looked_at() -> None:
    check_rows([packed([document([0, 0, 1], 1)])], bos=None, eos=None, where="data")


def test_the_shown_document_marks_every_trained_span(tokenizer: PreTrainedTokenizerBase) -> None:
    question, answer = encode_plain(tokenizer, ["और एक", " refund"])
    ids = [*question, *answer, tokenizer.eos_token_id, *question, *answer]
    made = document(ids, len(question))
    made.labels[len(question) + len(answer) : len(ids) - len(answer) - 1] = IGNORED
    rows = packed([GOOD, made], fill_to=200)
    assert show_rows(tokenizer, rows, 1) == "और एक⟦ refund<|eos|>⟧और एक⟦ refund⟧"
    assert show_rows(tokenizer, padded([made, GOOD]), 0) == show_rows(tokenizer, rows, 1)


def test_a_token_that_is_masked_at_the_end_is_not_shown(tokenizer: PreTrainedTokenizerBase) -> None:
    question, answer = encode_plain(tokenizer, ["और एक", " refund"])
    made = document([*question, *answer, tokenizer.eos_token_id], len(question))
    made.labels[-1] = IGNORED
    assert show_rows(tokenizer, packed([made])) == "और एक⟦ refund⟧"
