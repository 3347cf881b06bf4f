"""From two people in a browser to a better model and back: they rate, `dono align` learns, they are asked again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from dono.cli import main
from dono.models import random_llama, save_model
from dono.project import Architecture
from dono.ratings import Candidate, Desk, DeskSettings, EventStore, Item, Turn
from dono.stages import rate
from dono.tokens import load_tokenizer, train_tokenizer
from tests.rooms.studio.conftest import CHROMIUM
from tests.rooms.studio.desk.served import served
from tests.rooms.studio.desk.test_browser import action_of, answered, arrived, gone_on

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt install chromium")

WORDS = {"hi": ("पार्सल", "कब", "आएगा", "रुपये", "वापस", "कल"), "ta": ("பார்சல்", "எப்போது", "வரும்", "பணம்", "நாளை", "ஆம்")}
SETTINGS = """
title: Festival desk
raters: [{name: Asha, languages: [hi], interface: hi}, {name: Kumar, languages: [ta, hi], interface: ta}]
overlap: 2
gold_every: 0
repeat_every: 0
floor_seconds: 0
pay: {per_item: 4}
"""


def questions() -> list[tuple[str, str, str, str]]:
    """Language, question, a good answer and a bad one."""
    found = []
    for language, words in WORDS.items():
        for a in words[:4]:
            found.append((language, f"{a} {words[1]} {words[2]}?", f"{words[5]} {a} {words[2]}।", f"{words[3]}"))
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A desk with pairs in two languages, and a model."""
    desk = tmp_path / "desk"
    desk.mkdir()
    (desk / "desk.yaml").write_text(SETTINGS, encoding="utf8")
    items = [
        Item(
            id=f"{language} {asked}", kind="pair", language=language, prompt=(Turn(role="user", text=asked),),
            answers=(Candidate(text=good, model="amber"), Candidate(text=bad, model="birch"))[:: 1 if n % 2 else -1],
        )
        for n, (language, asked, good, bad) in enumerate(questions())
    ]  # fmt: skip
    rows = (item.model_dump(mode="json", exclude_defaults=True) for item in items)
    (desk / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
    texts = [" ".join(row[1:]) for row in questions()] * 30
    train_tokenizer(iter(texts), 400, tmp_path / "tokenizer")
    tokenizer = load_tokenizer(str(tmp_path / "tokenizer"))
    model = random_llama(Architecture(width=32, layers=2, heads=2, vocabulary=400, context=64), tokenizer, seed=0)
    save_model(model, tokenizer, tmp_path / "base")
    (tmp_path / "align.yaml").write_text(
        "model: base\npreferences: desk\ndesk: desk\nname: better\nrate: 3e-3\nepochs: 8\nbatch_tokens: 512\n"
        "precision: float32\nheld_out: 0.3\nquestions: 8\npolicy: {max_new_tokens: 12}\n", encoding="utf8",
    )  # fmt: skip
    yield tmp_path


def opened(folder: Path) -> tuple[Desk, DeskSettings]:
    """The desk as `dono rate` opens it."""
    settings = rate.desk_settings(folder / "desk")
    desk = Desk(EventStore(folder / "desk" / "desk.sqlite"))
    desk.configure(settings)
    rate.read_in(desk, settings)
    return desk, settings


def good_seat(page: Page) -> str:
    """The key of the seat where the longer answer, which is the good one, stands."""
    texts = page.locator(".answers .spoken").all_inner_texts()
    return "1" if len(texts[0]) > len(texts[1]) else "2"


def test_people_rate_the_model_learns_and_they_are_asked_what_changed(
    browser: Browser,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk, settings = opened(folder)
    links = {r.name: desk.admit(r.name, languages=r.languages, interface=r.interface) for r in settings.raters}
    boss = desk.admit("manager", role="manager", interface="ta")
    with served(desk) as address:
        one, hindi, _ = arrived(browser, f"{address}/enter/{links['Asha']}")
        two, tamil, _ = arrived(browser, f"{address}/enter/{links['Kumar']}", width=390)
        three, watching, _ = arrived(browser, f"{address}/enter/{boss}")
        answered(hindi, good_seat(hindi))
        lost = action_of(hindi)
        one.set_offline(True)
        hindi.keyboard.press(good_seat(hindi))
        hindi.keyboard.press("Enter")
        hindi.wait_for_selector("#note.warn")
        for _ in range(8):
            answered(tamil, good_seat(tamil))
        watching.goto(f"{address}/manage")
        assert watching.get_attribute("html", "lang") == "ta" and "மதிப்பிடுவோர்" in watching.inner_text("main")
        one.set_offline(False)
        gone_on(hindi, lost)
        while hindi.locator("form.answer").count():
            answered(hindi, good_seat(hindi))
        watching.reload()
        assert "1.000" in watching.inner_text("table.agreement") and "₹48" in watching.inner_text(".tiles")
        watching.select_option("select[name=interface]", "en")
        watching.get_by_role("button", name="பயன்படுத்து").or_(watching.locator("form.speak button")).first.click()
        watching.wait_for_selector("text=Take the ratings out")
        with watching.expect_download() as download:
            watching.click("text=preferences for TRL")
        rows = [json.loads(line) for line in Path(download.value.path()).read_text("utf8").splitlines()]
        for context in (one, two, three):
            context.close()
    desk.store.close()
    assert len(rows) == 8 and all(len(r["chosen"][0]["content"]) > len(r["rejected"][0]["content"]) for r in rows)

    monkeypatch.setattr("sys.argv", ["dono", "align", str(folder / "align.yaml")])
    main()

    desk, _ = opened(folder)
    with served(desk) as address:
        token = desk.admit("Asha", languages=["hi", "ta"], interface="hi")
        context, page, said = arrived(browser, f"{address}/enter/{token}")
        shown = page.content()
        assert page.locator(".answers .spoken").count() == 2 and "better@" not in shown and "base@" not in shown
        given = 0
        while page.locator("form.answer").count():
            answered(page, "12"[given % 2])  # who always takes the first seat is not believed
            given += 1
        watch, manager, _ = arrived(browser, f"{address}/enter/{desk.admit('manager', role='manager')}")
        models = manager.inner_text("main")
        watch.close()
        context.close()
    desk.store.close()
    assert given > 0 and "better@" in models and "base@" in models and not said
