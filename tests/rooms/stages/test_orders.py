"""Tasks for other tools: what they ask for, that they are whole, and by those tools' own validators where these are."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from dono.errors import Mistake
from dono.project import load_project
from dono.stages.orders import ORDERS
from dono.stages.plan import Question, command

GOLDEN = Path(__file__).parents[2] / "golden"


def written(kind: str, folder: Path, **asked: Any) -> str:  # noqa: ANN401 - any field of the question
    """The task of one kind for seven billion parameters on 64 H100, or what is asked."""
    path = folder / kind
    question: dict[str, Any] = {"params": 7e9, "tokens": 140e9, "machine": "64xH100", kind: path} | asked
    command(Question(**question))
    return path.read_text(encoding="utf8")


def command_in(text: str) -> list[str]:
    """The words of the `dono build` in a task."""
    line = next(line for line in text.splitlines() if "dono build" in line)
    return shlex.split(line[line.index("dono build") :].rstrip("'"))


@pytest.mark.parametrize("kind", sorted(ORDERS))
def test_the_command_of_every_task_is_one_that_a_project_takes(kind: str, tmp_path: Path) -> None:
    words = command_in(written(kind, tmp_path))
    assert words[:3] == ["dono", "build", "dono.yaml"] and words[-4:] == ["--route", "scratch", "--on", "auto"]
    for name in ("train.jsonl", "test.jsonl"):
        (tmp_path / name).write_text("{}", encoding="utf8")
    (tmp_path / "dono.yaml").write_text(
        "project: a\nuse_cases: [{name: b, kind: classify, train: train.jsonl, test: test.jsonl}]\nbudget: {hours: 1}\n"
    )
    project = load_project(tmp_path / "dono.yaml", words[3:-4])
    assert project.machine.count == 64 and project.machine.gpu == "H100-80GB" and project.budget.tokens == 140e9
    assert 12 * project.scratch.width**2 * project.scratch.layers == pytest.approx(6e9, rel=0.1)


def test_a_skypilot_task_asks_for_whole_nodes(tmp_path: Path) -> None:
    task = yaml.safe_load(written("skypilot", tmp_path))
    assert (task["num_nodes"], task["resources"]["accelerators"]) == (8, "H100:8")
    task = yaml.safe_load(written("skypilot", tmp_path, machine="4xA100-80GB", lora=True, params=8e9))
    assert (task["num_nodes"], task["resources"]["accelerators"]) == (1, "A100-80GB:4")
    assert subprocess.run(["bash", "-n"], input=task["run"], text=True, check=False).returncode == 0


def test_skypilot_itself_takes_the_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    sky = pytest.importorskip("sky", reason="needs skypilot, which asks for older libraries than ours")
    written("skypilot", tmp_path)
    assert sky.Task.from_yaml(str(tmp_path / "skypilot")).num_nodes == 8


def test_a_batch_script_has_what_sbatch_reads_and_is_a_script(tmp_path: Path) -> None:
    text = written("slurm", tmp_path)
    options = dict(
        line.removeprefix("#SBATCH --").partition("=")[::2] for line in text.splitlines() if "#SBATCH" in line
    )
    assert options["nodes"] == "8" and options["gpus-per-node"] == "8" and options["requeue"] == ""
    days, _, clock = options["time"].partition("-")
    hours, minutes, seconds = (int(part) for part in clock.split(":"))
    assert hours < 24 and minutes < 60 and seconds == 0
    assert 90 < int(days) * 24 + hours + minutes / 60 < 120  # the longest of `dono plan`
    lines = text.splitlines()
    first = next(n for n, line in enumerate(lines) if not line.startswith("#"))
    assert all(
        n < first for n, line in enumerate(lines) if line.startswith("#SBATCH")
    )  # sbatch stops at the first command
    bash = shutil.which("bash")
    assert bash is not None and subprocess.run([bash, "-n"], input=text, text=True, check=False).returncode == 0


def test_a_rayjob_is_valid_by_the_schema_of_its_resource(tmp_path: Path) -> None:
    """The schema is KubeRay's own, without what pods are made of: see tests/golden/rayjob.md."""
    job = yaml.safe_load(written("rayjob", tmp_path))
    schema = json.loads((GOLDEN / "rayjob.schema.json").read_text(encoding="utf8"))
    jsonschema.Draft202012Validator(schema).validate(job)
    workers = job["spec"]["rayClusterSpec"]["workerGroupSpecs"][0]
    container = workers["template"]["spec"]["containers"][0]
    assert workers["replicas"] == 8 and container["resources"]["limits"]["nvidia.com/gpu"] == "8"
    workers["replica"] = 8
    with pytest.raises(jsonschema.ValidationError, match="replica"):
        jsonschema.Draft202012Validator(schema).validate(job)


def test_what_no_task_can_be_written_for_is_refused_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match=r"20 GPUs are no whole machines of 8.*multiple of 8"):
        written("slurm", tmp_path, machine="20xH100")
    with pytest.raises(Mistake, match="for GPUs alone"):
        written("rayjob", tmp_path, machine="8xTPUv4", params=1e9)
    assert not list(tmp_path.iterdir())
