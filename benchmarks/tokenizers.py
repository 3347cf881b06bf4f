"""Tokenizers that fit the scripts, on real text: tokens a word of every kind against a cl100k-style one, held out.

    python -m benchmarks.tokenizers [--text DIR] [--vocabulary 64000] [--megabytes 20]

DIR holds LANG/*.txt, a text to a line. A line is held out where its hash says so (one of twenty; the same line is never
on both sides), so no tokenizer has seen what it is measured on. All are trained on the same sample, in a process of
their own each, whose time and memory are given. About six minutes on two cores that others used too.

RESULT: `fertility_vs_cl100k` is the mean over languages of superwords' tokens per word over that of the cl100k-style
BPE (a ratio of means); `mean_of_ratios` beside it. `fertility_vs_plain` is the worst language of superwords over the
better of plain and grapheme-safe BPE with our pattern. `grapheme_violations` is the share of superwords' tokens that
begin or end inside a grapheme cluster, over all held-out text. `hinglish_fertility` is superwords' tokens per word on
romanised Hindi over those of the same kind trained on English alone. `speed_vs_cl100k` is bytes encoded per second.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from benchmarks.result import keep_result
from dono.tokens import CL100K_PATTERN, EOS, KINDS, Compared, Sample, balanced_sample, compare_tokenizers
from dono.tokens.kinds import plain

ROOT = Path(__file__).resolve().parents[1]
CORPORA = ROOT.parent / "shared" / "corpora"
HELD_OUT_OF = 20
SMALLEST = 200_000
"""Bytes below which a language is left out: its held-out part would be noise."""
HELD_OUT_BYTES = 100_000
"""At most so much held-out text of a language is measured on, spread over all there is."""
TEMPERATURE, REPEATS = 5.0, 4
"""Chosen, as stage and size are, on lines whose hash is 1 of twenty, then left out of training: 20 MB so balanced gave
0.568 of the yardstick's fertility, 50 MB at temperature 3 with two repeats 0.585; stages 0.75 and 0.9 are alike."""
ROMANISED, ENGLISH = "hi-Latn", "en"
PART = 0.15
"""Unigram and sentencepiece are trained on this part of the sample: on all of it they take longer than all the rest."""


@dataclass(frozen=True)
class Trained:
    """A tokenizer's file, and what it took to train it."""

    path: Path
    seconds: float
    gigabytes: float


def held_out(line: str) -> bool:
    """Whether a line is kept for measuring, by its hash alone."""
    return blake2b(line.encode(), digest_size=2).digest()[0] % HELD_OUT_OF == 0


def read_texts(folder: Path) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Training and held-out lines of each language."""
    train: dict[str, list[str]] = {}
    test: dict[str, list[str]] = {}
    for inner in sorted(path for path in folder.iterdir() if path.is_dir()):
        texts = [file.read_text(encoding="utf8") for file in sorted(inner.glob("*.txt"))]
        if sum(len(text.encode()) for text in texts) < SMALLEST:
            continue
        lines = [line for text in texts for line in text.split("\n") if line.strip()]
        train[inner.name] = [line for line in lines if not held_out(line)]
        test[inner.name] = spread([line for line in lines if held_out(line)], HELD_OUT_BYTES)
    return train, test


def spread(lines: Sequence[str], most: int) -> list[str]:
    """Lines of about `most` bytes from all over."""
    return balanced_sample(lambda: ((line, "") for line in lines), most).texts


def drawn(texts: Mapping[str, Sequence[str]], megabytes: float) -> Sample:
    """A balanced sample of so many megabytes."""
    return balanced_sample(
        lambda: ((text, language) for language, of in texts.items() for text in of),
        int(megabytes * 1e6), temperature=TEMPERATURE, repeats=REPEATS,
    )  # fmt: skip


def parallel(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """English and its translations, by language."""
    pairs = {}
    for file in sorted(folder.glob("en-*/*.tsv")):
        rows = [line.split("\t") for line in file.read_text(encoding="utf8").splitlines()]
        pairs[file.parent.name.removeprefix("en-")] = [(row[0], row[1]) for row in rows if len(row) == 2]
    return pairs


def apart(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of some work, and the gigabytes it took beyond what was there, in a process of its own."""
    context = multiprocessing.get_context("fork")
    inlet, outlet = context.Pipe(duplex=False)

    def measured() -> None:
        before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
        work()
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        outlet.send((time.monotonic() - began, (after - before) / 2**20))

    process = context.Process(target=measured)
    process.start()
    outlet.close()
    seconds, gigabytes = inlet.recv()
    process.join()
    return seconds, gigabytes


