"""The project file `dono.yaml`: data, use cases, bases, budget, machine. Frozen; all mistakes found in one reading."""

from __future__ import annotations

import codecs
import datetime as dt
import difflib
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, TypeVar, get_args, get_origin
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import regex
import yaml
from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, field_validator, model_validator

from dono.errors import Mistake, Mistakes
from dono.rights import Answer, Children, Ground, Licence, PersonalData, Status, widened
from dono.utility import Constraints, Country, Goal, Overheads, Positive, RouteName, Section

TokenizerKind = Literal["words", "graphemes", "superwords", "unigram", "portable"]
Kind = Literal["classify", "generate", "language", "predict"]
DateOrder = Literal["day", "month", "refuse"]
"""What comes first in a date like 03/04/2025; `refuse`: a date that could be read both ways is set aside."""
MetricName = Literal["accuracy", "macro_f1", "chrf", "exact_match", "bits_per_byte", "auc"]

METRIC_OF_KIND: dict[Kind, tuple[MetricName, ...]] = {
    "classify": ("macro_f1", "accuracy"),
    "generate": ("chrf", "exact_match"),
    "language": ("bits_per_byte",),
    "predict": ("auc", "accuracy", "macro_f1"),
}
"""Which metrics a kind of use case may be judged by; the first is the default."""
OUT_OF_ONE: tuple[MetricName, ...] = ("accuracy", "macro_f1", "exact_match", "auc")
"""Metrics from 0 to 1."""


class SettingsFile(Section):
    """A whole file of settings. `folder` is where it lies; relative paths are resolved against it."""

    folder: Path = Field(default=Path(), exclude=True)

    def path(self, relative: str) -> Path:
        """A path of the file, resolved against the folder the file lies in."""
        return (self.folder / relative).resolve()


F = TypeVar("F", bound=SettingsFile)


class Rights(Section):
    """Why a source may be learned from. What is not known is stated as unknown, and the gate asks (docs/rights.md).

    The old short form (`basis`, a list as `purpose`) is read as the fields that it stands for.
    """

    title: str | None = None
    issuer: str | None = None
    """Who collected it or holds it: the data fiduciary, an author, a publisher."""
    ground: Ground = "unknown"
    clause: str | None = None
    """Which of the legitimate uses of section 7."""
    personal_data: PersonalData = "unknown"
    third_persons: Answer = "unknown"
    """Whether people other than those who consented are named in it."""
    purpose: str = ""
    """The purpose as the notice, the licence or the contract has it."""
    covers_training: Answer = "unknown"
    """Whether that purpose covers training a model."""
    notice: str | None = None
    notice_version: str | None = None
    notice_languages: tuple[str, ...] = ()
    consent_store: str | None = None
    """URI of the records that prove notice and consent."""
    consent_from: date | None = None
    consent_to: date | None = None
    children: Children = "unknown"
    children_method: str | None = None
    licence: Licence | None = None
    contract: str | None = None
    """A contract's reference, where no public licence gives the right."""
    retain_until: date | None = None
    """The last day on which it may be kept."""
    keep_until: date | None = None
    """The day until which the law asks that it be kept; else a year from processing (Rule 8(3))."""
    erasure_method: str | None = None
    geography: tuple[str, ...] = ()
    """Countries in which it was collected (ISO 3166)."""
    transfer_countries: tuple[str, ...] = ()
    storage: tuple[str, ...] = ()
    """Countries in which it may be stored; none named: not limited."""
    approved_by: str | None = None
    approved_on: date | None = None
    status: Status = "active"
    basis: str | None = Field(default=None, exclude=True)
    """The old short form of `ground`."""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, stated: object) -> object:
        return widened(stated) if isinstance(stated, dict) else stated

    @model_validator(mode="after")
    def _consistent(self) -> Rights:
        if self.ground == "not_personal" and self.personal_data in ("identifiable", "pseudonymised"):
            raise ValueError(f"ground not_personal does not fit personal_data {self.personal_data}")
        if self.retain_until and self.keep_until and self.retain_until < self.keep_until:
            raise ValueError(f"retain_until {self.retain_until} comes before keep_until {self.keep_until}")
        return self


