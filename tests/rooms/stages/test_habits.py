from __future__ import annotations

import csv
import datetime as dt
import shutil
from pathlib import Path

import numpy as np
import pytest
from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

from dono.artifacts import Artifact, Measurement, Store, write_measurements
from dono.errors import Mistake
from dono.evals.lift import model_log_lifts
from dono.project import load_project
from dono.stages.answers import render_pairs
from dono.stages.contenders import contenders
from dono.stages.display import Display
from dono.stages.habits import cells, prompts, read_habits, records_of
from dono.stages.lift import answer_by_counts, answer_lift, category_scores, lifts_of, where_and_when
from dono.stages.oversight import Oversight
from dono.stages.prepare import Case, prepare
from dono.stages.runs import RunSpec, carry_out
from dono.stages.workplace import Workplace

PROJECT = """
project: shop
use_cases:
  - name: habits
    kind: habits
    train: train.csv
    test: test.csv
    prompt: "{PROMPT}"
    habits:
      {region: state, category: item, customer: who, TIME, words: {kerala: Kochi},
       phrases: {lamp: a lamp, rice: [rice, jaggery]}}
budget: {hours: 1}
"""
BUYS = {
    ("kerala", "onam"): (2, 18),
    ("kerala", "diwali"): (10, 10),
    ("bihar", "diwali"): (19, 1),
    ("bihar", "onam"): (10, 10),
}
HEADER = ["state", "period", "day", "item", "who"]
DAYS = {
    2024: {"onam": dt.date(2024, 9, 15), "diwali": dt.date(2024, 10, 31)},
    2025: {"onam": dt.date(2025, 9, 5), "diwali": dt.date(2025, 10, 20)},
}


def rows(prefix: str, times: int, year: int = 2025) -> list[list[str]]:
    """`times` lots of twenty orders for each state and period."""
    found = []
    for (state, period), (lamps, rice) in BUYS.items():
        for n, item in enumerate(times * (["lamp"] * lamps + ["rice"] * rice)):
            found.append([state, period, DAYS[year][period].isoformat(), item, f"{prefix}-{state}-{period}-{n}"])
    return found


def write(folder: Path, *, time: str = "period: period", prompt: str = "In {region} at {period} all buy {category}.",
          train: list[list[str]] | None = None, test: list[list[str]] | None = None) -> Workplace:  # fmt: skip
    text = PROJECT.replace("TIME", time).replace("{PROMPT}", prompt)
    (folder / "dono.yaml").write_text(text, encoding="utf8")
    for name, found in (("train", train or rows("old", 2, 2024)), ("test", test or rows("new", 3))):
        with (folder / f"{name}.csv").open("w", encoding="utf8", newline="") as file:
            csv.writer(file).writerows([HEADER, *found])
    return Workplace(load_project(folder / "dono.yaml"), Store(folder / "work"), Display())


def case_of(place: Workplace) -> Case:
    return prepare(place).cases[0]


def test_records_are_numbered_and_the_prompts_end_before_the_category(tmp_path: Path) -> None:
    place = write(tmp_path)
    case = case_of(place)
    records, train = records_of(case.artifact)
    assert (records.regions, records.periods, records.categories) == (
        ("bihar", "kerala"),
        ("diwali", "onam"),
        ("lamp", "rice"),
    )
    assert records.counts()[1, 1].tolist() == [6, 54] and train[1, 1].tolist() == [4, 36]
    assert [e.prompt for e in case.test] == prompts(case.use_case, case.artifact)
    assert case.test[-1].prompt == "In Kochi at onam all buy "


def test_a_customer_of_the_test_teaches_nothing(tmp_path: Path) -> None:
    both = rows("new", 1)[:30]
    place = write(tmp_path, train=[*rows("old", 1, 2024), *both])
    artifact = read_habits(place, place.project.use_cases[0])
    assert artifact.result["not_learned"] == len(both) and artifact.result["train"] == 80


def test_the_period_is_the_festival_of_the_day_where_it_is_kept(tmp_path: Path) -> None:
    place = write(tmp_path, time="time: day, lead: 3")
    records, _ = records_of(case_of(place).artifact)
    assert set(records.periods) == {"diwali", "milad", "onam"}  # Milad fell on the same day
    onam, milad = records.periods.index("onam"), records.periods.index("milad")
    assert records.counts()[1, onam].sum() == 60 and records.counts()[0, onam].sum() == 0  # Onam is Kerala's
    assert records.counts()[0, milad].sum() == 60


