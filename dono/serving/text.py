"""Tokens as they come, to text as it is certain: whole characters only, and nothing that may yet become a stop."""

from __future__ import annotations

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

BROKEN = "�"
"""What a tokenizer writes for bytes that are no character, or not yet."""
LONGEST_CHARACTER = 8
"""After so many tokens bytes that are no character are taken as they are: none needs more than four bytes (assumed)."""


class Detokenizer:
    """Ids to text, a piece at a time; the pieces together are the text of all ids decoded at once."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, *, keep_special: bool = False) -> None:
        self._tokenizer, self._skip = tokenizer, not keep_special
        self._backend = tokenizer.backend_tokenizer if tokenizer.is_fast else None
        self._ids: list[int] = []
        self._from = self._told = 0
        """Ids that the next piece is decoded with, and those of which the text was given out."""

    def _decode(self, ids: Sequence[int]) -> str:
        if self._backend is not None:
            return str(self._backend.decode(ids, skip_special_tokens=self._skip))
        return str(self._tokenizer.decode(ids, skip_special_tokens=self._skip))

    def add(self, token: int, *, last: bool = False) -> str:
        """The text that is certain by one more token; by the `last`, all that is left."""
        self._ids.append(token)
        return self._piece(last)

    def rest(self) -> str:
        """What is left when no token follows."""
        return self._piece(True)

    def _piece(self, last: bool) -> str:
        before = self._decode(self._ids[self._from : self._told])
        now = self._decode(self._ids[self._from :])
        waiting = now.endswith(BROKEN) and len(self._ids) - self._told < LONGEST_CHARACTER
        if (waiting and not last) or len(now) <= len(before):
            return ""
        self._from, self._told = self._told, len(self._ids)
        return now[len(before) :]


class Stops:
    """Text held to the texts that end it: what may be the beginning of one waits for what follows."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stops)
        self._held = ""
        self.met = False

    def add(self, text: str, *, last: bool = False) -> str:
        """The text that is certain; everything up to the first stop once it is met."""
        if not self._stops:
            return text
        text, self._held = self._held + text, ""
        # the one that is complete first, so that it does not matter in what pieces the text comes
        found = [(at + len(stop), at) for stop in self._stops if (at := text.find(stop)) >= 0]
        if found:
            self.met = True
            return text[: min(found)[1]]
        held = 0 if last else max(_overlap(text, stop) for stop in self._stops)
        self._held = text[len(text) - held :]
        return text[: len(text) - held]


def _overlap(text: str, stop: str) -> int:
    """The length of the longest end of `text` with which `stop` begins."""
    return next((n for n in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:n])), 0)
