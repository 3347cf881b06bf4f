"""Text that was read in the wrong encoding, put right where that is certain."""

from __future__ import annotations

import regex
from ftfy import bad_codecs, fix_encoding

SUSPECT = regex.compile(
    # a lead byte of UTF-8 and what follows it, as Latin-1 or Windows-1252 shows them
    r"[\u00c2-\u00f4][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
)
WRONG_ENCODINGS = ("latin-1", "sloppy-windows-1252")
"""What UTF-8 is misread as (the second is ftfy's Windows-1252 as browsers have it: its five gaps are controls)."""

LAYERS = 2
"""How often in a row a text may have been misread."""

EXPECTED = regex.compile(
    r"[\p{Devanagari}\p{Bengali}\p{Gurmukhi}\p{Gujarati}\p{Oriya}\p{Tamil}\p{Telugu}\p{Kannada}\p{Malayalam}\p{Sinhala}"
    r"\p{Arabic}\p{Ol_Chiki}\p{Meetei_Mayek}\p{Sc}‘’“”–—…•।॥\u200c\u200d\u00a0\x00-\x7f]+"
)
"""All that a mended line may hold: scripts of South Asia, plain Latin, currencies and the usual typographic marks.

An é or ü that comes out may have been meant as it stood, so such a line stays as it is."""

bad_codecs.ok()


def repair_mojibake(text: str) -> str:
    """The text with each line mended that is certainly UTF-8 read as Latin-1 or Windows-1252 ("à¤¨à¤®" for "नम").

    ftfy proposes; a line is changed only if the proposal, misread in the same way once or twice, gives the very line
    again, and holds nothing but what is `EXPECTED`. A line that lost a byte is not certain and stays.

    To be called before `normalise`, which drops control characters: they are bytes of letters here.
    """
    if text.isascii() or not SUSPECT.search(text):
        return text
    return "\n".join(_mended(line) if SUSPECT.search(line) else line for line in text.split("\n"))


def _mended(line: str) -> str:
    proposal = fix_encoding(line)
    if proposal != line and EXPECTED.fullmatch(proposal) and not proposal.isascii() and _misread(proposal, line):
        return proposal
    return line


def _misread(right: str, line: str) -> bool:
    """Whether `line` is what `right` becomes when its UTF-8 is read wrongly, once or twice."""
    readings = {right}
    for _ in range(LAYERS):
        readings = {reading.encode().decode(encoding) for reading in readings for encoding in WRONG_ENCODINGS}
        if line in readings:
            return True
    return False
