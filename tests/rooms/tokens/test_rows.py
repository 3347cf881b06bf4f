"""Documents on rows: what is laid out comes back, and filling is never counted, seen or trained."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dono.tokens import IGNORED, Document, document, packed, padded, separate

PAD = 0


@st.composite
def documents(draw: st.DrawFn) -> list[Document]:
    """Up to eight documents of ids from 1; some with a given beginning."""
    made = []
    for _ in range(draw(st.integers(1, 8))):
        ids = draw(st.lists(st.integers(1, 99), min_size=2, max_size=12))
        made.append(document(ids, draw(st.integers(1, len(ids)))))
    return made


def as_lists(found: list[Document]) -> list[tuple[list[int], list[int]]]:
    return [(d.ids.tolist(), d.labels.tolist()) for d in found]


def test_a_document_predicts_each_next_token_from_where_it_is_trained() -> None:
    ids, labels = document([5, 6, 7, 8], trained_from=2)
    assert ids.tolist() == [5, 6, 7] and labels.tolist() == [IGNORED, 7, 8]
    assert document([5, 6, 7, 8]).labels.tolist() == [6, 7, 8] == document([5, 6, 7, 8], 0).labels.tolist()
    assert ids.dtype == labels.dtype == np.int64


@settings(max_examples=100, deadline=None)
@given(made=documents())
def test_packed_documents_come_back_and_their_positions_restart(made: list[Document]) -> None:
    rows = packed(made)
    assert as_lists(separate(rows)) == as_lists(made)
    assert rows.positions[0].tolist() == [place for d in made for place in range(len(d.ids))]
    assert rows.inputs.shape == rows.labels.shape == rows.positions.shape == (1, rows.tokens)
    assert rows.attention is None


@settings(max_examples=100, deadline=None)
@given(made=documents(), room=st.integers(0, 120))
def test_filling_up_gives_one_shape_and_counts_and_trains_nothing(made: list[Document], room: int) -> None:
    tokens = sum(len(d.ids) for d in made)
    rows = packed(made, fill_to=room, pad=PAD)
    assert rows.tokens == tokens and rows.inputs.shape == (1, max(tokens, room))
    whole = separate(rows)
    assert as_lists(whole[: len(made)]) == as_lists(made)
    for ids, labels in whole[len(made) :]:
        assert (ids == PAD).all() and (labels == IGNORED).all() and len(ids) == room - tokens
    assert rows.bounds is not None and len(whole) == len(made) + (tokens < room) == len(rows.bounds) - 1


@settings(max_examples=100, deadline=None)
@given(made=documents())
def test_padded_documents_come_back_and_padding_is_neither_seen_nor_trained(made: list[Document]) -> None:
    rows = padded(made, pad=PAD)
    assert as_lists(separate(rows)) == as_lists(made)
    assert rows.attention is not None and rows.bounds is None
    outside = rows.attention == 0
    assert (rows.inputs[outside] == PAD).all() and (rows.labels[outside] == IGNORED).all()
    assert rows.tokens == sum(len(d.ids) for d in made) == int(rows.attention.sum())
    assert (rows.positions == np.arange(rows.inputs.shape[1])).all()
