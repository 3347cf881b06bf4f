"""Use cases of kind harness: the tasks of lm-evaluation-harness that they are, and the documents asked, frozen."""

from __future__ import annotations

import dataclasses
import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

from dono.artifacts import Artifact, Json, Reference, fingerprint, write_atomically
from dono.corpus import Example
from dono.corpus.tags import language_tag
from dono.errors import Mistake
from dono.project import UseCase
from dono.stages.workplace import Workplace

ASKED = "asked.jsonl"


def tasks_module() -> ModuleType:
    """Loaded here: whoever has no such use case needs no harness. Raises `Mistake` where it is not installed."""
    try:
        return importlib.import_module("dono.evals.harness_tasks")
    except ImportError as error:
        remedy = "pip install 'dono[harness]'"
        raise Mistake(f"{error.name} is missing", where="a use case of kind harness", remedy=remedy) from error


def harness_tasks(place: Workplace, use_case: UseCase) -> list[Any]:
    """The tasks of a use case: of its YAML, or of the set that its `test` file or folder is recognised as."""
    module = tasks_module()
    if use_case.task is not None:
        return [module.task_of_yaml(place.project.path(use_case.task))]
    assert use_case.test is not None
    sets = importlib.import_module("dono.evals.harness_sets")
    found = sets.read_set(place.project.path(use_case.test), where=f"use_cases[{use_case.name}].test")
    return [module.task_of_set(one, use_case.shots) for one in found]


def harness_documents(place: Workplace, use_case: UseCase) -> Artifact:
    """The documents that are asked: `asked.jsonl` has the task and the place of each."""
    files = [f for named in (use_case.task, use_case.test) if named for f in _files(place.project.path(named))]
    spec: dict[str, Json] = {
        "name": use_case.name, "kind": "harness", "files": [fingerprint(f) for f in files], "shots": use_case.shots,
        "test_limit": use_case.test_limit,
    }  # fmt: skip

    def make(folder: Path) -> dict[str, Json]:
        asked = tasks_module().documents_of(harness_tasks(place, use_case), use_case.test_limit)
        rows = [json.dumps(dataclasses.asdict(one), ensure_ascii=False) for one in asked]
        write_atomically(folder / ASKED, "".join(row + "\n" for row in rows))
        return {"test": len(asked)}

    made_from = tuple(Reference("file", fingerprint(f), f.name) for f in files)
    return place.store.make("examples", spec, make, made_from=made_from, name=use_case.name)


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())


def asked_in(artifact: Artifact) -> list[dict[str, Any]]:
    """The documents, as they were written down."""
    with (artifact.path / ASKED).open(encoding="utf8") as lines:
        return [json.loads(line) for line in lines]


def harness_examples(artifact: Artifact) -> tuple[Example, ...]:
    """The documents as test examples."""
    return tuple(Example(r["prompt"], r["answer"], language_tag(r["language"]) or "und") for r in asked_in(artifact))
