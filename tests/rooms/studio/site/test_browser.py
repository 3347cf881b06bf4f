"""The studio in a real browser: every page, light and dark, wide and narrow, by keyboard, without scripts, live."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from tests.rooms.studio.conftest import CHROMIUM
from tests.rooms.studio.desk.served import serving
from tests.rooms.studio.site.shop import opened
from tests.rooms.studio.site.test_playground import openai
from tests.rooms.studio.test_browser import FAINT, OVERFLOWING

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt install chromium")
PAGES = ("/", "/corpus", "/runs", "/verdict", "/models", "/playground", "/manage")
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def folder(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop of its own."""
    found = tmp_path_factory.mktemp("browsed") / "shop"
    shutil.copytree(made.parent, found)
    return found


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """Its studio, served with a service in this process."""
    site, app = opened(folder / "dono.yaml", service=openai())
    site.desk().admit("manager", role="manager")
    with serving(app) as found:
        yield found
    site.close()


def looked(
    browser: Browser, *, width: int = 1280, dark: bool = False, **more: object
) -> tuple[BrowserContext, Page, list[str]]:
    """A window, and whatever its console said."""
    scheme = "dark" if dark else "light"
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme, **more)  # type: ignore[arg-type,unused-ignore]
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    return context, page, said


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_every_page_is_accessible_fits_and_can_be_read(browser: Browser, address: str, width: int, dark: bool) -> None:
    context, page, said = looked(browser, width=width, dark=dark)
    axe = Axe()
    page.goto(f"{address}/models")
    model = page.locator(".card a").first.get_attribute("href") or ""
    page.goto(f"{address}/runs")
    run = page.locator("table.runs th a").first.get_attribute("href") or ""
    for path in (*PAGES, model, run, "/nothing"):
        page.goto(address + path)
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        page.evaluate("document.fonts.ready.then(() => true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.evaluate(OVERFLOWING) == [], path
        assert page.evaluate(FAINT) == [], path
        found = axe.run(page, options={"resultTypes": ["violations"]}).response["violations"]
        serious = [(v["id"], [n["html"][:120] for n in v["nodes"]][:3]) for v in found if v["impact"] in SERIOUS]
        assert serious == [], path
        assert page.title() and "taken" not in page.title()
    assert said == [] or all("404" in s for s in said), said
    context.close()


def test_names_stay_within_the_boxes_of_the_ancestry(browser: Browser, address: str) -> None:
    context, page, _ = looked(browser)
    page.goto(f"{address}/models")
    page.goto(address + (page.locator(".card a").first.get_attribute("href") or ""))
    out = page.evaluate("""() => {
      const box = e => e.getBoundingClientRect(), nodes = [...document.querySelectorAll(".ancestry .node")].map(box);
      return [...document.querySelectorAll(".ancestry text")].filter(t => !nodes.some(n =>
        n.left <= box(t).left && box(t).right <= n.right && n.top <= box(t).top && box(t).bottom <= n.bottom + 1))
        .map(t => t.textContent) }""")
    assert out == []
    context.close()


def test_a_person_gets_everywhere_by_keyboard_alone(browser: Browser, address: str) -> None:
    context, page, said = looked(browser)
    page.goto(address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.goto(address)
    for _ in range(6):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Verdict"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url("**/verdict")
    while page.evaluate("document.activeElement.tagName") != "SUMMARY":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    while page.evaluate("document.activeElement.name") != "bar.intent":
        page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("0.3")
    page.wait_for_function("() => document.querySelector('#judging').textContent === 'Judged again.'")
    assert page.url.endswith("?bar.intent=0.3")
    assert "your bar" in page.inner_text("#report") and "0.300" in page.inner_text("#report")
    assert page.evaluate("document.activeElement.name") == "bar.intent", "the focus stays where it was"
    page.keyboard.press("Control+A")
    page.keyboard.type("much")
    page.wait_for_selector("#moved [role=alert]")
    assert "is no number" in page.inner_text("#moved") and "0.300" in page.inner_text("#report")
    assert said == [s for s in said if "422" in s]
    context.close()


def test_on_a_telephone_the_answer_is_read_before_what_would_move_it(browser: Browser, address: str) -> None:
    context, page, _ = looked(browser, width=390)
    page.goto(f"{address}/verdict")
    headline = page.locator("h1").bounding_box()
    assert headline is not None and headline["y"] + headline["height"] < 844
    context.close()


def test_without_scripts_values_are_moved_runs_compared_and_prompts_asked(browser: Browser, address: str) -> None:
    context, page, _ = looked(browser, java_script_enabled=False)
    page.goto(f"{address}/verdict")
    page.click("summary:has-text('What if?')")
    page.fill("[name='bar.intent']", "0.3")
    page.click("text=Judge again")
    assert "0.300" in page.inner_text("#report") and page.input_value("[name='bar.intent']") == "0.3"
    page.goto(f"{address}/runs")
    page.locator("table.runs input").nth(1).check()
    page.click("text=Compare the ticked ones")
    assert "The chosen runs" in page.inner_text("#live")
    page.goto(f"{address}/playground")
    page.fill("textarea", "मेरा पार्सल कब आएगा?")
    page.fill("[name=max_tokens]", "20")
    page.click("text=Ask")
    assert "AMBER says नमस्ते" in page.inner_text("#answers") and "BIRCH says" in page.inner_text("#answers")
    context.close()


def test_blind_answers_come_one_by_one_and_names_after_the_choice(browser: Browser, address: str) -> None:
    context, page, said = looked(browser)
    page.goto(f"{address}/playground")
    page.fill("textarea", "मेरा पार्सल कब आएगा?")
    page.fill("[name=max_tokens]", "20")
    page.check("[name=blind]")
    page.click("text=Ask")
    page.wait_for_selector("form.blind")
    shown = page.inner_text("#answers")
    assert "Answer 1" in shown and "Answer 2" in shown and "amber" not in shown
    assert page.evaluate("[...document.fonts].some(f => f.family.includes('Devanagari') && f.status === 'loaded')")
    page.check("form.blind [value='1']")
    page.click("text=Send to the rating desk")
    page.wait_for_selector(".remark.good")
    assert "amber" in page.inner_text("#answers")
    page.goto(f"{address}/manage")
    assert "1 of" in page.inner_text(".tiles")
    assert said == []
    context.close()


def test_a_curve_grows_while_somebody_looks_and_what_was_ticked_stays(
    browser: Browser, address: str, folder: Path
) -> None:
    context, page, said = looked(browser)
    page.goto(f"{address}/runs")
    page.wait_for_selector("text=unfinished")
    row = page.locator("tr.unfinished")
    assert row.locator("td").nth(3).inner_text().startswith("17")
    page.locator("table.runs input").first.check()
    page.locator("table.runs input").first.focus()
    log = next(folder.glob("work/trunk/*/.begun.json")).parent / "trainer_log.jsonl"
    kept = log.read_text(encoding="utf8").rpartition("\n")[0]
    more = json.dumps({"step": 18, "total": 40, "loss": 1.25, "bits_per_byte": 0.4, "seconds": 4.0})
    log.write_text(f"{kept}\n{more}\n", encoding="utf8")
    page.wait_for_function("() => document.querySelector('tr.unfinished').textContent.includes('1.250')")
    assert row.locator("td").nth(3).inner_text().startswith("18")
    assert page.locator("table.runs input").first.is_checked()
    assert page.evaluate("document.activeElement.name") == "compare"
    assert said == []
    context.close()


def test_it_prints_on_paper_without_buttons(browser: Browser, address: str) -> None:
    context, page, _ = looked(browser, dark=True)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 695, "height": 1000})
    for path in ("/", "/verdict", "/models", "/runs"):
        page.goto(address + path)
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.evaluate("document.documentElement.scrollWidth") <= 695, path
        assert page.evaluate("[...document.querySelectorAll('button, nav')].filter(e => e.offsetWidth).length") == 0, (
            path
        )
    context.close()
