"""Every page as a browser without scripts gets it: what it says, and what it says when things are missing or broken."""

from __future__ import annotations

import html
import json
import re
import shutil
from pathlib import Path

import pytest

from dono.decisions import GROUNDS
from tests.rooms.studio.site import shop
from tests.rooms.studio.site.shop import visited

PAGES = ("/", "/corpus", "/runs", "/verdict", "/models", "/playground", "/manage")
LARGEST = 300_000
"""Bytes of a page with its style and script, without fonts."""


def test_every_page_has_one_heading_and_hostile_text_stays_text(made: Path) -> None:
    with visited(made) as (_, client):
        style, script = client.get("/static/studio.css"), client.get("/static/studio.js")
        paths = [
            *PAGES,
            *(f"/models/{i}" for i in ids(made, "model")),
            *(f"/runs/run/{i}" for i in ids(made, "run")[:3]),
        ]
        for path in paths:
            found = client.get(path)
            assert found.status_code == 200, path
            assert found.text.count("<h1") == 1, path
            assert "<script>alert" not in found.text, path
            assert "unsafe" not in found.headers["Content-Security-Policy"]
            assert not re.search(r'\sstyle="', found.text), f"{path}: the policy forbids styles in attributes"
            assert len(found.content) + len(style.content) + len(script.content) < LARGEST, path


def ids(file: Path, kind: str) -> list[str]:
    return sorted(p.name for p in (file.parent / "work" / kind).iterdir())


def test_home_says_how_far_each_use_case_is_and_what_waits(made: Path) -> None:
    with visited(made, needs=lambda project: [f"rights of {project.corpus[0].name} are unclear"]) as (_, client):
        page = client.get("/").text
    assert "rights of orders are unclear" in page
    assert "intent" in page and "From scratch" in page
    assert "ended outside its forecast interval" in page
    assert "A pilot could not be carried out" in page
    assert "nothing is built yet for reply" in page
    assert page.count('class="there"') == 7  # intent has passed all four stations, reply all but the last


def test_runs_shows_each_run_with_its_state_its_curve_and_its_answers(made: Path) -> None:
    with visited(made) as (_, client):
        page = client.get("/runs").text
        chosen = client.get("/runs", params={"compare": [f"trunk/{ids(made, 'trunk')[0]}"]}).text
    assert page.count('class="state done"') == 12 + 2 + 3 + 1
    assert page.count('class="state unfinished"') == 1 and page.count('class="state failed"') == 1
    assert ">17<" in page, "the step that a kill cut short is not shown"
    assert "Learning the corpus" in page and "Learning <bdi>intent</bdi>" in page
    assert "What they answer" in page and 'lang="ur" dir="rtl"' in page
    assert "The chosen runs" in chosen and chosen.count("<h3>Learning") == 1


def test_a_model_is_shown_with_what_it_was_made_of_down_to_sources_and_rights(made: Path) -> None:
    with visited(made) as (_, client):
        page = client.get(f"/models/{ids(made, 'model')[0]}").text
    for words in ("consent", "train", "orders", "trunk scratch/own", "&lt;script&gt;alert"):
        assert words in page
    assert "0.900" in page and "missed" in page and "the base before" in page
    assert "Tamil" in page


@pytest.mark.parametrize("path", PAGES[:6])
def test_without_a_project_every_page_says_how_to_make_one(tmp_path: Path, path: str) -> None:
    with visited(tmp_path / "dono.yaml") as (_, client):
        found = client.get(path)
        assert found.status_code == 404 and "dono init" in found.text
        shop.project_file(tmp_path)
        assert client.get(path).status_code == 200, "it is found as soon as it is there"


@pytest.mark.parametrize("path", PAGES[:6])
def test_a_project_in_which_nothing_was_done_says_what_comes_next(tmp_path: Path, path: str) -> None:
    with visited(shop.project_file(tmp_path)) as (_, client):
        found = client.get(path)
    assert found.status_code == 200
    assert "dono " in found.text


def test_mistakes_of_the_project_file_are_listed_and_nothing_else_breaks(copied: Path) -> None:
    copied.write_text(shop.PROJECT.replace("bar: 0.8", "barr: 0.8").replace("hours: 24", "hours: -1"), encoding="utf8")
    with visited(copied) as (_, client):
        found = client.get("/runs")
    assert found.status_code == 422
    assert "unknown key" in found.text and "bar" in found.text and "budget.hours" in found.text
    assert "Traceback" not in found.text


def test_what_is_deleted_under_it_is_gone_and_the_rest_stays(copied: Path) -> None:
    work = copied.parent / "work"
    with visited(copied) as (_, client):
        assert client.get("/verdict").text.count("Judge again") == 1
        (model,) = ids(copied, "model")
        shutil.rmtree(work / "verdict")
        shutil.rmtree(work / "trunk")
        (work / "model" / model / "measurements.jsonl").unlink()
        record = next((work / "run").glob("*/artifact.json"))
        record.write_text('{"kind": "run"', encoding="utf8")
        (work / "survey.json").write_text("[]", encoding="utf8")
        for path in (*PAGES, f"/models/{model}"):
            assert client.get(path).status_code == 200, path
        assert "is damaged" in client.get("/").text
        assert "Nothing is decided yet" in client.get("/verdict").text
        assert "No survey yet" in client.get("/corpus").text
        gone = client.get("/models/0123456789abcdef")
        assert gone.status_code == 422 and "may have been deleted" in gone.text


