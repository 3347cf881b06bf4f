"""Numbers and amounts of tables: read exactly, written with Indian grouping and in local forms; nothing is rounded."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import regex
from babel.numbers import UnknownCurrencyError, get_currency_precision, get_currency_symbol, validate_currency

from dono.corpus.dates import LONGEST_WRITTEN, ascii_digits, locale_of
from dono.corpus.rows import Malformed

SIGNS = regex.compile(r"₹|\bINR\b|\bRs\b\.?|/-$|\s", regex.IGNORECASE)
GROUPED = regex.compile(r"[+-]?(\d+|\d{1,3}(,\d{2,3})*,\d{3})(\.\d+)?([eE][+-]?\d{1,2})?")
LARGEST, SMALLEST = Decimal(10) ** 21, Decimal(10) ** -21
"""Numbers beyond are no amount and no count of a business (assumed): 1e999 would be written out in full."""
LONGEST = 28
"""Digits: as many as `decimal` reckons with exactly."""
LAKH, CRORE = 100_000, 10_000_000
WORDS = {
    "en": ("lakh", "crore"), "hi": ("लाख", "करोड़"), "bn": ("লাখ", "কোটি"), "ta": ("லட்சம்", "கோடி"),
    "te": ("లక్షలు", "కోట్లు"), "mr": ("लाख", "कोटी"), "gu": ("લાખ", "કરોડ"), "kn": ("ಲಕ್ಷ", "ಕೋಟಿ"),
    "ml": ("ലക്ഷം", "കോടി"), "pa": ("ਲੱਖ", "ਕਰੋੜ"), "or": ("ଲକ୍ଷ", "କୋଟି"), "as": ("লাখ", "কোটি"),
    "ur": ("لاکھ", "کروڑ"),
}  # fmt: skip
"""A hundred thousand and ten million. Telugu has the plural: amounts are rarely one."""
ZEROS = {"hi": "०", "mr": "०", "bn": "০", "as": "০", "ta": "௦", "te": "౦", "gu": "૦", "kn": "೦", "ml": "൦", "pa": "੦",
         "or": "୦", "ur": "۰"}  # fmt: skip
"""Digit zero of each language's own script; the others follow it in Unicode."""


def read_number(value: object) -> Decimal:
    """A number exactly as it is written: `12,34,567.50`, `₹ 499/-`, `Rs. 10`, `१२`. Raises `Malformed`."""
    if value is None or value == "":
        raise Malformed("no number")
    if isinstance(value, bool):
        raise Malformed("not a number")
    written = str(value)
    text = SIGNS.sub("", ascii_digits(written))
    if len(written) > LONGEST_WRITTEN or not GROUPED.fullmatch(text):
        raise Malformed("not a number")
    try:
        number = Decimal(text.replace(",", ""))
    except InvalidOperation as error:
        raise Malformed("not a number") from error
    if len(number.as_tuple().digits) > LONGEST or number.copy_abs() >= LARGEST or 0 < number.copy_abs() < SMALLEST:
        raise Malformed("a number beyond all measure")
    return number


def in_own_digits(text: str, language: str) -> str:
    """The text with the digits of the language's script; as it is where the language writes 0 to 9."""
    zero = ZEROS.get(language)
    return text if zero is None else text.translate({ord("0") + i: chr(ord(zero) + i) for i in range(10)})


def grouped(number: Decimal, decimals: int | None = None) -> str:
    """A number with lakhs and crores apart: 12,34,567.5. At least `decimals` places; none is taken away."""
    sign, digits, _ = number.as_tuple()
    whole, _, part = format(abs(number), "f").partition(".")
    part = part.rstrip("0")
    if decimals is not None and part:
        part = part.ljust(decimals, "0")
    head, tail = whole[:-3], whole[-3:]
    groups = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)][::-1]
    minus = "-" if sign and any(digits) else ""
    return minus + ",".join([*groups, tail]) + (f".{part}" if part else "")


def rupees(number: Decimal, language: str = "en", *, words: bool = False) -> str:
    """An amount in rupees: ₹12,34,567.50. Paise stand only where there are some.

    With `words`, from a lakh on: ₹12.34567 lakh, exactly, in the words of the language.
    """
    minus = "-" if number < 0 else ""
    if words and abs(number) >= LAKH:
        unit = CRORE if abs(number) >= CRORE else LAKH
        word = WORDS.get(language, WORDS["en"])[unit == CRORE]
        return f"{minus}₹{grouped(abs(number) / unit)} {word}"
    return f"{minus}₹{grouped(abs(number), 2)}"


def amount(number: Decimal, currency: str, language: str = "en") -> str:
    """An amount in any currency (ISO 4217), its sign in front, grouped as in India. Raises `Malformed` if unknown."""
    if currency == "INR":
        return rupees(number, language)
    try:
        validate_currency(currency)
    except UnknownCurrencyError as error:
        raise Malformed("an unknown currency") from error
    sign = get_currency_symbol(currency, locale=locale_of(language))
    minus = "-" if number < 0 else ""
    space = " " if sign.isalpha() else ""
    return f"{minus}{sign}{space}{grouped(abs(number), get_currency_precision(currency))}"
