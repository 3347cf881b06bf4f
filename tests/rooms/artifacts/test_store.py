from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dono.artifacts import (
    Json,
    Measurement,
    Reference,
    Store,
    drift,
    identity,
    read_begun,
    read_measurements,
    write_measurements,
)
from dono.artifacts.store import RECORD
from dono.errors import Mistake

SPECS = st.dictionaries(st.text(max_size=5), st.one_of(st.integers(), st.text(max_size=5), st.booleans(), st.none()))


def make(folder: Path) -> Mapping[str, Json]:
    (folder / "data.txt").write_text("done", encoding="utf8")
    return {"size": 4}


def test_what_is_finished_is_not_made_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = store.make("run", {"a": 1}, make)

    def never(folder: Path) -> Mapping[str, Json]:
        raise AssertionError

    assert store.make("run", {"a": 1}, never) == first
    assert first.result == {"size": 4}


def test_a_directory_without_a_record_was_never_finished(tmp_path: Path) -> None:
    store = Store(tmp_path)
    path = store.path("run", {"a": 1})
    path.mkdir(parents=True)
    (path / "half.txt").write_text("half", encoding="utf8")
    assert store.find("run", {"a": 1}) is None
    made = store.make("run", {"a": 1}, make)
    assert not (made.path / "half.txt").exists()


def test_a_partial_directory_is_kept_for_who_can_go_on_from_it(tmp_path: Path) -> None:
    store = Store(tmp_path)
    path = store.path("run", {"a": 1})
    path.mkdir(parents=True)
    (path / "state.pt").write_text("step 3", encoding="utf8")
    seen: list[str] = []

    def resume(folder: Path) -> Mapping[str, Json]:
        seen.append((folder / "state.pt").read_text(encoding="utf8"))
        return {}

    store.make("run", {"a": 1}, resume, keep_partial=True)
    assert seen == ["step 3"]


@given(SPECS)
def test_identity_does_not_depend_on_the_order_of_keys(spec: dict[str, Json]) -> None:
    assert identity(spec) == identity(dict(reversed(list(spec.items()))))


@given(SPECS, SPECS)
def test_drift_is_empty_exactly_when_specs_are_equal(a: dict[str, Json], b: dict[str, Json]) -> None:
    trimmed = [{k: v for k, v in spec.items() if v is not None} for spec in (a, b)]
    kinds = [{k: type(v) for k, v in spec.items()} for spec in trimmed]
    if kinds[0] == kinds[1]:
        assert (drift(trimmed[0], trimmed[1]) == []) == (trimmed[0] == trimmed[1])


def test_drift_names_the_field_and_both_values() -> None:
    assert drift({"loop": {"peak": 1}}, {"loop": {"peak": 2}}) == ["loop.peak: 1 → 2"]


def test_why_prints_the_tree_back_to_the_files(tmp_path: Path) -> None:
    store = Store(tmp_path)
    corpus = store.make("corpus", {"n": 1}, make, made_from=[Reference("file", "ab12", "chats.jsonl")], name="shop")
    run = store.make("run", {"n": 2}, make, made_from=[corpus.reference], name="scratch")
    lines = list(store.why(run))
    assert [line.split(" @")[0] for line in lines] == ["run scratch", "  corpus shop", "    file chats.jsonl"]


def test_an_unknown_name_is_a_mistake_that_lists_the_known_ones(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.make("run", {}, make, name="scratch")
    with pytest.raises(Mistake, match="Known names: scratch"):
        store.named("skratch")


def test_a_damaged_record_is_said_with_its_remedy(tmp_path: Path) -> None:
    store = Store(tmp_path)
    made = store.make("run", {}, make)
    (made.path / RECORD).write_text("{", encoding="utf8")
    with pytest.raises(Mistake, match="Delete the directory"):
        store.find("run", {})


def test_a_failing_make_leaves_nothing_that_looks_finished(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def fail(folder: Path) -> Mapping[str, Json]:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        store.make("run", {}, fail)
    assert store.find("run", {}) is None


def row(value: float) -> Measurement:
    return Measurement(
        run="r", use_case="u", arm="a", metric="m", split="test", language="all", value=value, stderr=0.1, n=3,
        scale=0.5, tokens=10, examples=2, flops=1e9, seconds=1, money=0, seed=0,
    )  # fmt: skip


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=5))
def test_measurements_come_back_as_they_were_written(values: list[float]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.jsonl"
        write_measurements(path, [row(v) for v in values])
        assert [m.value for m in read_measurements(path)] == values


def test_a_measurement_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(AssertionError):
        row(float("nan"))


def test_half_finished_work_has_a_name_until_it_is_sealed(tmp_path: Path) -> None:
    store, seen = Store(tmp_path), []

    def make(folder: Path) -> dict[str, Json]:
        seen.append(read_begun(folder))
        if len(seen) == 1:
            raise KeyboardInterrupt
        return {"value": 7}

    origin = [Reference("file", "0123", "part.txt")]
    with pytest.raises(KeyboardInterrupt):
        store.make("run", {"scale": 0.5}, make, made_from=origin, name="half", keep_partial=True)
    path = store.path("run", {"scale": 0.5})
    left = read_begun(path)
    assert left is not None and (left.kind, left.name, left.id) == ("run", "half", path.name)
    assert left.spec == {"scale": 0.5} and left.made_from == tuple(origin) and left.result == {}
    sealed = store.make("run", {"scale": 0.5}, make, made_from=origin, name="half", keep_partial=True)
    assert seen[1] == left or seen[1] is not None
    assert read_begun(path) is None and [p.name for p in sealed.path.iterdir()] == ["artifact.json"]
