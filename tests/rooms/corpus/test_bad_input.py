"""Input as bad as it comes: the gathering goes on, says what it set aside, and loses nothing that is good."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dono.corpus import gather, read_documents
from dono.project import Cleaning, Source

GOOD = ["आपका ऑर्डर कल आएगा", "the parcel is here", "உங்கள் ஆர்டர் நாளை வரும்"]


AS_IT_IS = Cleaning(privacy="off", quality=False, near_duplicates=None)


def run(folder: Path, *sources: Source, cleaning: Cleaning = AS_IT_IS) -> tuple[list[str], list[dict[str, object]]]:
    """The texts that are kept, and the rows set aside."""
    out = folder / "out"
    out.mkdir()
    gather(sources, {}, out, heldout_share=0.0, seed=0, progress=lambda done, texts: None, cleaning=cleaning)
    rejects = [json.loads(line) for line in (out / "rejects.jsonl").read_text("utf8").splitlines()]
    return [d.text for d in read_documents(out)], rejects


def text(path: Path) -> Source:
    return Source(name="a", path=str(path))


def test_lines_in_other_encodings_are_set_aside_one_by_one(tmp_path: Path) -> None:
    lines = [GOOD[0].encode(), "café au lait".encode("latin-1"), GOOD[1].encode(), "“quoted”".encode("cp1252")]
    (tmp_path / "a.txt").write_bytes(b"\n".join([*lines, GOOD[2].encode(), b"\xff\xfe\xfd"]))
    kept, rejects = run(tmp_path, text(tmp_path / "a.txt"))
    assert set(GOOD) <= set(kept)
    assert {r["line"] for r in rejects} <= {2, 4, 6} and len(kept) + len(rejects) == 6


def test_nul_bytes_and_controls_are_taken_out_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"the\x00 parcel\x1b[31m is\x07 here\n\x00\x00\n" + "\n".join(GOOD).encode() * 9)
    kept, rejects = run(tmp_path, text(tmp_path / "a.txt"))
    assert kept[0] == "the parcel[31m is here" and all("\x00" not in t for t in kept)
    assert [r["reason"] for r in rejects] == ["empty text"]


def test_a_very_long_line_costs_itself_only(tmp_path: Path) -> None:
    """70 MB without a line end: more than a line may have."""
    with (tmp_path / "a.txt").open("wb") as out:
        out.write(GOOD[0].encode() + b"\n")
        for _ in range(70):
            out.write(b"na " * 333_334)
        out.write(b"\n" + GOOD[1].encode() + b"\n")
    kept, rejects = run(tmp_path, text(tmp_path / "a.txt"))
    assert kept == GOOD[:2]
    assert [(r["line"]) for r in rejects] == [2] and "a line of more than" in str(rejects[0]["reason"])


def test_columns_that_change_half_way_are_named_row_by_row(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"id,text\n1,{GOOD[0]}\n2,{GOOD[1]},more\n3,{GOOD[2]}\n4\n", encoding="utf8")
    rows = [{"text": GOOD[0]}, {"body": GOOD[1]}, {"tekst": "?"}, {"text": {"deep": 1}}, {"text": GOOD[2]}]
    (tmp_path / "b.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf8")
    kept, rejects = run(
        tmp_path,
        Source(name="a", kind="csv", path=str(tmp_path / "a.csv")),
        Source(name="b", kind="jsonl", path=str(tmp_path / "b.jsonl"), text="text"),
    )
    assert kept == [GOOD[0], GOOD[2]]
    assert [(r["source"], r["line"]) for r in rejects] == [("a", 3), ("a", 5), ("b", 2), ("b", 3), ("b", 4)]


def test_a_template_that_fails_on_one_row_costs_that_row(tmp_path: Path) -> None:
    rows = [
        {"item": "lamp", "price": 10},
        {"item": "sari"},
        {"item": "pen", "price": "ten"},
        {"item": "cup", "price": 3},
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf8")
    source = Source(name="a", kind="jsonl", path=str(tmp_path / "a.jsonl"), render="{{ item }}: {{ price / 2 }}")
    kept, rejects = run(tmp_path, source)
    assert kept == ["lamp: 5.0", "cup: 1.5"] and [r["line"] for r in rejects] == [2, 3]


HOSTILE = [
    "<script>alert('नमस्ते')</script>",
    "'; DROP TABLE rows; --",
    "{{ ''.__class__.__mro__ }} {% for x in y %}",
    "\u202eevil\u202c \u2066hidden\u2069 text",
    "e" + "\u0301" * 10_000,
    "=cmd|' /C calc'!A0",
    "../../../../etc/passwd %s %n {0} ${HOME}",
    "<|endoftext|> <s> [INST]",
    "\U0001f469\u200d\U0001f4bb\ud83d",
    "क" * 100_000,
    "\u200c\u200d\u200c",
    "a\u0000b",
]


@pytest.mark.parametrize("group", [False, True])
def test_hostile_text_is_text(tmp_path: Path, group: bool) -> None:
    with (tmp_path / "a.jsonl").open("w", encoding="ascii") as out:
        for one in HOSTILE:
            out.write(json.dumps({"text": one, "who": one or "x"}) + "\n")
        out.write('{"text": ' + "[" * 100_000 + "\n")
        out.write('{"text": ' + "9" * 100_000 + "}\n")
        out.write(json.dumps({"text": GOOD[0], "who": "me"}) + "\n")
    source = Source(
        name="a", kind="jsonl", path=str(tmp_path / "a.jsonl"), text="text", group_by="who" if group else None
    )
    kept, rejects = run(tmp_path, source)
    assert GOOD[0] in kept and HOSTILE[0] in kept and HOSTILE[7] in kept
    assert len(kept) + len(rejects) == len(HOSTILE) + 3
    assert {r["line"] for r in rejects} >= {9, 11, 13, 14}


def test_hostile_text_goes_through_all_steps_too(tmp_path: Path) -> None:
    rows = [json.dumps({"text": one}) + "\n" for one in HOSTILE]
    (tmp_path / "a.jsonl").write_text("".join(rows), encoding="ascii")
    source = Source(name="a", kind="jsonl", path=str(tmp_path / "a.jsonl"))
    kept, rejects = run(tmp_path, source, cleaning=Cleaning())
    dropped = (tmp_path / "out" / "drops.jsonl").read_text("utf8").splitlines()
    assert len(kept) + len(rejects) + len(dropped) == len(HOSTILE)
    assert dropped


def test_one_very_long_line_does_not_need_its_size_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with path.open("wb") as out:
        out.write(json.dumps({"text": GOOD[0]}).encode() + b'\n{"text": "')
        for _ in range(400):
            out.write(b"x" * 1_000_000)
        out.write(b'"}\n' + json.dumps({"text": GOOD[1]}).encode() + b"\n")
    listed = tmp_path / "sources.json"
    listed.write_text(
        json.dumps([Source(name="a", kind="jsonl", path=str(path)).model_dump(mode="json", exclude_defaults=True)]),
        "utf8",
    )
    command = [sys.executable, "-m", "tests.rooms.corpus.gathered", str(listed), str(tmp_path / "out"), "1"]
    peak = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert peak < 400_000, f"{peak} kB"
    assert [d.text for d in read_documents(tmp_path / "out")] == GOOD[:2]
