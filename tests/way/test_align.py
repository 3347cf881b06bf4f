"""`dono align`: from a desk's ratings, files or a computed reward to a better model, its card, the next questions."""

from __future__ import annotations

import gc
import json
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, LlamaForCausalLM

from dono.alignfile import load_align
from dono.artifacts import Artifact, Store
from dono.ratings import Candidate, Desk, DeskSettings, EventStore, Item, Turn, read_items
from dono.runfile import load_run
from dono.stages.align import open_round
from dono.stages.align_data import gather_prompts
from dono.stages.align_ready import get_ready
from dono.stages.display import Display
from dono.training.checkpoint import BEST
from tests import command_line
from tests.rooms.stages.runs_of_train import write_data, write_run
from tests.way.conftest import dono, finished

RECIPE = Path(__file__).parents[2] / "recipes" / "align"
REWARD = (
    "def yes(prompt, answer, row):\n    return float(answer.startswith('yes'))\n\ndef broken(*a):\n    return 1 / 0\n"
)
SMALL = (
    "policy: {prompts: 4, answers: 4, max_new_tokens: 10, look_steps: 3, looked_at: 8}\n"
    "precision: float32\nbatch_tokens: 512\nheld_out: 0.2\nquestions: 6\n"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data of each kind, and `base`: a model that answers, sometimes with yes and sometimes with no."""
    place = tmp_path_factory.mktemp("rounds")
    write_data(place)
    rows = [json.loads(line) for line in (place / "pairs.jsonl").read_text(encoding="utf8").splitlines()]
    both = [{"prompt": r["prompt"], "completion": r[side]} for r in rows for side in ("chosen", "rejected")]
    (place / "both.jsonl").write_text("".join(json.dumps(r) + "\n" for r in both), encoding="utf8")
    (place / "reward.py").write_text(REWARD, encoding="utf8")
    settings = {"data": "both.jsonl", "objective": "masked_answers", "out": "base", "epochs": 3, "validation": 0}
    assert run("train", write_run(place, **settings)) == 0
    return place


def run(command: str, path: Path, *overrides: str) -> int:
    return command_line.run(command, str(path), *overrides)


def round_file(folder: Path, **settings: object) -> Path:
    path = folder / "align.yaml"
    lines = "".join(f"{key}: {value}\n" for key, value in ({"model": "base", "name": "one"} | settings).items())
    path.write_text(lines + SMALL, encoding="utf8")
    return path


def made(folder: Path, name: str, kind: str = "aligned") -> Artifact:
    (found,) = (a for a in Store(folder / "work").all() if a.kind == kind and a.name == name)
    return found


def figures(artifact: Artifact) -> dict[tuple[str, str], float]:
    rows: Any = artifact.result["measurements"]
    return {(row["metric"], row["split"]): row["value"] for row in rows if row["language"] == "all"}


def open_desk(folder: Path) -> None:
    """A desk at which two people preferred the answers that begin with yes."""
    folder.mkdir()
    (folder / "desk.yaml").write_text("raters: [{name: Asha, languages: [en]}]\n", encoding="utf8")
    desk = Desk(EventStore(folder / "desk.sqlite"), random.Random(0))
    settings = {"overlap": 2, "gold_every": 0, "repeat_every": 0, "floor_seconds": 0, "pay": {"per_item": 3}}
    desk.configure(DeskSettings.model_validate(settings))
    words = ("parcel", "late", "city", "shoe", "money")
    asked = [" ".join((a, b, c)) for a in words for b in words[:3] for c in words[:2]]
    desk.add_items(
        [
            Item(
                id=prompt, kind="pair", prompt=(Turn(role="user", text=prompt),), language="en",
                answers=tuple(
                    Candidate(text=f"{word} {prompt}", model=model)
                    for word, model in (("yes", "old"), ("no", "new"))[:: 1 if number % 2 else -1]
                ),
            )
            for number, prompt in enumerate(asked)
        ]
    )  # fmt: skip
    for name in ("Asha", "Bina"):
        desk.admit(name, languages=["en"])
        while not isinstance(lease := desk.next(name), str):
            better = asked.index(lease.item) % 2 == 0
            desk.submit(name, lease.id, {"choice": str(lease.order.index(int(better)) + 1)})
    desk.store.close()


def test_a_desks_ratings_become_a_better_model_its_card_and_new_questions(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    open_desk(folder / "desk")
    path = round_file(folder, preferences="desk", desk="desk", rate=1e-3, epochs=3)
    assert run("align", path) == 0
    said = capsys.readouterr()
    artifact = made(folder, "one")
    found = figures(artifact)
    assert found["pairs_ranked_right", "after"] > 0.9 > 0.5 > found["pairs_ranked_right", "before"]
    AutoModelForCausalLM.from_pretrained(artifact.path)
    card = (artifact.path / "README.md").read_text(encoding="utf8")
    assert "Desk desk: 2 people gave 60 ratings" in card and "earned ₹180" in card
    assert "Krippendorff's alpha, pair: 1.000" in card and "Shown blind, new wins 1% against old" in card
    assert not any(name in card for name in ("Asha", "Bina"))
    items, rejected = read_items(folder / "desk" / f"one-{artifact.id[:8]}.jsonl")
    assert 0 < len(items) <= 6 and not rejected and f"{len(items)} questions" in said.out
    assert {a.model for i in items for a in i.answers} == {f"base@{base_of(artifact)[:8]}", f"one@{artifact.id[:8]}"}
    assert all(i.answers[0].text != i.answers[1].text for i in items)
    why = list(Store(folder / "work").why(artifact))
    assert why[0].startswith("aligned one") and any("desk desk @" in line for line in why)
    assert run("align", path) == 0 and made(folder, "one").path == artifact.path
    capsys.readouterr()
    assert run("why", artifact.path) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == f"aligned one @{artifact.id}" and f"  base base @{base_of(artifact)}" in told


def base_of(artifact: Artifact) -> str:
    return next(r.id for r in artifact.made_from if r.kind == "base")


@pytest.mark.parametrize("method", ["rloo", "grpo", "ppo"])
def test_a_reward_model_is_learned_reported_on_and_followed(folder: Path, method: str) -> None:
    path = round_file(folder, preferences="pairs.jsonl", method=method, name=method, rate=3e-3, steps=9)
    assert run("align", path, "reward_model.rate=3e-3", "reward_model.epochs=2", "divergence_weight=0") == 2
    assert run("align", path, "reward_model.rate=3e-3", "reward_model.epochs=2", "policy.divergence_weight=0") == 0
    artifact = made(folder, method)
    found = figures(artifact)
    assert found["reward", "after"] > found["reward", "before"] and found["divergence", "before"] == 0
    card = (artifact.path / "README.md").read_text(encoding="utf8")
    assert "pairs ranked as people did" in card and "## While it learned" in card
    judge = json.loads((made_reward(folder).path / "judge.json").read_text(encoding="utf8"))
    assert judge["accuracy"][0]["lo"] > 0.5
    AutoModelForCausalLM.from_pretrained(artifact.path)


def made_reward(folder: Path) -> Artifact:
    return next(a for a in Store(folder / "work").all() if a.kind == "reward-model")


def test_a_computed_reward_goes_through_the_same_door_and_the_gold_is_watched(folder: Path) -> None:
    settings = {"reward": "reward.py:yes", "gold": "reward.py:yes", "prompts": "pairs.jsonl", "name": "computed"}
    assert run("align", round_file(folder, **settings, rate=3e-3, steps=12)) == 0
    found = figures(made(folder, "computed"))
    assert found["reward", "after"] > found["reward", "before"] and "gold reward" in card_of(folder, "computed")
    assert found["gold_reward", "after"] >= found["reward", "after"]


def card_of(folder: Path, name: str) -> str:
    return (made(folder, name).path / "README.md").read_text(encoding="utf8")


KILLED: dict[str, tuple[dict[str, object], tuple[str, ...]]] = {
    "ppo": ({"reward": "reward.py:yes", "prompts": "pairs.jsonl", "method": "ppo"}, ("batches.jsonl", "looks.jsonl")),
    "rloo": (
        {"reward": "reward.py:yes", "prompts": "pairs.jsonl", "lora": "{rank: 4}"}, ("batches.jsonl", "looks.jsonl")
    ),
    "dpo": ({"preferences": "pairs.jsonl", "loss": "{most_divergence: 9}", "lora": "{rank: 4}"}, ("drift.jsonl",)),
}  # fmt: skip


@pytest.mark.parametrize("name", KILLED)
def test_a_round_that_is_killed_in_the_middle_comes_to_the_same_model(folder: Path, name: str) -> None:
    asked, files = KILLED[name]
    settings = asked | {"rate": 3e-3, "steps": 10, "save_minutes": 1e-6}
    of_whole, of_killed = (f"work-{which}-{name}" for which in ("whole", "killed"))
    whole = round_file(folder, **settings, name="whole", work=of_whole)
    assert run("align", whole, "policy.uses=2") == 0
    path = round_file(folder, **settings, name="killed", work=of_killed)
    process = dono(folder, "align", str(path), "policy.uses=2")
    while process.poll() is None and lines(folder / of_killed, files[0]) < 3:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    finished(process)
    assert process.returncode == -signal.SIGKILL and run("align", path, "policy.uses=2") == 0
    one, other = (next((folder / w / "aligned").iterdir()) for w in (of_whole, of_killed))
    for file in ("model.safetensors", *files):
        assert (one / file).read_bytes() == (other / file).read_bytes(), file
    assert not any((other / left).exists() for left in ("sampled", "state", BEST))


def lines(work: Path, name: str) -> int:
    found = list(work.glob(f"aligned/*/{name}"))
    return found[0].read_bytes().count(b"\n") if found else 0


@pytest.mark.parametrize(("lora", "models"), [("null", 2), ("{rank: 4}", 1)])
def test_beside_an_adapter_no_second_model_is_held_as_the_reference(
    folder: Path, tmp_path: Path, lora: str, models: int
) -> None:
    file = round_file(folder, reward="reward.py:yes", prompts="pairs.jsonl", method="rloo", lora=lora)
    round_ = open_round(load_align(file), Store(tmp_path), Display())
    gc.collect()
    before = {id(o) for o in gc.get_objects() if type(o) is LlamaForCausalLM}
    ready = get_ready(round_, tmp_path / "run", gather_prompts(round_.align, None, round_.display), None)
    gc.collect()
    held = [o for o in gc.get_objects() if type(o) is LlamaForCausalLM and id(o) not in before]
    assert len(held) == models and len({id(ready.reader.model), id(ready.bench.reference.model)}) == models


def test_a_dry_run_says_what_it_would_spend_and_makes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = round_file(folder, preferences="pairs.jsonl", work="nothing", machine="{price_per_hour: 90}")
    for method in ("dpo", "rloo"):
        assert run("align", path, f"method={method}", "--dry-run") == 0
        said = capsys.readouterr().err
        assert "steps: " in said and "money: INR" in said and "memory: about" in said
    assert "first, the reward model:" in said and not (folder / "nothing").exists()


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["preferences=nowhere"], "no such file or folder 'nowhere'"),
        (["model=./nowhere"], "no such directory"),
        (["method=kto"], "kto learns from thumbs, and there are none. Leave `method` out: there are pairs"),
        (["preferences=texts.jsonl"], "nothing in it prefers one answer"),
        (["preferences=[]"], "give `preferences`"),
        (["method=grpo", "policy.answers=1"], "policy.answers must be at least 2"),
        (["polcy.answers=1"], "Did you mean 'policy'?"),
        (["method=dpo", "reward=reward.py:yes"], "dpo learns from preferences"),
        (["reward=reward.py:no"], "has no function 'no'"),
        (["reward=chrf"], "a prompt has no expected answer"),
        (["reward=no.such.module:f"], "cannot be imported"),
        (["reward=reward.py"], "names no function"),
        (["reward=reward.py:broken"], "it raised ZeroDivisionError: division by zero"),
        (["method=rloo", "policy.max_new_tokens=60"], "leave no room for a prompt"),
        (["method=rloo", "tokens=100"], "samples its own texts"),
        (["method=rloo", "loss.beta=1"], "`loss` is of methods that sample nothing"),
        (["method=orpo", "loss.chosen_weight=1"], "orpo has none. It belongs to dpo"),
        (["loss.most_divergence=0.01", "rate=0.01"], "at the first look the divergence of"),
        (["held_out=0.001"], "too few to hold a share"),
    ],
)
def test_a_persons_mistake_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], overrides: list[str], said: str
) -> None:
    path = round_file(folder, preferences="pairs.jsonl", work="work-mistakes")
    assert run("align", path, *overrides) == 2
    err = capsys.readouterr().err
    assert said in err and "Traceback" not in err
    assert not list((folder / "work-mistakes").glob("aligned/*/artifact.json"))


def test_answers_that_never_end_are_said_and_stop_the_round(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = round_file(folder, reward="reward.py:yes", prompts="pairs.jsonl", name="cut", steps=12)
    assert run("align", path, "policy.max_new_tokens=1") == 2
    err = capsys.readouterr().err
    assert "step 0: 100% of answers are cut" in err and err.count("of answers are cut") == 1
    assert "more than half in each of the last 10 steps" in err


def test_a_model_too_far_away_is_stopped_and_the_best_weights_kept(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = round_file(folder, reward="reward.py:yes", prompts="pairs.jsonl", name="far", rate=1e-2, steps=30)
    assert run("align", path, "policy.most_divergence=0.5", "policy.divergence_weight=0") == 0
    assert "is above 0.5" in capsys.readouterr().err and "Stopped early" in card_of(folder, "far")
    looks = [json.loads(x) for x in (made(folder, "far").path / "looks.jsonl").read_text(encoding="utf8").splitlines()]
    near = [look["rewards"] for look in looks if look["divergence"] <= 0.5]
    best = max(sum(rewards) / len(rewards) for rewards in near)
    assert figures(made(folder, "far"))["reward", "after"] == pytest.approx(best)
    assert looks[-1]["step"] < 30


def test_pairs_that_lead_too_far_away_stop_the_round_at_the_last_look_that_was_nearer(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for tidy in ("dono.stages.train._tidy", "dono.stages.align.tidy"):  # what was put back is still there
        monkeypatch.setattr(tidy, lambda folder: None)
    path = round_file(folder, preferences="pairs.jsonl", name="free", rate=1e-3, epochs=12, method="dpo")
    assert run("align", path, "loss.most_divergence=1e9") == 0
    free = drifts(folder, "free")
    assert len(free) >= 10 and max(free) > free[0]
    limit = (free[0] + max(free)) / 2
    assert run("align", path, f"loss.most_divergence={limit}", "name=drifted") == 0
    artifact, looks = made(folder, "drifted"), drifts(folder, "drifted")
    assert looks == free[: len(looks)] and max(looks[:-1]) <= limit < looks[-1]
    assert figures(artifact)["divergence", "after"] == looks[-2]
    kept, model = load_file(artifact.path / "best.safetensors"), load_file(artifact.path / "model.safetensors")
    assert kept and all(torch.equal(value, model[name.removeprefix("model.")]) for name, value in kept.items())
    assert f"is above {limit:g}; the weights" in capsys.readouterr().err and "Stopped early" in card_of(
        folder, "drifted"
    )


def drifts(folder: Path, name: str) -> list[float]:
    rows = (made(folder, name).path / "drift.jsonl").read_text(encoding="utf8").splitlines()
    return [json.loads(row)["divergence"] for row in rows]


def test_the_recipe_loads() -> None:
    align = load_align(RECIPE / "align.yaml")
    assert align.path(align.model) == load_run(RECIPE / "run.yaml").out_folder
    assert align.reward == "chrf" and align.method is None


def test_two_models_answers_become_questions_for_the_desk(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk = folder / "second desk"
    desk.mkdir()
    (desk / "desk.yaml").write_text("raters: [{name: Asha, languages: [en]}]\n", encoding="utf8")
    models = ["--answers", str(folder / "base"), "--answers", str(made(folder, "one").path)]
    prompts = ["--prompts", str(folder / "pairs.jsonl"), "--max-new-tokens", "10"]
    assert run("rate", desk, *models, *prompts, "--dry-run") == 0
    assert "questions" in capsys.readouterr().out
    (file,) = desk.glob("*.jsonl")
    items, _ = read_items(file)
    assert items and {i.kind for i in items} == {"pair"}
    assert run("rate", desk, *models[:2], *prompts, "--dry-run") == 0
    assert {i.kind for f in desk.glob("*.jsonl") for i in read_items(f)[0]} == {"pair", "thumbs"}
    assert run("rate", desk, *models[:2], "--dry-run") == 2
    assert "--prompts" in capsys.readouterr().err
