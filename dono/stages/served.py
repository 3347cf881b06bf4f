"""What of a project is served: each use case's built model at the use case's name, by the newest verdict's choice."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from dono.artifacts import Artifact
from dono.decisions import Verdict
from dono.errors import Mistake
from dono.models.adapters import CONFIG
from dono.project import UseCase
from dono.stages.decide import latest_verdict
from dono.stages.runs import ADAPTER
from dono.stages.workplace import Workplace


@dataclass(frozen=True)
class Built:
    """A model that `dono build` left, and the name that it is served at."""

    name: str
    use_case: UseCase
    arm: str
    artifact: Artifact

    @property
    def folder(self) -> Path:
        """Its directory."""
        return self.artifact.path

    @property
    def is_language_model(self) -> bool:
        """Whether it answers in text."""
        return (self.folder / "config.json").is_file()

    @property
    def adapter(self) -> Path | None:
        """Its LoRA updates alone, where it has any."""
        found = self.folder / ADAPTER
        return found if (found / CONFIG).is_file() else None


def built_models(place: Workplace) -> list[Built]:
    """The models to serve: of each use case the arm of the newest verdict, else the newest that was built.

    Arms that a verdict gives to single languages are served at USE_CASE:LANGUAGE. Raises `Mistake` where nothing was
    built yet.
    """
    made = [a for a in place.store.all() if a.kind == "model"]
    made.sort(key=lambda a: str(a.made_by.get("when", "")))
    verdict = _verdict(place)
    found = []
    for case in place.project.use_cases:
        own = {str(a.result["arm"]): a for a in made if a.result.get("use_case") == case.name}
        if not own:
            continue
        chosen = _chosen(verdict, case.name)
        main = next((arm for language, arm in chosen if language is None and arm in own), list(own)[-1])
        found.append(Built(case.name, case, main, own[main]))
        found += [Built(f"{case.name}:{lang}", case, arm, own[arm]) for lang, arm in chosen if lang and arm in own]
    if not found:
        remedy = "Run `dono build` first, or serve a model directory: dono serve DIR"
        raise Mistake("no use case has a model yet", where=str(place.project.work_folder), remedy=remedy)
    return found


def _verdict(place: Workplace) -> Verdict | None:
    try:
        return latest_verdict(place)[0]
    except Mistake:
        return None


def _chosen(verdict: Verdict | None, use_case: str) -> list[tuple[str | None, str]]:
    """Languages (None: all) and arms of the portfolio."""
    if verdict is None:
        return []
    items = [i for i in verdict.portfolio if i.use_case == use_case]
    return [(None if i.language in (None, "all") else i.language, i.arm) for i in items]


def columns_of(path: Path) -> frozenset[str]:
    """The names of a table's columns; none where it is gone."""
    if not path.is_file():
        return frozenset()
    if path.suffix.lower() in (".parquet", ".pq"):
        return frozenset(pq.read_schema(path).names)
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = file.readline()
    cells: Sequence[str] = next(csv.reader([header], delimiter=max(",;\t|", key=header.count)), [])
    return frozenset(name.strip() for name in cells)
