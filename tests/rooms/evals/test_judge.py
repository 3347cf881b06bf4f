"""A judge that reads: both orders, its verdict and its habits."""

from __future__ import annotations

import pytest

from dono.endpoints import Reply
from dono.evals.judge import Pair, both_orders, letter_of, verdicts

PAIRS = [Pair("कब?", "कल आएगा", "no"), Pair("where?", "here", "it is over there"), Pair("why?", "so", "so")]


def judged(*letters: str) -> list[Reply]:
    return [Reply(letter) for letter in letters]


def test_each_pair_is_asked_in_both_orders() -> None:
    asked = both_orders(PAIRS[:1])
    assert [q.turns[1][1].index("कल आएगा") < q.turns[1][1].index("Answer B") for q in asked] == [True, False]


def test_a_fair_judge_wins_by_what_it_says_both_ways() -> None:
    found = verdicts(PAIRS, judged("A", "B", "B", "A", "C", "C"))
    assert found.wins == pytest.approx((1 + 0 + 0.5) / 3)
    assert (found.flips, found.first_seat, found.unread) == (0.0, 0.5, 0)
    assert found.longer == 1.0  # it preferred the longer answer in both that it decided


def test_a_judge_that_loves_the_first_seat_decides_nothing_and_is_found_out() -> None:
    found = verdicts(PAIRS, judged(*"AAAAAA"))
    assert (found.wins, found.first_seat, found.flips, found.longer) == (0.5, 1.0, 1.0, None)
    assert found.stderr > 0


@pytest.mark.parametrize(
    ("text", "letter"),
    [("A", "A"), ("**B**.", "B"), ("The better one is C", "C"), ("A or B", ""), ("Answer", ""), ("", ""), ("I am", "")],
)  # fmt: skip
def test_a_letter_is_read_off_what_a_judge_says(text: str, letter: str) -> None:
    assert letter_of(Reply(text)) == letter


def test_what_cannot_be_read_counts_as_undecided_and_is_told() -> None:
    found = verdicts(PAIRS[:1], judged("hm", "B"))
    assert (found.wins, found.unread) == (0.75, 1)
