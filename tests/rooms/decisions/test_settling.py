from __future__ import annotations

from dono.decisions import ArmEvidence, UseCaseVerdict, compare
from tests.rooms.decisions.evidence import arm, pilot, question

SLOW = {1 / 64: 1.06, 1 / 32: 1.03, 1 / 16: 1.0}
CATCHING_UP = {1 / 256: 5.2, 1 / 128: 3.3, 1 / 64: 2.1, 1 / 32: 1.35}


def arm_of(name: str, values: dict[float, float]) -> ArmEvidence:
    return arm(name, [pilot(s, v, stderr=0.01) for s, v in values.items()])


def verdict_of(*arms: ArmEvidence) -> UseCaseVerdict:
    return compare(question(metric="bits_per_byte"), arms, seed=0)


def forecast(verdict: UseCaseVerdict, name: str) -> float:
    return next(a.quality.value for a in verdict.arms if a.arm == name)


def test_an_arm_that_catches_up_is_not_thought_to_get_ahead_at_the_same_speed() -> None:
    alone = forecast(verdict_of(arm_of("continue/kept", CATCHING_UP)), "continue/kept")
    beside = forecast(verdict_of(arm_of("continue/kept", CATCHING_UP), arm_of("scratch/own", SLOW)), "continue/kept")
    assert alone < 0.4
    assert 0.55 < beside < 0.95


def test_the_arm_that_sets_the_level_is_judged_by_its_own_curve() -> None:
    own = forecast(verdict_of(arm_of("scratch/own", SLOW)), "scratch/own")
    beside = forecast(verdict_of(arm_of("continue/kept", CATCHING_UP), arm_of("scratch/own", SLOW)), "scratch/own")
    assert own == beside


def test_an_arm_that_stays_above_the_level_is_left_as_it_is() -> None:
    worse = {s: v + 1.5 for s, v in SLOW.items()}
    alone = verdict_of(arm_of("continue/replaced", worse))
    beside = verdict_of(arm_of("continue/replaced", worse), arm_of("scratch/own", SLOW))
    one, other = (next(a.quality for a in v.arms if a.arm == "continue/replaced") for v in (alone, beside))
    assert one.lo is not None and other.lo is not None
    assert abs(one.lo - other.lo) < 0.05


def test_where_pilots_were_run_nothing_is_held() -> None:
    beside = verdict_of(arm_of("continue/kept", CATCHING_UP), arm_of("scratch/own", SLOW))
    kept = next(a for a in beside.arms if a.arm == "continue/kept")
    first = min(kept.curve, key=lambda p: p.scale)
    assert abs(first.mean - 5.2) < 0.6
    assert "usual pace" in kept.quality.source