def test_a_day_that_a_person_adds_is_a_period_of_its_own_name(tmp_path: Path) -> None:
    place = write(tmp_path, time="time: day, lead: 3")
    (tmp_path / "days.csv").write_text("date,state,name\n2025-09-06,Kerala,House feast\n", encoding="utf8")
    project = place.project.model_copy(update={"calendar": "days.csv"})
    records, _ = records_of(prepare(Workplace(project, place.store, place.display)).cases[0].artifact)
    assert "House feast" not in records.periods  # Onam's own day is nearer
    (tmp_path / "days.csv").write_text("date,state,name\n2025-09-05,Kerala,House feast\n", encoding="utf8")
    records, _ = records_of(prepare(Workplace(project, place.store, place.display)).cases[0].artifact)
    assert set(records.periods) == {"House feast", "diwali", "milad", "onam"}
    feast = records.periods.index("House feast")
    assert records.counts()[:, feast].sum(1).tolist() == [0, 60]  # Kerala's alone


def test_what_is_learned_from_is_older_than_what_is_held_out(tmp_path: Path) -> None:
    late = rows("late", 1)
    place = write(tmp_path, time="period: period, time: day", train=[*rows("old", 2, 2024), *late])
    artifact = read_habits(place, place.project.use_cases[0])
    assert artifact.result["not_learned"] == len(late) and artifact.result["train"] == 160


def test_without_a_test_file_the_newest_records_of_other_customers_are_held_out(tmp_path: Path) -> None:
    again = [[*row[:4], "old-kerala-onam-0"] for row in rows("again", 1)[:3]]
    everything = [*rows("old", 4, 2024), *rows("new", 3), *again]
    place = write(tmp_path, time="period: period, time: day", train=everything)
    file = tmp_path / "dono.yaml"
    file.write_text(file.read_text(encoding="utf8").replace("    test: test.csv\n", ""), encoding="utf8")
    place = Workplace(load_project(file), place.store, place.display)
    result = read_habits(place, place.project.use_cases[0]).result
    assert (result["train"], result["test"], result["not_learned"]) == (319, 243, 1)
    _, train = records_of(case_of(place).artifact)
    assert train.sum() == 319


def test_what_has_no_place_or_no_known_category_is_left_out_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = [
        ["", "onam", "", "lamp", "a"],
        ["kerala", "onam", "", "umbrella", "b"],
        ["kerala", "onam", "", "rice", ""],
    ]
    place = write(tmp_path, test=[*rows("new", 3), *broken])
    assert read_habits(place, place.project.use_cases[0]).result["rejects"] == 3
    assert "3 records without" in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"test": rows("new", 1)[:12]}, "12 test records are too few"),
        ({"time": "period: season"}, "no column 'season'"),
        ({"test": [["kerala", "onam", "", "umbrella", "a"]]}, "none of 1 records can be used"),
        (
            {"time": "time: day", "train": rows("old", 1)},
            "older than the test's first (2025-09-05). Give older records",
        ),
    ],
)
def test_a_mistake_in_habits_is_one_line(tmp_path: Path, changed: dict[str, object], said: str) -> None:
    with pytest.raises(Mistake) as found:
        case_of(write(tmp_path, **changed))  # type: ignore[arg-type]
    assert said in str(found.value) and "use_cases[habits]" in str(found.value)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    "prompt", ["In {region} at {period} all buy {category}.", "All buy {category} at {period} in {region}."]
)
def test_a_sentence_costs_a_model_the_same_however_it_is_read(
    prompt: str, tmp_path: Path, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase
) -> None:
    case = case_of(write(tmp_path, prompt=prompt))
    records, _ = records_of(case.artifact)
    scores = category_scores(case, model, tokenizer, records)
    place = {"region": "Kochi", "period": "onam"}
    before, _, after = prompt.partition("{category}")
    start = [tokenizer.eos_token_id, *tokenizer.encode(before.format(**place).rstrip(), add_special_tokens=False)]
    alone: list[float] = []
    for phrase in ("rice", "jaggery"):
        rest = tokenizer.encode(" " + phrase + after.format(**place), add_special_tokens=False)
        ids = model(input_ids=model.dummy_inputs["input_ids"].new_tensor([[*start, *rest]])).logits[0].log_softmax(-1)
        alone.append(sum(float(ids[len(start) + i - 1, token].detach()) for i, token in enumerate(rest)))
    assert scores[1, 1, 1] == pytest.approx(np.logaddexp(alone[0], alone[1]), abs=1e-3)
    assert list(cells(records)) == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_every_arm_is_asked_the_same_and_leaves_its_table(
    tmp_path: Path, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase
) -> None:
    case = case_of(write(tmp_path))
    scores, samples, notes = answer_lift(case, model, tokenizer, tmp_path)
    table = list(csv.DictReader((tmp_path / "lift.csv").read_text(encoding="utf8").splitlines()))
    used, counted, shown, told = answer_by_counts(case, 1.0, tmp_path)
    assert used == 160 and {s.metric for s in counted} == {s.metric for s in scores}
    assert [s["prompt"] for s in samples] == [s["prompt"] for s in shown]
    assert [s["expected"] for s in samples] == [s["expected"] for s in shown]
    assert len(table) == 8 and {row["region"] for row in table} == {"bihar", "kerala"}
    value = {s.metric: s.value for s in counted}
    assert value["lift_correlation"] > 0.9 and value["lift_sign_share"] == 1.0
    assert value["category_bits"] < {s.metric: s.value for s in scores}["category_bits"]
    assert any("Onam in Kerala, rice: says" in note for note in told) and len(notes) == len(told)


