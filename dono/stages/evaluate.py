"""`dono evaluate`: the scorecard of a model, by language, form, region and segment, beside what it was made from."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import regex

from dono.artifacts import Artifact, Json, Reference, fingerprint, write_atomically
from dono.corpus import Example
from dono.corpus.tags import check_language
from dono.errors import Mistake
from dono.evals.measures import Table
from dono.evals.scorecard import Scorecard, make_scorecard
from dono.project import UseCase
from dono.stages.display import print_result
from dono.stages.judging import blind_ratings, judge_pairs
from dono.stages.model_stages import TASK, Stage, newest_stages, stage_at, stage_of, stages_before
from dono.stages.prepare import Case, Prepared, language_case, prepare
from dono.stages.row_texts import asked_of_models
from dono.stages.scoring import ON_CARD, read_items, score_items
from dono.stages.workplace import Workplace, open_workplace
from dono.studio.scorecard import scorecard_lines, write_scorecard

HELD_OUT = "held-out-text"
LIMIT = 400
BUILD_LIMIT = 200
"""Items of each test that a build's card is about: enough for a share to be known to 0.035 (binomial)."""
MOST_ROWS = 20_000
"""Items of a test that are asked where no language model is: rows of a table cost nothing (assumed: an AUC is then
known to about 0.005)."""
SHOWN_AS = {"chrf": "chrf_plus_plus"}
"""A card has chrF++ where a verdict is about chrF: words count too, and both tell models apart alike."""


def command(
    project: Path, overrides: Sequence[str], *, models: Sequence[str], text: Path | None, use_case: str | None,
    limit: int, judge: bool, desk: Path | None, out: Path | None,
) -> None:  # fmt: skip
    """Score, print the card, say where it is."""
    place = open_workplace(project, overrides)
    with place.alone():
        prepared = prepare(place)
        stages = [stage_of(place, named) for named in models] or newest_stages(place)
        cases = cases_for_card(prepared, only=use_case, limit=limit)
        cases += [text_case(place, text, limit)] if text is not None else []
        card, tables = scorecard(place, stages, cases, limit=limit)
        notes = [*card.notes]
        if judge:
            notes += judge_pairs(place, stages, cases, tables)
        if desk is not None:
            notes += blind_ratings(desk)
    name = regex.sub(r"[^\w.-]+", "-", stages[-1].label)
    folder = out or place.project.work_folder / "scorecards" / name
    write_card(dataclasses.replace(card, notes=tuple(notes)), folder)
    for line in scorecard_lines(card):
        print_result(line)
    for note in notes:
        print_result(note)
    print_result(f"card     {folder / 'scorecard.html'}\nnumbers  {folder / 'scorecard.parquet'}")


def cases_for_card(prepared: Prepared, *, only: str | None = None, limit: int = LIMIT) -> list[Case]:
    """The use cases of a card, and held-out text of the corpus, by which forgetting is seen.

    Raises `Mistake` for a use case that is not there.
    """
    found = [c for c in prepared.cases if c.use_case.kind in ON_CARD]
    if only is not None:
        names = [c.use_case.name for c in found]
        if only not in names:
            raise Mistake(f"no use case {only!r}", where="--use-case", remedy=f"Use one of: {', '.join(names)}")
        found = [c for c in found if c.use_case.name == only]
    if prepared.corpus is not None and not any(c.use_case.kind == "language" for c in found):
        found.append(language_case(UseCase(name=HELD_OUT, kind="language", test_limit=limit), prepared.corpus))
    return found


