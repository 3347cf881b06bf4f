"""The gate before what learns, and `dono rights`, on a project whose rights are not all known."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import mlcroissant
import pytest
import yaml

from dono.errors import Mistake
from dono.project import load_project
from dono.stages import init
from dono.stages.build import build
from dono.stages.decide import decide, rights_warnings
from dono.stages.doctor import rights_findings
from dono.stages.gate import check_rights, judged
from dono.stages.prepare import prepare
from dono.stages.pretrain import pretrain
from dono.stages.workplace import Workplace, open_workplace
from tests.command_line import run

CLEAR = {"ground": "not_personal", "purpose": ["train"], "licence": "CC0-1.0"}
CONSENT = {
    "title": "Chats of the shop", "issuer": "Bazaar Private Limited", "ground": "consent", "purpose": "to answer",
    "covers_training": "yes", "children": "excluded", "notice": "N-1", "consent_store": "urn:consents:1",
    "consent_from": date(2025, 1, 1), "consent_to": date(2025, 12, 31),
    "retain_until": date.today() + timedelta(days=30),
    "geography": ["IN"], "storage": ["IN"],
}  # fmt: skip


def project(folder: Path, stories: object, chats: object, **more: object) -> Path:
    """A project file with two sources and these rights."""
    corpus: list[dict[str, object]] = [
        {"name": "stories", "kind": "text", "path": "stories.txt", "language": "en", "rights": stories},
        {"name": "chats", "kind": "text", "path": "chats.txt", "language": "hi", "rights": chats},
    ]
    settings = {
        "project": "desk", "corpus": corpus, "use_cases": [{"name": "text", "kind": "language"}],
        "budget": {"hours": 1}, "scratch": {"width": 32, "layers": 2, "heads": 2, "vocabulary": 300, "context": 32},
        **more,
    }  # fmt: skip
    for name, line in (("stories", "once there was a crow that was thirsty"), ("chats", "मेरा पार्सल कब आएगा")):
        (folder / f"{name}.txt").write_text("".join(f"{line} {n}\n" for n in range(60)), encoding="utf8")
    path = folder / "dono.yaml"
    path.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf8")
    return path


def learns(place: Workplace, command: str) -> None:
    """A command that learns."""
    if command == "decide":
        decide(place, dry_run=True)
    elif command == "build":
        build(place, route="scratch", only=None, dry_run=True)
    else:
        pretrain(place, tokens=100)


@pytest.mark.parametrize("command", ["decide", "build", "pretrain"])
def test_what_learns_refuses_a_line_a_source_with_the_remedy(tmp_path: Path, command: str) -> None:
    place = open_workplace(project(tmp_path, None, {"ground": "consent", "purpose": ["train"]}))
    with pytest.raises(Mistake) as caught:
        learns(place, command)
    assert str(caught.value).splitlines() == [
        "corpus[stories].rights: no rights are stated. "
        "State them: rights: {ground: …, purpose: …, covers_training: …}. "
        "Or let an approver answer for it: dono rights override --source stories",
        "corpus[chats].rights: whether children's data is in it is unknown. State children: excluded or verified, and "
        "children_method. Or let an approver answer for it: dono rights override --source chats",
    ]
    assert not list(place.store.root.glob("corpus/*"))


def test_preparing_is_no_learning_and_tells_the_ledger(tmp_path: Path) -> None:
    place = open_workplace(project(tmp_path, None, CONSENT))
    corpus = prepare(place).corpus
    assert corpus is not None
    prepare(place)
    sources = {str(e.body["source"]): e.body for e in place.ledger.of_kind("source")}
    assert len(place.ledger.of_kind("source")) == 2 and sources["stories"]["rights"] is None
    rights = sources["chats"]["rights"]
    assert isinstance(rights, dict) and rights["ground"] == "consent"
    floor = date.fromisoformat(str(sources["chats"]["keep_until"])) - date.today()
    assert floor.days in (364, 365)
    (gathered,) = (e.body for e in place.ledger.of_kind("run") if e.body["step"] == "gather")
    assert gathered["artifact"] == f"corpus/{corpus.id}" and gathered["by_language"] == {"en": 60, "hi": 60}
    counts = gathered["counts"]
    assert isinstance(counts, dict) and counts["documents"] == 120


def test_rights_stated_better_do_not_make_the_corpus_again_and_are_recorded_anew(tmp_path: Path) -> None:
    first = prepare(open_workplace(project(tmp_path, None, CONSENT))).corpus
    place = open_workplace(project(tmp_path, CONSENT, CONSENT))
    second = prepare(place).corpus
    assert first is not None and second is not None and first.id == second.id
    assert [e.body["source"] for e in place.ledger.of_kind("source")] == ["stories", "chats", "stories"]
    check_rights(place)


def test_that_nobody_is_in_it_makes_the_corpus_again_for_then_names_stay(tmp_path: Path) -> None:
    first = prepare(open_workplace(project(tmp_path, None, CONSENT))).corpus
    second = prepare(open_workplace(project(tmp_path, CLEAR, CONSENT))).corpus
    assert first is not None and second is not None and first.id != second.id


def test_an_override_lets_it_through_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    path = project(tmp_path, None, {**CONSENT, "children": "unknown"})
    asked = ("rights", "override", str(path), "--reason", "the notice is being read", "--by", "Asha")
    assert run(*asked, "--source", "stories") == 0 and run(*asked, "--source", "chats") == 0
    assert "proves that who holds this key approved these words, not who that is" in capsys.readouterr().out
    place = open_workplace(path)
    check_rights(place)
    assert rights_warnings(place) == [
        "Asha answers for stories: no rights are stated",
        "Asha answers for chats: whether children's data is in it is unknown",
    ]
    assert run("rights", "show", str(path)) == 0 and run("rights", "verify", str(path)) == 0
    said = capsys.readouterr().out
    assert "chats: may be learned from, because Asha answers for it" in said
    assert "2 overrides are signed by: Asha" in said
    # Another reason to refuse was not answered for, and neither are other words.
    changed = open_workplace(project(tmp_path, None, {**CONSENT, "children": "unknown", "purpose": "to sell"}))
    assert [len(found.standing) for found in judged(changed)] == [0, 1]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--source", "books", "--by", "Asha"), "no source 'books'. Use one of: stories, chats"),
        (("--source", "chats", "--by", "Asha"), "chats is not refused"),
        (("--source", "stories", "--by", "Ravi"), "Ravi is not among the project's approvers"),
        (("--source", "stories", "--by", "Asha"), "Asha does not sign with this key"),
    ],
)
def test_who_may_not_override_is_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    more: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    path = project(tmp_path, None, CONSENT, approvers={"Asha": "00" * 32})
    assert run("rights", "override", str(path), "--reason", "r", *more) == 2
    assert said in capsys.readouterr().err
    assert open_workplace(path).ledger.entries() == ()


def test_a_ledger_that_was_changed_stops_what_learns_and_verify_names_the_entry(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = project(tmp_path, CLEAR, CONSENT)
    place = open_workplace(path)
    prepare(place)
    raw = place.ledger.path.read_text(encoding="utf8")
    place.ledger.path.write_text(raw.replace('"covers_training":"yes"', '"covers_training":"no"', 1), encoding="utf8")
    assert run("rights", "verify", str(path)) == 2
    assert "entry 1 was changed" in capsys.readouterr().err
    with pytest.raises(Mistake, match="entry 1 was changed"):
        check_rights(place)


def test_a_run_on_a_gathered_corpus_asks_for_the_rights_of_its_sources(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = prepare(open_workplace(project(tmp_path, None, CONSENT))).corpus
    assert corpus is not None
    settings = {"model": "none", "data": [str(corpus.path / "documents.parquet")], "out": "run"}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(settings), encoding="utf8")
    assert run("train", str(tmp_path / "run.yaml")) == 2
    assert "source stories: no rights are stated" in capsys.readouterr().err


def test_the_doctor_names_what_the_gate_refuses_and_what_may_be_asked(tmp_path: Path) -> None:
    rights = {**CONSENT, "retain_until": date(2020, 1, 1)}
    found = list(
        rights_findings(open_workplace(project(tmp_path, {"ground": "not_personal", "purpose": ["train"]}, rights)))
    )
    assert [good for good, _ in found].count(False) == 1
    assert any(not good and "corpus[chats].rights: it was to be kept until 2020-01-01" in line for good, line in found)
    assert (True, "corpus[stories].rights: neither licence nor contract is stated") in found


def test_what_init_writes_is_honest_and_the_gate_asks(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello\n", encoding="utf8")
    init.command(tmp_path, sample=False, scale=1.0)
    (source,) = load_project(tmp_path / "dono.yaml").corpus
    assert source.rights is not None and source.rights.ground == "unknown"
    with pytest.raises(Mistake, match="the ground in law is unknown; no purpose is stated"):
        check_rights(open_workplace(tmp_path / "dono.yaml"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what mlcroissant calls in rdflib and pandas
def test_the_corpus_is_described_in_croissant_as_mlcroissant_reads_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = project(tmp_path, CLEAR, CONSENT)
    corpus = prepare(open_workplace(path)).corpus
    assert corpus is not None
    assert run("rights", "export", str(path), "--out", str(corpus.path / "again")) == 0
    assert str(corpus.path / "again" / "croissant.json") in capsys.readouterr().out
    told = json.loads((corpus.path / "croissant.json").read_text(encoding="utf8"))
    assert told == json.loads((corpus.path / "again" / "croissant.json").read_text(encoding="utf8"))
    dataset = mlcroissant.Dataset(jsonld=corpus.path / "croissant.json")
    issues = dataset.metadata.issues
    assert not issues.errors and not issues.warnings
    assert [str(license_) for license_ in dataset.metadata.license or ()] == [
        "https://spdx.org/licenses/CC0-1.0",
        "not stated",
    ]
    rows = [row["documents/text"].decode() for row in dataset.records("documents")]
    assert len(rows) == 120 and "मेरा पार्सल कब आएगा 7" in rows
    assert any(
        "chats: personal data identifiable, ground consent" in line for line in told["rai:personalSensitiveInformation"]
    )


REQUIRED: dict[str, Any] = {
    "source": {"version", "title", "id", "issuer", "description"},
    "provenance": {"origin-geography", "date", "generation-method"},
    "use": set(),
}
"""As data-standard-1.0.0.schema.json requires."""
KNOWN = {
    "source": REQUIRED["source"] | {"location"},
    "provenance": REQUIRED["provenance"] | {"source", "origin", "previous-date", "generation-period", "format"},
    "use": {
        "classification", "consents", "privacy-indicators", "processing-included", "processing-excluded",
        "storage-allowed", "storage-forbidden", "license", "intended-purpose", "copyright", "patent", "trademark",
    },
}  # fmt: skip


def test_each_source_is_described_in_the_data_provenance_standards(tmp_path: Path) -> None:
    path = project(tmp_path, CLEAR, CONSENT)
    corpus = prepare(open_workplace(path)).corpus
    assert corpus is not None
    assert run("rights", "export", str(path), "--form", "dps") == 0
    for name in ("stories", "chats"):
        told = json.loads((corpus.path / f"provenance.{name}.json").read_text(encoding="utf8"))
        assert set(told) == set(REQUIRED)
        for part, fields in REQUIRED.items():
            assert fields <= set(told[part]) <= KNOWN[part]
        assert told["provenance"]["origin-geography"] and told["source"]["issuer"][0]["name"]
    assert told["use"]["consents"] == ["urn:consents:1"] and told["use"]["storage-allowed"] == [{"country": "IN"}]
    assert told["provenance"]["generation-period"] == {"start": "2025-01-01", "end": "2025-12-31"}
    assert told["use"]["classification"][0]["evaluated"] is True
