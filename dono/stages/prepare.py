"""Sources and use cases to artifacts: corpus (split before anything is learned), examples, tokenizers, tokens."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dono.artifacts import Artifact, Json, Reference, fingerprint, write_atomically
from dono.corpus import Example, gather, load_examples, overlap, read_documents, source_parts, source_spec
from dono.corpus.calendar import check_states
from dono.corpus.privacy import key_fingerprint
from dono.corpus.tags import check_language, language_tag
from dono.errors import Mistake
from dono.predictive.tables import table_size
from dono.project import Privacy, Project, Source, UseCase
from dono.stages.bookkeeping import record_corpus
from dono.stages.habits import own_days, prompts, read_habits, taught_sentences
from dono.stages.harness import harness_documents, harness_examples
from dono.stages.row_texts import asked_of_models, row_examples
from dono.stages.tables import check_columns, parts_of
from dono.stages.workplace import Workplace


@dataclass(frozen=True)
class Case:
    """A use case with its examples: nothing of the test is in the train."""

    use_case: UseCase
    artifact: Artifact
    train: tuple[Example, ...]
    test: tuple[Example, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The answers that a classify use case may give: those seen in training, sorted."""
        return tuple(sorted({e.answer for e in self.train}))


@dataclass(frozen=True)
class Prepared:
    """Everything that the routes learn from and are scored on."""

    corpus: Artifact | None
    cases: tuple[Case, ...]


def prepare(place: Workplace) -> Prepared:
    """Gather the corpus and the examples; what is finished is taken as it is."""
    check_named(place.project)
    cases = {u.name: CASES[u.kind](place, u) for u in place.project.use_cases if u.kind in CASES}
    corpus = prepare_corpus(place, list(cases.values())) if place.project.corpus else None
    ordered: list[Case] = []
    for use_case in place.project.use_cases:
        if use_case.kind == "language":
            if corpus is None:
                remedy = "Add a corpus, or leave the use case out"
                raise Mistake("a language use case needs a corpus", where=f"use_cases[{use_case.name}]", remedy=remedy)
            ordered.append(language_case(use_case, corpus))
        elif use_case.kind == "predict":
            ordered.append(prepare_table(place, use_case))
        elif use_case.kind == "habits":
            habits = read_habits(place, use_case)
            told = taught_sentences(use_case, habits, place.project.training.seed)
            taught = tuple(Example(before, after, None) for before, after in told)
            asked = tuple(Example(p, "", None) for p in prompts(use_case, habits))
            ordered.append(Case(use_case, habits, taught, asked))
        else:
            ordered.append(cases[use_case.name])
    return Prepared(corpus, tuple(ordered))


def check_named(project: Project) -> None:
    """Raise `Mistake` for what the project file names and is not there: a source's language, a table's column.

    It is asked before anything is gathered, since a corpus takes hours.
    """
    for source in project.corpus:
        if source.language is not None and language_tag(source.language) is None:
            check_language(source.language, where=f"corpus[{source.name}].language")
    for use_case in project.use_cases:
        if use_case.kind == "predict":
            check_columns(project, use_case)


def _file_references(files: Sequence[Path]) -> tuple[Reference, ...]:
    return tuple(Reference("file", fingerprint(f), f.name) for f in files)


def settled_sources(project: Project) -> list[Source]:
    """The sources with what they take from the project: days of the calendar, and what becomes of identifiers.

    Raises `Mistake` for a wrong day.
    """
    days = own_days(project)
    for source in project.corpus:
        check_states(source.calendar, f"corpus[{source.name}].calendar")
    return [
        s.model_copy(update={"calendar": s.calendar or days, "privacy": s.privacy or _privacy(project, s)})
        for s in project.corpus
    ]


def _privacy(project: Project, source: Source) -> Privacy:
    nobody = source.rights is not None and source.rights.personal_data == "none"
    return "off" if nobody else project.cleaning.privacy


