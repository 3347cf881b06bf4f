"""Check digits of identifiers: Verhoeff, Luhn, and the modulus 36 of GSTIN."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

# Verhoeff, Error Detecting Decimal Codes (1969): multiplication in the dihedral group D5, and powers of a permutation.
PRODUCT = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 3, 4, 0, 6, 7, 8, 9, 5), (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7), (4, 0, 1, 2, 3, 9, 5, 6, 7, 8), (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2), (7, 6, 5, 9, 8, 2, 1, 0, 4, 3), (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)  # fmt: skip
PERMUTED = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 5, 7, 6, 2, 8, 3, 0, 9, 4), (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7), (9, 4, 5, 3, 1, 2, 6, 8, 7, 0), (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5), (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)  # fmt: skip
BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def verhoeff(digits: str) -> bool:
    """Whether the last of some ASCII digits is their Verhoeff check digit."""
    return not reduce(lambda sum_, at: PRODUCT[sum_][PERMUTED[at[0] % 8][int(at[1])]], enumerate(reversed(digits)), 0)


def luhn(digits: str) -> bool:
    """Whether the last of some ASCII digits is their Luhn check digit (ISO/IEC 7812-1, annex B)."""
    doubled = (sum(divmod(int(d) * 2, 10)) if i % 2 else int(d) for i, d in enumerate(reversed(digits)))
    return sum(doubled) % 10 == 0


def gstin(code: str) -> bool:
    """Whether the fifteenth character of a GSTIN (upper case) is its check character: Luhn's rule to the base 36."""
    products = [BASE36.index(c) * (2 if i % 2 else 1) for i, c in enumerate(code[:14])]
    return BASE36[-sum(sum(divmod(p, 36)) for p in products) % 36] == code[14]


def completed(body: str, valid: Callable[[str], bool], alphabet: str = "0123456789") -> str:
    """A body with the one check character behind it that makes it valid. `valid` is one of the functions above."""
    return next(body + c for c in alphabet if valid(body + c))
