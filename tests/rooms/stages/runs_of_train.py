"""Small data of each kind for `dono train`."""

from __future__ import annotations

import json
import random
from pathlib import Path

WORDS = ("parcel", "late", "customer", "where", "city", "shoe", "return", "order", "money", "refund", "today", "soon")
MODEL = "{random: {width: 32, layers: 2, heads: 2, vocabulary: 300, context: 64}}"


def sentence(chance: random.Random, words: int) -> str:
    """Words in random order."""
    return " ".join(chance.choice(WORDS) for _ in range(words))


def write_data(folder: Path, rows: int = 120) -> None:
    """`texts.jsonl`, `chats.jsonl`, `pairs.jsonl` and `thumbs.jsonl`."""
    chance = random.Random(0)
    made: dict[str, list[dict[str, object]]] = {"texts": [], "chats": [], "pairs": [], "thumbs": []}
    for _ in range(rows):
        asked, said = sentence(chance, 5), sentence(chance, 4)
        turns = [{"role": "user", "content": asked}, {"role": "assistant", "content": said}]
        made["texts"].append({"text": sentence(chance, chance.randint(5, 40))})
        made["chats"].append({"messages": turns})
        made["pairs"].append({"prompt": asked, "chosen": f"yes {said}", "rejected": f"no {sentence(chance, 4)}"})
        good = chance.random() < 0.5
        made["thumbs"].append({"prompt": asked, "completion": f"{'yes' if good else 'no'} {said}", "label": good})
    for name, found in made.items():
        lines = "".join(json.dumps(row) + "\n" for row in found)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf8")


def write_run(folder: Path, **settings: object) -> Path:
    """A run file with these settings beside the usual ones."""
    usual = {"model": MODEL, "data": "texts.jsonl", "out": "made", "batch_tokens": 512, "precision": "float32"}
    path = folder / "run.yaml"
    path.write_text("".join(f"{key}: {value}\n" for key, value in (usual | settings).items()), encoding="utf8")
    return path
