"""`dono prepare`: the corpus and the examples, what is in them, and the page that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dono.corpus import survey_lines
from dono.stages.corpus_page import corpus_survey
from dono.stages.display import print_result
from dono.stages.gate import judged
from dono.stages.prepare import Case, prepare
from dono.stages.vocabularies import own_tokenizer
from dono.stages.workplace import open_workplace
from dono.studio.survey import PAGE, write_survey


def command(project: Path, overrides: Sequence[str], *, on: str | None = None) -> None:
    """Prepare, print the survey and write its page, and say what the rights gate will ask for."""
    place = open_workplace(project, overrides, on=on)
    page = place.project.work_folder / PAGE
    with place.alone():
        prepared = prepare(place)
        if prepared.corpus is not None:
            tokenizer = own_tokenizer(place, prepared.corpus)
            write_survey(corpus_survey(place, prepared.corpus, tokenizer), page)
    if prepared.corpus is not None:
        for line in survey_lines(prepared.corpus.result):
            print_result(line)
        print_result(f"documents and rejects: {prepared.corpus.path}")
        print_result(f"survey: {page}")
    for case in prepared.cases:
        print_result(f"{case.use_case.name}: {_size(case)}")
    for found in (one for one in judged(place) if one.standing):
        print_result(f"before you learn from it: {found.mistake()}")
    print_result(f"next: dono decide {project}")


def _size(case: Case) -> str:
    """How much there is to learn from, and to measure by; of a table that no language model reads its size alone."""
    if case.use_case.kind == "predict" and not case.train:
        rows, columns = case.artifact.result["rows"], case.artifact.result["columns"]
        return f"a table of about {rows:,} rows and {columns} columns"
    return f"{len(case.train):,} examples to learn from, {len(case.test):,} held out"
