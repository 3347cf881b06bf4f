"""Tasks of lm-evaluation-harness run on a model of ours: the harness's own numbers, and each document's for slices."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import numpy as np
from lm_eval import simple_evaluate
from lm_eval.api.metrics import mean
from lm_eval.api.task import ConfigurableTask
from lm_eval.tasks import TaskManager
from lm_eval.tasks._yaml_loader import load_yaml

from dono.errors import Mistake
from dono.evals.harness import DonoLM
from dono.evals.harness_sets import SetTask, first_and_rest
from dono.evals.scores import CHRF_WORDS, Score, bootstrapped, score_answers

OURS = {
    "acc": "accuracy", "exact_match": "exact_match", "chrf": "chrf", "chrf++": "chrf_plus_plus",
    "bits_per_byte": "bits_per_byte",
}  # fmt: skip
"""Metrics of the harness that are ours under another name; all others keep theirs."""


@dataclass(frozen=True)
class Asked:
    """A document as the harness asks it: prompt, expected answer, language, the task and its place in it."""

    prompt: str
    answer: str
    language: str
    task: str
    place: int


@dataclass(frozen=True)
class Outcome:
    """What came of one document: what the model said, and the harness's value of each metric before aggregation."""

    asked: Asked
    said: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Outcomes:
    """All documents; the harness's own aggregate by task and metric; how each metric is aggregated."""

    items: tuple[Outcome, ...]
    reported: Mapping[tuple[str, str], float]
    aggregate: Mapping[str, Callable[[list[Any]], float]]


def task_of_yaml(path: Path) -> ConfigurableTask:
    """The task in a file. Data files that it names are looked for beside it.

    Raises `Mistake` for a group, a file that is no task, and data that cannot be had.
    """
    with _quiet():
        try:
            settings = load_yaml(path)
        except Exception as error:  # YAML, includes and functions of anybody's making
            raise Mistake(f"the task cannot be read ({_first(error)})", where=str(path), remedy="Mend it") from error
        if not isinstance(settings.get("task"), str):
            remedy = "Give the file of one task, with task: NAME"
            raise Mistake("it is no single task of lm-evaluation-harness", where=str(path), remedy=remedy)
        kwargs = settings.get("dataset_kwargs")
        if isinstance(kwargs, dict) and "data_files" in kwargs:
            settings = settings | {"dataset_kwargs": kwargs | {"data_files": _beside(path, kwargs["data_files"])}}
        try:
            return ConfigurableTask(config=settings)
        except Exception as error:  # the data set's own reader, the network, functions of the task
            remedy = "Give its data as local files: dataset_path: json, dataset_kwargs: {data_files: …}"
            raise Mistake(f"the task cannot be made ({_first(error)})", where=str(path), remedy=remedy) from error


def _beside(path: Path, files: object) -> object:
    """Paths of data files relative to the task's folder, where they are there."""
    if isinstance(files, dict):
        return {split: _beside(path, named) for split, named in files.items()}
    if isinstance(files, list):
        return [_beside(path, named) for named in files]
    near = path.parent / str(files)
    return str(near) if near.exists() else files


def task_of_set(one: SetTask, shots: int) -> ConfigurableTask:
    """A task on documents at hand; `shots` of them are shown solved before each question, and not asked."""
    shown, rest = first_and_rest(one.docs, shots)
    if not rest:
        remedy = "Give more rows, or fewer shots"
        raise Mistake(f"{len(one.docs)} rows are too few for {shots} shots", where=one.name, remedy=remedy)

    def documents(**_ignored: object) -> dict[str, datasets.Dataset]:
        parts = {"test": datasets.Dataset.from_list(rest)}
        return parts | ({"shown": datasets.Dataset.from_list(shown)} if shown else {})

    settings = {
        "task": one.name, "custom_dataset": documents, "test_split": "test", "num_fewshot": shots,
        **({"fewshot_split": "shown", "fewshot_config": {"sampler": "first_n"}} if shown else {}), **one.settings,
    }  # fmt: skip
    with _quiet():
        return ConfigurableTask(config=settings)


