"""Tokenizers as artifacts: the corpus's own, a base's extended, and whether extending is worth a pilot."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from dono.artifacts import Artifact, Json, Reference
from dono.corpus import read_documents
from dono.corpus.documents import digest
from dono.stages.bookkeeping import record_step
from dono.stages.workplace import Workplace
from dono.tokens import (
    Sample,
    balanced_sample,
    compare_tokenizers,
    extend_tokenizer,
    load_tokenizer,
    save_tokenizer,
    train_tokenizer,
    worst_ratio,
)

TOKENIZER_BYTES = 50_000_000
"""A tokenizer is trained on at most this much text (assumed: merges are stable long before)."""
WORTH = 1.5
"""A base's tokenizer that needs more than so many tokens for one of the corpus's own, in some language, may be worth
extending (borrowed: the survey's rule; below it the longer vocabulary has to be learned for little)."""
TEXTS_COMPARED = 100
"""Held-out documents of each language on which tokenizers are compared."""


def train_documents(corpus: Artifact) -> Iterator[tuple[str, str]]:
    """Text and language of the corpus's training documents; the held-out ones are never learned from."""
    for document in read_documents(corpus.path, split="train"):
        yield document.text, document.language


def tokenizer_sample(place: Workplace, corpus: Artifact) -> tuple[Sample, dict[str, Json]]:
    """What tokenizers are learned from, and what the record says of it: sizes by language, and that nothing of the
    held-out documents is in it (their texts are compared by hash).
    """
    temperature = place.project.tokenizer.temperature
    sample = balanced_sample(lambda: train_documents(corpus), TOKENIZER_BYTES, temperature=temperature)
    heldout = {digest(document.text) for document in read_documents(corpus.path, split="heldout")}
    record: dict[str, Json] = {
        "sample_bytes": {language: taken.taken for language, taken in sample.sizes.items()},
        "available_bytes": {language: taken.available for language, taken in sample.sizes.items()},
        "heldout_texts_in_sample": sum(digest(text) in heldout for text in sample.texts),
    }
    return sample, record


def own_tokenizer(place: Workplace, corpus: Artifact) -> Artifact:
    """The tokenizer learned from the corpus's training documents."""
    vocabulary, choice = place.project.scratch.vocabulary, place.project.tokenizer

    def make(folder: Path) -> dict[str, Json]:
        place.display.say(f"learning a tokenizer of {vocabulary} tokens")
        sample, record = tokenizer_sample(place, corpus)
        train_tokenizer(iter(sample.texts), vocabulary, folder, kind=choice.kind, stage=choice.stage)
        return {"vocabulary": len(load_tokenizer(folder)), **record}

    spec: dict[str, Json] = {
        "corpus": corpus.id, "vocabulary": vocabulary, "kind": choice.kind,
        "stage": choice.stage if choice.kind == "superwords" else None, "temperature": choice.temperature,
    }  # fmt: skip
    artifact = place.store.make("tokenizer", spec, make, made_from=[corpus.reference], name=place.project.project)
    record_step(place, "tokenizer", artifact, "tokenizer.json")
    return artifact


def extended_tokenizer(place: Workplace, corpus: Artifact, source: str, base: Reference) -> Artifact:
    """The tokenizer of the base in `source`, gone on with on the corpus's training documents.

    Raises `Mistake` for a tokenizer that is no BPE.
    """
    many = place.project.tokenizer.added or place.project.scratch.vocabulary

    def make(folder: Path) -> dict[str, Json]:
        place.display.say(f"extending the tokenizer of {base.name or base.id} by {many} tokens")
        sample, record = tokenizer_sample(place, corpus)
        extended = extend_tokenizer(load_tokenizer(source), sample.texts, many)
        save_tokenizer(extended.tokenizer, folder)
        return {"added": len(extended.added), "pieces_a_word": round(extended.floor, 3), **record}

    spec: dict[str, Json] = {
        "corpus": corpus.id, "base": base.id, "added": many, "temperature": place.project.tokenizer.temperature,
    }  # fmt: skip
    name = f"{base.name or base.id}, extended"
    artifact = place.store.make("tokenizer", spec, make, made_from=[corpus.reference, base], name=name)
    record_step(place, "tokenizer", artifact, "tokenizer.json")
    return artifact


def base_fertility(place: Workplace, corpus: Artifact, source: str, base: Reference) -> tuple[str, float]:
    """The language in which a base's tokenizer is farthest from the corpus's own, and tokens of its for one of ours.

    Measured once on held-out documents (training documents where none are held out).
    """
    own = own_tokenizer(place, corpus)

    def make(folder: Path) -> dict[str, Json]:
        texts = heldout_texts(corpus)
        rows = compare_tokenizers({"base": load_tokenizer(source), "own": load_tokenizer(own.path)}, texts)
        language, ratio = worst_ratio(rows, "base", "own")
        rates: dict[str, Json] = {f"{r.tokenizer} {r.language}": round(r.counts.tokens_per_word, 4) for r in rows}
        return {"language": language, "ratio": ratio, "tokens_per_word": rates}

    spec: dict[str, Json] = {"base": base.id, "own": own.id, "texts": TEXTS_COMPARED}
    artifact = place.store.make("fertility", spec, make, made_from=[own.reference, base], name=base.name)
    return str(artifact.result["language"]), float(str(artifact.result["ratio"]))


def heldout_texts(corpus: Artifact) -> dict[str, list[str]]:
    """Some held-out texts of each language, the same ones every time."""
    texts: dict[str, list[str]] = {}
    for split in ("heldout", "train"):
        for document in read_documents(corpus.path, split=split):
            texts.setdefault(document.language, []).append(document.text)
        if texts:
            break
    draw = random.Random(0)
    return {language: draw.sample(of, min(TEXTS_COMPARED, len(of))) for language, of in sorted(texts.items())}
