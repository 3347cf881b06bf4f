"""The whole project file: its parts together, and the files that it names."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationInfo, field_validator, model_validator

from dono.errors import Mistake
from dono.project.endpoints import Endpoint
from dono.project.learning import Architecture, Training
from dono.project.preparing import Cleaning, Mixture, TokenizerChoice
from dono.project.reading import read_settings
from dono.project.sections import SettingsFile
from dono.project.sources import CalendarDay, Source
from dono.project.spending import Budget, MachineChoice, Serving
from dono.project.use_cases import UseCase
from dono.project.wishes import Constraints, Goal, Overheads, Positive, RouteName

CURRENCY = re.compile(r"[A-Z]{3}")
"""ISO 4217."""


def _machine(value: object) -> object:
    return {"gpu": value} if isinstance(value, str) else value


def _routes(value: object) -> object:
    return [value] if isinstance(value, str) and value != "all" else value


class Project(SettingsFile):
    """The whole project file."""

    project: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    currency: str = "INR"
    rates: dict[str, Positive] = Field(default_factory=dict)
    """How much of `currency` one unit of another currency costs, e.g. {USD: 88.0}."""
    corpus: tuple[Source, ...] = ()
    calendar: str | tuple[CalendarDay, ...] = ()
    """Own festivals and holidays for templates: a CSV file with columns date, state, name, or the days themselves."""
    cleaning: Cleaning = Cleaning()
    mixture: Mixture = Mixture()
    use_cases: tuple[UseCase, ...] = Field(min_length=1)
    commercial: bool = True
    """Whether what is learned serves a business: sources under a non-commercial licence are refused then."""
    approvers: dict[str, str] = Field(default_factory=dict)
    """Who may override the rights gate: a name, and the public key (hexadecimal) that this person signs with."""
    bases: tuple[str | Endpoint, ...] = ()
    judge: Endpoint | None = None
    """Who compares written answers of two models (`dono evaluate --judge`)."""
    routes: Annotated[Literal["all"] | tuple[RouteName, ...], BeforeValidator(_routes)] = "all"
    budget: Budget
    goal: Goal = "quality"
    constraints: Constraints = Constraints()
    overheads: Overheads = Overheads()
    machine: Annotated[MachineChoice, BeforeValidator(_machine)] = MachineChoice()
    serving: Serving | None = None
    scratch: Architecture = Architecture()
    tokenizer: TokenizerChoice = TokenizerChoice()
    training: Training = Training()
    work: str = "work"
    """Where Dono keeps what it makes, relative to the project file."""

    @field_validator("currency")
    @classmethod
    def _is_a_code(cls, currency: str) -> str:
        if not CURRENCY.fullmatch(currency):
            raise ValueError("a currency is its code of three capital letters, like INR")
        return currency

    @field_validator("bases")
    @classmethod
    def _no_base_twice(cls, bases: tuple[str | Endpoint, ...], info: ValidationInfo) -> tuple[str | Endpoint, ...]:
        places = [(info.data.get("folder", Path()) / b).resolve() for b in bases if isinstance(b, str)]
        twice = sorted({str(p) for p in places if places.count(p) > 1})
        if twice:
            raise ValueError(f"the base {Path(twice[0]).name!r} is listed twice")
        return bases

    @model_validator(mode="after")
    def _names_are_unique(self) -> Project:
        for what, names in (("corpus", [s.name for s in self.corpus]), ("use_cases", [u.name for u in self.use_cases])):
            twice = sorted({n for n in names if names.count(n) > 1})
            if twice:
                raise ValueError(f"{what}: the name {twice[0]!r} is used twice")
        return self

    @model_validator(mode="after")
    def _wishes_agree(self) -> Project:
        for case in self.use_cases:
            goal = self.goal_of(case)
            if goal != "quality" and case.bar is None:
                raise ValueError(f"goal {goal} needs a `bar` for use case {case.name}, or `goal: quality` in it")
            if goal == "monthly" and self.serving is None:
                raise ValueError("goal monthly needs `serving`: the traffic that costs so much a month")
        here, wanted = self.machine.country, self.constraints.country
        if wanted is not None and here not in (None, wanted):
            raise ValueError(f"constraints.country is {wanted}, machine.country {here}: nothing could be chosen")
        return self

    def goal_of(self, case: UseCase) -> Goal:
        """What is wanted of a use case."""
        return case.goal or self.goal

    @property
    def work_folder(self) -> Path:
        """Where this project's artifacts live."""
        return self.path(self.work)

    def located(self, source: Source) -> Source:
        """The source with its path resolved against the project's folder; URLs and names on the hub stay."""
        path = source.path
        if source.kind == "sql":
            file = path.partition(":///")[2] if path.startswith("sqlite") else ""
            if file and not file.startswith((":", "/", "$")):
                path = path.replace(f":///{file}", f":///{self.folder.resolve() / file}", 1)
        elif "://" not in path and not (source.kind == "huggingface" and not (self.folder / path).exists()):
            whole = self.folder / path
            pattern = glob.has_magic(path) and not whole.exists()  # the folder itself may be called "data [old]"
            path = str(Path(glob.escape(str(self.folder))) / path if pattern else whole)
        return source.model_copy(update={"path": path})

    def wants(self, route: RouteName) -> bool:
        """Whether the person asked for this route."""
        return self.routes == "all" or route in self.routes


def load_project(path: Path, overrides: Sequence[str] = ()) -> Project:
    """Read a project file and `key=value` overrides.

    Raises `Mistakes` with every mistake found: the path in the file, the value, the remedy.
    """
    if not path.is_file():
        raise Mistake(
            "no such project file", where=str(path), remedy="Give the path of a dono.yaml, or make one with `dono init`"
        )
    return read_settings(path, overrides, Project, _missing_files)


def _missing_files(project: Project) -> Iterator[Mistake]:
    """Files that are named but absent. Globs and URLs are looked at when they are read."""
    for case in project.use_cases:
        for key in ("train", "test", "task"):
            named = getattr(case, key)
            there = Path.exists if case.kind == "harness" else Path.is_file  # a set may be a folder
            if named is not None and not there(project.path(named)):
                yield Mistake(
                    f"no such file {named!r}", where=f"use_cases[{case.name}].{key}", remedy="Correct the path"
                )
    if isinstance(project.calendar, str) and not project.path(project.calendar).is_file():
        yield Mistake(f"no such file {project.calendar!r}", where="calendar", remedy="Correct the path")
    for source in project.corpus:
        if source.kind in ("sql", "huggingface"):
            continue
        if not any(mark in source.path for mark in "*?[:") and not project.path(source.path).exists():
            yield Mistake(
                f"no such file {source.path!r}", where=f"corpus[{source.name}].path", remedy="Correct the path"
            )


def schema_text() -> str:
    """The JSON schema of the project file, for editors."""
    return str(TypeAdapter(Project).json_schema())
