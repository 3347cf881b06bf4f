"""Tokens on disk: documents end to end, each closed by EOS, with an index; read back memory-mapped."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from transformers import PreTrainedTokenizerBase

from dono.errors import Mistake
from dono.tokens.train import encode_plain

TOKENS, INDEX = "tokens.bin", "index.npz"

DOCUMENTS_AT_ONCE = 512
"""How many documents are encoded in one call: enough to keep the tokenizer's threads busy, little memory."""

CHARACTERS_AT_ONCE = 4_000_000
"""A call is closed early at this many characters, so that a run of long documents stays within memory."""

Tokens = npt.NDArray[np.uint16] | npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Counts:
    """Documents, tokens (EOS included) and bytes of UTF-8 text (EOS not)."""

    documents: int
    tokens: int
    bytes: int

    @property
    def bytes_per_token(self) -> float:
        """How much text one token carries: what bits per byte and serving costs scale with."""
        return self.bytes / self.tokens if self.tokens else 0.0


@dataclass(frozen=True)
class TokenCounts:
    """What was written, in all and by language code."""

    total: Counts
    by_language: dict[str, Counts]


def write_shards(
    documents: Iterable[tuple[str, str]],
    tokenizer: PreTrainedTokenizerBase,
    out: Path,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> TokenCounts:
    """Encode `documents` (text, language code) into `out`: tokens.bin and index.npz.

    Ids are uint16 where the vocabulary has fewer than 65,536 entries, else uint32. Text is data: the name of a special
    token in a document is encoded as its characters. `progress` gets (documents, tokens) written so far.
    Raises `Mistake` when the tokenizer has no EOS or when there is no document.
    """
    eos = tokenizer.eos_token_id
    if not isinstance(eos, int):
        raise Mistake(
            "the tokenizer has no EOS token", where="tokenizer", remedy="Name one in its tokenizer_config.json"
        )
    dtype: type[np.uint16] | type[np.uint32] = np.uint16 if len(tokenizer) < 2**16 else np.uint32
    out.mkdir(parents=True, exist_ok=True)
    lengths: list[int] = []
    sizes: list[int] = []
    codes: list[int] = []
    names: dict[str, int] = {}
    written = 0
    with (out / TOKENS).open("wb") as file:
        for batch in _batches(documents):
            texts = [text for text, _ in batch]
            for ids, (text, language) in zip(encode_plain(tokenizer, texts), batch, strict=True):
                file.write(np.asarray([*ids, eos], dtype=dtype).tobytes())
                lengths.append(len(ids) + 1)
                sizes.append(len(text.encode("utf8")))
                codes.append(names.setdefault(language, len(names)))
                written += len(ids) + 1
            if progress is not None:
                progress(len(lengths), written)
    if not lengths:
        raise Mistake("there is no document to write", where=str(out), remedy="Check the corpus's sources and filters")
    _write_index(out, lengths, sizes, codes, list(names), np.dtype(dtype).itemsize)
    return Shards.open(out).counts()


def join_shards(pieces: Sequence[Path], out: Path) -> TokenCounts:
    """Put what `write_shards` wrote of consecutive documents together into `out`, as if it had written all at once.

    Memory: the index. Raises `Mistake` where there is no piece, as none had a document.
    """
    if not pieces:
        raise Mistake("there is no document to write", where=str(out), remedy="Check the corpus's sources and filters")
    names: dict[str, int] = {}
    found = [Shards.open(piece) for piece in pieces]
    with (out / TOKENS).open("wb") as file:
        for piece in pieces:
            with (piece / TOKENS).open("rb") as tokens:
                shutil.copyfileobj(tokens, file, 1 << 20)
    codes = [np.asarray([names.setdefault(n, len(names)) for n in s.languages], np.int32)[s.codes] for s in found]
    lengths, sizes = ([array(s) for s in found] for array in (Shards.lengths, lambda s: s.sizes))
    _write_index(
        out, np.concatenate(lengths), np.concatenate(sizes), np.concatenate(codes), list(names),
        found[0].tokens.dtype.itemsize,
    )  # fmt: skip
    return Shards.open(out).counts()


def _write_index(
    out: Path, lengths: npt.ArrayLike, sizes: npt.ArrayLike, codes: npt.ArrayLike, languages: list[str], width: int
) -> None:
    np.savez(
        out / INDEX,
        offsets=np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]),
        bytes=np.asarray(sizes, dtype=np.int64),
        codes=np.asarray(codes, dtype=np.int32),
        languages=np.asarray(languages, dtype=np.str_),
        width=np.asarray(width),
    )


