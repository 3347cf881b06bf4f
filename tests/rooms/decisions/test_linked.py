from __future__ import annotations

from dataclasses import replace

import numpy as np

from dono.decisions import METRICS, ArmEvidence, compare
from dono.decisions.linked import link_of
from tests.rooms.decisions.evidence import arm, pilot, question

SCALES = (1 / 32, 1 / 16, 1 / 8, 1 / 4)


def bits(scale: float, at_full: float) -> float:
    return float(at_full * scale**-0.25)


def score(loss: float) -> float:
    """Right answers as a step of the loss: at chance above three bits, nearly perfect below one."""
    return float(1 / (1 + (loss / 1.6) ** 5))


def learner(name: str, at_full: float, *, measured_loss: bool = True) -> ArmEvidence:
    points = []
    for s in SCALES:
        loss = bits(s, at_full)
        point = pilot(s, score(loss), stderr=0.01)
        points.append(
            point.model_copy(update={"loss": loss, "loss_stderr": 0.02 * loss}) if measured_loss else point
        )  # fmt: skip
    return arm(name, points)


def interval(evidence: list[ArmEvidence], name: str) -> tuple[float, float, float]:
    verdict = compare(question(), evidence, seed=0)
    (found,) = [a for a in verdict.arms if a.arm == name]
    assert found.quality.lo is not None and found.quality.hi is not None
    return found.quality.lo, found.quality.value, found.quality.hi


def test_a_score_at_chance_whose_loss_falls_is_foreseen_to_rise() -> None:
    late, early = learner("scratch/own", 1.5), learner("finetune/lora", 0.9)
    lo, middle, hi = interval([late, early], "scratch/own")
    blind = interval([learner("scratch/own", 1.5, measured_loss=False), early], "scratch/own")
    truth = score(1.5)
    assert lo <= truth <= hi
    assert abs(middle - truth) < abs(blind[1] - truth)


def test_an_arm_measured_whole_needs_no_second_view() -> None:
    points = [pilot(s, 0.5 + 0.3 * s, stderr=0.01).model_copy(update={"loss": 2 - s}) for s in (0.25, 0.5, 1.0)]
    whole = arm("finetune/full", points)
    verdict = compare(question(), [whole, learner("scratch/own", 1.5)], seed=0)
    (found,) = [a for a in verdict.arms if a.arm == "finetune/full"]
    assert found.quality.label == "measured"
    assert np.isclose(found.quality.value, 0.8)


def test_while_all_arms_sleep_no_pilot_has_shown_where_the_score_begins_to_move() -> None:
    asleep = [
        arm(name, [pilot(s, 0.02, stderr=0.005).model_copy(update={"loss": bits(s, 2.0)}) for s in SCALES])
        for name in ("scratch/own", "finetune/lora")
    ]
    assert link_of(asleep, METRICS["macro_f1"]) is None
    counts = arm("predictive/tfidf", [pilot(s, 0.5, stderr=0.01) for s in SCALES])  # learns, and has no such loss
    assert link_of([*asleep, counts], METRICS["macro_f1"]) is None
    assert link_of([*asleep, learner("continue/kept", 0.9)], METRICS["macro_f1"]) is not None


def test_the_order_of_arms_and_points_does_not_matter() -> None:
    arms = [learner("scratch/own", 1.5), learner("finetune/lora", 0.9), learner("continue/kept", 1.2)]
    turned = [replace(a, points=tuple(reversed(a.points))) for a in reversed(arms)]
    assert compare(question(), arms, seed=3) == compare(question(), turned, seed=3)