def prepare_corpus(place: Workplace, cases: Sequence[Case]) -> Artifact:
    """The corpus artifact: documents.parquet with a split, rejects.jsonl, drops.jsonl, survey.json."""
    project = place.project
    named = settled_sources(project)
    sources = [project.located(s) for s in named]
    parts = {s.name: source_parts(s) for s in sources}
    marks = {
        name: [Reference("file", part.fingerprint(), part.name.rpartition("/")[2]) for part in found]
        for name, found in parts.items()
    }
    made_from = [r for found in marks.values() for r in found]
    identities = place.ledger.identities()
    # Rights are no part of what is asked of the text: stating them better does not make the corpus again.
    asked = [source_spec(s.model_copy(update={"rights": None})) for s in named]
    spec: dict[str, Json] = {
        "sources": list[Json](asked),
        "files": [r.id for r in made_from],
        "tests": {c.use_case.name: c.artifact.id for c in cases},
        "cleaning": project.cleaning.model_dump(mode="json", exclude={"workers"}),
        "heldout_share": project.training.heldout_share,
        "seed": project.training.seed,
    }
    if any(s.privacy != "off" for s in named) and (key := key_fingerprint(project.cleaning)) is not None:
        spec["privacy_key"] = key
    if identities.forgotten:
        spec["forgotten"] = list[Json](sorted(identities.forgotten))
    tests = {c.use_case.name: [e.prompt for e in c.test] for c in cases}

    def make(folder: Path) -> dict[str, Json]:
        total = sum(part.size for found in parts.values() for part in found)
        with place.display.task("gathering the corpus", total) as view:
            return gather(
                sources,
                tests,
                folder,
                heldout_share=project.training.heldout_share,
                seed=project.training.seed,
                progress=lambda done, texts: view.at(
                    done, f"{done / 1e6:,.0f} of {total / 1e6:,.0f} MB, {texts:,} texts"
                ),
                cleaning=project.cleaning,
                identities=identities,
                runner=place.runner,
            )

    origins = [*made_from, *(c.artifact.reference for c in cases)]
    corpus = place.store.make("corpus", spec, make, made_from=origins, name=project.project, keep_partial=True)
    record_corpus(place, corpus, {name: [r.id for r in found] for name, found in marks.items()})
    return corpus


def prepare_case(place: Workplace, use_case: UseCase) -> Case:
    """The examples artifact of a classify or generate use case: train without the test's texts, a frozen test."""
    assert use_case.train is not None and use_case.test is not None and use_case.kind in ("classify", "generate")
    paths = [place.project.path(use_case.train), place.project.path(use_case.test)]
    spec: dict[str, Json] = {
        "name": use_case.name,
        "kind": use_case.kind,
        "files": [fingerprint(p) for p in paths],
        "test_limit": use_case.test_limit,
        "unseen_labels": use_case.unseen_labels,
    }
    kind = use_case.kind

    def make(folder: Path) -> dict[str, Json]:
        train, train_rejects, formats = load_examples(paths[0], kind)
        test, test_rejects, _ = load_examples(paths[1], kind)
        for part, examples in (("train", train), ("test", test)):
            for tag in sorted({e.language for e in examples if e.language is not None}):
                check_language(tag, where=f"use_cases[{use_case.name}].{part}")
        twins = set(overlap(train, test))
        train = [e for i, e in enumerate(train) if i not in twins]
        kept = limited(test, use_case.test_limit)
        known = {e.answer for e in train}
        unseen = [e for e in kept if e.answer not in known] if kind == "classify" else []
        if unseen and use_case.unseen_labels == "refuse":
            labels = sorted({e.answer for e in unseen})
            raise Mistake(
                f"the label {labels[0]!r} never occurs in train ({len(labels)} such, {len(unseen)} rows)",
                where=f"use_cases[{use_case.name}].test",
                remedy="Add training examples of it, or leave such rows out with `unseen_labels: set_aside`",
            )
        kept = [e for e in kept if e not in unseen]
        _write_rows(folder / "train.jsonl", train)
        _write_rows(folder / "test.jsonl", kept)
        rejects = [dataclasses.asdict(r) for r in (*train_rejects, *test_rejects)]
        rejects += [
            {"file": paths[1].name, "reason": "its label is not in train", "beginning": e.prompt} for e in unseen
        ]
        lines = [json.dumps(r, ensure_ascii=False, default=str) for r in rejects]
        write_atomically(folder / "rejects.jsonl", "".join(line + "\n" for line in lines))
        if rejects:
            place.display.say(f"{use_case.name}: {len(rejects)} rows set aside in {folder / 'rejects.jsonl'}")
        return {
            "train": len(train), "test": len(kept), "test_available": len(test), "also_in_test": len(twins),
            "rejects": len(rejects), "unseen_labels": len(unseen), "formats": dict(formats),
        }  # fmt: skip

    made_from = _file_references(paths)
    artifact = place.store.make("examples", spec, make, made_from=made_from, name=use_case.name)
    return Case(use_case, artifact, _read_rows(artifact.path / "train.jsonl"), _read_rows(artifact.path / "test.jsonl"))