CHATS = ("whatsapp", "telegram", "slack")
"""Kinds of sources that are exports of chats."""
OF_KINDS = {"query": ("sql",), "table": ("sql",), "unique_key": ("sql",), "config": ("huggingface",),
            "split": ("huggingface",), "revision": ("huggingface",), "assistant": CHATS,
            "encoding": ("text", "jsonl", "csv", "whatsapp", "telegram"),
            "silence_hours": CHATS}  # fmt: skip
"""Keys of a source that only some kinds have."""
ENVIRONMENT = regex.compile(r"\$\{(\w+)\}")
"""A value that is taken from the environment: ${NAME}."""
USER_INFO = regex.compile(r"[\w+.-]+://[^:/]*(?::(?P<password>[^@]*))?@")
"""User and password of a URL, as SQLAlchemy reads them."""
SECRET = ("pass", "pwd", "token", "secret")
"""What the names of settings that hold a secret contain."""


class CalendarDay(Section):
    """A day of a person's own calendar: a feast and holiday in a state (by any name or code), or everywhere."""

    date: dt.date
    name: str = Field(min_length=1)
    state: str | None = None


Templates = str | tuple[str, ...]


Privacy = Literal["off", "placeholders", "surrogates"]
"""What becomes of personal identifiers: they stay, become <MOBILE_1>, or become others of the same form."""


