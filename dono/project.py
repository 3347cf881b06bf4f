"""The project file `dono.yaml`: data, use cases, bases, budget, machine. Frozen; all mistakes found in one reading."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from dono.errors import Mistake, Mistakes

RouteName = Literal["prompt", "hosted", "finetune", "continue", "scratch", "predictive"]
Kind = Literal["classify", "generate", "language", "predict"]
MetricName = Literal["accuracy", "macro_f1", "chrf", "exact_match", "bits_per_byte", "auc"]

METRIC_OF_KIND: dict[Kind, tuple[MetricName, ...]] = {
    "classify": ("macro_f1", "accuracy"),
    "generate": ("chrf", "exact_match"),
    "language": ("bits_per_byte",),
    "predict": ("auc", "accuracy", "macro_f1"),
}
"""Which metrics a kind of use case may be judged by; the first is the default."""


class Section(BaseModel):
    """A part of the project file: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SettingsFile(Section):
    """A whole file of settings. `folder` is where it lies; relative paths are resolved against it."""

    folder: Path = Field(default=Path(), exclude=True)

    def path(self, relative: str) -> Path:
        """A path of the file, resolved against the folder the file lies in."""
        return (self.folder / relative).resolve()


F = TypeVar("F", bound=SettingsFile)


class Rights(Section):
    """Why a source may be learned from: ground in law, purposes, notice, licence, how long."""

    basis: str
    purpose: tuple[str, ...] = ("train",)
    notice: str | None = None
    licence: str | None = None
    retain_until: str | None = None


class Source(Section):
    """One source of the corpus. `path` is a file or a glob, relative to the project file."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    kind: str = "text"
    path: str
    text: str | None = None
    language: str | None = None
    language_column: str | None = None
    unit: Literal["line", "file"] = "line"
    group_by: str | None = None
    order_by: str | None = None
    render: str | None = None
    rights: Rights | None = None


class UseCase(Section):
    """What the model is for, and how it is scored. `bar` is the value of the metric that is good enough."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    kind: Kind
    train: str | None = None
    test: str | None = None
    target: str | None = None
    metric: MetricName | None = None
    bar: float | None = None
    prompt: str | None = None
    rights: Rights | None = None
    unseen_labels: Literal["refuse", "set_aside"] = "refuse"
    """What to do with test rows whose label no training row has: nothing could answer them."""
    test_limit: int = Field(default=400, ge=1)
    """At most this many held-out examples are scored, the same ones for every arm."""

    @property
    def judged_by(self) -> MetricName:
        """The metric the verdict is about."""
        return self.metric or METRIC_OF_KIND[self.kind][0]

    @model_validator(mode="after")
    def _complete(self) -> UseCase:
        if self.kind in ("classify", "generate") and not (self.train and self.test):
            raise ValueError("a classify or generate use case needs `train` and `test` files")
        if self.kind == "predict" and not (self.train and self.target):
            raise ValueError("a predict use case needs `train` and `target` (a column)")
        if self.metric is not None and self.metric not in METRIC_OF_KIND[self.kind]:
            raise ValueError(
                f"metric {self.metric} does not fit kind {self.kind}; use {' or '.join(METRIC_OF_KIND[self.kind])}"
            )
        if (
            self.kind == "generate"
            and self.metric in (None, "chrf")
            and self.bar is not None
            and not 1 <= self.bar <= 100
        ):
            raise ValueError(f"chrf goes from 0 to 100; a bar of {self.bar} is no chrf score")
        return self


class Endpoint(Section):
    """A hosted model behind an OpenAI-compatible URL."""

    endpoint: str
    model: str


class Budget(Section):
    """What the full run may cost, at least one of money and hours; `tokens` caps those of its corpus stage.

    `pilot_share` of it may be spent on pilots; no pilot is larger than `pilot_scale` of its full run.
    """

    money: float | None = Field(default=None, gt=0)
    hours: float | None = Field(default=None, gt=0)
    tokens: float | None = Field(default=None, gt=0)
    pilot_share: float = Field(default=0.05, gt=0, le=1)
    pilot_scale: float = Field(default=1.0, gt=0, le=1)

    @model_validator(mode="after")
    def _some_cap(self) -> Budget:
        if self.money is None and self.hours is None:
            raise ValueError("a budget needs `money` or `hours`")
        return self


class MachineChoice(Section):
    """The machine that the full run is priced for. `gpu: this` is the machine that Dono runs on."""

    gpu: str = "this"
    count: int = Field(default=1, ge=1)
    price_per_hour: float | None = Field(default=None, ge=0)


