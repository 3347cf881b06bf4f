"""Bytes as the printable characters that byte-level tokenizers write in their files, and back."""

from __future__ import annotations

import json
import re

from transformers import PreTrainedTokenizerBase

from dono.errors import Mistake


def _gpt2_characters() -> list[str]:
    """What byte-level BPE writes for each byte, as GPT-2 has it: printable characters stand for themselves."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(b if b in plain else next(others)) for b in range(256)]


CHARACTERS = _gpt2_characters()
"""CHARACTERS[b] stands for byte b."""
BYTES = {character: byte for byte, character in enumerate(CHARACTERS)}
"""The byte that a character stands for."""

SPACE = "▁"
"""What sentencepiece, and tokenizers in its manner, write for a space."""
BYTE = re.compile(r"<0x([0-9A-F]{2})>")
"""What they write for a byte of a character that is not in the vocabulary."""


def written(raw: bytes) -> str:
    """Bytes as a byte-level tokenizer's file spells them."""
    return "".join(CHARACTERS[b] for b in raw)


def is_bytewise(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether pieces are written in GPT-2's characters for bytes; else they are text in sentencepiece's manner.

    Raises `Mistake` for a tokenizer without a tokenizer.json.
    """
    if not tokenizer.is_fast:
        what = f"its pieces cannot be read ({type(tokenizer).__name__} has no tokenizer.json)"
        raise Mistake(what, where=str(tokenizer.name_or_path), remedy="Keep this base's vocabulary")
    described = json.loads(tokenizer.backend_tokenizer.to_str())
    return any('"ByteLevel"' in json.dumps(described[part]) for part in ("normalizer", "pre_tokenizer", "decoder"))


def bytes_of(token: str, *, bytewise: bool) -> bytes:
    """The bytes that a piece of the vocabulary spells."""
    if bytewise:
        return bytes(BYTES[c] for c in token) if BYTES.keys() >= set(token) else token.encode()
    byte = BYTE.fullmatch(token)
    return bytes([int(byte[1], 16)]) if byte else token.replace(SPACE, " ").encode()


def spellings(tokenizer: PreTrainedTokenizerBase) -> list[bytes]:
    """The bytes that each id spells, by id; none where the numbering has a hole."""
    vocabulary, bytewise = tokenizer.get_vocab(), is_bytewise(tokenizer)
    spelled = [b""] * (max(vocabulary.values()) + 1)
    for token, id_ in vocabulary.items():
        spelled[id_] = bytes_of(token, bytewise=bytewise)
    return spelled
