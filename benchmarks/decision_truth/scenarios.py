"""A scenario: which text, which task, how much of each, and a budget; read from a small YAML file, made a project."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, model_validator

from dono.artifacts import Json, identity, write_atomically
from dono.project import Architecture, MetricName, Project, Section, SettingsFile, read_settings

BATCH = 1
"""Sequences of a step: a small run needs many steps, or none of its hundredths is a run."""
TASK_BATCH_TOKENS = 256
"""Tokens of a step of a task stage, for the same reason: a few hundred steps, or no model learns the labels."""
SPEED = 2e10
"""FLOP/s at which everything is priced: about one core. Stated, so that no other work on the machine makes a plan."""
PRICE_PER_HOUR = 25.0
"""Rupees for an hour of a small cloud machine (assumed)."""
LARGEST_PILOT = 0.25
"""No pilot is larger than this share of its full run: at a tenth of the cost of everything none would be."""
AMPLE_HOURS = 10_000.0
"""The project's budget in hours while recording: a scenario's budget is counted in tokens, which no clock disturbs."""
LANGUAGE = "text"
"""What the use case is called that is judged on held-out text."""
RIGHTS: dict[str, Json] = {
    "ground": "not_personal", "purpose": ["train"], "contract": "public text, to measure with"
}  # fmt: skip


class Task(Section):
    """A task folder with train.jsonl and test.jsonl below the corpora; of train at most `examples` are taken.

    `prompt` and `answer`, where rows hold other things than a question and an answer, are made of their fields, as
    `str.format` reads them: `{text}`, `{messages[0][content]}`.
    """

    data: str
    kind: Literal["classify", "generate"] = "classify"
    metric: MetricName | None = None
    examples: int = Field(ge=100, le=10_000)
    epochs: float = Field(default=3, gt=0)
    test: int = Field(default=300, ge=1)
    prompt: str | None = Field(default=None, exclude_if=lambda said: said is None)
    answer: str | None = Field(default=None, exclude_if=lambda said: said is None)

    @model_validator(mode="after")
    def _both(self) -> Task:
        if (self.prompt is None) != (self.answer is None):
            raise ValueError("a task needs `prompt` and `answer` together, or neither")
        return self

    def row(self, line: str) -> str:
        """A line of the task's file as the project reads it."""
        if self.prompt is None or self.answer is None:
            return line
        row = json.loads(line)
        made = {"prompt": self.prompt.format_map(row), "answer": self.answer.format_map(row)}
        return json.dumps(made, ensure_ascii=False)


class Scenario(SettingsFile):
    """One scenario. Paths are below the corpora folder; `distance` says how far the text's language is from the base's.

    `tokens` is the budget: what each corpus stage may read at most (its tokenizer's tokens, repeats included).
    """

    why: str
    distance: Literal["near", "mixed", "far"]
    text: tuple[str, ...] = Field(min_length=1)
    megabytes: float = Field(ge=0.1, le=30)
    task: Task | None = None
    heldout: int = Field(default=100, ge=0)
    """Held-out documents on which the text itself is judged, in bits per byte; 0: only the task is."""
    tokens: float = Field(gt=0)
    passes: float = Field(default=4, gt=0)
    size: Architecture = Architecture(width=96, layers=2, heads=3, vocabulary=1500, context=128)
    seed: int = 0

    @model_validator(mode="after")
    def _asks_something(self) -> Scenario:
        if self.task is None and not self.heldout:
            raise ValueError("a scenario needs a `task`, or `heldout` documents")
        return self

    @property
    def fingerprint(self) -> str:
        """The same as long as the same is asked of the same project, whatever is said about it."""
        asked = self.model_dump(mode="json", exclude={"why", "distance"})
        return identity({"asked": asked, "project": project_settings("any", self, ["base"])})

    def needs(self) -> list[str]:
        """Files below the corpora folder that it reads."""
        tasks = [] if self.task is None else [f"{self.task.data}/{part}.jsonl" for part in ("train", "test")]
        return [*self.text, *tasks]


