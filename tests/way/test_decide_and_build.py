"""The main job from data to model, on the bundled sample, in small."""

from __future__ import annotations

import json
import shutil
import signal
import time
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from dono.artifacts.store import RECORD
from dono.corpus import read_documents
from dono.decisions import Verdict
from dono.stages.build import build
from dono.stages.decide import decide
from dono.stages.forget import forget
from dono.stages.workplace import open_workplace
from tests.way.conftest import dono, finished


@pytest.fixture(scope="module")
def decided(shop: Path) -> Verdict:
    """The verdict, made without interruption."""
    result = decide(open_workplace(shop / "dono.yaml"))
    assert result is not None
    return result[0]


def test_every_route_is_measured_on_every_use_case_that_it_can_serve(decided: Verdict) -> None:
    arms = {u.use_case: {a.arm for a in u.arms} for u in decided.use_cases}
    both = {"prompt/zero-shot", "continue/kept", "continue/extended", "continue/replaced", "scratch/own"}
    tasks = both | {"prompt/few-shot", "finetune/lora", "finetune/full"}
    assert arms == {
        "intent": tasks | {"predictive/tfidf"},
        "reply": tasks,
        "language": both,
        "churn": {"prompt/zero-shot", "finetune/lora", "finetune/full", "predictive/boosting"},
    }
    assert all(a.failed is None and a.pilots for u in decided.use_cases for a in u.arms)


def test_the_verdict_adds_up(decided: Verdict) -> None:
    for case in decided.use_cases:
        assert sum(a.p_best for a in case.arms) == pytest.approx(1)
        assert all(a.expected_regret >= 0 for a in case.arms)
        for arm in case.arms:
            lo, hi = arm.quality.lo, arm.quality.hi
            assert lo is not None and hi is not None and lo <= arm.quality.value <= hi
            assert arm.quality.label in ("measured", "extrapolated")
    assert {i.use_case for i in decided.portfolio} == {u.use_case for u in decided.use_cases}
    assert decided.spent["pilot_seconds"] > 0


def test_report_and_numbers_lie_in_the_work_folder(decided: Verdict, shop: Path) -> None:
    again = Verdict.model_validate_json((shop / "work" / "verdict.json").read_text(encoding="utf8"))
    assert again == decided
    assert decided.sentence in (shop / "work" / "report.html").read_text(encoding="utf8")


def test_decided_again_nothing_is_run_and_the_verdict_is_the_same(decided: Verdict, shop: Path) -> None:
    before = seals(shop)
    code, out, err = finished(dono(shop, "decide"))
    assert code == 0, err
    assert decided.sentence in out
    assert seals(shop) == before


def seals(folder: Path) -> dict[str, float]:
    """When each finished artifact was sealed."""
    records = sorted((folder / "work").glob(f"*/*/{RECORD}"))
    return {str(r.relative_to(folder)): r.stat().st_mtime for r in records}


def test_killed_again_and_again_it_repeats_nothing_finished_and_comes_to_the_same_verdict(
    decided: Verdict, shop: Path, tmp_path: Path
) -> None:
    twin = tmp_path / "twin"
    shutil.copytree(shop, twin, ignore=shutil.ignore_patterns("work"))
    # The plan of the pilots rests on measured speeds: the twin is given the same ones, so that it plans the same.
    shutil.copytree(shop / "work" / "speed", twin / "work" / "speed")
    kept: dict[str, float] = {}
    for wanted in (12, 25, 40):
        process = dono(twin, "decide")
        for _ in range(3000):
            if process.poll() is not None or len(seals(twin)) >= wanted:
                break
            time.sleep(0.05)
        assert process.poll() is None, finished(process)[2]
        process.send_signal(signal.SIGKILL)
        process.communicate()
        now = seals(twin)
        assert kept.items() <= now.items()
        kept = now
    code, _, err = finished(dono(twin, "decide"))
    assert code == 0, err
    assert kept.items() <= seals(twin).items()
    again = Verdict.model_validate_json((twin / "work" / "verdict.json").read_text(encoding="utf8"))
    assert qualities(again) == qualities(decided)
    assert [u.winner for u in again.use_cases] == [u.winner for u in decided.use_cases]


def qualities(verdict: Verdict) -> dict[tuple[str, str], tuple[float, float, float]]:
    """What was forecast for each arm, to the last digit: only seconds and money may differ between two runs."""
    return {
        (u.use_case, a.arm): (a.quality.value, a.p_best, a.expected_regret) for u in verdict.use_cases for a in u.arms
    }


