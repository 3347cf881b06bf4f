"""Two people rate side by side in a real browser, one loses the connection, the manager watches and takes it out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from dono.ratings import Candidate, Desk, Item, Turn
from tests.rooms.studio.conftest import CHROMIUM
from tests.rooms.studio.desk.served import HINDI, HOSTILE, MODELS, open_desk, served
from tests.rooms.studio.test_browser import FAINT, OVERFLOWING

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt install chromium")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = open_desk(tmp_path / "desk.sqlite", guidelines="क्या आप इसे ग्राहक को भेजेंगे?")
    yield made
    made.store.close()


def arrived(
    browser: Browser, link: str, *, width: int = 1280, dark: bool = False
) -> tuple[BrowserContext, Page, list[str]]:
    """Somebody who followed a link, and whatever the console said."""
    scheme = "dark" if dark else "light"
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)  # type: ignore[arg-type,unused-ignore]
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(link)
    return context, page, said


def action_of(page: Page) -> str:
    return page.locator("form.answer").get_attribute("action") or ""


def gone_on(page: Page, before: str) -> None:
    """Wait until another item, or none, is shown."""
    page.wait_for_function(
        "was => { const f = document.querySelector('form.answer'); return document.readyState === 'complete' && "
        "(!f || f.getAttribute('action') !== was) }",
        arg=before,
    )


def loaded(page: Page, family: str) -> bool:
    """Whether a font of ours was fetched and is used."""
    page.evaluate("document.fonts.ready.then(() => true)")
    states = page.evaluate("[...document.fonts].map(f => [f.family.replaceAll('\"', ''), f.status])")
    return [family, "loaded"] in states


def answered(page: Page, key: str) -> None:
    before = action_of(page)
    page.keyboard.press(key)
    page.keyboard.press("Enter")
    gone_on(page, before)


def test_two_people_rate_to_the_end_and_the_manager_watches(browser: Browser, desk: Desk) -> None:
    asha, kumar = (desk.admit(name, languages=[tag], interface=tag) for name, tag in (("Asha", "hi"), ("Kumar", "ta")))
    boss = desk.admit("manager", role="manager")
    with served(desk) as address:
        one, hindi, said_one = arrived(browser, f"{address}/enter/{asha}")
        two, tamil, said_two = arrived(browser, f"{address}/enter/{kumar}", width=390, dark=True)
        assert "/enter/" not in hindi.url
        assert hindi.get_attribute("html", "lang") == "hi" and "எந்தப் பதில்" in tamil.inner_text("h1")
        assert tamil.locator(".answers .spoken").first.get_attribute("lang") == "ta"
        assert loaded(hindi, "Dono Devanagari") and loaded(tamil, "Dono Tamil")
        answered(hindi, "1")
        answered(tamil, "0")
        lost = action_of(hindi)
        one.set_offline(True)
        hindi.keyboard.press("2")
        hindi.keyboard.press("Enter")
        hindi.wait_for_selector("#note.warn")
        assert "सुरक्षित" in hindi.inner_text("#note")
        answered(tamil, "9")
        one.set_offline(False)
        gone_on(hindi, lost)
        answered(hindi, "1")
        answered(tamil, "2")
        assert "धन्यवाद" in hindi.inner_text("h1") and "நன்றி" in tamil.inner_text("h1")
        hindi.click("a.undo")
        hindi.wait_for_selector("form.answer")
        hindi.keyboard.press("0")
        hindi.keyboard.press("Enter")
        hindi.wait_for_selector("section.quietly")
        three, watching, said_three = arrived(browser, f"{address}/enter/{boss}")
        assert "6 of 6" in watching.inner_text(".tiles") and "Asha" in watching.inner_text(".raters")
        with watching.expect_download() as download:
            watching.click("text=every answer, a row each")
        rows = [json.loads(line) for line in Path(download.value.path()).read_text("utf8").splitlines()]
        for context in (one, two, three):
            context.close()
    assert [r["rater"] for r in rows if r["holds"]].count("Asha") == 3 and len(rows) == 7
    assert all(r["active_ms"] is not None for r in rows)
    with desk.store.reading() as book:
        assert [s.response.choice for s in book.leases[lost.removeprefix("/work/")].sent] == ["2"]
    offline = [s for s in said_one if "ERR_INTERNET_DISCONNECTED" in s]
    assert offline and said_one == offline and not said_two and not said_three


def test_hostile_text_runs_nothing_and_models_are_not_in_the_page(browser: Browser, desk: Desk) -> None:
    token = desk.admit("Asha", languages=["hi"])
    with served(desk) as address:
        context, page, said = arrived(browser, f"{address}/enter/{token}")
        seen = ""
        while page.locator("form.answer").count():
            seen += page.content() + page.inner_text("main")
            answered(page, "9")
        assert page.title() == "Festival desk"
        context.close()
    assert HOSTILE in seen and not said
    assert not any(name in seen for name in (*MODELS, "secret-item"))


@pytest.mark.parametrize(("width", "dark"), [(390, False), (390, True), (1280, False), (1280, True)])
def test_every_page_fits_and_can_be_read(browser: Browser, desk: Desk, width: int, dark: bool) -> None:
    item = Item(
        id="r", kind="rubric", language="hi", prompt=(Turn(role="user", text="लंबाशब्द" * 40),),
        answers=(Candidate(text=HINDI[0][1]),), criteria=("Polite", "In the customer's own language"),
    )  # fmt: skip
    desk.add_items([item])
    token, boss = desk.admit("Asha", languages=["hi"], interface="bn"), desk.admit("manager", role="manager")
    with served(desk) as address:
        context, page, said = arrived(browser, f"{address}/enter/{token}", width=width, dark=dark)
        for path in ("/work", "/mine", f"/enter/{boss}"):
            while path == "/work" and page.locator("form.answer").count():
                page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
                for key in "12":
                    page.keyboard.press(key)
                page.keyboard.press("Tab")
                looked_at(page, width)
                before = action_of(page)
                page.locator("form.answer").get_by_role("button").click()
                gone_on(page, before)
            page.goto(address + path)
            looked_at(page, width)
        context.close()
    assert not said


def looked_at(page: Page, width: int) -> None:
    page.evaluate("() => Promise.all(document.getAnimations().map(a => a.finished)).then(() => 1)")  # choices fade in
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(OVERFLOWING) == []
    assert page.evaluate(FAINT) == []
    unnamed = """() => [...document.querySelectorAll("button, select, textarea, input:not([type=hidden]), a")].filter(
      e => !(e.innerText || e.ariaLabel || (e.labels && [...e.labels].some(l => l.textContent.trim()))))
      .map(e => e.outerHTML)"""
    assert page.evaluate(unnamed) == []
    assert page.locator("h1").count() == 1 and re.fullmatch("[a-z]{2}", page.get_attribute("html", "lang") or "")


def test_what_is_typed_is_kept_by_itself(browser: Browser, desk: Desk) -> None:
    token = desk.admit("Asha", languages=["hi"], interface="en")
    with served(desk) as address:
        context, page, _ = arrived(browser, f"{address}/enter/{token}")
        page.keyboard.press("1")
        page.click("details.more summary")
        page.fill("textarea[name=comment]", "half a thought")
        page.get_by_text("Saved", exact=True).wait_for()
        page.reload()
        assert page.input_value("textarea[name=comment]") == "half a thought"
        assert page.is_checked("input[value='1']")
        context.close()
