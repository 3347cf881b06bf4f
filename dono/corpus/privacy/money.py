"""Identifiers of payment: UPI addresses, IFSC, bank accounts, cards."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from dono.corpus.privacy.checksums import luhn
from dono.corpus.privacy.cues import words
from dono.corpus.privacy.findings import Finding
from dono.corpus.privacy.reading import Number, Reading
from dono.corpus.privacy.recogniser import any_code, codes, free, upper_code

UPI_HANDLES = frozenset(
    words(
        """
        abfspay airtel albk allahabadbank allbank amazonpay andb apl axb axisb axisbank axisbankbhim axisgo axl
        bandhan barodampay barodapay bhim birla boi bpay cbin cboi centralbank cmsidfc cnrb csbpay cub dbs dcb
        dcbbank denabank dlb eazypay equitas ezeepay fam fbl federal finobank freecharge goaxb hdfcbank
        hdfcbankjd hsbc icici idbi idbibank idfc idfcbank idfcfirst idfcnetc ikwik imobile indbank indianbank
        indie indus indusind iob jio jkb jsb jsbp jupiteraxis karb karurvysyabank kaypay kbl kbl052 kmb kmbl
        kotak kvb kvbank lime lvb lvbank mahb mairtel myicici naviaxis niyoicici nsdl obc okaxis okhdfcbank
        okicici oksbi omni oneyes paytm payzapp pingpay pnb pockets postbank psb ptaxis pthdfc ptsbi ptyes purz
        rajgovhdfcbank rapl rbl rmhdfcbank s2b saraswat sbi sc scb scbl seyes shriramhdfcbank sib slc slice
        srcb superyes syndicate tapicici timecosmos tjsb trans tsb ubi uboi uco unionbank unionbankofindia
        united upi utbi utib utkarsh vijayabank vjb waaxis wahdfcbank waicici wasbi yapl ybl yesbank yescred
        yesg yespay yespop
        """,
        None,
    )
)
"""Handles of UPI apps and banks known to us; others need a cue."""

UPI = regex.compile(
    r"(?<![A-Za-z0-9._+\-])[A-Za-z0-9][A-Za-z0-9._\-]{1,60}[ ]?@[ ]?(?P<handle>[A-Za-z][A-Za-z0-9]{1,24})"
    r"(?![A-Za-z0-9\-]|\.[A-Za-z])"
)


def upi(reading: Reading) -> Iterator[Finding]:
    """name@handle with a known handle; with another one by a cue."""
    for at in reading.at_signs:
        for match in UPI.finditer(reading.folded, max(0, at - 64), at + 40):
            known, tight = match["handle"].lower() in UPI_HANDLES, " " not in match[0]
            cue = reading.cue("upi", *match.span())
            written = tight or regex.search(r"[0-9._]", match[0].partition("@")[0])
            if written and (known or (cue is not None and tight)):
                yield Finding(*match.span(), "upi", cue, checked=known)


IFSC_UPPER = upper_code(r"[A-Z]{4}0(?=[A-Z0-9]*[0-9])[A-Z0-9]{6}")
IFSC_SPLIT = any_code(r"[A-Z](?:[ \-]?[A-Z]){3}[ \-]?0(?:[ \-]?[A-Z0-9]){2}(?:[ \-]?[0-9]){3}[ \-]?[A-Z0-9]")

IFSC_SMALL = regex.compile(r"(?<![a-z0-9])[a-z]{4}0[0-9]{6}(?![A-Za-z0-9])")
"""In small letters behind capitals (IFSCsbin0001234)."""


def ifsc(reading: Reading) -> Iterator[Finding]:
    """Four letters of a bank, a zero, six characters of a branch."""
    for pattern, alone in ((IFSC_UPPER, True), (IFSC_SPLIT, False), (IFSC_SMALL, False)):
        for match in codes(reading, pattern) if alone or reading.names("ifsc") else ():
            cue = reading.cue("ifsc", *match.span())
            if cue is not None or (alone and not reading.impersonal(*match.span())):
                yield Finding(*match.span(), "ifsc", cue)


def bank_account(reading: Reading) -> Iterator[Finding]:
    """Nine to eighteen digits that a cue calls an account; there is no check digit all banks share."""
    for length in range(9, 19) if reading.names("bank_account") else ():
        for number in reading.numbers.get(length, ()):
            cue = reading.cue("bank_account", number.start, number.end)
            if cue is not None and free(reading, number):
                yield Finding(number.start, number.end, "bank_account", cue)


CARD_GROUPS = {(4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3)}
ISSUERS: tuple[tuple[int, int, frozenset[int]], ...] = (
    (4, 4, frozenset({13, 16, 19})),  # Visa
    (51, 55, frozenset({16})),  # Mastercard
    (2221, 2720, frozenset({16})),
    (34, 34, frozenset({15})),  # American Express
    (37, 37, frozenset({15})),
    (60, 60, frozenset({16})),  # RuPay
    (65, 65, frozenset({16})),
    (81, 82, frozenset({16})),
    (508, 508, frozenset({16})),
    (353, 356, frozenset({16})),
    (3528, 3589, frozenset(range(16, 20))),  # JCB
    (6011, 6011, frozenset(range(16, 20))),  # Discover
    (644, 649, frozenset(range(16, 20))),
    (300, 305, frozenset({14})),  # Diners Club
    (36, 36, frozenset({14})),
    (38, 39, frozenset({14})),
    (62, 62, frozenset(range(16, 20))),  # UnionPay
    (50, 50, frozenset(range(13, 20))),  # Maestro
    (56, 58, frozenset(range(13, 20))),
    (67, 67, frozenset(range(13, 20))),
)
"""Ranges of the first digits of cards (ISO/IEC 7812 as issuers publish them) and the lengths in use."""


def issued(digits: str) -> bool:
    """Whether a card can begin so and be so long."""
    return any(low <= int(digits[: len(str(low))]) <= high and len(digits) in n for low, high, n in ISSUERS)


def card(reading: Reading) -> Iterator[Finding]:
    """Thirteen to nineteen digits in an issuer's range with a Luhn check digit."""
    for length in range(13, 20):
        for number in reading.numbers.get(length, ()):
            if luhn(number.digits) and issued(number.digits) and free(reading, number):
                cue = reading.cue("card", number.start, number.end)
                if cue is not None or (_usual(number) and not reading.impersonal(number.start, number.end)):
                    yield Finding(number.start, number.end, "card", cue, checked=True)


def _usual(number: Number) -> bool:
    return number.groups in CARD_GROUPS or len(number.groups) == 1
