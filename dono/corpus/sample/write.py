"""Writes the sample to a folder. The same seed and scale give the same bytes."""

from __future__ import annotations

import csv
import json
import math
import random
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dono.corpus.sample.grammar import english
from dono.corpus.sample.languages import BAZAAR, Language, load_languages, load_western
from dono.corpus.sample.texts import DOCUMENTS, Row, write_document, write_intent, write_reply, write_western
from dono.corpus.sample.world import Order, World, draw_orders, load_world, weighted, write_lifts, write_orders
from dono.errors import Mistake

INTENT_ROWS, REPLY_ROWS, CHURN_ROWS = (1600, 500), (1200, 300), (2400, 600)  # train, test at scale 1
ORDER_ROWS = 5000
SHORTEST, LONGEST = 80, 600  # characters of a document
NEW_ORDERS = 4  # held-out orders for one that the corpus tells of: enough to see a lift (assumed)
HABITS_IN = "en"  # the language in which a model is asked what people order where and when
CHURN_COLUMNS = (
    "tenure_months", "recharges_90d", "recharge_amount", "visits_30d", "complaints_90d", "days_since_order",
    "festival_orders", "returns_90d", "payment", "state", "language", "churned",
)  # fmt: skip


@dataclass(frozen=True)
class SampleReport:
    """What was written: rows and bytes per file (paths relative to the folder), frames per language."""

    folder: Path
    seed: int
    scale: float
    rows: Mapping[str, int]
    bytes: Mapping[str, int]
    frames: Mapping[str, int]


def write_sample(folder: Path, *, seed: int = 7, scale: float = 1.0) -> SampleReport:
    """Write corpus, tasks, orders and truth under `folder`; `scale` multiplies corpus bytes and rows of tasks.

    At scale 1: about 1.25 MB western, 3 MB bazaar, 5000 orders. Every intent stands in every language at any scale.
    Raises Mistake when the scale is not positive.
    """
    if not scale > 0:
        raise Mistake(f"scale {scale} is not positive", where="write_sample", remedy="Give a scale such as 1 or 0.1.")
    world, languages = load_world(), load_languages()
    for part in ("western", "bazaar", "tasks/intent", "tasks/reply", "tasks/churn", "tasks/habits", "truth"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    orders = draw_orders(world, max(500, round(ORDER_ROWS * scale)), stream(seed, "orders"))
    write_orders(folder / "bazaar/orders.csv", orders)
    write_lifts(folder / "truth/lifts.csv", world.lifts())
    write_corpus(folder, world, languages, orders, seed=seed, scale=scale)
    write_task(folder / "tasks/intent", INTENT_ROWS, languages, world, write_intent, seed=seed, scale=scale)
    write_task(folder / "tasks/reply", REPLY_ROWS, languages, world, write_reply, seed=seed, scale=scale)
    write_churn(folder / "tasks/churn", languages, seed=seed, scale=scale)
    write_habits(folder / "tasks/habits", languages[HABITS_IN], world, orders, seed=seed)
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".jsonl", ".csv"))
    names = [path.relative_to(folder).as_posix() for path in files]
    counts = [path.read_bytes().count(b"\n") - (path.suffix == ".csv") for path in files]
    return SampleReport(
        folder=folder,
        seed=seed,
        scale=scale,
        rows=dict(zip(names, counts, strict=True)),
        bytes={name: path.stat().st_size for name, path in zip(names, files, strict=True)},
        frames={code: len(language.frames) for code, language in languages.items()},
    )


def stream(seed: int, name: str) -> random.Random:
    """A generator of its own for each file, so that one file's length does not move another's content."""
    return random.Random(f"{seed}/{name}")


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """JSON lines, letters as they are."""
    with path.open("w", encoding="utf8", newline="\n") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def distinct(draw: Callable[[], tuple[str, str]], *, room: float) -> list[tuple[str, str]]:
    """Documents drawn until `room` bytes are full, none twice, each within the bounds of length."""
    seen: set[str] = set()
    kept = []
    used = 0
    while used < room:
        text, state = draw()
        if text in seen or not SHORTEST <= len(text) <= LONGEST:
            continue
        seen.add(text)
        kept.append((text, state))
        used += len(text.encode())
    return kept


def write_corpus(
    folder: Path,
    world: World,
    languages: Mapping[str, Language],
    orders: Sequence[Order],
    *,
    seed: int,
    scale: float,
) -> None:
    """The western file and one file per language of the bazaar."""
    rng, western = stream(seed, "western"), load_western()
    texts = distinct(
        lambda: (unicodedata.normalize("NFC", english(write_western(western, rng))), ""),
        room=world.corpus_bytes["western"] * scale,
    )
    write_rows(folder / "western/messages.jsonl", [{"text": text, "language": western.code} for text, _ in texts])
    for code, language in languages.items():
        near = [order for order in orders if order.state in language.states]
        texts = distinct(
            document_source(near, world, language, stream(seed, code)), room=world.corpus_bytes[code] * scale
        )
        rows = [{"text": text, "language": code, "state": state} for text, state in texts]
        write_rows(folder / f"bazaar/{code}.jsonl", rows)


