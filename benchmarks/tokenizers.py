"""Tokenizers that fit the scripts, on real text: tokens a word of every kind against a cl100k-style one, held out.

    python -m benchmarks.tokenizers [--text DIR] [--vocabulary 64000] [--megabytes 20] [--repeats 4] [--languages 10]

DIR holds LANG/*.txt, a text to a line; English, romanised Hindi and the ten largest others are taken. A line is held
out where its hash says so (one of twenty; the same line is never on both sides), so no tokenizer has seen what it is
measured on. All learn from the same sample with the same vocabulary, each in a process of its own, which says how long
it took and the most memory it had. "words" and "cl100k-style" are Hugging Face's own trainer with two patterns;
sentencepiece's two are the peer. `--megabytes 100 --repeats 1` takes all there is of the shared corpora, once.
Ten minutes on two quiet cores.

RESULT: `fertility_vs_cl100k` is the mean over languages of superwords' tokens per word over that of the cl100k-style
BPE (a ratio of means); `mean_of_ratios` beside it. `fertility_vs_plain` is the worst language of superwords over the
better of plain and grapheme-safe BPE with our pattern. `grapheme_violations` is the share of superwords' tokens that
begin or end inside a grapheme cluster, over all held-out text. `hinglish_fertility` is superwords' tokens per word on
romanised Hindi over those of the same kind trained on English alone. `speed_vs_cl100k` is bytes encoded per second.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path

from transformers import PreTrainedTokenizerFast

from benchmarks.peers.tokenizer_side import PEERS
from benchmarks.result import keep_result
from dono.tokens import EOS, Compared, Sample, balanced_sample, compare_tokenizers

ROOT = Path(__file__).resolve().parents[1]
CORPORA = ROOT.parent / "shared" / "corpora"
HELD_OUT_OF = 20
SMALLEST = 200_000
"""Bytes below which a language is left out: its held-out part would be noise."""
HELD_OUT_BYTES = 100_000
"""At most so much held-out text of a language is measured on, spread over all there is."""
TEMPERATURE = 5.0
"""Chosen, as stage and size are, on lines whose hash is 1 of twenty, then left out of training: 20 MB so balanced gave
0.568 of the yardstick's fertility, 50 MB at temperature 3 with two repeats 0.585; stages 0.75 and 0.9 are alike."""
ROMANISED, ENGLISH = "hi-Latn", "en"
OURS = ("cl100k-style", "words", "graphemes", "superwords", "portable")
FULL = 20
"""Megabytes below which the figures are not kept: somebody only tries."""
PART = 0.15
"""Hugging Face's Unigram learns from this part of the sample: on all of it, it takes longer than all the rest."""


@dataclass(frozen=True)
class Trained:
    """A tokenizer's file, and what it took to train it."""

    path: Path
    seconds: float
    gigabytes: float


def held_out(line: str) -> bool:
    """Whether a line is kept for measuring, by its hash alone."""
    return blake2b(line.encode(), digest_size=2).digest()[0] % HELD_OUT_OF == 0