class Source(Section):
    """One source of the corpus. `path` is a file, a glob, a directory, a zip archive or a URL; else relative to the
    project file. Of kind `sql` it is SQLAlchemy's URL, of kind `huggingface` a directory or `organisation/name`.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    kind: str = "text"
    path: str
    text: str | None = None
    language: str | None = None
    language_column: str | None = None
    unit: Literal["line", "file"] = "line"
    key: str | None = None
    """The column that says whose row it is; a person's rows are held out together and forgotten together."""
    group_by: str | None = None
    order_by: str | None = None
    markup: Literal["html"] | None = None
    """What the texts hold, where it is stated."""
    render: Templates | dict[str, Templates] | None = None
    """Jinja templates of a row: one, several, or by language; of several a hash of the row draws one."""
    rendered: int = Field(default=1, ge=1)
    """In how many ways each row (or group) is written, each by another template as far as there are some."""
    vary: Literal["row", "group"] = "row"
    """Whether each row draws its template, or the rows of a group share one."""
    schema_name: str | None = Field(default=None, alias="schema")
    """A ready-made schema of a kind of record, e.g. telco.recharge: columns, groups, order and templates."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Which columns are the schema's own ones, where their names are not known to it, e.g. {amount: col_17}."""
    dates: DateOrder = "day"
    timezone: str = "Asia/Kolkata"
    """In which clock moments with a zone (and seconds since 1970) are written."""
    region_column: str | None = None
    """The column of the state in which a row happened."""
    period_column: str | None = None
    """The column of the date at which a row happened."""
    calendar: tuple[CalendarDay, ...] = ()
    """Own days beside the festivals of India; the project's where none are given."""
    rights: Rights | None = None
    privacy: Privacy | None = None
    """What becomes of personal identifiers; without it what `cleaning.privacy` says, and nothing where the rights say
    that no personal data is in it: characters of a novel are no persons."""
    encoding: str | None = None
    """Encoding of the files where it is not UTF-8, e.g. cp1252; without it only a certain one is taken for granted."""
    members: str | None = None
    """Pattern of the members of a zip archive that are read; without it those that end as the kind's files do."""
    query: str | None = None
    """Of kind sql: what is read. Either this or `table`."""
    table: str | None = None
    """Of kind sql: the table that is read whole, perhaps as `schema.table`."""
    unique_key: str | None = None
    """Of kind sql: a column with a value of its own in every row. A read that breaks off goes on after the last one."""
    config: str | None = None
    """Of kind huggingface: the configuration, where there are several."""
    split: str = "train"
    """Of kind huggingface: the split that is read."""
    revision: str | None = None
    """Of kind huggingface: a commit or a tag of the hub's dataset."""
    silence_hours: float = Field(default=8, gt=0)
    """Of chats: a silence this long ends a conversation, which is one document (assumed: a night)."""
    assistant: str | None = None
    """Of chats: the name (for Slack also the id) of the side that is learned as the assistant's, the others' as the
    user's. Without it a conversation is plain text."""

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                codecs.lookup(value)
            except LookupError:
                raise ValueError("no such encoding; use a name like utf-16, cp1252 or shift_jis") from None
        return value

    @model_validator(mode="after")
    def _fits_the_kind(self) -> Source:
        for key, kinds in OF_KINDS.items():
            if key in self.model_fields_set and self.kind not in kinds and "." not in self.kind:
                raise ValueError(f"`{key}` is for sources of kind {' or '.join(kinds)}, this one is {self.kind}")
        if self.kind == "sql" and (self.query is None) == (self.table is None):
            raise ValueError("a source of kind sql needs `query` or `table`, one of them")
        if self.kind == "sql" and "://" not in self.path:
            raise ValueError("the `path` of a source of kind sql is a URL like sqlite:///shop.db")
        self._refuse_secrets()
        return self

    def _refuse_secrets(self) -> None:
        """A secret stands in the environment, never in a file that is shared. The value is not shown."""
        if "://" not in self.path:
            return
        user = USER_INFO.match(self.path)
        if self.kind != "sql":
            if user is not None:
                raise ValueError("`path` holds credentials; leave them to the environment, as the service's tools do")
            return
        said = [v for k, v in parse_qsl(self.path.partition("?")[2]) if any(word in k.lower() for word in SECRET)]
        if any(v and not ENVIRONMENT.fullmatch(v) for v in (user["password"] if user else None, *said)):
            raise ValueError("`path` holds a password; write ${NAME}, and set NAME in the environment")

    @model_validator(mode="after")
    def _one_key(self) -> Source:
        if self.key is not None and self.group_by is not None:
            raise ValueError("a group of rows is known by `group_by`; leave `key` out")
        return self

    @field_validator("timezone")
    @classmethod
    def _zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("no such time zone; write one like Asia/Kolkata") from error
        return name


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
    goal: Goal | None = None
    """What is wanted, where it differs from the project's `goal`."""
    worth_per_month: float | None = Field(default=None, ge=0)
    """What having the model is worth a month, in the project's currency: should one train now, or wait?"""

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
        if self.bar is not None and self.judged_by in OUT_OF_ONE and not 0 <= self.bar <= 1:
            raise ValueError(f"{self.judged_by} goes from 0 to 1; a bar of {self.bar} is beyond it")
        if self.bar is not None and self.judged_by == "bits_per_byte" and self.bar <= 0:
            raise ValueError(f"bits per byte are above 0; no model reaches a bar of {self.bar}")
        return self


class Endpoint(Section):
    """A hosted model behind an OpenAI-compatible URL."""

    endpoint: str
    model: str
    country: Country | None = None


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
    country: Country | None = None
    """Where it stands; `this` needs none."""


Weight = Annotated[float, Field(ge=0)]


class Weights(Section):
    """How much more often a source, language or region is read than it otherwise would be: 2 twice, 0 never."""

    sources: dict[str, Weight] = Field(default_factory=dict)
    languages: dict[str, Weight] = Field(default_factory=dict)
    regions: dict[str, Weight] = Field(default_factory=dict)


