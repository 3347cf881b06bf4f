"""Which verdict of a work folder is the newest one, whatever was asked before."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from dono.artifacts import Artifact, Json, Store
from dono.artifacts.store import RECORD
from dono.decisions import Number, Verdict
from dono.errors import Mistake
from dono.stages.decide import AGAIN, latest_verdict, of_its_own
from dono.stages.workplace import Workplace

QUALITY: dict[str, Json] = {"asked": "goal=quality"}
BAR: dict[str, Json] = {"asked": "goal=bar"}


@pytest.fixture
def empty(place: Workplace, tmp_path: Path) -> Workplace:
    """The project with a work folder of its own."""
    return replace(place, store=Store(tmp_path))


def seal(place: Workplace, asked: dict[str, Json], minute: int) -> Artifact:
    """A verdict as `decide` seals it, at this minute."""

    def make(folder: Path) -> dict[str, Json]:
        verdict = Verdict(
            project="shop", created="", currency="INR", sentence=str(asked["asked"]), use_cases=(), portfolio=(),
            portfolio_cost=Number(value=0.0, unit="INR", label="assumed"), shared=(), budget={}, spent={}, machine="",
            speed=Number(value=1.0, unit="FLOP/s", label="assumed"), assumptions=(), data={}, measured=(), warnings=(),
            calibration=(),
        )  # fmt: skip
        (folder / "verdict.json").write_text(verdict.model_dump_json(), encoding="utf8")
        return {}

    spec = of_its_own(place, asked)
    known = place.store.find("verdict", spec)
    artifact = place.store.make("verdict", spec, make)
    if known is None:
        record = json.loads((artifact.path / RECORD).read_text(encoding="utf8"))
        record["made_by"]["when"] = f"2026-11-27T10:{minute:02d}:00+00:00"
        (artifact.path / RECORD).write_text(json.dumps(record), encoding="utf8")
    return artifact


def test_what_was_decided_last_is_the_newest_though_it_was_decided_before(empty: Workplace) -> None:
    seal(empty, QUALITY, 1)
    seal(empty, BAR, 2)
    assert latest_verdict(empty)[0].sentence == "goal=bar"
    again = seal(empty, QUALITY, 3)
    verdict, newest = latest_verdict(empty)
    assert verdict.sentence == "goal=quality" and newest == replace(again, made_by=newest.made_by)
    assert newest.spec[AGAIN] == 2


def test_the_same_question_asked_twice_in_turn_is_one_verdict(empty: Workplace) -> None:
    first, second = seal(empty, QUALITY, 1), seal(empty, QUALITY, 2)
    assert first.id == second.id
    seal(empty, BAR, 3)
    third, fourth = seal(empty, QUALITY, 4), seal(empty, QUALITY, 5)
    assert third.id == fourth.id != first.id
    assert len(list(empty.store.all())) == 3


def test_a_verdict_of_another_version_is_named_in_one_line(empty: Workplace) -> None:
    sealed = seal(empty, QUALITY, 1)
    told = json.loads((sealed.path / "verdict.json").read_text(encoding="utf8")) | {"of_tomorrow": 1}
    (sealed.path / "verdict.json").write_text(json.dumps(told), encoding="utf8")
    with pytest.raises(Mistake, match=r"another version.*Run `dono decide` again") as raised:
        latest_verdict(empty)
    assert "\n" not in str(raised.value)
