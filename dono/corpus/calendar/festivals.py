"""The calendar of India: which festival, public holiday and season a day is in a state."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import holidays
import yaml
from holidays.constants import OPTIONAL, PUBLIC
from pydantic import BaseModel, ConfigDict, ValidationError

from dono.corpus.calendar.states import state_code, states
from dono.corpus.rows import Malformed
from dono.errors import Mistake
from dono.project import CalendarDay

FILE = Path(__file__).parent / "festivals.yaml"
LANGUAGES = ("en", "hi", "ta", "bn", "te", "mr", "gu", "kn", "ml", "pa", "or", "as", "ur")
"""The languages of the names; `hi-Latn` and all others have the English one."""
YEARS = range(2001, 2036)
"""For which the `holidays` package knows the moving days; before and after only fixed days are known."""
FIXED_YEARS = range(1900, 2201)
"""For which fixed days are said at all: a date beyond is a slip of the pen."""
OWN = "own"
"""The key of the days that a person adds."""
ESTIMATED = " (estimated)"
"""How the package marks a day that waits for the moon to be seen."""


class Feast(BaseModel):
    """One festival, as `festivals.yaml` has it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: dict[str, str]
    holiday: str | None = None
    of: str | None = None
    fixed: str | None = None
    after: str | None = None
    dates: dict[int, str] = {}
    corrected: dict[int, str] = {}
    days: tuple[int, int] = (0, 0)
    states: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class FeastDay:
    """A festival in a year: its day, the first and last day of the feast, and whether the day is only an estimate."""

    key: str
    names: Mapping[str, str]
    day: dt.date
    first: dt.date
    last: dt.date
    states: frozenset[str] | None
    estimated: bool = False

    def name(self, language: str) -> str:
        """Its name in a language, English where that is not known."""
        return self.names.get(language, self.names["en"])


@cache
def feasts() -> dict[str, Feast]:
    """All festivals of `festivals.yaml` by key."""
    read = yaml.safe_load(FILE.read_text(encoding="utf8"))
    return {key: Feast.model_validate(values) for key, values in read.items()}


def feast_name(key: str) -> str | None:
    """The English name of one of our festivals, None for a key that is none."""
    feast = feasts().get(key)
    return None if feast is None else feast.names["en"]


@lru_cache(maxsize=4096)
def _listed(state: str | None, year: int, *, optional: bool) -> dict[dt.date, tuple[str, ...]]:
    """The holidays of the `holidays` package in a state (None: of the whole country)."""
    if year not in YEARS:
        return {}
    kinds = (PUBLIC, OPTIONAL) if optional else (PUBLIC,)
    found = holidays.country_holidays("IN", subdiv=state, years=year, categories=kinds, language="en_IN")
    return {day: tuple(found.get_list(day)) for day in found}


@cache
def _feast_of_holiday() -> dict[str, Feast]:
    return {feast.holiday: feast for feast in feasts().values() if feast.holiday is not None}


@lru_cache(maxsize=64)
def feast_days(year: int) -> tuple[FeastDay, ...]:
    """The festivals of a year, those of fewer states first. Two in one year (an Islamic one may be) are two."""
    if year not in FIXED_YEARS:
        return ()
    days = {key: _days(feast, year) for key, feast in feasts().items() if feast.after is None}
    days |= {key: days[feast.after] for key, feast in feasts().items() if feast.after is not None}
    made = [
        FeastDay(key, feast.names, day, day + dt.timedelta(feast.days[0]), day + dt.timedelta(feast.days[1]),
                 feast.states, estimated)
        for key, feast in feasts().items() for day, estimated in days[key]
    ]  # fmt: skip
    return tuple(sorted(made, key=lambda f: len(f.states or states())))


def _days(feast: Feast, year: int) -> list[tuple[dt.date, bool]]:
    stated = feast.corrected.get(year) or feast.dates.get(year) or feast.fixed
    if stated is not None:
        return [(dt.date.fromisoformat(f"{year}-{stated}"), False)]
    found = []
    for day, names in _listed(feast.of, year, optional=True).items():
        for name in names:
            if name.removesuffix(ESTIMATED) == feast.holiday:
                found.append((day, name.endswith(ESTIMATED)))
    return found


SEASONS: dict[str, dict[str, str]] = {
    "winter": {"en": "winter", "hi": "सर्दी", "ta": "குளிர்காலம்", "bn": "শীতকাল", "te": "శీతాకాలం", "mr": "हिवाळा",
               "gu": "શિયાળો", "kn": "ಚಳಿಗಾಲ", "ml": "ശൈത്യകാലം", "pa": "ਸਰਦੀ", "or": "ଶୀତ ଋତୁ", "as": "শীতকাল",
               "ur": "سردی"},
    "summer": {"en": "summer", "hi": "गर्मी", "ta": "கோடைகாலம்", "bn": "গ্রীষ্মকাল", "te": "వేసవి కాలం", "mr": "उन्हाळा",
               "gu": "ઉનાળો", "kn": "ಬೇಸಿಗೆ", "ml": "വേനൽക്കാലം", "pa": "ਗਰਮੀ", "or": "ଗ୍ରୀଷ୍ମ ଋତୁ", "as": "গ্ৰীষ্মকাল",
               "ur": "گرمی"},
    "monsoon": {"en": "monsoon", "hi": "बरसात", "ta": "மழைக்காலம்", "bn": "বর্ষাকাল", "te": "వర్షాకాలం", "mr": "पावसाळा",
                "gu": "ચોમાસું", "kn": "ಮಳೆಗಾಲ", "ml": "മഴക്കാലം", "pa": "ਬਰਸਾਤ", "or": "ବର୍ଷା ଋତୁ", "as": "বাৰিষা",
                "ur": "برسات"},
    "autumn": {"en": "autumn", "hi": "शरद", "ta": "இலையுதிர்காலம்", "bn": "শরৎকাল", "te": "శరదృతువు", "mr": "शरद ऋतू",
               "gu": "શરદ", "kn": "ಶರತ್ಕಾಲ", "ml": "ശരത്കാലം", "pa": "ਪਤਝੜ", "or": "ଶରତ ଋତୁ", "as": "শৰৎকাল",
               "ur": "خزاں"},
}  # fmt: skip
SEASON_OF_MONTH = ("winter", "winter", "summer", "summer", "summer", "monsoon", "monsoon", "monsoon", "monsoon",
                   "autumn", "autumn", "winter")  # fmt: skip
