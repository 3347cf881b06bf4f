"""`dono forget`: a person's documents taken out of every gathered corpus, and kept out of every later one.

The order makes it safe to kill: first the ledger is told whom to forget, which no later corpus takes in; then what
shows parts of the texts is swept while the corpus still tells what to look for; the corpus' own file comes last. The
same command goes on. What was learned is not unlearned: the models are named.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from dono.artifacts import Artifact, Json, read_artifact
from dono.corpus.rights import (
    Entry,
    Traces,
    counted_words,
    documents_with,
    places_of,
    rows_about,
    sweep_json,
    sweep_lines,
    take_out,
    take_words_out,
)
from dono.decisions import Verdict
from dono.stages.bookkeeping import leave_statements
from dono.stages.display import print_result
from dono.stages.forget_request import Request, as_list, asked
from dono.stages.workplace import Workplace, open_workplace
from dono.studio.report import write_report
from dono.studio.survey import PAGE, survey_files

ERASED = "erased"
LEARNED = ("tokenizer", "trunk", "corpus-run", "run", "model")
"""Kinds that hold what was learned, in the order in which they are named."""
PLACES_SHOWN = 5
"""Places of documents that a dry run names."""


@dataclass
class Forgotten:
    """What was done: documents taken out of corpora, files emptied, and what was made from those corpora before.

    `survey`: whether the page of the survey was taken away.
    """

    documents: int = 0
    corpora: list[str] = field(default_factory=list)
    survey: bool = False
    emptied: list[str] = field(default_factory=list)
    learned: list[Artifact] = field(default_factory=list)


def command(project: Path, *, source: str, key: str, dry_run: bool = False) -> None:
    """Forget, then say what was done and what was not; with `dry_run` only say what would be."""
    place = open_workplace(project)
    if dry_run:
        for line in foreseen(place, source, key):
            print_result(line)
        return
    with place.alone():
        done = forget(place, source, key)
    print_result(f"{done.documents} documents taken out of {len(done.corpora)} corpora; none of them comes back")
    for name in done.emptied:
        print_result(f"  emptied: {name}")
    if done.survey:
        print_result(f"  taken away: {PAGE}, which shows texts and not whose they are; `dono prepare` makes it again")
    if done.learned:
        print_result(f"made from them before, {len(done.learned)} in all; what was learned is NOT erased from these:")
        for artifact in done.learned:
            print_result(f"  {artifact.kind} {artifact.name} @{artifact.id}: {artifact.path}")
        print_result("stop using them, or build again: what is built from now on does not learn from these documents")
    print_result("the source's own files are yours: erase the rows there too")
    floors = [e.body["keep_until"] for e in place.ledger.of_kind("source") if e.body["source"] == source]
    if floors and floors[-1] and str(floors[-1]) > date.today().isoformat():
        print_result(
            f"note: the law asks that records of processing be kept until {floors[-1]} (Rule 8(3)); training copies "
            "are taken for none here: ask counsel"
        )


def forget(place: Workplace, source: str, key: str) -> Forgotten:
    """Take out all documents of `source` with this key, or that begin at `FILE:LINE` where the source has no keys.

    Raises `Mistake` for an unknown source, a place where no document begins, a corpus that cannot be searched.
    """
    request = asked(place, source, key)
    entry = _tombstone(place, source, request)
    ids = request.all_ids
    _remove_unrecorded(place)
    done = Forgotten(survey=_take_survey_away(place))
    for corpus in request.corpora:
        traces = Traces(source, ids, documents_with(corpus.path, ids), key if request.named else "")
        _clean(place, corpus, entry, traces, done)
    _close(place, entry, done)
    return done


def foreseen(place: Workplace, source: str, key: str) -> Iterator[str]:
    """What `forget` would do, in lines; nothing is written. A wrong key is seen here, and only here: forgetting is for
    good. Raises `Mistake` as `forget` does.
    """
    request = asked(place, source, key)
    if request.entry is not None:
        yield f"{key} of {source} was asked to be forgotten before: the ledger has it as entry {request.entry.sequence}"
    ids = request.all_ids
    learned: dict[str, Artifact] = {}
    for corpus in request.corpora:
        places = places_of(corpus.path, ids)
        traces = Traces(source, ids, documents_with(corpus.path, ids), key if request.named else "")
        aside = sum(rows_about(path, traces) for path in sorted(corpus.path.glob("*.jsonl")))
        yield f"corpus {corpus.name} @{corpus.id}: {len(places)} documents and {aside} rows set aside or dropped"
        yield from (f"  {at}" for at in places[:PLACES_SHOWN])
        if len(places) > PLACES_SHOWN:
            yield f"  and {len(places) - PLACES_SHOWN} more"
        if counted_words(corpus.path):
            yield "  the list of its most frequent words would be emptied"
        if places:
            learned |= {a.id: a for a in place.store.made_of(corpus)}
    if survey_files(place.store.root / PAGE):
        yield f"would be taken away: {PAGE}, which shows texts and not whose they are; `dono prepare` makes it again"
    for artifact in (a for a in learned.values() if a.kind == "tokens"):
        yield f"would be emptied: tokens {artifact.name} @{artifact.id}"
    for artifact in (a for kind in LEARNED for a in learned.values() if a.kind == kind):
        yield f"has learned from them, and would stay as it is: {artifact.kind} {artifact.name} @{artifact.id}"
    yield "nothing was done; without --dry-run it is done for good, and no later corpus takes these documents in"


def _tombstone(place: Workplace, source: str, request: Request) -> Entry:
    """The ledger's entry about a request: written now, or by an earlier attempt."""
    if request.entry is not None:
        return request.entry
    body: dict[str, Json] = {"source": source, "request": request.mark, "ids": list[Json](request.ids)}
    return place.ledger.append("erasure", body)


