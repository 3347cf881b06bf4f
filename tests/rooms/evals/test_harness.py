"""Our models under lm-evaluation-harness, against the harness's own model on the same local tasks."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from lm_eval import simple_evaluate
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.api.registry import get_model
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager

from dono.errors import Mistake
from dono.evals.harness import DonoLM
from dono.evals.harness_sets import read_set
from dono.evals.harness_tasks import documents_of, run_tasks, score_outcomes, task_of_set, task_of_yaml

logging.getLogger("lm_eval").setLevel(logging.ERROR)
QUESTIONS = [
    ("भारत की राजधानी क्या है?", ["मुंबई", "दिल्ली", "चेन्नई", "कोलकाता"], 1, "Hindi"),
    ("where is the parcel", ["it is late", "tomorrow", "I do not know", "a customer"], 2, "English"),
    ("உங்கள் ஆர்டர்", ["நாளை வரும்", "ஆர்டர்", "the", "கல்"], 0, "Tamil"),
    ("आपका ऑर्डर", ["कल", "तक", "पहुँच", "जाएगा"], 3, "Hindi"),
    ("mera order", ["kab", "tak", "aayega", "please batao"], 2, "Hindi"),
]
CHOICE = """
task: shop_choice
dataset_path: json
dataset_kwargs: {data_files: {test: rows.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{question}}\\nAnswer:"
doc_to_choice: "{{choices}}"
doc_to_target: "{{answer}}"
metric_list:
  - {metric: acc, aggregation: mean, higher_is_better: true}
  - {metric: acc_norm, aggregation: mean, higher_is_better: true}
"""
TEXT = """
task: shop_text
dataset_path: json
dataset_kwargs: {data_files: {test: rows.jsonl}}
test_split: test
output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: "{{long}}"
metric_list:
  - {metric: bits_per_byte, aggregation: bits_per_byte, higher_is_better: false}
  - {metric: word_perplexity, aggregation: weighted_perplexity, higher_is_better: false}
"""
WRITE = """
task: shop_write
dataset_path: json
dataset_kwargs: {data_files: {test: rows.jsonl}}
test_split: test
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{choices[0]}}"
generation_kwargs: {until: ["\\n", "र"], max_gen_toks: 12, do_sample: false}
metric_list:
  - {metric: chrf, aggregation: chrf, higher_is_better: true}
  - {metric: exact_match, aggregation: mean, higher_is_better: true}
