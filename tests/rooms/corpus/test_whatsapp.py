from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import regex
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from dono.corpus.parts import LocalFile
from dono.corpus.rows import Broken, Row
from dono.corpus.source_whatsapp import AFTERNOON, HEAD, MORNING, date_order, person, read_whatsapp
from dono.project import Source

NARROW, FIXED, LEFT, RIGHT = "\u202f", "\u00a0", "\u200e", "\u200f"


def twelve(when: datetime) -> int:
    return when.hour % 12 or 12


def half(when: datetime, morning: str, afternoon: str) -> str:
    return afternoon if when.hour >= 12 else morning


DEVANAGARI = str.maketrans("0123456789", "०१२३४५६७८९")
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
HEADS = {
    "Android, India": lambda t: f"{t:%d/%m/%y}, {twelve(t)}:{t:%M}{NARROW}{half(t, 'am', 'pm')} - ",
    "Android, United States": lambda t: f"{t.month}/{t.day}/{t:%y}, {twelve(t)}:{t:%M} {half(t, 'AM', 'PM')} - ",
    "Android, Britain": lambda t: f"{t:%d/%m/%Y}, {t:%H:%M} - ",
    "Android, Germany": lambda t: f"{t:%d.%m.%y}, {t:%H:%M} - ",
    "Android, Brazil": lambda t: f"{t:%d/%m/%Y} {t:%H:%M} - ",
    "Android, Sweden": lambda t: f"{t:%Y-%m-%d} {t:%H:%M} - ",
    "Android, Hungary": lambda t: f"{t:%Y. %m. %d.} {t:%H:%M} - ",
    "Android, Spain": lambda t: f"{t.day}/{t.month}/{t:%y}, {twelve(t)}:{t:%M}{FIXED}{half(t, 'a.', 'p.')}{FIXED}m. - ",
    "Android, Hindi": lambda t: f"{t.day}/{t.month}/{t:%y}, {twelve(t)}:{t:%M} {half(t, 'पूर्वाह्न', 'अपराह्न')} - ",
    "Android, Marathi": lambda t: (
        f"{t.day}/{t.month}/{t:%y}, {twelve(t)}:{t:%M} {half(t, 'म.पू.', 'म.उ.')} - ".translate(DEVANAGARI)
    ),
    "Android, Kannada": lambda t: f"{t.day}/{t.month}/{t:%y}, {twelve(t)}:{t:%M} {half(t, 'ಪೂರ್ವಾಹ್ನ', 'ಅಪರಾಹ್ನ')} - ",
    "Android, Telugu": lambda t: f"{t:%d-%m-%y}, {twelve(t)}:{t:%M} {half(t, 'AM', 'PM')} - ",
    "Android, Chinese": lambda t: f"{t.year}/{t.month}/{t.day} {half(t, '上午', '下午')}{twelve(t)}:{t:%M} - ",
    "Android, Arabic": lambda t: (
        f"{t.day}{RIGHT}/{t.month}{RIGHT}/{t.year}، {twelve(t)}:{t:%M} {half(t, 'ص', 'م')} - ".translate(ARABIC)
    ),
    "iOS, India": lambda t: f"[{t:%d/%m/%y}, {twelve(t)}:{t:%M:%S}{NARROW}{half(t, 'AM', 'PM')}] ",
    "iOS, United States": lambda t: f"[{t.month}/{t.day}/{t:%y}, {twelve(t)}:{t:%M:%S} {half(t, 'AM', 'PM')}] ",
    "iOS, Germany": lambda t: f"[{t:%d.%m.%y}, {t:%H:%M:%S}] ",
    "iOS, Tamil": lambda t: f"[{t.day}/{t.month}/{t:%y}, {half(t, 'முற்பகல்', 'பிற்பகல்')} {twelve(t)}:{t:%M:%S}] ",
    "iOS, Korea": lambda t: f"[{t.year}. {t.month}. {t.day}. {half(t, '오전', '오후')} {twelve(t)}:{t:%M:%S}] ",
}
"""How exports begin a message, by system and language."""
TIMES = [datetime(2024, 1, 30, 0, 5), datetime(2024, 1, 31, 9, 41), datetime(2024, 2, 1, 12, 30),
         datetime(2024, 2, 3, 23, 59), datetime(2024, 2, 13, 13, 0)]  # fmt: skip


def read(path: Path, content: str | bytes, **more: object) -> list[Row | Broken]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    source = Source.model_validate({"name": "chat", "kind": "whatsapp", "path": str(path), **more})
    return list(read_whatsapp(LocalFile(path), source))