def document_source(
    orders: Sequence[Order], world: World, language: Language, rng: random.Random
) -> Callable[[], tuple[str, str]]:
    """Draws one document of one language."""
    return lambda: write_document(weighted(DOCUMENTS, rng), orders, world, language, rng)


def write_task(
    folder: Path,
    counts: tuple[int, int],
    languages: Mapping[str, Language],
    world: World,
    write: Callable[..., Row],
    *,
    seed: int,
    scale: float,
) -> None:
    """Train and test file of one task: every intent in every language in turn, shuffled; no row twice."""
    for split, count in zip(("train", "test"), counts, strict=True):
        rng = stream(seed, f"{write.__name__}/{split}")
        labels = list(languages[BAZAAR[0]].intents if write is write_intent else languages[BAZAAR[0]].reply.answers)
        cells = [(label, code) for code in languages for label in labels]
        rows: dict[str, Row] = {}
        while len(rows) < max(len(cells), round(count * scale)):
            label, code = cells[len(rows) % len(cells)]
            row = write(label, world, languages[code], rng, test=split == "test")
            rows.setdefault(json.dumps(row, ensure_ascii=False), row)
        shuffled = list(rows.values())
        rng.shuffle(shuffled)
        write_rows(folder / f"{split}.jsonl", shuffled)


def write_habits(folder: Path, language: Language, world: World, orders: Sequence[Order], *, seed: int) -> None:
    """Orders of the states that a language's texts speak of, and many more by customers of whom no text tells."""
    new = draw_orders(world, NEW_ORDERS * len(orders), stream(seed, "habits"))
    for split, drawn in (("train", orders), ("test", [replace(o, customer=f"new-{o.customer}") for o in new])):
        write_orders(folder / f"{split}.csv", [order for order in drawn if order.state in language.states])


def churn_odds(row: Mapping[str, float | str]) -> float:
    """Log-odds of leaving: the signal of the churn task. Every coefficient is assumed.

    Not linear: complaints hurt those who visit rarely and hardly the others; recharges that are very few or very many
    both go with leaving; silence counts only beyond 45 days, and less for customers of more than two years; returns
    hurt who pays cash and please who pays by UPI.
    """
    complaints, visits = float(row["complaints_90d"]), float(row["visits_30d"])
    odds = -2.4 + (1.3 if visits < 5 else 0.15) * complaints
    odds += 0.14 * (float(row["recharges_90d"]) - 6) ** 2 / 2
    if float(row["days_since_order"]) > 45:
        odds += 1.0 if float(row["tenure_months"]) > 24 else 2.4
    odds += {"cash": 0.8, "card": 0.1, "upi": -0.6}[str(row["payment"])] * float(row["returns_90d"])
    return odds - 0.25 * float(row["festival_orders"])


def draw_customer(languages: Mapping[str, Language], rng: random.Random) -> dict[str, float | str]:
    """One customer's columns and, drawn from `churn_odds`, whether the customer left."""
    language = rng.choice(list(languages.values()))
    row: dict[str, float | str] = {
        "tenure_months": rng.randint(1, 72),
        "recharges_90d": min(12, max(0, round(rng.gauss(6, 2.5)))),
        "recharge_amount": rng.choice((99, 149, 199, 239, 299, 399, 499, 666)),
        "visits_30d": min(30, int(rng.expovariate(1 / 7))),
        "complaints_90d": rng.choices((0, 1, 2, 3, 4), weights=(50, 25, 14, 7, 4))[0],
        "days_since_order": min(180, int(rng.expovariate(1 / 35))),
        "festival_orders": rng.randint(0, 5),
        "returns_90d": rng.choices((0, 1, 2, 3), weights=(55, 25, 13, 7))[0],
        "payment": rng.choices(("upi", "cash", "card"), weights=(5, 3, 2))[0],
        "state": rng.choice(list(language.states)),
        "language": language.code,
    }
    row["churned"] = int(rng.random() < 1 / (1 + math.exp(-churn_odds(row))))
    return row


def write_churn(folder: Path, languages: Mapping[str, Language], *, seed: int, scale: float) -> None:
    """Train and test table of the churn task."""
    for split, count in zip(("train", "test"), CHURN_ROWS, strict=True):
        rng = stream(seed, f"churn/{split}")
        with (folder / f"{split}.csv").open("w", encoding="utf8", newline="") as file:
            rows = csv.DictWriter(file, CHURN_COLUMNS, lineterminator="\n")
            rows.writeheader()
            rows.writerows(draw_customer(languages, rng) for _ in range(max(60, round(count * scale))))
