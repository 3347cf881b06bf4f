from __future__ import annotations

import ipaddress
from collections.abc import Callable

import pytest
from stdnum import luhn, verhoeff
from stdnum.in_ import gstin, pan

from dono.corpus.privacy import find, replaced
from dono.corpus.privacy.reading import fold
from tests.contracts.test_recognisers import OWN

KEY = b"a key for tests"
VALID: dict[str, Callable[[str], bool]] = {
    "aadhaar": verhoeff.is_valid,
    "vid": verhoeff.is_valid,
    "card": luhn.is_valid,
    "imei": luhn.is_valid,
    "iccid": luhn.is_valid,
    "gstin": gstin.is_valid,
    "pan": pan.is_valid,
}


def shape(text: str) -> str:
    """Digits as 9, Latin letters as A or a, the rest as it is."""
    return "".join(
        "9" if c.isdigit() else ("A" if c.isupper() else "a") if c.isascii() and c.isalpha() else c for c in fold(text)
    )


def test_one_identifier_has_one_number_however_it_is_written() -> None:
    text = "फोन +91 98765 43210 या 9876543210, नहीं तो ९८७६५४३२११"
    assert replaced(text, find(text)) == "फोन <MOBILE_1> या <MOBILE_1>, नहीं तो <MOBILE_2>"


def test_with_a_key_the_mark_is_the_same_in_every_text_and_another_with_another_key() -> None:
    one, two = "मोबाइल 9876543210", "9876543211 और 98765 43210"
    marks = [replaced(text, find(text), key=KEY) for text in (one, two)]
    mark = marks[0].split()[-1]
    assert mark.startswith("<MOBILE_") and mark in marks[1] and "9876" not in "".join(marks)
    assert replaced(one, find(one), key=b"another") != marks[0]


@pytest.mark.parametrize("kind", [k for k in OWN if k not in ("address", "name", "email")])
def test_a_surrogate_has_the_form_of_what_it_stands_for(kind: str) -> None:
    sentence, value = OWN[kind]
    text = sentence.format(value)
    before, after = sentence.split("{}")
    new = replaced(text, find(text), surrogates=True, key=KEY)
    inner = new.removeprefix(before).removesuffix(after)
    assert shape(inner) == shape(value) and inner != value
    assert [f.kind for f in find(new)] == [kind]
    assert replaced(text, find(text), surrogates=True, key=KEY) == new


@pytest.mark.parametrize("kind", VALID)
def test_a_surrogate_has_a_valid_check_digit(kind: str) -> None:
    text = OWN[kind][0].format(OWN[kind][1])
    for seed in range(20):
        new = replaced(text, find(text), surrogates=True, key=f"key {seed}".encode())
        assert VALID[kind]("".join(c for c in new if c.isascii() and c.isalnum()))


def test_a_surrogate_keeps_digits_script_and_a_name_its_own_script() -> None:
    text = "मेरा नाम रवि कुमार है, मोबाइल ९८७६५ ४३२१०"
    new = replaced(text, find(text), surrogates=True, key=KEY)
    assert new.startswith("मेरा नाम ") and "रवि कुमार" not in new and not any("0" <= c <= "9" for c in new)
    assert [f.kind for f in find(new)] == ["name", "mobile"]


def test_surrogates_of_addresses_in_the_net_lead_nowhere() -> None:
    text = "ravi@iitb.ac.in 203.0.113.57 पता: 12, गांधी मार्ग, दिल्ली"
    new = replaced(text, find(text), surrogates=True, key=KEY)
    mail, address = new.split()[:2]
    assert mail.endswith("@example.com") and "<ADDRESS_" in new
    ipaddress.ip_address(address)
