"""What may be asked: OpenAI's requests, every field of them either served or refused with its name.

Fields that are known but not served are taken with the value that changes nothing, since clients send such values;
any other value, and any other field, is refused.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

MOST_CHOICES = 16
MOST_PROMPTS = 128
MOST_MESSAGES = 2048
MOST_STOPS = 16
MOST_ROWS = 10_000
"""Limits of one request (assumed; OpenAI allows 128 choices and 4 stops)."""

Text = Annotated[str, Field(max_length=4_000_000)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
TokenId = Annotated[int, Field(ge=0, lt=2**31)]


class Part(BaseModel):
    """A part of a request: unknown fields are refused, numbers are finite, nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True, protected_namespaces=())


class TextPart(Part):
    """A piece of a message; pictures and sounds are not served."""

    type: Literal["text"]
    text: Text


class CalledFunction(Part):
    """What a tool was called with: `arguments` is JSON as text."""

    name: str
    arguments: Text


class CalledTool(Part):
    """A call that the assistant made earlier in the conversation."""

    id: str
    type: Literal["function"] = "function"
    function: CalledFunction


class Message(Part):
    """One message of a conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Text | list[TextPart] | None = None
    tool_calls: list[CalledTool] | None = None
    tool_call_id: str | None = None
    refusal: None = None
    audio: None = None
    function_call: None = None
    annotations: Annotated[list[JsonValue], Field(max_length=0)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Message:
        if self.content is None and not self.tool_calls:
            raise ValueError("a message needs `content`")
        if self.tool_calls and self.role != "assistant":
            raise ValueError("only the assistant calls tools")
        if (self.tool_call_id is not None) != (self.role == "tool"):
            raise ValueError("`tool_call_id` goes with the role tool, and the role tool needs it")
        return self

    @property
    def text(self) -> str:
        """The content as text."""
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or ""


class Function(Part):
    """A function that may be called; `parameters` is a JSON schema."""

    name: Name
    description: str | None = None
    parameters: dict[str, JsonValue] | None = None
    strict: bool | None = None


class Tool(Part):
    """A tool."""

    type: Literal["function"]
    function: Function


class FunctionName(Part):
    """A function by its name."""

    name: Name


class ToolChoice(Part):
    """The tool that is to be called."""

    type: Literal["function"]
    function: FunctionName


class PlainText(Part):
    """Any text."""

    type: Literal["text"]


class AnyJson(Part):
    """Any JSON object."""

    type: Literal["json_object"]


class Schema(Part):
    """A JSON schema; it is enforced whatever `strict` says."""

    name: Name
    schema_: dict[str, JsonValue] = Field(alias="schema")
    description: str | None = None
    strict: bool | None = None


class SchemaFormat(Part):
    """JSON of a schema."""

    type: Literal["json_schema"]
    json_schema: Schema


class StreamOptions(Part):
    """`include_usage`: the stream's last piece counts tokens."""

    include_usage: bool = False
    include_obfuscation: Literal[False] = False


class Generating(Part):
    """What requests for text have in common."""

    model: Annotated[str, Field(min_length=1, max_length=200)]
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    n: Annotated[int, Field(ge=1, le=MOST_CHOICES)] | None = None
    stop: Annotated[str, Field(min_length=1)] | Annotated[
        list[Annotated[str, Field(min_length=1, max_length=1000)]], Field(max_length=MOST_STOPS)
    ] | None = None  # fmt: skip
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    user: Annotated[str, Field(max_length=512)] | None = None
    """Kept in the audit trail as a hash."""
    frequency_penalty: Annotated[float, Field(ge=0, le=0)] | None = None
    presence_penalty: Annotated[float, Field(ge=0, le=0)] | None = None
    logit_bias: Annotated[dict[str, JsonValue], Field(max_length=0)] | None = None

    @property
    def stops(self) -> tuple[str, ...]:
        """Texts that end an answer and are not part of it."""
        if self.stop is None:
            return ()
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop)

    @property
    def choices(self) -> int:
        """Answers to each prompt."""
        return self.n or 1

    @model_validator(mode="after")
    def _options_of_a_stream(self) -> Generating:
        if self.stream_options is not None and not self.stream:
            raise ValueError("`stream_options` goes with `stream: true`")
        return self


