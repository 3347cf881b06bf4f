"""A person is forgotten: out of every file, never back, whatever was killed in between."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import regex

from dono.artifacts import Artifact, Json, read_artifact
from dono.errors import Mistake
from dono.stages.forget import command, forget
from dono.stages.gate import sources_of
from dono.stages.prepare import prepare
from dono.stages.survey import command as prepare_command
from dono.stages.tokenizing import corpus_tokens
from dono.stages.vocabularies import own_tokenizer
from dono.stages.workplace import Workplace, open_workplace
from dono.tokens import Shards, load_tokenizer

RIGHTS = "rights: {ground: consent, purpose: [train], children: excluded}"
PROJECT = f"""
project: desk
corpus:
  - {{name: chats, kind: jsonl, path: chats.jsonl, text: text, language: hi, key: customer, {RIGHTS}}}
  - {{name: orders, kind: csv, path: orders.csv, render: "{{{{ day }}}} {{{{ item }}}}", language: en,
     group_by: customer, {RIGHTS}}}
  - {{name: notes, kind: text, path: notes.txt, language: en, {RIGHTS}}}
use_cases: [{{name: language, kind: language}}]
budget: {{hours: 1}}
scratch: {{width: 32, layers: 2, heads: 2, vocabulary: 300, context: 32}}
training: {{heldout_share: 0.2}}
"""
ASHA = ["आशा ने लिखा कि पार्सल संख्या पचपन अब तक नहीं पहुँचा", "आशा का दूसरा संदेश: पैसे वापस चाहिए और जल्दी चाहिए"]
NOTE = "Meera of Thrissur called twice about the blue kettle"


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    """A project with three sources: one with a column of keys, one grouped, one without keys."""
    (tmp_path / "dono.yaml").write_text(PROJECT, encoding="utf8")
    rows: list[dict[str, object]] = [
        {"customer": n, "text": f"ग्राहक {n} ने पूछा कि सामान किस दिन आएगा और दाम कितना होगा"} for n in range(60)
    ]
    rows[7:7] = [{"customer": "asha-9", "text": text} for text in ASHA]
    rows.append({"customer": "asha-9", "txt": "a row that is set aside"})
    (tmp_path / "chats.jsonl").write_text(
        "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf8"
    )
    orders = [f"c{n % 20},2026-01-{1 + n % 28:02d},umbrella number {n}" for n in range(60)]
    (tmp_path / "orders.csv").write_text("customer,day,item\n" + "\n".join(orders) + "\n", encoding="utf8")
    notes = [f"note {n}: somebody asked about the price of a kettle" for n in range(40)]
    notes[12:12] = [NOTE]
    (tmp_path / "notes.txt").write_text("\n".join(notes) + "\n", encoding="utf8")
    return open_workplace(tmp_path / "dono.yaml")


def gathered(place: Workplace) -> Artifact:
    """The corpus as the project is now, with a tokenizer and tokens."""
    corpus = prepare(place).corpus
    assert corpus is not None
    tokenizer = own_tokenizer(place, corpus)
    corpus_tokens(place, corpus, tokenizer.reference, str(tokenizer.path))
    return corpus


def learned(place: Workplace, corpus: Artifact, shown: str) -> Artifact:
    """A run that has learned from the corpus and shows a sample of its held-out texts."""
    tokens = next(a for a in place.store.made_of(corpus) if a.kind == "tokens")
    trunk = place.store.make("trunk", {"of": tokens.id}, lambda _: {}, made_from=[tokens.reference], name="scratch")

    def make(folder: Path) -> dict[str, Json]:
        samples = [{"prompt": "p", "expected": " ".join(shown.split()[4:]), "answer": "x", "language": "hi"}]
        samples.append({"prompt": "q", "expected": "what anybody may say of it", "answer": "y", "language": "hi"})
        (folder / "samples.json").write_text(json.dumps(samples, ensure_ascii=False), encoding="utf8")
        return {}

    run = place.store.make("run", {"of": trunk.id}, make, made_from=[trunk.reference], name="scratch × 1")
    return place.store.make("model", {"of": run.id}, lambda _: {}, made_from=[run.reference], name="language-scratch")


def everything_under(root: Path) -> str:
    """All that can be read under a folder: texts as they are, tables unpacked, tokens decoded."""
    found = []
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        if path.suffix == ".parquet":
            columns = pq.read_table(path).to_pydict().values()
            found.append("\n".join(str(value) for column in columns for value in column))
        elif path.name == "tokens.bin":
            record = read_artifact(path.parent)
            assert record is not None
            shards = Shards.open(path.parent)
            decode = load_tokenizer(root / "tokenizer" / record.made_from[1].id).decode
            found += [decode(shards.document(n).tolist()) for n in range(shards.n_documents)]
        else:
            raw = path.read_bytes().decode("utf8", "replace")
            escaped = regex.sub(r"\\u([0-9a-f]{4})", lambda m: chr(int(m[1], 16)), raw)
            found += [raw, escaped]
    return "\n".join(found)


def test_a_person_is_in_no_file_and_never_comes_back(place: Workplace) -> None:
    root = place.store.root
    corpus = gathered(place)
    model = learned(place, corpus, ASHA[0])
    before = everything_under(root)
    assert all(text in before for text in ASHA) and "asha-9" in before
    done = forget(place, "chats", "asha-9")
    after = everything_under(root)
    for part in (*ASHA, "asha-9", " ".join(ASHA[0].split()[4:])):
        assert part not in after
    assert "what anybody may say of it" in after and "ग्राहक 59 ने" in after
    assert done.documents == 2 and done.corpora == [corpus.id]
    assert [a.kind for a in done.learned] == ["tokenizer", "trunk", "run", "model"] and done.learned[-1] == model
    (entry,) = place.ledger.of_kind("erasure")
    assert place.store.noted(corpus, "erased") == [{"entry": entry.sequence, "documents": 2}]
    again = gathered(place)
    assert again.id != corpus.id and again.result["forgotten"] == 3  # two documents and a row that was set aside
    assert not any(text in everything_under(root) for text in ASHA)
    total = int(str(corpus.result["documents"]))
    assert again.result["documents"] == total - 2


def test_the_survey_shows_the_person_no_more_until_it_is_made_again_without_her(
    place: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    root, rows = place.store.root, place.project.folder / "chats.jsonl"
    with rows.open("a", encoding="utf8") as more:
        more.write(json.dumps({"customer": "asha-9", "text": "Asha of Kollam says n" + "o" * 300}) + "\n")
    prepare_command(place.project.folder / "dono.yaml", [])
    page = root / "survey.html"
    for file in (page, page.with_suffix(".json")):  # texts that are in no document
        assert "Asha of Kollam" in (shown := file.read_text(encoding="utf8")) and "asha-9" in shown
    command(place.project.folder / "dono.yaml", source="chats", key="asha-9", dry_run=True)
    assert "would be taken away: survey.html" in capsys.readouterr().out and page.is_file()
    command(place.project.folder / "dono.yaml", source="chats", key="asha-9")
    assert "taken away: survey.html" in capsys.readouterr().out and not page.is_file()
    for _ in range(2):  # the second time with the new survey
        after = everything_under(root)
        assert "Asha of Kollam" not in after and "asha-9" not in after
        prepare_command(place.project.folder / "dono.yaml", [])
    assert page.is_file()


def test_words_that_were_counted_with_the_persons_texts_are_in_no_survey(
    place: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = gathered(place)
    for name in ("survey.json", "artifact.json"):  # as they were written until 0.5.3: words that can be read
        path = corpus.path / name
        record = json.loads(path.read_text(encoding="utf8"))
        record.get("result", record)["quality"]["frequent"] = {"hi": ["zubeida", "asha"]}
        path.write_text(json.dumps(record), encoding="utf8")
    project = place.project.folder / "dono.yaml"
    command(project, source="chats", key="asha-9", dry_run=True)
    assert "most frequent words would be emptied" in capsys.readouterr().out
    assert "zubeida" in everything_under(corpus.path)
    command(project, source="chats", key="asha-9")
    assert "zubeida" not in everything_under(corpus.path)
    command(project, source="chats", key="asha-9", dry_run=True)
    assert "most frequent words" not in capsys.readouterr().out
    sealed = read_artifact(corpus.path)
    assert sealed is not None and sealed.spec == corpus.spec


def test_a_group_and_a_row_without_key_are_forgotten_alike(place: Workplace) -> None:
    corpus = gathered(place)
    assert forget(place, "orders", "c7").documents == 1
    assert forget(place, "notes", "notes.txt:13").documents == 1
    after = everything_under(place.store.root)
    assert "umbrella number 47" not in after and NOTE not in after and "umbrella number 48" in after
    # The row moves: the person is known by what was written, not by the line.
    path = place.project.folder / "notes.txt"
    path.write_text(f"something new\n{path.read_text(encoding='utf8')}", encoding="utf8")
    again = gathered(place)
    assert again.id != corpus.id and again.result["forgotten"] == 2
    assert NOTE not in everything_under(place.store.root)


def test_a_place_is_what_stands_there_now(place: Workplace) -> None:
    gathered(place)
    forget(place, "notes", "notes.txt:13")
    path = place.project.folder / "notes.txt"
    lines = path.read_text(encoding="utf8").splitlines(keepends=True)
    path.write_text("".join(["first of all\n", *lines]), encoding="utf8")
    gathered(place)
    said = lines[11].strip()  # the thirteenth line by now
    assert forget(place, "notes", "notes.txt:13").documents == 2  # in the old corpus too
    after = everything_under(place.store.root)
    assert said not in after and NOTE not in after and lines[10].strip() in after
    assert len(place.ledger.of_kind("erasure")) == 2
    forget(place, "notes", "notes.txt:13")  # nothing stands there any more: the last request is meant
    assert len(place.ledger.of_kind("erasure")) == 2


def test_tokens_of_a_corpus_that_was_deleted_are_emptied(place: Workplace) -> None:
    shutil.rmtree(gathered(place).path)
    (tokens,) = place.store.root.glob("tokens/*/tokens.bin")
    forget(place, "chats", "asha-9")
    assert not tokens.exists()


def test_who_is_not_there_yet_is_kept_out_from_the_start(place: Workplace) -> None:
    assert forget(place, "chats", "asha-9").documents == 0
    assert gathered(place).result["forgotten"] == 3
    assert not any(text in everything_under(place.store.root) for text in ASHA)


def test_an_equal_text_of_somebody_else_stays(place: Workplace) -> None:
    path = place.project.folder / "chats.jsonl"
    with path.open("a", encoding="utf8") as file:
        file.write(json.dumps({"customer": "ravi", "text": ASHA[1]}, ensure_ascii=False) + "\n")
    forget(place, "chats", "asha-9")
    gathered(place)
    after = everything_under(place.store.root)
    assert ASHA[0] not in after and ASHA[1] in after


def test_the_ledger_tells_of_it_without_saying_who(place: Workplace) -> None:
    gathered(place)
    forget(place, "chats", "asha-9")
    forget(place, "notes", "notes.txt:13")
    text = place.ledger.path.read_text(encoding="utf8")
    for part in ("asha", "आशा", "Meera", "notes.txt", "chats.jsonl", str(place.project.folder)):
        assert part not in text
    kinds = [e.kind for e in place.ledger.entries()]
    assert kinds.count("erasure") == kinds.count("erased") == 2


def test_half_done_work_is_removed_because_nobody_knows_what_it_holds(place: Workplace) -> None:
    corpus = gathered(place)
    half = corpus.path.parent / "0123456789abcdef"
    half.mkdir()
    (half / ".groups").write_text(ASHA[0], encoding="utf8")
    (place.store.root / "run" / "1").mkdir(parents=True)
    partial = place.store.root / "run" / "1" / ".samples.json.7.partial"
    partial.write_text(ASHA[1], encoding="utf8")
    forget(place, "chats", "asha-9")
    assert not half.exists() and not partial.exists()


@pytest.mark.parametrize(
    ("source", "key", "said"),
    [
        ("chat", "asha-9", "no source 'chat'. Use one of: chats, orders, notes"),
        ("notes", "Meera", "notes has no keys, and 'Meera' is no place. Name a row as FILE:LINE"),
        ("notes", "notes.txt:999", "no document of notes begins there"),
        ("chats", " ", "no key: empty text"),
    ],
)
def test_a_mistake_is_said_and_nothing_is_written(place: Workplace, source: str, key: str, said: str) -> None:
    gathered(place)
    before = place.ledger.path.read_bytes()
    with pytest.raises(Mistake, match=said.replace("(", r"\(")):
        forget(place, source, key)
    assert place.ledger.path.read_bytes() == before


def test_a_corpus_that_was_gathered_by_other_keys_is_named(place: Workplace) -> None:
    corpus = gathered(place)
    path = place.project.folder / "dono.yaml"
    path.write_text(path.read_text(encoding="utf8").replace("key: customer, ", ""), encoding="utf8")
    with pytest.raises(Mistake, match="gathered when chats had another key") as caught:
        forget(open_workplace(path), "chats", "chats.jsonl:8")
    assert corpus.id in str(caught.value) and sources_of(corpus)[0]["key"] == "customer"


KILLED = """
import os, signal, sys
from dono.stages.forget import command  # loaded once: a child is forked for each folder
from pathlib import Path
for number, folder in enumerate(sys.argv[1:], 1):
    child = os.fork()
    if not child:
        left, real = number, os.fsync
        def fsync(descriptor):
            global left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            real(descriptor)
        os.fsync = fsync
        command(Path(folder) / "dono.yaml", source="chats", key="asha-9")
        os._exit(0)
    print("status", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
STEPS = 24
"""More than forgetting flushes to the disk: the last copies are not killed."""


def test_killed_at_any_step_the_same_command_completes_it(place: Workplace, tmp_path: Path) -> None:
    corpus = gathered(place)
    learned(place, corpus, ASHA[0])
    skip = shutil.ignore_patterns("copies")
    copies = [tmp_path / "copies" / str(number) for number in range(STEPS)]
    for copy in copies:
        shutil.copytree(place.project.folder, copy, ignore=skip)
    run = subprocess.run([sys.executable, "-c", KILLED, *map(str, copies)], capture_output=True, text=True, check=True)
    ends = [int(line.split()[1]) for line in run.stdout.splitlines() if line.startswith("status")]
    killed = ends.count(-signal.SIGKILL)
    assert 6 <= killed < STEPS and ends == [-signal.SIGKILL] * killed + [0] * (STEPS - killed), run.stderr
    for copy in copies[:killed]:
        again = open_workplace(copy / "dono.yaml")
        assert forget(again, "chats", "asha-9").documents == 2
        after = everything_under(again.store.root)
        assert not any(part in after for part in (*ASHA, "asha-9"))
        kinds = [e.kind for e in again.ledger.entries()]
        assert kinds.count("erasure") == kinds.count("erased") == 1


def test_the_command_says_what_was_done_and_what_was_not(place: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    model = learned(place, gathered(place), ASHA[0])
    command(place.project.folder / "dono.yaml", source="chats", key="asha-9")
    said = capsys.readouterr().out
    assert "2 documents taken out of 1 corpora; none of them comes back" in said
    assert f"model language-scratch @{model.id}: {model.path}" in said and "NOT erased" in said
    assert "emptied: tokens desk" in said and "ask counsel" in said


def test_a_dry_run_says_what_would_be_taken_out_and_writes_nothing(
    place: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    model = learned(place, corpus := gathered(place), ASHA[0])
    project = place.project.path("dono.yaml")
    before = {path: path.read_bytes() for path in place.store.root.rglob("*") if path.is_file()}
    command(project, source="chats", key="asha-9", dry_run=True)
    said = capsys.readouterr().out
    assert f"corpus desk @{corpus.id}: 2 documents and 1 rows set aside or dropped" in said
    assert "chats.jsonl:8" in said and "chats.jsonl:9" in said and "nothing was done" in said
    assert f"would stay as it is: model {model.name} @{model.id}" in said
    assert {path: path.read_bytes() for path in place.store.root.rglob("*") if path.is_file()} == before
    command(project, source="chats", key="asha-8", dry_run=True)
    assert ": 0 documents and 0 rows" in capsys.readouterr().out
    command(project, source="chats", key="asha-9")
    assert "2 documents taken out" in capsys.readouterr().out
    command(project, source="chats", key="asha-9", dry_run=True)
    assert "asked to be forgotten before" in capsys.readouterr().out


def test_a_verdict_shows_the_person_no_more(place: Workplace) -> None:
    corpus = gathered(place)
    shown = " ".join(ASHA[1].split()[4:])
    sample = {"prompt": "p", "answer": "a", "expected": shown, "language": "hi"}
    told = {"use_cases": [{"name": "language", "arms": [{"name": "scratch", "samples": [sample]}]}]}

    def make(folder: Path) -> dict[str, Json]:
        (folder / "verdict.json").write_text(json.dumps(told, ensure_ascii=False), encoding="utf8")
        return {}

    verdict = place.store.make("verdict", {}, make, made_from=[corpus.reference], name="desk-verdict")
    shutil.copyfile(verdict.path / "verdict.json", place.store.root / "verdict.json")
    forget(place, "chats", "asha-9")
    for path in (verdict.path / "verdict.json", place.store.root / "verdict.json"):
        after = json.loads(path.read_text(encoding="utf8"))
        assert after["use_cases"][0]["arms"] == [{"name": "scratch", "samples": []}]