def _batches(documents: Iterable[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    batch: list[tuple[str, str]] = []
    characters = 0
    for text, language in documents:
        batch.append((text, language))
        characters += len(text)
        if len(batch) == DOCUMENTS_AT_ONCE or characters >= CHARACTERS_AT_ONCE:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


class Shards:
    """A written corpus: tokens are mapped, not read; the index (28 bytes a document) is in memory."""

    def __init__(
        self,
        tokens: Tokens,
        offsets: npt.NDArray[np.int64],
        sizes: npt.NDArray[np.int64],
        codes: npt.NDArray[np.int32],
        languages: tuple[str, ...],
        directory: Path | None = None,
    ) -> None:
        self.directory = directory
        assert len(offsets) == len(sizes) + 1 == len(codes) + 1 and offsets[-1] == len(tokens)
        self.tokens, self.offsets, self.sizes, self.codes, self.languages = tokens, offsets, sizes, codes, languages

    @classmethod
    def open(cls, directory: Path) -> Shards:
        """Map what `write_shards` wrote. Raises `Mistake` where a file is missing or cut short."""
        remedy = "Delete the directory and run the same command again; it will be made anew"
        try:
            with np.load(directory / INDEX, allow_pickle=False) as index:
                offsets, sizes, codes = index["offsets"], index["bytes"], index["codes"]
                languages = tuple(str(name) for name in index["languages"])
                dtype: type[np.uint16] | type[np.uint32] = np.uint16 if int(index["width"]) == 2 else np.uint32
            tokens: Tokens = np.memmap(directory / TOKENS, dtype=dtype, mode="r")
        except (OSError, ValueError) as error:
            raise Mistake(f"the tokens cannot be read ({error})", where=str(directory), remedy=remedy) from error
        if len(tokens) != offsets[-1]:
            what = f"{TOKENS} holds {len(tokens):,} tokens, the index says {int(offsets[-1]):,}"
            raise Mistake(what, where=str(directory), remedy=remedy)
        return cls(tokens, offsets, sizes, codes, languages, directory)

    def __reduce__(self) -> tuple[object, ...]:
        """To another process go the names of the files, not what is in them."""
        if self.directory is not None:
            return Shards.open, (self.directory,)
        return Shards, (self.tokens, self.offsets, self.sizes, self.codes, self.languages)

    @property
    def n_tokens(self) -> int:
        """All tokens, an EOS after each document included."""
        return len(self.tokens)

    @property
    def n_bytes(self) -> int:
        """UTF-8 bytes of the text behind the tokens."""
        return int(self.sizes.sum())

    @property
    def n_documents(self) -> int:
        """How many documents there are."""
        return len(self.sizes)

    @property
    def eos(self) -> int:
        """The id that closes every document; it stands nowhere else, because text is encoded as text."""
        return int(self.tokens[self.offsets[1] - 1])

    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each document, EOS included: [documents]."""
        return np.diff(self.offsets)

    def document(self, number: int) -> npt.NDArray[np.int64]:
        """The ids of one document, EOS included: [tokens]."""
        return np.asarray(self.tokens[self.offsets[number] : self.offsets[number + 1]], dtype=np.int64)

    def language(self, number: int) -> str:
        """The language code of one document."""
        return self.languages[int(self.codes[number])]

    def documents(self, language: str | None = None) -> npt.NDArray[np.int64]:
        """The numbers of the documents in one language (all where None): [n]."""
        if language is None:
            return np.arange(self.n_documents)
        if language not in self.languages:
            return np.zeros(0, dtype=np.int64)
        return np.flatnonzero(self.codes == self.languages.index(language))

    def counts(self) -> TokenCounts:
        """Documents, tokens and bytes, in all and by language."""
        lengths = self.lengths()
        by_language = {}
        for language in sorted(self.languages):
            chosen = self.documents(language)
            by_language[language] = Counts(len(chosen), int(lengths[chosen].sum()), int(self.sizes[chosen].sum()))
        return TokenCounts(Counts(self.n_documents, self.n_tokens, self.n_bytes), by_language)
