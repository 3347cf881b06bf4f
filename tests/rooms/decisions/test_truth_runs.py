"""Truth runs: verdicts made again from kept measurements, beside the rules that people decide by."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from benchmarks.decision_truth.judging import OURS, judge, surest
from benchmarks.decision_truth.kept import Kept, KeptArm, KeptCase, KeptRow, KeptSize, read_kept, write_kept
from benchmarks.decision_truth.replaying import Decided, replay
from benchmarks.decision_truth.rules import RULES, size_rule
from benchmarks.decision_truth.scenarios import Scenario, Task, evenly, find_scenarios, project_of, read_scenario
from dono.errors import Mistake

SCENARIOS = Path(__file__).resolve().parents[3] / "benchmarks" / "decision_scenarios"
KEPT = SCENARIOS.parent / "results" / "decision_truth"
ASKED = Scenario(
    why="made up", distance="far", text=("text/xx/made_up.txt",), megabytes=1, tokens=1e6, heldout=50, seed=3
)  # fmt: skip
SHAPE: dict[str, int | float] = {
    "parameters": 400_000, "layers": 2, "width": 96, "context": 128, "vocabulary": 1500, "stored_parameters": 400_000
}  # fmt: skip
SCALES = tuple(2.0**-k for k in range(8, 1, -1))
FALLS = {"continue/kept": (1.6, 0.9, 0.20), "scratch/own": (1.0, 2.2, 0.35), "continue/replaced": (1.3, 1.2, 0.3)}
"""Floor, height and exponent of each arm's bits per byte; the crossing lies between the pilots and the full run."""


def made_up(truth: dict[str, float] | None = None, seed: int = 3) -> Kept:
    """A scenario whose arms fall by power laws; `truth` is what the full runs came to instead."""

    def value(arm: str, scale: float) -> float:
        floor, height, exponent = FALLS[arm]
        return floor + height * (scale * 256) ** -exponent

    def row(arm: str, scale: float, seed: int, value: float) -> KeptRow:
        return KeptRow(
            arm=arm, case="text", scale=scale, seed=seed, value=value, stderr=0.01, n=50, tokens=1e6 * scale,
            examples=0, loss=None, loss_stderr=0.0, own_seconds=1.0,
        )  # fmt: skip

    rows = [row(arm, s, seed, value(arm, s)) for arm in FALLS for s in SCALES]
    rows += [row(arm, s, seed + 1, value(arm, s) + 0.004) for arm in FALLS for s in (1 / 32, 1 / 16)]
    rows += [row(arm, 1.0, seed, (truth or {}).get(arm, value(arm, 1.0))) for arm in FALLS]
    rows.append(row("prompt/zero-shot", 1.0, seed, 4.0))
    sizes = {"text": KeptSize(examples=0, tokens_per_example=0.0, epochs=0.0)}
    arms = [KeptArm(name=arm, shape=SHAPE, corpus_tokens=1_000_000, corpus_size=500_000, sizes=sizes) for arm in FALLS]
    arms.append(KeptArm(name="prompt/zero-shot", shape=SHAPE, corpus_tokens=0, corpus_size=0, sizes={}))
    return Kept(
        name="made-up", asked=ASKED.model_copy(update={"seed": seed}), fingerprint="", commit="", made="", machine="",
        base="", notes=(), arms=tuple(arms), rows=tuple(rows),
        cases=(KeptCase(name="text", kind="language", metric="bits_per_byte", examples=0, test=50, words=0.0),),
    )  # fmt: skip


def classified(examples: int, words: float, tokens: int, unlearned: float | None = None) -> Decided:
    """A decision on a classify use case whose arms are those of the rules."""
    kept = made_up()
    case = KeptCase(
        name="text", kind="classify", metric="macro_f1", examples=examples, test=50, words=words, unlearned=unlearned
    )
    named = {"continue/kept": "finetune/full", "continue/replaced": "predictive/tfidf"}
    rows = tuple(r.model_copy(update={"arm": named.get(r.arm, r.arm), "value": 1 / (1 + r.value)}) for r in kept.rows)
    arms = tuple(
        a.model_copy(update={"name": named.get(a.name, a.name), "corpus_tokens": tokens and a.corpus_tokens and tokens})
        for a in kept.arms
        if a.name != "continue/replaced"
    )
    return replay(kept.model_copy(update={"cases": (case,), "rows": rows, "arms": arms}), 0.1)[0]


