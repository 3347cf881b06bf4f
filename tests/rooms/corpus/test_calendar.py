from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path

import pytest
import regex

from dono.corpus.calendar import LANGUAGES, SEASONS, Calendar, FeastDay, feast_days, read_calendar, state_code, states
from dono.corpus.calendar.festivals import feasts
from dono.corpus.calendar.states import state_name
from dono.corpus.rows import Malformed
from dono.errors import Mistake
from dono.project import CalendarDay
from tests.rooms.corpus.moon import lunar_day, lunar_month

YEARS = range(2020, 2031)
CALENDAR = Calendar()

PUBLISHED = {
    # Holidays of the offices of the Government of India, as remembered of the yearly circulars of the Department of
    # Personnel and Training (none was opened here). Those of the moon's sight are as they were kept (2020 to 2025);
    # 2026 as announced.
    "maha_shivaratri": "2020-02-21 2021-03-11 2022-03-01 2023-02-18 2024-03-08 2025-02-26 2026-02-15",
    "holi": "2020-03-10 2021-03-29 2022-03-18 2023-03-08 2024-03-25 2025-03-14 2026-03-04",
    "ram_navami": "2020-04-02 2021-04-21 2022-04-10 2023-03-30 2024-04-17 2025-04-06 2026-03-26",
    "mahavir_jayanti": "2020-04-06 2021-04-25 2022-04-14 2023-04-04 2024-04-21 2025-04-10 2026-03-31",
    "good_friday": "2020-04-10 2021-04-02 2022-04-15 2023-04-07 2024-03-29 2025-04-18 2026-04-03",
    "buddha_purnima": "2020-05-07 2021-05-26 2022-05-16 2023-05-05 2024-05-23 2025-05-12 2026-05-01",
    "eid_al_fitr": "2020-05-25 2021-05-14 2022-05-03 2023-04-22 2024-04-11 2025-03-31 2026-03-21",
    "eid_al_adha": "2020-08-01 2021-07-21 2022-07-10 2023-06-29 2024-06-17 2025-06-07",
    "muharram": "2020-08-30 2021-08-20 2022-08-09 2023-07-29 2024-07-17 2025-07-06",
    "dussehra": "2020-10-25 2021-10-15 2022-10-05 2023-10-24 2024-10-12 2025-10-02 2026-10-20",
    "diwali": "2020-11-14 2021-11-04 2022-10-24 2023-11-12 2024-10-31 2025-10-20 2026-11-08",
    "guru_nanak_jayanti": "2020-11-30 2021-11-19 2022-11-08 2023-11-27 2024-11-15 2025-11-05 2026-11-24",
    "janmashtami": "2020-08-12 2021-08-30 2022-08-19 2023-09-07 2024-08-26 2025-08-16 2026-09-04",
    # Restricted holidays of the same circulars.
    "raksha_bandhan": "2020-08-03 2021-08-22 2022-08-11 2023-08-30 2024-08-19 2025-08-09 2026-08-28",
    "ganesh_chaturthi": "2020-08-22 2021-09-10 2022-08-31 2023-09-19 2024-09-07 2025-08-27 2026-09-14",
    "rath_yatra": "2020-06-23 2021-07-12 2022-07-01 2023-06-20 2024-07-07 2025-06-27 2026-07-16",
    # Lists of the states: Kerala (Thiruvonam, Vishu), Tamil Nadu, Andhra Pradesh and Karnataka, Maharashtra, West
    # Bengal, and the evening offering of Chhath in Bihar.
    "onam": "2020-08-31 2021-08-21 2022-09-08 2023-08-29 2024-09-15 2025-09-05 2026-08-26",
    "vishu": "2020-04-14 2021-04-14 2022-04-15 2023-04-15 2024-04-14 2025-04-14 2026-04-15",
    "pongal": "2020-01-15 2021-01-14 2022-01-14 2023-01-15 2024-01-15 2025-01-14 2026-01-15",
    "ugadi": "2020-03-25 2021-04-13 2022-04-02 2023-03-22 2024-04-09 2025-03-30 2026-03-19",
    "gudi_padwa": "2020-03-25 2021-04-13 2022-04-02 2023-03-22 2024-04-09 2025-03-30 2026-03-19",
    "poila_boishakh": "2020-04-14 2021-04-15 2022-04-15 2023-04-15 2024-04-14 2025-04-15 2026-04-15",
    "chhath": "2020-11-20 2021-11-10 2022-10-30 2023-11-19 2024-11-07 2025-10-27 2026-11-15",
}
LUNAR = {
    # month from Chaitra, lunar day, hour of Indian time at which it must be that day: the rules of the almanacs
    "navratri": (6, 1, 12), "dussehra": (6, 10, 14), "diwali": (6, 30, 19), "ganesh_chaturthi": (5, 4, 12),
    "janmashtami": (4, 23, 12), "raksha_bandhan": (4, 15, 10), "ram_navami": (0, 9, 12), "ugadi": (0, 1, 12),
    "gudi_padwa": (0, 1, 12), "mahavir_jayanti": (0, 13, 8), "buddha_purnima": (1, 15, 8),
    "akshaya_tritiya": (1, 3, 10), "rath_yatra": (3, 2, 8), "chhath": (7, 6, 7), "guru_nanak_jayanti": (7, 15, 8),
    "holi": (11, 15, -8), "maha_shivaratri": (10, 29, 24), "saraswati_puja": (10, 5, 10),
}  # fmt: skip
ISLAMIC = {"eid_al_fitr": 1, "eid_al_adha": 10, "muharram": 10, "milad": 12}