class Cleaning(Section):
    """How the texts of all sources are cleaned before they are learned from."""

    near_duplicates: float | None = Field(default=0.8, ge=0.5, le=1)
    """Jaccard index of two texts' runs of words from which the later one is a near copy; None: exact copies only."""
    repeated_lines: int | None = Field(default=None, ge=2)
    """A line that more than so many texts of a source have is taken out as boilerplate; None: all lines stay."""
    quality: bool = True
    """Whether rubbish is dropped, by rules of the field that give way to what is usual in the person's own text."""
    bad_words: dict[str, str] = Field(default_factory=dict)
    """By language a file of words and phrases, one a line: a text with one of them is dropped. None comes with Dono."""


class Mixture(Section):
    """How much of each source and language a corpus stage reads."""


class Serving(Section):
    """The traffic that the model must carry, for the monthly cost."""

    requests_per_day: float = Field(gt=0)
    tokens_in: float = Field(gt=0)
    tokens_out: float = Field(gt=0)
    months: float = Field(default=12, gt=0)


class Architecture(Section):
    """A Llama-family model trained from random weights. `vocabulary` counts tokens, `context` is in tokens."""

    width: int = Field(default=192, ge=8)
    layers: int = Field(default=4, ge=1)
    heads: int = Field(default=6, ge=1)
    vocabulary: int = Field(default=6000, ge=300)
    context: int = Field(default=256, ge=16)

    @model_validator(mode="after")
    def _whole_heads(self) -> Architecture:
        if self.width % self.heads or (self.width // self.heads) % 2:
            raise ValueError(f"width {self.width} must be an even multiple of heads {self.heads}")
        return self


class Training(Section):
    """How every run learns. Rates are peak rates; `batch` counts sequences of `context` tokens.

    `optimizer` is that of corpus stages: `auto` takes Muon for random weights and AdamW for a base's. `matrix_rate` is
    Muon's rate for the hidden matrices, `rate` AdamW's for all else; without them the rules of `training.rates` give
    the rates of the full run, which its pilots share.
    """

    batch: int = Field(default=16, ge=1)
    optimizer: Literal["auto", "adamw", "muon"] = "auto"
    rate: float | None = Field(default=None, gt=0)
    matrix_rate: float | None = Field(default=None, gt=0)
    task_rate: float = Field(default=1e-3, gt=0)
    lora_rate: float = Field(default=5e-3, gt=0)
    lora_rank: int = Field(default=16, ge=1)
    task_epochs: float = Field(default=3, gt=0)
    task_batch_tokens: int = Field(default=1024, ge=64)
    corpus_epochs: float = Field(default=4, gt=0)
    heldout_share: float = Field(default=0.05, gt=0, lt=0.5)
    seed: int = 0


def _machine(value: object) -> object:
    return {"gpu": value} if isinstance(value, str) else value


class Project(SettingsFile):
    """The whole project file."""

    project: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    currency: str = "INR"
    rates: dict[str, float] = Field(default_factory=dict)
    """How much of `currency` one unit of another currency costs, e.g. {USD: 88.0}."""
    corpus: tuple[Source, ...] = ()
    cleaning: Cleaning = Cleaning()
    mixture: Mixture = Mixture()
    use_cases: tuple[UseCase, ...] = Field(min_length=1)
    bases: tuple[str | Endpoint, ...] = ()
    routes: Literal["all"] | tuple[RouteName, ...] = "all"
    budget: Budget
    machine: Annotated[MachineChoice, BeforeValidator(_machine)] = MachineChoice()
    serving: Serving | None = None
    scratch: Architecture = Architecture()
    training: Training = Training()
    work: str = "work"
    """Where Dono keeps what it makes, relative to the project file."""

    @model_validator(mode="after")
    def _names_are_unique(self) -> Project:
        for what, names in (("corpus", [s.name for s in self.corpus]), ("use_cases", [u.name for u in self.use_cases])):
            twice = sorted({n for n in names if names.count(n) > 1})
            if twice:
                raise ValueError(f"{what}: the name {twice[0]!r} is used twice")
        return self

    @property
    def work_folder(self) -> Path:
        """Where this project's artifacts live."""
        return self.path(self.work)

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


def read_settings(
    path: Path, overrides: Sequence[str], schema: type[F], missing: Callable[[F], Iterator[Mistake]]
) -> F:
    """Read a YAML file and `key=value` overrides by a schema; `missing` names the files that it lacks.

    Raises `Mistakes` with every mistake found: the path in the file, the value, the remedy.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf8"))
    except UnicodeDecodeError as error:
        raise Mistake(f"not UTF-8 (byte {error.start})", where=str(path), remedy="Save the file as UTF-8") from error
    except yaml.YAMLError as error:
        raise Mistake(" ".join(str(error).split()), where=str(path), remedy="Mend the YAML at that line") from error
    if not isinstance(data, dict):
        raise Mistake("the file holds no mapping", where=str(path), remedy="Write `key: value` lines")
    for override in overrides:
        _apply(data, override)
    found = list(_unknown_keys(data, schema, ""))
    try:
        settings = schema.model_validate({**data, "folder": path.resolve().parent})
    except ValidationError as error:
        found += [_as_mistake(dict(e), data, str(path)) for e in error.errors() if e["type"] != "extra_forbidden"]
        raise Mistakes(found or [Mistake(str(error), where=str(path), remedy="Mend the file")]) from error
    found += list(missing(settings))
    if found:
        raise Mistakes(found)
    return settings


def _apply(data: dict[str, object], override: str) -> None:
    key, separator, text = override.partition("=")
    if not separator or not key:
        raise Mistake(
            f"{override!r} is no override", where="command line", remedy="Write key=value, e.g. budget.hours=2"
        )
    *parents, last = key.split(".")
    place: dict[str, object] | list[object] = data
    for name in parents:
        inner = _item(place, name, key) if isinstance(place, list) else place.setdefault(name, {})
        if not isinstance(inner, dict | list):
            raise Mistake(f"{name!r} holds a value, not a section", where=key, remedy="Override the section's own keys")
        place = inner
    if isinstance(place, list):
        place[place.index(_item(place, last, key))] = yaml.safe_load(text)
    else:
        place[last] = yaml.safe_load(text)


def _item(items: list[object], name: str, key: str) -> object:
    for number, item in enumerate(items):
        if str(number) == name or (isinstance(item, dict) and item.get("name") == name):
            return item
    raise Mistake(f"no item {name!r} in the list", where=key, remedy="Name an item by its `name` or its number")


def _sections(annotation: object) -> Iterator[tuple[type[Section], bool]]:
    """The sections that an annotation admits, and whether it admits a list of them."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation, False
    many = get_origin(annotation) is tuple
    for part in get_args(annotation):
        for section, inner in _sections(part):
            yield section, many or inner


def _unknown_keys(data: dict[str, object], section: type[Section], at: str) -> Iterator[Mistake]:
    known = [name for name in section.model_fields if name != "folder"]
    for key, value in data.items():
        here = f"{at}.{key}" if at else str(key)
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.5)
            remedy = f"Did you mean {near[0]!r}?" if near else f"Known keys: {', '.join(known)}"
            yield Mistake(f"unknown key {key!r}", where=here, remedy=remedy)
            continue
        for inner, many in _sections(section.model_fields[str(key)].annotation):
            if many and isinstance(value, list):
                for number, item in enumerate(value):
                    if isinstance(item, dict):
                        yield from _unknown_keys(item, inner, f"{here}[{item.get('name', number)}]")
            elif isinstance(value, dict):
                yield from _unknown_keys(value, inner, here)


