from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dono.corpus import normalise, repair_mojibake
from dono.corpus.normalise import usable

RIGHT = [
    "हिन्दी में प्रौद्योगिकी की स्थिति",
    "আপনার অর্ডার কাল পৌঁছাবে, দাম ₹৫০০",
    "தமிழ்நாட்டில் தொழில்நுட்பம்",
    "మీ ఆర్డర్ రేపు వస్తుంది",
    "ನಿಮ್ಮ ಆರ್ಡರ್ ನಾಳೆ ಬರುತ್ತದೆ",
    "നിങ്ങളുടെ ഓർഡർ നാളെ എത്തും",
    "ਤੁਹਾਡਾ ਆਰਡਰ ਕੱਲ੍ਹ ਆਵੇਗਾ",
    "તમારો ઓર્ડર કાલે પહોંચશે",
    "ଆପଣଙ୍କ ଅର୍ଡର କାଲି ପହଞ୍ଚିବ",
    "آپ کا آرڈر کل تک پہنچ جائے گا",
    "mera order “₹500” ka hai",
]
LEFT_ALONE = [
    "café São Paulo, naïve, Müller",
    "Ã©",
    "50 Â°C",
    "à la carte – 5 €",
    "£5 «bon»",
    "plain ascii",
    "नमस्ते à¤¨à¤®",  # right and wrong in one line: no wrong reading gives that
    "à¤¨à¤",  # a byte is lost
    "ÄÖÜ ÃÂ",
]


@pytest.mark.parametrize("encoding", ["latin-1", "sloppy-windows-1252"])
@pytest.mark.parametrize("text", RIGHT)
def test_text_read_in_the_wrong_encoding_is_mended_whole(text: str, encoding: str) -> None:
    wrong = text.encode().decode(encoding)
    assert repair_mojibake(wrong) == text
    assert usable(wrong) == normalise(text)
    twice = wrong.encode().decode(encoding)
    assert repair_mojibake(twice) in (text, twice)  # mended or left, nothing between


@pytest.mark.parametrize("text", [*RIGHT, *LEFT_ALONE])
def test_what_is_right_or_uncertain_stays(text: str) -> None:
    assert repair_mojibake(text) == text


def test_a_line_is_mended_beside_others() -> None:
    wrong = RIGHT[0].encode().decode("latin-1")
    assert repair_mojibake(f"café\n{wrong}\nनमस्ते") == f"café\n{RIGHT[0]}\nनमस्ते"


@given(st.text())
def test_mending_twice_is_mending_once(text: str) -> None:
    once = repair_mojibake(text)
    assert repair_mojibake(once) == once


@given(st.text(alphabet=st.characters(min_codepoint=0x900, max_codepoint=0xD7F)))
def test_indic_text_is_never_touched(text: str) -> None:
    assert repair_mojibake(text) == text
