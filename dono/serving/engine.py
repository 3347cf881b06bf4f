"""What every engine does: it takes a request of the contract and answers in pieces, whatever computes them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from dono.serving.contract import ChatRequest, CompletionRequest, EmbeddingRequest


@dataclass(frozen=True)
class Chance:
    """A token as text and bytes, and its log-probability in nats."""

    text: str
    raw: tuple[int, ...]
    logprob: float


@dataclass(frozen=True)
class Place:
    """What is told of one place of an answer: the token that stands there, and the likeliest ones."""

    chosen: Chance
    likeliest: tuple[Chance, ...] = ()


@dataclass(frozen=True)
class ToolCall:
    """A function and its arguments, JSON as text."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Piece:
    """The next piece of the answer `index`; `finish` says why it is the last, in OpenAI's words."""

    index: int
    text: str = ""
    places: tuple[Place, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    finish: str | None = None
    tokens: int = 0
    """Tokens drawn for it."""


@dataclass(frozen=True)
class Usage:
    """What a request took: tokens, those of the prompt that were not read again, and seconds of the machine."""

    prompt: int
    completion: int
    reused: int = 0
    seconds: float = 0.0


Event = Piece | Usage


@dataclass(frozen=True)
class Job:
    """A request that an engine has understood. `events` begins the work; closing it cancels the rest.

    `most` is how many tokens its answers may have together; `prompt` those of its prompts (estimated, where the
    engine cannot count them before).
    """

    prompt: int
    most: int
    events: Callable[[], AsyncGenerator[Event, None]]


@dataclass(frozen=True)
class Vectors:
    """One vector for each input, and how many tokens they had."""

    vectors: Sequence[Sequence[float]]
    tokens: int
    seconds: float = 0.0


@dataclass(frozen=True)
class State:
    """Whether an engine takes requests, why not, and how much is going on."""

    ready: bool
    why: str = ""
    running: int = 0
    waiting: int = 0
    figures: dict[str, float] = field(default_factory=dict)


class Engine(Protocol):
    """What answers at one or more model names. Each method raises `Refused` for what it cannot serve."""

    def names(self) -> Sequence[str]:
        """The model names that it answers at, now."""

    def has(self, name: str) -> bool:
        """Whether it answers at a name; it may look for one that came since."""

    async def chat(self, request: ChatRequest, owner: str) -> Job:
        """A conversation. `owner` is the key that asks: nothing kept of one owner's prompts is used for another."""

    async def complete(self, request: CompletionRequest, owner: str) -> Job:
        """Texts that go on. Answers are numbered by prompt, then by choice."""

    async def embed(self, request: EmbeddingRequest) -> Vectors:
        """Texts as vectors."""

    def state(self) -> State:
        """How it is."""

    async def close(self) -> None:
        """Stop; what is under way fails."""