def read_texts(folder: Path, many: int) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Training and held-out lines of each language: English, romanised Hindi and the `many` largest of the others."""
    sizes = {inner: sum(file.stat().st_size for file in inner.glob("*.txt")) for inner in folder.iterdir()}
    others = sorted((path for path in sizes if path.name not in (ENGLISH, ROMANISED)), key=lambda path: -sizes[path])
    taken = {*others[:many], folder / ENGLISH, folder / ROMANISED}
    train: dict[str, list[str]] = {}
    test: dict[str, list[str]] = {}
    for inner in sorted(path for path in taken & sizes.keys() if sizes[path] >= SMALLEST):
        texts = [file.read_text(encoding="utf8") for file in sorted(inner.glob("*.txt"))]
        lines = [line for text in texts for line in text.split("\n") if line.strip()]
        train[inner.name] = [line for line in lines if not held_out(line)]
        test[inner.name] = spread([line for line in lines if held_out(line)], HELD_OUT_BYTES)
    return train, test


def spread(lines: Sequence[str], most: int) -> list[str]:
    """Lines of about `most` bytes from all over."""
    return balanced_sample(lambda: ((line, "") for line in lines), most).texts


def drawn(texts: Mapping[str, Sequence[str]], megabytes: float, repeats: int) -> Sample:
    """A balanced sample of so many megabytes."""
    return balanced_sample(
        lambda: ((text, language) for language, of in texts.items() for text in of),
        int(megabytes * 1e6), temperature=TEMPERATURE, repeats=repeats,
    )  # fmt: skip


def parallel(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """English and its translations, by language."""
    pairs = {}
    for file in sorted(folder.glob("en-*/*.tsv")):
        rows = [line.split("\t") for line in file.read_text(encoding="utf8").splitlines()]
        pairs[file.parent.name.removeprefix("en-")] = [(row[0], row[1]) for row in rows if len(row) == 2]
    return pairs


def trained(name: str, sample: Path, vocabulary: int, stage: float) -> Trained:
    """A tokenizer of `benchmarks.peers.tokenizer_side`, learned there from the texts in `sample`."""
    path = sample.with_name(f"{sample.stem}-{name}.json")
    command = [sys.executable, "-m", "benchmarks.peers.tokenizer_side", name, sample, path, vocabulary, stage]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-3000:]}")
    said = json.loads(done.stdout.splitlines()[-1])
    print(f"  trained {name} from {sample.stem}: {said['seconds']:.0f} s, {said['gigabytes']:.2f} GB", flush=True)
    return Trained(path, said["seconds"], said["gigabytes"])


def kept(texts: Sequence[str], path: Path) -> Path:
    """The texts in a file, one a line."""
    path.write_bytes("\n".join(texts).encode())
    return path


@dataclass(frozen=True)
class Peer:
    """What sentencepiece makes of the held-out text."""

    fertility: float
    megabytes_a_second: float


def peer_figures(model: Path, test: Mapping[str, Sequence[str]]) -> Peer:
    """Tokens per word, the mean over languages, and encoding speed of one of the peer's models."""
    from sentencepiece import SentencePieceProcessor  # noqa: PLC0415 (a peer that may be absent)

    encode = SentencePieceProcessor(model_file=str(model)).encode
    rates = [sum(map(len, encode(list(of)))) / sum(len(text.split()) for text in of) for of in test.values()]
    return Peer(sum(rates) / len(rates), megabytes_a_second(encode, [text for of in test.values() for text in of]))


def loaded(path: Path) -> PreTrainedTokenizerFast:
    """As transformers reads it."""
    return PreTrainedTokenizerFast(tokenizer_file=str(path), eos_token=EOS, clean_up_tokenization_spaces=False)


def megabytes_a_second(encode: Callable[[list[str]], object], texts: Sequence[str]) -> float:
    """Encoding speed, the best of three."""
    size = sum(len(text.encode()) for text in texts) / 1e6
    best = float("inf")
    for _ in range(3):
        began = time.monotonic()
        encode(list(texts))
        best = min(best, time.monotonic() - began)
    return size / best


def speed(tokenizer: PreTrainedTokenizerFast, texts: Sequence[str]) -> float:
    """Encoding speed of the library that runs all of ours."""
    encode = tokenizer.backend_tokenizer.encode_batch_fast
    return megabytes_a_second(lambda some: encode(some, add_special_tokens=False), texts)


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