def text_case(place: Workplace, folder: Path, limit: int) -> Case:
    """Text of a person's own as a test of languages: LANG.txt or LANG/*.txt, a text a line.

    Raises `Mistake` for an empty folder and a code of no language.
    """
    files: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        inner = sorted(path.glob("*.txt")) if path.is_dir() else [path] if path.suffix == ".txt" else []
        if inner:
            files[path.name.removesuffix(".txt")] = inner
    if not files:
        raise Mistake("there is no text", where=str(folder), remedy="Give a folder of LANG.txt or LANG/*.txt")
    share = -(-limit // len(files))
    examples: list[Example] = []
    for tag, paths in files.items():
        check_language(tag, where=str(folder))
        lines = [line.strip() for p in paths for line in p.read_text(encoding="utf8").splitlines() if line.strip()]
        examples += [Example("", lines[i * len(lines) // share], tag) for i in range(min(share, len(lines)))]
    prints = [fingerprint(p) for paths in files.values() for p in paths]
    spec: dict[str, Json] = {"name": "own-text", "files": list[Json](prints), "limit": limit}
    made_from = tuple(Reference("file", fingerprint(p), p.name) for paths in files.values() for p in paths)
    artifact = place.store.make(
        "examples", spec, lambda _: {"test": len(examples)}, made_from=made_from, name="own-text"
    )
    return Case(UseCase(name="own-text", kind="language", test_limit=limit), artifact, (), tuple(examples))


def scorecard(
    place: Workplace, stages: Sequence[Stage], cases: Sequence[Case], *, limit: int = LIMIT
) -> tuple[Scorecard, dict[str, dict[str, Table]]]:
    """The card of the last stage, and what all stages answered, by use case and stage.

    Every model is asked every test that it can answer, once in the life of the work folder. Raises `Mistake` where a
    test has one class only, since no model could be told from another by it, and where there is nothing to answer.
    """
    labels = [s.label for s in stages]
    if len(set(labels)) < len(labels):
        twice = next(name for name in labels if labels.count(name) > 1)
        raise Mistake(f"two models are called {twice!r}", where="--model", remedy="Name them: --model before=DIR")
    context = place.project.scratch.context
    tables: dict[str, dict[str, Table]] = {}
    asked = {c.use_case.name: [s for s in stages if s.answers(c) and worth_asking(place, s, c)] for c in cases}
    if not any(asked.values()):
        what = f"{' and '.join(labels)} can answer none of them: {', '.join(asked) or 'there is none'}"
        raise Mistake(what, where="use_cases", remedy="Name another --model or --use-case")
    with place.display.task("scoring", sum(map(len, asked.values()))) as view:
        for case in (c for c in cases if asked[c.use_case.name]):
            check_classes(case)
            able = asked[case.use_case.name]
            most = limit if any(s.arm is None for s in able) else max(limit, MOST_ROWS)
            tables[case.use_case.name] = {}
            for stage in able:
                made = score_items(place, stage.folder, case, most, context, stage.arm)
                tables[case.use_case.name][stage.label] = read_items(made)
                view.at(view.done + 1, f"{stage.label} on {case.use_case.name}")
    judged = {c.use_case.name: SHOWN_AS.get(c.use_case.judged_by, c.use_case.judged_by) for c in cases}
    return make_scorecard(labels[-1], tables, judged, seed=place.project.training.seed), tables


def worth_asking(place: Workplace, stage: Stage, case: Case) -> bool:
    """Whether it is of use: language models are asked about the rows of a table only where they take part for it."""
    return stage.arm is not None or case.use_case.kind != "predict" or asked_of_models(place.project)


def check_classes(case: Case) -> None:
    """Raise `Mistake` where every answer of a classify test is the same."""
    if case.use_case.kind == "classify" and len({e.answer for e in case.test}) < 2:
        only = case.test[0].answer if case.test else "none"
        where = f"use_cases[{case.use_case.name}].test"
        raise Mistake(f"every row is {only!r}", where=where, remedy="Give test rows of at least two classes")


def write_card(card: Scorecard, folder: Path) -> None:
    """The card as a page, as Markdown, and its cells and changes as tables."""
    folder.mkdir(parents=True, exist_ok=True)
    write_scorecard(card, folder / "scorecard.html")
    write_atomically(folder / "scorecard.md", "\n".join(scorecard_lines(card)) + "\n")
    for name, rows in (("scorecard", card.cells), ("changes", card.changes)):
        if rows:
            pq.write_table(pa.Table.from_pylist([dataclasses.asdict(r) for r in rows]), folder / f"{name}.parquet")


def card_of_build(place: Workplace, prepared: Prepared, case: Case, run: Artifact, folder: str) -> Scorecard | None:
    """The card that a build leaves with its model; None where there is no model that could be asked."""
    last = stage_at(place, TASK, Path(folder))
    if last is None:
        return None
    texts = [c for c in cases_for_card(prepared) if c.use_case.kind == "language" and last.answers(c)]
    mine = [case] if case.use_case.kind != "language" and last.answers(case) else []
    card = scorecard(place, [*stages_before(place, run), last], [*mine, *texts], limit=BUILD_LIMIT)[0]
    return dataclasses.replace(card, model=f"{case.use_case.name}: {run.spec['arm']}")
