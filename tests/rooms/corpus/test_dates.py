from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dono.corpus.amounts import ZEROS, in_own_digits
from dono.corpus.dates import AmbiguousDate, ascii_digits, locale_of, read_date, written_date, written_time
from dono.corpus.rows import Malformed

MOMENT = dt.datetime(2025, 3, 14, 15, 5, 9)
DAYS = st.dates(dt.date(1970, 1, 1), dt.date(2069, 12, 31))
MOMENTS = st.datetimes(dt.datetime(1974, 1, 1), dt.datetime(2200, 1, 1)).map(lambda m: m.replace(microsecond=0))


@pytest.mark.parametrize(
    "written",
    [
        "2025-03-14T15:05:09", "2025-03-14 15:05:09", "2025-03-14T15:05:09.000", "2025-03-14T09:35:09Z",
        "2025-03-14T15:05:09+05:30", "14/03/2025 15:05:09", "14-03-2025, 15:05:09", "14.03.25 15:05:09",
        "14/3/2025 3:05:09 PM", "14 Mar 2025 15:05:09", "14th March 2025, 3:05:09 p.m.", "March 14, 2025 15:05:09",
        "14-Mar-2025 15:05:09", "१४/०३/२०२५ १५:०५:०९", "1741944909", 1741944909, 1741944909000, "1741944909000",
        1741944909000000, 1741944909.0, MOMENT, dt.datetime(2025, 3, 14, 9, 35, 9, tzinfo=dt.UTC),
    ],
)  # fmt: skip
def test_one_moment_is_read_from_any_form(written: object) -> None:
    assert read_date(written) == MOMENT


@pytest.mark.parametrize("written", ["20250314", 20250314, "2025-03-14", "2025/3/14", "14/03/2025", "14 Sept 2025"])
def test_a_day_is_at_midnight(written: object) -> None:
    assert read_date(written).time() == dt.time() and read_date(written).day == 14


@pytest.mark.parametrize(
    "written",
    ["yesterday", "31/02/2025", "14/03", "99999999", "14 Foo 2025", "25:00", "14/03/2025 25:00", "14/03/2025 13:00 PM",
     True, 3, 17, 45730, "45730", float("nan"), float("inf"), "{{ 7 * 7 }}", "12/2025/03",
     "1" * 400, b"2025-03-14", []],
)  # fmt: skip
def test_what_is_no_date_is_said_and_not_guessed(written: object) -> None:
    with pytest.raises(Malformed, match="not a date"):
        read_date(written)


@pytest.mark.parametrize("written", [None, ""])
def test_an_empty_cell_is_no_date(written: object) -> None:
    with pytest.raises(Malformed, match="no date"):
        read_date(written)


def test_day_or_month_first_is_as_stated_and_a_date_against_it_is_refused() -> None:
    assert read_date("03/04/2025") == dt.datetime(2025, 4, 3)
    assert read_date("03/04/2025", "month") == dt.datetime(2025, 3, 4)
    with pytest.raises(AmbiguousDate):
        read_date("03/04/2025", "refuse")
    assert read_date("25/04/2025", "refuse") == read_date("04/25/2025", "refuse") == dt.datetime(2025, 4, 25)
    assert read_date("04/04/2025", "refuse") == dt.datetime(2025, 4, 4)
    with pytest.raises(Malformed, match="not day first"):
        read_date("04/25/2025")
    with pytest.raises(Malformed, match="not month first"):
        read_date("25/04/2025", "month")


@given(DAYS)
def test_every_day_comes_back_from_every_way_of_writing_it(day: dt.date) -> None:
    expected = dt.datetime(day.year, day.month, day.day)
    for pattern in ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%y", "%d.%m.%Y", "%Y%m%d", "%d %B %Y", "%b %d, %Y"):
        assert read_date(day.strftime(pattern)) == expected
    assert read_date(day.strftime("%m/%d/%Y"), "month") == expected
    for language in ZEROS:
        assert read_date(in_own_digits(day.strftime("%d/%m/%Y"), language)) == expected


@given(MOMENTS)
def test_every_moment_comes_back_from_seconds_and_milliseconds_in_the_clock_of_the_zone(moment: dt.datetime) -> None:
    seconds = int(moment.replace(tzinfo=dt.UTC).timestamp())
    for written in (seconds, str(seconds), seconds * 1000):
        assert read_date(written, zone="UTC") == moment
    assert read_date(moment.isoformat()) == moment


@given(st.one_of(st.text(max_size=30), st.integers(), st.floats(), st.binary(max_size=9)))
def test_whatever_a_cell_holds_it_is_a_date_or_a_reason(value: object) -> None:
    try:
        assert isinstance(read_date(value), dt.datetime)
    except Malformed as reason:
        assert str(value) not in str(reason) or len(str(value)) < 4


@pytest.mark.parametrize(
    ("language", "date", "weekday"),
    [
        ("en", "14 March 2025", "Friday"), ("hi-Latn", "14 March 2025", "Friday"), ("hi", "14 मार्च 2025", "शुक्रवार"),
        ("mr", "14 मार्च 2025", "शुक्रवार"), ("bn", "14 মার্চ 2025", "শুক্রবার"), ("ta", "14 மார்ச் 2025", "வெள்ளி"),
        ("te", "14 మార్చి 2025", "శుక్రవారం"), ("gu", "14 માર્ચ 2025", "શુક્રવાર"), ("kn", "14 ಮಾರ್ಚ್ 2025", "ಶುಕ್ರವಾರ"),
        ("ml", "14 മാർച്ച് 2025", "വെള്ളിയാഴ്‌ച"), ("pa", "14 ਮਾਰਚ 2025", "ਸ਼ੁੱਕਰਵਾਰ"), ("or", "14 ମାର୍ଚ୍ଚ 2025", "ଶୁକ୍ରବାର"),
        ("as", "14 মাৰ্চ 2025", "শুক্ৰবাৰ"), ("ur", "14 مارچ 2025", "جمعہ"),
    ],
)  # fmt: skip
def test_dates_and_days_are_named_as_each_language_does(language: str, date: str, weekday: str) -> None:
    assert written_date(MOMENT, "long", language) == date
    assert written_date(MOMENT, "weekday", language) == weekday


def test_hours_are_written_as_people_say_them() -> None:
    assert written_time(MOMENT, "en") == written_time(MOMENT, "hi-Latn") == "3:05 pm"
    assert written_time(MOMENT.replace(hour=0), "mr") == "रात्री 12:05"
    assert written_time(MOMENT, "hi") == "दोपहर 3:05"
    assert written_time(MOMENT, "ta") == "பிற்பகல் 3:05"
    assert written_time(MOMENT.replace(hour=7), "bn") == "সকাল 7:05"


def test_a_language_that_nobody_knows_is_written_as_english() -> None:
    assert written_date(MOMENT, "long", "tlh") == "14 March 2025" and locale_of("x" * 50).language == "en"


def test_digits_of_all_scripts_are_read() -> None:
    assert {ascii_digits(in_own_digits("0123456789", language)) for language in ZEROS} == {"0123456789"}
