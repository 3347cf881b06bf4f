from __future__ import annotations

from dono.decisions import UseCaseVerdict, Verdict, changed, compare
from tests.rooms.decisions.evidence import SCALES, arm, pilot, question
from tests.rooms.studio.fixture import verdict_of


def case(scratch: float, *, seeds: int = 1, stderr: float = 0.02) -> UseCaseVerdict:
    rows = []
    for name, level in (("scratch/own", scratch), ("finetune/lora", 0.202)):
        points = [pilot(s, 1 - level * s**-0.2, stderr=stderr, seed=k) for s in SCALES for k in range(seeds)]
        rows.append(arm(name, points))
    return compare(question(), rows, seed=0)


def verdict(*cases: UseCaseVerdict) -> Verdict:
    return verdict_of(cases)


def test_what_became_clear_is_said_with_what_it_was_before() -> None:
    before, after = case(0.2), case(0.12, seeds=2, stderr=0.004)
    assert before.winner is None and after.winner == "scratch/own"
    (said,) = changed(verdict(before), verdict(after))
    assert said.startswith("intent: 8 further pilots; was too close to call, ")
    assert "is now From scratch" in said and "confidence" in said and "expected regret of From scratch" in said


def test_what_stayed_is_said_too() -> None:
    (said,) = changed(verdict(case(0.2)), verdict(case(0.2, seeds=2)))
    assert "; still too close to call, " in said


def test_without_a_new_pilot_nothing_is_claimed_to_have_been_confirmed() -> None:
    (said,) = changed(verdict(case(0.2)), verdict(case(0.2)))
    assert "no further pilot" in said and "still" not in said


def test_a_use_case_that_is_new_has_no_before() -> None:
    other = case(0.2).model_copy(update={"use_case": "reply"})
    assert changed(verdict(case(0.2)), verdict(other)) == []


def test_where_nothing_could_be_measured_it_says_so() -> None:
    nothing = compare(question(), [arm("scratch/own", [], failed="no")], seed=0)
    (said,) = changed(verdict(nothing), verdict(case(0.12, stderr=0.004)))
    assert "was nothing that was measured, is now From scratch" in said