def test_what_a_run_measured_is_read_back_with_its_largest_misses(
    tmp_path: Path, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase
) -> None:
    case = case_of(write(tmp_path))
    scores, _, notes = answer_lift(case, model, tokenizer, tmp_path)
    rows = [
        Measurement(
            run="r", use_case="habits", arm="prompt/zero-shot", metric=s.metric, split="test", n=s.n, language="all",
            value=s.value, stderr=s.stderr, scale=0.5, tokens=0, examples=0, flops=0, seconds=0, money=0, seed=0,
            full=False,
        )
        for s in scores
    ]  # fmt: skip
    write_measurements(tmp_path / "measurements.jsonl", rows)
    found = lifts_of(Artifact("run", "r", "r", tmp_path, {}, (), {}, {}), 0.5)
    assert found is not None and found.cells == 8 and 0 < found.ceiling <= 1 and found.off > 1 and found.scale == 0.5
    assert notes[-1] == "misses most: " + "; ".join(found.misses)


def test_a_base_is_fine_tuned_on_records_as_sentences(tmp_path: Path) -> None:
    place = write(tmp_path)
    case = case_of(place)
    assert len(case.train) == 160 and {e.prompt for e in case.train} == {e.prompt.rstrip() for e in case.test}
    in_kerala = [e.answer for e in case.train if e.prompt == "In Kochi at onam all buy"]
    assert in_kerala.count("a lamp.") == 4 and 8 < in_kerala.count("jaggery.") < 28 and len(in_kerala) == 40
    assert render_pairs(case, None, case.train[:1]) == [(case.train[0].prompt, case.train[0].answer)]


def test_a_fine_tuned_base_is_asked_as_the_others_are(tmp_path: Path, base_folder: Path) -> None:
    shutil.copytree(base_folder, tmp_path / "base")
    place = write(tmp_path)
    place = Workplace(place.project.model_copy(update={"bases": ("./base",)}), place.store, place.display)
    prepared = prepare(place)
    who = {c.name: c for c in contenders(place, prepared)[0]}
    assert set(who) == {"prompt/zero-shot", "finetune/lora", "finetune/full"}
    spec = RunSpec(contender=who["finetune/full"], case=prepared.cases[0], scale=0.5)
    run = carry_out(place, spec, Oversight(lambda _: None, lambda _: None))
    found = lifts_of(run, 0.5)
    assert run.result["failed"] is None and spec.examples == 80 and found is not None and found.cells == 8


def test_names_are_those_of_people() -> None:
    assert where_and_when("tamil_nadu", "poila_boishakh") == "Poila Boishakh in Tamil Nadu"
    assert where_and_when("north zone", "none") == "No festival in north zone"


def test_a_share_of_the_records_is_counted_at_a_smaller_scale(tmp_path: Path) -> None:
    case = case_of(write(tmp_path))
    assert 60 < answer_by_counts(case, 0.5, tmp_path)[0] < 100
    records, train = records_of(case.artifact)
    assert model_log_lifts(np.log(train / train.sum(2, keepdims=True)), train)[1, 1, 1] > 0
    assert records.customer.max() + 1 == 240
