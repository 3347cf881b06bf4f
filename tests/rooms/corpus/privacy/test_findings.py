from __future__ import annotations

from dono.corpus.privacy import RECOGNISERS, Finding, resolved

ORDER = tuple(RECOGNISERS)


def test_a_checked_longer_finding_beats_one_within_it_even_with_a_cue() -> None:
    whole, part = Finding(0, 19, "card", None, checked=True), Finding(5, 19, "aadhaar", 3, checked=True)
    assert resolved([part, whole], ORDER) == [whole]


def test_a_cue_beats_none_and_the_nearer_cue_the_farther() -> None:
    account, mobile = Finding(3, 13, "bank_account", 2), Finding(3, 13, "mobile")
    assert resolved([mobile, account], ORDER) == [account]
    assert resolved([account, Finding(3, 13, "mobile", 1)], ORDER) == [Finding(3, 13, "mobile", 1)]


def test_of_equals_the_earlier_kind_of_the_table_holds() -> None:
    assert resolved([Finding(0, 15, "imei"), Finding(0, 15, "card")], ORDER)[0].kind == "card"


def test_findings_that_only_touch_are_both_kept() -> None:
    two = [Finding(0, 5, "name", 0), Finding(5, 15, "mobile")]
    assert resolved(reversed(two), ORDER) == two


def test_an_address_is_cut_before_what_is_found_within_it() -> None:
    address, pin = Finding(0, 40, "address", 0), Finding(30, 36, "pin_code", 2)
    assert resolved([address, pin], ORDER) == [Finding(0, 30, "address", 0), pin]


def test_a_finding_within_a_longer_one_that_was_held_before_is_dropped() -> None:
    long, inner = Finding(0, 30, "order", 0), Finding(10, 20, "mobile")
    assert resolved([inner, long], ORDER) == [long]
