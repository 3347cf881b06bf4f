from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch._dynamo.utils import counters

from dono.models import Reader, layers_of, reader_of
from dono.objectives import next_token
from dono.tokens import Rows, document, packed
from dono.training import likelihood, train
from dono.training.compiled import can_compile, compile_layers
from tests.rooms.training.tiny import VOCABULARY, held_out_loss, tiny_model, tiny_spec

pytestmark = [
    # What torch's compiler itself does while it compiles; as an error it would keep layers from being compiled.
    pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*Function'> should not be instantiated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*torch.jit.script_method:DeprecationWarning"),
]
needs_compiler = pytest.mark.skipif(can_compile() is not None, reason=str(can_compile()))


@pytest.fixture(autouse=True)
def _nothing_compiled() -> Iterator[None]:
    """Each test begins and ends without graphs, and leaves torch's settings as they were."""
    before = torch._dynamo.config.suppress_errors
    torch.compiler.reset()
    counters.clear()
    yield
    torch._dynamo.config.suppress_errors = before
    torch.compiler.reset()


def many_documents_at(step: int) -> list[Rows]:
    """One part of a fixed shape with from 1 to 100 documents."""
    many, draw = [3, 40, 64, 100, 1][step], np.random.default_rng(step)
    texts = [document(draw.integers(0, VOCABULARY, n)) for n in draw.integers(2, 5, many)]
    return [packed(texts, fill_to=400)]


def losses(folder: Path, *, compiled: bool) -> list[float]:
    spec = tiny_spec(5, compiled=compiled)
    return train(reader_of(tiny_model()), many_documents_at, likelihood(next_token), spec, folder).losses


@needs_compiler
def test_five_steps_of_different_documents_compile_one_graph_with_nearly_the_same_losses(tmp_path: Path) -> None:
    found = losses(tmp_path / "compiled", compiled=True)
    assert counters["stats"]["unique_graphs"] == 1 and counters["frames"] == {"total": 1, "ok": 1}
    # fused kernels round otherwise (float32; measured: 4e-8)
    assert found == pytest.approx(losses(tmp_path / "plain", compiled=False), rel=1e-6)


@needs_compiler
def test_scoring_on_the_way_makes_no_new_graphs_and_the_next_steps_are_compiled_as_before(tmp_path: Path) -> None:
    def validate(reader: Reader, step: int) -> dict[str, float]:
        graphs.append(counters["stats"]["unique_graphs"])
        assert all(layer._compiled_call_impl is None for layer in layers_of(reader.model))
        found = held_out_loss(reader, 0)
        assert found is not None
        return found

    graphs: list[int] = []
    spec, model = tiny_spec(3, compiled=True), tiny_model()
    train(reader_of(model), many_documents_at, likelihood(next_token), spec, tmp_path, validate=validate)
    assert graphs == [1, 1, 1] and counters["frames"] == {"total": 1, "ok": 1}


def test_without_a_compiler_layers_run_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert can_compile() == "no C++ compiler (g++ or clang++) is installed"
    model = tiny_model()
    compile_layers(model)
    assert all(layer._compiled_call_impl is None for layer in layers_of(model))
    assert losses(tmp_path / "asked", compiled=True) == losses(tmp_path / "not asked", compiled=False)


@needs_compiler
def test_a_layer_that_does_not_compile_runs_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object, **settings: object) -> None:
        raise RuntimeError("no such kernel")

    monkeypatch.setattr("torch._inductor.compile_fx.compile_fx", broken)
    assert losses(tmp_path / "broken", compiled=True) == losses(tmp_path / "plain", compiled=False)
    assert counters["frames"]["total"] > counters["frames"]["ok"]


@needs_compiler
def test_after_training_other_shapes_make_no_new_graphs(tmp_path: Path) -> None:
    reader = reader_of(tiny_model())
    train(reader, many_documents_at, likelihood(next_token), tiny_spec(2, compiled=True), tmp_path)
    graphs = counters["stats"]["unique_graphs"]
    with torch.no_grad():
        for length in (3, 7, 11):
            reader.model(input_ids=torch.ones(2, length, dtype=torch.int64))
    assert counters["stats"]["unique_graphs"] == graphs == 1
