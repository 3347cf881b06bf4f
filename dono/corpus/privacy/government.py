"""Identifiers that the state gives: Aadhaar and its virtual id, PAN, GSTIN, voter's card, passport, licence, plate."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from dono.corpus.privacy.checksums import gstin as gstin_checks
from dono.corpus.privacy.checksums import luhn, verhoeff
from dono.corpus.privacy.findings import Finding
from dono.corpus.privacy.money import issued
from dono.corpus.privacy.reading import STATES, Reading
from dono.corpus.privacy.recogniser import any_code, codes, free, upper_code

GAP = r"[ \-./]{0,3}"
AADHAAR_GROUPS = {(12,), (4, 4, 4)}
VID_GROUPS = {(16,), (4, 4, 4, 4)}
MOBILE_LIKE = regex.compile(r"91[6-9]")


def aadhaar(reading: Reading) -> Iterator[Finding]:
    """Twelve digits, the first 2 to 9, the last a Verhoeff check digit; grouped otherwise than 4-4-4 only by a cue."""
    for number in reading.numbers.get(12, ()):
        digits = number.digits
        if digits[0] in "01" or not verhoeff(digits) or not free(reading, number):
            continue
        cue = reading.cue("aadhaar", number.start, number.end)
        usual = number.groups in AADHAAR_GROUPS and not (number.groups == (12,) and MOBILE_LIKE.match(digits))
        if cue is not None or (usual and not reading.impersonal(number.start, number.end)):
            yield Finding(number.start, number.end, "aadhaar", cue, checked=True)


def vid(reading: Reading) -> Iterator[Finding]:
    """Sixteen digits with a Verhoeff check digit; without a cue only if it could not be a card."""
    for number in reading.numbers.get(16, ()):
        if not verhoeff(number.digits) or not free(reading, number):
            continue
        cues = [reading.cue(kind, number.start, number.end) for kind in ("vid", "aadhaar")]
        cue = min((c for c in cues if c is not None), default=None)
        usual = number.groups in VID_GROUPS and not (luhn(number.digits) and issued(number.digits))
        other = (
            reading.impersonal(number.start, number.end) or reading.cue("card", number.start, number.end) is not None
        )
        if cue is not None or (usual and not other):
            yield Finding(number.start, number.end, "vid", cue, checked=True)


PAN_UPPER = upper_code(r"[A-Z]{3}[ABCFGHLJPT][A-Z][0-9]{4}[A-Z]")
PAN_SPLIT = any_code(rf"[A-Z](?:{GAP}[A-Z]){{2}}{GAP}[ABCFGHLJPT]{GAP}[A-Z](?:{GAP}[0-9]){{4}}{GAP}[A-Z]")


def pan(reading: Reading) -> Iterator[Finding]:
    """AAAAA9999A whose fourth letter is a kind of holder (P: person, C: company, …)."""
    yield from _codes(
        reading, "pan", PAN_UPPER, PAN_SPLIT, alone_in_small=regex.compile(r"[a-z]{3}p[a-z][0-9]{4}[a-z]")
    )


GSTIN = any_code(rf"[0-9]{{2}}{GAP}[A-Z]{{5}}{GAP}[0-9]{{4}}{GAP}[A-Z]{GAP}[1-9A-Z]{GAP}Z{GAP}[0-9A-Z]")
GSTIN_UPPER = upper_code(r"[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][1-9A-Z]Z[0-9A-Z]")
GST_STATES = {f"{code:02d}" for code in range(1, 39)} | {"96", "97", "99"}


def gstin(reading: Reading) -> Iterator[Finding]:
    """A state's code, a PAN, a number, Z and a check character."""
    for pattern in (GSTIN_UPPER, GSTIN):
        for match in codes(reading, pattern):
            code = regex.sub(r"[^0-9A-Z]", "", match[0].upper())
            if code[:2] in GST_STATES and gstin_checks(code):
                cue = reading.cue("gstin", *match.span())
                yield Finding(*match.span(), "gstin", cue, checked=True)


