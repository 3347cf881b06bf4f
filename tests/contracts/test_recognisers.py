"""What every recogniser of personal identifiers must do: find its own in any digits, glued, and leave the rest."""

from __future__ import annotations

import pytest
import regex

from dono.corpus.privacy import RECOGNISERS, Finding, find, replaced

OWN: dict[str, tuple[str, str]] = {
    "email": ("लिखें: {}", "ravi.kumar@example.co.in"),
    "upi": ("यूपीआई {}", "ravi123@okicici"),
    "gstin": ("जीएसटी {}", "27AAPFU0939F1ZV"),
    "pan": ("पैन {}", "ABCPK1234L"),
    "ifsc": ("आईएफएससी {}", "SBIN0001234"),
    "iccid": ("सिम {}", "8991101200003204514"),
    "card": ("कार्ड {}", "4111 1111 1111 1111"),
    "imei": ("आईएमईआई {}", "490154203237518"),
    "imsi": ("IMSI {}", "404459876543210"),
    "vid": ("वीआईडी {}", "9123 4567 8901 2346"),
    "aadhaar": ("आधार {}", "2341 2341 2346"),
    "driving_licence": ("लाइसेंस {}", "MH12 20110012345"),
    "vehicle": ("गाड़ी {}", "MH 12 AB 1234"),
    "voter_id": ("मतदाता {}", "ABC1234567"),
    "passport": ("पासपोर्ट {}", "K1234567"),
    "coordinates": ("लोकेशन {}", "28.613939, 77.209023"),
    "ip": ("आईपी {}", "203.0.113.57"),
    "birth_date": ("जन्म तिथि {}", "12/03/1990"),
    "mobile": ("मोबाइल {}", "+91 98765 43210"),
    "landline": ("फोन {}", "022-23456789"),
    "phone": ("call {}", "+44 20 7946 0958"),
    "bank_account": ("खाता {}", "123456789012345"),
    "order": ("ऑर्डर {}", "OD123456789012"),
    "awb": ("ट्रैकिंग {}", "12345678901"),
    "pin_code": ("पिन कोड {}", "560034"),
    "handle": ("इंस्टा {}", "@ravi.kumar_92"),
    "name": ("मेरा नाम {} है", "रवि कुमार"),
    "address": ("पता: {}", "12, गांधी मार्ग, लक्ष्मी नगर, दिल्ली"),
}
"""A sentence and an identifier of each kind: published test numbers or made ones."""
LATIN = frozenset({"email"})
ZEROS = "०০੦૦୦௦౦೦൦۰᱐"
IN_WORDS = ("name", "address")
"""Made of words, which are told apart by the blanks between them: what is glued to a word is part of it."""
ALL = pytest.mark.parametrize("kind", RECOGNISERS)


def in_digits(text: str, zero: str) -> str:
    return text.translate({48 + d: ord(zero) + d for d in range(10)})


def test_every_recogniser_has_its_row_here() -> None:
    assert list(OWN) == list(RECOGNISERS)


@ALL
def test_a_recogniser_finds_its_own_at_the_exact_place(kind: str) -> None:
    sentence, value = OWN[kind]
    start = sentence.index("{}")
    found = find(sentence.format(value))
    assert [(f.start, f.end, f.kind) for f in found] == [(start, start + len(value), kind)]


@ALL
def test_digits_of_any_script_are_digits(kind: str) -> None:
    sentence, value = OWN[kind]
    for zero in ZEROS if regex.search("[0-9]", value) and kind not in LATIN else "":
        text = sentence.format(in_digits(value, zero))
        assert [text[f.start : f.end] for f in find(text) if f.kind == kind] == [in_digits(value, zero)]


@pytest.mark.parametrize("kind", [kind for kind in RECOGNISERS if kind not in IN_WORDS])
def test_an_identifier_glued_to_letters_of_its_sentence_is_found(kind: str) -> None:
    sentence, value = OWN[kind]
    text = sentence.format(value).replace(" " + value, value) + "है"
    assert [text[f.start : f.end] for f in find(text) if f.kind == kind] == [value]


@ALL
def test_nothing_outside_a_finding_changes_and_nothing_is_found_again(kind: str) -> None:
    sentence, value = OWN[kind]
    text = sentence.format(value) + "। और कुछ नहीं — ठीक है?"
    before, after = sentence.split("{}")
    once = replaced(text, find(text))
    assert once == f"{before}<{kind.upper()}_1>{after}। और कुछ नहीं — ठीक है?"
    assert find(once) == []


@ALL
def test_a_kind_alone_is_found_when_only_it_is_asked_for(kind: str) -> None:
    text = OWN[kind][0].format(OWN[kind][1])
    assert [f.kind for f in find(text, {kind})] == [kind]
    assert find(text, set(RECOGNISERS) - {kind}) == []


@ALL
def test_an_empty_text_and_one_of_punctuation_hold_nothing(kind: str) -> None:
    for text in ("", " ", "।॥,.-", "@", "0", "@@@ ::: ...", "12", "१९४७"):
        assert not [f for f in find(text) if isinstance(f, Finding) and f.kind == kind]
