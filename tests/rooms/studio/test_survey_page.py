"""The survey's page: everything said, nothing from outside, nothing unescaped, in every script, light and dark."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from dono.studio.survey import Amount, headline, render_survey, size, write_survey
from dono.studio.typefaces import TYPEFACES
from tests.rooms.studio import surveyed
from tests.rooms.studio.test_browser import FAINT, OVERFLOWING, opened
from tests.rooms.studio.test_report import Page


@pytest.fixture(scope="module")
def page() -> str:
    return render_survey(surveyed.survey())


@pytest.fixture(scope="module")
def read(page: str) -> Page:
    return Page(page)


def test_everything_is_said(read: Page) -> None:
    survey = surveyed.survey()
    assert read.open == []
    for said in (
        "279,288 documents in 12 languages", "Hindi in Latin letters", "Malayalam", "4,120", "N-2025-04", "not stated",
        "mostly repeated lines", "chats.jsonl:17", "broken JSON", "pii mobile", "5,210", "44 documents", "Kerala",
        "5.5",        "about 7 months", "temperature 2 over languages", "add rights",
        "read as cp1252", "2024.csv", "and 2 more files", "empty, left out",
    ):  # fmt: skip
        assert said in read.text, said
    assert all(text in read.text for _, text in surveyed.SCRIPTS.values())
    assert headline(survey).replace("\u00a0", " ") in read.text


def test_hostile_text_is_text_and_nothing_is_loaded(page: str, read: Page) -> None:
    assert surveyed.HOSTILE in read.text and "<script" not in page
    for tag, attributes in read.elements:
        assert tag not in ("script", "link", "img", "iframe")
        assert not any(
            name in ("src", "href") and not (value or "").startswith("#") for name, value in attributes.items()
        )


def test_every_script_brings_its_font_and_the_same_survey_the_same_page(page: str) -> None:
    assert all(f'font-family: "{typeface.family}"' in page for typeface in TYPEFACES)
    assert render_survey(surveyed.survey()) == page


def test_a_small_corpus_without_anything_to_tell_is_a_page_too() -> None:
    one = surveyed.survey()
    small = replace(
        one, total=Amount(1, 12, 3.0), heldout_documents=0, read=1, languages=one.languages[:1], regions=(), months=(),
        left=(("duplicates", 0),), dropped=(), rejected=(), tested=(), found=(), mixture=(), warnings=(), romanised=0.0,
    )  # fmt: skip
    found = Page(render_survey(small))
    assert found.open == [] and "1 documents in Hindi: 12 bytes" in found.text
    assert "Every row was read, and no text was dropped." in found.text


def test_sizes_are_read_as_sizes() -> None:
    assert [size(n) for n in (12, 4_200, 31_000_000)] == ["12\u00a0bytes", "4.2\u00a0kB", "31\u00a0MB"]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("survey") / "survey.html"
    write_survey(surveyed.survey(), made)
    return made


@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_the_window_and_asks_nothing_of_the_network(browser: Browser, path: Path, width: int) -> None:
    page, said = opened(browser, path, width)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert said == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(OVERFLOWING) == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(browser: Browser, path: Path, scheme: str) -> None:
    page, _ = opened(browser, path, 1280, scheme)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate(FAINT) == []
    page.close()