def day_of(key: str, year: int) -> dt.date:
    (found,) = (f.day for f in feast_days(year) if f.key == key)
    return found


@pytest.mark.parametrize(("key", "published"), PUBLISHED.items())
def test_moving_feasts_are_on_their_published_days(key: str, published: str) -> None:
    for day in map(dt.date.fromisoformat, published.split()):
        assert day in [f.day for f in feast_days(day.year) if f.key == key]


@pytest.mark.parametrize("key", LUNAR)
def test_the_moon_and_the_sun_agree_with_every_hindu_feast_of_2020_to_2030(key: str) -> None:
    month, lunar, hour = LUNAR[key]
    for year in YEARS:
        day = day_of(key, year)
        # From the middle of the lunar day: half of it, and some room, for almanacs break ties by the parts of the day.
        off = (lunar_day(day, hour) - (lunar - 0.5) + 15) % 30 - 15
        assert abs(off) <= 0.65, f"{day}: {off:+.2f} lunar days"
        # Where the sun changes its sign near a new moon, the tables of the signs differ by hours.
        assert -0.08 <= (lunar_month(day, hour) - month + 6) % 12 - 6 <= 1.08, f"{day}: {lunar_month(day, hour):.2f}"


@pytest.mark.parametrize("key", ISLAMIC)
def test_islamic_feasts_follow_the_new_moon_and_estimates_say_that_they_are(key: str) -> None:
    for year in YEARS:
        for feast in (f for f in feast_days(year) if f.key == key):
            # The month begins with the evening on which the crescent is seen, up to three days after the new moon.
            assert 0 < lunar_day(feast.day, 18) - ISLAMIC[key] < 3, feast.day
            assert feast.estimated == (year > 2025)


def test_every_year_has_every_feast_and_those_without_a_moving_day_are_known_in_any_year() -> None:
    for year in YEARS:
        counted = Counter(f.key for f in feast_days(year))
        assert counted.keys() == feasts().keys() and {key for key, n in counted.items() if n > 1} <= ISLAMIC.keys()
    assert {f.key for f in feast_days(1950)} == {key for key, f in feasts().items() if f.fixed is not None}


@pytest.mark.parametrize(
    ("day", "state", "name"),
    [
        ("2025-10-20", "Tamil Nadu", "Diwali"), ("2025-10-20", None, "Diwali"), ("2025-10-20", "IN-WB", "Kali Puja"),
        ("2025-10-19", "up", "Diwali"), ("2025-01-14", "TN", "Pongal"), ("2025-01-14", "Gujarat", "Uttarayan"),
        ("2025-01-14", "Bihar", "Makar Sankranti"), ("2025-01-14", "Assam", "Magh Bihu"), ("2025-01-13", "PB", "Lohri"),
        ("2025-09-30", "West Bengal", "Durga Puja"), ("2025-09-30", "Gujarat", "Navratri"),
        ("2025-09-30", "Telangana", "Navratri"), ("2025-09-25", "TG", "Bathukamma"), ("2025-09-05", "Kerala", "Onam"),
        ("2025-03-30", "KA", "Ugadi"), ("2025-03-30", "Mumbai", "Gudi Padwa"), ("2025-03-30", "Kerala", ""),
        ("2025-10-27", "Bihar", "Chhath Puja"), ("2025-10-27", "Kerala", ""), ("2025-06-27", "Orissa", "Rath Yatra"),
        ("2025-07-15", "MH", ""), ("2025-08-30", "MH", "Ganesh Chaturthi"), ("2024-12-31", "GA", ""),
    ],
)  # fmt: skip
def test_a_day_is_the_feast_that_is_kept_there(day: str, state: str | None, name: str) -> None:
    feast = CALENDAR.feast(dt.date.fromisoformat(day), state)
    assert ("" if feast is None else feast.name("en")) == name


def test_days_before_a_feast_count_when_asked_and_the_year_may_turn_between() -> None:
    def name(day: dt.date, before: int) -> str:
        feast = CALENDAR.feast(day, "UP", before)
        return feast.name("hi") if feast else ""

    assert name(dt.date(2025, 10, 10), 0) == "" and name(dt.date(2025, 10, 10), 10) == "दिवाली"
    assert name(dt.date(2025, 12, 30), 3) == "नया साल"


