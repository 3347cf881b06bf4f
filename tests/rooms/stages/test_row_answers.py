"""A language model beside the trees: the same rows, in words."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

from dono.errors import Mistake
from dono.evals import answer_log_likelihoods
from dono.project import UseCase
from dono.stages.answers import prompts_of
from dono.stages.contenders import contenders
from dono.stages.oversight import Oversight
from dono.stages.predictive import predictive_run
from dono.stages.prepare import Case, prepare
from dono.stages.row_answers import answer_rows
from dono.stages.row_texts import limited_rows, row_text
from dono.stages.runs import RunSpec, carry_out, measurements_of
from dono.stages.tables import parts_of
from dono.stages.workplace import Workplace, open_workplace
from dono.tokens import answer_ids


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, base_folder: Path) -> Workplace:
    folder = tmp_path_factory.mktemp("rows")
    shutil.copytree(base_folder, folder / "base")
    random = np.random.default_rng(0)
    lines = ["id,plan,calls,country,left"]
    for n in range(120):
        plan = random.choice(["a", "b"])
        left = random.random() < (0.8 if plan == "a" else 0.2)
        lines.append(f"{n},{plan},{'' if n % 7 == 0 else n % 9},IN,{'yes' if left else 'no'}")
    (folder / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf8")
    (folder / "dono.yaml").write_text(
        "project: shop\nuse_cases: [{name: churn, kind: predict, train: t.csv, target: left, test_limit: 20, "
        "table: {trials: 1}}]\nbases: [./base]\nbudget: {hours: 1}\ntraining: {task_epochs: 1}\n", encoding="utf8"
    )  # fmt: skip
    return open_workplace(folder / "dono.yaml")


@pytest.fixture(scope="module")
def case(place: Workplace) -> Case:
    return prepare(place).cases[0]


def test_models_meet_the_rows_of_the_trees_without_what_tells_nothing(place: Workplace, case: Case) -> None:
    parts = parts_of(place, case.use_case)
    assert [e.answer for e in case.train] == parts.train.labels
    asked = limited_rows(len(parts.test.labels), case.use_case.test_limit)
    assert [e.answer for e in case.test] == [parts.test.labels[i] for i in asked] and len(case.test) == 20
    for row, example in zip(asked, case.test, strict=True):
        calls = parts.test.columns["calls"][row]
        assert example.prompt == f"plan: {parts.test.columns['plan'][row]}" + (f"; calls: {calls}" if calls else "")


def test_a_row_is_one_line_and_what_is_blank_is_not_mentioned() -> None:
    cells = [("note", "late\n  again"), ("left", None), ("spend", 12.0), ("rate", float("nan"))]
    assert row_text(cells) == "note: late again; spend: 12"


def test_a_class_is_as_likely_as_its_words_after_the_row(
    case: Case, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase
) -> None:
    scores, samples, notes = answer_rows(case, model, tokenizer, 64, 0, seed=0)
    found = {s.metric: s for s in scores if s.language == "all"}
    prompts = prompts_of(case, tokenizer, case.test, 0)
    assert tokenizer.decode(prompts[0]).endswith("\nleft:")
    labels = [[*answer_ids(tokenizer, ":", word), tokenizer.eos_token_id] for word in ("no", "yes")]
    no, yes = (answer_log_likelihoods(model, tokenizer, prompts, [ids] * len(prompts)) for ids in labels)
    truth = [e.answer == "yes" for e in case.test]
    assert found["auc"].value == pytest.approx(roc_auc_score(truth, yes - no))
    assert found["brier"].value == pytest.approx(np.mean((1 / (1 + np.exp(no - yes)) - np.array(truth)) ** 2))
    assert {"average_precision", "lift", "accuracy", "macro_f1", "label_bits"} < set(found)
    assert samples[0]["answer"] in ("no", "yes") and notes == ["asked 20 of the rows held out, in words"]


def test_a_row_longer_than_the_context_loses_its_first_columns_and_that_is_said(
    case: Case, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase
) -> None:
    wide = dataclasses.replace(case.test[0], prompt="; ".join(f"column {n}: word" for n in range(30)))
    longer = dataclasses.replace(case, test=(wide, *case.test[1:]))
    _, _, notes = answer_rows(longer, model, tokenizer, 64, 0, seed=0)
    assert notes[-1] == "1 of them are longer than its 64 tokens: their first columns are not read"


def test_a_class_that_no_row_asked_has_is_named(
    case: Case, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase
) -> None:
    rare = dataclasses.replace(case, train=(*case.train, dataclasses.replace(case.train[0], answer="moved")))
    with pytest.raises(Mistake, match=r"test_limit: of the 20 rows held out that are asked, none is 'moved'. Raise it"):
        answer_rows(rare, model, tokenizer, 64, 0, seed=0)


def test_a_base_is_asked_and_fine_tuned_and_the_trees_are_held_to_the_same_rows(place: Workplace, case: Case) -> None:
    prepared = prepare(place)
    who = {c.name: c for c in contenders(place, prepared)[0]}
    assert set(who) == {"prompt/zero-shot", "finetune/lora", "finetune/full"}
    oversight = Oversight(lambda _: None, lambda _: None)
    run = carry_out(place, RunSpec(contender=who["finetune/full"], case=case, scale=0.5), oversight)
    rows = {m.metric: m for m in measurements_of(run) if m.language == "all"}
    assert run.result["failed"] is None and rows["auc"].n == 20 and rows["auc"].examples == 42
    trees = predictive_run(place, "predictive/boosting", case, 1.0)
    assert trees.made_from == (case.artifact.reference,)
    assert "on the 20 rows that language models were asked: " in str(trees.result["notes"])
    assert next(m.n for m in measurements_of(trees) if m.metric == "auc") == 36


def test_without_a_model_to_start_from_no_text_is_written(place: Workplace) -> None:
    alone = place.project.model_copy(update={"bases": ()})
    found = prepare(Workplace(alone, place.store, place.display)).cases[0]
    assert found.train == found.test == () and isinstance(found.use_case, UseCase)
