from __future__ import annotations

import pytest

from dono.errors import Mistake
from dono.runners.waiting import wait_for


def test_it_waits_until_all_have_joined() -> None:
    there = iter([0.0, 8.0, 16.0, 99.0])
    wait_for(16, lambda: next(there), nap=0.0)
    assert next(there) == 99.0


def test_it_is_given_up_where_they_do_not_come() -> None:
    with pytest.raises(Mistake, match="8 of 16 GPUs have joined after 0 minutes"):
        wait_for(16, lambda: 8.0, minutes=0.0, nap=0.0)
