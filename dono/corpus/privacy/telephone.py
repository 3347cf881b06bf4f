"""Telephones: mobile and landline numbers of India, numbers abroad, IMEI, IMSI, ICCID."""

from __future__ import annotations

from collections.abc import Iterator

import phonenumbers
import regex

from dono.corpus.privacy.checksums import luhn
from dono.corpus.privacy.findings import Finding
from dono.corpus.privacy.reading import Number, Reading
from dono.corpus.privacy.recogniser import free

SUBSCRIBER_GROUPS = {(10,), (5, 5), (4, 3, 3), (3, 3, 4), (4, 6), (3, 4, 3), (4, 2, 4), (6, 4)}
"""Ways in which people group ten digits of a mobile number."""
STD_GROUPS = {(2, 8), (3, 7), (2, 4, 4)}
"""The same for a fixed line: STD code and the subscriber's number."""
PREFIXES = {10: "", 11: "0", 12: "91", 13: "091", 14: "0091"}
OPENED = regex.compile(r"[+(]{1,2}[ ]?$")


def mobile(reading: Reading) -> Iterator[Finding]:
    """Ten digits, the first 6 to 9 (Department of Telecommunications), behind nothing, 0, 91, +91 or 0091."""
    for length, prefix in PREFIXES.items():
        for number in reading.numbers.get(length, ()):
            if not number.digits.startswith(prefix) or number.digits[len(prefix)] not in "6789":
                continue
            if not free(reading, number):
                continue
            opened = _opened(reading, number)
            start = opened if prefix else number.start
            cue = reading.cue("phone", start, number.end)
            if _more_likely_fixed(reading, number, len(prefix)):
                continue
            dashes = number.alone and set(number.joint) == {"-"} and min(number.groups) > 1
            usual = dashes or (_rest(number.groups, len(prefix)) in SUBSCRIBER_GROUPS and "/" not in number.joint)
            plus = bool(prefix) and "+" in reading.folded[opened : number.start]
            if cue is not None or plus or (usual and _mobile_alone(reading, number)):
                yield Finding(start, number.end, "mobile", cue, checked=plus)


def _mobile_alone(reading: Reading, number: Number) -> bool:
    """Without a cue: not where words near name another kind of number of the same length."""
    if reading.impersonal(number.start, number.end):
        return False
    return len(number.digits) == 10 or reading.cue("aadhaar", number.start, number.end) is None


def _more_likely_fixed(reading: Reading, number: Number, prefix: int) -> bool:
    """Whether a number that could be mobile by its first digit is cut or named as a fixed line, and could be one."""
    apart = prefix > 0 and _rest(number.groups, prefix) in STD_GROUPS
    named = reading.cue("landline", number.start, number.end, reach=24) is not None
    return (apart or named) and fixed_line(number.digits[prefix:])


def _opened(reading: Reading, number: Number) -> int:
    """Where the number begins with its plus and bracket."""
    match = OPENED.search(reading.folded, max(0, number.start - 3), number.start)
    return match.start() if match else number.start


def _rest(groups: tuple[int, ...], prefix: int) -> tuple[int, ...]:
    """The lengths of the groups behind a prefix of so many digits."""
    left = list(groups)
    while prefix and left:
        taken = min(prefix, left[0])
        prefix -= taken
        left[0] -= taken
        if not left[0]:
            left.pop(0)
    return tuple(left)


def landline(reading: Reading) -> Iterator[Finding]:
    """An STD code and a subscriber's number, ten digits in all, behind 0 or +91; toll-free 1800 numbers are nobody's.

    Without a cue the code must stand apart and `phonenumbers` know the number as a fixed line; with one any first
    digit from 1 to 8 will do, or eight digits alone.
    """
    for length, prefix in PREFIXES.items():
        for number in reading.numbers.get(length, ()):
            rest = number.digits[len(prefix) :]
            if not number.digits.startswith(prefix) or rest[0] not in "12345678" or rest.startswith("1800"):
                continue
            fours = prefix == "91" and number.groups == (4, 4, 4)
            if fours or not free(reading, number):
                continue
            start = _opened(reading, number) if prefix else number.start
            cue = reading.cue("phone", start, number.end)
            apart = bool(prefix) and len(number.groups) in (2, 3, 4) and number.groups[-1] >= 4
            known = (apart or cue is not None) and fixed_line(rest)
            if (cue is not None and (known or prefix == "0")) or (
                apart and known and not reading.impersonal(number.start, number.end)
            ):
                yield Finding(start, number.end, "landline", cue, checked=known)
    for number in reading.numbers.get(8, ()):
        cue = reading.cue("phone", number.start, number.end, reach=24)
        if cue is not None and number.alone and number.digits[0] in "2345678" and free(reading, number):
            yield Finding(number.start, number.end, "landline", cue)


def fixed_line(national: str) -> bool:
    """Whether ten digits are a fixed line of India, as the plan of numbers that `phonenumbers` carries has it."""
    number = phonenumbers.PhoneNumber(country_code=91, national_number=int(national))
    kinds = phonenumbers.PhoneNumberType
    return phonenumbers.number_type(number) in (kinds.FIXED_LINE, kinds.FIXED_LINE_OR_MOBILE)


def abroad(reading: Reading) -> Iterator[Finding]:
    """A plus, a country's code other than 91 and a number that `phonenumbers` takes to be possible there."""
    for length in range(8, 16):
        for number in reading.numbers.get(length, ()):
            start = _opened(reading, number)
            plus = "+" in reading.folded[start : number.start]
            if plus and not number.digits.startswith("91") and free(reading, number) and number.alone:
                try:
                    parsed = phonenumbers.parse("+" + number.digits)
                except phonenumbers.NumberParseException:
                    continue
                if phonenumbers.is_valid_number(parsed):
                    yield Finding(start, number.end, "phone", reading.cue("phone", start, number.end), checked=True)


IMEI_GROUPS = {(15,), (2, 6, 6, 1), (6, 2, 6, 1), (8, 6, 1)}
IMEI_BEGINS = ("01", "35", "86", "99")
"""Reporting bodies of most phones (GSMA TS.06): 01 and 99 CTIA and others, 35 BABT, 86 TAF; the rest by a cue."""


def imei(reading: Reading) -> Iterator[Finding]:
    """Fifteen digits with a Luhn check digit."""
    for number in reading.numbers.get(15, ()):
        if luhn(number.digits) and free(reading, number):
            cue = reading.cue("imei", number.start, number.end)
            usual = number.groups in IMEI_GROUPS and number.digits.startswith(IMEI_BEGINS)
            if cue is not None or (usual and not reading.impersonal(number.start, number.end)):
                yield Finding(number.start, number.end, "imei", cue, checked=True)


def imsi(reading: Reading) -> Iterator[Finding]:
    """Fifteen digits that begin with a mobile country code of India (404 to 406; ITU-T E.212), by a cue alone."""
    for number in reading.numbers.get(15, ()):
        cue = reading.cue("imsi", number.start, number.end)
        if cue is not None and number.digits.startswith(("404", "405", "406")) and free(reading, number):
            yield Finding(number.start, number.end, "imsi", cue)


def iccid(reading: Reading) -> Iterator[Finding]:
    """Nineteen or twenty digits that begin with 89 and end with a Luhn check digit (ITU-T E.118)."""
    for length in (19, 20):
        for number in reading.numbers.get(length, ()):
            if number.digits.startswith("89") and luhn(number.digits) and free(reading, number):
                cue = reading.cue("iccid", number.start, number.end)
                yield Finding(number.start, number.end, "iccid", cue, checked=True)
