"""Fonts of the report: only what occurs, small, the same bytes, and conjuncts that still form."""

from __future__ import annotations

import base64
import io
import re

import pytest
from fontTools.ttLib import TTFont

from dono.studio.typefaces import FOLDER, TYPEFACES, Typeface, characters, font_faces, subset

CONJUNCTS = {
    "devanagari": "क्ष", "bengali": "ক্ষ", "gurmukhi": "ਸ੍ਵ", "gujarati": "ક્ષ", "oriya": "କ୍ଷ", "tamil": "ஸ்ரீ",
    "telugu": "క్ష్మి", "kannada": "ಕ್ಷ", "malayalam": "ന്റെ", "nastaliq": "پہنچ",
}  # fmt: skip


@pytest.mark.parametrize("typeface", TYPEFACES, ids=lambda t: t.file)
def test_a_subset_keeps_its_characters_and_the_glyphs_they_join_to(typeface: Typeface) -> None:
    text = CONJUNCTS[typeface.file]
    data = subset(typeface, characters(text))
    with TTFont(io.BytesIO(data)) as font, TTFont(FOLDER / f"{typeface.file}.woff2") as whole:
        cmap = font.getBestCmap()
        assert all(ord(c) in cmap for c in text)
        assert "GSUB" in font
        assert len(font.getGlyphOrder()) > len(cmap), "glyphs that no character has: conjuncts and forms"
        assert len(font.getGlyphOrder()) < len(whole.getGlyphOrder())
    assert len(data) < (FOLDER / f"{typeface.file}.woff2").stat().st_size
    assert data == subset(typeface, characters(text))


def test_only_scripts_that_occur_are_embedded() -> None:
    assert font_faces("Only Latin, and a danda । of no script") == ""
    found = re.findall(r'font-family: "([^"]+)"', font_faces("हिन्दी and தமிழ்"))
    assert found == ["Dono Devanagari", "Dono Tamil"]


def test_the_rupee_sign_has_a_glyph_everywhere() -> None:
    faces = font_faces("₹100")
    data = re.search(r"base64,([^\"]+)", faces)
    assert data is not None
    with TTFont(io.BytesIO(base64.b64decode(data[1]))) as font:
        assert 0x20B9 in font.getBestCmap()


def test_split_vowels_bring_their_parts() -> None:
    assert {"\u09c7", "\u09be", "\u09cb"} <= set(characters("কো"))


def test_the_fonts_are_small_and_come_with_their_licence() -> None:
    assert sum(f.stat().st_size for f in FOLDER.iterdir()) < 1_000_000
    licence = (FOLDER / "OFL.txt").read_text(encoding="utf8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
    assert licence.count("Copyright 20") == len(TYPEFACES)
    assert {f.stem for f in FOLDER.glob("*.woff2")} == {t.file for t in TYPEFACES}
