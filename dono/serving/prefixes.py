"""Beginnings of prompts that were read before: their keys and values are copied instead of computed again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dono.serving.slots import Prefix

SHORTEST = 16
"""Shorter beginnings are read again: copying would hardly be faster (assumed)."""
MOST_KEPT = 256
"""Beginnings at most: all are looked through for each prompt (assumed)."""
Tokens = npt.NDArray[np.int64]


def shared(one: Tokens, other: Tokens) -> int:
    """How many tokens are equal from the beginning."""
    length = min(len(one), len(other))
    differing = np.flatnonzero(one[:length] != other[:length])
    return int(differing[0]) if len(differing) else length


@dataclass(frozen=True)
class Kept:
    """A beginning: its tokens, and their keys and values."""

    tokens: Tokens
    prefix: Prefix


class Prefixes:
    """The latest beginnings, up to so many bytes, each within its scope (an adapter, and whose it is).

    What one key asked is not used for another: how fast an answer begins would tell what others ask.
    """

    def __init__(self, most_bytes: int, token_bytes: int) -> None:
        self.most, self.token_bytes = (most_bytes // token_bytes if token_bytes else 0), token_bytes
        self.held = 0
        """Tokens."""
        self._kept: OrderedDict[tuple[str, bytes], Kept] = OrderedDict()

    def find(self, scope: str, tokens: Tokens) -> tuple[int, Prefix]:
        """The longest common beginning that is kept, and how long it is (0: none)."""
        best, found = 0, None
        for key, kept in self._kept.items():
            if key[0] == scope and (length := shared(kept.tokens, tokens)) > best:
                best, found = length, key
        if found is None or best < SHORTEST:
            return 0, []
        self._kept.move_to_end(found)
        return best, self._kept[found].prefix

    def wants(self, scope: str, tokens: Tokens) -> bool:
        """Whether so long a beginning would be kept, and is not yet."""
        if not SHORTEST <= len(tokens) <= self.most:
            return False
        return all(k[0] != scope or shared(kept.tokens, tokens) < len(tokens) for k, kept in self._kept.items())

    def keep(self, scope: str, tokens: Tokens, prefix: Prefix) -> None:
        """Keep a beginning; those that it goes on from, and the oldest ones beyond the limit, are let go."""
        for key, kept in list(self._kept.items()):
            if key[0] == scope and shared(kept.tokens, tokens) == len(kept.tokens):
                self.held -= len(self._kept.pop(key).tokens)
        self._kept[scope, tokens.tobytes()] = Kept(tokens, prefix)
        self.held += len(tokens)
        while self.held > self.most or len(self._kept) > MOST_KEPT:
            self.held -= len(self._kept.popitem(last=False)[1].tokens)

    def forget(self, scopes: Sequence[str]) -> None:
        """Let go of these scopes."""
        for key in [k for k in self._kept if k[0] in scopes]:
            self.held -= len(self._kept.pop(key).tokens)