def documents_of(tasks: Sequence[ConfigurableTask], limit: int) -> list[Asked]:
    """At most `limit` documents, as many of each task as another, spread evenly, the same ones every time."""
    share = max(1, limit // max(1, len(tasks)))
    found = []
    for task in tasks:
        docs = task.eval_docs
        n, kept = len(docs), min(len(docs), share)
        for place in (i * n // kept for i in range(kept)):
            doc = docs[place]
            prompt, answer = task.doc_to_text(doc), task.doc_to_target(doc)
            if isinstance(prompt, int) or task.OUTPUT_TYPE == "multiple_choice":
                choices = task.doc_to_choice(doc)
                prompt = prompt if isinstance(prompt, str) else " / ".join(map(str, choices))
                answer = choices[answer] if isinstance(answer, int) and answer < len(choices) else answer
            told = answer[0] if isinstance(answer, list) and answer else answer
            language = str(doc.get("language", doc.get("lang", "und")))
            found.append(Asked(str(prompt), str(told), language, str(task.config.task), place))
    return found


def run_tasks(tasks: Sequence[ConfigurableTask], asked: Sequence[Asked], model: DonoLM) -> Outcomes:
    """The harness's evaluation of these documents. Raises `Mistake` for a task that it cannot run."""
    places: dict[str, list[int]] = {}
    for one in asked:
        places.setdefault(one.task, []).append(one.place)
    with _quiet():
        try:
            found = simple_evaluate(
                model=model, tasks=list(tasks), samples=places, bootstrap_iters=0, random_seed=None,
                numpy_random_seed=None, torch_random_seed=None, fewshot_random_seed=1234,
                task_manager=TaskManager(include_defaults=False),
            )  # fmt: skip
        except (ValueError, KeyError, TypeError, AssertionError) as error:
            raise Mistake(f"the task cannot be run ({_first(error)})", where=asked[0].task, remedy="Mend it") from error
    assert found is not None
    reported: dict[tuple[str, str], float] = {}
    items: dict[tuple[str, int], Mapping[str, Any]] = {}
    for name, values in found["results"].items():
        for key, value in values.items():
            metric, _, _filter = str(key).partition(",")
            if (
                isinstance(value, int | float)
                and not metric.endswith("_stderr")
                and metric not in ("alias", "sample_len")
            ):
                reported.setdefault((name, metric), float(value))
    for name, samples in found["samples"].items():
        for sample in samples:  # of several filters the first counts, as in `reported`
            items.setdefault((name, int(sample["doc_id"])), sample)
    aggregate = {m: f for task in tasks for m, f in task.aggregation().items()}
    outcomes = tuple(_outcome(one, items[one.task, one.place]) for one in asked)
    return Outcomes(outcomes, reported, aggregate)


def _outcome(asked: Asked, sample: Mapping[str, Any]) -> Outcome:
    said = sample["filtered_resps"][0]
    if isinstance(said, str):
        text = said
    else:  # likelihoods of choices: the likeliest is what it says
        nats = [r[0] if isinstance(r, list | tuple) else r for r in sample["filtered_resps"]]
        arguments = sample["arguments"]
        continuations = [a[1] if isinstance(a, list | tuple) and len(a) > 1 else "" for a in _arguments(arguments)]
        text = str(continuations[int(np.argmax([float(v) for v in nats]))]).strip() if len(nats) > 1 else ""
    return Outcome(asked, text, {m: sample[m] for m in sample["metrics"] if m in sample})


def _arguments(found: object) -> list[Any]:
    if isinstance(found, dict):
        return [list(v.values()) if isinstance(v, dict) else v for v in found.values()]
    assert isinstance(found, list | tuple)
    return list(found)


def score_outcomes(outcomes: Outcomes, *, seed: int = 0) -> list[Score]:
    """Every metric for all documents and per language, by the harness's own aggregation; ours by our names.

    Standard errors: of a mean, else by bootstrap over documents.
    """
    scores = []
    metrics = sorted({m for o in outcomes.items for m in o.values})
    for metric in metrics:
        having = [o for o in outcomes.items if metric in o.values]
        languages = sorted({o.asked.language for o in having})
        slices = {"all": having} | {lang: [o for o in having if o.asked.language == lang] for lang in languages}
        for language, some in slices.items():
            value, stderr = _aggregated(metric, [o.values[metric] for o in some], outcomes.aggregate[metric], seed)
            if np.isfinite(value):
                scores.append(Score(OURS.get(metric, metric), language, value, stderr, len(some)))
    return scores


def _aggregated(
    metric: str, values: list[Any], aggregate: Callable[[list[Any]], float], seed: int
) -> tuple[float, float]:
    value, n = float(aggregate(values)), len(values)
    if metric in ("chrf", "chrf++"):
        expected, said = (["".join(v[0]) if isinstance(v[0], list) else str(v[0]) for v in values],
                          ["".join(v[1]) if isinstance(v[1], list) else str(v[1]) for v in values])  # fmt: skip
        ours = score_answers(said, expected, ["all"] * n, [OURS[metric]], seed=seed)[0]
        assert OURS[metric] in CHRF_WORDS
        return value, ours.stderr
    if aggregate is mean and all(isinstance(v, int | float | bool | np.number) for v in values):
        spread = float(np.std(np.asarray(values, dtype=np.float64), ddof=1)) if n > 1 else 0.0
        return value, max(spread, 0.5 / n**0.5 if set(values) <= {0, 1} else 0.0) / n**0.5
    return value, bootstrapped(lambda rows: float(aggregate([values[i] for i in rows])), n, seed)


@contextmanager
def _quiet() -> Iterator[None]:
    """The harness and its data sets say much, and draw bars of their own; our display says what is done."""
    loggers = [logging.getLogger(name) for name in ("lm_eval", "datasets")]
    before = [logger.level for logger in loggers]
    bars = datasets.utils.logging.is_progress_bar_enabled()
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    datasets.disable_progress_bars()
    try:
        with redirect_stderr(io.StringIO()):
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
        if bars:
            datasets.enable_progress_bars()


def _first(error: BaseException) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[0]}" if text else type(error).__name__
