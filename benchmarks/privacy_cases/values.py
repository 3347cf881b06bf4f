"""Made identifiers with right check digits and in the ways people write them; and numbers with wrong check digits.

Check digits come from python-stdnum, not from the code that is measured.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable

from stdnum import luhn, verhoeff

STATES = ("MH", "DL", "KA", "TN", "UP", "GJ", "WB", "RJ", "KL", "TS", "AP", "PB", "HR", "OD", "AS", "JH")
BANKS = ("SBIN", "HDFC", "ICIC", "UTIB", "PUNB", "KKBK", "BARB", "CNRB")
HANDLES = ("ybl", "okicici", "okhdfcbank", "oksbi", "paytm", "upi", "axl", "ibl", "apl", "okaxis")
STD = ("011", "022", "033", "044", "080", "040", "0124", "0141", "0484", "0612")
FIRST = ("ravi", "sunita", "farhan", "lakshmi", "arjun", "meera", "gurpreet", "anand")


def digits(chance: random.Random, n: int) -> str:
    return "".join(chance.choice(string.digits) for _ in range(n))


def letters(chance: random.Random, n: int) -> str:
    return "".join(chance.choice(string.ascii_uppercase) for _ in range(n))


def grouped(text: str, sizes: tuple[int, ...], gap: str) -> str:
    """The text cut into groups."""
    out, at = [], 0
    for size in sizes:
        out.append(text[at : at + size])
        at += size
    return gap.join(out)


def _checked(chance: random.Random, body: str, module: object) -> str:
    return body + str(module.calc_check_digit(body))  # type: ignore[attr-defined]


def aadhaar(chance: random.Random) -> str:
    number = _checked(chance, chance.choice("23456789") + digits(chance, 10), verhoeff)
    return chance.choice(
        [number, grouped(number, (4, 4, 4), " "), grouped(number, (4, 4, 4), "-"), grouped(number, (4, 4, 4), ".")]
    )


def vid(chance: random.Random) -> str:
    number = _checked(chance, chance.choice("123456789") + digits(chance, 14), verhoeff)
    return chance.choice([number, grouped(number, (4, 4, 4, 4), " "), grouped(number, (4, 4, 4, 4), "-")])


def plain_pan(chance: random.Random) -> str:
    return (
        letters(chance, 3)
        + chance.choice("PPPPCHFATBLJG")
        + letters(chance, 1)
        + digits(chance, 4)
        + letters(chance, 1)
    )


def pan(chance: random.Random) -> str:
    number = plain_pan(chance)
    return chance.choice(
        [number, number, number.lower(), grouped(number, (5, 4, 1), " "), grouped(number, (5, 4, 1), "-")]
    )


def plain_gstin(chance: random.Random) -> str:
    body = f"{chance.randint(1, 37):02d}{plain_pan(chance)}{chance.choice('123')}Z"
    return body + luhn.calc_check_digit(body, alphabet=string.digits + string.ascii_uppercase)


def mobile(chance: random.Random) -> str:
    number = chance.choice("6789") + digits(chance, 9)
    number = chance.choice(
        [number, number, grouped(number, (5, 5), " "), grouped(number, (5, 5), "-"), grouped(number, (3, 3, 4), "-"),
         grouped(number, (4, 3, 3), " "), grouped(number, (2, 2, 2, 2, 2), " ")]
    )  # fmt: skip
    return chance.choice(["", "", "", "+91 ", "+91-", "+91", "91", "0", "(+91) ", "0091 "]) + number


def landline(chance: random.Random) -> str:
    code = chance.choice(STD)
    number = chance.choice("2345") + digits(chance, 10 - len(code))
    return chance.choice(
        [f"{code}-{number}", f"{code} {number}", f"({code}) {number}", f"+91-{code[1:]}-{number}", f"{code}{number}"]
    )


def vehicle(chance: random.Random) -> str:
    if chance.random() < 0.15:
        parts = [
            f"{chance.randint(21, 26)}",
            "BH",
            digits(chance, 4),
            letters(chance, 2).translate(str.maketrans("IO", "AB")),
        ]
    else:
        series = letters(chance, chance.choice([1, 2, 2, 2])).translate(str.maketrans("IO", "AB"))
        parts = [chance.choice(STATES), f"{chance.randint(1, 99):02d}", series, f"{chance.randint(1000, 9999)}"]
    plate = chance.choice(["", " ", "-"]).join(parts)
    return plate.lower() if chance.random() < 0.15 else plate


def voter_id(chance: random.Random) -> str:
    return letters(chance, 3) + chance.choice(["", "", " "]) + digits(chance, 7)


def passport(chance: random.Random) -> str:
    number = chance.choice("JKLMNPRSTUVZ") + chance.choice("123456789") + digits(chance, 5) + chance.choice("123456789")
    return chance.choice([number, number, f"{number[0]} {number[1:]}", number.lower()])


def driving_licence(chance: random.Random) -> str:
    state, office, year, rest = (
        chance.choice(STATES),
        f"{chance.randint(1, 60):02d}",
        chance.randint(1990, 2024),
        digits(chance, 7),
    )
    return chance.choice(
        [
            f"{state}{office}{year}{rest}",
            f"{state}{office} {year}{rest}",
            f"{state}-{office}{year}{rest}",
            f"{state}-{office}-{year}-{rest}",
        ]
    )


def ifsc(chance: random.Random) -> str:
    code = f"{chance.choice(BANKS)}0{digits(chance, 6)}"
    return chance.choice([code, code, code.lower()])


def bank_account(chance: random.Random) -> str:
    number = chance.choice("123456789") + digits(chance, chance.choice([10, 11, 13, 14]))
    return chance.choice([number, number, grouped(number, (4, 4, 4, 4)[: -(-len(number) // 4)], " ")])


def card(chance: random.Random) -> str:
    start = chance.choice(["4", "5" + chance.choice("12345"), "60", "6521", "37", "508500"])
    number = _checked(chance, start + digits(chance, (14 if start == "37" else 15) - len(start)), luhn)
    sizes = (4, 6, 5) if start == "37" else (4, 4, 4, 4)
    return chance.choice([number, grouped(number, sizes, " "), grouped(number, sizes, "-")])


def imei(chance: random.Random) -> str:
    number = _checked(chance, chance.choice(["35", "86", "35", "99", "44"]) + digits(chance, 12), luhn)
    return chance.choice([number, number, grouped(number, (2, 6, 6, 1), "-")])


def imsi(chance: random.Random) -> str:
    return chance.choice(["404", "405"]) + digits(chance, 12)


def iccid(chance: random.Random) -> str:
    number = _checked(chance, "8991" + digits(chance, chance.choice([14, 15])), luhn)
    return chance.choice([number, grouped(number, (4, 4, 4, 4, 4), " ")])


def order(chance: random.Random) -> str:
    return chance.choice(
        [
            f"OD{digits(chance, 18)}",
            f"{digits(chance, 3)}-{digits(chance, 7)}-{digits(chance, 7)}",
            digits(chance, 9),
            f"BK-{digits(chance, 8)}",
        ]
    )


def awb(chance: random.Random) -> str:
    return chance.choice(
        [digits(chance, 11), f"FMPC{digits(chance, 10)}", digits(chance, 14), f"EE{digits(chance, 9)}IN"]
    )


def email(chance: random.Random) -> str:
    name = (
        chance.choice(FIRST)
        + chance.choice([".", "_", ""])
        + chance.choice(FIRST)
        + chance.choice(["", digits(chance, 2)])
    )
    domain = chance.choice(["gmail.com", "yahoo.co.in", "rediffmail.com", "mycompany.in", "iitb.ac.in"])
    return chance.choice(
        [
            f"{name}@{domain}",
            f"{name}@{domain}",
            f"{name.upper()}@{domain.upper()}",
            f"{name} [at] {domain.replace('.', ' [dot] ')}",
        ]
    )


def upi(chance: random.Random) -> str:
    name = chance.choice(
        [
            chance.choice(FIRST) + digits(chance, 3),
            chance.choice("6789") + digits(chance, 9),
            chance.choice(FIRST) + "." + chance.choice(FIRST),
        ]
    )
    return f"{name}@{chance.choice(HANDLES)}"


def ip(chance: random.Random) -> str:
    if chance.random() < 0.3:
        return ":".join(
            f"{n:x}" for n in [chance.randint(0x2001, 0x2FFF), *(chance.randint(1, 0xFFFF) for _ in range(7))]
        )
    return ".".join(str(chance.randint(1, 223)) for _ in range(4))


def coordinates(chance: random.Random) -> str:
    north, east = (
        f"{chance.uniform(8, 33):.{chance.choice([4, 6])}f}",
        f"{chance.uniform(69, 95):.{chance.choice([4, 6])}f}",
    )
    return chance.choice([f"{north}, {east}", f"{north},{east}", f"{north}° N, {east}° E"])


def handle(chance: random.Random) -> str:
    return (
        "@"
        + chance.choice(FIRST)
        + chance.choice(["_", "."])
        + chance.choice(FIRST)
        + chance.choice(["", digits(chance, 2)])
    )


def birth_date(chance: random.Random) -> str:
    day, month, year = f"{chance.randint(1, 28):02d}", f"{chance.randint(1, 12):02d}", chance.randint(1950, 2010)
    return chance.choice(
        [f"{day}/{month}/{year}", f"{day}-{month}-{year}", f"{day}.{month}.{year}", f"{year}-{month}-{day}"]
    )


def pin_code(chance: random.Random) -> str:
    number = chance.choice("12345678") + digits(chance, 5)
    return chance.choice([number, number, f"{number[:3]} {number[3:]}"])


VALUES: dict[str, Callable[[random.Random], str]] = {
    "aadhaar": aadhaar,
    "vid": vid,
    "pan": pan,
    "gstin": plain_gstin,
    "upi": upi,
    "mobile": mobile,
    "landline": landline,
    "vehicle": vehicle,
    "voter_id": voter_id,
    "passport": passport,
    "driving_licence": driving_licence,
    "ifsc": ifsc,
    "bank_account": bank_account,
    "card": card,
    "imei": imei,
    "imsi": imsi,
    "iccid": iccid,
    "order": order,
    "awb": awb,
    "email": email,
    "ip": ip,
    "coordinates": coordinates,
    "handle": handle,
    "birth_date": birth_date,
    "pin_code": pin_code,
}


def wrong(kind: str, chance: random.Random) -> str:
    """An identifier with a check digit that is one too high: it is nobody's."""
    number = VALUES[kind](chance)
    last = number[-1]
    if kind == "gstin":
        return number[:-1] + ("A" if last != "A" else "B")
    return number[:-1] + str((int(last) + 1) % 10)


