"""What every route and arm must be, whatever it is made of."""

from __future__ import annotations

from typing import get_args

import pytest

from dono.decisions.routes import ROUTES, Arm, short_name
from dono.project import Kind, RouteName

ARMS = [arm for of in ROUTES.values() for arm in of]


def test_every_route_of_the_project_file_has_its_row() -> None:
    assert set(ROUTES) == set(get_args(RouteName))


def test_no_two_arms_share_a_name() -> None:
    assert len({a.name for a in ARMS}) == len({a.short for a in ARMS}) == len(ARMS)


def test_an_arm_names_its_base_and_an_unknown_one_keeps_its_name() -> None:
    assert short_name("finetune/lora@Qwen3") == "Fine-tune (LoRA), Qwen3"
    assert short_name("my/arm") == "my/arm"


@pytest.mark.parametrize("arm", ARMS, ids=lambda a: str(a.name))
def test_an_arm_is_consistent(arm: Arm) -> None:
    assert arm.route in ROUTES and arm in ROUTES[arm.route]
    assert arm.kinds and set(arm.kinds) <= set(get_args(Kind))
    assert (arm.vocabulary == "none") == (arm.start in ("none", "endpoint"))
    assert not (arm.corpus_stage and arm.start in ("none", "endpoint"))
    assert arm.learns or arm.start in ("base", "endpoint")
    assert arm.title[0].isupper() and not arm.title.endswith(".")