def test_more_money_goes_on_where_the_verdict_stopped(decided: Verdict, shop: Path, tmp_path: Path) -> None:
    """Every pilot up to budget.pilot_scale was run; what is open yet is open to larger ones."""
    assert any(u.winner is None for u in decided.use_cases)
    twin = Path(shutil.copytree(shop, tmp_path / "twin"))
    before = seals(twin)
    code, _, err = finished(dono(twin, "decide", "--more", "0.3"))
    assert code != 0 and "add budget.pilot_scale=1 to allow them" in err.splitlines()[-1]
    assert seals(twin) == before
    larger = ("decide", "dono.yaml", "budget.pilot_scale=0.5")
    code, out, err = finished(dono(twin, *larger, "--more", "0.3"))
    assert code == 0, err
    bought = seals(twin)
    assert before.items() <= bought.items()
    again = Verdict.model_validate_json((twin / "work" / "verdict.json").read_text(encoding="utf8"))
    assert pilots_of(decided) < pilots_of(again)
    assert {scale for _, _, scale, _ in pilots_of(again) - pilots_of(decided)} <= {0.25, 0.5}
    assert again.changes and f"what changed: {again.changes[0]}" in out


def pilots_of(verdict: Verdict) -> set[tuple[str, str, float, int]]:
    """Which pilots a verdict rests on."""
    return {(u.use_case, a.arm, p.scale, p.seed) for u in verdict.use_cases for a in u.arms for p in a.pilots}


def test_build_carries_a_route_out_and_says_how_the_prediction_held(decided: Verdict, shop: Path) -> None:
    built = build(open_workplace(shop / "dono.yaml"), route="scratch", only="reply")[0]
    assert built.arm == "scratch/own"
    assert {"measured", "predicted", "interval_held"} <= built.outcome.keys()
    tokenizer = AutoTokenizer.from_pretrained(built.artifact.path)
    model = AutoModelForCausalLM.from_pretrained(built.artifact.path)
    assert model.config.vocab_size == len(tokenizer)
    card = (built.artifact.path / "README.md").read_text(encoding="utf8")
    assert "| bazaar | jsonl | not_personal | train | yes | Apache-2.0 | – |" in card
    assert "## Ancestry" in card


def test_the_verdicts_own_choice_is_built_and_enters_the_calibration(decided: Verdict, shop: Path) -> None:
    built = build(open_workplace(shop / "dono.yaml"), route=None, only="churn")[0]
    chosen = next(i.arm for i in decided.portfolio if i.use_case == "churn")
    assert built.arm == chosen == "predictive/boosting"
    outcome = json.loads((built.artifact.path / "outcome.json").read_text(encoding="utf8"))
    assert outcome["interval_held"] == "yes"


def test_why_goes_back_to_the_source_files(decided: Verdict, shop: Path) -> None:
    code, out, err = finished(dono(shop, "why", "bazaar-verdict"))
    assert code == 0, err
    assert "file hi.jsonl" in out and "corpus bazaar" in out


def test_the_built_model_answers_in_the_terminal(decided: Verdict, shop: Path) -> None:
    built = build(open_workplace(shop / "dono.yaml"), route="scratch", only="reply")[0]
    process = dono(shop, "chat", str(built.artifact.path), "--max-new-tokens", "8")
    out, err = process.communicate("मेरा पार्सल कहाँ है?\n", timeout=300)
    assert process.returncode == 0, err
    assert len(out.splitlines()) == 1


def test_a_cap_saves_and_stops_and_a_larger_one_goes_on_to_the_same_model(
    decided: Verdict, shop: Path, tmp_path: Path
) -> None:
    whole = build(open_workplace(shop / "dono.yaml"), route="scratch", only="reply")[0]
    twin = tmp_path / "twin"
    shutil.copytree(shop, twin)
    for made in ("trunk", "corpus-run", "run", "model"):
        shutil.rmtree(twin / "work" / made)
    arguments = ("build", "dono.yaml", "--route", "scratch", "--use-case", "reply")
    code, _, err = finished(dono(twin, *arguments, "budget.money=0.001"))
    assert code == 3, err
    assert "stopped at the cap" in err.splitlines()[-1]
    assert list((twin / "work" / "trunk").glob("*/state/counters.json"))
    code, out, err = finished(dono(twin, *arguments))
    assert code == 0, err
    assert f"measured: {whole.outcome['measured']:.4g}" in out


def test_who_is_forgotten_is_no_longer_shown_in_verdict_and_report(
    decided: Verdict, shop: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(shop, tmp_path / "shop"))
    place = open_workplace(folder / "dono.yaml")
    (corpus,) = [a for a in place.store.all() if a.kind == "corpus"]
    shown = {s.expected for u in decided.use_cases if u.use_case == "language" for a in u.arms for s in a.samples}
    known = [d for d in read_documents(corpus.path, "heldout") if " ".join(d.text.split()[4:24]) in shown]
    document = known[0]
    part = " ".join(document.text.split()[4:24])
    assert part in (folder / "work" / "verdict.json").read_text(encoding="utf8")
    done = forget(place, "bazaar", f"{document.file}:{document.line}")
    assert done.documents == 1 and {a.kind for a in done.learned} >= {"tokenizer", "trunk", "corpus-run", "run"}
    for name in ("verdict.json", "report.html"):
        assert part not in (folder / "work" / name).read_text(encoding="utf8")
    again = Verdict.model_validate_json((folder / "work" / "verdict.json").read_text(encoding="utf8"))
    assert again.sentence == decided.sentence
