"""Which settings learn a predict use case's table best: searched once on the rows to learn from, and remembered."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from dono.artifacts import Artifact, Json, fingerprint
from dono.predictive import Embedder, Found, Reading, folds, search, take
from dono.predictive.settings import drawn
from dono.predictive.splits import FOLDS
from dono.predictive.tables import MOST_CELLS
from dono.project import UseCase
from dono.stages.prepare import Case
from dono.stages.tables import TEST_SHARE, Parts, chosen_of
from dono.stages.workplace import Workplace

SCALES = (0.125, 0.25, 0.5, 1.0)
"""Shares of the examples at which a route without a language model is run."""
LARGEST_SEARCH = 50_000
"""Rows on which settings are compared: more would hardly change their order (assumed)."""
SECONDS_A_CELL = 4e-6
"""To fit one learner on one cell of its table and to ask it (measured: 4.6e-6 at 4,000 rows, 1.8e-6 at 16,000)."""
MEMBERS = 4
"""Learners that are averaged in the end (measured: two to five of ten tried)."""


@dataclass(frozen=True)
class SearchPlan:
    """What it takes to learn a table: rows on which settings are compared, and seconds of all of it on this machine."""

    rows: int
    seconds: float


def search_plan(case: Case) -> SearchPlan:
    """From the table's size and the number of trials, before anything is read (a guess, within a factor of two)."""
    choices, size = case.use_case.table, case.artifact.result
    rows, columns = (int(str(size.get(key, 0))) for key in ("rows", "columns"))
    rows = min(rows, MOST_CELLS // max(1, columns))
    learned = round(rows * (1 if case.use_case.test else 1 - TEST_SHARE))
    compared = min(learned, LARGEST_SEARCH)
    cost = SECONDS_A_CELL * columns
    trials = choices.trials if choices.trials > 1 else 0
    search = cost * compared * trials * FOLDS
    if choices.minutes is not None:
        search = min(search, 60 * choices.minutes)
    return SearchPlan(compared, search + cost * rows * (MEMBERS if trials else 1) * sum(SCALES))


def settings_of(place: Workplace, case: Case, parts: Parts) -> Artifact:
    """The settings that are best on the rows to learn from, searched once and remembered; killed, it goes on."""
    use_case, seed = case.use_case, place.project.training.seed
    spec: dict[str, Json] = {
        "use_case": use_case.name, "examples_from": case.artifact.id, "target": use_case.target, "seed": seed,
        "table": use_case.table.learning(), "embedded_by": embedded_by(place, use_case),
    }  # fmt: skip

    def make(folder: Path) -> dict[str, Json]:
        began = time.monotonic()
        found, notes = _searched(place, use_case, parts, folder)
        for file in folder.glob("trial-*.npy"):
            file.unlink()
        return {
            "found": dataclasses.asdict(found), "notes": list[Json](notes), "own_seconds": time.monotonic() - began,
        }  # fmt: skip

    made_from = [case.artifact.reference]
    return place.store.make("settings", spec, make, made_from=made_from, name=use_case.name, keep_partial=True)


def embedder_of(place: Workplace, use_case: UseCase) -> Embedder | None:
    """The model by which the texts of a table are read, where one is named."""
    source = use_case.table.embeddings
    if source is None:
        return None
    local = place.project.path(source)
    return Embedder(str(local) if local.is_dir() else source)


def embedded_by(place: Workplace, use_case: UseCase) -> str | None:
    """The identity of that model."""
    embedder = embedder_of(place, use_case)
    if embedder is None:
        return None
    return fingerprint(Path(embedder.source)) if Path(embedder.source).is_dir() else embedder.source


def _searched(place: Workplace, use_case: UseCase, parts: Parts, folder: Path) -> tuple[Found, list[str]]:
    seed, choices, labels = place.project.training.seed, use_case.table, parts.train.labels
    plain = Found(members=((drawn(0, seed, choices.learners), 1.0),))
    if choices.trials == 1:
        return plain, []
    step = -(-len(labels) // LARGEST_SEARCH)
    some = range(0, len(labels), step)
    labels = [labels[i] for i in some]
    cut = folds(labels, seed=seed, times=chosen_of(parts.times, some), groups=chosen_of(parts.groups, some))
    if not cut:
        return plain, [f"too few rows of a class to compare settings: plain {choices.learners[0]} are taken"]
    columns, embedder = take(parts.train.columns, some), embedder_of(place, use_case)
    reading, values = Reading.of(columns, labels, dates=choices.dates, seed=seed, embedder=embedder)
    if not reading.columns:
        return plain, []
    seconds = float("inf") if choices.minutes is None else 60 * choices.minutes
    with place.display.task(f"{use_case.name}: settings of {', '.join(choices.learners)}", choices.trials) as view:
        found = search(
            values, labels, reading.categorical, cut, trials=choices.trials, folder=folder, seed=seed, seconds=seconds,
            learners=choices.learners,
            say=lambda done: view.at(done, f"{done} of {choices.trials} tried"),
        )  # fmt: skip
    return found, [f"{found.trials} settings compared by cross-validation, {len(found.members)} averaged"]


def found_in(artifact: Artifact) -> Found:
    """What a search found, read back."""
    return TypeAdapter(Found).validate_python(artifact.result["found"])
