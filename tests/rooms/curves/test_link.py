from __future__ import annotations

import numpy as np
import pytest

from dono.curves import Link, Pair, fit_link
from dono.curves.points import Floats


def truth(loss: Floats, slope: float = 2.5, middle: float = 1.4) -> Floats:
    return np.asarray(1 / (1 + (loss / middle) ** -slope))


def pairs(losses: Floats, noise: float = 0.0, seed: int = 0) -> list[Pair]:
    random = np.random.default_rng(seed)
    odds = np.log(truth(losses) / (1 - truth(losses))) + noise * random.standard_normal(len(losses))
    return [Pair(float(b), float(1 / (1 + np.exp(-o))), 0.005) for b, o in zip(losses, odds, strict=True)]


def fitted(found: list[Pair]) -> Link:
    link = fit_link(found)
    assert link is not None
    return link


def test_it_recovers_the_link_that_the_pilots_follow_beyond_what_they_showed() -> None:
    link = fitted(pairs(np.geomspace(1.2, 5.0, 8)))
    for loss in (0.4, 0.8, 2.0):
        assert link.mean(loss) == pytest.approx(float(truth(np.array([loss]))[0]), abs=0.03)


def test_a_score_still_at_chance_says_little_and_the_interval_is_wide() -> None:
    flat = [Pair(loss, 0.98, 0.01) for loss in (5.6, 5.2, 4.8, 4.5)]
    below = fitted(flat).along(np.full((4000, 1), 1.0), np.random.default_rng(0))[:, 0]
    lo, hi = np.quantile(below, [0.1, 0.9])
    assert hi - lo > 0.3


def test_the_interval_covers_new_runs_at_its_rate() -> None:
    inside = []
    for seed in range(60):
        losses = np.geomspace(0.8, 4.0, 12)
        link = fitted(pairs(losses, noise=0.3, seed=seed))
        drawn = link.along(np.full((2000, 1), 0.6), np.random.default_rng(seed))[:, 0]
        lo, hi = np.quantile(drawn, [0.1, 0.9])
        (new,) = pairs(np.array([0.6]), noise=0.3, seed=1000 + seed)
        inside.append(lo <= new.share <= hi)
    assert 0.68 <= np.mean(inside) <= 0.93


def test_it_does_not_depend_on_the_order_of_the_pilots() -> None:
    some = pairs(np.geomspace(0.5, 5.0, 9), noise=0.2)
    assert fitted(some).mean(0.7) == fitted(some[::-1]).mean(0.7)


def test_too_few_pilots_give_no_link() -> None:
    assert fit_link(pairs(np.array([1.0, 2.0, 3.0]))) is None


def test_less_loss_is_never_a_worse_score() -> None:
    link = fitted(pairs(np.geomspace(0.5, 5.0, 9), noise=0.4))
    paths = link.along(np.tile(np.geomspace(0.01, 20, 50), (300, 1)), np.random.default_rng(1))
    assert (np.diff(paths, axis=1) >= 0).all()
    assert ((paths >= 0) & (paths <= 1)).all()


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_perfect_and_hopeless_pilots_are_taken_as_they_are(share: float) -> None:
    link = fitted([Pair(b, share, 0.0) for b in (0.5, 1.0, 2.0, 4.0)])
    assert np.isfinite(link.along(np.array([[0.1, 1.0, 10.0]]), np.random.default_rng(0))).all()
