"""Every recipe is a project file that loads, with the data it names."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dono.corpus.sample import write_sample
from dono.project import load_project

ROOT = Path(__file__).parents[2]
OF_OTHERS = ("run.yaml", "align.yaml")
"""See test_train.py and test_align.py."""
RECIPES = sorted(p for p in (ROOT / "recipes").glob("*/*.yaml") if p.name not in OF_OTHERS)
SHARED = ROOT.parent / "shared" / "corpora"


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_a_recipe_loads(recipe: Path, tmp_path: Path) -> None:
    if "../shared" in recipe.read_text(encoding="utf8"):
        if not SHARED.is_dir():
            pytest.skip("the real corpora are not on this machine")
        project = load_project(recipe)
    else:
        write_sample(tmp_path / "data", scale=0.01)
        shutil.copyfile(recipe, tmp_path / recipe.name)
        project = load_project(tmp_path / recipe.name)
    assert all(source.rights is not None for source in project.corpus)