@pytest.mark.parametrize("share", [0.02, 0.05, 0.1])
def test_pilots_cost_no_more_than_their_share(share: float) -> None:
    (decided,) = replay(made_up(), share)
    assert 0 < decided.replay.spent <= share
    assert max(r.scale for r in decided.replay.seen.values() if r.arm in FALLS) <= 0.25


def test_a_verdict_does_not_know_the_truth() -> None:
    honest, other = replay(made_up(), 0.05), replay(made_up({"continue/kept": 0.1, "scratch/own": 9.0}), 0.05)
    assert honest[0].verdict == other[0].verdict
    assert judge(honest[0]).best == "scratch/own"
    assert judge(other[0]).best == "continue/kept"


def test_a_larger_share_looks_at_larger_pilots() -> None:
    small, large = (replay(made_up(), share)[0].replay for share in (0.03, 0.1))
    assert max(r.scale for r in small.of("scratch/own", "text")) < max(r.scale for r in large.of("scratch/own", "text"))


def test_seeds_are_counted_from_the_scenarios_own() -> None:
    verdicts = [replay(made_up(seed=seed), 0.1)[0].verdict for seed in (0, 7)]
    pilots = [{a.arm: [(p.scale, p.seed) for p in a.pilots] for a in v.arms} for v in verdicts]
    assert pilots[0] == pilots[1]


def test_what_a_constant_answer_scores_is_told_to_the_head() -> None:
    """The made-up arms score 0.2 to 0.3 at their pilots."""
    cases = [classified(1000, 10, 1_000_000, unlearned=level).verdict for level in (0.3, 0.01)]
    asleep = [{a.arm for a in verdict.arms if a.asleep} for verdict in cases]
    assert "finetune/full" in asleep[0] and not asleep[1]


def test_every_kept_use_case_of_labels_has_the_score_of_a_constant_answer() -> None:
    cases = [(kept, case) for path in sorted(KEPT.glob("*.json")) if (kept := read_kept(path)) for case in kept.cases]
    labels = [(kept, case) for kept, case in cases if case.kind == "classify"]
    assert len(labels) >= 9
    for kept, case in labels:
        assert case.unlearned is not None and 0 < case.unlearned < 1
        assert any(abs(r.value - case.unlearned) < 1e-6 for r in kept.rows if r.case == case.name) or (
            kept.name == "english-shop-intents"  # four test rows of ten have the label; no pilot found it
        )
    assert all(case.unlearned is None for _, case in cases if case.kind != "classify")


def test_a_share_that_pays_for_no_ladder_is_refused() -> None:
    with pytest.raises(Mistake, match="too little for a single rung"):
        replay(made_up(), 0.001)


def test_regret_is_the_distance_of_the_full_runs_on_the_metrics_scale() -> None:
    (decided,) = replay(made_up({"continue/kept": 1.5, "scratch/own": 1.2, "continue/replaced": 1.35}), 0.05)
    judged = judge(decided)
    assert judged.best_value == 1.2
    assert judged.regret["scratch"] == 0
    assert judged.regret["fine-tune"] == pytest.approx(0.3)
    assert judged.regret[OURS] == pytest.approx({"scratch/own": 0, "continue/kept": 0.3}.get(decided.taken, 0.15))
    assert set(judged.regret) == {OURS, *RULES}


def test_today_s_leader_is_taken_by_its_largest_pilot_so_far() -> None:
    (decided,) = replay(made_up(), 0.03)
    tops = {arm: decided.replay.of(arm, "text")[-1].value for arm in FALLS}
    assert RULES["leader"](decided) == min(tops, key=lambda arm: tops[arm])


@pytest.mark.parametrize(
    ("examples", "words", "tokens", "expected"),
    [
        (1000, 10, 1_000_000, "predictive/tfidf"),
        (20_000, 10, 1_000_000, "finetune/full"),
        (20_000, 10, 8_000_000, "scratch/own"),
    ],
)
def test_the_size_rule_counts_words_then_tokens(examples: int, words: float, tokens: int, expected: str) -> None:
    assert size_rule(classified(examples, words, tokens)) == expected


