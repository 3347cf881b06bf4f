"""Who takes part, and by what names."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from dono.artifacts import Reference
from dono.decisions.routes import short_name
from dono.models import Shape
from dono.stages.contenders import Base, contenders, told_apart
from dono.stages.prepare import Prepared
from dono.stages.workplace import Workplace

SHAPE = Shape(1_000_000, 2, 64, 128, 1000, 1_000_000)


def base(source: str) -> Base:
    name = Path(source).name
    return Base(source, name, Reference("base", source, name), SHAPE)


@pytest.mark.parametrize(
    ("sources", "names"),
    [
        (["/p/gpt", "/p/llama"], ["gpt", "llama"]),
        (["/p/runs/a/model", "/p/runs/b/model", "/p/llama"], ["a/model", "b/model", "llama"]),
        (["/p/a/v1/model", "/p/b/v1/model"], ["a/v1/model", "b/v1/model"]),
        (["one/Qwen", "two/Qwen"], ["one/Qwen", "two/Qwen"]),
        (["Qwen", "/p/Qwen"], ["Qwen", "p/Qwen"]),
    ],
)
def test_bases_of_one_name_are_told_apart_by_as_much_of_their_paths_as_it_takes(
    sources: list[str], names: list[str]
) -> None:
    found = told_apart([base(s) for s in sources])
    assert [b.name for b in found] == names == [b.reference.name for b in found]
    assert [b.source for b in found] == sources


def test_two_bases_in_folders_of_one_name_are_two_arms_each(place: Workplace, prepared: Prepared) -> None:
    folder = place.project.folder
    for name in ("first", "second"):
        shutil.copytree(folder / "base", folder / name / "model")
    two = place.project.model_copy(update={"bases": ("./first/model", "./second/model"), "routes": ("finetune",)})
    who = contenders(replace(place, project=two), prepared)[0]
    names = [c.name for c in who]
    assert len(set(names)) == len(names) == 4
    assert "finetune/lora@first/model" in names
    assert short_name("finetune/lora@first/model") == "Fine-tune (LoRA), first/model"