@pytest.mark.parametrize(
    ("day", "state", "language", "name"),
    [
        ("2025-01-26", None, "ta", "குடியரசு தினம்"), ("2025-11-01", "KA", "en", "Karnataka Rajyotsava"),
        ("2025-11-01", "TN", "en", ""), ("2025-10-20", "MH", "mr", "दिवाळी"), ("2025-03-14", "UP", "en", ""),
        ("2026-03-21", None, "en", "Eid al-Fitr"),
    ],
)  # fmt: skip
def test_public_holidays_are_those_of_the_state(day: str, state: str | None, language: str, name: str) -> None:
    # Holi is an optional holiday in the package's list of the whole country: a feast, no public holiday.
    assert CALENDAR.holiday(dt.date.fromisoformat(day), state, language) == name


def test_a_feast_has_a_name_in_every_language_in_its_script() -> None:
    script = {"hi": "Devanagari", "mr": "Devanagari", "bn": "Bengali", "as": "Bengali", "ta": "Tamil", "te": "Telugu",
              "gu": "Gujarati", "kn": "Kannada", "ml": "Malayalam", "pa": "Gurmukhi", "or": "Oriya", "ur": "Arabic",
              "en": "Latin"}  # fmt: skip
    named = {key: feast.names for key, feast in feasts().items()} | SEASONS
    assert len(feasts()) >= 25
    for key, names in named.items():
        assert set(names) == set(LANGUAGES), key
        for language, name in names.items():
            assert regex.fullmatch(rf"[\p{{{script[language]}}}\p{{M}}\u200c\s’()-]+", name), (key, language, name)
    assert not any("ৰ" in names["bn"] or "র" in names["as"] for names in named.values())


def test_the_north_east_monsoon_is_the_rainy_season_of_tamil_nadu() -> None:
    assert CALENDAR.season(dt.date(2025, 11, 5), "TN") == "monsoon" != CALENDAR.season(dt.date(2025, 11, 5), "MH")
    assert CALENDAR.season(dt.date(2025, 7, 5), "MH", "mr") == "पावसाळा"
    assert CALENDAR.season(dt.date(2025, 12, 25), None, "bn") == "শীতকাল"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("OR", "OD"), ("Orissa", "OD"), ("IN-OR", "OD"), ("TG", "TS"), ("IN-TG", "TS"), ("UT", "UK"),
        ("uttaranchal", "UK"),
        ("CT", "CG"), ("tamil_nadu", "TN"), ("TAMILNADU", "TN"), ("தமிழ்நாடு", "TN"), ("in-tn", "TN"), ("J & K", "JK"),
        ("J&K", "JK"), ("Pondicherry", "PY"), ("Nāgāland", "NL"), ("दिल्ली", "DL"), ("New Delhi", "DL"), ("U.P.", "UP"),
        ("DN", "DH"), ("Atlantis", None), ("", None), (None, None), (7, None),
    ],
)  # fmt: skip
def test_a_state_is_known_by_any_of_its_names(name: object, code: str | None) -> None:
    assert state_code(name) == code


def test_every_state_is_named_by_itself_and_no_name_stands_for_two() -> None:
    assert len(states()) == 36
    for code, names in states().items():
        assert {state_code(name) for name in (code, f"IN-{code}", *names.values())} == {code}
    assert state_name("OR", "ta") == "ஒடிசா" and state_name("OR", "xx") == "Odisha"
    with pytest.raises(Malformed, match="unknown state"):
        state_name("Atlantis")
    with pytest.raises(Malformed, match="unknown state"):
        CALENDAR.feast(dt.date(2025, 1, 1), "Atlantis")


def test_own_days_come_before_ours(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text(
        "date,state,name\n2025-10-20,TN,Shop day\n2025-07-15,,हमारा दिन\n", encoding="utf8"
    )
    calendar = Calendar(read_calendar(tmp_path / "own.csv"))

    def name(day: dt.date, state: str | None) -> str:
        feast: FeastDay | None = calendar.feast(day, state)
        return feast.name("hi") if feast else ""

    assert name(dt.date(2025, 10, 20), "Tamil Nadu") == "Shop day" and name(dt.date(2025, 10, 20), "KA") == "दिवाली"
    assert name(dt.date(2025, 7, 15), None) == calendar.holiday(dt.date(2025, 7, 15), "GA") == "हमारा दिन"


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("tomorrow,TN,x", "line 2.*date"),
        ("2025-01-01,Atlantis,x", "line 2.*Atlantis"),
        ("2025-01-01,TN,", "line 2.*name"),
    ],
)
def test_a_wrong_own_day_is_named_by_its_line(row: str, what: str, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text(f"date,state,name\n{row}\n", encoding="utf8")
    with pytest.raises(Mistake, match=what):
        read_calendar(tmp_path / "own.csv")


def test_an_own_day_may_be_written_inline() -> None:
    assert CalendarDay.model_validate({"date": "2025-07-15", "name": "x"}).date == dt.date(2025, 7, 15)