def test_the_surest_decisions_come_first() -> None:
    judged = [judge(replay(made_up(), share)[0]) for share in (0.03, 0.1)]
    assert surest(judged, 0.5)[0].confidence == max(j.confidence for j in judged)
    assert len(surest(judged, 1.0)) == 2


def test_what_is_kept_is_read_back_as_it_was(tmp_path: Path) -> None:
    kept = made_up()
    write_kept(kept, tmp_path / "kept" / "made-up.json")
    assert read_kept(tmp_path / "kept" / "made-up.json") == kept
    assert read_kept(tmp_path / "other.json") is None
    lines = (tmp_path / "kept" / "made-up.json").read_text(encoding="utf8").splitlines()
    assert sum('"arm":' in line for line in lines) == len(kept.rows)


@pytest.mark.parametrize("damage", ["", "{", '{"name": "x"}'])
def test_a_damaged_file_is_named(tmp_path: Path, damage: str) -> None:
    (tmp_path / "x.json").write_text(damage, encoding="utf8")
    with pytest.raises(Mistake, match=r"x\.json: .*Take the file from git"):
        read_kept(tmp_path / "x.json")


def test_our_scenarios_are_projects_and_differ_in_what_they_ask() -> None:
    found = dict(find_scenarios(SCENARIOS))
    assert len(found) >= 12
    assert {s.distance for s in found.values()} == {"near", "mixed", "far"}
    assert {case.kind for n, s in found.items() for case in project_of(n, s).use_cases} == {
        "classify", "generate", "language"
    }  # fmt: skip
    assert len({s.fingerprint for s in found.values()}) == len(found)


def test_only_what_is_asked_is_identity() -> None:
    assert ASKED.model_copy(update={"why": "said better"}).fingerprint == ASKED.fingerprint
    assert ASKED.model_copy(update={"tokens": 2e6}).fingerprint != ASKED.fingerprint


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("tokns: 1e6", "unknown key 'tokns'. Did you mean 'tokens'"),
        ("megabytes: 0", "megabytes: Input should be greater than or equal to 0.1 (found 0)"),
        ("distance: close", "distance: Input should be 'near', 'mixed' or 'far' (found 'close')"),
        ("heldout: 0", "a scenario needs a `task`, or `heldout` documents"),
    ],
)
def test_a_mistake_in_a_scenario_file_is_one_line(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "s.yaml"
    key = line.split(":", 1)[0]
    good = {"why": "x", "distance": "far", "text": "[text/xx/a.txt]", "megabytes": "1", "tokens": "1e6"}
    path.write_text("\n".join(f"{k}: {v}" for k, v in good.items() if k != key) + f"\n{line}\n", encoding="utf8")
    with pytest.raises(Mistake, match=re.escape(said)):
        read_scenario(path)


def test_a_prompt_and_an_answer_are_made_of_a_row_s_fields() -> None:
    line = json.dumps({"messages": [{"role": "user", "content": "कहाँ?"}, {"role": "assistant", "content": "Here."}]})
    plain = Task(data="tasks/x", kind="generate", examples=100)
    made = Task(
        data="tasks/x", kind="generate", examples=100, prompt="{messages[0][content]}", answer="{messages[1][content]}"
    )
    assert plain.row(line) == line
    assert json.loads(made.row(line)) == {"prompt": "कहाँ?", "answer": "Here."}
    with pytest.raises(ValueError, match="`prompt` and `answer` together"):
        Task(data="tasks/x", kind="generate", examples=100, prompt="{text}")


def test_a_task_that_makes_nothing_of_its_rows_is_asked_for_as_before() -> None:
    assert not {"prompt", "answer"} & Task(data="tasks/x", examples=100).model_dump().keys()


@pytest.mark.parametrize(("share", "kept"), [(0.25, ["3", "7"]), (1.0, list("01234567")), (3.0, list("01234567"))])
def test_a_share_of_the_rows_is_spread_evenly(share: float, kept: list[str]) -> None:
    assert evenly(list("01234567"), share) == kept
