"""How the benchmark counts, for it judges strangers' cases too."""

from __future__ import annotations

import pytest

from benchmarks.privacy_cases import Case, Span, make_cases
from benchmarks.privacy_cases.matching import kinds_of, score


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("AADHAAR", "aadhaar"),
        ("IN_AADHAAR", "aadhaar"),
        ("aadhaar_number", "aadhaar"),
        ("UPI-ID", "upi"),
        ("Credit Card", "card"),
        ("IN_VEHICLE_REGISTRATION", "vehicle"),
        ("PERSON", "name"),
        ("IPv6", "ip"),
        ("date_of_birth", "birth_date"),
        ("PHONE", "mobile"),
        ("phone number", "landline"),
        ("EPIC", "voter_id"),
        ("PINCODE", "pin_code"),
    ],
)
def test_kinds_are_known_by_their_common_names(name: str, kind: str) -> None:
    assert kind in kinds_of(name)


def test_half_of_what_both_cover_is_a_hit_and_less_is_a_miss_and_an_alarm() -> None:
    case = Case("x" * 20, (Span(0, 10, "PHONE"),), "", "")
    assert score([case], [[Span(0, 5, "mobile")]]).scores() == {"recall": 1.0, "precision": 1.0}
    assert score([case], [[Span(0, 4, "mobile")]]).scores() == {"recall": 0.0, "precision": 0.0}
    assert score([case], [[Span(0, 10, "aadhaar")]]).scores() == {"recall": 0.0, "precision": 0.0}


def test_one_finding_hits_one_span_only() -> None:
    case = Case("x" * 20, (Span(0, 10, "mobile"), Span(0, 10, "mobile")), "", "")
    tally = score([case], [[Span(0, 10, "mobile")]])
    assert tally.hits.total() == tally.misses.total() == 1


def test_made_cases_are_the_same_for_a_split_and_differ_between_splits() -> None:
    one, other = make_cases("development", 1), make_cases("reported", 1)
    assert one == make_cases("development", 1)
    assert not {case.text for case in one} & {case.text for case in other}
    assert all(case.text[s.start : s.end].strip() for case in one + other for s in case.spans)
