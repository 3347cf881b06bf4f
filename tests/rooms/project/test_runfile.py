"""The run file: what it accepts, and what it says to a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from dono.errors import Mistake, Mistakes
from dono.runfile import load_run

RUN = """
model: {random: {width: 32, layers: 2, heads: 2, vocabulary: 300, context: 64}}
data: text.jsonl
out: made
"""


def written(folder: Path, text: str = RUN) -> Path:
    path = folder / "run.yaml"
    path.write_text(text, encoding="utf8")
    return path


def test_a_model_is_a_name_or_a_random_one_and_data_one_pattern_or_several(tmp_path: Path) -> None:
    random = load_run(written(tmp_path))
    assert random.model.random is not None and random.model.random.width == 32
    named = load_run(written(tmp_path, "model: owner/name\ndata: [a.jsonl, 'b/*.jsonl']\nout: made\n"))
    assert named.model.path == "owner/name" and named.source("owner/name") == "owner/name"
    assert named.data == ("a.jsonl", "b/*.jsonl")


def test_a_directory_beside_the_file_is_preferred_to_a_hub_name(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    assert load_run(written(tmp_path)).source("base") == str(tmp_path / "base")


def test_a_switch_is_a_switch_although_yaml_reads_on_as_true(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert load_run(path, ["compile=on"]).compile == "on" and load_run(path, ["compile=off"]).compile == "off"


def test_the_settled_file_reads_back_from_anywhere_as_the_same_run(tmp_path: Path) -> None:
    run = load_run(written(tmp_path), ["lora.rank=4", "steps=7", "caps.hours=1"])
    (tmp_path / "elsewhere").mkdir()
    again = load_run(written(tmp_path / "elsewhere", run.as_yaml()))
    assert again.out_folder == run.out_folder and [again.path(d) for d in again.data] == [run.path(d) for d in run.data]
    names = set(type(run).model_fields) - {"data", "out", "folder"}
    assert again.model_dump(include=names) == run.model_dump(include=names)


def test_caps_and_saving_are_not_part_of_what_was_asked(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert load_run(path, ["caps.hours=1", "save_minutes=1"]).asked() == load_run(path).asked()
    assert load_run(path, ["rate=0.1"]).asked() != load_run(path).asked()


WRONG = [
    (["lora.rnk=3"], "lora.rnk: unknown key 'rnk'. Did you mean 'rank'?"),
    (["model.path=./base"], "model: give a model directory, a hub name, or {random: {…}}"),
    (["model.random.width=33"], "width 33 must be an even multiple of heads 2"),
    (["epochs=1", "steps=3"], "give one of epochs, tokens and steps"),
    (["validation=0.9"], "a share from 0 to 0.5, not 0.9"),
    (["validation=0", "validate_steps=5"], "validate_steps needs rows that are held out, and validation is 0"),
    (["validate_steps=0"], "validate_steps"),
    (["validation=none.jsonl"], "validation: no such file 'none.jsonl'"),
    (["caps.money=5"], "caps.money needs machine.price_per_hour"),
    (["objective=ppo"], "objective"),
    (["lora.keep=adapter"], "an adapter needs a base that is kept"),
]


@pytest.mark.parametrize(("overrides", "said"), WRONG, ids=lambda v: v[0] if isinstance(v, list) else "")
def test_a_mistake_in_it_is_one_line(overrides: list[str], said: str, tmp_path: Path) -> None:
    with pytest.raises(Mistakes) as caught:
        load_run(written(tmp_path), overrides)
    assert said in str(caught.value) and len(str(caught.value).splitlines()) == 1


def test_a_missing_run_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="no such run file"):
        load_run(tmp_path / "run.yaml")
