from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dono.corpus import FORMATS, Malformed, recognise

CHAT = [{"role": "user", "content": "where is it?"}, {"role": "assistant", "content": "on its way"}]
LONG_CHAT = [{"role": "system", "content": "be kind"}, *CHAT, {"role": "user", "content": "thanks"}]

ROWS: list[tuple[dict[str, object], str, str, str | None]] = [
    ({"messages": CHAT}, "messages", "where is it?", "on its way"),
    ({"messages": LONG_CHAT}, "messages", "System: be kind\nUser: where is it?", "on its way"),
    ({"messages": CHAT[:1]}, "messages", "", None),
    (
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}, {"type": "image"}]}, CHAT[1]]},
        "messages",
        "hi",
        "on its way",
    ),
    (
        {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]},
        "conversations",
        "q",
        "a",
    ),
    ({"conversations": CHAT}, "conversations", "where is it?", "on its way"),
    ({"instruction": "Sum up.", "input": "Much", "output": "less"}, "instruction", "Sum up.\n\nMuch", "less"),
    ({"instruction": "Greet.", "input": "", "output": "hello"}, "instruction", "Greet.", "hello"),
    ({"prompt": "p", "completion": "c"}, "prompt", "p", "c"),
    ({"prompt": "p", "response": "r"}, "prompt", "p", "r"),
    ({"prompt": "p", "answer": 4}, "prompt", "p", "4"),
    ({"prompt": CHAT[:1], "completion": CHAT[1:]}, "prompt", "where is it?", "on its way"),
    ({"prompt": "p", "chosen": "good", "rejected": "bad"}, "preference", "p", "good"),
    ({"prompt": "p", "chosen": CHAT[1:], "rejected": CHAT[1:]}, "preference", "p", "on its way"),
    ({"chosen": CHAT, "rejected": CHAT}, "preference", "where is it?", "on its way"),
    ({"question": "q?", "context": "c.", "answers": ["a", "b"]}, "question", "c.\nq?", "a"),
    ({"question": "q?", "answers": {"text": ["a"], "answer_start": [0]}}, "question", "q?", "a"),
    ({"question": "q?", "answer": "a"}, "question", "q?", "a"),
    ({"text": "t", "label": "joy"}, "label", "t", "joy"),
    ({"text": "t", "label": 3}, "label", "t", "3"),
    ({"text": "t", "label": None}, "label", "", None),
    ({"text": "t", "id": 1}, "text", "", None),
    ({"id": 1, "body": "t"}, "text", "", None),
]  # fmt: skip

MALFORMED: list[tuple[dict[str, object], str]] = [
    ({"messages": []}, "the chat has no turn"),
    ({"messages": "hello"}, "the chat has no turn"),
    ({"messages": [{"content": "x"}]}, "a turn of the chat has no 'role'"),
    ({"messages": [{"role": "user", "content": None}]}, "a turn of the chat has no 'content'"),
    ({"conversations": [{"from": "human"}]}, "a turn of the chat has no 'value'"),
    ({"question": "q?", "answers": []}, "the question has no answer"),
    ({"text": None}, "'text' is empty"),
    ({"text": ["a"]}, "'text' is a list, not text"),
    ({"id": 1, "amount": 2.5}, "no text among the fields id, amount"),
    ({"chosen": "x", "rejected": "y"}, "no field 'prompt'"),
    ({}, "no text among the fields"),
]


@pytest.mark.parametrize(("fields", "form", "prompt", "answer"), ROWS)
def test_a_format_is_recognised_by_its_fields(
    fields: dict[str, object], form: str, prompt: str, answer: str | None
) -> None:
    reading = recognise(fields)
    assert (reading.format, reading.prompt if answer else "", reading.answer) == (form, prompt, answer)
    assert reading.document


def test_every_format_is_among_the_rows_tested() -> None:
    assert {row[1] for row in ROWS} == FORMATS.keys()


def test_a_chat_is_written_out_a_turn_a_line() -> None:
    expected = "System: be kind\nUser: where is it?\nAssistant: on its way\nUser: thanks"
    assert recognise({"messages": LONG_CHAT}).document == expected


@pytest.mark.parametrize(("fields", "reason"), MALFORMED)
def test_a_malformed_row_says_what_is_wrong(fields: dict[str, object], reason: str) -> None:
    with pytest.raises(Malformed) as caught:
        recognise(fields)
    assert str(caught.value).strip() == reason


NAMES = st.sampled_from(
    ["messages", "conversations", "text", "label", "prompt", "chosen", "rejected", "question", "context", "answers",
     "answer", "completion", "instruction", "input", "output", "role", "content", "from", "value"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_any_row_is_understood_or_refused_with_a_reason(fields: dict[str, object]) -> None:
    try:
        reading = recognise(fields)
    except Malformed as error:
        assert str(error)
    else:
        assert reading.format in FORMATS and isinstance(reading.document, str)
