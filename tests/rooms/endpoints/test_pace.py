from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dono.endpoints.pace import LONGEST_ASKED, LONGEST_WAIT, Pace, before_try, waited

NOW = datetime(2015, 10, 21, 7, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    ("milliseconds", "after", "seconds"),
    [
        (None, None, None),
        (None, "120", 120.0),
        (None, "1.5", 1.5),
        ("250", "120", 0.25),
        (None, "-3", 0.0),
        (None, "Wed, 21 Oct 2015 07:28:30 GMT", 30.0),  # the form of RFC 9110's own example
        (None, "Wed, 21 Oct 2015 07:20:00 GMT", 0.0),
        (None, "99999", LONGEST_ASKED),
        (None, "soon", None),
        ("nan", None, None),
    ],
)
def test_what_a_server_asks_for_is_understood(
    milliseconds: str | None, after: str | None, seconds: float | None
) -> None:
    assert waited(milliseconds, after, NOW) == seconds


@given(number=st.integers(1, 40), drawn=st.floats(0, 1))
def test_waits_double_up_to_a_minute_with_up_to_half_taken_off(number: int, drawn: float) -> None:
    whole = min(LONGEST_WAIT, 2.0 ** (number - 1))
    assert whole / 2 <= before_try(number, None, drawn) <= whole
    assert before_try(number, 3.0, drawn) == 3.0


def test_a_pace_spaces_requests_and_holds_everybody() -> None:
    now = [0.0]
    pace = Pace(30, clock=lambda: now[0], sleep=lambda s: now.__setitem__(0, now[0] + s))
    times = []
    for _ in range(3):
        pace.take_turn()
        times.append(now[0])
    pace.hold(10)
    pace.take_turn()
    assert [*times, now[0]] == [0.0, 2.0, 4.0, 14.0]
