"""A scorecard as a page and as Markdown: names of slices, what is too few, what was forgotten."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dono.evals.scorecard import FEWEST, Scorecard, make_scorecard
from dono.studio.scorecard import forgotten, render_scorecard, scorecard_lines

N = 120
HOSTILE = "<script>alert('x')</script>"


def texts(english: float, hindi: float) -> dict[str, NDArray[Any]]:
    """Bits of held-out text: Hindi plain and mixed, English, and a few in Urdu."""
    language = np.array(["hi"] * 70 + ["en"] * 45 + ["ur"] * 5)
    form = np.array(["code-mixed"] * 32 + ["native"] * (N - 32))
    script = np.array(["Devanagari"] * 70 + ["Latin"] * 45 + ["Arabic"] * 5)
    bits = np.where(language == "en", english, hindi) * 100 * (1 + 0.1 * np.sin(np.arange(N)))
    return {
        "language": language, "form": form, "script": script, "region": np.array([""] * N), "bits": bits,
        "expected": np.array([str(i) for i in range(N)]), "bytes": np.full(N, 100.0),
    }  # fmt: skip


def card() -> Scorecard:
    tests = {"text": {"base": texts(1.0, 2.5), HOSTILE: texts(1.6, 1.2)}}
    return make_scorecard(HOSTILE, tests, {"text": "bits_per_byte"}, notes=["a note & more"])


def test_what_was_forgotten_is_named_once_by_language_and_only_where_it_is_sure() -> None:
    (lost,) = forgotten(card())
    assert lost.startswith("English: +0.6") and lost.endswith("bits per byte")


def test_slices_have_names_that_tell_them_apart_and_few_items_give_no_number() -> None:
    lines = scorecard_lines(card())
    rows = [line.split(" | ")[0].removeprefix("| ") for line in lines if line.startswith("| ") and "±" in line]
    assert rows == ["all", "English", "Hindi", "Hindi, code-mixed", "Hindi, unmixed"]
    urdu = next(line for line in lines if line.startswith("| Urdu"))
    assert urdu.count("too few (5)") == 2 and FEWEST > 5
    hindi = next(line for line in lines if line.startswith("| Hindi |"))
    assert "\u2212" in hindi and hindi.rstrip(" |").endswith("better")


def test_the_page_shows_the_same_and_escapes_what_is_not_ours() -> None:
    page = render_scorecard(card())
    assert HOSTILE not in page and "&lt;script&gt;" in page and "a note &amp; more" in page
    assert "Forgotten since base" in page and "Hindi, unmixed" in page and "http" not in page.split("<body>")[1]
    assert page == render_scorecard(card())
