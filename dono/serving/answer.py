"""One answer as its reader gets it: tokens to text, up to a stop, with the chances told and the tools called."""

from __future__ import annotations

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

from dono.serving.engine import Chance, Piece, Place, ToolCall
from dono.serving.generation import Drawn, Generation
from dono.serving.sampling import Told
from dono.serving.text import Detokenizer, Stops
from dono.serving.tools import ToolForm, ToolReader
from dono.tokens import spellings


class Vocabulary:
    """Single tokens as text and bytes."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._added = {i: str(token) for i, token in tokenizer.added_tokens_decoder.items()}
        self._spelled = spellings(tokenizer)

    def of(self, token: int) -> tuple[str, tuple[int, ...]]:
        """A token as text and bytes; nothing for an id that the tokenizer does not use."""
        if token in self._added:
            return self._added[token], tuple(self._added[token].encode())
        raw = self._spelled[token] if token < len(self._spelled) else b""
        return raw.decode("utf8", "replace"), tuple(raw)

    def place(self, token: int, told: Told) -> Place:
        """What is told of one place."""
        likeliest = (Chance(*self.of(t), v) for t, v in zip(told.tokens, told.values, strict=True))
        return Place(Chance(*self.of(token), told.chosen), tuple(likeliest))


class Answer:
    """The answer that a generation becomes."""

    def __init__(
        self,
        index: int,
        generation: Generation,
        tokenizer: PreTrainedTokenizerBase,
        vocabulary: Vocabulary,
        stops: tuple[str, ...],
        form: ToolForm | None = None,
        *,
        spaced: bool = False,
    ) -> None:
        self.index, self.generation, self._vocabulary = index, generation, vocabulary
        self._detokenizer = Detokenizer(tokenizer, keep_special=form is not None)
        self._stops = Stops(stops)
        self._tools = ToolReader(form) if form is not None else None
        self._spaced = spaced
        """The blank that plain prompts have before an answer has not come yet; it is no part of it."""
        self.tokens = 0
        self.done = False

    def take(self, several: Sequence[Drawn]) -> Piece:
        """The piece that is certain by more tokens; a stop that is met ends the answer, and what follows is dropped."""
        pieces = []
        for drawn in several:
            pieces.append(self._take(drawn))
            if self.done:
                break
        if len(pieces) == 1:
            return pieces[0]
        places = tuple(place for p in pieces for place in p.places)
        calls = tuple(call for p in pieces for call in p.calls)
        return Piece(self.index, "".join(p.text for p in pieces), places, calls, pieces[-1].finish, len(pieces))

    def _take(self, drawn: Drawn) -> Piece:
        assert not self.done
        self.tokens += 1
        ended = drawn.finish is not None
        quiet = drawn.token in self.generation.ends
        text = self._detokenizer.rest() if quiet else self._detokenizer.add(drawn.token, last=ended)
        if self._spaced and text:
            text, self._spaced = text.removeprefix(" "), False
        text = self._stops.add(text, last=ended)
        finish: str | None = "stop" if self._stops.met else drawn.finish
        calls: list[ToolCall] = []
        if self._tools is not None:
            text, calls = self._tools.add(text, last=finish is not None)
            if finish == "stop" and self._tools.calls:
                finish = "tool_calls"
        self.done = finish is not None
        told = () if drawn.told is None else (self._vocabulary.place(drawn.token, drawn.told),)
        return Piece(self.index, text, told, tuple(calls), finish, 1)
