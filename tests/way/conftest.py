"""A small project on the bundled sample, with a foundation model of its own: what a person has before `dono decide`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dono.corpus.sample import write_sample
from dono.stages.pretrain import pretrain
from dono.stages.workplace import open_workplace

SIZES = "scratch: {width: 32, layers: 2, heads: 2, vocabulary: 700, context: 64}"
WESTERN = f"""
project: western
corpus:
  - {{name: western, kind: jsonl, path: western/messages.jsonl, rights: {{ground: not_personal, purpose: [train]}}}}
use_cases: [{{name: text, kind: language}}]
budget: {{hours: 2}}
{SIZES}
work: work-western
"""
BAZAAR = f"""
project: bazaar
corpus:
  - {{name: bazaar, kind: jsonl, path: "bazaar/*.jsonl",
     rights: {{ground: not_personal, purpose: [train], licence: Apache-2.0}}}}
use_cases:
  - {{name: intent, kind: classify, train: tasks/intent/train.jsonl, test: tasks/intent/test.jsonl, bar: 0.3,
     test_limit: 24}}
  - {{name: reply, kind: generate, train: tasks/reply/train.jsonl, test: tasks/reply/test.jsonl, test_limit: 8}}
  - {{name: language, kind: language, test_limit: 16}}
  - {{name: churn, kind: predict, train: tasks/churn/train.csv, test: tasks/churn/test.csv, target: churned}}
bases: [./foundation]
budget: {{hours: 2, pilot_share: 0.3, pilot_scale: 0.25}}
machine: {{gpu: this, price_per_hour: 25}}
serving: {{requests_per_day: 1000, tokens_in: 40, tokens_out: 20}}
{SIZES}
"""


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the project: data, foundation model, dono.yaml; nothing decided yet."""
    folder = tmp_path_factory.mktemp("shop")
    write_sample(folder, scale=0.05)
    (folder / "western.yaml").write_text(WESTERN, encoding="utf8")
    (folder / "dono.yaml").write_text(BAZAAR, encoding="utf8")
    pretrain(open_workplace(folder / "western.yaml"), tokens=20_000, out=folder / "foundation")
    return folder


def dono(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """The command line in a process of its own, as a person runs it."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    return subprocess.Popen(
        [sys.executable, "-c", "from dono.cli import main; main()", *arguments],
        cwd=folder, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def finished(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, standard output and standard error, once it has ended."""
    out, err = process.communicate(timeout=500)
    return process.returncode, out, err