VOTER_UPPER = upper_code(
    r"(?!INV|ORD|TXN|SKU|REF|AWB|BIL|PNR|TKT|MOD|ISO|PRD|CRN|GST|UTR|BAT|LOT|SER|RFQ|ISB)[A-Z]{3}[0-9]{7}"
)
VOTER_SPLIT = any_code(rf"[A-Z]{GAP}[A-Z]{GAP}[A-Z](?:{GAP}[0-9]){{7}}|[A-Z]{{2}}/[0-9]{{2}}/[0-9]{{3}}/[0-9]{{6,7}}")
PASSPORT_UPPER = upper_code(r"[A-PR-WYZ][1-9][0-9]{5}[1-9]")
PASSPORT_SPLIT = any_code(rf"[A-Z](?:{GAP}[0-9]){{7}}")
LICENCE_UPPER = upper_code(rf"(?:{STATES})[ \-]?[0-9]{{2}}[ \-/]?(?:19|20)[0-9]{{2}}[ \-/]?[0-9]{{7}}")
LICENCE_SPLIT = any_code(rf"(?:{STATES}){GAP}[0-9]{{2}}(?:{GAP}[0-9]){{9,11}}")
DASH = r"(?:[ \-./]|[ ]-[ ])?"
PLATE_UPPER = upper_code(
    rf"(?:(?:{STATES}){DASH}[0-9]{{2}}|DL{DASH}[0-9]){DASH}[A-Z]{{1,3}}{DASH}[0-9]{{4}}"
    rf"|[2-9][0-9]{DASH}BH{DASH}[0-9]{{4}}{DASH}[A-Z]{{1,2}}"
)
PLATE_SMALL = regex.compile(rf"(?:{STATES})[0-9]{{2}}[A-Z]{{1,2}}[0-9]{{4}}", regex.IGNORECASE)
PLATE_SPLIT = any_code(
    rf"(?:{STATES})(?:{GAP}[0-9]){{1,2}}(?:(?:{GAP}[A-Z]){{1,3}}(?:{GAP}[0-9]){{1,4}}|{GAP}[0-9]{{4}})"
    rf"|[0-9]{GAP}[0-9]{GAP}B{GAP}H(?:{GAP}[0-9]){{4}}(?:{GAP}[A-Z]){{1,2}}"
)


def voter_id(reading: Reading) -> Iterator[Finding]:
    """EPIC: three letters and seven digits; the older form with slashes only by a cue."""
    yield from _codes(reading, "voter_id", VOTER_UPPER, VOTER_SPLIT)


def passport(reading: Reading) -> Iterator[Finding]:
    """A letter and seven digits, neither end of them a zero unless a cue is there."""
    yield from _codes(reading, "passport", PASSPORT_UPPER, PASSPORT_SPLIT)


def driving_licence(reading: Reading) -> Iterator[Finding]:
    """State, office, year, seven digits."""
    yield from _codes(reading, "driving_licence", LICENCE_UPPER, LICENCE_SPLIT)


def vehicle(reading: Reading) -> Iterator[Finding]:
    """A number plate: state, office, letters, digits; or year, BH, digits, letters."""
    yield from _codes(reading, "vehicle", PLATE_UPPER, PLATE_SPLIT, alone_in_small=PLATE_SMALL)


def _codes(
    reading: Reading,
    kind: str,
    upper: regex.Pattern[str],
    split: regex.Pattern[str],
    alone_in_small: regex.Pattern[str] | None = None,
) -> Iterator[Finding]:
    """Codes in their usual form, unless the words near are not personal; in any other form only by a cue."""
    for match in codes(reading, upper):
        cue = reading.cue(kind, *match.span())
        if cue is not None or not reading.impersonal(*match.span()):
            yield Finding(*match.span(), kind, cue)
    for match in codes(reading, split) if alone_in_small is not None or reading.names(kind) else ():
        cue = reading.cue(kind, *match.span())
        small = alone_in_small is not None and alone_in_small.fullmatch(match[0])
        if cue is not None or (small and not reading.impersonal(*match.span())):
            yield Finding(*match.span(), kind, cue)
