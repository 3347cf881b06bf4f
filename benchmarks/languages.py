"""Which language a line is in, on real text: Dono beside pycld2 alone and py3langid alone, on the same lines.

`python -m benchmarks.languages [--text DIR] [--half report|tune] [--peers 1000]`

A line counts if it has at least 20 letters, 60 % of them in the script of its language's folder. Lines are split in
two halves by their hash: thresholds of `dono.corpus.languages` were chosen on the one (`--half tune`), figures are from
the other. Awadhi, Bhojpuri, Braj, Magahi and Maithili count as one belt with Hindi: "hi" or "bho" is right for all.
One of the two Hinglish sources, banking chats, holds lines of plain English too, so `scores` has each source apart and
`without_hindi` the share of its lines in which the model finds no Hindi word and no other script (on the tuning half
all such lines were read: they are English). `hinglish_reachable` is what a judge that calls them English can reach.
`native_accuracy` is the mean over the languages in their own scripts of the share of lines that are right, "und" being
wrong; `hinglish_accuracy` the mean of romanised Hindi and English. The model of romanised words saw none of this text.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from zlib import crc32

import numpy as np

from benchmarks.result import keep_result
from dono.corpus import guess_languages
from dono.corpus.neighbours import cld2_says, langid_says
from dono.corpus.romanised import load_romanised
from dono.corpus.scripts import SCRIPTS, letters_by_script

TEXT = Path(__file__).resolve().parents[1].parent / "shared/corpora/text"
SCRIPT_OF = {
    "bn": "Bengali", "gu": "Gujarati", "kn": "Kannada", "ml": "Malayalam", "or": "Oriya", "ta": "Tamil", "te": "Telugu",
    "ur": "Arabic", "en": "Latin", "hi-Latn": "Latin", "as": "Bengali", "pa": "Gurmukhi", "sd": "Arabic",
    "ks": "Arabic",
} | dict.fromkeys(("hi", "awa", "bho", "bra", "mag", "mai", "mr", "ne", "sa", "kok"), "Devanagari")  # fmt: skip
BELT = frozenset({"hi", "bho", "awa", "bra", "mag", "mai"})
LEAST_LETTERS, OWN_SCRIPT = 20, 0.6
MOST = 4000
"""Lines of one file that are counted, evenly taken: the largest file has 55,000."""
ROUNDS = 3
Guess = Callable[[Sequence[str]], list[str]]


def lines(folder: Path, half: str) -> Iterator[tuple[str, str, str]]:
    """Language, source and text of each line that counts."""
    for path in sorted(folder.glob("*/*.txt")):
        language = path.parent.name
        if language not in SCRIPT_OF:
            continue
        found = list(dict.fromkeys(line.strip() for line in path.read_text("utf8").split("\n")))
        found = [line for line in found if (crc32(line.encode()) & 1 == 0) == (half == "tune")]
        letters = letters_by_script(found)[:, 1:]
        total = letters.sum(1)
        own = letters[:, SCRIPTS.index(SCRIPT_OF[language]) - 1]
        kept = np.flatnonzero((total >= LEAST_LETTERS) & (own >= OWN_SCRIPT * total))
        for place in kept[:: max(1, len(kept) // MOST)]:
            yield language, path.stem, found[place]


def right(language: str, answer: str) -> bool:
    """Whether an answer names the language, or its belt."""
    return answer == language or (answer in BELT and language in BELT)


def pycld2_alone(texts: Sequence[str]) -> list[str]:
    return [cld2_says(text).language for text in texts]


def py3langid_alone(texts: Sequence[str]) -> list[str]:
    return [langid_says(text).language for text in texts]


PEERS: dict[str, Guess] = {"pycld2 alone": pycld2_alone, "py3langid alone": py3langid_alone}


def scores(rows: Sequence[tuple[str, str, str]], answers: Sequence[str]) -> dict[str, float]:
    """The share of right answers by language, and by source where a language has several."""
    hits: defaultdict[str, list[bool]] = defaultdict(list)
    for (language, source, _), answer in zip(rows, answers, strict=True):
        hits[language].append(right(language, answer))
        hits[f"{language}/{source}"].append(right(language, answer))
    return {key: round(float(np.mean(hit)), 5) for key, hit in sorted(hits.items())}


def summary(found: dict[str, float]) -> dict[str, float]:
    """The two headline figures."""
    native = [found[code] for code in found if "/" not in code and code not in ("en", "hi-Latn", "kok")]
    mixed = [found[code] for code in ("en", "hi-Latn") if code in found]
    return {
        "native_accuracy": round(float(np.mean(native)), 5) if native else float("nan"),
        "native_languages": len(native),
        "hinglish_accuracy": round(float(np.mean(mixed)), 5) if mixed else float("nan"),
    }


def without_hindi(rows: Sequence[tuple[str, str, str]]) -> dict[str, float]:
    """The share of romanised Hindi's lines, by source, in which there is no Hindi at all."""
    ours = [row for row in rows if row[0] == "hi-Latn"]
    texts = [text for _, _, text in ours]
    readings, letters = load_romanised().read(texts), letters_by_script(texts)[:, 1:]
    alone = letters.sum(1) == letters[:, SCRIPTS.index("Latin") - 1]
    plain: defaultdict[str, list[bool]] = defaultdict(list)
    for (language, source, _), reading, latin in zip(ours, readings, alone.tolist(), strict=True):
        for key in (language, f"{language}/{source}"):
            plain[key].append(reading.romanised == 0 and latin)
    return {key: round(float(np.mean(found)), 5) for key, found in sorted(plain.items())}


