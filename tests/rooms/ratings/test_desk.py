"""What a desk gives to whom, and what it does with answers, late ones too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dono.errors import Mistake
from dono.ratings import Desk, Lease, comparisons
from tests.rooms.ratings.desks import Clock, desk_at, gold, pair


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(clock: Clock) -> Iterator[Desk]:
    made = desk_at("sqlite://", clock, overlap=2)
    yield made
    made.store.close()


def given_to(desk: Desk, name: str) -> Lease:
    lease = desk.next(name)
    assert not isinstance(lease, str), lease
    return lease


def admit(desk: Desk, *names: str, languages: tuple[str, ...] = ("en",)) -> None:
    for name in names:
        desk.admit(name, languages=languages)


def test_an_item_stays_in_hand_until_it_is_answered(desk: Desk) -> None:
    desk.add_items([pair(1), pair(2)])
    admit(desk, "Asha")
    first = given_to(desk, "Asha")
    assert given_to(desk, "Asha").id == first.id
    desk.submit("Asha", first.id, {"choice": "tie"})
    second = given_to(desk, "Asha")
    assert second.item != first.item
    desk.submit("Asha", second.id, {"choice": "bad"})
    assert desk.next("Asha") == "done"


def test_nobody_is_given_a_language_that_they_do_not_read(desk: Desk) -> None:
    desk.add_items([pair(1, language="ta"), pair(2, language="und")])
    admit(desk, "Asha", languages=("hi", "en"))
    admit(desk, "Kumar", languages=("ta",))
    assert given_to(desk, "Asha").item == "pair 2"
    desk.submit("Asha", given_to(desk, "Asha").id, {"choice": "1"})
    assert desk.next("Asha") == "done"
    seen = set()
    for _ in range(2):
        lease = given_to(desk, "Kumar")
        seen.add(lease.item)
        desk.submit("Kumar", lease.id, {"choice": "1"})
    assert seen == {"pair 1", "pair 2"}


def test_a_lease_that_ran_out_returns_the_item_to_others(desk: Desk, clock: Clock) -> None:
    desk.add_items([pair(1)])
    admit(desk, "Asha", "Bina", "Chitra")
    given_to(desk, "Asha")
    given_to(desk, "Bina")
    assert desk.next("Chitra") == "done"
    clock.now += 31 * 60
    assert given_to(desk, "Chitra").item == "pair 1"


def test_a_late_answer_counts_where_it_is_still_wanted(desk: Desk, clock: Clock) -> None:
    desk.add_items([pair(1)])
    admit(desk, "Asha", "Bina")
    late = given_to(desk, "Asha")
    clock.now += 31 * 60
    desk.submit("Bina", given_to(desk, "Bina").id, {"choice": "1"})
    assert desk.submit("Asha", late.id, {"choice": "2"}).late is False
    with desk.store.reading() as book:
        assert sum(x.counts for x in book.of_item["pair 1"]) == 2


def test_a_late_answer_to_a_full_item_is_kept_but_not_counted(desk: Desk, clock: Clock) -> None:
    desk.add_items([pair(1)])
    admit(desk, "Asha", "Bina", "Chitra")
    late = given_to(desk, "Asha")
    clock.now += 31 * 60
    for name in ("Bina", "Chitra"):
        desk.submit(name, given_to(desk, name).id, {"choice": "1"})
    assert desk.submit("Asha", late.id, {"choice": "2"}).late is True
    with desk.store.reading() as book:
        assert sum(x.counts for x in book.of_item["pair 1"]) == 2
        assert sum(bool(x.sent) for x in book.of_item["pair 1"]) == 3
    assert desk.next("Asha") == "done"


def test_an_item_that_ran_out_in_hand_goes_on_with_its_draft(desk: Desk, clock: Clock) -> None:
    desk.add_items([pair(i) for i in range(3)])
    admit(desk, "Asha")
    lease = given_to(desk, "Asha")
    desk.draft("Asha", lease.id, {"comment": "half a thought"})
    clock.now += 31 * 60
    again = given_to(desk, "Asha")
    assert again.id == lease.id and again.open(clock.now)
    assert again.draft == {"comment": "half a thought"}


def test_the_same_form_sent_twice_is_taken_once_and_a_changed_one_is_added(desk: Desk) -> None:
    desk.add_items([pair(1)])
    admit(desk, "Asha")
    lease = given_to(desk, "Asha")
    for choice, once in (("1", "a"), ("1", "a"), ("2", "b")):
        desk.submit("Asha", lease.id, {"choice": choice, "once": once})
    with desk.store.reading() as book:
        held = book.leases[lease.id]
        assert [s.response.choice for s in held.sent] == ["1", "2"]
        assert book.answers == 1
        assert held.said().choice == str(lease.order[1] + 1)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"choice": "3"}, "cannot be chosen"),
        ({}, "cannot be chosen"),
        ({"choice": "1", "comment": "x" * (3 << 20)}, "too many"),
    ],
)
def test_a_form_that_says_nothing_possible_is_refused_and_changes_nothing(
    desk: Desk, form: dict[str, str], said: str
) -> None:
    desk.add_items([pair(1)])
    admit(desk, "Asha")
    lease = given_to(desk, "Asha")
    before = len(desk.store.events())
    with pytest.raises(Mistake, match=said):
        desk.submit("Asha", lease.id, form)
    assert len(desk.store.events()) == before


def test_nobody_answers_what_is_in_other_hands_or_none(desk: Desk) -> None:
    desk.add_items([pair(1)])
    admit(desk, "Asha", "Bina")
    lease = given_to(desk, "Asha")
    for name, held in (("Bina", lease.id), ("Asha", "no such lease")):
        with pytest.raises(Mistake, match="not in your hands"):
            desk.submit(name, held, {"choice": "1"})
    with pytest.raises(Mistake, match="no rater 'Nobody'"):
        desk.next("Nobody")
    desk.revoke("Asha")
    with pytest.raises(Mistake, match="Ask the manager"):
        desk.submit("Asha", lease.id, {"choice": "1"})


def test_what_is_flagged_twice_leaves_the_desk_until_somebody_has_looked(desk: Desk) -> None:
    desk.add_items([pair(1)])
    admit(desk, "Asha", "Bina", "Chitra", "Devi")
    for name in ("Asha", "Bina"):
        desk.hand_back(name, given_to(desk, name).id, "flag", "harmful", "<b>threat</b>")
    assert desk.next("Chitra") == "done"
    desk.look("pair 1", keep=True)
    assert given_to(desk, "Chitra").item == "pair 1"
    desk.look("pair 1", keep=False)
    assert desk.next("Devi") == "done"


def test_a_skip_gives_the_item_to_others_and_never_back(desk: Desk) -> None:
    desk.add_items([pair(1)])
    admit(desk, "Asha", "Bina")
    lease = given_to(desk, "Asha")
    with pytest.raises(Mistake, match="Choose one of the reasons"):
        desk.hand_back("Asha", lease.id, "skip", "bored")
    desk.hand_back("Asha", lease.id, "skip", "too hard")
    assert desk.next("Asha") == "done"
    assert given_to(desk, "Bina").item == "pair 1"
    with pytest.raises(Mistake, match="handed it back"):
        desk.submit("Asha", lease.id, {"choice": "1"})


def test_training_comes_first_gold_in_between_and_both_tell_what_was_right(clock: Clock) -> None:
    desk = desk_at("sqlite://", clock, gold_every=3, overlap=1)
    desk.add_items([pair(i) for i in range(12)])
    desk.add_items([gold(i) for i in range(100, 104)] + [gold(200, purpose="training")])
    admit(desk, "Asha")
    parts, told = [], []
    while not isinstance(lease := desk.next("Asha"), str):
        taken = desk.submit("Asha", lease.id, {"choice": "1"})
        parts.append(lease.part)
        if lease.part != "work":
            told.append(taken.right == (lease.order[0] == 0))
        else:
            assert taken.right is None
    assert parts[0] == "training" and parts.count("work") == 12
    assert 2 <= parts.count("gold") <= 4 and all(told)
    with pytest.raises(Mistake, match="its answer was shown"):
        with desk.store.reading() as book:
            shown = next(x for x in book.leases.values() if x.part == "gold")
        desk.submit("Asha", shown.id, {"choice": "2", "once": "again"})
    desk.store.close()


def test_a_repeat_is_some_items_later_has_its_seats_swapped_and_does_not_count(clock: Clock) -> None:
    desk = desk_at("sqlite://", clock, repeat_every=2, overlap=1)
    desk.add_items([pair(i) for i in range(20)])
    admit(desk, "Asha")
    done: list[Lease] = []
    while not isinstance(lease := desk.next("Asha"), str):
        desk.submit("Asha", lease.id, {"choice": "1"})
        done.append(lease)
    repeats = [lease for lease in done if lease.part == "repeat"]
    assert repeats
    for repeat in repeats:
        first = next(x for x in done if x.item == repeat.item)
        assert repeat.order == tuple(reversed(first.order))
        assert done.index(repeat) - done.index(first) >= 8
    with desk.store.reading() as book:
        assert Counter(x.item for x in book.leases.values() if x.counts) == {f"pair {i}": 1 for i in range(20)}
    desk.store.close()


def test_models_that_are_known_well_enough_apart_are_compared_no_further(clock: Clock) -> None:
    desk = desk_at("sqlite://", clock, narrow=0.2, overlap=1)
    desk.add_items([pair(i) for i in range(300)])
    admit(desk, "Asha", "Bina", "Chitra", "Devi", "Esha", "Farah")
    names = ("Asha", "Bina", "Chitra", "Devi", "Esha", "Farah")
    end, rated = "", 0
    while not end:
        for name in names:
            lease = desk.next(name)
            if isinstance(lease, str):
                end = lease
                break
            winner = "1" if lease.order[0] == (hash_of(lease.item) % 4 == 0) else "2"
            desk.submit(name, lease.id, {"choice": winner})
            rated += 1
    assert end == "settled" and 10 < rated < 200
    desk.store.close()


def hash_of(item: str) -> int:
    return int(item.removeprefix("pair "))


def test_the_item_that_teaches_most_comes_first(clock: Clock) -> None:
    desk = desk_at("sqlite://", clock, overlap=3)
    desk.add_items([pair(i, models=("a", "b")) for i in range(30)])
    admit(desk, "Asha", "Bina")
    for name in ("Asha", "Bina"):
        for _ in range(15):
            desk.submit(name, given_to(desk, name).id, {"choice": "1"})
    desk.add_items([pair(100, models=("a", "c"))])
    assert given_to(desk, "Asha").item == "pair 100"
    desk.store.close()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ABCD"), st.sampled_from(["take", "send", "skip", "wait"])), max_size=40))
def test_whatever_people_do_no_item_has_more_ratings_than_its_overlap(acts: list[tuple[str, str]]) -> None:
    clock = Clock()
    desk = desk_at("sqlite://", clock, overlap=2)
    desk.add_items([pair(i) for i in range(3)])
    admit(desk, *"ABCD")
    hands: dict[str, Lease] = {}
    sent = 0
    for name, act in acts:
        lease = hands.get(name)
        if act == "take":
            found = desk.next(name)
            hands = {**hands, name: found} if not isinstance(found, str) else hands
        elif act == "wait":
            clock.now += 20 * 60
        elif lease is not None and not lease.sent and lease.returned is None:
            if act == "send":
                desk.submit(name, lease.id, {"choice": "1"})
                sent += 1
            else:
                desk.hand_back(name, lease.id, "skip", "too hard")
    with desk.store.reading() as book:
        assert all(sum(x.counts for x in book.of_item[i]) <= 2 for i in book.items)
        assert sum(bool(x.sent) for x in book.leases.values()) == sent
    desk.store.close()


def test_seats_are_drawn_evenly_for_each_rater(clock: Clock) -> None:
    desk = desk_at("sqlite://", clock, overlap=2)
    desk.add_items([pair(i) for i in range(200)])
    admit(desk, "Asha", "Bina")
    orders: dict[str, dict[str, tuple[int, ...]]] = {"Asha": {}, "Bina": {}}
    for name, drawn in orders.items():
        while not isinstance(lease := desk.next(name), str):
            desk.submit(name, lease.id, {"choice": "1"})
            drawn[lease.item] = lease.order
    firsts = [order[0] for found in orders.values() for order in found.values()]
    assert 160 < sum(firsts) < 240
    same = sum(orders["Asha"][i] == orders["Bina"][i] for i in orders["Asha"])
    assert 70 < same < 130
    desk.store.close()


def test_an_item_is_never_changed_under_its_ratings(desk: Desk, tmp_path: Path) -> None:
    assert desk.add_items([pair(1)]) == 1
    assert desk.add_items([pair(1)]) == 0
    with pytest.raises(Mistake, match="another item has this id"):
        desk.add_items([pair(1, language="hi")])


def test_somebody_may_rate_what_was_not_given_out_to_them_once(desk: Desk) -> None:
    desk.admit("manager", role="manager")
    played = pair(1)
    desk.rate("manager", played, "2", 4.5)
    desk.rate("manager", played, "1", 1.0)
    with desk.store.reading() as book:
        (lease,) = book.of_item[played.id]
        assert (lease.said().choice, lease.sent[0].seconds, lease.counts) == ("2", 4.5, True)
        assert [c.score for c in comparisons(book)] == [0.0]
    with pytest.raises(Mistake, match="cannot be chosen here"):
        desk.rate("manager", pair(2), "up", 1.0)
    with pytest.raises(Mistake, match="no rater 'Nobody'"):
        desk.rate("Nobody", played, "1", 1.0)
