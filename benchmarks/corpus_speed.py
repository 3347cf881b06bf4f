"""Documents a second of one core from raw text to tokens: Dono beside datatrove 0.10.1, on the same real documents.

`python -m benchmarks.corpus_speed [--text DIR] [--megabytes 36] [--datatrove-python PYTHON]`

datatrove needs xxhash below 4 and so an environment of its own, by default in the folder for temporary files:

    python3.11 -m venv /tmp/datatrove-venv
    /tmp/datatrove-venv/bin/pip install datatrove==0.10.1 "xxhash<4" orjson pycld2 tokenizers nltk fasteners zstandard
    /tmp/datatrove-venv/bin/pip install humanize spacy indic-nlp-library

Documents are Hindi, English and Tamil: sentences of Common Voice and VarDial one by one, of other files 15 lines
together. Both sides read them as JSON lines, normalise (NFC), tell the language, apply quality rules, leave out copies
and near copies, encode with one tokenizer, write; in one process with one thread, each a fresh one. Seconds are those
of the processor and begin when everything is imported; memory is the peak of the process.

What datatrove does here: a function for NFC; pycld2 in a LambdaFilter, as its own filter of languages downloads a
model; GopherRepetitionFilter for texts of 50 words or more, and GopherQualityFilter with the word lengths of FineWeb-2,
without least numbers of words and stop words, and with half of the words having letters: as they stand they drop most
sentences, and later steps would have less to do; MinHash in four stages, vowel signs kept; DocumentTokenizer. Exact
copies are left to MinHash. Languages are done one after another, as its words are cut by language.

"Same" is Dono without what datatrove has no piece for (identifiers, letters, mixed words, markup); "all" is Dono as it
is. Both learn what is usual from a sample of up to 20,000 texts first, and load their models of languages: three to
four seconds of a core that do not grow with the corpus, a quarter of all at 12 MB. The default takes all the text that
there is in the three languages. Half of Dono's memory is torch and transformers, which its tokenizers come with:
`gather_memory_mb` is the peak before they are loaded.

What is kept differs. Dono keeps texts in another language than their file's, for it labels them, and its rules give way
to what is usual in the text at hand; Gopher's rules as datatrove has them are fixed.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.result import keep_result

TEXT = Path(__file__).resolve().parents[1].parent / "shared/corpora/text"
LANGUAGES = ("hi", "en", "ta")
SENTENCES = ("common_voice", "vardial")
PAGE_LINES = 15
VOCABULARY, LEARNED = 16_000, 2_000
"""Entries of the tokenizer, and texts that it is learned from."""
ONE_THREAD = {"TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"}


def documents(folder: Path, most: float) -> Iterator[str]:
    """Documents of a language, about `most` bytes in all, as evenly from its files as they allow."""
    files = sorted(folder.glob("*.txt"), key=lambda file: file.stat().st_size)
    for place, file in enumerate(files):
        lines = [line for line in file.read_text(encoding="utf8").split("\n") if line.strip()]
        size = 1 if file.name.startswith(SENTENCES) else PAGE_LINES
        share = most / (len(files) - place)
        for start in range(0, len(lines), size):
            text = "\n".join(lines[start : start + size])
            if share <= 0:
                break
            share -= len(text.encode())
            most -= len(text.encode())
            yield text


def side(command: Sequence[str]) -> dict[str, Any]:
    """What one side says in its last line."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **ONE_THREAD})
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:3])} failed:\n{done.stderr[-3000:]}")
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def told(name: str, said: Mapping[str, Any], count: int, size: int) -> dict[str, Any]:
    """The figures of one side, printed and returned."""
    seconds = said["seconds"]
    figures = {
        "documents_per_second": round(count / seconds), "megabytes_per_second": round(size / 1e6 / seconds, 3),
        "seconds": round(seconds, 1), "wall_seconds": round(said["wall"], 1), "memory_mb": round(said["memory"]),
        "left": said["left"], "drops": said["drops"],
    }  # fmt: skip
    print(
        f"{name:12s} {figures['documents_per_second']:8,} docs/s {figures['megabytes_per_second']:7.3f} MB/s "
        f"{seconds:7.1f} s of a core {said['wall']:7.1f} s {said['memory']:6.0f} MB"
    )
    for code, left in said["left"].items():
        print(f"    {code}: " + ", ".join(f"{step} {number:,}" for step, number in left.items()))
    for reason, number in list(said["drops"].items())[:8]:
        print(f"    dropped {number:,}: {reason}")
    if "gather_seconds" in said:
        figures["gather_megabytes_per_second"] = round(size / 1e6 / said["gather_seconds"], 3)
        figures["gather_memory_mb"] = round(said["gather_memory"])
        print(f"    gathering alone: {figures['gather_megabytes_per_second']} MB/s, {figures['gather_memory_mb']} MB")
    return figures


def written(text: Path, folder: Path, most: float) -> tuple[dict[str, int], int]:
    """The documents of all languages as JSON lines and a tokenizer of them; how many there are, and their bytes."""
    counts, size, learned = {}, 0, []
    for code in LANGUAGES:
        found = list(documents(text / code, most / len(LANGUAGES)))
        (folder / "in" / code).mkdir(parents=True)
        rows = [json.dumps({"text": one}, ensure_ascii=False) + "\n" for one in found]
        (folder / "in" / code / "in.jsonl").write_text("".join(rows), encoding="utf8")
        counts[code], size = len(found), size + sum(len(one.encode()) for one in found)
        learned += list(islice(found, 0, None, max(1, len(found) // LEARNED)))
    tokens = importlib.import_module("dono.tokens")  # here: it loads torch, and processes that read text do without
    tokens.train_tokenizer(iter(learned), VOCABULARY, folder / "tokenizer")
    return counts, size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", type=Path, default=TEXT)
    parser.add_argument("--megabytes", type=float, default=36.0)
    parser.add_argument(
        "--datatrove-python", type=Path, default=Path(tempfile.gettempdir()) / "datatrove-venv/bin/python"
    )
    asked = parser.parse_args()
    if not asked.text.is_dir():
        print(f"skipped: no text at {asked.text}")
        print('RESULT {"skipped": true}')
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        counts, size = written(asked.text, folder, asked.megabytes * 1e6)
        count, source = sum(counts.values()), str(folder / "in")
        print(f"{count:,} documents, {size / 1e6:.1f} MB: " + ", ".join(f"{c} {n:,}" for c, n in counts.items()))
        ours = [sys.executable, "-m", "benchmarks.peers.gather_side", source]
        found = {kind: side([*ours, str(folder / kind), str(folder / "tokenizer"), kind]) for kind in ("same", "all")}
        result: dict[str, Any] = {"documents": counts, "megabytes": round(size / 1e6, 2)}
        result |= {kind: told(f"dono {kind}", said, count, size) for kind, said in found.items()}
        if asked.datatrove_python.exists():
            script = str(Path(__file__).parent / "peers/datatrove_side.py")
            theirs = [str(asked.datatrove_python), script, source, str(folder / "datatrove")]
            said = side([*theirs, str(folder / "tokenizer/tokenizer.json")])
            result["datatrove"] = told("datatrove", said, count, size)
            for kind, ratio in (("same", "docs_ratio"), ("all", "docs_ratio_all")):
                result[ratio] = round(said["seconds"] / found[kind]["seconds"], 2)
            result["memory_ratio"] = round(found["same"]["memory"] / said["memory"], 2)
        else:
            print(f"no datatrove at {asked.datatrove_python}: see the docstring")
    if asked.text == TEXT:
        keep_result("corpus_speed", result)


if __name__ == "__main__":
    main()
