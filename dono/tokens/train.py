"""A tokenizer of the corpus's own: byte-level BPE whose words keep their vowel signs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from dono.errors import Mistake

BOS, EOS, PAD = "<|bos|>", "<|eos|>", "<|pad|>"

WORDS = r" ?[\p{L}\p{M}\x{200C}\x{200D}]+"
DIGITS = r"\p{N}{1,3}"
SIGNS = r" ?[^\s\p{L}\p{M}\p{N}][^\s\p{L}\p{N}]*"
BREAKS = r"[\r\n]+"
BLANKS = r"[^\S\r\n]+(?!\S)|\s"
OUR_PATTERN = "|".join((WORDS, DIGITS, SIGNS, BREAKS, BLANKS))
"""What BPE may not merge across.

Letters, combining marks and the two joiners form one word with the space before it: a pattern of letters alone cuts
Indic words at every vowel sign, and no vocabulary size repairs that (measured: Tamil 5.8 against 2.3 tokens a word at
32,000). Signs keep the marks and joiners that follow them (emoji sequences). Digits go in threes. The last blank of a
run goes with the next word.
"""

SMALLEST_VOCABULARY = 256 + 3
"""Every byte and the three special tokens."""

ProgressOfTexts = Callable[[int], None]


def new_tokenizer() -> Tokenizer:
    """An empty byte-level BPE with our pre-tokenizer; no normalizer, so that every text comes back byte for byte."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(OUR_PATTERN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def train_tokenizer(
    texts: Iterator[str], vocab_size: int, out: Path, *, progress: ProgressOfTexts | None = None
) -> Path:
    """Train on `texts` and write a Hugging Face fast-tokenizer directory; returns `out`.

    The vocabulary may end up smaller than `vocab_size` where the texts hold no more pairs seen twice: read it back
    with `len(load_tokenizer(out))`. Nothing is added by encoding: EOS between documents is written by the shards.
    `progress` is called with the number of texts read so far. The same texts give the same files.
    Raises `Mistake` when the vocabulary cannot hold the bytes or when there is no text.
    """
    if vocab_size < SMALLEST_VOCABULARY:
        raise Mistake(
            f"a vocabulary of {vocab_size} cannot hold every byte",
            where="vocabulary",
            remedy=f"Give at least {SMALLEST_VOCABULARY}",
        )
    tokenizer, seen = new_tokenizer(), _Seen()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=2,
        special_tokens=[BOS, EOS, PAD],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(seen.count(texts, progress), trainer)
    if not seen.characters:
        raise Mistake("there is no text to learn a tokenizer from", where="corpus", remedy="Check the corpus's sources")
    out.mkdir(parents=True, exist_ok=True)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=BOS,
        eos_token=EOS,
        pad_token=PAD,
        clean_up_tokenization_spaces=False,
    )
    save_tokenizer(fast, out)
    return out


def save_tokenizer(tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write a tokenizer's files. Errors are those of the libraries that write them.

    Transformers 5 writes a class name that 4 (and servers built on it) cannot read; both read the one put instead.
    """
    tokenizer.save_pretrained(str(folder))
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text(encoding="utf8"))
    if config.get("tokenizer_class") == "TokenizersBackend":
        config["tokenizer_class"] = "PreTrainedTokenizerFast"
        config.pop("backend", None)
        path.write_text(json.dumps(config, ensure_ascii=False, indent=2) + "\n", encoding="utf8")


class _Seen:
    """Counts what passes through."""

    def __init__(self) -> None:
        self.texts = self.characters = 0

    def count(self, texts: Iterator[str], progress: ProgressOfTexts | None) -> Iterator[str]:
        for text in texts:
            self.texts += 1
            self.characters += len(text)
            if progress is not None and self.texts % 1000 == 0:
                progress(self.texts)
            yield text
        if progress is not None:
            progress(self.texts)


def load_tokenizer(source: str | Path) -> PreTrainedTokenizerBase:
    """The tokenizer of a model directory or hub name. Raises `Mistake` when there is none or it has no EOS."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(source))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        remedy = "Give a model directory that holds tokenizer.json, or a hub name that can be reached"
        raise Mistake(f"its tokenizer cannot be loaded ({first})", where=str(source), remedy=remedy) from error
    if tokenizer.eos_token_id is None:
        raise Mistake(
            "its tokenizer has no EOS token", where=str(source), remedy="Set eos_token in tokenizer_config.json"
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token  # safe: labels mask padding by position, never by id
    assert isinstance(tokenizer, PreTrainedTokenizerBase)
    return tokenizer


def encode_plain(tokenizer: PreTrainedTokenizerBase, texts: list[str]) -> list[list[int]]:
    """Ids of texts that are data: nothing is added, and a special token's name in a text is only its characters."""
    if not texts:
        return []
    encoded = tokenizer(
        texts, add_special_tokens=False, split_special_tokens=True, return_attention_mask=False, verbose=False
    )
    ids = encoded["input_ids"]
    assert isinstance(ids, list)
    return ids
