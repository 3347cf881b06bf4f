"""A project with a full work folder, made in a moment: nothing is trained, what pilots would have left is written."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.testclient import TestClient

from dono.artifacts import LOG, Artifact, Json, Measurement, Reference, Store, write_measurements
from dono.decisions import ArmEvidence, CostPart, Grounds, Number, UseCaseQuestion, Verdict, judged_again
from dono.project import Project
from dono.studio.site import Site, make_studio
from dono.studio.site.answering import Service
from dono.studio.site.site import nothing
from dono.studio.survey import write_survey
from tests.rooms.decisions.evidence import arm, fixed, learner, pilot, rupees
from tests.rooms.studio.surveyed import HOSTILE, SCRIPTS, survey

PROJECT = """
project: festival-desk
currency: INR
corpus:
  - {name: orders, kind: jsonl, path: orders.jsonl, rights: {ground: consent, purpose: [train], notice: N-2025-04,
     children: excluded}}
use_cases:
  - {name: intent, kind: classify, train: train.jsonl, test: test.jsonl, bar: 0.8}
  - {name: reply, kind: generate, train: train.jsonl, test: test.jsonl}
bases: [./base]
budget: {hours: 24, pilot_share: 0.05}
machine: {gpu: this, price_per_hour: 25}
serving: {requests_per_day: 20_000, tokens_in: 40, tokens_out: 40}
"""
ASKED: dict[str, Json] = {
    "currency": "INR", "budget": {"hours": 24.0}, "use_cases": [{"name": "intent", "bar": 0.8}, {"name": "reply"}],
}  # fmt: skip
"""What the verdict's project file said, by an older Dono that knew fewer keys."""
ARMS = ("scratch/own", "finetune/lora", "continue/kept")
SCALES = (0.0625, 0.25)
LANGUAGES = ("hi", "ta", "ur", "en")
NOWHERE = Reference("base", "1234567890abcdef", f"Base {HOSTILE}")


