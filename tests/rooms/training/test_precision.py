"""The precision to train in is measured."""

from __future__ import annotations

import pytest
import torch

from dono.training import precision

CPU = torch.device("cpu")


def test_products_are_timed_in_both_precisions() -> None:
    assert all(precision.product_rate(CPU, p) > 1e6 for p in precision.DTYPES)
    assert all(0 < precision.layer_seconds(CPU, p, 32) < 10 for p in precision.DTYPES)


@pytest.mark.parametrize(("seconds", "chosen"), [(0.5, "bfloat16"), (0.9, "float32"), (2.0, "float32")])
def test_a_processor_trains_in_bfloat16_only_where_that_was_measured_to_pay(
    seconds: float, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = {"float32": 1.0, "bfloat16": seconds}
    monkeypatch.setattr(precision, "layer_seconds", lambda device, p, width: measured[p])
    assert precision.best_precision(CPU, 64) == chosen
