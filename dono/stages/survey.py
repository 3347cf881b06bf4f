"""`dono prepare`: the corpus and the examples, and what is in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dono.corpus import survey_lines
from dono.stages.display import print_result
from dono.stages.gate import judged
from dono.stages.prepare import own_tokenizer, prepare
from dono.stages.workplace import open_workplace


def command(project: Path, overrides: Sequence[str]) -> None:
    """Prepare, then print the survey, and what the rights gate will ask for."""
    place = open_workplace(project, overrides)
    with place.alone():
        prepared = prepare(place)
        if prepared.corpus is not None:
            own_tokenizer(place, prepared.corpus)
    if prepared.corpus is not None:
        for line in survey_lines(prepared.corpus.result):
            print_result(line)
        print_result(f"documents and rejects: {prepared.corpus.path}")
    for case in prepared.cases:
        print_result(f"{case.use_case.name}: {len(case.train):,} examples to learn from, {len(case.test):,} held out")
    for found in (one for one in judged(place) if one.standing):
        print_result(f"before you learn from it: {found.mistake()}")
    print_result(f"next: dono decide {project}")
