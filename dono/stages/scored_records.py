"""Habits on a scorecard: the records held out, by region and period, and how much a model expected each of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from dono.artifacts import Json, read_artifact
from dono.evals.lift import Records, calibrated, category_bits, counted
from dono.evals.measures import RECORD, Table
from dono.evals.scorecard import ALL, CLUSTER, SEGMENT
from dono.stages.habits import records_of
from dono.stages.lift import category_scores, plain_name, region_name, share_counted, when_name
from dono.stages.prepare import Case
from dono.stages.workplace import Workplace


def asked_records(place: Workplace, case: Case, limit: int) -> dict[str, Json]:
    """Nothing beside the case and the model: all records held out are asked about at once, cell by cell."""
    return {}


def records_by_model(
    place: Workplace, case: Case, limit: int, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, context: int
) -> Table:
    """All records held out, with what a language model expected there, calibrated by the train's records."""
    records, train = records_of(case.artifact)
    return table_of(records, calibrated(category_scores(case, model, tokenizer, records), train))


def records_by_counts(place: Workplace, case: Case, limit: int, folder: Path) -> Table:
    """The same by counting the train's records: all of them, or the share that the run in `folder` counted."""
    made = read_artifact(folder)
    records, train = share_counted(case, 1.0 if made is None else float(str(made.spec.get("scale", 1.0))))
    return table_of(records, counted(train))


def table_of(records: Records, log_p: np.ndarray) -> Table:
    """Each record with a model's ln P(c | r, p) [R, P, C]. The records of a customer come together."""
    n = len(records.category)
    everything = np.array([ALL] * n)
    names = np.array([plain_name(name) for name in records.categories])
    regions, periods = np.array([*map(region_name, records.regions)]), np.array([*map(when_name, records.periods)])
    placed = (records.region, records.period, records.category, log_p[records.region, records.period])
    return {
        "language": np.array([""] * n), "script": everything, "form": everything,
        "region": regions[records.region], SEGMENT + "period": periods[records.period],
        "expected": names[records.category], CLUSTER: records.customer, "category_bits": category_bits(records, log_p),
        **dict(zip(RECORD, placed, strict=True)),
    }  # fmt: skip
