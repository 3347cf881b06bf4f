"""A small project with its contenders, as `decide` has them before the first pilot."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from dono.stages.contenders import Contender, contenders
from dono.stages.prepare import Prepared, prepare
from dono.stages.workplace import Workplace, open_workplace

PROJECT = """
project: shop
corpus: [{name: talk, kind: text, path: talk.txt, language: hi, rights: {ground: not_personal, purpose: [train]}}]
use_cases:
  - {name: intent, kind: classify, train: train.jsonl, test: test.jsonl}
  - {name: language, kind: language, test_limit: 20}
bases: [./base]
budget: {hours: 1}
serving: {requests_per_day: 1000, tokens_in: 40, tokens_out: 10}
machine: {gpu: this, price_per_hour: 10}
scratch: {width: 32, layers: 2, heads: 2, vocabulary: 400, context: 32}
training: {batch: 4, corpus_epochs: 4}
"""
ASKED = {"track": "मेरा पार्सल कहाँ है", "return": "जूता वापस करना है"}


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory, base_folder: Path) -> Workplace:
    """The project opened for work; the base knows another alphabet than the corpus."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "dono.yaml").write_text(PROJECT, encoding="utf8")
    shutil.copytree(base_folder, folder / "base")
    lines = [f"ग्राहक ने शहर {n} से पूछा कि पार्सल संख्या {n * 7} कब तक पहुँचेगा और दाम कितना होगा\n" for n in range(300)]
    (folder / "talk.txt").write_text("".join(lines), encoding="utf8")
    for name, count in (("train", 40), ("test", 6)):
        rows = [{"text": f"{text} {name} {n}", "label": label} for n in range(count) for label, text in ASKED.items()]
        (folder / f"{name}.jsonl").write_text(
            "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf8"
        )
    return open_workplace(folder / "dono.yaml")


@pytest.fixture(scope="session")
def prepared(place: Workplace) -> Prepared:
    """Corpus and examples, ready to learn from."""
    return prepare(place)


@pytest.fixture(scope="session")
def who(place: Workplace, prepared: Prepared) -> dict[str, Contender]:
    """All contenders by name."""
    return {c.name: c for c in contenders(place, prepared)[0]}
