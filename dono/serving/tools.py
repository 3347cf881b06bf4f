"""Tool calls as models write them: read out of an answer, or enforced as a grammar.

Each form is a row of `TOOL_FORMS`; a template's form is told by the marks that it writes itself.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from transformers import PreTrainedTokenizerBase

from dono.serving.contract import ChatRequest, Tool, ToolChoice
from dono.serving.engine import ToolCall
from dono.serving.grammar import SPACING


@dataclass(frozen=True)
class ToolForm:
    """How one family writes calls: `opening` JSON `closing`, the arguments under the key `arguments`.

    `many`: the JSON is a list of calls. `mark` is what tells the form in a chat template, `vllm_parser` vLLM's name.
    """

    mark: str
    opening: str
    closing: str
    vllm_parser: str
    arguments: str = "arguments"
    many: bool = False


TOOL_FORMS: dict[str, ToolForm] = {
    "hermes": ToolForm("<tool_call>", "<tool_call>", "</tool_call>", "hermes"),
    "mistral": ToolForm("[TOOL_CALLS]", "[TOOL_CALLS]", "", "mistral", many=True),
    "llama3": ToolForm(
        '"parameters": dictionary of argument name', '{"name": ', "", "llama3_json", arguments="parameters"
    ),
}
"""hermes: Qwen 2.5 and 3, Hermes, SmolLM3 and others. mistral: Mistral's v3 templates. llama3: Llama 3.1 to 3.3."""


def tool_form(tokenizer: PreTrainedTokenizerBase) -> ToolForm | None:
    """The form in which this tokenizer's template has tools called; None where it has no tools, or in no form known."""
    template = tokenizer.chat_template
    if isinstance(template, dict):
        template = template.get("tool_use") or template.get("default")
    if not isinstance(template, str) or "tools" not in template:
        return None
    return next((form for form in TOOL_FORMS.values() if form.mark in template), None)


class ToolReader:
    """An answer's text, parted into what is said and what is called; a call is told when it is complete."""

    def __init__(self, form: ToolForm) -> None:
        self.form = form
        self._text = ""
        self._calling = False
        self.calls = 0

    def add(self, text: str, *, last: bool = False) -> tuple[str, list[ToolCall]]:
        """What is certain by more text. What looks like a call and is none remains text."""
        self._text += text
        said, calls = "", list[ToolCall]()
        while True:
            if not self._calling:
                at = self._text.find(self.form.opening)
                if at < 0:
                    kept = 0 if last else self._possible()
                    said += self._text[: len(self._text) - kept]
                    self._text = self._text[len(self._text) - kept :]
                    break
                said, self._text, self._calling = said + self._text[:at], self._text[at:], True
            body = self._text if self.form.opening.startswith("{") else self._text[len(self.form.opening) :]
            end = body.find(self.form.closing) if self.form.closing else (len(body) if last else -1)
            if end < 0 and not last:
                break
            found = _calls(body[:end] if end >= 0 else body, self.form)
            rest = body[end + len(self.form.closing) :] if end >= 0 else ""
            said += "" if found else self._text[: len(self._text) - len(rest)]
            calls, self._text, self._calling = [*calls, *found], rest, False
            if last and not rest:
                break
        self.calls += len(calls)
        if self.calls and not said.strip():
            said = ""  # the line breaks between calls are no content
        return said, calls

    def _possible(self) -> int:
        opening = self.form.opening
        return next((n for n in range(len(opening) - 1, 0, -1) if self._text.endswith(opening[:n])), 0)


def _calls(body: str, form: ToolForm) -> list[ToolCall]:
    try:
        found = json.loads(body.strip())
    except json.JSONDecodeError:
        return []
    found = found if isinstance(found, list) else [found]
    return [_call(one, form) for one in found] if all(_is_call(one, form) for one in found) else []


def _is_call(one: object, form: ToolForm) -> bool:
    return isinstance(one, dict) and isinstance(one.get("name"), str) and isinstance(one.get(form.arguments, {}), dict)


def _call(one: dict[str, Any], form: ToolForm) -> ToolCall:
    arguments = json.dumps(one.get(form.arguments, {}), ensure_ascii=False)
    return ToolCall(f"call_{secrets.token_hex(12)}", one["name"], arguments)


def offered(request: ChatRequest) -> list[Tool]:
    """The tools that the model is shown."""
    return [] if request.tool_choice == "none" else list(request.tools or ())


def demanded(request: ChatRequest) -> list[Tool]:
    """The tools one of which must be called; none where the model may choose."""
    choice = request.tool_choice
    if isinstance(choice, ToolChoice):
        return [t for t in request.tools or () if t.function.name == choice.function.name]
    return list(request.tools or ()) if choice == "required" else []


def call_grammar(tools: Sequence[Tool], form: ToolForm) -> str:
    """A grammar (llguidance's Lark) of one call of one of these tools, its arguments by the tool's own schema."""
    schemas = [
        {
            "type": "object",
            "properties": {
                "name": {"const": t.function.name},
                form.arguments: t.function.parameters or {"type": "object", "additionalProperties": False},
            },
            "required": ["name", form.arguments],
            "additionalProperties": False,
        }
        for t in tools
    ]
    schema: dict[str, Any] = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
    if form.many:
        schema = {"type": "array", "items": schema, "minItems": 1, "maxItems": 1}
    schema["x-guidance"] = SPACING
    opening = "" if form.opening.startswith("{") else f"{json.dumps(form.opening)} "
    closing = f" {json.dumps(form.closing)}" if form.closing else ""
    return f"start: {opening}body{closing}\nbody: %json {json.dumps(schema)}\n"
