"""Presidio's side of benchmarks.privacy: texts as JSON lines in, spans out. Runs in an environment of its own:

    python3.11 -m venv /tmp/presidio-venv && /tmp/presidio-venv/bin/pip install presidio-analyzer==2.2.366

A blank spaCy model (no names by model), its recognisers for India enabled, phones of region IN.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any


def engine() -> Any:  # noqa: ANN401 (Presidio is not installed beside Dono)
    """An analyser with the generic recognisers and those for India."""
    import presidio_analyzer.predefined_recognizers as ready  # noqa: PLC0415
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry  # noqa: PLC0415
    from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine  # noqa: PLC0415
    from spacy import blank  # noqa: PLC0415
    from spacy.tokens import Doc  # noqa: PLC0415

    class Blank(NlpEngine):
        """spaCy's tokenizer for English and nothing else."""

        def __init__(self) -> None:
            self.nlp = blank("en")

        def load(self) -> None:
            """Nothing is loaded."""

        def is_loaded(self) -> bool:
            return True

        def process_text(self, text: str, language: str) -> Any:  # noqa: ANN401
            doc: Doc = self.nlp(text)
            words = [token.text for token in doc]
            return NlpArtifacts([], doc, [t.idx for t in doc], words, self, language)

        def process_batch(self, texts: Any, language: str, **_: Any) -> Any:  # noqa: ANN401
            return ((text, self.process_text(text, language)) for text in texts)

        def is_stopword(self, word: str, language: str) -> bool:
            return False

        def is_punct(self, word: str, language: str) -> bool:
            return not any(c.isalnum() for c in word)

        def get_supported_entities(self) -> list[str]:
            return []

        def get_supported_languages(self) -> list[str]:
            return ["en"]

    registry = RecognizerRegistry()
    india = [getattr(ready, name) for name in dir(ready) if name.startswith("In") and name.endswith("Recognizer")]
    generic = [ready.CreditCardRecognizer, ready.EmailRecognizer, ready.IpRecognizer]
    for kind in [*india, *generic]:
        registry.add_recognizer(kind())
    registry.add_recognizer(ready.PhoneRecognizer(supported_regions=["IN"]))
    return AnalyzerEngine(registry=registry, nlp_engine=Blank(), supported_languages=["en"])


def one_each(results: Any) -> list[tuple[int, int, str]]:  # noqa: ANN401
    """Of findings that overlap the one of the highest score, then the longest, as Presidio's anonymiser decides."""
    held: list[Any] = []
    for one in sorted(results, key=lambda r: (-r.score, r.start - r.end)):
        if all(one.end <= other.start or other.end <= one.start for other in held):
            held.append(one)
    return [(r.start, r.end, r.entity_type) for r in held]


def main() -> None:
    """Read texts, write spans, and say how long the analysis took."""
    logging.disable(logging.CRITICAL)
    analyser, texts = engine(), [json.loads(line) for line in sys.stdin]
    began = time.perf_counter()
    found = [one_each(analyser.analyze(text, "en")) for text in texts]
    print(json.dumps({"seconds": time.perf_counter() - began, "spans": found}))


if __name__ == "__main__":
    main()
