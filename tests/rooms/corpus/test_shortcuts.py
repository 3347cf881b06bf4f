"""What is done the short way gives what the long way gives."""

from __future__ import annotations

import sys
import unicodedata

import numpy as np
import regex
from hypothesis import given
from hypothesis import strategies as st

from dono.corpus.categories import categories, majors
from dono.corpus.letters import MISPLACED, NUKTA_BEHIND_MARK
from dono.corpus.matching import by_text
from dono.corpus.measures import measures
from dono.corpus.normalise import normalise
from dono.corpus.privacy.people import DATE, TITLE, _dates, _titles
from dono.corpus.privacy.reading import Reading

PIECES = (
    "12/03/1999", "5 January 2001", "January 5, 2001", "जन्म 12 मार्च 1985", "२० मई १९८०", "10 12 1999", "1", "19",
    "2000", "Mr ", "mr.mr. A", "dr. Sen ", "श्री राम ", "srishri Ram", "smt. Devi ", "ms X", "डॉ. ", "items ", " ", "\n",
)  # fmt: skip


def test_categories_are_those_of_python() -> None:
    every = [unicodedata.category(chr(code)).encode() for code in range(sys.maxunicode + 1)]
    assert categories().tolist() == every
    assert majors().tolist() == [category[:1] for category in every]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_dates_and_titles_are_those_that_are_found_anywhere(text: str) -> None:
    reading = Reading(text)
    assert [m.span() for m in _dates(reading)] == [m.span() for m in DATE.finditer(reading.folded)]
    assert [m.span() for m in _titles(reading.lowered)] == [m.span() for m in TITLE.finditer(reading.lowered)]


@given(st.text(alphabet="aकि़्ড়়ੀ\u200d\u200c \u00ad\n\tड़é\u0301\x85", max_size=12))
def test_text_without_controls_is_normalised_as_other_text_is(text: str) -> None:
    # a control at the end goes, and with it in the text the short way is not taken
    assert normalise(text) == normalise(f"\x00{text}\x00")


@given(st.text(alphabet="कि़्ড়়ੀਂ़़ा", max_size=8))
def test_a_nukta_is_misplaced_only_behind_a_mark(text: str) -> None:
    assert NUKTA_BEHIND_MARK.search(text) is not None or not MISPLACED.search(text)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2**64 - 1) | st.integers(0, 3)), max_size=30))
def test_hashes_are_ordered_by_text_and_value(rows: list[tuple[int, int]]) -> None:
    for far in (0, 1 << 16):
        text = np.array([place + far * (place == 3) for place, _ in rows], dtype=np.int64)
        hashes = np.array([value for _, value in rows], dtype=np.uint64)
        order = by_text(hashes, text)
        ordered = list(zip(text[order].tolist(), hashes[order].tolist(), strict=True))
        assert ordered == sorted(zip(text.tolist(), hashes.tolist(), strict=True))


@given(st.text(alphabet="abक👩…\n ", max_size=40))
def test_the_longest_run_is_that_of_a_pattern(text: str) -> None:
    runs = [len(match[0]) for match in regex.finditer(r"(\p{L})\1*", text)]
    assert measures([text, "x"], ["en", "en"]).numbers["longest run"][0] == max(runs, default=0)
