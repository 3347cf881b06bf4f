"""`dono evaluate`: cards of model directories on a project's use cases, beside what they were made from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from transformers import PreTrainedTokenizerBase

from dono.errors import Mistake
from dono.evals.scorecard import FEWEST
from dono.models import random_llama, save_model
from dono.project import UseCase
from dono.ratings import Lease
from dono.stages.cards import model_card
from dono.stages.contenders import Contender
from dono.stages.evaluate import card_of_build, check_classes, command, text_case
from dono.stages.judging import blind_ratings
from dono.stages.model_stages import Stage, stage_of
from dono.stages.oversight import Oversight
from dono.stages.prepare import Prepared, prepare
from dono.stages.runs import RunSpec, carry_out
from dono.stages.scoring import read_items, score_items
from dono.stages.workplace import Workplace, open_workplace
from tests.conftest import TINY
from tests.rooms.endpoints.faulty import Body, Faulty, serving
from tests.rooms.ratings.desks import Clock, desk_at, pair

PROJECT = """
project: shop
use_cases:
  - {{name: intent, kind: classify, train: intent.jsonl, test: intent-test.jsonl}}
  - {{name: reply, kind: generate, train: reply.jsonl, test: reply-test.jsonl}}
  - {{name: exam, kind: harness, test: milu.jsonl, shots: 1}}
