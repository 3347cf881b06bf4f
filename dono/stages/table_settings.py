"""Which settings learn a predict use case's table best: searched once on the rows to learn from, and remembered."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

from pydantic import TypeAdapter

from dono.artifacts import Artifact, Json
from dono.predictive import Found, Reading, folds, search, take
from dono.project import UseCase
from dono.stages.prepare import Case
from dono.stages.tables import Parts, chosen_of
from dono.stages.workplace import Workplace

LARGEST_SEARCH = 50_000
"""Rows on which settings are compared: more would hardly change their order (assumed)."""


def settings_of(place: Workplace, case: Case, parts: Parts) -> Artifact:
    """The settings that are best on the rows to learn from, searched once and remembered; killed, it goes on."""
    use_case, seed = case.use_case, place.project.training.seed
    spec: dict[str, Json] = {
        "use_case": use_case.name, "examples_from": case.artifact.id, "target": use_case.target, "seed": seed,
        "table": use_case.table.model_dump(mode="json"),
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


def _searched(place: Workplace, use_case: UseCase, parts: Parts, folder: Path) -> tuple[Found, list[str]]:
    seed, choices, labels = place.project.training.seed, use_case.table, parts.train.labels
    if choices.trials == 1:
        return Found(), []
    step = -(-len(labels) // LARGEST_SEARCH)
    some = range(0, len(labels), step)
    labels = [labels[i] for i in some]
    cut = folds(labels, seed=seed, times=chosen_of(parts.times, some), groups=chosen_of(parts.groups, some))
    if not cut:
        return Found(), ["too few rows of a class to compare settings: the plain trees are taken"]
    reading, values = Reading.of(take(parts.train.columns, some), labels, dates=choices.dates, seed=seed)
    if not reading.columns:
        return Found(), []
    seconds = float("inf") if choices.minutes is None else 60 * choices.minutes
    with place.display.task(f"{use_case.name}: settings of the trees", choices.trials) as view:
        found = search(
            values, labels, reading.categorical, cut, trials=choices.trials, folder=folder, seed=seed, seconds=seconds,
            say=lambda done: view.at(done, f"{done} of {choices.trials} tried"),
        )  # fmt: skip
    return found, [f"{found.trials} settings compared by cross-validation, {len(found.members)} averaged"]


def found_in(artifact: Artifact) -> Found:
    """What a search found, read back."""
    return TypeAdapter(Found).validate_python(artifact.result["found"])