def speed(guess: Guess, texts: Sequence[str]) -> float:
    """Sentences a second of one core's time, the best of some rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        guess(texts)
        best = min(best, time.process_time() - began)
    return round(len(texts) / best)


def mistakes(rows: Sequence[tuple[str, str, str]], answers: Sequence[str], shown: int) -> Iterator[str]:
    """What is most often taken for what, with some lines."""
    wrong = Counter((r[0], a) for r, a in zip(rows, answers, strict=True) if not right(r[0], a))
    for (language, answer), times in wrong.most_common(25):
        yield f"{language} taken for {answer}: {times}"
        some = [r[2][:110] for r, a in zip(rows, answers, strict=True) if (r[0], a) == (language, answer)]
        yield from (f"    {line}" for line in some[:shown])


def evenly(rows: list[tuple[str, str, str]], most: int) -> list[tuple[str, str, str]]:
    """About `most` of the rows, of all sources alike."""
    return rows[:: max(1, len(rows) // most)] if most else []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", type=Path, default=TEXT)
    parser.add_argument("--half", choices=("report", "tune"), default="report")
    parser.add_argument("--peers", type=int, default=1000, help="lines of a language that the peers are asked about")
    parser.add_argument("--mistakes", type=int, default=-1, help="show so many lines of each kind of mistake")
    asked = parser.parse_args()
    if not asked.text.is_dir():
        print(f"skipped: no text at {asked.text}")
        print('RESULT {"skipped": true}')
        return
    rows = list(lines(asked.text, asked.half))
    texts = [text for _, _, text in rows]
    answers = guess_languages(texts)
    found = scores(rows, answers)
    mixture = [texts[i] for i in np.random.default_rng(0).permutation(len(texts))[:20000]]
    result: dict[str, object] = summary(found) | {
        "sentences_per_second": speed(guess_languages, mixture), "lines": len(rows), "half": asked.half,
        "scores": found,
    }  # fmt: skip
    if plain := without_hindi(rows):
        result |= {"without_hindi": plain, "hinglish_reachable": round(1 - plain["hi-Latn"] / 2, 5)}
    print("\n".join(mistakes(rows, answers, asked.mistakes)) if asked.mistakes >= 0 else "")
    few = [row for code in SCRIPT_OF for row in evenly([r for r in rows if r[0] == code], asked.peers)]
    own = scores(few, guess_languages([r[2] for r in few]))
    shown: dict[str, dict[str, float]] = {}
    peers: dict[str, dict[str, object]] = {}
    for name, guess in PEERS.items() if few else ():
        shown[name] = alone = scores(few, guess([r[2] for r in few]))
        peers[name] = {**summary(alone), "sentences_per_second": speed(guess, mixture[:3000]), "scores": alone}
    print(f"{'language':40s} {'lines':>6s} {'dono':>8s}" + "".join(f"{n:>17s}" for n in PEERS))
    for key in found:
        count = sum(r[0] == key or f"{r[0]}/{r[1]}" == key for r in rows)
        others = "".join(f"{shown[n].get(key, float('nan')):17.2%}" for n in peers)
        print(f"{key:40s} {count:6d} {found[key]:8.2%}{others}")
    if peers:
        result["same_lines"] = summary(own)
        result["peers"] = peers
    if asked.half == "report" and asked.text == TEXT:
        keep_result("languages", result)


if __name__ == "__main__":
    main()
