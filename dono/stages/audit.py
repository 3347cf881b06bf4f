"""`dono audit`: a sample of the cleaned corpus for a person to read, and the share that still holds identifiers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dono.corpus import read_documents
from dono.corpus.privacy import Residual, audit, residual, write_audit
from dono.errors import Mistake
from dono.stages.display import print_result
from dono.stages.prepare import prepare
from dono.stages.workplace import open_workplace


def command(
    project: Path, overrides: Sequence[str], *, documents: int, seed: int, out: Path, marked: Path | None
) -> None:
    """Draw documents that are learned from and write them to be marked, or read a marked file and print its rate."""
    if marked is not None:
        print_result(told(residual(marked)))
        return
    if out.exists():
        remedy = "Name another file with --out, or read its marks with --marked"
        raise Mistake("the file is there already, perhaps with marks", where=str(out), remedy=remedy)
    place = open_workplace(project, overrides)
    with place.alone():
        corpus = prepare(place).corpus
    if corpus is None:
        raise Mistake("the project has no corpus", where=str(project), remedy="Add a source under corpus")
    drawn = audit((document.text for document in read_documents(corpus.path, split="train")), documents, seed)
    write_audit(drawn, out)
    held = sum(bool(one.suspicious) for one in drawn)
    print_result(
        f"{len(drawn):,} documents drawn, {held:,} with something suspicious: {out} (keep it as the corpus is kept)"
    )
    print_result(f"write how many identifiers are left into `left` of each line, then: dono audit --marked {out}")


def told(found: Residual) -> str:
    """The rate in a line."""
    return (
        f"{found.with_left:,} of {found.documents:,} documents hold identifiers still ({found.left:,} in all): "
        f"{found.rate:.2%}, between {found.low:.2%} and {found.high:.2%} (95 %, Clopper-Pearson)"
    )
