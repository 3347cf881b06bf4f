from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from dono.corpus import fold_digits, normalise, unify_letters

CORPORA = Path(__file__).resolve().parents[4] / "shared/corpora/text"
SCRIPTS = """
    Devanagari Bengali Gurmukhi Gujarati Oriya Tamil Telugu Kannada Malayalam Sinhala Arabic Ol_Chiki Meetei_Mayek
    Latin Cyrillic
""".split()  # noqa: SIM905
BASIC_PLANE = "".join(chr(c) for c in range(0x10000) if not 0xD800 <= c < 0xE000)
ALPHABETS = {script: regex.findall(rf"[\p{{{script}}}&&[\p{{L}}\p{{M}}]]", BASIC_PLANE, regex.V1) for script in SCRIPTS}
NUKTAS = "\u093c\u09bc\u0a3c\u0abc\u0b3c\u0c3c\u0cbc"
WORD = st.sampled_from(SCRIPTS).flatmap(
    lambda script: st.lists(st.sampled_from([*ALPHABETS[script], "\u200c", "\u200d", " "]), max_size=8).map("".join)
)

# Lines of the Unicode Character Database, DoNotEmit-17.0.0.txt, as they stand there.
DO_NOT_EMIT = """
0D23 0D4D 200D; 0D7A
0D28 0D4D 200D; 0D7B
0D30 0D4D 200D; 0D7C
0D32 0D4D 200D; 0D7D
0D33 0D4D 200D; 0D7E
09A4 09CD 200D; 09CE
0905 0946; 0904
0905 093E; 0906
0909 0941; 090A
090F 0945; 090D
090F 0946; 090E
090F 0947; 0910
0905 0949; 0911
0906 0945; 0911
0905 094A; 0912
0906 0946; 0912
0905 094B; 0913
0906 0947; 0913
0905 094C; 0914
0906 0948; 0914
0905 0945; 0972
0A72 0A47; 0A0F
0A05 0A48; 0A10
0A73 0A4B; 0A13
0A05 0A4C; 0A14
0A85 0ABE; 0A86
0A85 0AC5; 0A8D
0A85 0AC7; 0A8F
0A85 0AC8; 0A90
0A85 0AC9; 0A91
0A85 0ACB; 0A93
0A85 0ACC; 0A94
0B05 0B3E; 0B06
0B0F 0B57; 0B10
0B13 0B57; 0B14
0C12 0C55; 0C13
0C12 0C4C; 0C14
0C89 0CBE; 0C8A
0C92 0CCC; 0C94
0C8B 0CBE; 0CE0
0D07 0D57; 0D08
0D09 0D57; 0D0A
0D0E 0D46; 0D10
0D12 0D3E; 0D13
0D12 0D57; 0D14
"""
UNICODE_PAIRS = [
    ["".join(chr(int(code, 16)) for code in field.split()) for field in line.split(";")]
    for line in DO_NOT_EMIT.strip().split("\n")
]
UNICODE_PAIRS += [["অা", "আ"], ["ਅਾ", "ਆ"], ["ੲਿ", "ਇ"], ["ੲੀ", "ਈ"], ["ੳੁ", "ਉ"], ["ੳੂ", "ਊ"]]  # tables 12-14, 12-16
KEPT = {
    "a letter with a nukta is another letter": "क़ानून ज़मीन पढ़ना ड़ ढ़",
    "a half form": "क्\u200dष",
    "the Marathi eyelash": "ऱ्\u200dया",
    "ka before a joiner has no older chillu": "ക്\u200d",
    "a Bengali ya-phala": "র\u200d\u09cdযাম",
    "a chillu's sequence inside a conjunct": "ന്\u200d\u0d3e",
    "Tamil vowels": "அவர் ஆடு ஔவை",
    "Urdu": "می\u200cخواهم",
}


@pytest.mark.parametrize(("written", "preferred"), UNICODE_PAIRS)
def test_sequences_that_unicode_advises_against_become_those_it_prefers(written: str, preferred: str) -> None:
    assert unify_letters(unicodedata.normalize("NFC", written)) == preferred
    assert unify_letters(f"x {written} y") == f"x {preferred} y"


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_what_is_meant_is_kept(text: str) -> None:
    text = unicodedata.normalize("NFC", text)
    assert unify_letters(text) == text


def test_a_nukta_stands_once_and_directly_behind_its_letter() -> None:
    right = unicodedata.normalize("NFC", "ज़ीरो पढ़ो")
    assert unify_letters("ज\u0940\u093cरो पढ\u094b\u093c") == right
    assert unify_letters("ज\u093c\u093c\u0940रो पढ\u093c\u094b") == right
    assert unify_letters("\u0a38\u0a3f\u0a3c") == unicodedata.normalize("NFC", "\u0a38\u0a3c\u0a3f")


@given(WORD)
@example("अ\u093e\u0947")
@example("अ\u093e\u0947\u093c")
@example("न\u093e\u093c")
def test_unifying_twice_is_unifying_once_and_nfc_stays_nfc(text: str) -> None:
    once = unify_letters(unicodedata.normalize("NFC", text))
    assert unify_letters(once) == once == unicodedata.normalize("NFC", once)
    assert unify_letters(normalise(once)) == normalise(unify_letters(normalise(once)))


@pytest.mark.parametrize("script", SCRIPTS)
@given(data=st.data())
def test_no_letter_alone_and_no_letter_with_a_mark_changes_unless_unicode_says_so(
    script: str, data: st.DataObject
) -> None:
    letters = [c for c in ALPHABETS[script] if regex.match(r"\p{L}", c)]
    marks = [c for c in ALPHABETS[script] if regex.match(r"\p{M}", c) and c not in NUKTAS] or [""]
    text = unicodedata.normalize("NFC", data.draw(st.sampled_from(letters)) + data.draw(st.sampled_from(marks)))
    listed = {unicodedata.normalize("NFC", written): preferred for written, preferred in UNICODE_PAIRS}
    assert unify_letters(text) == listed.get(text, text)


@pytest.mark.skipif(not CORPORA.is_dir(), reason="no real text (../shared/corpora)")
@pytest.mark.parametrize("language", ["hi", "bn", "gu", "kn", "or", "ta", "te", "ur", "en"])
def test_real_text_in_today_s_spelling_hardly_changes(language: str) -> None:
    lines = [
        normalise(line)
        for path in sorted((CORPORA / language).glob("*.txt"))
        for line in path.read_text("utf8").split("\n")[:100]
    ]
    changed = 0
    for line in lines:
        unified = unify_letters(line)
        changed += unified != line
        for written, preferred in UNICODE_PAIRS:
            line = line.replace(written, preferred)
        assert regex.sub(f"[{NUKTAS}]", "", unified) == regex.sub(f"[{NUKTAS}]", "", line)  # nothing else has changed
    assert changed <= 0.02 * len(lines)


def test_digits_fold_for_matching_one_for_one() -> None:
    assert fold_digits("फ़ोन ९८७६५-४३२१०, ফোন ৯৮, ٠١٢ ۳۴ ௧௨ १") == "फ़ोन 98765-43210, ফোন 98, 012 34 12 1"
    assert fold_digits("½ Ⅳ ௰ ② 12") == "½ Ⅳ ௰ ② 12"


@given(st.text())
def test_folding_digits_changes_digits_alone(text: str) -> None:
    folded = fold_digits(text)
    assert len(folded) == len(text)
    for before, after in zip(text, folded, strict=True):
        assert after == (str(unicodedata.decimal(before)) if unicodedata.category(before) == "Nd" else before)
