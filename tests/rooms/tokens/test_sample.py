"""The sample that a tokenizer is trained on."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dono.tokens import Sample, balanced_sample

MANY = {"en": ["x" * 10] * 1000, "hi": ["y" * 10] * 100, "hi-Latn": ["z" * 10] * 10}


def sample(most: int, temperature: float = 1.0, repeats: int = 1) -> Sample:
    return balanced_sample(
        lambda: ((t, language) for language, of in MANY.items() for t in of),
        most, temperature=temperature, repeats=repeats,
    )  # fmt: skip


def test_a_corpus_that_fits_is_taken_whole_and_in_its_order() -> None:
    texts = [("a", "en"), ("b", "hi"), ("", "hi"), ("c", "en")]
    found = balanced_sample(lambda: iter(texts), 100, temperature=5)
    assert found.texts == ["a", "b", "c"]
    assert {language: taken.taken for language, taken in found.sizes.items()} == {"en": 2, "hi": 1}


def test_at_temperature_one_the_proportions_are_those_of_the_corpus() -> None:
    found = sample(1110)
    assert {language: taken.taken for language, taken in found.sizes.items()} == {"en": 1000, "hi": 100, "hi-Latn": 10}
    assert {language: taken.available for language, taken in found.sizes.items()} == {
        "en": 10_000, "hi": 1000, "hi-Latn": 100,
    }  # fmt: skip


def test_a_high_temperature_gives_all_languages_alike_as_far_as_they_go() -> None:
    sizes = {language: taken.taken for language, taken in sample(900, temperature=1e9).sizes.items()}
    assert sizes == {"en": 400, "hi": 400, "hi-Latn": 100}
    sizes = {language: taken.taken for language, taken in sample(900, temperature=1e9, repeats=4).sizes.items()}
    assert sizes == {"en": 300, "hi": 300, "hi-Latn": 300}


def test_a_repeated_language_gives_every_text_nearly_as_often() -> None:
    texts = [(f"{n:03d}", "hi") for n in range(50)]
    found = balanced_sample(lambda: iter(texts), 375, repeats=3)
    counts = Counter(found.texts)
    assert set(counts.values()) == {2, 3} and len(counts) == 50


@settings(max_examples=100, deadline=None)
@given(
    lengths=st.dictionaries(st.sampled_from(["en", "hi", "ta"]), st.lists(st.integers(0, 30), max_size=40)),
    most=st.integers(1, 2000),
    temperature=st.sampled_from([1.0, 3.0, 100.0]),
)
def test_the_sample_is_never_much_larger_than_asked(
    lengths: dict[str, list[int]], most: int, temperature: float
) -> None:
    texts = [("x" * length, language) for language, of in lengths.items() for length in of]
    found = balanced_sample(lambda: iter(texts), most, temperature=temperature)
    taken = sum(size.taken for size in found.sizes.values())
    assert taken == sum(map(len, found.texts)) <= most + 3 * 30
    total = sum(len(text) for text, _ in texts)
    assert taken >= min(most, total) - 3 * 30 - 3


def test_nothing_gives_nothing() -> None:
    assert balanced_sample(lambda: iter([]), 10) == Sample([], {})


def test_a_temperature_that_is_not_positive_is_a_slip() -> None:
    with pytest.raises(AssertionError):
        sample(10, temperature=0)
