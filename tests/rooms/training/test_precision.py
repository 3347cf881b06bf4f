"""The precision to train in is measured."""

from __future__ import annotations

import pytest
import torch
from transformers import LlamaForCausalLM

from dono.models import reader_of
from dono.objectives import next_token
from dono.tokens import document, packed
from dono.training import likelihood, precision

PART = packed([document(range(5, 25))])


def test_products_are_timed_in_both_precisions() -> None:
    assert all(precision.product_rate(torch.device("cpu"), p) > 1e6 for p in ("float32", "bfloat16"))


def test_the_peak_is_that_of_the_library_that_layers_use(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(precision, "product", lambda x, weight: asked.append(x.dtype))
    precision.product_rate.__wrapped__(torch.device("cpu"), "float32")
    assert asked and set(asked) == {torch.float32}


def test_a_timed_pass_leaves_no_gradient_and_the_weights_as_they_were(model: LlamaForCausalLM) -> None:
    reader = reader_of(model)
    before = {name: p.clone() for name, p in reader.named_parameters()}
    assert 0 < precision.pass_seconds(reader, likelihood(next_token), PART, "bfloat16") < 10
    assert all(p.grad is None and torch.equal(p, before[name]) for name, p in reader.named_parameters())


@pytest.mark.parametrize(("seconds", "pays"), [(0.5, True), (0.9, False), (2.0, False)])
def test_a_processor_trains_in_bfloat16_only_where_that_was_measured_to_pay(
    seconds: float, pays: bool, model: LlamaForCausalLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = {"float32": 1.0, "bfloat16": seconds}
    monkeypatch.setattr(precision, "pass_seconds", lambda reader, learn, part, p: measured[p])
    assert precision.bfloat16_pays(reader_of(model), likelihood(next_token), PART) == pays
