from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dono.corpus.contamination import CONTAINED, LONG, SHORTEST, Probes, words
from dono.corpus.matching import AT_ONCE

SHORT = "Set an alarm for seven"
MIDDLE = "please remind me to call the doctor on monday morning"
LENGTHY = " ".join(f"word{i}" for i in range(40))
TESTS = {"intent": [SHORT, "good morning", MIDDLE], "reply": [LENGTHY, SHORT]}


@pytest.fixture
def tests() -> Probes:
    return Probes(TESTS)


@pytest.mark.parametrize(
    ("document", "cases"),
    [
        (SHORT, {"intent", "reply"}),
        ("set an ALARM, for seven!", {"intent", "reply"}),
        (f"a first line\n{SHORT}\na last line", {"intent", "reply"}),
        (f"User: {SHORT}\nAssistant: done", {"intent", "reply"}),
        (f"He said {SHORT} and then he slept", set()),
        ("good morning", set()),
        (f"He said: {MIDDLE}, and then he slept", {"intent"}),
        ("please remind me to call the doctor on tuesday", set()),
        (" ".join(LENGTHY.split()[10:23]), {"reply"}),
        ("so " + " ".join(LENGTHY.split()[10:22]) + " and more", set()),
        ("", set()),
    ],
)
def test_a_document_counts_for_the_use_cases_whose_texts_it_holds(
    document: str, cases: set[str], tests: Probes
) -> None:
    assert tests.found_in(document) == cases


def test_a_short_text_of_several_lines_is_found_as_a_whole_document() -> None:
    assert Probes({"facts": ["Sum up.\n\nOne two"]}).found_in("Sum up.\n\nOne two") == {"facts"}


def test_spellings_with_and_without_joiners_are_the_same() -> None:
    assert words("क\u094d\u200dष Test-case") == words("क\u094dष test case") == ["क\u094dष", "test", "case"]


WORDS = st.lists(st.sampled_from("a e i o u ai ae oi".split()), min_size=SHORTEST, max_size=30)  # noqa: SIM905
"""Without consonants, so that nothing is left of them to transliterate."""


@given(WORDS, WORDS)
def test_every_test_text_is_found_in_itself_and_long_ones_anywhere(tested: list[str], around: list[str]) -> None:
    tests = Probes({"case": [" ".join(tested)]})
    assert tests.found_in(" ".join(tested)) == {"case"}
    if len(tested) >= CONTAINED:
        assert tests.found_in(" ".join([*around, *tested, *around])) == {"case"}


@given(WORDS, WORDS)
def test_what_is_found_is_there(tested: list[str], document: list[str]) -> None:
    size = min(len(tested), LONG)
    grams = {" ".join(tested[i : i + size]) for i in range(len(tested) - size + 1)}
    there = any(f" {g} " in f" {' '.join(document)} " for g in grams)
    runs = {tuple(tested[i : i + 5]) for i in range(len(tested) - 4)}
    shared = runs & {tuple(document[i : i + 5]) for i in range(len(document) - 4)}
    near = len(runs) >= 9 and len(shared) >= max(6, len(runs) / 2)
    if Probes({"case": [" ".join(tested)]}).found_in(" ".join(document)):
        assert there or near


@given(st.lists(WORDS, max_size=6), st.lists(WORDS, max_size=6))
def test_documents_are_judged_alike_alone_and_in_a_batch(tested: list[list[str]], documents: list[list[str]]) -> None:
    probes = Probes({"case": [" ".join(t) for t in tested[1:]], "other": [" ".join(t) for t in tested[:1]]})
    texts = ["\n".join(d) for d in documents] + [" ".join(d) for d in documents + tested]
    assert probes.found_in_each(texts) == [probes.found_in(t) for t in texts]


def test_a_document_longer_than_is_looked_at_at_a_time_is_searched_to_its_end() -> None:
    filler = "nothing of interest stands in this line\n" * (AT_ONCE // 20)
    assert Probes({"case": [MIDDLE, SHORT]}).found_in(filler + MIDDLE + "\n" + filler) == {"case"}
    assert Probes({"case": [SHORT]}).found_in(filler + SHORT + "\n" + filler) == {"case"}
    assert Probes({"case": [SHORT]}).found_in(filler + SHORT + " " + filler) == set()