def _take_survey_away(place: Workplace) -> bool:
    """The survey shows texts that are in no corpus, and says not whose they are; whether there was one."""
    found = survey_files(place.store.root / PAGE)
    for file in found:
        file.unlink()
    return bool(found)


def _remove_unrecorded(place: Workplace) -> None:
    """Texts that no record leads to: half-done corpora, tokens and files, and tokens whose corpus was deleted."""
    root = place.store.root
    for partial in [path for path in root.rglob(".*.partial") if path.is_file()]:
        partial.unlink()
    for kind in ("corpus", "tokens"):
        for folder in (f for f in (root / kind).glob("*") if f.is_dir() and read_artifact(f) is None):
            shutil.rmtree(folder)
    for tokens in (a for a in place.store.all() if a.kind == "tokens"):
        if not any(place.store.read(r.kind, r.id) for r in tokens.made_from if r.kind == "corpus"):
            _empty(tokens)


def _clean(place: Workplace, corpus: Artifact, entry: Entry, traces: Traces, done: Forgotten) -> None:
    """One corpus and what was made from it."""
    notes = as_list(place.store.noted(corpus, ERASED) or [])
    before = [n for n in notes if isinstance(n, Mapping) and n["entry"] == entry.sequence]
    texts = documents_with(corpus.path, traces.ids)
    for path in sorted(corpus.path.glob("*.jsonl")):
        sweep_lines(path, traces)
    take_words_out(corpus.path)
    if not texts and not before:
        return
    later = place.store.made_of(corpus)
    done.emptied += [f"tokens {a.name} @{a.id}" for a in later if a.kind == "tokens" and _empty(a)]
    for path in sorted(place.store.root.glob("*/*/samples.json")):  # of runs that were killed too
        sweep_json(path, traces)
    for pattern in ("verdict.json", "*/*/verdict.json"):  # the first is a copy of the newest
        for path in sorted(place.store.root.glob(pattern)):
            _sweep_verdict(path, traces)
    if not before:  # noted first: a kill between the two leaves a note without an effect, never the reverse
        note: Json = {"entry": entry.sequence, "documents": len(texts)}
        place.store.note(corpus, ERASED, [*notes, note])
    if texts:
        take_out(corpus.path, traces.ids)
        leave_statements(place, corpus)
    counted = before[0]["documents"] if before and isinstance(before[0], Mapping) else len(texts)
    done.documents += int(str(counted))
    done.corpora.append(corpus.id)
    known = {a.id for a in done.learned}
    done.learned += [a for kind in LEARNED for a in later if a.kind == kind and a.id not in known]


def _empty(tokens: Artifact) -> bool:
    """Tokens are texts in another writing: their files go, the record stays. Whether there was a file."""
    files = [f for f in tokens.path.iterdir() if f.is_file() and f.name != "artifact.json"]
    for file in files:
        file.unlink()
    return bool(files)


def _sweep_verdict(path: Path, traces: Traces) -> None:
    """A verdict shows samples of held-out texts; the report beside it is written anew from it."""
    sweep_json(path, traces)
    report = path.with_name("report.html")
    if not report.is_file():
        return
    try:
        write_report(Verdict.model_validate_json(path.read_text(encoding="utf8")), report)
    except ValueError:  # a verdict of another version: rather no report than one that shows the person
        report.unlink()


def _close(place: Workplace, entry: Entry, done: Forgotten) -> None:
    """Tell the ledger that it was done, once."""
    if any(e.body["entry"] == entry.sequence for e in place.ledger.of_kind("erased")):
        return
    body: dict[str, Json] = {
        "entry": entry.sequence, "documents": done.documents, "corpora": list[Json](done.corpora),
        "emptied": list[Json](done.emptied), "learned": [f"{a.kind}/{a.id}" for a in done.learned],
    }  # fmt: skip
    place.ledger.append("erased", body)
