"""Surrogates: another identifier of the same form, valid where the first was, the same for the same key and value."""

from __future__ import annotations

import random
import string
import unicodedata
from collections.abc import Callable

import regex

from dono.corpus.privacy.checksums import BASE36, completed, gstin, luhn, verhoeff
from dono.corpus.privacy.reading import DIGITS, fold

Change = Callable[[str, random.Random], str]
"""From the letters and digits of an identifier (ASCII, upper case) to as many of another."""

NAMES = {
    "LATIN": ("Asha", "Ravi", "Meena", "Kiran", "Suresh", "Latha", "Imran", "Joseph"),
    "DEVANAGARI": ("आशा", "रवि", "मीना", "किरण", "सुरेश", "लता", "इमरान", "जोसेफ"),
    "BENGALI": ("আশা", "রবি", "মীনা", "কিরণ", "সুরেশ", "লতা", "ইমরান", "জোসেফ"),
    "GURMUKHI": ("ਆਸ਼ਾ", "ਰਵੀ", "ਮੀਨਾ", "ਕਿਰਨ", "ਸੁਰੇਸ਼", "ਲਤਾ", "ਇਮਰਾਨ", "ਜੋਸਫ਼"),
    "GUJARATI": ("આશા", "રવિ", "મીના", "કિરણ", "સુરેશ", "લતા", "ઇમરાન", "જોસેફ"),
    "ORIYA": ("ଆଶା", "ରବି", "ମୀନା", "କିରଣ", "ସୁରେଶ", "ଲତା", "ଇମରାନ", "ଯୋସେଫ"),
    "TAMIL": ("ஆஷா", "ரவி", "மீனா", "கிரண்", "சுரேஷ்", "லதா", "இம்ரான்", "ஜோசப்"),
    "TELUGU": ("ఆశ", "రవి", "మీనా", "కిరణ్", "సురేష్", "లత", "ఇమ్రాన్", "జోసెఫ్"),
    "KANNADA": ("ಆಶಾ", "ರವಿ", "ಮೀನಾ", "ಕಿರಣ್", "ಸುರೇಶ್", "ಲತಾ", "ಇಮ್ರಾನ್", "ಜೋಸೆಫ್"),
    "MALAYALAM": ("ആശ", "രവി", "മീന", "കിരൺ", "സുരേഷ്", "ലത", "ഇമ്രാൻ", "ജോസഫ്"),
    "ARABIC": ("آشا", "روی", "مینا", "کرن", "سریش", "لتا", "عمران", "جوزف"),
}
"""First names by script, common ones that point to nobody."""


def surrogate(kind: str, value: str, seed: bytes) -> str | None:
    """Another identifier in the same dress: separators, digits' script and capitals as in `value`.

    `seed` fixes the outcome. None where no surrogate is made (addresses, names in a script without a list). A random
    mobile number, account or plate may belong to somebody: a surrogate hides whose the text was about, no more.
    """
    chance = random.Random(seed)
    if kind == "name":
        return _name(value, chance)
    if kind in ("email", "upi", "handle"):
        return _local(kind, value, chance)
    if kind == "ip":
        return _ip(value, chance)
    if kind not in CHANGES:
        return None
    folded = fold(value)
    places = [i for i, c in enumerate(folded) if c.isascii() and c.isalnum()]
    inner = "".join(folded[i] for i in places).upper()
    changed = CHANGES[kind](inner, chance)
    assert len(changed) == len(inner), kind
    out = list(value)
    for place, new in zip(places, changed, strict=True):
        out[place] = _dressed(new, value[place])
    return "".join(out)


def _dressed(new: str, old: str) -> str:
    """A character in the case or the digits' script of the one it stands for."""
    if new.isdigit() and ord(old) in DIGITS:
        return chr(ord(old) - int(DIGITS[ord(old)]) + int(new))
    return new.lower() if old.islower() else new


def _digits(text: str, chance: random.Random, keep: int = 0) -> str:
    """Other digits for digits behind the first `keep` characters, other letters for letters."""
    return text[:keep] + "".join(
        chance.choice(string.digits) if c.isdigit() else chance.choice(string.ascii_uppercase) for c in text[keep:]
    )


def _checked(keep: int, valid: Callable[[str], bool]) -> Change:
    """A change that keeps the first characters and ends in a valid check digit."""
    return lambda text, chance: completed(_digits(text, chance, keep)[:-1], valid)


def _aadhaar(text: str, chance: random.Random) -> str:
    return completed(chance.choice("23456789") + _digits(text, chance)[1:-1], verhoeff)


