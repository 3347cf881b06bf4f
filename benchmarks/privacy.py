"""Personal identifiers: what the recognisers find of made cases, beside Presidio; false alarms on real text; speed.

    python -m benchmarks.privacy [--cases FILE.jsonl] [--development] [--misses]

A case is a row with `text` and `spans` ([[start, end, kind], …], in characters). A finding hits if its kind is right
(common other names are known) and what it shares with the span is at least half of what both cover; `exact` is the
share of hits with the very span. The made cases of the reported set have other sentences, words for "number" and
seeds than those the recognisers were developed on.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.privacy_cases import Case, Span, make_cases
from benchmarks.privacy_cases.matching import Tally, kinds_of, score
from benchmarks.result import keep_result
from dono.corpus.formats import recognise
from dono.corpus.normalise import usable
from dono.corpus.privacy import find

CORPORA = Path(__file__).resolve().parents[2] / "shared/corpora"
PRESIDIO = Path(tempfile.gettempdir()) / "presidio-venv" / "bin" / "python"
EACH = 6
ALARM_LINES = 4000
"""Lines at most of each file of real text."""
PRESIDIO_SERVES = frozenset(
    {"aadhaar", "pan", "gstin", "passport", "vehicle", "voter_id", "card", "email", "ip", "mobile", "landline"}
)
"""Kinds that Presidio has a recogniser for; its recall is told on these alone too."""


def read_cases(path: Path) -> list[Case]:
    """Cases of a stranger's file."""
    rows = [json.loads(line) for line in path.read_text("utf8").splitlines() if line.strip()]
    return [
        Case(row["text"], tuple(Span(int(s), int(e), str(k)) for s, e, k in row["spans"]), "", str(path))
        for row in rows
    ]


def ours(cases: Sequence[Case]) -> tuple[list[list[Span]], float]:
    """Dono's findings, and seconds."""
    began = time.process_time()
    found = [[Span(f.start, f.end, f.kind) for f in find(case.text)] for case in cases]
    return found, time.process_time() - began


def presidio(cases: Sequence[Case]) -> tuple[list[list[Span]], float] | None:
    """Presidio's findings of the kinds known here (one for each place), and seconds; None where it is not installed."""
    if not PRESIDIO.exists():
        return None
    texts = "".join(json.dumps(case.text) + "\n" for case in cases)
    script = Path(__file__).parent / "peers/presidio.py"
    done = subprocess.run([str(PRESIDIO), str(script)], input=texts, capture_output=True, text=True, check=True)
    said = json.loads(done.stdout.splitlines()[-1])
    return [[Span(s, e, k) for s, e, k in spans] for spans in said["spans"]], said["seconds"]


def told(name: str, cases: Sequence[Case], found: Sequence[Sequence[Span]], seconds: float) -> dict[str, object]:
    """The scores of one side, printed and returned."""
    tally = score(cases, found)
    scores, hits = tally.scores(), tally.hits.total()
    exact = round(tally.exact / max(1, hits), 4)
    print(f"\n{name}: recall {scores['recall']:.2%}, precision {scores['precision']:.2%}", end=", ")
    print(f"exact {exact:.1%} of hits, {seconds:.1f} s")
    print(f"{'kind':18s} spans  recall precision")
    for kind in sorted({*tally.hits, *tally.misses, *tally.alarms}):
        one = tally.scores(kind)
        print(f"{kind:18s} {tally.hits[kind] + tally.misses[kind]:5d} {one['recall']:7.1%} {one['precision']:9.1%}")
    served = served_only(cases, found)
    return {**scores, "exact": exact, "served": served, "by_kind": by_kind(tally), "seconds": round(seconds, 2)}


def by_kind(tally: Tally) -> dict[str, dict[str, float]]:
    """Scores of each kind."""
    return {kind: tally.scores(kind) for kind in sorted({*tally.hits, *tally.misses, *tally.alarms})}


def served_only(cases: Sequence[Case], found: Sequence[Sequence[Span]]) -> dict[str, float]:
    """Scores on the kinds that both sides have recognisers for; other kinds neither count nor harm."""

    def kept(spans: Sequence[Span]) -> list[Span]:
        return [span for span in spans if kinds_of(span.kind) & PRESIDIO_SERVES]

    some = [Case(case.text, tuple(kept(case.spans)), case.language, case.group) for case in cases]
    return score(some, [kept(spans) for spans in found]).scores()


