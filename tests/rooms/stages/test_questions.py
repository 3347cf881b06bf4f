"""Which questions people are asked about models' answers."""

from __future__ import annotations

import pytest

from dono.corpus import Prompt
from dono.evals import Answered
from dono.stages.questions import Speaker, compared, single

OLD, NEW = Speaker("a", "old@1"), Speaker("b", "new@2")


def prompts(*languages: str) -> list[Prompt]:
    return [Prompt((("User", f"question {i}"),), language) for i, language in enumerate(languages)]


def said(*texts: str) -> list[Answered]:
    return [Answered(text, cut=False) for text in texts]


def test_only_what_differs_is_asked_and_nothing_empty() -> None:
    asked = prompts("hi", "hi", "hi", "hi")
    items = compared((OLD, NEW), (said("a", "b", "", "d"), said("a", "c", "x", "")), asked, 10)
    assert [[a.text for a in i.answers] for i in items] == [["b", "c"]]
    assert [a.model for a in items[0].answers] == ["old@1", "new@2"] and items[0].language == "hi"


def test_languages_take_turns_and_the_same_questions_have_the_same_names() -> None:
    asked = prompts(*["hi"] * 6, "ta", "ta")
    answers = said(*"abcdefgh"), said(*"ABCDEFGH")
    items = compared((OLD, NEW), answers, asked, 4)
    assert sorted(i.language for i in items) == ["hi", "hi", "ta", "ta"]
    assert items == compared((OLD, NEW), answers, asked, 4)
    assert len({i.id for i in compared((OLD, NEW), answers, asked, 99)}) == 8


@pytest.mark.parametrize("most", [0, 1, 5])
def test_single_answers_are_for_thumbs(most: int) -> None:
    items = single(NEW, said("a", "", "c"), prompts("hi", "hi", "ta"), most)
    assert len(items) == min(most, 2) and all(i.kind == "thumbs" and i.answers[0].model == "new@2" for i in items)
