"""The desk's pages as a browser without a script sees them, and as somebody who means harm does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dono.ratings import EXPORTS, Candidate, Desk, Item, Turn
from dono.studio.desk.texts import catalogue
from tests.rooms.studio.desk.served import HINDI, HOSTILE, MODELS, entered, open_desk, pairs, practice, served, stranger

TOKENS = re.compile(r'(?:value="[\w-]{16}"|value="[0-9a-f]{32}"|/work/[\w-]{22})')


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = open_desk(tmp_path / "desk.sqlite")
    yield made
    made.store.close()


@pytest.fixture
def address(desk: Desk) -> Iterator[str]:
    with served(desk) as where:
        yield where


def form_of(page: str, **fields: str) -> tuple[str, dict[str, str]]:
    """The action of the answer's form, and its hidden fields with others."""
    action = re.search(r'<form class="answer" method="post" action="([^"]+)"', page)
    assert action is not None, page
    body = page[action.start() : page.index("</form>", action.start())]
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', body))
    return action[1], hidden | fields


def test_without_a_script_somebody_rates_to_the_end(desk: Desk, address: str) -> None:
    desk.add_items([practice("hi", HINDI[0])])
    client = entered(address, desk.admit("Asha", languages=["hi"], interface="hi"))
    page, told = client.get("/work").text, 0
    while '<form class="answer"' in page:
        action, fields = form_of(page, choice="1")
        answer = client.post(action, data=fields)
        assert answer.status_code == 200
        if "/told/" in str(answer.url):
            told += 1
            assert "अपेक्षित" in answer.text
        page = client.get("/work").text
    assert "धन्यवाद" in page and told == 1
    assert "4 के उत्तर दिए" in page
    mine = client.get("/mine").text
    assert mine.count("<tr>") == 5 and "₹" in mine
    with desk.store.reading() as book:
        assert sum(x.counts for x in book.leases.values()) == 3


def test_nothing_is_read_without_a_role(desk: Desk, address: str) -> None:
    asha = entered(address, desk.admit("Asha", languages=["hi"]))
    lease = form_of(asha.get("/work").text)[0]
    outside = stranger(address)
    texts = [t for row in HINDI for t in row]
    for path in ("/", "/work", lease, "/mine", "/manage", "/manage/export/rows", f"/told{lease[5:]}", "/enter/guess"):
        answer = outside.get(path)
        assert answer.status_code == 401 and not any(t in answer.text for t in texts), path
    other = entered(address, desk.admit("Bina", languages=["ta"]))
    assert other.get(lease).status_code == 404
    assert other.get("/manage").status_code == 403 and other.get("/manage/export/rows").status_code == 403
    desk.revoke("Asha")
    assert asha.get("/work").status_code == 401


def test_tokens_are_nowhere_in_the_store(desk: Desk) -> None:
    token = desk.admit("Asha", languages=["hi"])
    assert token not in repr(desk.store.events())


def test_guessing_tokens_is_slowed_down(desk: Desk, address: str) -> None:
    outside = stranger(address)
    answers = [outside.get(f"/enter/{i}") for i in range(30)]
    assert {a.status_code for a in answers} == {401, 429}
    assert answers[-1].headers["retry-after"]


def test_a_form_of_another_site_is_refused_and_leaves_a_trace(desk: Desk, address: str) -> None:
    client = entered(address, desk.admit("Asha", languages=["hi"]))
    action, fields = form_of(client.get("/work").text, choice="1")
    for key in ("", "0" * 32):
        answer = client.post(action, data={**fields, "key": key})
        assert answer.status_code == 403 and "too old" in answer.text
    assert [e.actor for e in desk.store.events() if e.kind == "refused"] == ["Asha", "Asha"]
    with desk.store.reading() as book:
        assert not any(x.sent for x in book.leases.values())


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"choice": "amber"}, 400, "Nothing was chosen"),
        ({"choice": ""}, 400, "Nothing was chosen"),
        ({"choice": "1", "comment": "x" * (3 << 20)}, 400, "too long"),
        ({"choice": "1", "comment": "x" * (21 << 20)}, 413, "too long"),
        ({f"f{i}": "" for i in range(300)}, 400, "too old"),
    ],
)  # fmt: skip
def test_a_tampered_form_gets_its_line_and_takes_nothing(
    desk: Desk, address: str, change: dict[str, str], status: int, said: str
) -> None:
    client = entered(address, desk.admit("Asha", languages=["hi"]))
    action, fields = form_of(client.get("/work").text)
    answer = client.post(action, data={**fields, **change})
    assert answer.status_code == status and said in answer.text
    with desk.store.reading() as book:
        assert not any(x.sent for x in book.leases.values())
    assert client.post(action, data={**fields, "choice": "2"}).status_code == 200


def test_what_is_in_nobodys_hands_gets_its_line(desk: Desk, address: str) -> None:
    client = entered(address, desk.admit("Asha", languages=["hi"]))
    _, fields = form_of(client.get("/work").text, choice="1")
    answer = client.post("/work/AAAAAAAAAAAAAAAAAAAAAA", data=fields)
    assert answer.status_code == 400 and "no longer in your hands" in answer.text


def test_a_megabyte_of_text_is_kept_whole(desk: Desk, address: str) -> None:
    item = Item(
        id="rewrite",
        kind="rewrite",
        language="bn",
        prompt=(Turn(role="user", text="?"),),
        answers=(Candidate(text="x"),),
    )
    desk.add_items([item])
    client = entered(address, desk.admit("Asha", languages=["bn"]))
    text = "প্রযুক্তি " * 100_000
    action, fields = form_of(client.get("/work").text, text=text)
    assert client.post(action, data=fields).status_code == 200
    with desk.store.reading() as book:
        (lease,) = book.of_item["rewrite"]
        assert lease.said().text == text


