"""datatrove's side of benchmarks.corpus_speed: JSON lines in, documents and tokens out. In an environment of its own.

`datatrove_side.py IN OUT TOKENIZER_JSON` prints one JSON line: seconds, memory, documents left after each step. One
process and one thread; seconds are counted once everything is imported. The environment: see benchmarks.corpus_speed.
"""

from __future__ import annotations

import json
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import indicnlp.tokenize.indic_tokenize  # noqa: F401 (datatrove imports both late: not to be counted)
import pycld2
import spacy  # noqa: F401
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import (
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter, LambdaFilter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.tokens import DocumentTokenizer
from datatrove.pipeline.writers import JsonlWriter
from datatrove.utils.text import TextNormConfig

LANGUAGES = {"hi": "hin_Deva", "en": "eng_Latn", "ta": "tam_Taml"}
"""What datatrove calls them: a language without its script is taken in its Latin spelling."""
PAGE_WORDS, LETTER_WORDS = 50, 0.5
"""Gopher's 0.8 drops a quarter of all sentences, in which the full stop is a word without a letter."""
CONFIG = MinhashConfig(norm_config=TextNormConfig(norm_unicode_diacritics=False))
"""With its default vowel signs go, and काला is कला. 14 buckets of 8 hashes, word 5-grams: its defaults."""


class PageRepetition(GopherRepetitionFilter):
    """Its rules for texts of as many words as Gopher's shortest document: of a sentence they drop nearly all."""

    def filter(self, doc: Any) -> bool | tuple[bool, str]:  # noqa: ANN401
        """Whether a document stays, and why not."""
        return True if len(doc.text.split()) < PAGE_WORDS else super().filter(doc)


def normalised(data: Iterable[Any], rank: int = 0, world_size: int = 1) -> Iterator[Any]:
    """Documents in NFC without white space around them."""
    for document in data:
        document.text = unicodedata.normalize("NFC", document.text).strip()
        yield document


def in_language(code: str) -> LambdaFilter:
    """Documents that pycld2 takes to be in a language (datatrove's own filter downloads its model)."""

    def same(document: Any) -> bool:  # noqa: ANN401
        try:
            return bool(pycld2.detect(document.text, isPlainText=True)[2][0][1] == code)
        except pycld2.error:
            return False

    return LambdaFilter(same)


def ran(log: Path, pipeline: list[Any], tasks: int = 1) -> None:
    """Run one pipeline in this process."""
    LocalPipelineExecutor(pipeline, tasks=tasks, workers=1, logging_dir=str(log)).run()


def documents(folder: Path) -> int:
    """Documents of the JSON lines in a folder."""
    return sum(file.read_bytes().count(b"\n") for file in folder.glob("*.jsonl"))


def drops(out: Path) -> dict[str, int]:
    """Documents of all languages that filters dropped, by reason."""
    found: Counter[str] = Counter()
    for code in LANGUAGES:
        for step in json.loads((out / code / "logs/1/stats.json").read_text(encoding="utf8")):
            for name, count in step["stats"].items():
                reason = "another language" if name == "dropped" and "Lambda" in step["name"] else name
                if reason != name or name.startswith("dropped_"):
                    found[reason.removeprefix("dropped_")] += count["total"] if isinstance(count, dict) else count
    return dict(found.most_common())


def clean(code: str, source: Path, out: Path, tokenizer: str) -> dict[str, int]:
    """All steps for the documents of one language; how many are left after each."""
    name = LANGUAGES[code]

    def reader(folder: Path) -> JsonlReader:
        return JsonlReader(str(folder), glob_pattern="*.jsonl")

    def writer(step: str) -> JsonlWriter:
        return JsonlWriter(str(out / step), output_filename="${rank}.jsonl", compression=None)

    quality = GopherQualityFilter(
        min_doc_words=None, min_stop_words=None, min_avg_word_length=2, max_avg_word_length=21,
        max_non_alpha_words_ratio=LETTER_WORDS, language=name,
    )  # fmt: skip
    steps = [reader(source), normalised, in_language(code), writer("language"), PageRepetition(language=name), quality]
    ran(out / "logs/1", [*steps, writer("quality")])
    signatures, buckets, removed = (str(out / step) for step in ("signatures", "buckets", "removed"))
    ran(out / "logs/2", [reader(out / "quality"), MinhashDedupSignature(signatures, CONFIG, language=name)])
    ran(out / "logs/3", [MinhashDedupBuckets(signatures, buckets, config=CONFIG)], tasks=CONFIG.num_buckets)
    ran(out / "logs/4", [MinhashDedupCluster(buckets, removed, CONFIG)])
    written = DocumentTokenizer(str(out / "tokens"), tokenizer, eos_token="<|eos|>", shuffle_documents=False)
    ran(out / "logs/5", [reader(out / "quality"), MinhashDedupFilter(removed), writer("kept"), written])
    return {step: documents(out / step) for step in ("language", "quality", "kept")}


def main() -> None:
    source, out, tokenizer = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    began, wall = time.process_time(), time.perf_counter()
    left = {code: clean(code, source / code, out / code, tokenizer) for code in LANGUAGES}
    seconds = time.process_time() - began
    ended = time.perf_counter()
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    said = {
        "seconds": seconds, "wall": ended - wall, "memory": int(peak.split()[1]) / 1024, "left": left,
        "drops": drops(out),
    }  # fmt: skip
    print(json.dumps(said))


if __name__ == "__main__":
    main()