class Cleaning(Section):
    """How the texts of all sources are cleaned before they are learned from."""

    workers: int | None = Field(default=None, ge=1)
    """Processes that clean at the same time; None: one for each core. What comes out is the same."""
    markup: Literal["remove", "keep"] = "remove"
    """HTML tags of texts that are certainly whole HTML (a page, or one block element); `keep` for a corpus of code."""
    unify_letters: bool = True
    """Letters that Unicode lets one write in two ways are written in one (Malayalam chillus, nukta order)."""
    count_mixed: bool = True
    """Words of another language than their text's are counted for the survey."""
    privacy: Privacy = "placeholders"
    """What becomes of personal identifiers, where a source does not say it."""
    privacy_kinds: tuple[str, ...] | None = None
    """The kinds that are replaced (those of `corpus.privacy.RECOGNISERS`); all unless some are named."""
    privacy_key_variable: str | None = None
    """The environment variable with the key: the same identifier then gets the same replacement in all texts."""
    near_duplicates: float | None = Field(default=0.8, ge=0.5, le=1)
    """Jaccard index of two texts' runs of words from which the later one is a near copy; None: exact copies only."""
    repeated_lines: int | None = Field(default=None, ge=2)
    """A line that more than so many texts of a source have is taken out as boilerplate; None: all lines stay."""
    quality: bool = True
    """Whether rubbish is dropped, by rules of the field that give way to what is usual in the person's own text."""
    bad_words: dict[str, str] = Field(default_factory=dict)
    """By language a file of words and phrases, one a line: a text with one of them is dropped. None comes with Dono."""


class Mixture(Section):
    """How much of each source and language a corpus stage reads. As it is, everything is read equally often."""

    temperature: float = Field(default=1.0, ge=1)
    """Above 1 small groups are read more often: each by the 1/temperature-th power of its size."""
    over: Literal["language", "source", "region"] = "language"
    """What the groups are."""
    weights: Weights = Weights()
    max_repeats: float = Field(default=4.0, ge=1)
    """No source, language and region is read more often; beyond 4 times reading again is worth less than new text."""
    decay: Weights | None = None
    """Weights for the last part of a corpus stage, in which the rate decays: the best text last."""

    @property
    def plain(self) -> bool:
        """Whether everything is read equally often."""
        return self.temperature == 1 and self.weights == Weights() and self.decay in (None, Weights())


class TokenizerChoice(Section):
    """How the corpus's own tokenizer is learned, and whether a base's is extended.

    `stage` is the share of the vocabulary that superwords learn within words; `temperature` above 1 gives small
    languages a larger part of the text it is learned from. `extended: auto` pilots a base with a longer vocabulary
    where its tokenizer needs more than half as many tokens again as the corpus's own, in some language; `added` tokens
    are learned for it (as many as scratch.vocabulary where nothing is said).
    """

    kind: TokenizerKind = "words"
    stage: float = Field(default=0.9, gt=0, le=1)
    temperature: float = Field(default=1.0, gt=0)
    extended: Literal["auto"] | bool = "auto"
    added: int | None = Field(default=None, ge=1)


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
    routes: Literal["all"] | tuple[RouteName, ...] = "all"
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
            path = str(self.folder / path)
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
        errors = [e for e in error.errors() if e["type"] != "extra_forbidden" and not _echo(e["loc"], error)]
        found += [_as_mistake(dict(e), data, str(path)) for e in errors]
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
    fields = {field.alias or name: field for name, field in section.model_fields.items() if name != "folder"}
    for key, value in data.items():
        here = f"{at}.{key}" if at else str(key)
        if key not in fields:
            near = difflib.get_close_matches(str(key), fields, n=1, cutoff=0.5)
            remedy = f"Did you mean {near[0]!r}?" if near else f"Known keys: {', '.join(fields)}"
            yield Mistake(f"unknown key {key!r}", where=here, remedy=remedy)
            continue
        for inner, many in _sections(fields[str(key)].annotation):
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


def _echo(place: tuple[int | str, ...], error: ValidationError) -> bool:
    """Whether a list is refused only because an item of it is: pydantic counts the sound items alone."""
    return any(len(e["loc"]) > len(place) > 0 and e["loc"][: len(place)] == place for e in error.errors())


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