judge: {{endpoint: "{url}", model: any}}
budget: {{hours: 1}}
scratch: {{width: 32, layers: 2, heads: 2, vocabulary: 400, context: 64}}
"""
TEXTS = {"hi": "मेरा पार्सल {} कहाँ है", "ta": "உங்கள் ஆர்டர் {} எங்கே", "hi-Latn": "mera saamaan {} kahan hai bhai"}


def prefers_long(body: Body) -> Body:
    """A judge that likes the longer answer, wherever it stands."""
    said = body["messages"][-1]["content"]
    a, b = (said.split(f"Answer {letter}:\n")[1].split("\n\n")[0] for letter in "AB")
    letter = "C" if len(a) == len(b) else "A" if len(a) > len(b) else "B"
    return {"choices": [{"message": {"role": "assistant", "content": letter}}]}


@pytest.fixture(scope="module")
def server() -> Iterator[Faulty]:
    with serving(Faulty(answer=prefers_long)) as found:
        yield found


@pytest.fixture(scope="module")
def shop(
    server: Faulty, tmp_path_factory: pytest.TempPathFactory, base_folder: Path, tokenizer: PreTrainedTokenizerBase
) -> Workplace:
    folder = tmp_path_factory.mktemp("cards")
    (folder / "dono.yaml").write_text(PROJECT.format(url=server.url), encoding="utf8")

    def write(name: str, rows: list[dict[str, str]]) -> None:
        lines = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf8")

    numbers = [(tag, text, n) for n in range(FEWEST + 4) for tag, text in TEXTS.items() if tag != "ta" or n < 9]
    for part in ("intent", "intent-test"):
        rows = [
            {"text": text.format(f"{part} {n}"), "label": "track" if n % 2 else "late", "language": tag,
             "state": "Bihar" if n % 2 else "Delhi"}
            for tag, text, n in numbers
        ]  # fmt: skip
        write(part, rows)
    for part in ("reply", "reply-test"):
        write(
            part, [{"prompt": t.format(f"{part} {n}"), "answer": f"कल {n}", "language": tag} for tag, t, n in numbers]
        )
    asked = {"option1": "हाँ", "option2": "नहीं", "language": "Hindi"}
    milu = [{"question": f"क्या {n}?", "target": f"option{1 + n % 2}", **asked} for n in range(FEWEST + 6)]
    write("milu", milu)
    shutil.copytree(base_folder, folder / "before")
    save_model(random_llama(TINY, tokenizer, seed=5), tokenizer, folder / "after")
    return open_workplace(folder / "dono.yaml")


@pytest.fixture(scope="module")
def card(shop: Workplace, server: Faulty) -> Path:
    """A card of two models, with a judge, own text and all use cases."""
    root = shop.project.folder
    own = root / "own"
    own.mkdir()
    for tag, text in TEXTS.items():
        (own / f"{tag}.txt").write_text("".join(f"{text.format(n)}\n" for n in range(60)), encoding="utf8")
    out = root / "card"
    command(
        root / "dono.yaml", (), models=("before", "new=after"), text=own, use_case=None, limit=100, judge=True,
        desk=None, out=out,
    )  # fmt: skip
    return out


def test_a_card_has_cells_by_language_form_and_region_before_and_after(card: Path) -> None:
    cells = pq.read_table(card / "scorecard.parquet").to_pylist()
    of = {(c["use_case"], c["stage"], c["measure"], c["language"], c["region"]): c for c in cells}
    assert {c["use_case"] for c in cells} == {"intent", "reply", "exam", "own-text"}
    hindi = of["intent", "new", "accuracy", "hi", "all"]
    assert hindi["n"] >= FEWEST and 0 <= hindi["value"] <= 1 and hindi["stderr"] > 0 and hindi["script"] == "Devanagari"
    assert of["intent", "before", "accuracy", "ta", "all"]["value"] is None  # nine items are too few
    assert of["intent", "new", "accuracy", "all", "Bihar"]["n"] > FEWEST
    assert of["intent", "new", "auc", "all", "all"]["value"] is not None
    assert of["intent", "new", "milliseconds", "all", "all"]["n"] == 8
    assert of["reply", "new", "chrf_plus_plus", "hi", "all"]["n"] >= FEWEST
    assert of["own-text", "new", "tokens_per_word", "ta", "all"]["value"] > 1
    assert of["exam", "new", "accuracy", "hi", "all"]["n"] == FEWEST + 5  # one row was shown solved
    forms = {(c["language"], c["form"]) for c in cells if c["use_case"] == "own-text"}
    assert {("hi", "native"), ("hi-Latn", "romanised"), ("ta", "native")} <= forms
    changes = pq.read_table(card / "changes.parquet").to_pylist()
    assert {(c["before"], c["after"]) for c in changes} == {("before", "new")}
    assert {c["measure"] for c in changes if c["use_case"] == "own-text"} >= {"bits_per_byte", "tokens_per_word"}


def test_the_page_and_the_markdown_say_it_in_words(card: Path) -> None:
    page, text = (
        (card / "scorecard.html").read_text(encoding="utf8"),
        (card / "scorecard.md").read_text(encoding="utf8"),
    )
    assert "Hindi in Latin letters" in page and "too few (9)" in page and "since <bdi>before</bdi>" in page
    assert "| Tamil, code-mixed | 9 | too few (9) | too few (9) |" in text and "## Scorecard of new" in text
    assert "judged by any both ways" in text and "changed its mind with the order in 0% of pairs" in text


def test_nothing_is_asked_twice(shop: Workplace, card: Path, server: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_model(source: str) -> None:
        raise AssertionError(f"{source} was loaded again")

    monkeypatch.setattr("dono.stages.scoring.load_model", no_model)
    before = len(server.asked)
    out = card.parent / "again"
    command(
        shop.project.folder / "dono.yaml", (), models=("before", "new=after"), text=card.parent / "own", use_case=None,
        limit=100, judge=True, desk=None, out=out,
    )  # fmt: skip
    assert len(server.asked) == before > 0
    assert (out / "scorecard.html").read_bytes() == (card / "scorecard.html").read_bytes()


def test_items_hold_what_measures_are_read_off(shop: Workplace, card: Path) -> None:
    case = next(c for c in prepare(shop).cases if c.use_case.name == "intent")
    table = read_items(score_items(shop, str(shop.project.folder / "after"), case, 100, 64))
    assert table["probabilities"].shape == (len(table["language"]), 2)
    assert table["probabilities"].sum(1) == pytest.approx(1.0)
    chosen = table["probabilities"].argmax(1)
    assert (table["correct"] == (chosen == table["right"])).all() and set(table["region"]) == {"Bihar", "Delhi"}


@pytest.mark.parametrize(
    ("models", "said"),
    [
        (("nowhere/model",), None),
        (("./nowhere",), "./nowhere: no such directory. Give a model directory, or a hub name"),
        (("own",), "no language model there (no config.json)"),
    ],
)
def test_a_model_that_is_none_is_one_line(
    shop: Workplace, card: Path, models: tuple[str, ...], said: str | None
) -> None:
    if said is None:
        assert stage_of(shop, models[0]) == Stage("model", "nowhere/model")  # a hub name is tried when it is loaded
        return
    with pytest.raises(Mistake) as raised:
        stage_of(shop, models[0])
    assert said in str(raised.value) and "\n" not in str(raised.value)


def test_one_class_only_and_a_code_of_no_language_are_one_line_each(shop: Workplace, tmp_path: Path) -> None:
    case = next(c for c in prepare(shop).cases if c.use_case.name == "intent")
    lone = replace(case, test=tuple(e for e in case.test if e.answer == "late"))
    with pytest.raises(Mistake, match="every row is 'late'"):
        check_classes(lone)
    (tmp_path / "hj.txt").write_text("कुछ\n", encoding="utf8")
    with pytest.raises(Mistake, match="no language has the code 'hj'"):
        text_case(shop, tmp_path, 10)
    rows = (shop.project.folder / "intent.jsonl").read_text(encoding="utf8")
    (shop.project.folder / "odd.jsonl").write_text(rows.replace('"hi-Latn"', '"qz"'), encoding="utf8")
    odd = shop.project.use_cases[0].model_dump(exclude_unset=True) | {"train": "odd.jsonl"}
    project = shop.project.model_copy(update={"use_cases": (UseCase.model_validate(odd),)})
    with pytest.raises(Mistake, match=r"use_cases\[intent\].train: no language has the code 'qz'"):
        prepare(replace(shop, project=project))


def test_people_at_a_desk_give_win_rates_with_their_habits(tmp_path: Path) -> None:
    desk = desk_at(tmp_path / "desk.sqlite", Clock(), overlap=1)
    desk.add_items([pair(n, models=("base", "new")) for n in range(12)])
    desk.admit("Asha", languages=("en",))
    while isinstance(lease := desk.next("Asha"), Lease):
        desk.submit("Asha", lease.id, {"choice": str(1 + lease.order.index(1))})  # always that of `new`
    desk.store.close()
    first, habits = blind_ratings(tmp_path)
    assert first.startswith("people prefer new to base 9") and first.endswith("1 raters")
    assert "the longer answer 100% of 12" in habits
    with pytest.raises(Mistake, match="no ratings there"):
        blind_ratings(tmp_path / "elsewhere")


def test_a_run_that_is_built_has_its_bookends_on_the_card_and_in_the_models_card(
    place: Workplace, prepared: Prepared, who: dict[str, Contender]
) -> None:
    case = prepared.cases[0]
    spec = RunSpec(contender=who["continue/kept"], case=case, scale=0.05, scales=(0.05,), keep=True)
    run = carry_out(place, spec, Oversight(lambda _: None, lambda _: None))
    made = card_of_build(place, prepared, case, run, str(run.path))
    assert made is not None and made.model == "intent: continue/kept"
    assert made.stages == ("base", "after corpus", "after task")
    assert {c.use_case for c in made.cells} == {"intent", "language"}
    readme = model_card(place, case, "continue/kept", run, {}, made)
    assert "## Scorecard of intent: continue/kept" in readme and "since base" in readme
    assert card_of_build(place, prepared, case, run, str(run.path.parent)) is None  # no language model
