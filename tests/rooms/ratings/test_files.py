"""Items from other tools' files, and ratings taken out to them and read back."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dono.errors import Mistake
from dono.ratings import EXPORTS, Candidate, Desk, Item, Turn, read_items
from dono.ratings.formats import Unusable, recognise
from tests.rooms.ratings.desks import Clock, desk_at, pair

USER = {"role": "user", "content": "कब आएगा?"}
A, B = {"role": "assistant", "content": "कल"}, {"role": "assistant", "content": "पता नहीं"}
ROWS: dict[str, dict[str, Any]] = {
    "dono": {"prompt": "कब आएगा?", "answers": [{"text": "कल", "model": "a"}, {"text": "पता नहीं", "model": "b"}]},
    "trl": {"prompt": [USER], "chosen": [A], "rejected": [B]},
    "trl implicit": {"chosen": [USER, A], "rejected": [USER, B]},
    "trl plain": {"prompt": "कब आएगा?", "chosen": "कल", "rejected": "पता नहीं"},
    "arena": {
        "question_id": "q1", "model_a": "a", "model_b": "b", "winner": "tie", "language": "hi",
        "conversation_a": [USER, A], "conversation_b": [USER, B],
    },
    "oasst": {
        "message_tree_id": "t", "tree_state": "ready_for_export", "prompt": {
            "message_id": "t", "text": "कब आएगा?", "role": "prompter", "lang": "hi", "replies": [
                {"message_id": "1", "text": "कल", "role": "assistant", "replies": []},
                {"message_id": "2", "text": "पता नहीं", "role": "assistant"},
            ],
        },
    },
    "argilla": {
        "id": "r1", "fields": {"prompt": "कब आएगा?", "response_1": "कल", "response_2": "पता नहीं"},
        "metadata": {"language": "hi"}, "responses": {},
    },
    "label studio": {"id": 7, "data": {"prompt": "कब आएगा?", "answer1": "कल", "answer2": "पता नहीं"}, "annotations": []},
    "table": {"prompt": "कब आएगा?", "answer_a": "कल", "answer_b": "पता नहीं", "language": "hi"},
}  # fmt: skip


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf8")
    return path


@pytest.mark.parametrize("form", ROWS)
def test_a_pair_of_any_format_is_the_same_pair(form: str, tmp_path: Path) -> None:
    path = written(tmp_path, "rows.jsonl", json.dumps(ROWS[form], ensure_ascii=False) + "\n")
    (item,), rejected = read_items(path)
    assert not rejected and item.kind == "pair"
    assert item.prompt == (Turn(role="user", text="कब आएगा?"),)
    assert [a.text for a in item.answers] == ["कल", "पता नहीं"]
    assert read_items(path)[0] == [item]


def test_one_answer_is_for_thumbs_and_a_csv_is_read_by_its_columns(tmp_path: Path) -> None:
    path = written(tmp_path, "t.jsonl", json.dumps({"prompt": [USER], "completion": [A], "label": True}))
    assert read_items(path)[0][0].kind == "thumbs"
    table = written(
        tmp_path, "t.csv", '\ufeffprompt,answer,kind,criteria\nwhen?,"tomorrow,\nsir",rubric,polite; short\n'
    )
    (item,), _ = read_items(table)
    assert (item.kind, item.criteria, item.answers[0].text) == ("rubric", ("polite", "short"), "tomorrow,\nsir")


BROKEN = {
    "{broken": "no JSON", "[1, 2]": "a list, not an object", '"text"': "a str, not an object",
    '{"n": 1}': "nothing to rate",
    '{"model_a": "a", "model_b": "b", "conversation_a": "", "conversation_b": ""}': "differ",
    '{"answers": ["a", "b", "c"], "kind": "pair"}': "2 answer", '{"answers": "ab"}': "not a list",
    '{"answers": ["\\ud800"]}': "half a character", '{"model_a": "a", "model_b": "b"}': "without its conversations",
    '{"answers": ["a", "b"], "purpose": "gold"}': "needs `expected`",
    '{"chosen": [{}], "rejected": "b"}': "without text",
    '{"answers": ["a"], "kind": "rubric"}': "needs them", '{"answers": ["a", "b"], "colour": 1}': "colour",
    '{"answers": ["a", "b"], "purpose": "gold", "expected": {"choice": "left"}}': "cannot be chosen",
}  # fmt: skip


def test_broken_rows_are_named_and_set_aside_and_the_others_taken(tmp_path: Path) -> None:
    good = [json.dumps(ROWS["dono"]), json.dumps(ROWS["trl"])]
    path = written(tmp_path, "mixed.jsonl", "\n".join([good[0], *BROKEN, "", good[1]]) + "\n")
    items, rejected = read_items(path)
    assert len(items) == 2
    assert [r.line for r in rejected] == list(range(2, 2 + len(BROKEN)))
    for row, (text, said) in zip(rejected, BROKEN.items(), strict=True):
        assert said in row.reason and row.beginning == text[:200] and row.file == "mixed.jsonl"


def test_two_items_of_one_id_are_told_apart(tmp_path: Path) -> None:
    rows = [{"id": "x", "answers": ["a", "b"]}, {"id": "x", "answers": ["a", "c"]}, {"id": "x", "answers": ["a", "b"]}]
    items, rejected = read_items(written(tmp_path, "x.json", json.dumps(rows)))
    assert len(items) == 1 and [r.line for r in rejected] == [2]


def test_a_file_that_is_none_gets_its_line(tmp_path: Path) -> None:
    (tmp_path / "latin.jsonl").write_bytes("é".encode("latin-1"))
    with pytest.raises(Mistake, match="not UTF-8"):
        read_items(tmp_path / "latin.jsonl")
    with pytest.raises(Mistake, match="no JSON"):
        read_items(written(tmp_path, "a.json", "{"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["answers", "prompt", "chosen", "rejected", "fields", "data", "text", "model_a", "model_b",
                         "conversation_a", "conversation_b", "message_tree_id", "replies", "role", "completion"]),
        inner, max_size=5),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_whatever_a_row_holds_it_is_items_or_it_is_unusable(row: object) -> None:
    try:
        found = recognise(row)
    except Unusable as error:
        assert str(error)
    else:
        assert all("answers" in fields for fields in found)


@pytest.fixture
def rated() -> Iterator[Desk]:
    clock = Clock()
    desk = desk_at("sqlite://", clock, overlap=3, pay={"per_item": 2.0, "per_hour": 60.0})
    thumbs = Item(
        id="t", kind="thumbs", language="en", prompt=(Turn(role="user", text="?"),), answers=(Candidate(text="!"),)
    )
    rubric = thumbs.model_copy(update={"id": "r", "kind": "rubric", "criteria": ("polite",)})
    rewrite = thumbs.model_copy(update={"id": "w", "kind": "rewrite"})
    desk.add_items([pair(1), thumbs, rubric, rewrite])
    for name in ("=cmd|calc", "Bina", "Chitra"):
        desk.admit(name, languages=["en"])
        while not isinstance(lease := desk.next(name), str):
            clock.now += 30
            best = str(lease.order.index(0) + 1) if lease.item == "pair 1" else "up"
            form = {"choice": best, "score-0": "4", "text": "better", "active": "20"}
            desk.submit(name, lease.id, form if name != "Chitra" or lease.item != "pair 1" else {"choice": "tie"})
    yield desk
    desk.store.close()


def taken_out(desk: Desk, name: str, without: frozenset[str] = frozenset()) -> str:
    with desk.store.reading() as book:
        return EXPORTS[name].write(book, without)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_preferences_go_by_the_majority_with_its_lead(rated: Desk) -> None:
    (row,) = lines(taken_out(rated, "trl"))
    assert row["prompt"] == [{"role": "user", "content": "Where is parcel 1?"}]
    assert row["chosen"][0]["content"] == "It comes on day 1." and row["rejected"][0]["content"].startswith("Nobody")
    assert (row["margin"], row["ratings"]) == (0.3333, 3)
    assert lines(taken_out(rated, "trl", frozenset({"=cmd|calc"}))) == []
    (thumb,) = lines(taken_out(rated, "trl-unpaired"))
    assert thumb["label"] is True and thumb["completion"] == [{"role": "assistant", "content": "!"}]


def test_rows_hold_everything_per_rater(rated: Desk) -> None:
    rows = lines(taken_out(rated, "rows"))
    assert len(rows) == 12 and {r["rater"] for r in rows} == {"=cmd|calc", "Bina", "Chitra"}
    row = next(r for r in rows if r["item"] == "pair 1" and r["rater"] == "Bina")
    assert row["winner"] == "model-of-ours" and row["seats"][int(row["choice"]) - 1] == "model-of-ours"
    assert (row["ms"], row["active_ms"], row["guidelines"], row["counted"]) == (30_000, 20_000, "1", True)


def test_tables_hold_nothing_that_a_spreadsheet_would_run(rated: Desk) -> None:
    for name in ("rows-csv", "pay", "times"):
        rows = list(csv.DictReader(io.StringIO(taken_out(rated, name))))
        assert rows and all(not v.startswith("=") for r in rows for v in r.values()), name


def test_the_pay_sheet_adds_up(rated: Desk) -> None:
    rows = list(csv.DictReader(io.StringIO(taken_out(rated, "pay"))))
    bina = next(r for r in rows if r["rater"] == "Bina")
    assert (bina["items"], float(bina["minutes"])) == ("4", 1.33)
    assert float(bina["money"]) == pytest.approx(4 * 2.0 + 80 / 3600 * 60, abs=0.01)


@pytest.mark.parametrize("name", ["trl", "trl-unpaired", "arena", "oasst", "argilla", "label-studio"])
def test_what_was_taken_out_is_read_back_as_the_same_texts(rated: Desk, name: str, tmp_path: Path) -> None:
    path = written(tmp_path, EXPORTS[name].file, taken_out(rated, name))
    items, rejected = read_items(path)
    assert not rejected and items
    texts = {"It comes on day 1.", "Nobody knows, ask again on day 1, please.", "!"}
    assert {a.text for i in items for a in i.answers} <= texts


def test_battles_name_the_winner_by_seat_and_raters_by_number(rated: Desk) -> None:
    rows = json.loads(taken_out(rated, "arena"))
    won = [r["winner"] if r["winner"] == "tie" else r[r["winner"]] for r in rows]
    assert sorted(won) == ["model-of-ours", "model-of-ours", "tie"]
    assert {r["judge"] for r in rows} == {"rater_0", "rater_1", "rater_2"}
