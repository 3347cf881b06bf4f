"""Rows as chats that wait for an answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dono.corpus import Malformed, Prompt, Reject, as_prompt, read_prompts

USER, SAID = {"role": "user", "content": "कब आएगा?"}, {"role": "assistant", "content": "कल"}
ASKED = (("User", "कब आएगा?"),)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"prompt": "कब आएगा?"}, None),
        ({"prompt": [USER]}, None),
        ({"prompt": [USER], "chosen": [SAID], "rejected": [SAID]}, None),
        ({"prompt": "कब आएगा?", "completion": "कल"}, "कल"),
        ({"messages": [USER]}, None),
        ({"messages": [USER, SAID]}, "कल"),
        ({"text": "कब आएगा?"}, None),
        ({"question": "कब आएगा?", "answer": "कल"}, "कल"),
    ],
)
def test_a_prompt_of_any_form_is_the_same_prompt(row: dict[str, Any], expected: str | None) -> None:
    found = as_prompt(row | {"language": "hi"})
    assert (found.turns, found.expected, found.language) == (ASKED, expected, "hi")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"prompt": ""}, "empty"),
        ({"prompt": [SAID]}, "asks nothing"),
        ({"n": 1}, "no text"),
        ({"prompt": []}, "no turn"),
    ],
)
def test_what_asks_nothing_has_its_reason(row: dict[str, Any], said: str) -> None:
    with pytest.raises(Malformed, match=said):
        as_prompt(row)


def test_broken_rows_are_set_aside_and_the_others_read(tmp_path: Path) -> None:
    path = tmp_path / "prompts.jsonl"
    path.write_text(json.dumps({"prompt": "when?"}) + "\n{broken\n", encoding="utf8")
    found = list(read_prompts([path]))
    assert isinstance(found[0], Prompt) and found[0].key == "User: when?" and isinstance(found[1], Reject)