def trained(name: str, texts: Sequence[str], vocabulary: int, folder: Path, stage: float) -> Trained:
    """One of our kinds, the cl100k-style yardstick, or superwords learned from English alone."""
    path = folder / f"{name}.json"
    trainers: dict[str, Callable[[], Tokenizer]] = {
        "cl100k-style": lambda: plain(texts, vocabulary, CL100K_PATTERN),
        "english": lambda: KINDS["superwords"](texts, vocabulary, stage),
    }
    trainers |= {str(kind): partial(make, texts, vocabulary, stage) for kind, make in KINDS.items()}
    seconds, gigabytes = apart(lambda: trainers[name]().save(str(path)))
    print(f"  trained {name}: {seconds:.0f} s, {gigabytes:.2f} GB", flush=True)
    return Trained(path, seconds, gigabytes)


def sentencepiece(model: str, texts: Sequence[str], vocabulary: int, folder: Path) -> Trained | None:
    """The peer, its own trainer, with byte fallback, on one thread as ours are; None where it is not installed."""
    try:
        import sentencepiece as peer  # noqa: PLC0415 (a peer that may be absent)
    except ImportError:
        return None
    file = folder / f"{model}.txt"
    file.write_text("\n".join(texts), encoding="utf8")
    settings: dict[str, Any] = {
        "input": str(file), "model_prefix": str(folder / model), "vocab_size": vocabulary, "model_type": model,
        "byte_fallback": True, "minloglevel": 2, "num_threads": 1, "character_coverage": 0.9995,
        "normalization_rule_name": "identity", "max_sentence_length": 1_000_000, "hard_vocab_limit": False,
    }  # fmt: skip
    seconds, gigabytes = apart(lambda: peer.SentencePieceTrainer.train(**settings))
    print(f"  trained sentencepiece {model}: {seconds:.0f} s, {gigabytes:.2f} GB", flush=True)
    return Trained(folder / f"{model}.model", seconds, gigabytes)


def loaded(path: Path) -> PreTrainedTokenizerFast:
    """As transformers reads it."""
    return PreTrainedTokenizerFast(tokenizer_file=str(path), eos_token=EOS, clean_up_tokenization_spaces=False)


def megabytes_a_second(tokenizer: PreTrainedTokenizerFast, texts: Sequence[str]) -> float:
    """Encoding speed of the library on one thread a call, the best of three."""
    size = sum(len(text.encode()) for text in texts) / 1e6
    best = float("inf")
    for _ in range(3):
        began = time.monotonic()
        tokenizer.backend_tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        best = min(best, time.monotonic() - began)
    return size / best


def table(rows: Sequence[Compared]) -> None:
    """Languages down, tokenizers across: tokens a word; then, for each tokenizer, the rest as means over languages."""
    names = list(dict.fromkeys(row.tokenizer for row in rows))
    found = {(row.tokenizer, row.language): row for row in rows}
    print("\ntokens per word, held out\n" + " " * 10 + "".join(f"{name:>14s}" for name in names))
    for language in dict.fromkeys(row.language for row in rows):
        print(f"{language:10s}" + "".join(f"{found[n, language].counts.tokens_per_word:14.3f}" for n in names))
    print(f"{'mean':10s}" + "".join(f"{mean_fertility(rows, n):14.3f}" for n in names))
    print(f"\n{'tokenizer':14s} bytes/token  one-token words  violations  parity to English")
    for name in names:
        of = [row for row in rows if row.tokenizer == name]
        parities = [row.parity for row in of if row.parity is not None]
        size, tokens = sum(r.counts.bytes for r in of), sum(r.counts.tokens for r in of)
        single = sum(r.counts.single_words for r in of) / len(of)
        alike = f"{sum(parities) / len(parities):18.2f}" if parities else f"{'–':>18s}"
        print(f"{name:14s} {size / tokens:11.2f} {single:16.3f} {violations(rows, name):11.4f} {alike}")


def mean_fertility(rows: Sequence[Compared], name: str) -> float:
    """Tokens per word, the mean over languages."""
    of = [row.counts.tokens_per_word for row in rows if row.tokenizer == name]
    return sum(of) / len(of)


def violations(rows: Sequence[Compared], name: str) -> float:
    """Tokens that begin or end inside a cluster, over all text."""
    of = [row.counts for row in rows if row.tokenizer == name]
    return sum(counts.broken for counts in of) / sum(counts.tokens for counts in of)