def costs(made: Mapping[str, Trained], speeds: Mapping[str, float], peers: Mapping[str, Peer]) -> None:
    """Seconds and memory of training, speed of encoding; the peer's fertility."""
    print(f"\n{'tokenizer':22s}  train s  peak GB  encode MB/s  tokens/word")
    for name, one in made.items():
        rate = f"{peers[name].fertility:12.3f}" if name in peers else ""
        print(f"{name:22s} {one.seconds:8.0f} {one.gigabytes:8.2f} {speeds[name]:12.2f} {rate}")


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--text", type=Path, default=CORPORA / "text")
    parser.add_argument("--vocabulary", type=int, default=64_000)
    parser.add_argument("--megabytes", type=float, default=20)
    parser.add_argument("--repeats", type=int, default=4, help="how often a small language's text is taken, at most")
    parser.add_argument("--languages", type=int, default=10, help="besides English and romanised Hindi")
    parser.add_argument("--stage", type=float, default=0.8, help="share of the vocabulary learned within words")
    return parser.parse_args()


def main() -> None:
    """Train, measure, print."""
    options = arguments()
    if not options.text.is_dir():
        print("skipped: no shared corpora beside the repository")
        print("RESULT " + json.dumps({"skipped": True}))
        return
    train, test = read_texts(options.text, options.languages)
    sample = drawn(train, options.megabytes, options.repeats)
    size = sum(taken.taken for taken in sample.sizes.values())
    print(f"{len(train)} languages, {size / 1e6:.1f} MB to learn from (temperature {TEMPERATURE:g}), others held out")
    for language, taken in sample.sizes.items():
        print(f"  {language:8s} {taken.available / 1e6:6.2f} MB there, {taken.taken / 1e6:6.2f} MB taken")
    with tempfile.TemporaryDirectory() as scrap:
        texts = kept(sample.texts, Path(scrap) / "sample")
        part = kept(drawn(train, PART * options.megabytes, options.repeats).texts, Path(scrap) / "part")
        english = drawn({ENGLISH: train.get(ENGLISH, [])}, options.megabytes, options.repeats).texts
        del train, sample
        made = {name: trained(name, texts, options.vocabulary, options.stage) for name in OURS}
        made["unigram"] = trained("unigram", part, options.vocabulary, options.stage)
        tokenizers = {name: loaded(one.path) for name, one in made.items()}
        rows = compare_tokenizers(tokenizers, test, parallel=parallel(CORPORA / "parallel"))
        from_english: list[Compared] = []
        if english and ROMANISED in test:
            other = trained("superwords", kept(english, Path(scrap) / "english"), options.vocabulary, options.stage)
            from_english = compare_tokenizers({"english": loaded(other.path)}, {ROMANISED: test[ROMANISED]})
        speeds = {name: speed(one, [t for of in test.values() for t in of]) for name, one in tokenizers.items()}
        peers: dict[str, Peer] = {}
        for name in PEERS if find_spec("sentencepiece") else ():
            made[name] = trained(name, texts, options.vocabulary, options.stage)
            peers[name] = peer_figures(made[name].path.with_name(made[name].path.name + ".model"), test)
            speeds[name] = peers[name].megabytes_a_second
    table(rows)
    costs(made, speeds, peers)
    result = figures(rows, from_english)
    result |= {
        "vocabulary": options.vocabulary, "megabytes": round(size / 1e6, 1), "stage": options.stage,
        "languages": list(test), "speed_vs_cl100k": round(speeds["superwords"] / speeds["cl100k-style"], 3),
        "train_seconds": {name: round(one.seconds, 1) for name, one in made.items()},
        "peak_gigabytes": {name: round(one.gigabytes, 2) for name, one in made.items()},
        "encode_megabytes_per_second": {name: round(found, 2) for name, found in speeds.items()},
        "peer_tokens_per_word": {name: round(peer.fertility, 4) for name, peer in peers.items()},
        "tokens_per_word": {name: round(mean_fertility(rows, name), 4) for name in tokenizers},
    }  # fmt: skip
    if options.text == CORPORA / "text" and options.megabytes >= FULL:
        keep_result("tokenizers", result)
    else:
        print("RESULT " + json.dumps(result))


if __name__ == "__main__":
    main()
