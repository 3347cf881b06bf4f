"""The rule for every benchmark: a table for people, then a last line `RESULT ` with one JSON object, kept on disk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def keep_result(name: str, result: Mapping[str, object]) -> None:
    """Write `results/<name>.json` and print the RESULT line."""
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(result, ensure_ascii=False, indent=1, allow_nan=False)
    (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf8")
    print("RESULT " + json.dumps(result, ensure_ascii=False, allow_nan=False), flush=True)


def kept_result(name: str) -> dict[str, object]:
    """What `results/<name>.json` has; nothing where there is none."""
    file = RESULTS / f"{name}.json"
    found: dict[str, object] = json.loads(file.read_text(encoding="utf8")) if file.is_file() else {}
    return found