def figures(rows: Sequence[Compared], english: Sequence[Compared]) -> dict[str, object]:
    """The numbers of the RESULT line that come from counts."""
    rate = {(row.tokenizer, row.language): row.counts.tokens_per_word for row in rows}
    languages = list(dict.fromkeys(row.language for row in rows))
    ratios = {of: rate["superwords", of] / rate["cl100k-style", of] for of in languages}
    plainly = {of: rate["superwords", of] / min(rate["words", of], rate["graphemes", of]) for of in languages}
    result: dict[str, object] = {
        "fertility_vs_cl100k": round(mean_fertility(rows, "superwords") / mean_fertility(rows, "cl100k-style"), 4),
        "mean_of_ratios": round(sum(ratios.values()) / len(ratios), 4),
        "plain_vs_cl100k": round(mean_fertility(rows, "words") / mean_fertility(rows, "cl100k-style"), 4),
        "fertility_vs_plain": round(max(plainly.values()), 4),
        "worst_language": max(plainly, key=lambda of: plainly[of]),
        "grapheme_violations": round(violations(rows, "superwords"), 5),
        "by_language": {of: round(ratios[of], 4) for of in languages},
    }
    if english and ROMANISED in languages:
        result["hinglish_fertility"] = round(rate["superwords", ROMANISED] / english[0].counts.tokens_per_word, 4)
    return result


def main() -> None:
    """Train, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--text", type=Path, default=CORPORA / "text")
    parser.add_argument("--vocabulary", type=int, default=64_000)
    parser.add_argument("--megabytes", type=float, default=20)
    parser.add_argument("--stage", type=float, default=0.8, help="share of the vocabulary learned within words")
    options = parser.parse_args()
    if not options.text.is_dir():
        print("skipped: no shared corpora beside the repository")
        print("RESULT " + json.dumps({"skipped": True}))
        return
    train, test = read_texts(options.text)
    sample = drawn(train, options.megabytes)
    size = sum(taken.taken for taken in sample.sizes.values())
    print(
        f"{len(train)} languages, {size / 1e6:.1f} MB to learn from (temperature {TEMPERATURE:g}); held-out lines apart"
    )
    for language, taken in sample.sizes.items():
        print(f"  {language:8s} {taken.available / 1e6:6.2f} MB there, {taken.taken / 1e6:6.2f} MB taken")
    part = drawn(train, PART * options.megabytes).texts
    english = drawn({ENGLISH: train.get(ENGLISH, [])}, options.megabytes).texts
    del train
    with tempfile.TemporaryDirectory() as scrap:
        folder, size_ = Path(scrap), options.vocabulary
        made = {name: trained(name, sample.texts, size_, folder, options.stage)
                for name in ("cl100k-style", "words", "graphemes", "superwords", "portable")}  # fmt: skip
        made["unigram"] = trained("unigram", part, size_, folder, options.stage)
        peers = {model: sentencepiece(model, part, size_, folder) for model in ("bpe", "unigram")}
        other = trained("english", english, size_, folder, options.stage) if english else None
        tokenizers = {name: loaded(one.path) for name, one in made.items()}
        rows = compare_tokenizers(tokenizers, test, parallel=parallel(CORPORA / "parallel"))
        only = {ROMANISED: test[ROMANISED]} if ROMANISED in test and other else {}
        from_english = compare_tokenizers({"english": loaded(other.path)} if other else {}, only)
        speeds = {name: megabytes_a_second(tokenizer, [t for of in test.values() for t in of])
                  for name, tokenizer in tokenizers.items()}  # fmt: skip
    table(rows)
    print(f"\n{'tokenizer':14s}  train s      GB  encode MB/s")
    for name, one in made.items():
        print(f"{name:14s} {one.seconds:8.0f} {one.gigabytes:7.2f} {speeds[name]:12.2f}")
    for name, peer in peers.items():
        if peer is not None:
            print(f"sentencepiece {name:8s} {peer.seconds:6.0f} s, {peer.gigabytes:.2f} GB, on {PART:g} of the sample")
    result = figures(rows, from_english)
    result |= {
        "vocabulary": options.vocabulary, "megabytes": round(size / 1e6, 1), "stage": options.stage,
        "speed_vs_cl100k": round(speeds["superwords"] / speeds["cl100k-style"], 3),
        "train_seconds": {name: round(one.seconds, 1) for name, one in made.items()},
        "train_gigabytes": {name: round(one.gigabytes, 2) for name, one in made.items()},
        "sentencepiece_seconds_on_part": {n: round(p.seconds, 1) for n, p in peers.items() if p is not None},
    }  # fmt: skip
    keep_result("tokenizers", result)


if __name__ == "__main__":
    main()
