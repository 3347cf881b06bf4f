from __future__ import annotations

import csv
import itertools
import json
import random
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from scipy.stats import spearmanr

from dono.corpus.sample import SampleReport, write_sample
from dono.corpus.sample.grammar import expand, fixed_pieces, respell
from dono.corpus.sample.languages import BAZAAR, Language, load_languages
from dono.corpus.sample.texts import draw_task_facts
from dono.corpus.sample.world import World, draw_orders, held_out_pair, load_world
from dono.errors import Mistake

SCALE = 0.04


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> SampleReport:
    return write_sample(tmp_path_factory.mktemp("sample"), scale=SCALE)


@pytest.fixture(scope="module")
def languages() -> dict[str, Language]:
    return dict(load_languages())


@pytest.fixture(scope="module")
def world() -> World:
    return load_world()


def rows_of(report: SampleReport, name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (report.folder / name).read_text(encoding="utf8").splitlines()]


def replies_of(report: SampleReport, split: str) -> list[tuple[str, str, str]]:
    lines = (report.folder / f"tasks/reply/{split}.jsonl").read_text(encoding="utf8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [(row["messages"][0]["content"], row["messages"][1]["content"], row["language"]) for row in rows]


def corpus_of(report: SampleReport) -> list[str]:
    names = ["western/messages.jsonl", *(f"bazaar/{code}.jsonl" for code in BAZAAR)]
    return [row["text"] for name in names for row in rows_of(report, name)]


def questions_of(report: SampleReport, split: str) -> list[str]:
    intents = [row["text"] for row in rows_of(report, f"tasks/intent/{split}.jsonl")]
    return intents + [question for question, _, _ in replies_of(report, split)]


def share_of_script(text: str, language: Language) -> float:
    letters = [ord(sign) for sign in text if unicodedata.category(sign)[0] in "LM"]
    return sum(any(a <= sign <= b for a, b in language.scripts) for sign in letters) / len(letters)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path, written: SampleReport) -> None:
    again = write_sample(tmp_path / "again", scale=SCALE)
    other = write_sample(tmp_path / "other", seed=8, scale=SCALE)
    assert again.rows == written.rows
    for name in written.rows:
        assert (again.folder / name).read_bytes() == (written.folder / name).read_bytes()
        if name != "truth/lifts.csv":
            assert (other.folder / name).read_bytes() != (written.folder / name).read_bytes()


def test_a_scale_that_is_not_positive_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="scale 0"):
        write_sample(tmp_path, scale=0)


@pytest.mark.parametrize("code", BAZAAR)
def test_every_language_is_written_in_its_own_script(
    code: str, written: SampleReport, languages: dict[str, Language]
) -> None:
    rows = rows_of(written, f"bazaar/{code}.jsonl")
    assert len(rows) >= 20
    assert all(row["language"] == code and row["state"] in languages[code].states for row in rows)
    assert min(share_of_script(row["text"], languages[code]) for row in rows) > 0.9
    assert all(80 <= len(row["text"]) <= 600 for row in rows)


def test_corpus_sizes_are_what_the_world_asks_for(written: SampleReport, world: World) -> None:
    for code in BAZAAR:
        size = sum(len(row["text"].encode()) for row in rows_of(written, f"bazaar/{code}.jsonl"))
        room = world.corpus_bytes[code] * SCALE
        assert room <= size < room + 2000


def test_all_texts_are_nfc_and_no_slot_is_left_open(written: SampleReport) -> None:
    answers = [answer for split in ("train", "test") for _, answer, _ in replies_of(written, split)]
    for text in corpus_of(written) + questions_of(written, "train") + questions_of(written, "test") + answers:
        assert unicodedata.is_normalized("NFC", text)
        assert not set("{}<>|") & set(text)
        assert "  " not in text


def test_no_document_stands_twice(written: SampleReport) -> None:
    assert max(Counter(corpus_of(written)).values()) == 1


def test_every_intent_stands_in_train_and_test_in_every_language(
    written: SampleReport, languages: dict[str, Language]
) -> None:
    cells = {(label, code) for code in BAZAAR for label in languages["en"].intents}
    for split in ("train", "test"):
        assert {(row["label"], row["language"]) for row in rows_of(written, f"tasks/intent/{split}.jsonl")} == cells
        assert {code for _, _, code in replies_of(written, split)} == set(BAZAAR)


def test_held_out_frames_stand_neither_in_train_nor_in_the_corpus(
    written: SampleReport, languages: dict[str, Language]
) -> None:
    seen = "\n".join(corpus_of(written) + questions_of(written, "train")).casefold()
    for language in languages.values():
        for frame in language.held_out:
            longest = max(fixed_pieces(language.finish(frame)), key=len).casefold()
            assert longest not in seen, (language.code, frame)


def test_held_out_frames_are_not_training_frames_in_any_language(languages: dict[str, Language]) -> None:
    for language in languages.values():
        assert max(Counter(language.frames).values()) == 1
        known = "\n".join(frame for frame in language.frames if frame not in language.held_out)
        for frame in language.held_out:
            assert max(fixed_pieces(frame), key=len) not in known, (language.code, frame)


