"""One verdict and its report for the whole room: cutting ten fonts takes seconds. A browser for each module."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from dono.decisions import Verdict
from dono.studio.report import render
from tests.rooms.studio import fixture

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def verdict() -> Verdict:
    return fixture.verdict()


@pytest.fixture(scope="session")
def page(verdict: Verdict) -> str:
    return render(verdict)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium: apt install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()
