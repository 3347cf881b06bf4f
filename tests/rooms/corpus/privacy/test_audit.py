from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from scipy.stats import binomtest

from dono.corpus.privacy import audit, residual, suspicious, write_audit
from dono.corpus.privacy.audit import exact_interval
from dono.errors import Mistake


def marked(path: Path, marks: Sequence[object]) -> Path:
    path.write_text("".join(json.dumps({"left": mark}) + "\n" for mark in marks), "utf8")
    return path


def test_a_sample_is_drawn_evenly_and_the_same_for_a_seed() -> None:
    texts = [f"text {i}" for i in range(50)]
    assert audit(texts, 5, 1) == audit(iter(texts), 5, 1) != audit(texts, 5, 2)
    drawn = [one.document for seed in range(400) for one in audit(texts, 5, seed)]
    counts = [drawn.count(i) for i in range(50)]
    assert sum(counts) == 2000 and min(counts) > 15 and max(counts) < 75  # 40 ± 5 standard deviations


def test_fewer_documents_than_asked_for_are_all_drawn() -> None:
    assert [one.text for one in audit(["a", "b"], 5, 0)] == ["a", "b"]


def test_what_is_left_that_looks_like_an_identifier_is_listed_and_placeholders_are_not() -> None:
    assert suspicious("<MOBILE_1> और <EMAIL_0123456789>") == ()
    found = suspicious("क ९८७६५ ४३२१० ख, ravi@somewhere, XY12Z9Q8")
    assert {one.partition(":")[0] for one in found} == {"digits", "at sign", "letters and digits"}
    assert "९८७६५ ४३२१०" in found[0]


def test_marks_give_the_rate_with_its_exact_interval(tmp_path: Path) -> None:
    found = residual(marked(tmp_path / "audit.jsonl", [0] * 98 + [1, 3]))
    assert (found.documents, found.with_left, found.left, found.rate) == (100, 2, 4, 0.02)
    assert found.low == pytest.approx(0.0024, abs=1e-4) and found.high == pytest.approx(0.0704, abs=1e-4)  # tables


def test_no_identifier_left_still_has_an_upper_bound(tmp_path: Path) -> None:
    found = residual(marked(tmp_path / "audit.jsonl", [0] * 100))
    assert found.low == 0 and found.high == pytest.approx(1 - 0.025 ** (1 / 100))


@pytest.mark.parametrize("mark", [None, -1, "two", True, 0.5])
def test_a_line_without_a_count_is_named(mark: object, tmp_path: Path) -> None:
    with pytest.raises(Mistake, match=r"audit.jsonl:2"):
        residual(marked(tmp_path / "audit.jsonl", [0, mark]))


def test_an_audit_is_written_to_be_filled_in(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    write_audit(audit(["मोबाइल ९८७६५४३२१०"], 1, 0), path)
    row = json.loads(path.read_text("utf8"))
    assert row["left"] is None and row["text"] == "मोबाइल ९८७६५४३२१०" and len(row["suspicious"]) == 1
    with pytest.raises(Mistake, match="null"):
        residual(path)


@pytest.mark.parametrize(("found", "among"), [(0, 1), (0, 50), (1, 50), (7, 50), (50, 50)])
def test_the_exact_interval_is_scipys(found: int, among: int) -> None:
    interval = binomtest(found, among).proportion_ci(0.95, "exact")
    assert exact_interval(found, among) == pytest.approx((interval.low, interval.high), abs=1e-12)
