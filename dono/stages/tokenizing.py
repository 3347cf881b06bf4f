"""A corpus to tokens, in pieces that any process may write: done once, joined in their order."""

from __future__ import annotations

import shutil
import uuid
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from dono.artifacts import Artifact, Json, Reference
from dono.corpus import read_documents, row_groups
from dono.runners import Tasks, Tell, Work
from dono.stages.bookkeeping import record_step
from dono.stages.workplace import Workplace
from dono.tokens import Shards, join_shards, load_tokenizer, write_shards

PIECES = ".pieces"
PIECE_BYTES = 64_000_000
"""Documents of a piece (assumed: seconds of work, so that little is done again and many processes find some)."""


@dataclass(frozen=True)
class Encoding:
    """What every piece is written from."""

    corpus: Path
    tokenizer: str
    folder: Path


def encoding(asked: Encoding) -> Work[range, Path | None]:
    """The function that encodes the training documents of some row groups; None where they have none.

    A piece is put in its place as a whole, so that one that is there is done, whoever else is at it.
    """
    tokenizer = load_tokenizer(asked.tokenizer)

    def work(groups: range, tell: Tell) -> Path | None:
        piece = asked.folder / f"{groups.start:06d}"
        found = iter(read_documents(asked.corpus, split="train", groups=groups))
        first = next(found, None)
        if first is not None and not piece.is_dir():
            attempt = asked.folder / f".{piece.name}.{uuid.uuid4().hex}"
            documents = ((d.text, d.language) for d in chain([first], found))
            write_shards(documents, tokenizer, attempt, progress=lambda done, _: tell(done))
            try:
                attempt.rename(piece)
            except OSError:  # another process was there first
                shutil.rmtree(attempt)
        return None if first is None else piece

    return work


def corpus_tokens(place: Workplace, corpus: Artifact, tokenizer: Reference, folder: str) -> tuple[Artifact, Shards]:
    """The corpus's training documents as tokens of the tokenizer in `folder`."""

    def make(out: Path) -> dict[str, Json]:
        pieces = out / PIECES
        pieces.mkdir(exist_ok=True)
        groups = row_groups(corpus.path, PIECE_BYTES)
        tasks = Tasks(encoding, Encoding(corpus.path, folder, pieces), groups, lambda g: f"documents of groups {g}")
        total = int(str(corpus.result["documents"])) - int(str(corpus.result["heldout_documents"]))
        workers = min(place.project.cleaning.workers or place.runner.cores, max(1, len(groups)))
        with place.display.task(f"tokenizing with {tokenizer.name or tokenizer.id}", total) as view:
            found = dict(place.runner.run(tasks, view.at, workers=workers))
        counts = join_shards([piece for _, piece in sorted(found.items()) if piece is not None], out)
        shutil.rmtree(pieces)
        return {
            "tokens": counts.total.tokens,
            "bytes": counts.total.bytes,
            "documents": counts.total.documents,
            "bytes_per_token": {k: round(c.bytes_per_token, 3) for k, c in counts.by_language.items()},
        }

    spec: dict[str, Json] = {"corpus": corpus.id, "tokenizer": tokenizer.id}
    made_from = [corpus.reference, tokenizer]
    artifact = place.store.make("tokens", spec, make, made_from=made_from, name=tokenizer.name, keep_partial=True)
    record_step(place, "tokens", artifact, "tokens.bin", "index.npz")
    return artifact, Shards.open(artifact.path)
