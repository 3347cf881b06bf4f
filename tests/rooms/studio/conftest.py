"""One verdict and its report for the whole room: cutting ten fonts takes seconds."""

from __future__ import annotations

import pytest

from dono.decisions import Verdict
from dono.studio.report import render
from tests.rooms.studio import fixture


@pytest.fixture(scope="session")
def verdict() -> Verdict:
    return fixture.verdict()


@pytest.fixture(scope="session")
def page(verdict: Verdict) -> str:
    return render(verdict)
