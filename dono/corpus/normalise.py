"""Text as it is learned from: Unicode NFC, plain line ends, no stray invisible characters, no akshara cut."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import regex

from dono.corpus.mojibake import repair_mojibake
from dono.corpus.rows import Malformed

ZWNJ, ZWJ = "\u200c", "\u200d"
LINE_ENDS = regex.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
DROPPED = regex.compile(
    # controls, soft hyphen, zero-width space, marks of direction, word joiner and its kin, BOM, non-characters
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f"
    r"\ufeff\ufff9-\ufffb\ufdd0-\ufdef\ufffe\uffff]"
)
JOINERS = regex.compile(f"[{ZWNJ}{ZWJ}]+")
VIRAMA = regex.compile(r"\p{ccc=9}")
LETTER = regex.compile(r"[\p{L}\p{M}]")
CURSIVE = regex.compile(
    r"[[\p{scx=Arabic}\p{scx=Syriac}\p{scx=Mongolian}\p{scx=Nko}\p{scx=Adlam}]&&[\p{L}\p{M}\p{N}]]", regex.V1
)
PICTURE = regex.compile(r"\p{Extended_Pictographic}")
BEFORE_JOINED_PICTURE = regex.compile(r"[\p{Extended_Pictographic}\ufe0f\U0001f3fb-\U0001f3ff]")


def normalise(text: str) -> str:
    r"""The normal form of a text. Text that is normal comes back unchanged, so normalising twice is normalising once.

    1. Line ends (CR LF, CR, NEL, vertical tab, form feed, U+2028, U+2029) become `\n`; white space at both ends goes.
    2. Controls but tab and line feed, soft hyphens, zero-width spaces, marks of direction, BOMs and non-characters go.
    3. Canonical composition (NFC; Unicode Standard Annex 15). Compatibility forms stay: ½, ﷺ and ＡＢＣ are content.
    4. ZWNJ and ZWJ stay where a script needs them (`joiner_stays`) and go elsewhere; of several in a row the first.

    Nothing is inserted, so no akshara (a letter with its marks and conjuncts) is ever cut.
    """
    if text.replace("\n", "").replace("\t", "").isprintable():  # nothing to drop: no control, joiner or line end
        return unicodedata.normalize("NFC", text).strip()
    text = DROPPED.sub("", LINE_ENDS.sub("\n", text))
    text = unicodedata.normalize("NFC", text)
    if ZWNJ in text or ZWJ in text:
        text = unicodedata.normalize("NFC", JOINERS.sub(_joiner, text))
    return text.strip()


def usable(text: str) -> str:
    """The normal form of a text that can be learned from, mended where it was certainly read in the wrong encoding.

    Raises `Malformed` for an empty or a damaged one.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Malformed("half a character (a lone surrogate)") from None
    text = normalise(repair_mojibake(text))
    if not text:
        raise Malformed("empty text")
    return text


def _joiner(match: regex.Match[str]) -> str:
    text, start, end = match.string, match.start(), match.end()
    joiner = match[0][0]
    return joiner if joiner_stays(text[start - 1 : start], joiner, text[end : end + 1]) else ""


@lru_cache(maxsize=1 << 16)
def joiner_stays(before: str, joiner: str, after: str) -> bool:
    """Whether a ZWNJ or ZWJ between two characters ("" at an end of the text) has a meaning.

    - After a virama: it asks for a half form, a chillu or a visible virama (क्‍ष, ಕ್‌ಷ; Unicode Standard, chapter 12).
    - Between a letter and a virama: ya-phala and repha forms (র‍্য, ರ‍್ಯ).
    - Cursive scripts (Arabic and its kin): ZWNJ between two letters (می‌خواهم), ZWJ beside a letter (ه‍).
    - ZWJ between emoji (👩‍💻; Unicode Technical Standard 51).
    """
    if before and VIRAMA.match(before):
        return True
    if after and VIRAMA.match(after):
        return LETTER.match(before) is not None
    cursive = [bool(side and CURSIVE.match(side)) for side in (before, after)]
    if joiner == ZWNJ:
        return all(cursive)
    return any(cursive) or bool(BEFORE_JOINED_PICTURE.match(before) and PICTURE.match(after))
