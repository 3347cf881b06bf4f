from __future__ import annotations

import json
from collections.abc import Mapping
from encodings.aliases import aliases
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dono.artifacts import Json
from dono.corpus import gather, read_documents
from dono.corpus.encodings import Recoded, encoding_of
from dono.corpus.parts import LocalFile
from dono.corpus.sources import SOURCES, check_part
from dono.errors import Mistake
from dono.project import Source

SAMPLES = {
    "de": ("cp1252", "Die Straße ist schön, größer als früher.\nÜber den Wäldern hängt Nebel.\nMüller grüßt.\n"),
    "cs": ("cp1250", "Příliš žluťoučký kůň úpěl ďábelské ódy.\nDnes je hezké počasí a půjdeme do města.\n"),
    "ru": ("cp1251", "Привет, как дела? Сегодня хорошая погода.\nМы идём домой и читаем книгу.\n"),
    "ru-koi8": ("koi8_r", "Привет, как дела? Сегодня хорошая погода.\nМы идём домой и читаем книгу.\n"),
    "el": ("cp1253", "Καλημέρα, τι κάνετε σήμερα; Ευχαριστώ πολύ.\nΑύριο πάμε στην πόλη.\n"),
    "tr": ("cp1254", "Günaydın, nasılsınız? Şimdi gidiyoruz.\nİstanbul çok güzel, değil mi?\n"),
    "zh": ("gb18030", "今天天气很好，我们去公园吧。谢谢你。\n明天我要去学校读书。\n"),
    "ko": ("cp949", "안녕하세요, 오늘 날씨가 좋네요. 감사합니다.\n내일 학교에 갑니다.\n"),
}
"""Texts of our own, and how the computers of their country wrote them before UTF-8."""
LIKE_1252 = {
    "sk": ("cp1250", "Ďakujem, prajem pekný deň. Zajtra pôjdeme do mesta.\nČo robíš, keď prší? Čítam knihy.\n"),
    "hr": ("cp1250", "Hvala lijepa, želim vam ugodan dan.\nSutra idemo u grad, čekamo vlak.\nŠto radiš?\n"),
    "sl": ("cp1250", "Hvala lepa, želim vam lep dan.\nJutri gremo v mesto, čakamo na vlak.\n"),
    "lv": ("cp1257", "Paldies, jauku dienu! Rīt mēs brauksim uz pilsētu.\nŠodien ir silts laiks.\n"),
    "ro": ("cp1250", "Bună ziua, mulţumesc foarte mult.\nMâine mergem în oraş şi îţi scriu.\n"),
    "en-mac": ("mac_roman", "The café’s menu — “soup of the day” — costs £5.\nIt’s a naïve résumé.\n"),
    "fr-dos": ("cp850", "Le café est fermé à Noël. Ça va très bien, merci.\nLa garçonnière près de la mer.\n"),
}
"""Texts that are easily taken for another code page."""


@pytest.mark.parametrize("times", [3, 20])
@pytest.mark.parametrize("name", SAMPLES)
def test_an_encoding_that_no_other_comes_near_is_certain(name: str, times: int) -> None:
    encoding, text = SAMPLES[name]
    raw = (text * times).encode(encoding)
    found = encoding_of(raw)
    assert found is not None and raw.decode(found) == text * times


@pytest.mark.parametrize("times", [3, 20])
@pytest.mark.parametrize("name", LIKE_1252)
def test_what_cannot_be_told_apart_is_not_guessed(name: str, times: int) -> None:
    encoding, text = LIKE_1252[name]
    raw = (text * times).encode(encoding)
    found = encoding_of(raw)
    assert found is None or raw.decode(found) == text * times


