"""What ratings teach: votes read back from every tool's file, majorities, rewrites, and the people behind them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dono.ratings import (
    EXPORTS,
    Candidate,
    Desk,
    Item,
    Turn,
    people_of,
    preference,
    read_items,
    read_votes,
    rewrites,
    trl_preferences,
    wins_between,
)
from tests.rooms.ratings.desks import Clock, desk_at, pair

CHOICES = ["1", "2", "tie", "bad"]
NOBODY = frozenset[str]()


def rated(folder: Path) -> Desk:
    """Four pairs, each rated alike by two people in the same words, one seat or the other."""
    clock = Clock()
    desk = desk_at(folder / "desk.sqlite", clock, overlap=2, pay={"per_hour": 120.0})
    desk.add_items([pair(n) for n in range(4)])
    wanted = {f"pair {n}": choice for n, choice in enumerate(CHOICES)}
    for name in ("Asha", "Bina"):
        desk.admit(name, languages=["en"])
        while not isinstance(lease := desk.next(name), str):
            clock.now += 30
            choice = wanted[lease.item]
            seat = str(lease.order.index(int(choice) - 1) + 1) if choice in "12" else choice
            desk.submit(name, lease.id, {"choice": seat, "active": "30"})
    return desk


@pytest.mark.parametrize("form", ["trl", "arena", "oasst", "argilla", "label-studio"])
def test_votes_taken_out_are_read_back_with_the_same_winner(form: str, tmp_path: Path) -> None:
    desk = rated(tmp_path)
    with desk.store.reading() as book:
        path = tmp_path / EXPORTS[form].file
        path.write_text(EXPORTS[form].write(book, NOBODY), encoding="utf8")
        wanted = {json.dumps(row["prompt"]): row["chosen"] for row in trl_preferences(book, NOBODY)}
    desk.store.close()
    voted, rejected = read_votes(path)
    rows = [row for item, votes in voted if (row := preference(item, votes)) is not None]
    assert not rejected and len(wanted) == 2
    assert {json.dumps(row["prompt"]): row["chosen"] for row in rows} == wanted


def test_votes_are_not_taken_over_by_a_desk_and_change_no_id(tmp_path: Path) -> None:
    row = {"prompt": "when?", "answers": ["soon", "never"]}
    lines = [row, row | {"votes": ["1"]}, row | {"votes": "1"}]
    for number, one in enumerate(lines):
        (tmp_path / f"{number}.jsonl").write_text(json.dumps(one), encoding="utf8")
    items = [read_items(tmp_path / f"{n}.jsonl")[0] for n in range(3)]
    assert items[0] == items[1] == items[2] and len(items[0]) == 1
    assert [len(read_votes(tmp_path / f"{n}.jsonl")[0]) for n in range(3)] == [0, 1, 0]


def test_a_text_written_anew_is_preferred_to_the_one_before(tmp_path: Path) -> None:
    clock = Clock()
    desk = desk_at(tmp_path / "desk.sqlite", clock, overlap=2)
    item = Item(
        id="r",
        kind="rewrite",
        language="hi",
        prompt=(Turn(role="user", text="कब?"),),
        answers=(Candidate(text="पता नहीं"),),
    )
    desk.add_items([item])
    for name, text in (("Asha", "कल शाम तक।"), ("Bina", "पता नहीं ")):
        desk.admit(name, languages=["hi"])
        lease = desk.next(name)
        assert not isinstance(lease, str)
        desk.submit(name, lease.id, {"text": text})
    with desk.store.reading() as book:
        (row,) = rewrites(book, NOBODY)
    desk.store.close()
    assert (row["chosen"][0]["content"], row["rejected"][0]["content"]) == ("कल शाम तक।", "पता नहीं")


def test_the_people_behind_a_model_are_counted_and_not_named(tmp_path: Path) -> None:
    desk = rated(tmp_path)
    with desk.store.reading() as book:
        people = people_of(book)
        wins = wins_between(book, NOBODY)
    desk.store.close()
    assert (people.raters, people.ratings, people.hours, people.pay) == (2, 8, 0.067, 8.0)
    assert [(a.kind, a.value) for a in people.agreement] == [("pair", 1.0)]
    assert "Asha" not in json.dumps(people.as_json())
    assert [(a, b, w.value, n) for a, b, w, n in wins] == [("model-of-ours", "model-of-theirs", 0.5, 8)]
