"""The mixture of a corpus stage: nothing changes without one; with one the full run's tokens are those planned."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dono.project import Mixture, Weights
from dono.stages.contenders import Contender
from dono.stages.corpus_stage import _loop, _parts, _spec, corpus_steps, plan_of, trunk_stop
from dono.stages.mixing import plan_mixture, repeated_too_often, rings, stock
from dono.stages.workplace import Workplace
from dono.tokens import Batches, Part


def mixed(place: Workplace, mixture: Mixture) -> Workplace:
    return replace(place, project=place.project.model_copy(update={"mixture": mixture}))


@pytest.fixture(scope="module")
def scratch(who: dict[str, Contender]) -> Contender:
    return next(c for name, c in who.items() if name.startswith("scratch"))


def test_without_a_mixture_nothing_is_planned_and_nothing_changes(place: Workplace, scratch: Contender) -> None:
    assert plan_of(place, scratch) is None
    loop = _loop(place, scratch, 0, 8, 8, 0)
    assert "mixture" not in _spec(place, scratch, loop)
    assert scratch.tokens is not None
    before = Batches(scratch.tokens, length=scratch.context, batch=place.project.training.batch, seed=0, pack=True)
    parts = _parts(place, scratch, loop, packs=True)
    for step in (0, 5, 7):
        for one, other in zip(parts(step), before.parts_at(step), strict=True):
            assert (one.inputs == other.inputs).all() and (one.labels == other.labels).all()


def test_a_mixture_is_part_of_a_runs_identity_and_adds_up_to_the_full_run(place: Workplace, scratch: Contender) -> None:
    place = mixed(place, Mixture(temperature=2, decay=Weights(sources={"talk": 3})))
    plan = plan_of(place, scratch)
    assert plan is not None
    steps, per_step = corpus_steps(place, scratch, 1.0), place.project.training.batch * scratch.context
    assert sum(plan.stable.values()) == trunk_stop(steps) * per_step
    assert sum(plan.taken.values()) == steps * per_step
    assert "mixture" in _spec(place, scratch, _loop(place, scratch, 0, 8, 8, 0))


def test_the_decay_is_read_from_its_first_step_on_and_any_step_directly(place: Workplace, scratch: Contender) -> None:
    place = mixed(place, Mixture(decay=Weights(sources={"talk": 3})))
    trunk, decay = _loop(place, scratch, 0, 8, 8, 0), _loop(place, scratch, 8, 10, 8, 0)
    for loop, steps in ((trunk, (7, 0)), (decay, (9, 8))):
        forwards = [_parts(place, scratch, loop, packs=True)(step) for step in sorted(steps)]
        parts = _parts(place, scratch, loop, packs=True)
        backwards = [parts(step) for step in sorted(steps, reverse=True)][::-1]
        for one, other in zip(forwards, backwards, strict=True):
            assert all((a.inputs == b.inputs).all() for a, b in zip(one, other, strict=True))


def test_the_stock_is_that_of_the_shards(place: Workplace, scratch: Contender) -> None:
    assert scratch.tokens_reference is not None and scratch.tokens is not None
    found = stock(place.store, scratch.tokens_reference)
    assert found.tokens == {Part("talk", "hi"): scratch.tokens.n_tokens}
    order = rings(found, {Part("talk", "hi"): 3 * scratch.tokens.n_tokens}, 0.0, {}, seed=0)
    assert order.total == scratch.tokens.n_tokens


def test_what_is_read_too_often_is_said() -> None:
    there = {Part("a", "hi"): 1000, Part("b", "ta", "Kerala"): 10}
    plan = plan_mixture(there, Mixture(weights=Weights(languages={"ta": 1e6}), max_repeats=9), 800, 200)
    (said,) = repeated_too_often(there, plan)
    assert said.startswith("b, ta, Kerala: read 9.0 times") and sum(plan.taken.values()) == 1000
