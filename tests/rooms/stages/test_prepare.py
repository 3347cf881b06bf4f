from __future__ import annotations

import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from dono.artifacts import Artifact, Store
from dono.corpus import read_documents
from dono.project import load_project
from dono.stages.display import Display
from dono.stages.prepare import prepare_corpus
from dono.stages.workplace import Workplace

PROJECT = """
project: shop
use_cases: [{name: text, kind: language}]
budget: {hours: 1}
corpus:
  - {name: orders, kind: sql, path: 'sqlite:///${SHOP_FOLDER}/shop.db', table: orders, unique_key: id}
  - {name: letters, path: letters.zip}
  - {name: chat, kind: whatsapp, path: chats, assistant: Desk}
"""


def write(folder: Path) -> None:
    (folder / "dono.yaml").write_text(PROJECT, "utf8")
    with closing(sqlite3.connect(folder / "shop.db")) as database, database:
        database.execute("CREATE TABLE orders (id INTEGER, text TEXT)")
        database.execute("INSERT INTO orders VALUES (1, 'two lamps for the festival'), (2, 'பத்து விளக்குகள்')")
    with zipfile.ZipFile(folder / "letters.zip", "w") as archive:
        archive.writestr("2024/may.txt", "the first letter\nthe second letter\n")
    (folder / "chats").mkdir()
    chat = "31/01/24, 21:41 - Ravi: where is my parcel?\n31/01/24, 21:42 - Desk: it comes today\n"
    (folder / "chats/one.txt").write_text(chat, "utf8")


def prepared(folder: Path) -> Artifact:
    return prepare_corpus(Workplace(load_project(folder / "dono.yaml"), Store(folder / "work"), Display()), [])


def test_sources_of_all_kinds_become_one_corpus_and_what_changes_is_read_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_FOLDER", str(tmp_path))
    write(tmp_path)
    first = prepared(tmp_path)
    assert [d.text for d in read_documents(first.path)] == [
        "two lamps for the festival",
        "பத்து விளக்குகள்",
        "the first letter",
        "the second letter",
        "User: where is my parcel?\nAssistant: it comes today",
    ]
    assert prepared(tmp_path).id == first.id
    (tmp_path / "dono.yaml").write_text(PROJECT + "cleaning: {privacy_key_variable: SHOP_KEY}\n", "utf8")
    with_keys = []
    for key in ("one", "two", "one"):
        monkeypatch.setenv("SHOP_KEY", key)
        with_keys.append(prepared(tmp_path).id)
    assert with_keys[0] == with_keys[2] and len({*with_keys, first.id}) == 3
    (tmp_path / "dono.yaml").write_text(PROJECT, "utf8")
    record = json.loads((first.path / "artifact.json").read_text("utf8"))
    assert [made["name"] for made in record["made_from"]] == ["shop.db: orders", "may.txt", "one.txt"]
    assert str(tmp_path) not in json.dumps(record["spec"])
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database, database:
        database.execute("UPDATE orders SET text = 'three lamps' WHERE id = 1")
    assert prepared(tmp_path).id != first.id