def test_no_test_text_stands_in_train_or_corpus(written: SampleReport) -> None:
    seen = set(corpus_of(written) + questions_of(written, "train"))
    test = questions_of(written, "test")
    assert not seen & set(test)
    everything = "\n".join(seen)
    assert not any(text in everything for text in test)


def test_task_facts_keep_pairs_of_item_and_city_apart(world: World, languages: dict[str, Language]) -> None:
    rng = random.Random(0)
    for language in languages.values():
        for test in (False, True):
            facts = draw_task_facts(world, language, rng, test=test)
            assert held_out_pair(facts.item, language.states[facts.state].cities[facts.city]) is test


def test_an_answer_holds_the_order_number_and_item_and_festival_of_its_question(
    written: SampleReport, languages: dict[str, Language]
) -> None:
    greetings = 0
    for split in ("train", "test"):
        for question, answer, code in replies_of(written, split):
            language = languages[code]
            orders = {word for word in answer.replace(",", " ").split() if word.startswith("BZ")}
            assert len(orders) == 1 and all(order.strip(".;।") in question for order in orders)
            items = [unicodedata.normalize("NFC", item) for item in language.items.values()]
            assert any(
                item.casefold() in answer.casefold() and item.casefold() in question.casefold() for item in items
            )
            if language.reply.answer_plain.casefold() not in answer.casefold():
                feasts = [unicodedata.normalize("NFC", feast) for feast in language.windows.values()]
                assert any(feast in answer and feast in question for feast in feasts)
                greetings += 1
            assert share_of_script(answer, language) > 0.9
    assert greetings > 20


def test_every_language_names_every_item_and_every_window_of_its_states(
    world: World, languages: dict[str, Language]
) -> None:
    items = {item for category in world.categories.values() for item in category.items}
    rules = set(languages["en"].rules)
    for language in languages.values():
        assert set(language.items) == items
        assert set(language.rules) == rules
        assert set(language.intents) == set(languages["en"].intents)
        assert set(language.reply.answers) <= set(language.intents)
        for state in language.states:
            assert set(world.states[state].windows) <= set(language.windows), (language.code, state)
    assert {state for language in languages.values() for state in language.states} == set(world.states)


def test_two_items_never_share_a_name(languages: dict[str, Language]) -> None:
    for language in languages.values():
        assert len(set(language.items.values())) == len(language.items)


def test_true_lifts_agree_with_sampled_orders(world: World) -> None:
    orders = draw_orders(world, 40_000, random.Random(1))
    inside, cells, states = Counter[tuple[str, str, str]](), Counter[tuple[str, str]](), Counter[str]()
    base = Counter[tuple[str, str]]()
    for order in orders:
        inside[order.state, order.window, order.category] += 1
        cells[order.state, order.window] += 1
        base[order.state, order.category] += 1
        states[order.state] += 1
    true, sampled = [], []
    for row in world.lifts():
        here = cells[row.state, row.window]
        if here >= 200 and base[row.state, row.category]:
            true.append(row.lift)
            share = inside[row.state, row.window, row.category] / here
            sampled.append(share / (base[row.state, row.category] / states[row.state]))
    assert len(true) > 300
    assert float(spearmanr(true, sampled).statistic) > 0.8


def test_lifts_are_probabilities_and_average_to_the_base(world: World) -> None:
    rows = world.lifts()
    for state, shares in world.window_shares.items():
        assert sum(shares.values()) == pytest.approx(1)
        for window in shares:
            mine = [row for row in rows if (row.state, row.window) == (state, window)]
            assert sum(row.probability for row in mine) == pytest.approx(1)
        for category in world.categories:
            mean = sum(shares[row.window] * row.lift for row in rows if (row.state, row.category) == (state, category))
            assert mean == pytest.approx(1)


def test_windows_of_a_state_do_not_overlap(world: World) -> None:
    for state in world.states.values():
        spans = sorted(world.span(window) for window in state.windows)
        assert all(first[1] < second[0] for first, second in itertools.pairwise(spans))


def test_orders_and_churn_are_tables_with_their_columns(written: SampleReport, world: World) -> None:
    with (written.folder / "bazaar/orders.csv").open(encoding="utf8", newline="") as file:
        orders = list(csv.DictReader(file))
    assert [row["ordered_at"] for row in orders] == sorted(row["ordered_at"] for row in orders)
    assert {row["state"] for row in orders} == set(world.states)
    for split in ("train", "test"):
        with (written.folder / f"tasks/churn/{split}.csv").open(encoding="utf8", newline="") as file:
            churned = Counter(row["churned"] for row in csv.DictReader(file))
        assert set(churned) == {"0", "1"}


def test_a_frame_expands_choices_slots_and_rules() -> None:
    rules = {"greet": ("hello {name}",)}
    assert expand("{greet} , <x|x>  .", rules, {"name": "Asha"}, random.Random(0)) == "hello Asha, x."


def test_a_writer_spells_a_word_in_one_way_throughout_a_text() -> None:
    spelt = respell("nahi nahi Nahi", {"nahi": ("nhi", "nahin")}, random.Random(0)).split()
    assert spelt[0] == spelt[1] and spelt[0] in ("nhi", "nahin") and spelt[2] == "Nahi"
