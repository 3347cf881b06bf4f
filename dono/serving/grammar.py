"""Answers held to a form (a JSON schema, a grammar) by llguidance: tokens that cannot go on are never drawn."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from dono.errors import Mistake

SPACING = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
"""JSON is written on one line as most of it is; where blanks are free, a weak model writes them without end."""


class DeadEnd(Exception):
    """No token of the vocabulary goes on with the form."""


class Matcher(Protocol):
    """What llguidance's matcher does."""

    def unsafe_compute_mask_ptr(self, address: int, size: int) -> None:
        """Write the mask of the next token."""

    def consume_token(self, token: int) -> bool:
        """Go on by a token."""

    def is_stopped(self) -> bool:
        """Whether nothing can follow."""

    def get_error(self) -> str:
        """What went wrong."""


class Constraint:
    """Where one answer stands in its form. `mask` int32 [vocabulary / 32]: a bit for each token that may come next."""

    def __init__(self, matcher: Matcher, vocabulary: int) -> None:
        self.matcher = matcher
        self.mask = np.zeros((vocabulary + 31) // 32, dtype=np.int32)

    def fill(self) -> np.ndarray:
        """The mask of the next token."""
        self.matcher.unsafe_compute_mask_ptr(self.mask.ctypes.data, self.mask.nbytes)
        return self.mask

    def take(self, token: int) -> bool:
        """Go on by a token; False where the form is complete and nothing can follow. Raises `DeadEnd`."""
        if not self.matcher.consume_token(token):
            raise DeadEnd(self.matcher.get_error() or "no token can follow")
        return not self.matcher.is_stopped()


class Grammars:
    """Forms for one tokenizer. Raises `Mistake` where llguidance is missing or does not know the tokenizer."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, vocabulary: int, ends: Sequence[int]) -> None:
        try:
            self._guide = importlib.import_module("llguidance")
            make = importlib.import_module("llguidance.hf").from_tokenizer
            self._tokenizer = make(tokenizer, n_vocab=vocabulary, eos_token=list(ends))
        except ImportError as error:
            what = f"{error.name} is missing"
            raise Mistake(what, where="response_format", remedy="pip install 'dono[serve]'") from error
        except ValueError as error:
            what = f"answers cannot be held to a form with this tokenizer ({error})"
            raise Mistake(what, where="response_format", remedy="Leave it out") from error
        self.vocabulary = vocabulary

    def of_schema(self, schema: Mapping[str, object]) -> str:
        """A grammar of a JSON schema. Raises `Mistake` for one that is none, or that cannot be enforced in full."""
        try:
            grammar = str(self._guide.LLMatcher.grammar_from_json_schema(json.dumps(schema), defaults=SPACING))
        except ValueError as error:
            raise Mistake(str(error), where="response_format", remedy="Mend the schema") from error
        return self.checked(grammar)

    def of_lark(self, text: str) -> str:
        """A grammar in llguidance's form of Lark."""
        return self.checked(str(self._guide.LLMatcher.grammar_from_lark(text)))

    def checked(self, grammar: str) -> str:
        """The grammar, if it is one."""
        wrong, said = self._guide.LLMatcher.validate_grammar_with_warnings(grammar, self._tokenizer)
        if wrong or said:
            raise Mistake(said[0].splitlines()[0][:300], where="response_format", remedy="Mend the schema")
        return grammar

    def constraint(self, grammar: str) -> Constraint:
        """The beginning of an answer held to a grammar."""
        return Constraint(self._guide.LLMatcher(self._tokenizer, grammar), self.vocabulary)


def constrain(logits: Tensor, constraints: Sequence[Constraint | None]) -> Tensor:
    """Logits [rows, vocabulary] with those of tokens at -inf that a row's form does not allow; a copy, where any."""
    if all(c is None for c in constraints):
        return logits
    held = [i for i, c in enumerate(constraints) if c is not None]
    bits = np.stack([c.fill().copy() for c in constraints if c is not None])
    allowed = np.unpackbits(bits.view(np.uint8), axis=1, bitorder="little")[:, : logits.shape[1]].astype(bool)
    where = torch.from_numpy(~allowed).to(logits.device)
    out = logits.float().clone()
    out[held] = out[held].masked_fill(where, float("-inf"))
    return out
