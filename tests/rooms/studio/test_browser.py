"""The report in a real browser: fits, loads nothing, shapes every script, is dark in the dark, and prints."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from dono.studio.report import write_report
from dono.studio.typefaces import FAMILIES, TYPEFACES, Typeface
from tests.rooms.studio import fixture
from tests.rooms.studio.conftest import CHROMIUM

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt install chromium")
JOINED = {
    "devanagari": ("क्ष", "क्\u200cष"), "bengali": ("ক্ষ", "ক্\u200cষ"), "gujarati": ("ક્ષ", "ક્\u200cષ"),
    "oriya": ("କ୍ଷ", "କ୍\u200cଷ"), "tamil": ("ஸ்ரீ", "ஸ்\u200cரீ"), "telugu": ("క్ష్మి", "క్\u200cష్\u200cమి"),
    "kannada": ("ಕ್ಷ", "ಕ್\u200cಷ"), "malayalam": ("ന്റെ", "ന്\u200cറെ"), "nastaliq": ("پہنچ", "پ\u200cہ\u200cن\u200cچ"),
    "gurmukhi": ("ਕ੍ਰ", "ਕ੍\u200cਰ"),
}  # fmt: skip
"""What joins, and the same kept apart by a non-joiner: the two are as wide as each other only where nothing joins."""
OVERFLOWING = """() => [...document.querySelectorAll("main *")].filter(e => !e.closest(".scroll") && !e.closest("svg")
  && !e.closest("details:not([open])") && e.getBoundingClientRect().right > innerWidth + 1)
  .map(e => e.outerHTML.slice(0, 99))"""
FAINT = """() => {
  const part = c => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4 };
  const light = s => { const [r, g, b] = s.match(/[\\d.]+/g).map(Number);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b) };
  const behind = e => { for (; e; e = e.parentElement) {
    const c = getComputedStyle(e).backgroundColor; if (/^rgb\\(/.test(c)) return c } return "rgb(255, 255, 255)" };
  const found = [];
  for (const e of document.querySelectorAll("main *")) {
    if (e.matches("title, desc") || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    const style = getComputedStyle(e), ink = e.closest("svg") ? style.fill : style.color;
    const [a, b] = [light(ink), light(behind(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) found.push(e.outerHTML.slice(0, 80));
  }
  return found }"""


@pytest.fixture(scope="module")
def report(page: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(page, encoding="utf8")
    return path


def opened(browser: Browser, report: Path, width: int, scheme: str = "light") -> tuple[Page, list[str]]:
    """The report in a window of this width, and whatever the console or the network said."""
    dark = "dark" if scheme == "dark" else "light"
    page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=dark)  # type: ignore[arg-type,unused-ignore]
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on(
        "request", lambda request: said.append(request.url) if not request.url.startswith(("file:", "data:")) else None
    )
    page.goto(report.as_uri())
    page.evaluate("document.fonts.ready.then(() => true)")
    return page, said


@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_the_window_and_asks_nothing_of_the_network(browser: Browser, report: Path, width: int) -> None:
    page, said = opened(browser, report, width)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert said == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(OVERFLOWING) == []
    shown = page.evaluate(
        "[...document.querySelectorAll('.chart')].filter(e => e.clientWidth).map(e => e.classList[1])"
    )
    assert set(shown) == {"wide" if width > 640 else "narrow"}
    page.close()


@pytest.mark.parametrize("width", [390, 1280])
def test_no_letters_leave_a_picture_or_meet_a_dash_of_its_key(browser: Browser, report: Path, width: int) -> None:
    page, _ = opened(browser, report, width)
    found = page.evaluate("""() => {
      const box = e => e.getBoundingClientRect(), found = [];
      for (const svg of [...document.querySelectorAll(".chart")].filter(e => e.clientWidth)) {
        const whole = box(svg);
        const keys = [...svg.querySelectorAll("polyline")].filter(e => box(e).width < 30 && !box(e).height);
        for (const text of svg.querySelectorAll("text")) {
          const at = box(text);
          if (at.left < whole.left - 1 || at.right > whole.right + 1) found.push(text.textContent);
          if (keys.some(k => box(k).right > at.left && box(k).left < at.right && box(k).top > at.top
            && box(k).top < at.bottom)) found.push(`dash through ${text.textContent}`);
        }
      }
      return found }""")
    assert found == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(browser: Browser, report: Path, scheme: str) -> None:
    page, _ = opened(browser, report, 1280, scheme)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate(FAINT) == []
    page.close()


def test_it_is_dark_in_the_dark(browser: Browser, report: Path) -> None:
    paper = []
    for scheme in ("light", "dark"):
        page, _ = opened(browser, report, 1280, scheme)
        paper.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        page.close()
    assert [sum(map(int, p[4:-1].split(","))) > 3 * 128 for p in paper] == [True, False]


def test_hostile_text_runs_nothing(browser: Browser, report: Path) -> None:
    page, said = opened(browser, report, 1280)
    assert page.evaluate("document.scripts.length") == 0
    assert page.locator("text=<script>alert('नमस्ते')</script>").count() > 0
    assert said == []
    page.close()


@pytest.mark.parametrize("typeface", TYPEFACES, ids=lambda t: t.file)
def test_every_script_is_drawn_with_its_own_font_and_conjuncts_form(
    browser: Browser, tmp_path: Path, typeface: Typeface
) -> None:
    family = typeface.family
    joined, apart = JOINED[typeface.file]
    write_report(fixture.verdict_of(measured=(joined + apart,)), tmp_path / "r.html")
    page, _ = opened(browser, tmp_path / "r.html", 1280)
    states = dict(page.evaluate("[...document.fonts].map(f => [f.family.replaceAll('\"', ''), f.status])"))
    assert states[family] == "loaded"
    assert page.evaluate(f"document.fonts.check('16px \"{family}\"', '{joined}')")
    widths = page.evaluate(
        """([texts, families]) => texts.map(([text, family]) => { const e = document.createElement("span");
          e.style = `font: 100px ${family}; white-space: pre; position: absolute`; e.textContent = text;
          document.body.append(e); const r = e.getBoundingClientRect().width; e.remove(); return r })""",
        [[[joined, FAMILIES], [apart, FAMILIES], [joined, "monospace"]], FAMILIES],
    )
    assert abs(widths[0] - widths[1]) > 1, "joined and kept apart are as wide: the subset lost its conjuncts"
    assert abs(widths[0] - widths[2]) > 1, "as wide as in the system's font: the report's own was not used"
    page.close()


def test_it_prints_with_everything_that_was_folded(browser: Browser, report: Path, tmp_path: Path) -> None:
    page, _ = opened(browser, report, 1280, "dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    page.set_viewport_size({"width": 695, "height": 1000})  # 184 mm, the width between the margins of A4
    assert page.evaluate("document.documentElement.scrollWidth") <= 695
    cut = "[...document.querySelectorAll('table')].filter(t => t.getBoundingClientRect().right > innerWidth + 1).length"
    assert page.evaluate(cut) == 0
    assert page.evaluate("document.querySelector('table.pilots').getBoundingClientRect().height") > 100
    page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    page.close()
