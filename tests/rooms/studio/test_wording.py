"""Words of the report."""

from __future__ import annotations

import pytest

from dono.studio.wording import (
    GLOSSARY,
    clipped,
    coded,
    confidence_words,
    day,
    direction,
    glossary,
    language_name,
    language_tag,
)


def test_long_names_are_clipped_and_short_ones_are_not() -> None:
    assert clipped("abcdef", 6) == "abcdef"
    assert clipped("abcdef", 5) == "abcd…"


@pytest.mark.parametrize(
    ("tag", "name", "lang"),
    [("hi", "Hindi", "hi"), ("hi-Latn", "Hindi in Latin letters", "hi-Latn"), ("xyz", "xyz", "xyz"),
     ("und", "language not stated", ""), ('x" onload="1', 'x" onload="1', "")],
)  # fmt: skip
def test_languages_are_named_and_only_tags_become_attributes(tag: str, name: str, lang: str) -> None:
    assert language_name(tag).split(" in 1")[0] == name
    assert language_tag(tag) == lang


def test_urdu_runs_from_right_to_left_but_its_latin_labels_do_not() -> None:
    assert direction("ur", "میرا آرڈر") == "rtl"
    assert direction("ur", "refund") == "ltr"
    assert direction("hi", "मेरा") == "ltr"
    assert direction("und", "میرا") == "auto"


def test_confidence_is_said_more_strongly_when_it_is_higher() -> None:
    said = [confidence_words(p) for p in (0.2, 0.5, 0.7, 0.85, 0.95)]
    assert len(set(said)) == len(said)
    assert said[0] == "an open race"


def test_a_day_has_its_zone() -> None:
    assert day("2026-11-25T08:14:00+05:30") == "25 November 2026, 08:14 UTC+05:30"
    assert day("2026-11-25T08:14:00Z") == "25 November 2026, 08:14 UTC"


def test_commands_in_a_sentence_are_code_and_the_rest_stays_text() -> None:
    assert coded("start `dono serve` <b>") == "start <code>dono serve</code> &lt;b&gt;"
    assert coded("a ` alone") == "a ` alone"


def test_only_terms_that_occur_are_explained() -> None:
    assert [term for term, _ in glossary("borrowed bits per byte of LoRA")] == ["Bits per byte", "Borrowed", "LoRA"]
    assert glossary("") == []
    assert [term for term, _, _ in GLOSSARY] == sorted((term for term, _, _ in GLOSSARY), key=str.lower)