def impersonal(chance: random.Random) -> dict[str, str]:
    """What the sentences round numbers that are nobody's ask for."""
    body = "978" + digits(chance, 9)
    check = -sum(int(c) * (3 if i % 2 else 1) for i, c in enumerate(body)) % 10
    return {
        "n10": chance.choice("6789") + digits(chance, 9),
        "n12": _checked(chance, chance.choice("23456789") + digits(chance, 10), verhoeff),
        "amount": chance.choice(
            [
                "98,76,54,321",
                "1,23,456.50",
                str(chance.randint(6 * 10**9, 10**10 - 1)),
                str(chance.randint(100000, 899999)),
            ]
        ),
        "isbn": grouped(body + str(check), (3, 2, 4, 3, 1), chance.choice(["-", "-", ""])),
        "qty": str(chance.choice([500, 120000, 560001, 7200000000])),
        "year": str(chance.randint(1900, 2025)),
        "pop": chance.choice(["9876543210", "12,34,567", "560034", "8,43,021"]),
        "sku": chance.choice(
            [
                f"SKU-{digits(chance, 6)}",
                f"ABX{digits(chance, 7)}",
                f"M{digits(chance, 7)}",
                f"XK-{digits(chance, 4)}-{digits(chance, 4)}",
            ]
        ),
        "date": f"{chance.randint(1, 28):02d}/{chance.randint(1, 12):02d}/{chance.randint(2020, 2026)}",
        "version": chance.choice(["10.4.2.1", "3.11.4", "2.0.1"]),
    }