def by_part(cases: Sequence[Case], found: Sequence[Sequence[Span]], part: str) -> dict[str, dict[str, float]]:
    """Scores of each language or group."""
    result = {}
    for name in sorted({getattr(case, part) for case in cases}):
        some = [(case, spans) for case, spans in zip(cases, found, strict=True) if getattr(case, part) == name]
        tally = score([case for case, _ in some], [spans for _, spans in some])
        result[name] = {"cases": len(some), **tally.scores()}
        if not tally.hits.total() + tally.misses.total():
            result[name] = {"cases": len(some), "false_alarms": tally.alarms.total()}
    return result


def show_misses(cases: Sequence[Case], found: Sequence[Sequence[Span]]) -> None:
    """Every case that is not wholly right: for development alone."""
    for case, spans in zip(cases, found, strict=True):
        tally = score([case], [spans])
        if tally.misses or tally.alarms:
            wanted, had = ([(s.kind, case.text[s.start : s.end]) for s in some] for some in (case.spans, spans))
            print(f"{case.language} {case.text!r}\n   wanted {wanted}\n   found {had}")


def real_lines(path: Path) -> list[str]:
    """The texts of a file of real text, as the corpus has them."""
    with path.open(encoding="utf8") as file:
        lines = [line.strip() for line, _ in zip(file, range(ALARM_LINES), strict=False) if line.strip()]
    if path.suffix == ".jsonl":
        return [usable(recognise(json.loads(line)).document) for line in lines]
    return [usable(line) for line in lines]


def alarms() -> dict[str, object]:
    """What is found in real text, per 1,000 lines by kind, and the speed; right or wrong a reader must judge."""
    rows: dict[str, object] = {}
    for path in sorted([*CORPORA.glob("text/*/*.txt"), *CORPORA.glob("tasks/chat_customer_support/*/*.jsonl")]):
        lines = real_lines(path)
        began = time.process_time()
        counts = Counter(one.kind for line in lines for one in find(line))
        seconds = time.process_time() - began
        size = sum(len(line.encode()) for line in lines)
        rates = {kind: round(1000 * n / len(lines), 2) for kind, n in counts.most_common()}
        name = str(path.relative_to(CORPORA))
        rows[name] = {"lines": len(lines), "per_1000": rates, "mb_per_s": round(size / seconds / 1e6, 2)}
        print(f"{name:55s} {len(lines):6d} {size / seconds / 1e6:6.1f} MB/s {rates}")
    return rows


def speed() -> dict[str, float]:
    """MB/s and documents/s of one process on made text: without digits, with a year a line, and full of identifiers."""
    plain = "यह एक साधारण वाक्य है जिसमें कोई संख्या नहीं है और न ही किसी व्यक्ति की जानकारी। " * 20
    texts = {
        "no digit, Devanagari": [plain] * 400,
        "no digit, Latin": ["This is a plain sentence without any number or person in it, as most are. " * 20] * 800,
        "a year a sentence": ["गाँव की स्थापना 1947 में हुई और जनसंख्या 12,345 है। यह नदी के किनारे बसा हुआ एक सुंदर स्थान है। " * 10]
        * 300,
        "cases": [case.text for case in make_cases("development", 1)],
    }
    result = {}
    for name, some in texts.items():
        began = time.process_time()
        for text in some:
            find(text)
        seconds = time.process_time() - began
        result[name] = round(sum(len(t.encode()) for t in some) / seconds / 1e6, 2)
        print(f"speed, {name:24s} {result[name]:7.1f} MB/s {len(some) / seconds:9.0f} documents/s")
    return result


def main() -> None:
    """Score, print the tables and the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=Path, help="a stranger's cases")
    parser.add_argument("--development", action="store_true", help="the cases the recognisers were developed on")
    parser.add_argument("--misses", action="store_true", help="show what is not right (for development)")
    asked = parser.parse_args()
    cases = (
        read_cases(asked.cases) if asked.cases else make_cases("development" if asked.development else "reported", EACH)
    )
    found, seconds = ours(cases)
    if asked.misses:
        show_misses(cases, found)
    result = told("Dono", cases, found, seconds)
    if asked.development:
        print("RESULT " + json.dumps(result, ensure_ascii=False))
        return
    theirs = presidio(cases)
    if theirs is not None:
        result["presidio"] = told("Presidio 2.2.366", cases, *theirs)
    if asked.cases:
        print("RESULT " + json.dumps(result, ensure_ascii=False))
        return
    result |= {
        "cases": len(cases),
        "by_language": by_part(cases, found, "language"),
        "by_group": by_part(cases, found, "group"),
    }
    for part in ("by_language", "by_group"):
        print(json.dumps(result[part], ensure_ascii=False))
    keep_result("privacy", {**result, "speed": speed(), "real_text": alarms()})


if __name__ == "__main__":
    main()
