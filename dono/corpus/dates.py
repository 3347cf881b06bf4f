"""Dates of tables: read in whatever form they are written, written in the local forms of a language."""

from __future__ import annotations

import datetime as dt
import unicodedata
from functools import lru_cache
from zoneinfo import ZoneInfo

import regex
from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time

from dono.corpus.rows import Malformed
from dono.project import DateOrder

SECONDS = (10**8, 10**10)
"""Numbers taken for seconds since 1970: March 1973 to November 2286; a thousand and a million times it, for
milliseconds and microseconds."""
PIVOT = 70
"""Two-digit years from here on are of the last century, as POSIX has it."""
CLOCK = (
    r"(?:[T ,]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?\s*(?P<half>[AaPp]\.?[Mm]\.?)?)?"
)
YEAR_FIRST = regex.compile(rf"(?P<year>\d{{4}})([-/.])(?P<month>\d{{1,2}})\2(?P<day>\d{{1,2}}){CLOCK}")
YEAR_LAST = regex.compile(rf"(?P<first>\d{{1,2}})([-/.])(?P<second_part>\d{{1,2}})\2(?P<year>\d{{4}}|\d{{2}}){CLOCK}")
NAMED = regex.compile(
    rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[ -](?P<month>[A-Za-z]{{3,9}})[ ,.-]+(?P<year>\d{{4}}){CLOCK}"
)
NAMED_FIRST = regex.compile(
    rf"(?P<month>[A-Za-z]{{3,9}}) (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<year>\d{{4}}){CLOCK}"
)
MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
          "november", "december")  # fmt: skip
SPELLED = {spelling: number for number, name in enumerate(MONTHS, 1) for spelling in (name, name[:3])} | {"sept": 9}
LONGEST_WRITTEN = 64
"""Characters: no date and no number of a table is longer (assumed)."""
NO_DATE = "not a date"

STYLES = {
    "long": "d MMMM y",
    "medium": "d MMM y",
    "full": "EEEE, d MMMM y",
    "short": "dd/MM/y",
    "iso": "y-MM-dd",
    "day_month": "d MMMM",
    "month_year": "MMMM y",
    "month": "MMMM",
    "weekday": "EEEE",
    "year": "y",
}
"""Patterns (Unicode Technical Standard 35) of the styles. Day before month in every language of India."""
LOCALES = {"hi-Latn": "en_IN"}
"""Hinglish takes the English names: people write `14 March ko`, and CLDR's `hi_Latn` has the same."""


SAYS_PART = frozenset({"hi", "gu", "kn", "ml", "pa", "ur"})
"""Languages whose parts of the day CLDR has as people say them; of the others these are ours."""
PARTS_OF_DAY = {
    "ta": ((0, "இரவு"), (4, "அதிகாலை"), (6, "காலை"), (12, "மதியம்"), (14, "பிற்பகல்"), (16, "மாலை"), (19, "இரவு")),
    "te": ((0, "రాత్రి"), (4, "తెల్లవారుజామున"), (6, "ఉదయం"), (12, "మధ్యాహ్నం"), (16, "సాయంత్రం"), (20, "రాత్రి")),
    "mr": ((0, "रात्री"), (4, "पहाटे"), (6, "सकाळी"), (12, "दुपारी"), (16, "संध्याकाळी"), (20, "रात्री")),
    "bn": ((0, "রাত"), (4, "ভোর"), (6, "সকাল"), (12, "দুপুর"), (16, "বিকাল"), (18, "সন্ধ্যা"), (20, "রাত")),
    "as": ((0, "নিশা"), (4, "পুৱা"), (12, "দুপৰীয়া"), (15, "আবেলি"), (18, "সন্ধিয়া"), (20, "নিশা")),
    "or": ((0, "ରାତି"), (4, "ଭୋର"), (6, "ସକାଳ"), (12, "ଦ୍ୱିପ୍ରହର"), (16, "ସନ୍ଧ୍ୟା"), (20, "ରାତି")),
}
"""From which hour on."""


class AmbiguousDate(Malformed):
    """A date that may be day or month first."""


def read_date(value: object, order: DateOrder = "day", zone: str = "Asia/Kolkata") -> dt.datetime:
    """A date or a time as a `datetime` without zone, in the clock of `zone`.

    Known are datetime objects, ISO 8601, seconds, milli- and microseconds since 1970, `yyyymmdd`, `14/03/2025`,
    `14-03-25`, `14 Mar 2025`, `March 14, 2025`, each with or without a time; digits of any script. In a date like
    `03/04/2025` the `order` says what comes first; `refuse` raises where both readings are dates and differ.
    A date without a time is at midnight. Raises `Malformed`.
    """
    if value is None or value == "":
        raise Malformed("no date")
    try:
        return _read(value, order, zone)
    except Malformed:
        raise
    except (ValueError, OverflowError) as error:
        raise Malformed(NO_DATE) from error