def test_what_a_report_folds_has_a_page_of_its_own(made: Path) -> None:
    with visited(made) as (_, client):
        assert 'href="/verdict/details/intent"' in client.get("/verdict").text
        page = client.get("/verdict/details/intent")
        assert page.status_code == 200 and "Every pilot, and how the forecasts were made" in page.text
        assert "may have been deleted" in client.get("/verdict/details/none").text


def test_moving_a_bar_judges_again_by_the_head(made: Path) -> None:
    with visited(made) as (site, client):
        plain = client.get("/verdict/moved").text
        moved = client.get("/verdict", params={"bar.intent": "0.3"})
        judged = site.work().judged()
    assert judged is not None and judged.verdict.use_cases[0].arms[0].reaches_bar is not None
    assert "What that changes" not in plain
    assert moved.status_code == 200 and "0.300" in moved.text and 'value="0.3"' in moved.text
    assert "reached with &gt;" in moved.text


@pytest.mark.parametrize(
    ("asked", "said"),
    [({"data": "<b>"}, "is no number"), ({"data": "100"}, "out of bounds"), ({"months": "-1"}, "out of bounds"),
     ({"money": "nan"}, "is no number")],
)  # fmt: skip
def test_what_is_no_number_is_said_and_the_verdict_stays(made: Path, asked: dict[str, str], said: str) -> None:
    with visited(made) as (_, client):
        found = client.get("/verdict", params=asked)
    assert found.status_code == 422 and said in found.text and "<b>" not in found.text
    assert "Use case 1 of 2" in found.text


def test_a_verdict_without_its_grounds_is_shown_and_cannot_be_moved(copied: Path) -> None:
    next((copied.parent / "work" / "verdict").glob(f"*/{GROUNDS}")).unlink()
    with visited(copied) as (_, client):
        page = client.get("/verdict").text
    assert "kept no grounds" in page and 'id="knobs"' not in page and "Use case 1 of 2" in page


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("hours: 24", "hours: 48", "budget.hours: 24.0 → 48.0"),
        ("bar: 0.8", "bar: 0.9", "use_cases.intent.bar: 0.8 → 0.9"),
        ("name: reply", "name: answer", "use_cases.answer: None →"),
    ],
)
def test_a_changed_project_file_is_noticed(copied: Path, old: str, new: str, said: str) -> None:
    with visited(copied) as (_, client):
        assert "has changed since the verdict" not in client.get("/").text
        copied.write_text(shop.PROJECT.replace(old, new), encoding="utf8")
        page = client.get("/").text
    assert "has changed since the verdict" in page and said in html.unescape(page)


def test_a_work_folder_of_hostile_json_breaks_no_page(copied: Path) -> None:
    work = copied.parent / "work"
    for name, text in (("progress.json", '{"title": 3}'), (".lock", "[1]"), ("survey.json", "null")):
        (work / name).write_text(text, encoding="utf8")
    half = next((work / "trunk").glob("*/.begun.json"))
    half.write_text(json.dumps({"kind": "trunk"}), encoding="utf8")
    (half.parent / "trainer_log.jsonl").write_text('[1]\n{"step": "x", "loss": null}\n7\n', encoding="utf8")
    with visited(copied) as (_, client):
        assert [client.get(path).status_code for path in PAGES] == [200] * 7


def test_a_page_of_dono_evaluate_is_shown_as_it_lies_there_and_can_do_nothing(copied: Path) -> None:
    folder = copied.parent / "work" / "scorecards" / "after"
    folder.mkdir(parents=True)
    (folder / "scorecard.html").write_text("<style>b { color: red }</style><b>0.91</b>", encoding="utf8")
    with visited(copied) as (_, client):
        assert 'href="/models/scorecards/after"' in client.get("/models").text
        found = client.get("/models/scorecards/after")
        assert "0.91" in found.text and "sandbox" in found.headers["Content-Security-Policy"]
        assert "script-src" not in found.headers["Content-Security-Policy"]
        assert client.get("/models/scorecards/..%2F..%2Fdono.yaml").status_code in (404, 422)
        assert client.get("/models/scorecards/before").status_code == 422


def test_a_log_is_read_on_from_where_it_ended_and_anew_when_it_was_written_again(copied: Path) -> None:
    with visited(copied) as (site, _):
        work = site.work()
        (half,) = work.begun()
        log = half.path / "trainer_log.jsonl"
        assert [r["step"] for r in work.log(half)] == list(range(1, 18))
        with log.open("a", encoding="utf8") as file:
            file.write('ss": 2.5}\n{"step": 19, "loss": 2.25}\n')
        assert [r["loss"] for r in work.log(half)[-2:]] == [2.5, 2.25] and len(work.log(half)) == 19
        again = log.with_name("again")
        again.write_text('{"step": 1, "loss": 9.0}\n', encoding="utf8")
        again.replace(log)
        assert [(r["step"], r["loss"]) for r in work.log(half)] == [(1, 9.0)]
        log.unlink()
        assert work.log(half) == []