def _phone(text: str, chance: random.Random) -> str:
    keep = len(text) - 9 if len(text) >= 10 else 1
    return _digits(text, chance, keep)


def _passport(text: str, chance: random.Random) -> str:
    first, last = chance.choice("123456789"), chance.choice("123456789")
    return text[0] + first + _digits(text[2:-1], chance) + last


def _gstin(text: str, chance: random.Random) -> str:
    holder = _digits(text[2:5], chance) + text[5] + _digits(text[6:12], chance)
    return completed(text[:2] + holder + text[12:14], gstin, BASE36)


def _date(text: str, chance: random.Random) -> str:
    """Day and month are drawn where they stand as numbers; letters and the first two digits of a year stay."""
    if len(text) == 8 and text.isdigit():
        day, month, year = f"{chance.randint(1, 28):02d}", f"{chance.randint(1, 12):02d}", f"{chance.randint(50, 99)}"
        return f"19{year}{month}{day}" if text[:2] in ("19", "20") and int(text[4:6]) <= 12 else f"{day}{month}19{year}"
    return "".join(str(chance.randint(1, 2)) if c.isdigit() and i < 2 else c for i, c in enumerate(text))


def _ip(value: str, chance: random.Random) -> str:
    """Each number of the address becomes another of as many digits, none above 199 in IPv4."""
    hexadecimal = ":" in value
    first, rest = ("123456789abcdef", "0123456789abcdef") if hexadecimal else ("123456789", string.digits)

    def one(match: regex.Match[str]) -> str:
        old = match[0]
        lead = "1" if len(old) == 3 and not hexadecimal else chance.choice(first)
        new = lead + "".join(chance.choice(rest) for _ in old[1:])
        return "".join(_dressed(n, o) for n, o in zip(new, old, strict=True))

    return regex.sub(r"[A-Fa-f\p{Nd}]+", one, value)


def _fraction(text: str, chance: random.Random) -> str:
    """The last digits of each half change: what is near a metre becomes near nothing, the country stays."""
    half = len(text) // 2
    return text[: half - 3] + _digits(text[half - 3 : half], chance) + text[half:-3] + _digits(text[-3:], chance)


CHANGES: dict[str, Change] = {
    "aadhaar": _aadhaar,
    "vid": _checked(0, verhoeff),
    "pan": lambda text, chance: _digits(text[:3], chance) + text[3] + _digits(text[4:], chance),
    "gstin": _gstin,
    "mobile": _phone,
    "landline": _phone,
    "phone": lambda text, chance: _digits(text, chance, len(text) - 5),
    "vehicle": lambda text, chance: _digits(text, chance, 2 if text[0].isalpha() else 4),
    "voter_id": _digits,
    "passport": _passport,
    "driving_licence": lambda text, chance: _digits(text, chance, max(0, len(text) - 7)),
    "ifsc": lambda text, chance: _digits(text, chance, 5),
    "bank_account": _digits,
    "card": _checked(6, luhn),
    "imei": _checked(8, luhn),
    "imsi": lambda text, chance: _digits(text, chance, 5),
    "iccid": _checked(6, luhn),
    "order": _digits,
    "awb": _digits,
    "coordinates": _fraction,
    "birth_date": _date,
    "pin_code": lambda text, chance: _digits(text, chance, 1),
}  # fmt: skip
"""How each kind's letters and digits change. What says the kind, the issuer or the region stays."""


def _local(kind: str, value: str, chance: random.Random) -> str:
    """Other letters and digits before the @ (or behind it, in a handle); an e-mail goes to example.com (RFC 2606)."""
    before, sign, after = value.partition("@")
    if kind == "handle":
        return before + sign + _other(after, chance) if sign else _other(before, chance)
    if not sign:
        return _other(value.split(maxsplit=1)[0], chance) + "@example.com"
    return _other(before, chance) + (sign + after if kind == "upi" else "@example.com")


def _other(text: str, chance: random.Random) -> str:
    def one(match: regex.Match[str]) -> str:
        old = match[0]
        if old.isalpha():
            new = chance.choice(string.ascii_lowercase)
            return new.upper() if old.isupper() else new
        return _dressed(chance.choice(string.digits), old)

    return regex.sub(r"[A-Za-z]|\p{Nd}", one, text)


def _name(value: str, chance: random.Random) -> str | None:
    script = unicodedata.name(value[0], "").split(" ")[0]
    if script not in NAMES:
        return None
    return " ".join(chance.choice(NAMES[script]) for _ in value.split(" "))
