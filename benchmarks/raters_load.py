"""Fifty people at one desk at once, for some minutes: is anything lost, doubled, or given to too many, and how long
does a page take?

python -m benchmarks.raters_load [--minutes 3]

A server of its own, with its SQLite store, is asked by fifty clients over HTTP. Each answers every few seconds, some
five times as fast as people do; some send a form twice at once, hand items back, or go away in the middle and come
back. A manager looks at the whole every ten seconds. Afterwards the store is held against what the clients were told.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np

from benchmarks.result import keep_result
from dono.ratings import EventStore
from dono.stages.rate import DATABASE
from dono.studio.desk.access import COOKIE

RATERS, ITEMS, OVERLAP = 50, 2000, 3
THINK = (2.0, 6.0)
"""Seconds between a page and its answer."""
TWICE, BACK, AWAY = 0.05, 0.03, 0.02
"""Shares of items that are sent twice at once, handed back, or left in the middle (assumed)."""
ACTION = re.compile(r'<form class="answer" method="post" action="([^"]+)"')
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')


@dataclass
class Seen:
    """What the clients were told: leases with an answer that was taken, seconds by kind of page, refusals by status."""

    taken: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=lambda: {"page": [], "answer": [], "manager": []})
    refused: Counter[int] = field(default_factory=Counter)


def write_desk(folder: Path) -> None:
    raters = [{"name": f"rater {n:02}", "languages": ["en"]} for n in range(RATERS)]
    settings = {"raters": raters, "overlap": OVERLAP, "pay": {"per_hour": 200}}
    (folder / "desk.yaml").write_text(json.dumps(settings), encoding="utf8")
    rows = [
        {"prompt": f"Where is parcel {n}?", "answers": [{"text": f"It comes on day {n}.", "model": "a"},
         {"text": f"Nobody knows about {n}.", "model": "b"}], "language": "en"}
        for n in range(ITEMS)
    ]  # fmt: skip
    (folder / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """`dono rate` in a process of its own: its address, and tokens by name."""
    command = [sys.executable, "-m", "dono", "rate", str(folder), "--port", "0"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        tokens: dict[str, str] = {}
        for line in process.stdout:
            if found := re.match(r"(.+): http\S+/enter/(\S+)", line):
                tokens[found[1]] = found[2]
            if found := re.search(r"the desk is open on (\S+)", line):
                yield found[1], tokens
                break
        process.terminate()


async def timed(seen: Seen, kind: str, request: Awaitable[httpx.Response]) -> httpx.Response:
    began = time.perf_counter()
    answer = await request
    seen.seconds[kind].append(time.perf_counter() - began)
    if answer.status_code >= 400:
        seen.refused[answer.status_code] += 1
    return answer


async def rate(address: str, token: str, name: str, until: float, seen: Seen) -> None:
    """One rater's work."""
    draw = random.Random(name)
    client = _client(address, token)
    try:
        while time.monotonic() < until:
            page = await timed(seen, "page", client.get("/work"))
            found = ACTION.search(page.text)
            if found is None:
                return
            body = page.text[found.start() : page.text.index("</form>", found.start())]
            form = dict(HIDDEN.findall(body)) | {"choice": draw.choice(["1", "2", "tie", "bad"])}
            await asyncio.sleep(draw.uniform(*THINK))
            chance = draw.random()
            if chance < AWAY:
                await client.aclose()
                client = _client(address, token)
                continue
            if chance < AWAY + BACK:
                await timed(seen, "answer", client.post(found[1] + "/skip", data=form | {"reason": "unclear"}))
                continue
            times = 2 if chance < AWAY + BACK + TWICE else 1
            posts = [timed(seen, "answer", client.post(found[1], data=form)) for _ in range(times)]
            if any(answer.status_code == 200 for answer in await asyncio.gather(*posts)):
                seen.taken[found[1].rsplit("/", maxsplit=1)[-1]] += 1
    finally:
        await client.aclose()


def _client(address: str, token: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=address, cookies={COOKIE: token}, follow_redirects=True, trust_env=False, timeout=120
    )


async def watch(address: str, token: str, until: float, seen: Seen) -> None:
    """The manager's looks."""
    async with _client(address, token) as client:
        while time.monotonic() < until:
            await timed(seen, "manager", client.get("/manage"))
            await asyncio.sleep(10)


async def everybody(address: str, tokens: dict[str, str], minutes: float) -> Seen:
    seen, until = Seen(), time.monotonic() + 60 * minutes
    raters = [rate(address, t, name, until, seen) for name, t in tokens.items() if name != "manager"]
    await asyncio.gather(watch(address, tokens["manager"], until, seen), *raters)
    return seen


def held_against(folder: Path, seen: Seen) -> dict[str, int]:
    """Answers that were taken and are not there, that are there twice, and items that too many were given."""
    store = EventStore(folder / DATABASE)
    with store.reading() as book:
        lost = [lease for lease in seen.taken if not book.leases[lease].sent]
        unknown = [x.id for x in book.submitted() if x.id not in seen.taken]
        doubled = [x.id for x in book.submitted() if len(x.sent) > 1]
        pairs = Counter((x.item, x.rater) for x in book.leases.values() if x.part == "work")
        over = [i for i, leases in book.of_item.items() if sum(x.counts for x in leases) > OVERLAP]
        events = book.last
    store.close()
    again = sum(n > 1 for n in pairs.values())
    return {"answers": len(seen.taken), "events": events, "lost": len(lost), "not_told": len(unknown),
            "doubled": len(doubled) + again, "over_assigned": len(over)}  # fmt: skip


def main() -> None:
    """Print the counts, the times, and the RESULT line."""
    parser = argparse.ArgumentParser(description="Fifty people at one desk at once.")
    parser.add_argument("--minutes", type=float, default=3.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scrap:
        folder = Path(scrap)
        write_desk(folder)
        with served(folder) as (address, tokens):
            began = time.monotonic()
            seen = asyncio.run(everybody(address, tokens, asked.minutes))
            spent = time.monotonic() - began
        counts = held_against(folder, seen)
    for name, value in counts.items():
        print(f"{name:14} {value:8,}")
    print(f"{'refused':14} {dict(seen.refused)}")
    times: dict[str, float] = {}
    for kind, seconds in seen.seconds.items():
        p50, p95, most = (float(x) for x in np.quantile(seconds, [0.5, 0.95, 1.0]))
        times |= {f"{kind}_p50": round(p50, 4), f"{kind}_p95": round(p95, 4)}
        p50, p95, most = (1000 * x for x in (p50, p95, most))
        print(f"{kind:14} {len(seconds):8,} p50 {p50:7.0f} ms  p95 {p95:7.0f} ms  most {most:7.0f} ms")
    answered = round(counts["answers"] / spent, 2)
    result = {"raters": RATERS, "minutes": round(spent / 60, 2), "answers_per_second": answered, **counts, **times}
    keep_result("raters_load", result | {"refused": sum(seen.refused.values())})


if __name__ == "__main__":
    main()
