"""`dono train`: from a run file to a model directory, stopped and gone on from, alone and with a second process."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from dono.artifacts import Measurement, read_log
from dono.corpus.sample import write_sample
from dono.models import load_adapter, load_model
from dono.runfile import load_run
from tests import command_line
from tests.rooms.stages.runs_of_train import write_data, write_run
from tests.way.conftest import dono, finished

RECIPE = Path(__file__).parents[2] / "recipes" / "train" / "run.yaml"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data of each kind, and `base`: a model that one run has made of the texts."""
    place = tmp_path_factory.mktemp("runs")
    write_data(place)
    assert run(write_run(place, out="base", epochs=4)) == 0
    return place


def run(path: Path, *overrides: str) -> int:
    """The exit code of `dono train` in this process."""
    return command_line.run("train", str(path), *overrides)


def measured(out: Path) -> dict[tuple[str, str], float]:
    told = json.loads((out / "result.json").read_text(encoding="utf8"))
    rows = [Measurement(**row) for row in told["measurements"]]
    return {(row.metric, row.split): row.value for row in rows}


def test_texts_become_an_ordinary_model_directory_that_has_learned(folder: Path) -> None:
    base = folder / "base"
    tokenizer, model = AutoTokenizer.from_pretrained(base), AutoModelForCausalLM.from_pretrained(base)
    assert model.config.vocab_size == len(tokenizer)
    found = measured(base)
    assert found["bits_per_byte", "after"] < 0.8 * found["bits_per_byte", "before"]
    assert "| bits_per_byte | after |" in (base / "README.md").read_text(encoding="utf8")
    assert load_run(base / "run.yaml").steps
    made = {"asked.json", "events", "loss_curve.svg", "rejects.jsonl", "result.json", "trainer_log.jsonl"}
    assert {p.name for p in base.iterdir()} >= made
    assert not (base / "state").exists() and not (base / "tokens").exists()


def test_a_finished_run_is_not_repeated(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (folder / "base" / "model.safetensors").stat().st_mtime_ns
    assert run(write_run(folder, out="base", epochs=4)) == 0
    assert "finished before" in capsys.readouterr().err
    assert (folder / "base" / "model.safetensors").stat().st_mtime_ns == before


def test_other_settings_in_the_same_folder_are_one_line_that_names_them(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(write_run(folder, out="base", epochs=4), "rate=0.5", "caps.hours=3") == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert "settings.rate: None → 0.5" in last and "caps" not in last


def test_a_folder_that_holds_something_else_is_left_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "mine").mkdir()
    (folder / "mine" / "letter.txt").write_text("keep", encoding="utf8")
    assert run(write_run(folder, out="mine")) == 2
    assert "holds something else (letter.txt)" in capsys.readouterr().err
    assert (folder / "mine" / "letter.txt").is_file()


def test_a_dry_run_says_what_it_would_spend_and_writes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(write_run(folder, out="none"), "--dry-run", "machine.price_per_hour=25") == 0
    said = capsys.readouterr().err
    for part in (
        "parameters",
        "recognised: 120 rows as text",
        "⟦",
        "tokens in all",
        "FLOPs",
        "memory:",
        "time:",
        "INR",
    ):
        assert part in said
    assert not (folder / "none").exists()


def test_chats_are_learned_by_low_rank_updates_merged_or_kept_apart(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_run(folder, model="./base", data="chats.jsonl", out="chatted", lora="{rank: 4}", validation=0.2)
    assert run(path) == 0
    assert "⟦" in capsys.readouterr().err
    found = measured(folder / "chatted")
    assert found["loss", "after"] < found["loss", "before"]
    assert run(path, "out=adapter", "lora.keep=adapter") == 0
    assert not (folder / "adapter" / "config.json").exists()
    merged, base = load_model(str(folder / "chatted")), load_model(str(folder / "base"))
    again = load_adapter(base, folder / "adapter").merge_and_unload()
    pairs = zip(merged.parameters(), again.parameters(), strict=True)
    assert all(float((one - other).detach().abs().max()) < 1e-5 for one, other in pairs)


@pytest.mark.parametrize("objective", ["dpo", "dpo_length_normalised", "simpo", "orpo", "kto"])
def test_preferences_are_learned_by_every_objective(folder: Path, objective: str) -> None:
    data = "thumbs.jsonl" if objective == "kto" else "pairs.jsonl"
    path = write_run(folder, model="./base", data=data, out=objective, objective=objective, validation=0.2, rate=1e-3)
    assert run(path) == 0
    found = measured(folder / objective)
    assert found["loss", "after"] < found["loss", "before"]
    assert (folder / objective / "reference.npy").is_file() == (objective in ("dpo", "dpo_length_normalised", "kto"))


def test_a_cap_saves_and_stops_and_a_larger_one_goes_on_to_the_same_model(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_run(folder, out="capped", epochs=4)
    assert run(path, "caps.money=1e-9", "machine.price_per_hour=1") == 3
    assert "stopped at the cap" in capsys.readouterr().err
    assert (folder / "capped" / "state").is_dir() and not (folder / "capped" / "result.json").exists()
    assert run(path) == 0
    assert same_weights(folder / "capped", folder / "base")


def same_weights(one: Path, other: Path) -> bool:
    return (one / "model.safetensors").read_bytes() == (other / "model.safetensors").read_bytes()


def test_a_run_that_sigterm_stops_goes_on_to_the_same_model(folder: Path) -> None:
    assert run(write_run(folder, out="whole", epochs=12)) == 0
    path = write_run(folder, out="stopped", epochs=12, validate_steps=1)
    process = dono(folder, "train", str(path))
    stopped = folder / "stopped"
    log = stopped / "trainer_log.jsonl"
    for _ in range(9000):
        if log.is_file() and log.read_bytes().count(b"\n") > 3:
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    code, _, err = finished(process)
    assert code == 130, err
    assert "Run the same command again to go on" in err
    assert (stopped / "state").is_dir() and not (stopped / "result.json").exists()
    assert run(path) == 0
    assert same_weights(stopped, folder / "whole")
    rows = read_log(log)
    assert [row["step"] for row in rows] == list(range(1, len(rows) + 1))
    held_out = [row.get("validation_bits_per_byte") for row in rows]
    assert all(held_out) and held_out[-1] == measured(stopped)["bits_per_byte", "after"]
    assert (stopped / "loss_curve.svg").read_text(encoding="utf8").count('class="held"') == len(rows) + 1


def test_two_processes_come_to_what_one_comes_to(folder: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = write_run(folder, out="two", epochs=4)
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-addr", "127.0.0.1"]
    command += ["--master-port", str(port), "-m", "dono", "train", str(path)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "PYTHONFAULTHANDLER": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("model: ") == 1 and done.stderr.count("recognised: ") == 1
    one, two = measured(folder / "base"), measured(folder / "two")
    assert two == pytest.approx(one, rel=2e-3)
    AutoModelForCausalLM.from_pretrained(folder / "two")


def test_without_held_out_rows_nothing_is_measured(folder: Path) -> None:
    assert run(write_run(folder, out="unmeasured", validation=0, steps=2)) == 0
    assert measured(folder / "unmeasured") == {}


def test_the_recipe_runs(tmp_path: Path) -> None:
    write_sample(tmp_path / "data", scale=0.02)
    shutil.copyfile(RECIPE, tmp_path / "run.yaml")
    assert run(tmp_path / "run.yaml", "tokens=5000", "caps.hours=1") == 0
    assert (tmp_path / "runs" / "bazaar" / "result.json").is_file()
