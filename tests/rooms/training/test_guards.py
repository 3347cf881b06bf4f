"""What guards say, when they stop, and how an over-optimised reward is told."""

from __future__ import annotations

from typing import Any

import pytest

from dono.training.guards import PATIENCE, Batch, Guards, Look, best_of, over_optimised

GOOD = Batch(step=0, reward=0.0, spread=1.0, divergence=1.0, length=40.0, cut=0.1, flat=0.1)


def looked(*batches: Batch) -> tuple[Guards, list[str]]:
    guards = Guards(most_divergence=30.0)
    lines = [line for step, batch in enumerate(batches) for line in guards.look(batch._replace(step=step))]
    return guards, lines


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cut": 0.51}, "51% of answers are cut"),
        ({"flat": 0.81}, "earn the same for 81% of prompts"),
        ({"length": 61.0}, "answers grow longer: 61 tokens, 40 at first"),
        ({"length": 26.0}, "answers grow shorter"),
        ({"divergence": 3.5}, "the divergence jumps to 3.5 nats, 1.0 before"),
    ],
)
def test_what_begins_to_go_wrong_is_said_once(change: dict[str, Any], said: str) -> None:
    bad = GOOD._replace(**change)
    _, lines = looked(*[GOOD] * 4, bad, bad)
    assert len(lines) == 1 and said in lines[0] and lines[0].startswith("step 4: ")
    assert not looked(*[GOOD] * 6)[1]


def test_what_stopped_and_begins_again_is_said_again() -> None:
    cut = GOOD._replace(cut=0.9)
    assert len(looked(GOOD, cut, GOOD, cut)[1]) == 2


def test_it_is_hopeless_only_after_patience() -> None:
    for bad, said in ((GOOD._replace(cut=0.9), "were cut"), (GOOD._replace(flat=1.0), "earned the same")):
        assert looked(*[bad] * (PATIENCE - 1))[0].hopeless() is None
        why = looked(*[bad] * PATIENCE)[0].hopeless()
        assert why is not None and said in why[0] and why[1]
        assert looked(*[bad] * (PATIENCE - 1), GOOD)[0].hopeless() is None


def test_beyond_the_most_divergence_is_too_far() -> None:
    assert looked(GOOD._replace(divergence=30.0))[0].too_far() is None
    assert "30.5 nats is above 30" in (looked(GOOD._replace(divergence=30.5))[0].too_far() or "")


def look(step: int, rewards: tuple[float, ...], gold: tuple[float, ...] | None = None) -> Look:
    return Look(step, rewards, gold, divergence=float(step), length=10.0, cut=0.0)


def test_a_sure_fall_twice_in_a_row_is_over_optimisation() -> None:
    high, low = (1.0, 1.2, 0.9, 1.1), (0.1, 0.3, 0.0, 0.2)
    rising = [look(0, low), look(10, high)]
    assert over_optimised([*rising, look(20, low)]) is None
    assert over_optimised([*rising, look(20, low), look(30, high)]) is None
    why = over_optimised([*rising, look(20, low), look(30, low)])
    assert why is not None and "fell from 1.050 (step 10, 10.0 nats) to 0.150 (30.0 nats)" in why
    noisy = (2.0, -2.0, 2.0, 1.9)
    assert over_optimised([*rising, look(20, noisy), look(30, noisy)]) is None


def test_the_gold_is_watched_where_there_is_one() -> None:
    good, bad = (1.0, 1.1), (0.0, 0.1)
    looks = [look(0, bad, good), look(10, good, bad), look(20, good, bad)]
    assert "gold reward" in (over_optimised(looks) or "") and best_of(looks).step == 0
    assert over_optimised([replace_gold(x) for x in looks]) is None


def replace_gold(found: Look) -> Look:
    return found._replace(gold=None)