def texts(rows: Sequence[Row | Broken]) -> list[object]:
    return [row.fields["text"] for row in rows if isinstance(row, Row)]


@pytest.mark.parametrize("place", HEADS)
def test_times_are_read_as_each_phone_writes_them(place: str, tmp_path: Path) -> None:
    content = "".join(f"{HEADS[place](t)}Asha: message {i}\n" for i, t in enumerate(TIMES))
    rows = read(tmp_path / "chat.txt", content)
    assert texts(rows) == [f"Speaker 1: message {i}" for i in range(len(TIMES))]
    assert [row.fields["date"] for row in rows if isinstance(row, Row)] == [t.isoformat(sep=" ") for t in TIMES]


LOCALES = [
    "en", "hi", "ta", "te", "kn", "ml", "mr", "bn", "gu", "pa", "or", "as", "ur", "ne", "sat", "si", "id", "th",
    "my", "lo", "zh", "ja", "ko", "ar", "fa", "he", "tr", "uk", "cs", "hu", "bg", "el", "sv", "fi", "lv", "lt",
    "sq", "uz", "af", "hy", "es", "pt", "fr", "de",
]  # fmt: skip


@pytest.mark.parametrize("locale", LOCALES)
def test_the_halves_of_the_day_are_those_of_unicode(locale: str) -> None:
    """Babel's tables are those of CLDR, by which phones write the time."""
    periods = Locale.parse(locale).day_periods["format"]["abbreviated"]
    bare = {name: regex.sub(r"[\s.\u200c\u200e\u200f]", "", periods[name]).casefold() for name in ("am", "pm")}
    assert bare["pm"] in AFTERNOON, bare
    assert bare["am"] in MORNING, bare


def test_a_message_over_several_lines_is_one(tmp_path: Path) -> None:
    content = "31/01/24, 21:41 - Asha: one\ntwo\n\nthree: four\n31/01/24, 21:42 - Ravi: five\n"
    assert texts(read(tmp_path / "c", content)) == ["Speaker 1: one\ntwo\n\nthree: four\nSpeaker 2: five"]


def test_what_whatsapp_writes_itself_is_no_message(tmp_path: Path) -> None:
    android = [
        "Messages and calls are end-to-end encrypted. No one outside of this chat can read them.",
        "संदेश और कॉल एंड-टू-एंड एन्क्रिप्टेड हैं. इस चैट के बाहर कोई भी इन्हें नहीं पढ़ सकता.",
        'Asha changed the subject from "Trip: Goa" to "Trip: Hampi"',
        "Ravi added +91 98123 45678", "Asha: <Media omitted>", "Asha: <मीडिया शामिल नहीं है>", "Asha: <ஊடகம் நீக்கப்பட்டது>",
        "Asha: IMG-20240131-WA0001.jpg (file attached)", "Asha: This message was deleted", "Asha: null",
        "Asha: யார்: நான்",
    ]  # fmt: skip
    rows = read(tmp_path / "a", "".join(f"31/01/24, 21:{i + 10} - {line}\n" for i, line in enumerate(android)))
    assert texts(rows) == ["Speaker 1: யார்: நான்"]
    ios = [
        f"Goa Trip: {LEFT}Messages and calls are end-to-end encrypted.", f"Asha: {LEFT}image omitted",
        f"Asha: {LEFT}<attached: 00000012-PHOTO.jpg>", f"Asha: fine {LEFT}<This message was edited>", "Asha: ok",
    ]  # fmt: skip
    rows = read(tmp_path / "i", "".join(f"{LEFT}[31/01/24, 21:41:{i + 10}] {line}\r\n" for i, line in enumerate(ios)))
    assert texts(rows) == ["Speaker 1: fine\nok"]


def test_no_name_and_no_number_of_a_speaker_is_left(tmp_path: Path) -> None:
    content = (
        "31/01/24, 21:41 - +91 98123 45678: who is there?\n"
        "31/01/24, 21:42 - Asha Rao: @919812345678 it is me, and @\u2068Ravi\u2069 and @\u2068Mina\u2069 come\n"
        "31/01/24, 21:43 - Ravi: @\u2068Asha Rao\u2069 yes, write to ravi@1234567.example\n"
    )
    (text,) = texts(read(tmp_path / "c", content))
    assert text == (
        "Speaker 1: who is there?\nSpeaker 2: @Speaker 1 it is me, and @Speaker 3 and @somebody come\n"
        "Speaker 3: @Speaker 2 yes, write to ravi@1234567.example"
    )


