from __future__ import annotations

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from dono.corpus.privacy import find, replaced
from dono.corpus.privacy.reading import fold

PIECES = st.sampled_from(
    [
        *"12०৯௫ ककि नाম்।,.-/:@+()₹#°'\u094d\u200c\u200d\u0301\ufe0f\u20e3",
        "9876543210",
        "2341 2341 2346",
        "ABCPK1234L",
        "मेरा नाम ",
        "Mr. ",
        "Address: ",
        "पता ",
        "a@b.co",
        "x@ybl",
        "::",
        "\n",
        "मोबाइल ",
        " dot ",
        " at ",
        "28.6139, 77.2090",
        "12/03/1990",
        "DL1CAB1234",
    ]
)
TEXT = st.one_of(st.text(), st.lists(PIECES, max_size=16).map("".join))


def kinds(text: str) -> list[str]:
    return [one.kind for one in find(text)]


@given(TEXT)
def test_folding_keeps_every_character_in_its_place(text: str) -> None:
    assert len(fold(text)) == len(text) == len(fold(text).lower())


@given(TEXT)
def test_findings_are_in_order_without_overlap_and_end_between_graphemes(text: str) -> None:
    done = 0
    for one in find(text):
        assert done <= one.start < one.end <= len(text)
        done = one.end
        assert not regex.match(r"[\p{M}\u200c\u200d]", text, pos=one.end)


@given(TEXT)
def test_what_is_outside_the_findings_stands_unchanged(text: str) -> None:
    found = find(text)
    pattern, done = "", 0
    for one in found:
        pattern += regex.escape(text[done : one.start], special_only=False) + r"<[A-Z_]+_[0-9]+>"
        done = one.end
    assert regex.fullmatch(pattern + regex.escape(text[done:], special_only=False), replaced(text, found))


@pytest.mark.parametrize(
    "text",
    [
        "आधार XXXX XXXX 1234",
        "आधार 1341 2341 2346",
        "Aadhaar 2341 2341 2347",
        "GSTIN 27AAPFU0939F1ZA",
        "IMEI 490154203237519",
        "ISBN 978-81-7525-766-5",
        "बिल नंबर 9876543210",
        "कुल राशि ₹9876543210",
        "9876543210 रुपये मिले",
        "Rs. 98,76,54,321.50",
        "invoice no 9876543210",
        "9876543210.55 and more",
        "model X1234567",
        "SKU-123456",
        "version 10.4.2.1",
        "127.0.0.1:8080",
        "in 1947 and 1950",
        "1947-1950",
        "12/03/2024 को डिलीवरी",
        "12:30:45",
        "ordered 120000 units",
        "std::vector<int> a1::b2",
        "PAN ABCDK1234L",
        "सरकार 1234567890",
        "स्कूल में 50 बच्चे",
        "श्री लंका",
        "मेरा नाम क्या है",
        "@property def x1(self)",
        "my name is not important",
        "https://example.com/item/9876543210",
        "MP3 2000",
        "1 2 3 4 5 6 7 8 9 10 11 12",
    ],
)
def test_what_is_nobodys_is_left_alone(text: str) -> None:
    assert kinds(text) == []


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("नंबर9876543210है", "9876543210", "mobile"),
        ("call9876543210now", "9876543210", "mobile"),
        ("எண்௯௮௭௬௫௪௩௨௧௦தான்", "௯௮௭௬௫௪௩௨௧௦", "mobile"),
        ("(+91) 98765-43210", "(+91) 98765-43210", "mobile"),
        ("मोबाइल 9-8-7-6-5-4-3-2-1-0", "9-8-7-6-5-4-3-2-1-0", "mobile"),
        ("2024 में 9876543210", "9876543210", "mobile"),
        ("गाड़ी mh12ab1234", "mh12ab1234", "vehicle"),
        ("22 BH 1234 AA", "22 BH 1234 AA", "vehicle"),
        ("पैन ABCPK 1234 L", "ABCPK 1234 L", "pan"),
        ("panABCPK1234Lhai", "ABCPK1234L", "pan"),
        ("UPI ravi@newbank123", "ravi@newbank123", "upi"),
        ("9876543210@ybl", "9876543210@ybl", "upi"),
        ("ravi at gmail dot com", "ravi at gmail dot com", "email"),
        ("ravi [at] example [dot] co [dot] in", "ravi [at] example [dot] co [dot] in", "email"),
        ("2001:db8:85a3:1:2:8a2e:370:7334", "2001:db8:85a3:1:2:8a2e:370:7334", "ip"),
        ("28°36′50″N 77°12′32″E", "28°36′50″N 77°12′32″E", "coordinates"),
        ("a/c no 12345678901", "12345678901", "bank_account"),
        ("instagram.com/ravi.k", "ravi.k", "handle"),
        ("DOB: 12 मार्च 1990", "12 मार्च 1990", "birth_date"),
        ("Address: 12, MG Road, Bengaluru - 560001", "560001", "pin_code"),
        ("mera naam ravi kumar hai", "ravi kumar", "name"),
        ("என் பெயர் முருகன்.", "முருகன்", "name"),
        ("Shri Ravi Kumar came", "Ravi Kumar", "name"),
        ("मैं रवि कुमार बोल रहा हूँ", "रवि कुमार", "name"),
        ("I am Ravi Kumar from Delhi", "Ravi Kumar", "name"),
        ("This is Ravi speaking", "Ravi", "name"),
        ("Bengaluru-560001", "560001", "pin_code"),
        ("98-765-432-10", "98-765-432-10", "mobile"),
        ("+91 22 2345 6789", "+91 22 2345 6789", "landline"),
        ("IFSCsbin0001234", "sbin0001234", "ifsc"),
    ],
)
def test_an_identifier_is_found_as_people_write_it(text: str, value: str, kind: str) -> None:
    assert (value, kind) in [(text[f.start : f.end], f.kind) for f in find(text)]


def test_the_nearest_word_says_what_a_number_is() -> None:
    assert kinds("खाता 9876543210") == ["bank_account"]
    assert kinds("खाते से जुड़ा मोबाइल 9876543210") == ["mobile"]
    assert kinds("order id 9876543210, फोन 9876543211") == ["order", "mobile"]


def test_a_card_is_not_taken_apart_into_aadhaar_numbers() -> None:
    assert kinds("4111 1111 1111 1111") == ["card"]


def test_in_a_long_table_of_numbers_only_identifiers_of_few_groups_are_looked_for() -> None:
    assert kinds("1 " * 500 + "\n" + "98765 43210 " * 30) == ["mobile"] * 30
