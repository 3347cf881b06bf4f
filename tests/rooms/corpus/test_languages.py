from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dono.corpus import guess_language
from dono.corpus.languages import ENGLISH, ROMANISED_HINDI, stated_language

KNOWN = {
    "hi": "आपका ऑर्डर कल तक पहुँच जाएगा",
    "bn": "আপনার অর্ডার কাল পৌঁছাবে",
    "as": "মোৰ অৰ্ডাৰ ক'ত আছে",
    "pa": "ਤੁਹਾਡਾ ਆਰਡਰ ਕੱਲ੍ਹ ਆਵੇਗਾ",
    "gu": "તમારો ઓર્ડર કાલે પહોંચશે",
    "or": "ଆପଣଙ୍କ ଅର୍ଡର କାଲି ପହଞ୍ଚିବ",
    "ta": "உங்கள் ஆர்டர் நாளை வரும்",
    "te": "మీ ఆర్డర్ రేపు వస్తుంది",
    "kn": "ನಿಮ್ಮ ಆರ್ಡರ್ ನಾಳೆ ಬರುತ್ತದೆ",
    "ml": "നിങ്ങളുടെ ഓർഡർ നാളെ എത്തും",
    "ur": "آپ کا آرڈر کل تک پہنچ جائے گا",
    "fa": "می‌خواهم کتاب را پس بدهم",
    "en": "The parcel is late and the customer asks where it is",
    "hi-Latn": "mera order kab tak aayega, please batao",
}


@pytest.mark.parametrize(("language", "text"), KNOWN.items())
def test_a_text_is_known_by_its_script_or_its_function_words(language: str, text: str) -> None:
    assert guess_language(text) == language


def test_english_terms_in_indian_text_do_not_hide_its_language() -> None:
    assert guess_language("PBKS vs RCB, Match Highlights: పంజాబ్ కు సిరాజ్ సెగ") == "te"
    assert guess_language("Kotak mobile app login nahi ho raha hai, what should I do") == "hi-Latn"


@pytest.mark.parametrize("text", ["", "1234 ₹", "👩", "Bonjour tout monde, merci beaucoup", "Budget Session 2023"])
def test_what_is_unsure_is_und(text: str) -> None:
    assert guess_language(text) == "und"


def test_no_word_is_in_both_lists() -> None:
    assert not ENGLISH & ROMANISED_HINDI


def test_a_language_is_taken_from_a_row_only_if_it_looks_like_a_code() -> None:
    assert stated_language({"lang": "hi-Latn"}) == "hi-Latn"
    assert stated_language({"language": "Hindi (spoken)", "lang": None}) is None


@given(st.text())
def test_any_text_gets_some_answer(text: str) -> None:
    assert guess_language(text)
