from __future__ import annotations

import json
from pathlib import Path

import datasets
import pytest

from dono.corpus.rows import Broken, Row
from dono.corpus.source_huggingface import dataset_parts, read_dataset
from dono.errors import Mistake
from dono.project import Source

TEXTS = [f"पाठ {i}" for i in range(25)]


@pytest.fixture(autouse=True)
def no_bars() -> None:
    datasets.disable_progress_bars()


def read(path: Path | str, **more: object) -> list[Row | Broken]:
    source = Source.model_validate({"name": "a", "kind": "huggingface", "path": str(path), **more})
    return [row for part in dataset_parts(source) for row in read_dataset(part, source)]


def texts(rows: list[Row | Broken]) -> list[object]:
    return [row.fields["text"] for row in rows if isinstance(row, Row)]


def test_a_saved_data_set_is_read_shard_by_shard(tmp_path: Path) -> None:
    datasets.Dataset.from_dict({"text": TEXTS}).save_to_disk(tmp_path / "saved", num_shards=3)
    assert texts(read(tmp_path / "saved")) == TEXTS
    parts = dataset_parts(Source(name="a", kind="huggingface", path=str(tmp_path / "saved")))
    assert [p.name for p in parts] == [f"{tmp_path}/saved/train ({i} of 3)" for i in (1, 2, 3)]
    assert len({p.fingerprint() for p in parts}) == 3 and all(p.size > 0 for p in parts)


def test_splits_of_a_saved_dictionary_are_told_apart(tmp_path: Path) -> None:
    both = {"train": TEXTS[:20], "test": TEXTS[20:]}
    saved = datasets.DatasetDict({name: datasets.Dataset.from_dict({"text": t}) for name, t in both.items()})
    saved.save_to_disk(tmp_path / "saved")
    assert texts(read(tmp_path / "saved", split="test")) == TEXTS[20:]
    with pytest.raises(Mistake, match=r"no split 'dev'\. Use one of train, test"):
        read(tmp_path / "saved", split="dev")


def test_a_directory_as_on_the_hub_is_read_by_configuration_and_split(tmp_path: Path) -> None:
    for name, part in {
        "hi/train-0.jsonl": TEXTS[:10],
        "hi/train-1.jsonl": TEXTS[10:20],
        "hi/test.jsonl": TEXTS[20:],
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("".join(json.dumps({"text": t}) + "\n" for t in part), "utf8")
    (tmp_path / "README.md").write_text(
        "---\nconfigs:\n- config_name: hi\n  data_files:\n  - {split: train, path: hi/train-*.jsonl}\n"
        "  - {split: test, path: hi/test.jsonl}\n---\n",
        "utf8",
    )
    assert texts(read(tmp_path, config="hi")) == TEXTS[:20]
    assert texts(read(tmp_path, config="hi", split="test")) == TEXTS[20:]
    with pytest.raises(Mistake, match="cannot be read"):
        read(tmp_path, config="ta")


def test_a_change_of_a_file_is_another_fingerprint(tmp_path: Path) -> None:
    def mark(text: str) -> str:
        (tmp_path / "train.jsonl").write_text(json.dumps({"text": text}) + "\n")
        return dataset_parts(Source(name="a", kind="huggingface", path=str(tmp_path)))[0].fingerprint()

    assert mark("one") != mark("other") and mark("one") == mark("one")


def test_a_broken_file_is_said_in_one_line_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text('{"text": "one"}\n{"text": \n')
    with pytest.raises(Mistake, match="cannot be read") as caught:
        read(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_missing_directory_and_a_hub_out_of_reach_are_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Mistake, match="no such directory"):
        read("/nowhere/at/all")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    with pytest.raises(Mistake, match=r"the data set 'dono-nobody/nothing' cannot be read") as caught:
        read("dono-nobody/nothing")
    assert "\n" not in str(caught.value)


def test_a_data_set_of_the_hub_is_asked_for_by_name_and_its_commit_is_its_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The hub is out of a test's reach: what is asked of its two clients is looked at instead."""
    asked: list[tuple[object, ...]] = []

    def load_dataset(path: str, config: str | None, **more: object) -> datasets.IterableDataset:
        asked.append((path, config, *more.items()))
        return datasets.Dataset.from_dict({"text": TEXTS}).to_iterable_dataset(num_shards=2)

    class Api:
        def dataset_info(self, path: str, revision: str | None) -> object:
            return type("Info", (), {"sha": f"commit of {path} {revision}"})()

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    monkeypatch.setattr("huggingface_hub.HfApi", Api)
    assert texts(read("org/name", config="hi", split="test", revision="v1")) == TEXTS
    expected = ("org/name", "hi", ("split", "test"), ("revision", "v1"), ("streaming", True))
    assert set(asked) == {expected}
    source = Source(name="a", kind="huggingface", path="org/name", revision="v1")
    assert dataset_parts(source)[0].version == "commit of org/name v1"