"""
TASKS = {"choice": CHOICE, "text": TEXT, "write": WRITE}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", str(tmp_path / "cache"))
    rows = [
        {"question": q, "choices": c, "answer": a, "language": lang, "long": " ".join([q, *c] * 6)}
        for q, c, a, lang in QUESTIONS
    ]
    lines = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)
    (tmp_path / "rows.jsonl").write_text(lines, encoding="utf8")
    for name, text in TASKS.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf8")
    return tmp_path


def numbers(model: LM, folder: Path) -> dict[str, dict[str, float]]:
    found = simple_evaluate(
        model=model, tasks=[task_of_yaml(folder / f"{name}.yaml") for name in TASKS], bootstrap_iters=0,
        task_manager=TaskManager(include_defaults=False),
    )  # fmt: skip
    assert found is not None
    return {
        task: {k: v for k, v in values.items() if k.endswith(",none") and isinstance(v, float)}
        for task, values in found["results"].items()
    }


def test_local_tasks_give_the_harness_own_numbers_to_the_last_digit(folder: Path, base_folder: Path) -> None:
    theirs = numbers(HFLM(pretrained=str(base_folder), device="cpu", dtype="float32"), folder)
    ours = numbers(DonoLM(str(base_folder), batch_tokens=1), folder)
    assert ours == theirs
    assert {task: len(values) for task, values in theirs.items()} == {f"shop_{name}": 2 for name in TASKS}


def test_likelihoods_whole_texts_and_answers_equal_the_harness_own_to_the_last_bit(base_folder: Path) -> None:
    theirs = HFLM(pretrained=str(base_folder), device="cpu", dtype="float32")
    ours = DonoLM(str(base_folder), batch_tokens=1)
    pairs = [(q, f" {c}") for q, choices, _, _ in QUESTIONS for c in choices] + [("", "मेरा"), ("trailing ", "blank")]
    pairs.append((QUESTIONS[0][0] * 8, " longer than the context"))
    asked = [Instance("loglikelihood", {}, pair, i) for i, pair in enumerate(pairs)]
    assert ours.loglikelihood(asked) == theirs.loglikelihood(asked, disable_tqdm=True)
    texts = [Instance("loglikelihood_rolling", {}, (q * 10,), i) for i, (q, *_) in enumerate(QUESTIONS)]
    assert ours.loglikelihood_rolling(texts) == theirs.loglikelihood_rolling(texts, disable_tqdm=True)
    until = [{"until": ["\n\n"], "max_gen_toks": 10}, {"until": ["र", "a"], "max_gen_toks": 20, "do_sample": False}]
    written = [
        Instance("generate_until", {}, (q * times, until[i % 2]), i)
        for i, (q, *_) in enumerate(QUESTIONS)
        for times in (1, 6)
    ]
    assert ours.generate_until(written) == theirs.generate_until(written, disable_tqdm=True)


def test_batches_round_in_the_sixth_digit_alone(base_folder: Path) -> None:
    asked = [Instance("loglikelihood", {}, (q, f" {c[0]}"), i) for i, (q, c, _, _) in enumerate(QUESTIONS)]
    alone, together = (DonoLM(str(base_folder), batch_tokens=n).loglikelihood(asked) for n in (1, 4096))
    assert [t[0] for t in together] == pytest.approx([a[0] for a in alone], rel=1e-5)
    assert [t[1] for t in together] == [a[1] for a in alone]


def test_the_model_is_known_to_the_harness_by_name(base_folder: Path) -> None:
    made = get_model("dono").create_from_arg_string(f"pretrained={base_folder},batch_tokens=1", {"device": "cpu"})
    assert isinstance(made, DonoLM) and made.batch_tokens == 1 and made.max_length == 64


def test_scores_are_the_reported_ones_and_have_a_row_for_each_language(folder: Path, base_folder: Path) -> None:
    tasks = [task_of_yaml(folder / f"{name}.yaml") for name in ("choice", "text")]
    found = run_tasks(tasks, documents_of(tasks, 100), DonoLM(str(base_folder)))
    scores = {(s.metric, s.language): s for s in score_outcomes(found)}
    assert scores["accuracy", "all"].value == found.reported["shop_choice", "acc"]
    assert scores["bits_per_byte", "all"].value == found.reported["shop_text", "bits_per_byte"]
    for metric in ("accuracy", "bits_per_byte", "acc_norm", "word_perplexity"):
        assert scores[metric, "Hindi"].n == 3 and {"all", "English", "Hindi", "Tamil"} == {
            language for name, language in scores if name == metric
        }
        assert scores[metric, "all"].stderr > 0


def test_a_task_that_draws_answers_at_random_is_refused_in_one_line(folder: Path, base_folder: Path) -> None:
    path = folder / "write.yaml"
    path.write_text(WRITE.replace("do_sample: false", "do_sample: true, temperature: 0.8"), encoding="utf8")
    tasks = [task_of_yaml(path)]
    with pytest.raises(Mistake, match="drawn at random, ours are greedy"):
        run_tasks(tasks, documents_of(tasks, 5), DonoLM(str(base_folder)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("group: many\ntask: [a, b]\n", "it is no single task of lm-evaluation-harness"),
        ("task: [\n", "the task cannot be read"),
        (CHOICE.replace("rows.jsonl", "gone.jsonl"), "the task cannot be made"),
        (CHOICE.replace("{{question}}", "{{ask}}").replace("acc_norm", "no_such"), "the task cannot be made"),
    ],
)
def test_a_task_that_cannot_be_used_is_one_line(folder: Path, text: str, said: str) -> None:
    (folder / "bad.yaml").write_text(text, encoding="utf8")
    with pytest.raises(Mistake) as raised:
        task_of_yaml(folder / "bad.yaml")
    assert said in str(raised.value) and "\n" not in str(raised.value)


def test_multiple_choice_as_milu_has_it_is_read_by_language(tmp_path: Path, base_folder: Path) -> None:
    rows = [
        {"question": q, **{f"option{i}": o for i, o in enumerate(options, 1)}, "target": f"option{right + 1}",
         "language": language, "domain": "General", "subject": "shop"}
        for q, options, right, language in QUESTIONS
    ]  # fmt: skip
    path = tmp_path / "milu.jsonl"
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf8")
    found = read_set(path, where="test")
    assert [(t.name, t.language, len(t.docs)) for t in found] == [
        ("choice-en", "en", 1), ("choice-hi", "hi", 3), ("choice-ta", "ta", 1),
    ]  # fmt: skip
    assert found[1].docs[0]["right"] == 1 and "B. दिल्ली" in found[1].docs[0]["prompt"]
    tasks = [task_of_set(one, 0) for one in found]
    outcomes = run_tasks(tasks, documents_of(tasks, 100), DonoLM(str(base_folder)))
    scores = {(s.metric, s.language): s for s in score_outcomes(outcomes)}
    assert scores["accuracy", "all"].n == 5
    right = sum(o.said == o.asked.answer for o in outcomes.items)
    assert scores["accuracy", "all"].value == pytest.approx(right / 5)


def test_parallel_text_is_asked_both_ways_from_tables_and_from_aligned_files(tmp_path: Path, base_folder: Path) -> None:
    pairs = [("where is it", "कहाँ है"), ("the parcel is late", "पार्सल देर से है"), ("tomorrow", "कल"), ("", "")]
    table = tmp_path / "a" / "en-hi" / "ntrex.tsv"
    table.parent.mkdir(parents=True)
    table.write_text("".join(f"{x}\t{y}\n" for x, y in pairs), encoding="utf8")
    aligned = tmp_path / "b"
    aligned.mkdir()
    (aligned / "eng_Latn.devtest").write_text("".join(f"{x}\n" for x, _ in pairs), encoding="utf8")
    (aligned / "hin_Deva.devtest").write_text("".join(f"{y}\n" for _, y in pairs), encoding="utf8")
    found = read_set(tmp_path / "a", where="test")
    assert found == read_set(aligned, where="test") == read_set(table, where="test")
    assert [(t.name, t.language) for t in found] == [("translation-en-hi", "hi"), ("translation-hi-en", "en")]
    assert found[1].docs[2] == {"prompt": "कल", "answer": "tomorrow", "of": "Hindi", "into": "English",
                                "language": "en", "way": "hi-en"}  # fmt: skip
    tasks = [task_of_set(one, 1) for one in found]
    outcomes = run_tasks(tasks, documents_of(tasks, 100), DonoLM(str(base_folder)))
    assert {s.language for s in score_outcomes(outcomes) if s.metric == "chrf_plus_plus"} == {"all", "en", "hi"}
    assert [o.asked.prompt for o in outcomes.items][:2] == [
        "English: the parcel is late\nHindi:",
        "English: tomorrow\nHindi:",
    ]
    (aligned / "hin_Deva.devtest").write_text("एक\n", encoding="utf8")
    with pytest.raises(Mistake, match=r"hin_Deva.devtest has 1 lines, eng_Latn.devtest has 4"):
        read_set(aligned, where="test")


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"source": "hello", "target": "नमस्ते", "lang": "hi", "translation_direction": "enxx"}, "translation-en-hi"),
        ({"source": "नमस्ते", "target": "hello", "lang": "hi", "translation_direction": "xxen"}, "translation-hi-en"),
        ({"text": "a long story", "summary": "கதை", "lang": "ta"}, "summary-ta"),
        ({"context": "c", "question": "q", "answers": [{"text": "उत्तर", "answer_start": 3}], "lang": "mr"},
         "question-mr"),
        ({"context": "c", "question": "q", "answers": {"text": ["ans"]}, "lang": "bn"}, "question-bn"),
    ],
)  # fmt: skip
def test_rows_as_indicgenbench_has_them_are_recognised(tmp_path: Path, row: dict[str, Any], name: str) -> None:
    path = tmp_path / "set.json"
    path.write_text(json.dumps({"canary": "x", "examples": [row, {"note": "no row"}]}), encoding="utf8")
    assert [t.name for t in read_set(path, where="test")] == [name]


def test_a_set_that_is_none_and_a_language_that_is_none_are_one_line_each(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text('{"a": 1}\n', encoding="utf8")
    with pytest.raises(Mistake, match="none of 1 rows is recognised"):
        read_set(path, where="use_cases[x].test")
    path.write_text('{"text": "t", "summary": "s", "lang": "klingon!"}\n', encoding="utf8")
    with pytest.raises(Mistake, match="no language is called 'klingon!'"):
        read_set(path, where="use_cases[x].test")
