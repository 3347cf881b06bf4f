"""A base's tokenizer made longer: its merges first, then new ones learned on what they leave (arXiv 2512.03989)."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import regex
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerBase

from dono.errors import Mistake
from dono.tokens.kinds import encoded, symbols
from dono.tokens.merges import Merge, learned_merges
from dono.tokens.train import load_tokenizer, save_tokenizer

FILE = "tokenizer.json"
_NUMBER = regex.compile(r"\p{N}+")
_WORD = regex.compile(r"[\p{L}\p{M}\u200c\u200d]+")


@dataclass(frozen=True)
class Extended:
    """A longer tokenizer. `added` are its new tokens as its file writes them, all of them reachable.

    `floor` is how many pieces the base's pre-tokenizer makes of one word of the texts: no vocabulary, however large,
    gets below it. Where the pattern parts marks from letters it is far above 1, and the benefit is capped.
    """

    tokenizer: PreTrainedTokenizerBase
    added: tuple[str, ...]
    floor: float


def extend_tokenizer(base: PreTrainedTokenizerBase, texts: Sequence[str], many: int) -> Extended:
    """Add up to `many` tokens to `base`, learned on `texts`: old ids, merges, pattern and number rule stay.

    The new merges are those that BPE would have gone on with, so a text is cut as before and then joined further:
    every new token is reached. None has a digit in it, so numbers are read as the base learned to. What is never made
    of the texts again once all merges are known is left out.
    Raises `Mistake` for a tokenizer that is not BPE or has no tokenizer.json.
    """
    backend = _backend(base)
    merges = _new_merges(backend, texts, many)
    longer = _longer(base, merges)
    while unreached := _unreached(_backend(longer), merges):
        merges = [merge for merge in merges if merge not in unreached]
        longer = _longer(base, merges)
    new = dict.fromkeys(left + right for left, right in merges)
    return Extended(longer, tuple(token for token in new if token not in base.get_vocab()), word_floor(base, texts))


def word_floor(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> float:
    """Pieces that the pre-tokenizer makes of a word of letters, mean over the running words of `texts`."""
    pre = tokenizer.backend_tokenizer.pre_tokenizer
    words = [word for text in texts for word in _WORD.findall(text)]
    if pre is None or not words:
        return 1.0
    counts = {word: len(pre.pre_tokenize_str(word)) for word in set(words)}
    return sum(counts[word] for word in words) / len(words)


def _backend(tokenizer: PreTrainedTokenizerBase) -> Tokenizer:
    model = json.loads(tokenizer.backend_tokenizer.to_str())["model"] if tokenizer.is_fast else {}
    if model.get("type") != "BPE":
        what = f"its tokenizer is no BPE ({model.get('type', type(tokenizer).__name__)}), which could be gone on with"
        raise Mistake(what, where=str(tokenizer.name_or_path), remedy="Keep this base's vocabulary, or replace it")
    copy = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    copy.encode_special_tokens = True
    return copy


def _new_merges(backend: Tokenizer, texts: Sequence[str], many: int) -> list[Merge]:
    """Merges on the texts as the base encodes them, parted at numbers.

    One that makes a token the base has by another way stays: it adds no id, and later ones build on it.
    """
    vocabulary = backend.get_vocab(with_added_tokens=True)
    spelled = [""] * (max(vocabulary.values()) + 1)
    for token, id_ in vocabulary.items():
        spelled[id_] = token
    parts = (part for text in texts for part in _NUMBER.split(text) if part)
    return learned_merges((symbols(ids, pieces) for ids, pieces in encoded(backend, parts)), spelled, many)


def _longer(base: PreTrainedTokenizerBase, merges: Sequence[Merge]) -> PreTrainedTokenizerBase:
    """The base's files with these merges behind its own; new ids follow the last of all old ones."""
    with tempfile.TemporaryDirectory() as scrap:
        folder = Path(scrap)
        save_tokenizer(base, folder)
        described = json.loads((folder / FILE).read_text(encoding="utf8"))
        model = described["model"]
        first = max(base.get_vocab().values()) + 1
        known = base.get_vocab()
        tokens = dict.fromkeys(left + right for left, right in merges if left + right not in known)
        model["vocab"] |= {token: first + number for number, token in enumerate(tokens)}
        joined = [f"{left} {right}" for left, right in merges]
        model["merges"] += joined if model["merges"] and isinstance(model["merges"][0], str) else map(list, merges)
        (folder / FILE).write_text(json.dumps(described, ensure_ascii=False), encoding="utf8")
        return load_tokenizer(folder)


def _unreached(backend: Tokenizer, merges: Sequence[Merge]) -> set[Merge]:
    """Merges whose token is not what the model makes of its own text, and that no other of these merges needs."""
    needed = {part for merge in merges for part in merge}
    tokens = {merge: merge[0] + merge[1] for merge in merges}
    return {
        merge for merge, token in tokens.items()
        if token not in needed and [found.value for found in backend.model.tokenize(token)] != [token]
    }  # fmt: skip
