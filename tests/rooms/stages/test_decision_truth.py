"""Recording a truth run: everything is run once, killed it goes on, and what is kept is not run again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.decision_truth import __main__ as command
from benchmarks.decision_truth import recording
from benchmarks.decision_truth.kept import read_kept
from dono.artifacts import Artifact
from dono.corpus.sample import write_sample
from dono.errors import Capped
from dono.stages.oversight import Oversight
from dono.stages.runs import RunSpec, carry_out
from dono.stages.workplace import Workplace

SCENARIO = """
why: the sample's shop, as small as can be
distance: far
text: [text/hi/shop.txt]
megabytes: 0.1
heldout: 8
tokens: 3000
size: {width: 16, layers: 1, heads: 1, vocabulary: 320, context: 32}
"""


@pytest.fixture
def corpora(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A corpora folder of the sample's text, and a base that reads little of it."""
    write_sample(tmp_path / "sample", scale=0.05)
    folder = tmp_path / "corpora"
    wanted = {"text/en/western.txt": "western/messages.jsonl", "text/hi/shop.txt": "bazaar/hi.jsonl"}
    for path, source in wanted.items():
        rows = (tmp_path / "sample" / source).read_text(encoding="utf8").splitlines()
        texts = [json.loads(row)["text"].replace("\n", " ") for row in rows]
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_text("\n".join(texts), encoding="utf8")
    monkeypatch.setattr(recording, "BASE_TEXT", ("text/en/western.txt",))
    monkeypatch.setattr(recording, "BASE_TOKENS", 1000)
    return folder


def run(tmp_path: Path, corpora: Path, *more: str) -> tuple[str, BaseException | None]:
    """The command as a person runs it: what it printed, and what it raised."""
    folder = tmp_path / "scenarios"
    folder.mkdir(exist_ok=True)
    (folder / "shop.yaml").write_text(SCENARIO, encoding="utf8")
    asked = ["--scenarios", str(folder), "--corpora", str(corpora), "--work", str(tmp_path / "work"), *more]
    result = CliRunner().invoke(command.main, asked)
    return result.output, result.exception


def test_a_killed_recording_goes_on_and_a_kept_truth_is_not_run_again(
    tmp_path: Path, corpora: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, float, int]] = []

    def counted(place: Workplace, spec: RunSpec, oversight: Oversight) -> Artifact:
        calls.append((spec.contender.name, spec.scale, spec.seed))
        if len(calls) == 4:
            raise Capped("the test's patience", "all of it")
        return carry_out(place, spec, oversight)

    monkeypatch.setattr(recording, "carry_out", counted)
    assert isinstance(run(tmp_path, corpora)[1], Capped)
    sealed = {p: p.stat().st_mtime_ns for p in (tmp_path / "work").glob("*/work/*/*/artifact.json")}
    assert len(sealed) > 4

    output, raised = run(tmp_path, corpora)
    assert raised is None, output
    assert {p: p.stat().st_mtime_ns for p in sealed} == sealed, "what was finished was made again"
    result = json.loads(output.splitlines()[-1].removeprefix("RESULT "))
    assert result["scenarios"] == 1
    kept = read_kept(tmp_path / "scenarios" / "kept" / "shop.json")
    assert kept is not None
    assert set(kept.full_runs("text")) >= {"prompt/zero-shot", "continue/kept", "continue/replaced", "scratch/own"}
    assert {(r.arm, r.scale, r.seed) for r in kept.rows} == set(calls)

    before = len(calls)
    again, raised = run(tmp_path, corpora, "--replay")
    assert raised is None
    assert len(calls) == before
    assert again.splitlines()[-1] == output.splitlines()[-1]


def test_text_that_is_not_there_is_left_out_with_the_reason(tmp_path: Path) -> None:
    output, raised = run(tmp_path, tmp_path / "nowhere")
    assert "shop: left out; " in output
    assert "has no text/hi/shop.txt" in output
    assert "no scenario has been run" in str(raised)


def test_a_scenario_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "no scenario 'shp'. Use one of: shop" in str(run(tmp_path, tmp_path, "shp")[1])