def test_a_language_of_western_europe_settles_windows_1252() -> None:
    raw = "Le café est fermé à Noël, où êtes-vous allés ?\nÇa va très bien, merci.\n".encode("cp1252") * 3
    assert encoding_of(raw) is None
    assert encoding_of(raw, "fr") == "cp1252"
    assert encoding_of(raw, "hr") is None


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_zero_bytes_and_marks_tell_utf_16(encoding: str) -> None:
    for text in ("नमस्ते दुनिया\nकैसे हो\n", "hello world\nhow are you\n"):
        raw = text.encode(encoding)
        found = encoding_of(raw)
        assert found is not None and raw.decode(found) == text


@pytest.mark.parametrize("raw", [b"plain ASCII\n" * 9, "नमस्ते\n".encode() * 9, bytes(4000), b"a \0 zero\nand more\n"])
def test_utf8_and_what_is_no_text_have_no_other_encoding(raw: bytes) -> None:
    assert encoding_of(raw) is None


def test_a_file_that_is_partly_utf8_is_left_to_its_lines() -> None:
    assert (
        encoding_of("Die Straße ist schön, größer\n".encode() + "Über den Wäldern hängt Nebel\n".encode("cp1252"))
        is None
    )


@given(text=st.text(st.characters(exclude_categories=["Cs"])), encoding=st.sampled_from(["utf-16", "utf-8", "utf-32"]))
def test_recoding_gives_the_same_text(text: str, encoding: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_bytes(text.encode(encoding))
    with Recoded(LocalFile(path), encoding).open() as stream:
        assert stream.read() == text.encode("utf8")


def run(path: Path, folder: Path, **more: object) -> tuple[Mapping[str, Json], list[str]]:
    folder.mkdir()
    source = Source.model_validate({"name": "a", "path": str(path), **more})
    survey = gather([source], {}, folder, heldout_share=0.0, seed=0, progress=lambda done, documents: None)
    return survey, [d.text for d in read_documents(folder)]


def test_a_stated_encoding_is_used_and_what_it_cannot_say_is_set_aside_by_the_line(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("größer\n".encode("cp1252") + b"broken \x81 line\n" + b"the end\n")
    survey, texts = run(tmp_path / "a.txt", tmp_path / "o", encoding="cp1252")
    assert texts == ["größer", "the end"]
    assert survey["reject_reasons"] == {"not UTF-8": 1}
    assert survey["notes"] == [{"source": "a", "file": str(tmp_path / "a.txt"), "note": "read as cp1252"}]


def test_lines_in_an_unknown_encoding_are_set_aside_and_the_rest_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("नमस्ते दुनिया\n".encode() + b"caf\xe9\n" + b"the end\n")
    survey, texts = run(tmp_path / "a.txt", tmp_path / "o")
    assert texts == ["नमस्ते दुनिया", "the end"] and survey["reject_reasons"] == {"not UTF-8": 1}
    assert survey["notes"] == []
    reject = json.loads((tmp_path / "o/rejects.jsonl").read_text("utf8"))
    assert reject["line"] == 2 and reject["beginning"] == "caf\\xe9"


def test_a_file_of_zeros_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(bytes(10_000))
    with pytest.raises(Mistake, match="no text at all"):
        run(tmp_path / "a.txt", tmp_path / "o")


def test_a_zero_byte_in_a_text_goes_and_the_text_stays(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one \0 zero\n" + b"a line without any\n" * 20)
    survey, texts = run(tmp_path / "a.txt", tmp_path / "o")
    assert texts[0] == "one  zero" and survey["rejects"] == 0


def test_every_encoding_that_a_source_may_state_is_read_without_a_crash(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"a line\nna\xefve \xff\xc3\n")
    read = 0
    for name in sorted({*aliases.values(), "idna", "punycode", "undefined", "raw_unicode_escape", "unicode_escape"}):
        try:
            source = Source(name="a", path="a.txt", encoding=name)
        except ValueError:
            continue
        try:
            part = check_part(LocalFile(tmp_path / "a.txt"), source)
        except Mistake as mistake:
            assert name in ("utf_16", "utf_32") and f"State {name}-le or {name}-be" in str(mistake)
            continue
        assert part is not None
        list(SOURCES["text"](part, source))
        read += 1
    assert read > 80
