"""One model on one test, item by item: asked once, kept as a table, whatever is read off it later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from dono.artifacts import Artifact, Json, Reference, fingerprint, identity, read_artifact
from dono.evals.measures import Table
from dono.models import load_model, shape_of
from dono.stages.prepare import Case
from dono.stages.scored_records import asked_records, records_by_counts, records_by_model
from dono.stages.scored_rows import asked_rows, rows_by_model, rows_by_trees
from dono.stages.scored_texts import asked_texts, texts_by_model, texts_by_words
from dono.stages.workplace import Workplace
from dono.tokens import load_tokenizer

ITEMS = "items.parquet"

ByModel = Callable[[Workplace, Case, int, PreTrainedModel, PreTrainedTokenizerBase, int], Table]
"""The items of a case (at most so many) with what a language model answers, read in a context of so many tokens."""
ByFitted = Callable[[Workplace, Case, int, Path], Table]
"""The same with what was fitted in a folder."""


@dataclass(frozen=True, kw_only=True)
class OnCard:
    """How use cases of one kind come on a scorecard.

    `asked`: what the answers depend on beside the case and the model; `by_arm`: who answers without a language model,
    by the arm that was built.
    """

    asked: Callable[[Workplace, Case, int], dict[str, Json]]
    by_model: ByModel
    by_arm: Mapping[str, ByFitted] = field(default_factory=dict)


ON_CARD: dict[str, OnCard] = {
    "classify": OnCard(asked=asked_texts, by_model=texts_by_model, by_arm={"predictive/tfidf": texts_by_words}),
    "generate": OnCard(asked=asked_texts, by_model=texts_by_model),
    "language": OnCard(asked=asked_texts, by_model=texts_by_model),
    "harness": OnCard(asked=asked_texts, by_model=texts_by_model),
    "predict": OnCard(asked=asked_rows, by_model=rows_by_model, by_arm={"predictive/boosting": rows_by_trees}),
    "habits": OnCard(asked=asked_records, by_model=records_by_model, by_arm={"predictive/counts": records_by_counts}),
}
"""By kind of use case."""


def score_items(
    place: Workplace, folder: str, case: Case, limit: int, context: int, arm: str | None = None
) -> Artifact:  # fmt: skip
    """What a model answers to at most `limit` items of a test, as `items.parquet`; asked once.

    `folder` is a model directory or a hub name, or what `arm`, an arm without a language model, left. `context` in
    tokens: the same for all models that are compared.
    """
    local, use_case = Path(folder), case.use_case
    kind = ON_CARD[use_case.kind]
    model_id = folder if not local.is_dir() else model_print(local) if arm is None else sealed(local)
    spec: dict[str, Json] = {
        "model": model_id, "use_case": use_case.name, "kind": use_case.kind,
        "prompt": use_case.prompt, "examples_from": case.artifact.id, "context": context,
        **kind.asked(place, case, limit),
    }  # fmt: skip

    def make(out: Path) -> dict[str, Json]:
        if arm is not None:
            table = kind.by_arm[arm](place, case, limit, local)
        else:
            model, tokenizer = load_model(folder), load_tokenizer(folder)
            table = kind.by_model(place, case, limit, model, tokenizer, min(context, shape_of(model).context))
        pq.write_table(pa.table({name: _column(values) for name, values in table.items()}), out / ITEMS)
        return {"items": len(table["expected"])}

    made_from = [Reference("model", model_id, local.name), case.artifact.reference]
    return place.store.make("evaluation", spec, make, made_from=made_from, name=f"{local.name} · {use_case.name}")


MODEL_FILES = ("config.json", "generation_config.json", "*.safetensors", "*.bin", "tokenizer*", "chat_template*")


def model_print(folder: Path) -> str:
    """What stands for the model in a directory, whatever lies beside it: cards, logs, measurements."""
    files = sorted({f for pattern in MODEL_FILES for f in folder.glob(pattern)})
    return identity({f.name: fingerprint(f) for f in files})


def sealed(folder: Path) -> str:
    """The identity of what an arm without a language model left."""
    made = read_artifact(folder)
    assert made is not None, "fitted models are read from sealed directories"
    return made.id


def _column(values: NDArray[Any]) -> pa.Array:
    return pa.array(values.tolist() if values.ndim > 1 or values.dtype == object else values)


def read_items(artifact: Artifact) -> Table:
    """The table of a scored test."""
    table = pq.read_table(artifact.path / ITEMS)
    return {name: np.array(table[name].to_pylist()) for name in table.column_names}