REMEDIES = {
    "missing": "Add it",
    "greater_than": "Give a larger number",
    "greater_than_equal": "Give a larger number",
    "less_than_equal": "Give a smaller number",
    "literal_error": "Use one of the values named",
    "string_pattern_mismatch": "Use letters, digits, - and _",
    "value_error": "Mend it",
}


def _as_mistake(error: dict[str, object], data: object, file: str) -> Mistake:
    where, value = "", data
    location = error["loc"]
    assert isinstance(location, tuple)
    for step in location:
        if isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
            name = value.get("name", step) if isinstance(value, dict) else step
            where += f"[{name}]"
        elif isinstance(value, dict) and step in value:
            value, where = value[step], f"{where}.{step}" if where else str(step)
        elif error["type"] == "missing":
            where, value = f"{where}.{step}" if where else str(step), None
    message = str(error["msg"]).removeprefix("Value error, ")
    shown = "" if value is None or isinstance(value, dict | list) else f" (found {value!r})"
    return Mistake(f"{message}{shown}", where=where or file, remedy=REMEDIES.get(str(error["type"]), "Mend the value"))


def _missing_files(project: Project) -> Iterator[Mistake]:
    """Files that are named but absent. Globs and URLs are looked at when they are read."""
    for case in project.use_cases:
        for key in ("train", "test"):
            named = getattr(case, key)
            if named is not None and not project.path(named).is_file():
                yield Mistake(
                    f"no such file {named!r}", where=f"use_cases[{case.name}].{key}", remedy="Correct the path"
                )
    for source in project.corpus:
        if not any(mark in source.path for mark in "*?[:") and not project.path(source.path).exists():
            yield Mistake(
                f"no such file {source.path!r}", where=f"corpus[{source.name}].path", remedy="Correct the path"
            )


def schema_text() -> str:
    """The JSON schema of the project file, for editors."""
    return str(TypeAdapter(Project).json_schema())
