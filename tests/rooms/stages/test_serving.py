from __future__ import annotations

from dataclasses import replace

import pytest

from dono.stages.contenders import Contender
from dono.stages.prepare import Prepared
from dono.stages.serving import lengthening, serving
from dono.stages.workplace import Workplace


def test_the_reference_is_as_long_as_itself(prepared: Prepared, who: dict[str, Contender]) -> None:
    kept = who["prompt/zero-shot"]
    assert lengthening(kept, kept, prepared.cases[0]) == (1.0, 1.0)


def test_a_vocabulary_of_the_corpuss_own_makes_requests_shorter_and_cheaper(
    place: Workplace, prepared: Prepared, who: dict[str, Contender]
) -> None:
    kept, own, case = who["continue/kept"], who["continue/replaced"], prepared.cases[1]
    shorter, _ = lengthening(own, kept, case)
    assert shorter < 0.8
    as_fast = replace(own, flops_per_second=kept.flops_per_second)  # speeds are measured, and this machine is shared
    dear, cheap = serving(place, kept, kept, case), serving(place, as_fast, kept, case)
    assert dear is not None and cheap is not None
    assert cheap.value < dear.value
    assert cheap.unit == "INR a month"


def test_solved_examples_lengthen_the_prompt_and_not_the_answer(prepared: Prepared, who: dict[str, Contender]) -> None:
    longer_in, longer_out = lengthening(who["prompt/few-shot"], who["prompt/zero-shot"], prepared.cases[0])
    assert longer_in > 2
    assert longer_out == pytest.approx(1.0)
