from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerBase

from dono.serving.engine import ToolCall
from dono.serving.tools import TOOL_FORMS, ToolReader, tool_form

CALL = {"name": "look_up", "arguments": {"order": "१२"}}
WRITTEN = {
    "hermes": f"Let me see. <tool_call>\n{json.dumps(CALL)}\n</tool_call>",
    "mistral": f"Let me see. [TOOL_CALLS] [{json.dumps(CALL)}]",
    "llama3": 'Let me see. {"name": "look_up", "parameters": {"order": "१२"}}',
}


def test_every_form_is_written_out_here() -> None:
    assert WRITTEN.keys() == TOOL_FORMS.keys()


@pytest.mark.parametrize("name", sorted(WRITTEN))
@given(cuts=st.lists(st.integers(1, 9), max_size=60))
def test_a_call_is_found_however_its_text_comes(name: str, cuts: list[int]) -> None:
    text, reader, at = WRITTEN[name], ToolReader(TOOL_FORMS[name]), 0
    said, calls = "", list[ToolCall]()
    for cut in [*cuts, len(text)]:
        piece, at = text[at : at + cut], at + cut
        more, found = reader.add(piece, last=at >= len(text))
        said, calls = said + more, [*calls, *found]
        if at >= len(text):
            break
    assert said.strip() == "Let me see."
    assert [(c.name, json.loads(c.arguments)) for c in calls] == [("look_up", {"order": "१२"})]


def test_what_is_no_call_stays_text() -> None:
    reader = ToolReader(TOOL_FORMS["hermes"])
    text = "a <tool_call>not JSON</tool_call> b <tool"
    assert reader.add(text, last=True) == (text, []) and reader.calls == 0


def test_two_calls_are_two() -> None:
    reader = ToolReader(TOOL_FORMS["hermes"])
    one = f"<tool_call>{json.dumps(CALL)}</tool_call>"
    said, calls = reader.add(f"{one}\n{one}", last=True)
    assert said == "" and len(calls) == 2 and calls[0].id != calls[1].id


def test_a_form_is_told_by_the_template(tokenizer: PreTrainedTokenizerBase) -> None:
    assert tool_form(tokenizer) is None