def prepare_harness(place: Workplace, use_case: UseCase) -> Case:
    """The documents of a harness use case as a test; nothing is learned for it."""
    artifact = harness_documents(place, use_case)
    return Case(use_case, artifact, (), harness_examples(artifact))


CASES: dict[str, Callable[[Workplace, UseCase], Case]] = {
    "classify": prepare_case,
    "generate": prepare_case,
    "harness": prepare_harness,
}
"""Kinds of use cases whose tests are kept out of the corpus."""


def limited(examples: Sequence[Example], limit: int) -> list[Example]:
    """At most `limit` examples, spread evenly over the file, the same ones every time."""
    if len(examples) <= limit:
        return list(examples)
    return [examples[i * len(examples) // limit] for i in range(limit)]


def _write_rows(path: Path, examples: Sequence[Example]) -> None:
    rows = [json.dumps(dataclasses.asdict(e), ensure_ascii=False) for e in examples]
    write_atomically(path, "".join(row + "\n" for row in rows))


def _read_rows(path: Path) -> tuple[Example, ...]:
    with path.open(encoding="utf8") as lines:
        return tuple(Example(**json.loads(line)) for line in lines)


def language_case(use_case: UseCase, corpus: Artifact) -> Case:
    """Held-out documents of the corpus as test, at most `test_limit`, the languages taken in turn."""
    by_language: dict[str, list[Example]] = {}
    for document in read_documents(corpus.path, split="heldout"):
        by_language.setdefault(document.language, []).append(
            Example("", document.text, document.language, document.region)
        )
    if not by_language:
        remedy = "Raise training.heldout_share, or add documents"
        raise Mistake("the corpus has no held-out document", where=f"use_cases[{use_case.name}]", remedy=remedy)
    share = -(-use_case.test_limit // len(by_language))
    test = [e for language in sorted(by_language) for e in limited(by_language[language], share)]
    return Case(use_case, corpus, (), tuple(test))


def prepare_table(place: Workplace, use_case: UseCase) -> Case:
    """The table of a predict use case; where a language model takes part, with its rows as texts."""
    if not asked_of_models(place.project):
        return Case(use_case, table_case(place, use_case), (), ())
    artifact = table_case(place, use_case, as_texts=True)
    return Case(use_case, artifact, _read_rows(artifact.path / "train.jsonl"), _read_rows(artifact.path / "test.jsonl"))


def table_case(place: Workplace, use_case: UseCase, *, as_texts: bool = False) -> Artifact:
    """The files of a predict use case, by fingerprint; `as_texts` with train.jsonl and test.jsonl of its rows."""
    assert use_case.train is not None
    paths = [place.project.path(p) for p in (use_case.train, use_case.test) if p is not None]
    spec: dict[str, Json] = {"name": use_case.name, "kind": "predict", "files": [fingerprint(p) for p in paths]}
    seed = place.project.training.seed
    if as_texts:
        spec |= {
            "as_texts": True, "target": use_case.target, "test_limit": use_case.test_limit, "seed": seed,
            "table": use_case.table.learning(),
        }  # fmt: skip

    def make(folder: Path) -> dict[str, Json]:
        rows, columns = table_size(paths[0])
        size: dict[str, Json] = {"files": len(paths), "rows": rows, "columns": columns}
        if not as_texts:
            return size
        train, test = row_examples(parts_of(place, use_case), use_case, seed)
        _write_rows(folder / "train.jsonl", train)
        _write_rows(folder / "test.jsonl", test)
        return size | {"train": len(train), "test": len(test)}

    return place.store.make("examples", spec, make, made_from=_file_references(paths), name=use_case.name)
