from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file

from dono.artifacts import Store
from dono.stages.contenders import Contender
from dono.stages.corpus_stage import corpus_run, corpus_steps, spent_in, trunk_stop
from dono.stages.oversight import Oversight
from dono.stages.workplace import Workplace


def fresh(place: Workplace, tmp_path: Path) -> Workplace:
    return replace(place, store=Store(tmp_path))


def test_a_full_run_that_goes_on_from_the_pilots_trunk_equals_one_in_one_go(
    place: Workplace, who: dict[str, Contender], tmp_path: Path
) -> None:
    scratch = who["scratch/own"]
    apart, whole = fresh(place, tmp_path / "apart"), fresh(place, tmp_path / "whole")
    pilot = corpus_run(apart, scratch, 0.25, 0, scales=(0.125, 0.25), oversight=Oversight())
    grown = corpus_run(apart, scratch, 1.0, 0, scales=(0.125, 0.25), oversight=Oversight())
    at_once = corpus_run(whole, scratch, 1.0, 0, oversight=Oversight())
    one, other = (load_file(a.path / "model.safetensors") for a in (grown, at_once))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert spent_in(grown).tokens == spent_in(at_once).tokens == corpus_steps(place, scratch, 1.0) * 4 * 32
    assert spent_in(pilot).tokens < spent_in(grown).tokens


def test_the_decay_is_a_fifth_of_the_stage(place: Workplace, who: dict[str, Contender]) -> None:
    steps = corpus_steps(place, who["scratch/own"], 1.0)
    assert 0.15 < (steps - trunk_stop(steps)) / steps < 0.25


def test_the_loss_falls_and_the_first_one_is_that_of_a_model_that_knows_nothing(
    place: Workplace, who: dict[str, Contender], tmp_path: Path
) -> None:
    run = corpus_run(fresh(place, tmp_path), who["scratch/own"], 1.0, 0, oversight=Oversight())
    (stem,) = [r for r in run.made_from if r.kind == "trunk"]
    first = Store(tmp_path).read("trunk", stem.id)
    assert first is not None
    vocabulary = who["scratch/own"].shape.vocabulary
    assert abs(float(str(first.result["first_loss"])) - float(torch.tensor(vocabulary).log())) < 0.1
    assert float(str(run.result["last_loss"])) < 0.6 * float(str(first.result["first_loss"]))
