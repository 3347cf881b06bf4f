from __future__ import annotations

import unicodedata

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from dono.corpus import Malformed, normalise
from dono.corpus.normalise import usable

PIECES = st.sampled_from(
    [*"aéکاهمر۲িযরকक्षरಕ್ಷക്ൻত্র", "\u200c", "\u200d", "\ufeff", "\u0301", "\u093c", "\u094d", "\u0651", "\u09cd",
     "\u0d4d", "\r\n", "\r", "\u2028", "\x00", " ", "\t", "\n", "\u00ad", "👩", "💻", "❤", "\ufe0f", "\U0001f3fd",
     "\u0307", "\u1dce", "e\u0301", "\u0958", "य\u093c"]
)  # fmt: skip
TEXT = st.one_of(st.text(), st.lists(PIECES, max_size=12).map("".join))

NEEDED = {
    "Devanagari half form": "क\u094d\u200dष",
    "Kannada visible virama": "ಕ\u0ccd\u200cಷ",
    "Kannada ra without repha": "ರ\u200d\u0ccdಯ",
    "Bengali ya-phala after ra": "র\u200d\u09cdযাম",
    "Malayalam chillu, old style": "അവന\u0d4d\u200d",
    "Urdu between letters": "ر\u200cا",
    "Persian plural": "کتاب\u200cها می\u200cخواهم",
    "Arabic letter in its initial form": "ه\u200d",
    "profession": "👩\u200d💻",
    "profession with skin colour": "👩\U0001f3fd\u200d💻",
    "heart on fire": "❤\ufe0f\u200d🔥",
}
STRAY = {
    "క\u200cమ": "కమ",  # between a consonant and the next, as Telugu newspapers have it
    "ও\u200dই": "ওই",
    "word\u200c": "word",
    "\u200dक": "क",
    "क\u094d\u200d\u200cष": "क\u094d\u200dष",
    "👩\u200d": "👩",
    "\ufeffनमस्ते\u200b": "नमस्ते",
    "a\x00b\x07c\u00ad": "abc",
    "one\r\ntwo\rthree\u2028four": "one\ntwo\nthree\nfour",
}


@pytest.mark.parametrize("text", NEEDED.values(), ids=NEEDED)
def test_a_joiner_that_a_script_needs_is_kept(text: str) -> None:
    assert normalise(text) == text


@pytest.mark.parametrize(("text", "normal"), STRAY.items())
def test_stray_joiners_controls_and_line_ends_are_put_right(text: str, normal: str) -> None:
    assert normalise(text) == normal


def test_composed_and_decomposed_letters_are_one() -> None:
    assert normalise("e\u0301") == normalise("é") == "é"
    assert normalise("\u0958") == normalise("क\u093c") == "क\u093c"  # Unicode excludes it from composition


@given(TEXT)
@example("\u094d\u093c\u200d")
@example("a\u200d\u0301")
def test_normalising_twice_is_normalising_once(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@given(TEXT)
def test_letters_and_marks_are_never_lost_and_nothing_is_inserted(text: str) -> None:
    kept = regex.compile(r"[\p{L}\p{M}\p{N}\p{P}\p{S}]")
    bare = text.translate(dict.fromkeys([*range(9), *range(14, 32), *range(127, 160), 0x85, 0xAD]))
    bare = regex.sub(r"[\p{Cf}\ufdd0-\ufdef\ufffe\uffff]", "", bare)
    found = unicodedata.normalize("NFC", regex.sub(r"\p{Cf}", "", normalise(text)))
    assert kept.findall(found) == kept.findall(unicodedata.normalize("NFC", bare))


@given(st.text(alphabet=st.characters(categories=["L", "N", "P"]), min_size=1))
def test_composed_text_without_invisible_characters_comes_back_unchanged(text: str) -> None:
    text = unicodedata.normalize("NFC", text)
    assert normalise(text) == text


@pytest.mark.parametrize(("text", "reason"), [("", "empty"), (" \u200c\n", "empty"), ("a\ud83d", "surrogate")])
def test_an_unusable_text_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        usable(text)