def read_scenario(path: Path) -> Scenario:
    """Read a scenario file. Raises `Mistakes` with every mistake found."""
    return read_settings(path, [], Scenario, lambda scenario: iter(()))


def find_scenarios(folder: Path) -> Iterator[tuple[str, Scenario]]:
    """The scenarios of a folder by name, in order."""
    for path in sorted(folder.glob("*.yaml")):
        yield path.stem, read_scenario(path)


def project_settings(name: str, scenario: Scenario, bases: list[str]) -> dict[str, Json]:
    """The scenario as the settings of a dono.yaml; its data lie in `data/` beside that file."""
    cases: list[Json] = []
    if (task := scenario.task) is not None:
        cases.append(
            {"name": "task", "kind": task.kind, "train": "data/train.jsonl", "test": "data/test.jsonl",
             "test_limit": task.test, "unseen_labels": "set_aside", "rights": RIGHTS,
             **({"metric": task.metric} if task.metric else {})}
        )  # fmt: skip
    if scenario.heldout:
        cases.append({"name": LANGUAGE, "kind": "language", "test_limit": scenario.heldout})
    corpus: list[Json] = [
        {"name": f"{Path(t).stem}-{number}", "kind": "text", "language": Path(t).parent.name,
         "path": f"data/{_local(t)}", "rights": RIGHTS}
        for number, t in enumerate(scenario.text)
    ]  # fmt: skip
    return {
        "project": name, "corpus": corpus, "use_cases": cases, "bases": list[Json](bases), "commercial": False,
        "budget": {"hours": AMPLE_HOURS, "tokens": scenario.tokens, "pilot_scale": LARGEST_PILOT},
        "cleaning": {"workers": 1}, "machine": {"gpu": "this", "price_per_hour": PRICE_PER_HOUR},
        "scratch": scenario.size.model_dump(mode="json"),
        "training": {
            "batch": BATCH, "corpus_epochs": scenario.passes, "seed": scenario.seed,
            "task_batch_tokens": TASK_BATCH_TOKENS, "task_epochs": scenario.task.epochs if scenario.task else 3,
        },
    }  # fmt: skip


def project_of(name: str, scenario: Scenario) -> Project:
    """The project as the head sees it, without its data."""
    return Project.model_validate(project_settings(name, scenario, ["base"]))


def write_project(name: str, scenario: Scenario, bases: list[str], corpora: Path, folder: Path) -> Path:
    """Write dono.yaml and the chosen part of the data into `folder`; the same scenario gives the same bytes."""
    data = folder / "data"
    copy_text(corpora, {text: _local(text) for text in scenario.text}, scenario.megabytes, data)
    if (task := scenario.task) is not None:
        train, test = (
            [line for line in (corpora / task.data / f"{part}.jsonl").read_text(encoding="utf8").split("\n") if line]
            for part in ("train", "test")
        )
        taken = evenly(train, task.examples / len(train))
        write_atomically(data / "train.jsonl", "".join(f"{task.row(line)}\n" for line in taken))
        write_atomically(data / "test.jsonl", "".join(f"{task.row(line)}\n" for line in test))
    path = folder / "dono.yaml"
    write_atomically(path, yaml.safe_dump(project_settings(name, scenario, bases), allow_unicode=True, sort_keys=False))
    return path


def copy_text(corpora: Path, files: Mapping[str, str], megabytes: float, data: Path) -> None:
    """Copy at most so much text into `data`, of each file (by its name there) the same share of its lines."""
    data.mkdir(parents=True, exist_ok=True)
    share = megabytes * 1e6 / sum((corpora / text).stat().st_size for text in files)
    for text, name in files.items():
        lines = (corpora / text).read_text(encoding="utf8").split("\n")
        write_atomically(data / name, "".join(f"{line}\n" for line in evenly(lines, share)))


def evenly(rows: list[str], share: float) -> list[str]:
    """So large a share of the rows, spread evenly over them; all of them where the share is 1 or more."""
    if share >= 1:
        return rows
    return [row for i, row in enumerate(rows) if int((i + 1) * share) > int(i * share)]


def _local(text: str) -> str:
    return text.removeprefix("text/").replace("/", "-")