def _read(value: object, order: DateOrder, zone: str) -> dt.datetime:
    if isinstance(value, dt.datetime):
        return _local(value, zone)
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _since_1970(value, zone)
    text = ascii_digits(str(value)).strip()
    if len(text) > LONGEST_WRITTEN:
        raise Malformed(NO_DATE)
    return _written(text, order, zone)


def _local(moment: dt.datetime, zone: str) -> dt.datetime:
    return moment if moment.tzinfo is None else moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def _since_1970(number: float, zone: str) -> dt.datetime:
    for scale in (1, 1000, 1_000_000):
        if SECONDS[0] * scale <= number < SECONDS[1] * scale:
            return _local(dt.datetime.fromtimestamp(number / scale, tz=dt.UTC), zone)
    digits = str(number).removesuffix(".0")
    if len(digits) == 8 and digits.isdecimal():
        return dt.datetime.strptime(digits, "%Y%m%d")
    raise Malformed(NO_DATE)


def _written(text: str, order: DateOrder, zone: str) -> dt.datetime:
    if regex.fullmatch(r"\d{8}", text):
        return dt.datetime.strptime(text, "%Y%m%d")
    if regex.fullmatch(r"\d{9,17}(\.\d+)?", text):
        return _since_1970(float(text), zone)
    if match := YEAR_FIRST.fullmatch(text):
        return _moment(match, int(match["year"]), int(match["month"]), int(match["day"]))
    if match := YEAR_LAST.fullmatch(text):
        year = int(match["year"]) if len(match["year"]) == 4 else _century(int(match["year"]))
        month, day = _month_and_day(int(match["first"]), int(match["second_part"]), order)
        return _moment(match, year, month, day)
    if match := NAMED.fullmatch(text) or NAMED_FIRST.fullmatch(text):
        return _moment(match, int(match["year"]), SPELLED.get(match["month"].lower(), 0), int(match["day"]))
    return _local(dt.datetime.fromisoformat(text), zone)


def _century(year: int) -> int:
    return year + (1900 if year >= PIVOT else 2000)


def _month_and_day(first: int, second: int, order: DateOrder) -> tuple[int, int]:
    if order == "refuse":
        if first <= 12 and second <= 12 and first != second:
            raise AmbiguousDate("a date that may be day or month first (`dates: day` or `dates: month` says which)")
        return (first, second) if second > 12 else (second, first)
    month, day = (second, first) if order == "day" else (first, second)
    if month > 12 >= day:
        raise Malformed(f"a date that is not {order} first, as `dates: {order}` says")
    return month, day


def _moment(match: regex.Match[str], year: int, month: int, day: int) -> dt.datetime:
    hour, half = int(match["hour"] or 0), (match["half"] or "").lower().replace(".", "")
    if half:
        if not 1 <= hour <= 12:
            raise Malformed(NO_DATE)
        hour = hour % 12 + (12 if half == "pm" else 0)
    return dt.datetime(year, month, day, hour, int(match["minute"] or 0), int(match["second"] or 0))


def ascii_digits(text: str) -> str:
    """The text with the decimal digits of any script as 0 to 9."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)


@lru_cache(maxsize=256)
def locale_of(language: str) -> Locale:
    """The locale of a language as spoken in India; English where babel knows none."""
    try:
        return Locale.parse(LOCALES.get(language, f"{language.replace('-', '_')}_IN"))
    except (UnknownLocaleError, ValueError):
        try:
            return Locale.parse(language.replace("-", "_"))
        except (UnknownLocaleError, ValueError):
            return Locale.parse("en_IN")


def written_date(moment: dt.datetime, style: str, language: str) -> str:
    """A date in a style of `STYLES`, with the names of a language. Raises `LookupError` for an unknown style."""
    return format_date(moment, STYLES[style], locale=locale_of(language))


def written_time(moment: dt.datetime, language: str) -> str:
    """A time of the day on the clock of twelve, as the language writes it: `3:05 pm`, `दोपहर 3:05`."""
    if language in PARTS_OF_DAY:
        part = next(name for hour, name in reversed(PARTS_OF_DAY[language]) if hour <= moment.hour)
        return f"{part} {moment.hour % 12 or 12}:{moment.minute:02d}"
    return format_time(moment, "B h:mm" if language in SAYS_PART else "h:mm a", locale=locale_of(language))
