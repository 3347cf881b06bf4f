"""Answers in OpenAI's JSON: whole, and as the pieces of a stream."""

from __future__ import annotations

import base64
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from pydantic_core import to_json

from dono.serving.engine import Chance, Piece, Place, ToolCall, Usage

Json = dict[str, object]
Form = Literal["chat", "text"]
_OBJECTS = {("chat", True): "chat.completion.chunk", ("chat", False): "chat.completion"}
DONE = b"data: [DONE]\n\n"


def sse(value: object) -> bytes:
    """A piece of a stream."""
    return b"data: " + to_json(value) + b"\n\n"


def usage_json(usage: Usage) -> Json:
    """Tokens counted."""
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
        "prompt_tokens_details": {"cached_tokens": usage.reused},
    }


@dataclass
class Writer:
    """The answer to one request. `form`: a conversation's or a text's."""

    form: Form
    id: str
    model: str
    made: int = field(default_factory=lambda: int(time.time()))
    _begun: dict[int, int] = field(default_factory=dict)
    """Characters that each answer has so far."""
    _calls: dict[int, int] = field(default_factory=dict)

    def _frame(self, choices: Sequence[Json], *, stream: bool) -> Json:
        kind = _OBJECTS.get((self.form, stream), "text_completion")
        return {"id": self.id, "object": kind, "created": self.made, "model": self.model, "choices": list(choices)}

    def piece(self, piece: Piece, *, counted: bool) -> Json:
        """A piece of a stream; `counted`: the stream ends in a count, which is null until then."""
        begun = self._begun.get(piece.index)
        self._begun[piece.index] = (begun or 0) + len(piece.text)
        choice: Json = {"index": piece.index, "finish_reason": piece.finish, "logprobs": None}
        if self.form == "text":
            choice["text"] = piece.text
            if piece.places:
                choice["logprobs"] = _text_chances(piece.places, begun or 0)
        else:
            delta: Json = {"role": "assistant"} if begun is None else {}
            if piece.text or begun is None:
                delta["content"] = piece.text
            if piece.calls:
                first = self._calls.get(piece.index, 0)
                self._calls[piece.index] = first + len(piece.calls)
                delta["tool_calls"] = [{"index": i, **_call(c)} for i, c in enumerate(piece.calls, first)]
            choice["delta"] = delta
            if piece.places:
                choice["logprobs"] = _chat_chances(piece.places)
        framed = self._frame([choice], stream=True)
        return {**framed, "usage": None} if counted else framed

    def count(self, usage: Usage) -> Json:
        """The last piece of a stream that is counted."""
        return {**self._frame([], stream=True), "usage": usage_json(usage)}

    def whole(self, pieces: Sequence[Piece], usage: Usage) -> Json:
        """The answer in one."""
        choices = [self._choice(i, [p for p in pieces if p.index == i]) for i in sorted({p.index for p in pieces})]
        return {**self._frame(choices, stream=False), "usage": usage_json(usage)}

    def _choice(self, index: int, pieces: Sequence[Piece]) -> Json:
        text = "".join(p.text for p in pieces)
        places = [place for p in pieces for place in p.places]
        calls = [call for p in pieces for call in p.calls]
        choice: Json = {"index": index, "finish_reason": pieces[-1].finish, "logprobs": None}
        if self.form == "text":
            return {**choice, "text": text, "logprobs": _text_chances(places, 0) if places else None}
        message: Json = {"role": "assistant", "content": None if calls and not text else text, "refusal": None}
        if calls:
            message["tool_calls"] = [_call(c) for c in calls]
        return {**choice, "message": message, "logprobs": _chat_chances(places) if places else None}


def _call(call: ToolCall) -> Json:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _chance(chance: Chance) -> Json:
    return {"token": chance.text, "logprob": _finite(chance.logprob), "bytes": list(chance.raw)}


def _finite(value: float) -> float:
    return max(value, -9999.0)  # what OpenAI writes for a token without a chance; JSON has no infinity


def _chat_chances(places: Sequence[Place]) -> Json:
    content = [{**_chance(p.chosen), "top_logprobs": [_chance(c) for c in p.likeliest]} for p in places]
    return {"content": content, "refusal": None}


def _text_chances(places: Sequence[Place], offset: int) -> Json:
    offsets = []
    for place in places:
        offsets.append(offset)
        offset += len(place.chosen.text)
    return {
        "tokens": [p.chosen.text for p in places],
        "token_logprobs": [_finite(p.chosen.logprob) for p in places],
        "top_logprobs": [{c.text: _finite(c.logprob) for c in p.likeliest} for p in places],
        "text_offset": offsets,
    }


def embeddings_json(model: str, vectors: Sequence[Sequence[float]], tokens: int, encoding: str) -> Json:
    """Vectors as numbers, or as base64 of float32."""
    data = [
        {"object": "embedding", "index": i, "embedding": list(v) if encoding == "float" else _base64(v)}
        for i, v in enumerate(vectors)
    ]
    return {"object": "list", "data": data, "model": model, "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}


def _base64(vector: Sequence[float]) -> str:
    return base64.b64encode(np.asarray(vector, dtype="<f4").tobytes()).decode("ascii")