def test_a_silence_ends_a_conversation_and_speakers_stay_who_they_are(tmp_path: Path) -> None:
    content = (
        "31/01/24, 21:41 - Asha: good night\n01/02/24, 05:41 - Ravi: good morning\n01/02/24, 13:42 - Ravi: lunch?\n"
    )
    rows = read(tmp_path / "c", content)
    assert texts(rows) == ["Speaker 1: good night\nSpeaker 2: good morning", "Speaker 2: lunch?"]
    assert [row.line for row in rows] == [1, 3]
    assert len(texts(read(tmp_path / "c", content, silence_hours=1))) == 3
    assert len(texts(read(tmp_path / "c", content, silence_hours=9))) == 1


def test_one_side_can_be_the_assistant(tmp_path: Path) -> None:
    content = (
        "31/01/24, 21:41 - Ravi: where is\n31/01/24, 21:41 - Ravi: my parcel?\n31/01/24, 21:42 - Shop Desk: it comes\n"
        "31/01/24, 21:43 - Ravi: thanks\n"
    )
    (row,) = read(tmp_path / "c", content, assistant="shop desk")
    assert isinstance(row, Row) and row.fields["messages"] == [
        {"role": "user", "content": "where is\nmy parcel?"},
        {"role": "assistant", "content": "it comes"},
        {"role": "user", "content": "thanks"},
    ]
    group = content.replace("43 - Ravi", "43 - Mina")
    (row,) = read(tmp_path / "c", group, assistant="Shop Desk")
    assert isinstance(row, Row)
    assert [m["content"] for m in row.fields["messages"]] == [  # type: ignore[attr-defined]
        "Speaker 1: where is\nmy parcel?", "it comes", "Speaker 3: thanks",
    ]  # fmt: skip
    rows = read(tmp_path / "c", content, assistant="Nobody")
    assert [r.reason for r in rows if isinstance(r, Broken)] == ["`assistant` says nothing in this chat"]


def test_lines_before_the_first_message_and_lines_that_are_no_text_are_named(tmp_path: Path) -> None:
    rows = read(tmp_path / "c", b"a letter\n31/01/24, 21:41 - Asha: one\nca\xe9\n31/31/31, 21:41 - Asha: never\n")
    assert [(r.line, r.reason) for r in rows if isinstance(r, Broken)] == [
        (1, "no message begins here"), (3, "not UTF-8"), (4, "a date that does not exist"),
    ]  # fmt: skip
    assert texts(rows) == ["Speaker 1: one"]


@pytest.mark.parametrize(
    ("dates", "order"),
    [
        (["3/4/24", "4/4/24", "5/4/24"], "day first"),
        (["4/3/24", "4/4/24", "4/5/24"], "month first"),
        (["1/2/24"], "day first"),
        (["1/13/24"], "month first"),
        (["24/1/2", "24/1/3", "24/2/1"], "year first"),
        ([], "day first"),
    ],
)
def test_the_order_of_a_date_is_the_one_in_which_time_runs_on(dates: list[str], order: str, tmp_path: Path) -> None:
    heads = [head for date in dates if (head := HEAD.match(f"{date}, 10:00 - "))]
    assert len(heads) == len(dates) and date_order(heads) == order


@pytest.mark.parametrize(
    ("one", "same"),
    [("+91 98123 45678", "@919812345678"), ("~\u202fAsha", "asha"), ("\u202a+91 98123-45678\u202c", "919812345678")],
)
def test_people_are_the_same_however_they_are_written(one: str, same: str) -> None:
    assert person(one) == person(same.removeprefix("@"))


MARKED = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
LINES = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=f"{MARKED}@<"), max_size=30)
MESSAGES = st.lists(LINES, min_size=1, max_size=4).map("\n".join).filter(str.strip)


@given(
    said=st.lists(
        st.tuples(st.sampled_from(["Asha Rao", "+91 98123 45678", "रवि", "👩‍💻"]), MESSAGES), min_size=1, max_size=6
    ),
    place=st.sampled_from(sorted(HEADS)),
)
def test_any_text_comes_back_as_it_was_written(
    said: list[tuple[str, str]], place: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    times = [datetime(2024, 1, 31, 21, 41) + timedelta(days=i) for i in range(len(said))]
    content = "".join(f"{HEADS[place](t)}{who}: {text}\n" for t, (who, text) in zip(times, said, strict=True))
    rows = read(tmp_path_factory.getbasetemp() / "any-chat", content)
    known: dict[str, int] = {}
    assert texts(rows) == [f"Speaker {known.setdefault(who, len(known) + 1)}: {text}" for who, text in said]
