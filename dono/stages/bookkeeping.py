"""What the ledger is told: the sources before they are learned from, then each step that was finished."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from dono.artifacts import Artifact, Json, fingerprint, write_atomically
from dono.corpus.rights import croissant, gathered, made, provenance, same_source, source_record
from dono.stages.workplace import Workplace

CROISSANT, PROVENANCE = "croissant.json", "provenance"


def record_corpus(place: Workplace, corpus: Artifact, files: Mapping[str, Sequence[str]]) -> None:
    """The sources with the rights that are stated now, and what was gathered from them; what is known is not repeated.

    `files` are the fingerprints of each source's files.
    """
    entries = place.ledger.entries()
    latest = {str(e.body["source"]): e.body for e in entries if e.kind == "source"}
    for source in place.project.corpus:
        found = source_record(
            source.name, source.rights, files[source.name], commercial=place.project.commercial, today=date.today()
        )
        if source.name not in latest or not same_source(latest[source.name], found):
            place.ledger.append("source", found)
    known = {str(e.body["artifact"]) for e in entries if e.kind == "run"}
    if f"{corpus.kind}/{corpus.id}" not in known:
        place.ledger.append("run", gathered(corpus, files, place.project.mixture.model_dump(mode="json")))
    leave_statements(place, corpus)


def newest_of(place: Workplace, corpora: Sequence[Artifact]) -> Artifact | None:
    """The corpus that was gathered last, as the ledger was told: records tell the time in whole seconds only."""
    told = [str(e.body["artifact"]) for e in place.ledger.of_kind("run")]
    return max(
        (a for a in corpora if f"corpus/{a.id}" in told), key=lambda a: told.index(f"corpus/{a.id}"), default=None
    )


def record_step(place: Workplace, step: str, artifact: Artifact, *files: str) -> None:
    """A step that was finished, with the fingerprints of some of its files; once."""
    known = {str(e.body["artifact"]) for e in place.ledger.of_kind("run")}
    if f"{artifact.kind}/{artifact.id}" not in known:
        hashes = {name: fingerprint(artifact.path / name) for name in files}
        place.ledger.append("run", made(step, artifact, **hashes))


def statements(place: Workplace, corpus: Artifact) -> dict[str, Json]:
    """What others read of a corpus, by the name of the file: Croissant, and Data Provenance Standards per source."""
    by_source = corpus.result.get("sources")
    counts = by_source if isinstance(by_source, Mapping) else {}
    records = {str(e.body["source"]): e.body["files"] for e in place.ledger.of_kind("source")}
    day = str(corpus.made_by["when"])[:10]
    found: dict[str, Json] = {CROISSANT: croissant(corpus, place.project.corpus)}
    for source in place.project.corpus:
        files, told = records.get(source.name, []), counts.get(source.name, {})
        assert isinstance(files, list) and isinstance(told, Mapping)
        found[f"{PROVENANCE}.{source.name}.json"] = provenance(
            source, [str(f) for f in files], told, project=place.project.project, day=day
        )
    return found


def leave_statements(place: Workplace, corpus: Artifact) -> None:
    """Write the statements beside the corpus, as its rights are stated now."""
    write_statements(corpus.path, statements(place, corpus))


def write_statements(folder: Path, found: Mapping[str, Json]) -> None:
    """Write each statement that is not there already."""
    for name, statement in found.items():
        text, path = json.dumps(statement, ensure_ascii=False, indent=1), folder / name
        if not path.is_file() or path.read_text(encoding="utf8") != text:
            write_atomically(path, text)