def test_hostile_text_is_text(desk: Desk, address: str) -> None:
    client = entered(address, desk.admit("<b>Asha</b>", languages=["hi"]))
    manager = entered(address, desk.admit("manager", role="manager"))
    seen = ""
    while '<form class="answer"' in (page := client.get("/work").text):
        seen += page
        action, fields = form_of(page, reason="harmful", note=HOSTILE)
        client.post(f"{action}/flag", data=fields)
    seen += manager.get("/manage").text
    assert seen.count("&lt;script&gt;document.title") >= 4
    assert "<script>" not in seen and "<img src=x" not in seen and "<b>Asha" not in seen and "{{ 7*7 }}" in seen


def test_seats_and_models_cannot_be_told_from_anything_that_is_sent(tmp_path: Path) -> None:
    desk = open_desk(tmp_path / "blind.sqlite", overlap=40)
    item = pairs("en", [("Where is it?", "AAAA", "BBBB")])[0]
    desk.add_items([item])
    orders, pages, ids = set(), set(), []
    with served(desk) as address:
        for i in range(16):
            client = entered(address, desk.admit(f"Rater {i:02}", languages=["en"]))
            for answer in (client.get("/work"),):
                everything = answer.text + repr(sorted(answer.headers.items())) + str(answer.url)
                assert not any(m in everything for m in (*MODELS, item.id)) and "amber" not in everything
                orders.add(answer.text.index("AAAA") < answer.text.index("BBBB"))
                plain = TOKENS.sub("TOKEN", answer.text).replace("AAAA", "BBBB")
                headers = {k: v for k, v in answer.headers.items() if k != "date"}
                pages.add((plain, tuple(sorted(headers.items()))))
                ids.append(form_of(answer.text)[0])
    desk.store.close()
    assert orders == {True, False} and len(pages) == 1
    assert len(set(ids)) == 16


def test_the_answer_that_was_sent_can_be_changed_and_the_first_is_kept(desk: Desk, address: str) -> None:
    client = entered(address, desk.admit("Asha", languages=["hi"]))
    action, fields = form_of(client.get("/work").text, choice="1", comment="hasty")
    page = client.post(action, data=fields).text
    assert f'<a class="undo" href="{action}">' in page
    again = client.get(action).text
    assert "hasty" in again and re.search(r'value="1" required data-key="1" checked', again)
    changed, fields = form_of(again, choice="tie", comment="better so")
    assert client.post(changed, data=fields).status_code == 200
    with desk.store.reading() as book:
        assert [s.response.choice for s in book.leases[action.removeprefix("/work/")].sent] == ["1", "tie"]


def test_a_draft_is_there_when_the_page_is_opened_again(desk: Desk, address: str) -> None:
    client = entered(address, desk.admit("Asha", languages=["hi"]))
    action, fields = form_of(client.get("/work").text, choice="bad", comment="आधा विचार")
    assert client.post(f"{action}/draft", data=fields).status_code == 204
    page = client.get("/work").text
    assert "आधा विचार" in page and re.search(r'value="bad" required data-key="9" checked', page)


def test_after_several_reports_a_break_is_proposed(desk: Desk, address: str) -> None:
    client = entered(address, desk.admit("Asha", languages=["hi", "ta"]))
    for reported in range(4):
        page = client.get("/work").text
        assert ("Time for a break?" in page) == (reported >= 3)
        action, fields = form_of(page, reason="harmful")
        client.post(f"{action}/flag", data=fields)


def test_a_manager_decides_on_reports_ends_access_and_takes_the_ratings_out(desk: Desk, address: str) -> None:
    asha = entered(address, desk.admit("Asha", languages=["hi"]))
    manager = entered(address, desk.admit("manager", role="manager"))
    action, fields = form_of(asha.get("/work").text, choice="1")
    asha.post(action, data=fields)
    action, fields = form_of(asha.get("/work").text, reason="broken", note="why?")
    asha.post(f"{action}/flag", data=fields)
    page = manager.get("/manage").text
    assert "why?" in page and "undefined: no item has two ratings yet" in page
    key = {"key": re.findall(r'name="key" value="(\w+)"', page)[0]}
    item = re.findall(r'name="item" value="([^"]+)"', page)[0]
    assert manager.post("/manage/look", data={**key, "item": item, "decision": "withdraw"}).status_code == 200
    for name in EXPORTS:
        answer = manager.get(f"/manage/export/{name}")
        assert answer.status_code == 200, name
        assert ("Asha" in answer.text) == (name in ("rows", "rows-csv", "argilla", "label-studio", "pay", "times")), (
            name
        )
    assert manager.get("/manage/export/none").status_code == 404
    assert manager.post("/manage/revoke", data={**key, "name": "Asha"}).status_code == 200
    assert asha.get("/work").status_code == 401
    with desk.store.reading() as book:
        assert item in book.withdrawn
    assert sum(e.kind == "exported" for e in desk.store.events()) == len(EXPORTS)


def test_every_answer_forbids_what_pages_do_not_need(address: str) -> None:
    for path in ("/work", "/health", "/static/desk.css", "/nowhere"):
        headers = stranger(address, follow=False).get(path).headers
        assert (
            "default-src 'none'" in headers["content-security-policy"]
            and "unsafe" not in headers["content-security-policy"]
        )
        assert headers["x-content-type-options"] == "nosniff"


def test_every_language_of_the_pages_says_everything() -> None:
    texts = catalogue()
    assert set(texts) >= {"en", "hi", "ta", "bn"}
    for language, own in texts.items():
        assert own.keys() == texts["en"].keys(), language
        for key, text in own.items():
            assert isinstance(text, str) and text.strip(), (language, key)
            assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", texts["en"][key])), (language, key)
