"""One answer under way: what it was asked with, what was read and drawn so far, and where its tokens are sent."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from dono.serving.grammar import Constraint
from dono.serving.prefixes import Tokens
from dono.serving.sampling import Sampling, Told

Finish = Literal["stop", "length", "failed"]


class Drawn(NamedTuple):
    """One token, what was told of its chances, and why it is the last where it is.

    The token that ends an answer by itself is not part of its text.
    """

    token: int
    told: Told | None = None
    finish: Finish | None = None
    failure: str = ""


@dataclass(eq=False)
class Generation:
    """One answer. `tokens` is the prompt and what was drawn; the keys and values of the first `read` are in its slot.

    What is drawn goes into `sent`, which the answers of one request share. `seconds` is its share of the time that
    passes took: those of a batch are parted equally among its rows, of prompts beside a step by their tokens.
    """

    prompt: list[int]
    most: int
    sent: asyncio.Queue[tuple[Generation, Drawn]]
    sampling: Sampling = field(default_factory=Sampling)
    ends: frozenset[int] = frozenset()
    constraint: Constraint | None = None
    told: int | None = None
    adapter: str | None = None
    owner: str = ""
    tokens: list[int] = field(init=False)
    read: int = 0
    reused: int = 0
    seconds: float = 0.0
    cancelled: bool = False
    finished: bool = False

    def __post_init__(self) -> None:
        assert self.prompt and self.most >= 1
        self.tokens = list(self.prompt)
        self.random = self.sampling.uniforms()
        self.loop = asyncio.get_running_loop()

    @property
    def scope(self) -> str:
        """Within which beginnings are reused."""
        return f"{self.adapter or ''}\n{self.owner}"

    @property
    def drawn(self) -> int:
        """Tokens drawn so far."""
        return len(self.tokens) - len(self.prompt)

    def beginning(self) -> Tokens:
        """The tokens whose keys and values are there."""
        return np.asarray(self.tokens[: self.read], dtype=np.int64)
