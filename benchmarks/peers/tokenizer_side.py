"""One tokenizer of benchmarks.tokenizers trained in a process of its own, so that its time and memory are its own.

`python -m benchmarks.peers.tokenizer_side NAME SAMPLE OUT VOCABULARY STAGE`: SAMPLE holds a text to a line. NAME is a
kind of `dono.tokens.KINDS`, "cl100k-style", "sentencepiece-bpe" or "sentencepiece-unigram": the peer's own trainers,
with byte fallback. Prints one JSON line: seconds of training, and the most memory in GB, texts and libraries with it
(transformers and torch are some 0.4 GB of ours). The peer reads the file itself, ours are given its texts.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from benchmarks.peers.memory import peak_bytes

PEERS = {"sentencepiece-bpe": "bpe", "sentencepiece-unigram": "unigram"}


def ours(name: str, sample: Path, out: Path, vocabulary: int, stage: float) -> float:
    """Seconds that one of our kinds, or the yardstick, took."""
    from dono.tokens import CL100K_PATTERN, KINDS  # noqa: PLC0415 (a peer's memory is without ours)
    from dono.tokens.kinds import plain  # noqa: PLC0415

    texts = sample.read_bytes().decode().split("\n")
    began = time.monotonic()
    if name == "cl100k-style":
        made = plain(texts, vocabulary, CL100K_PATTERN)
    else:
        made = KINDS[next(kind for kind in KINDS if kind == name)](texts, vocabulary, stage)
    seconds = time.monotonic() - began
    made.save(str(out))
    return seconds


def sentencepiece(model: str, sample: Path, out: Path, vocabulary: int) -> float:
    """Seconds that the peer took."""
    import sentencepiece as peer  # noqa: PLC0415 (a peer that may be absent)

    began = time.monotonic()
    peer.SentencePieceTrainer.train(
        input=str(sample), model_prefix=str(out), vocab_size=vocabulary, model_type=model, byte_fallback=True,
        minloglevel=2, num_threads=1, character_coverage=0.9995, normalization_rule_name="identity",
        max_sentence_length=1_000_000, hard_vocab_limit=False,
    )  # fmt: skip
    return time.monotonic() - began


def main() -> None:
    """Train one, say what it took."""
    name, sample, out, vocabulary = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
    if name in PEERS:
        seconds = sentencepiece(PEERS[name], sample, out, vocabulary)
    else:
        seconds = ours(name, sample, out, vocabulary, float(sys.argv[5]))
    print(json.dumps({"seconds": seconds, "gigabytes": peak_bytes() / 1e9}))


if __name__ == "__main__":
    main()