def project_file(folder: Path) -> Path:
    """A project with files, and nothing made yet."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dono.yaml").write_text(PROJECT, encoding="utf8")
    for name in ("orders", "train", "test"):
        (folder / f"{name}.jsonl").write_text('{"text": "x", "label": "y"}\n', encoding="utf8")
    return folder / "dono.yaml"


def log_of(steps: int, start: float, *, first: int = 1, bits: bool = True) -> str:
    """A log whose loss falls as a power of the step."""
    rows = []
    for step in range(first, first + steps):
        loss = start * step**-0.3 + 0.02 * math.sin(step)
        row = {"step": step, "total": first + steps - 1, "loss": loss, "bits_per_byte": loss / 3 if bits else None,
               "rate": 1e-3, "tokens": 256 * step, "tokens_per_second": 900.0, "seconds": 0.2 * step, "left": 3.0,
               "spent": 0.0, "cap": None}  # fmt: skip
        rows.append(json.dumps(row))
    return "\n".join(rows) + "\n"


def run(
    store: Store, case: str, arm_name: str, scale: float, made_from: Sequence[Reference], **result: Json
) -> Artifact:
    """A finished pilot with log, measurements and answers in several scripts, a hostile one among them."""
    spec: dict[str, Json] = {
        "arm": arm_name,
        "use_case": case,
        "scale": scale,
        "seed": 0,
        "full": bool(result.get("full")),
    }
    metric = "macro_f1" if case == "intent" else "chrf"
    unit = 1.0 if case == "intent" else 100.0

    def make(folder: Path) -> dict[str, Json]:
        if arm_name != "prompt/zero-shot":
            (folder / LOG).write_text(log_of(30, 8.0 - scale, bits=False), encoding="utf8")
        write_measurements(
            folder / "measurements.jsonl",
            [
                Measurement(
                    run=folder.name, use_case=case, arm=arm_name, metric=metric, split="test", language=tag,
                    value=unit * (0.5 + scale / 4 + 0.01 * i), stderr=unit * 0.02, n=50, scale=scale, tokens=1e5,
                    examples=10, flops=1e9, seconds=9.0, money=0.1, seed=0,
                )
                for i, tag in enumerate(("all", *LANGUAGES))
            ],
        )  # fmt: skip
        answers = [{"prompt": SCRIPTS[t][1], "answer": SCRIPTS[t][1] if scale > 0.1 else HOSTILE,
                    "expected": SCRIPTS[t][1], "language": t} for t in LANGUAGES]  # fmt: skip
        (folder / "samples.json").write_text(json.dumps(answers, ensure_ascii=False), encoding="utf8")
        return {"own_seconds": 9.5, "seconds": 9.0, "tokens": 1e5, "failed": result.get("failed"), "notes": []}

    return store.make("run", spec, make, made_from=made_from, name=f"{arm_name} · {case} × {scale:g}")


def evidence(scratch: float, lora: float, unit: float) -> list[ArmEvidence]:
    """Two learners whose curves cross, and a prompt; they cost money, people and serving."""
    rows = [
        learner("scratch/own", lambda s: unit * (scratch + 0.12 * math.log10(s)), cost=400, stderr=0.01 * unit),
        learner("finetune/lora", lambda s: unit * (lora + 0.05 * math.log10(s)), cost=40, stderr=0.01 * unit),
        fixed("prompt/zero-shot", 0.4 * unit, stderr=0.02 * unit),
        arm("continue/kept", [pilot(0.1, 0.3 * unit)], failed=f"the corpus is too small {HOSTILE}"),
    ]
    parts = (CostPart(name="engineers", amount=rupees(20_000)), CostPart(name="storage", amount=rupees(100)))
    month = {"scratch/own": 60.0, "finetune/lora": 900.0}
    return [
        ArmEvidence(**{**vars(e), "beside": parts, "serving_per_month": _month(month.get(e.arm)), "samples": ()})
        for e in rows
    ]  # fmt: skip


def _month(value: float | None) -> Number | None:
    return None if value is None else rupees(value).model_copy(update={"unit": "INR a month"})


def grounds() -> Grounds:
    """Of two use cases."""
    asked = {"kind": "classify", "traffic": 20_000.0}
    return Grounds(
        questions={
            "intent": UseCaseQuestion(name="intent", metric="macro_f1", bar=0.8, **asked),  # type: ignore[arg-type]
            "reply": UseCaseQuestion(name="reply", metric="chrf", bar=None, **{**asked, "kind": "generate"}),  # type: ignore[arg-type]
        },
        evidence={"intent": evidence(0.9, 0.8, 1.0), "reply": evidence(0.55, 0.62, 100.0)},
        seed=0, currency="INR", money=None, hours=24.0, worth={"intent": 50_000.0},
    )  # fmt: skip


def verdict(of: Grounds) -> Verdict:
    """What the head says of these grounds."""
    nothing = Verdict(
        project="festival-desk", created="2026-11-20T09:30:00+00:00", currency="INR", sentence="", use_cases=(),
        portfolio=(), portfolio_cost=rupees(0), shared=(), budget={"money": None, "hours": 24.0, "pilot_share": 0.05},
        spent={"pilot_seconds": 300.0, "pilot_money": 2.0}, machine="this machine",
        speed=Number(value=2e9, unit="FLOP/s", label="measured"), assumptions=(), data={}, measured=("9 pilots",),
        warnings=(f"the column {HOSTILE} tells the target by itself",), calibration=(),
    )  # fmt: skip
    return judged_again(nothing, of)


def work_folder(file: Path) -> Store:
    """Everything that a decided and built project leaves, half a run more, and a pilot that failed."""
    store = Store(file.parent / "work")
    files = [Reference("file", f"{n:016x}", f"part-{n}.jsonl") for n in range(12)]
    corpus = store.make(
        "corpus", {"sources": [{"name": "orders"}]}, lambda f: {"documents": 9}, made_from=files, name="desk"
    )
    tokens = store.make("tokens", {"of": corpus.id}, lambda f: {}, made_from=[corpus.reference], name="own")
    kept: list[Artifact] = []
    for name in ARMS:

        def learn(folder: Path, name: str = name) -> dict[str, Json]:
            (folder / LOG).write_text(log_of(120, 9.0 + ARMS.index(name)), encoding="utf8")
            return {"own_seconds": 40.0, "tokens": 3e5, "seconds": 40.0}

        trunk = store.make(
            "trunk", {"arm": name, "loop": {"seed": 0}}, learn, made_from=[tokens.reference, NOWHERE], name=name
        )
        for scale in SCALES:
            for case in ("intent", "reply"):
                kept.append(run(store, case, name, scale, [trunk.reference]))
    kept += [run(store, case, "prompt/zero-shot", 1.0, [NOWHERE]) for case in ("intent", "reply")]
    run(store, "intent", "continue/replaced", 0.1, [tokens.reference], failed=f"no room for {HOSTILE}")
    full = run(store, "intent", "scratch/own", 1.0, kept[0].made_from, full=True)
    _build(store, full)
    _judge(store, kept)
    half = store.path("trunk", {"arm": "scratch/own", "half": True})
    half.mkdir(parents=True)
    begun = {
        "kind": "trunk",
        "name": "scratch/own",
        "spec": {"loop": {"seed": 1}},
        "made_from": [],
        "made_by": {"when": "2026-11-20T10:00:00+00:00"},
    }
    (half / ".begun.json").write_text(json.dumps(begun), encoding="utf8")
    (half / LOG).write_text(log_of(17, 9.5) + '{"step": 18, "lo', encoding="utf8")
    write_survey(survey(), store.root / "survey.html")
    return store


def _build(store: Store, full: Artifact) -> None:
    def make(folder: Path) -> dict[str, Json]:
        (folder / "measurements.jsonl").write_bytes((full.path / "measurements.jsonl").read_bytes())
        (folder / "README.md").write_text(f"# The card\n\n{HOSTILE}\n", encoding="utf8")
        outcome = {"predicted": 0.9, "predicted_lo": 0.8, "predicted_hi": 0.95, "interval_held": "no", "measured": 0.75}
        (folder / "outcome.json").write_text(json.dumps(outcome), encoding="utf8")
        return {"use_case": "intent", "arm": "scratch/own"}

    store.make("model", {"run": full.id}, make, made_from=[full.reference], name="intent-scratch/own")


def _judge(store: Store, kept: Sequence[Artifact]) -> None:
    of = grounds()

    def make(folder: Path) -> dict[str, Json]:
        (folder / "verdict.json").write_text(verdict(of).model_dump_json(), encoding="utf8")
        (folder / "grounds.json").write_text(of.as_json(), encoding="utf8")
        return {}

    store.make("verdict", {"asked": ASKED}, make, made_from=[k.reference for k in kept], name="desk-verdict")


def opened(
    file: Path, *, open_door: bool = True, inside: FastAPI | None = None, service: Service | None = None,
    needs: Callable[[Project], list[str]] = nothing,
) -> tuple[Site, FastAPI]:  # fmt: skip
    """The studio of a project file."""
    site = Site(file, service=service, needs=needs)
    return site, make_studio(site, open_door=open_door, inside=inside)


@contextmanager
def visited(
    file: Path, *, open_door: bool = True, service: Service | None = None,
    needs: Callable[[Project], list[str]] = nothing,
) -> Iterator[tuple[Site, TestClient]]:  # fmt: skip
    """The studio, and a browser without scripts on the same machine."""
    site, app = opened(file, open_door=open_door, service=service, needs=needs)
    with TestClient(app, base_url="http://127.0.0.1:8750", client=("127.0.0.1", 50000)) as client:
        try:
            yield site, client
        finally:
            site.close()
