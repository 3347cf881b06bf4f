"""Who may come in, and who may act: on this machine everybody; from elsewhere by link, each in a role."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from dono.errors import Mistake
from dono.serving import service
from dono.stages.studio import admit, check_serving, open_desk
from dono.studio.site.access import is_loopback
from tests.rooms.studio.site.shop import opened, project_file, visited

PAGES = ("/", "/corpus", "/runs", "/runs/live", "/verdict", "/verdict/moved", "/models", "/playground", "/manage")
ACTS = ("/runs/stop", "/runs/start", "/runs/go-on")


def test_loopback_is_what_only_this_machine_reaches() -> None:
    assert [is_loopback(h) for h in ("127.0.0.1", "127.8.8.8", "::1", "localhost")] == [True] * 4
    assert [is_loopback(h) for h in ("0.0.0.0", "::", "192.168.1.4", "example.org", "127.0.0.1.example.org")] == [
        False
    ] * 5


def test_from_elsewhere_nobody_comes_in_without_a_link(tmp_path: Path) -> None:
    with visited(project_file(tmp_path), open_door=False) as (_, client):
        assert [client.get(path).status_code for path in PAGES] == [401] * 9
        assert [client.post(path, data={"key": ""}).status_code for path in ACTS] == [401] * 3


@pytest.mark.parametrize(
    ("base", "client"), [("http://evil.example:8750", "127.0.0.1"), ("http://127.0.0.1:8750", "10.0.0.7")]
)
def test_a_page_elsewhere_that_points_here_is_no_guest(tmp_path: Path, base: str, client: str) -> None:
    site, app = opened(project_file(tmp_path))
    with TestClient(app, base_url=base, client=(client, 50000)) as browser:
        assert browser.get("/runs").status_code == 401
    site.close()


def test_each_role_sees_and_does_its_own(tmp_path: Path) -> None:
    with visited(project_file(tmp_path), open_door=False) as (site, client):
        desk = site.desk()
        tokens = {
            "manager": desk.admit("manager", role="manager"), "viewer": desk.admit("Vimala", role="viewer"),
            "rater": desk.admit("Asha", languages=["hi"]),
        }  # fmt: skip
        seen = {}
        for role, token in tokens.items():
            client.cookies.clear()
            arrived = client.get(f"/enter/{token}")
            seen[role] = (arrived.url.path, client.get("/runs").status_code, client.get("/manage").status_code)
            assert client.post("/runs/start", data={"command": "decide", "key": "forged"}).status_code == 403
        assert seen == {"manager": ("/", 200, 200), "viewer": ("/", 200, 403), "rater": ("/work", 403, 403)}
        client.cookies.clear()
        client.get(f"/enter/{tokens['viewer']}")
        page = client.get("/runs").text
        assert "<button>Judge" not in page and 'action="/runs/start"' not in page and "Vimala" in page


def test_a_form_from_another_site_is_refused_also_on_this_machine(tmp_path: Path) -> None:
    with visited(project_file(tmp_path)) as (_, client):
        assert client.post("/runs/start", data={"command": "decide"}).status_code == 403
        assert client.post("/playground", data={"prompt": "x"}).status_code == 403


def test_links_are_printed_once_and_renewed_and_raters_of_the_desk_get_theirs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = project_file(tmp_path)
    folder = tmp_path / "work" / "desk"
    folder.mkdir(parents=True)
    (folder / "desk.yaml").write_text("title: Festival\nraters: [{name: Asha, languages: [hi]}]\n", encoding="utf8")
    row = '{"prompt": "?", "chosen": "yes", "rejected": "no"}'
    (folder / "pairs.jsonl").write_text(row + "\n", encoding="utf8")
    with visited(file) as (site, client):
        desk = site.desk()
        links: dict[str, list[str]] = {}

        def say(viewers: list[str], renew: list[str]) -> None:
            admit(desk, open_desk(site.project(), desk), "http://h", viewers, renew)
            for line in capsys.readouterr().out.splitlines():
                if "/enter/" in line:
                    links.setdefault(line.split(":")[0], []).append(line.rpartition("/")[2])

        say(["Vimala"], [])
        say(["Vimala"], [])
        say([], ["Vimala", "Asha"])
        assert {name: len(of) for name, of in links.items()} == {"manager": 1, "Asha": 2, "Vimala, to look": 2}
        old, new = links["Vimala, to look"]
        assert client.get(f"/enter/{old}", follow_redirects=False).status_code == 401
        assert client.get(f"/enter/{new}", follow_redirects=False).headers["location"] == "/"
        assert client.get(f"/enter/{links['Asha'][1]}", follow_redirects=False).headers["location"] == "/work"
        with desk.store.reading() as book:
            assert book.raters["Vimala"].role == "viewer" and len(book.items) == 1
        for viewers, renew, said in ((["Asha"], [], "Asha is a rater already"), ([], ["Nobody"], "no rater 'Nobody'")):
            with pytest.raises(Mistake, match=said):
                say(viewers, renew)


def test_a_service_in_the_same_process_answers_below_and_ends_with_the_studio(tmp_path: Path) -> None:
    inside = service()
    site, app = opened(project_file(tmp_path), inside=inside)
    with TestClient(app, base_url="http://127.0.0.1:8750", client=("127.0.0.1", 50000)) as client:
        assert client.get("/service/v1/models").json()["data"] == []
        assert client.get("/models").status_code == 200
        assert not inside.state.service.draining
    assert inside.state.service.draining
    site.close()


def test_models_are_not_opened_to_others_and_only_one_answers() -> None:
    check_serving("http://127.0.0.1:8000", serves=False, open_door=False)
    check_serving(None, serves=True, open_door=True)
    with pytest.raises(Mistake, match="two would answer"):
        check_serving("http://127.0.0.1:8000", serves=True, open_door=True)
    with pytest.raises(Mistake, match="others could ask the models without a key"):
        check_serving(None, serves=True, open_door=False)