"""India Meteorological Department: January and February winter, March to May pre-monsoon, June to September the
south-west monsoon, October to December post-monsoon. December is winter here, as people say."""
NORTH_EAST_MONSOON = frozenset({"TN", "PY"})
"""Where the rain falls from October to December, and little of it from June to September."""


@dataclass(frozen=True)
class Calendar:
    """The calendar of India with a person's own days, which come before ours.

    A state is named as in `state_code`; None or "" is the country as a whole. An unknown one raises `Malformed`.
    """

    own: tuple[CalendarDay, ...] = ()

    def feast(self, day: dt.date, state: object = None, before: int = 0) -> FeastDay | None:
        """The festival of a day in a state, or else the next one at most `before` days ahead.

        Of several, that whose own day is nearest, then that of fewer states. Without a state only those kept
        everywhere count.
        """
        return _nearest(self, day, _code(state), before)

    def holiday(self, day: dt.date, state: object = None, language: str = "en") -> str:
        """The public holiday of a day in a state by the `holidays` package, or ""."""
        code = _code(state)
        for feast in self._own_days(day.year):
            if feast.day == day and (feast.states is None or code in feast.states):
                return feast.name(language)
        names = _listed(code, day.year, optional=False).get(day, ())
        if not names:
            return ""
        name = names[-1].removesuffix(ESTIMATED)
        feast_of_it = _feast_of_holiday().get(name)
        return feast_of_it.names.get(language, feast_of_it.names["en"]) if feast_of_it else name

    def feast_days(self, year: int) -> list[FeastDay]:
        """The festivals of a year: own ones, then ours, those of fewer states first."""
        return [*self._own_days(year), *feast_days(year)]

    def _own_days(self, year: int) -> list[FeastDay]:
        return [
            FeastDay(OWN, {"en": own.name}, own.date, own.date, own.date, _states_of(own.state))
            for own in self.own
            if own.date.year == year
        ]

    @staticmethod
    def season(day: dt.date, state: object = None, language: str = "en") -> str:
        """The season of a day in a state."""
        key = SEASON_OF_MONTH[day.month - 1]
        if _code(state) in NORTH_EAST_MONSOON:
            key = "monsoon" if day.month >= 10 else "summer" if key == "monsoon" else key
        return SEASONS[key].get(language, SEASONS[key]["en"])


@lru_cache(maxsize=1 << 14)
def _nearest(calendar: Calendar, day: dt.date, state: str | None, before: int) -> FeastDay | None:
    # A feast of early January may begin, or be waited for, in December.
    found = [
        f
        for year in (day.year, day.year + 1)
        for f in calendar.feast_days(year)
        if (f.states is None or state in f.states) and f.first - dt.timedelta(before) <= day <= f.last
    ]
    return min(found, key=lambda f: (max(0, (f.first - day).days), abs((f.day - day).days)), default=None)


def _code(state: object) -> str | None:
    if state is None or state == "":
        return None
    code = state_code(state)
    if code is None:
        raise Malformed("an unknown state")
    return code


def _states_of(state: str | None) -> frozenset[str] | None:
    return None if not state else frozenset({_code(state) or ""})


def read_calendar(path: Path) -> tuple[CalendarDay, ...]:
    """A person's days from a CSV file with columns date (YYYY-MM-DD), state (may be empty) and name.

    Raises `Mistake` with the line of the first wrong row.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Mistake(f"the calendar cannot be read ({error})", where=str(path), remedy="Save it as CSV") from error
    return tuple(_own_day(row, f"{path}: line {number}") for number, row in enumerate(rows, 2))


def _own_day(row: Mapping[str, str], where: str) -> CalendarDay:
    try:
        found = CalendarDay.model_validate(
            {"date": row.get("date"), "name": row.get("name"), "state": row.get("state")}
        )
    except ValidationError as error:
        what = f"{error.errors()[0]['loc'][0]}: {error.errors()[0]['msg']}"
        raise Mistake(what, where=where, remedy="Write date (YYYY-MM-DD), state, name") from error
    check_states((found,), where)
    return found


def check_states(days: Sequence[CalendarDay], where: str) -> None:
    """Raises `Mistake` for a day of a state that is not known."""
    for day in days:
        if day.state and state_code(day.state) is None:
            raise Mistake(f"unknown state {day.state!r}", where=where, remedy="Use a name or a code such as TN")
