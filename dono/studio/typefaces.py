"""Fonts of the Indic scripts and of Urdu, cut down to the characters of one report and put into its style sheet.

The files in `fonts/` are Noto Sans (Noto Nastaliq Urdu for Urdu), weight 400, under the SIL Open Font License
(`fonts/OFL.txt`), as packed by Fontsource 5.3.0: the file of each package that holds the script itself.
"""

from __future__ import annotations

import base64
import io
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

FOLDER = Path(__file__).parent / "fonts"
RUPEE, DANDAS = (0x20B9, 0x20B9), (0x0964, 0x0965)
ALWAYS = "\u200c\u200d\u25cc "
"""Joiners decide how conjuncts form, the dotted circle carries a mark without a letter, the space ends a word."""


@dataclass(frozen=True)
class Typeface:
    """One script: its file, its name in the style sheet, and the ranges of code points that it is there for."""

    file: str
    ranges: tuple[tuple[int, int], ...]

    @property
    def family(self) -> str:
        """The name in the style sheet."""
        return f"Dono {self.file.capitalize()}"

    def covers(self, character: str) -> bool:
        """Whether a character is in the ranges."""
        return any(lo <= ord(character) <= hi for lo, hi in self.ranges)


TYPEFACES = (
    Typeface("devanagari", ((0x0900, 0x097F), (0xA8E0, 0xA8FF), (0x1CD0, 0x1CFF), DANDAS, RUPEE)),
    Typeface("bengali", ((0x0980, 0x09FF), DANDAS)),
    Typeface("gurmukhi", ((0x0A00, 0x0A7F), DANDAS)),
    Typeface("gujarati", ((0x0A80, 0x0AFF), DANDAS)),
    Typeface("oriya", ((0x0B00, 0x0B7F), DANDAS)),
    Typeface("tamil", ((0x0B80, 0x0BFF), DANDAS)),
    Typeface("telugu", ((0x0C00, 0x0C7F), DANDAS)),
    Typeface("kannada", ((0x0C80, 0x0CFF), DANDAS)),
    Typeface("malayalam", ((0x0D00, 0x0D7F), DANDAS)),
    Typeface("nastaliq", ((0x0600, 0x06FF), (0x0750, 0x077F), (0xFB50, 0xFDFF), (0xFE70, 0xFEFC))),
)
FAMILIES = ", ".join(f'"{t.family}"' for t in TYPEFACES)
"""For `font-family`: first in the list, so that a report looks the same everywhere; each takes its own script only."""


def characters(text: str) -> str:
    """Distinct characters in order, with what they compose to and fall apart into (shaping may use either form)."""
    forms = (text, unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text))
    return "".join(sorted(set().union(*forms)))


def subset(typeface: Typeface, text: str) -> bytes:
    """The font as woff2 with the glyphs that `text` can need, conjuncts and their positions included."""
    options = Options()
    options.layout_features = ["*"]
    options.flavor = "woff2"
    options.notdef_outline = True
    options.hinting = False
    with TTFont(FOLDER / f"{typeface.file}.woff2", recalcTimestamp=False) as font:
        cut = Subsetter(options)
        cut.populate(text=text + ALWAYS)
        cut.subset(font)
        font.flavor = "woff2"
        kept = io.BytesIO()
        font.save(kept)
    return kept.getvalue()


def font_faces(text: str) -> str:
    """`@font-face` rules with the data inside for the scripts that occur in `text`; the same text, the same rules."""
    found = characters(text)
    rules = []
    for typeface in TYPEFACES:
        own = "".join(c for c in found if typeface.covers(c))
        # A danda alone does not call for all nine fonts: somebody writes it within a script, or the system has it.
        if not any(not DANDAS[0] <= ord(c) <= DANDAS[1] for c in own):
            continue
        data = base64.b64encode(subset(typeface, own)).decode("ascii")
        ranges = ", ".join(f"U+{lo:04X}-{hi:04X}" for lo, hi in (*typeface.ranges, (0x200C, 0x200D), (0x25CC, 0x25CC)))
        rules.append(
            f'@font-face {{ font-family: "{typeface.family}"; font-weight: 100 900; unicode-range: {ranges}; '
            f'src: url("data:font/woff2;base64,{data}") format("woff2"); }}'
        )
    return "\n".join(rules)