class ChatRequest(Generating):
    """`POST /v1/chat/completions`."""

    messages: Annotated[list[Message], Field(min_length=1, max_length=MOST_MESSAGES)]
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    response_format: Annotated[PlainText | AnyJson | SchemaFormat, Field(discriminator="type")] | None = None
    tools: Annotated[list[Tool], Field(max_length=128)] | None = None
    tool_choice: Literal["none", "auto", "required"] | ToolChoice | None = None
    parallel_tool_calls: Literal[True] | None = None
    store: Literal[False] | None = None
    service_tier: Literal["auto", "default"] | None = None
    modalities: Annotated[list[Literal["text"]], Field(min_length=1, max_length=1)] | None = None

    @model_validator(mode="after")
    def _agrees(self) -> ChatRequest:
        if self.top_logprobs is not None and not self.logprobs:
            raise ValueError("`top_logprobs` goes with `logprobs: true`")
        if self.tool_choice not in (None, "none", "auto") and not self.tools:
            raise ValueError("`tool_choice` needs `tools`")
        if isinstance(self.tool_choice, ToolChoice):
            known = [tool.function.name for tool in self.tools or ()]
            if self.tool_choice.function.name not in known:
                raise ValueError(f"`tool_choice` names no tool of the request; they are {', '.join(known)}")
        if self.max_tokens is not None and self.max_completion_tokens not in (None, self.max_tokens):
            raise ValueError("`max_tokens` and `max_completion_tokens` differ; give one of them")
        constrained = self.response_format is not None and self.response_format.type != "text"
        if constrained and self.tools and self.tool_choice != "none":
            raise ValueError("`response_format` and `tools` are not served together; give one of them")
        return self

    @property
    def most(self) -> int | None:
        """Tokens of an answer at most, where a limit is given."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def told(self) -> int | None:
        """How many of the likeliest tokens are told for each place; None: nothing is told."""
        return (self.top_logprobs or 0) if self.logprobs else None


Prompt = (
    Text
    | Annotated[list[TokenId], Field(min_length=1)]
    | Annotated[list[Text], Field(min_length=1, max_length=MOST_PROMPTS)]
    | Annotated[list[Annotated[list[TokenId], Field(min_length=1)]], Field(min_length=1, max_length=MOST_PROMPTS)]
)
"""A text, several texts, or the same as token ids."""


def separate(prompt: Prompt) -> list[str | list[int]]:
    """Each prompt by itself."""
    if isinstance(prompt, str):
        return [prompt]
    if isinstance(prompt[0], int):
        return [prompt]
    return list(prompt)


class CompletionRequest(Generating):
    """`POST /v1/completions`."""

    prompt: Prompt
    logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    best_of: Literal[1] | None = None
    echo: Literal[False] | None = None
    suffix: None = None

    @property
    def most(self) -> int:
        """Tokens of an answer at most: OpenAI's default is 16."""
        return self.max_tokens or 16

    @property
    def told(self) -> int | None:
        """How many of the likeliest tokens are told for each place; None: nothing is told."""
        return self.logprobs


class EmbeddingRequest(Part):
    """`POST /v1/embeddings`."""

    model: Annotated[str, Field(min_length=1, max_length=200)]
    input: Prompt
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: None = None
    user: Annotated[str, Field(max_length=512)] | None = None


Cell = str | float | int | bool | None


class PredictRequest(Part):
    """`POST /v1/predict/NAME`: rows of a table by the names of their columns, or texts."""

    rows: Annotated[list[dict[str, Cell]], Field(min_length=1, max_length=MOST_ROWS)] | None = None
    texts: Annotated[list[Text], Field(min_length=1, max_length=MOST_ROWS)] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> PredictRequest:
        if (self.rows is None) == (self.texts is None):
            raise ValueError("give `rows` or `texts`")
        return self
