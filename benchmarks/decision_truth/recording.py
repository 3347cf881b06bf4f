"""Every route of a scenario run at every recorded scale, the full run among them, and kept.

The scales are halvings of the full run, so one trunk serves them all and a verdict at any share of the cost can be made
from them later. Everything is a sealed artifact of an ordinary work folder: killed anywhere, it goes on.
"""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import torch
import yaml

from benchmarks.decision_truth.kept import Kept, KeptArm, KeptCase, KeptRow, KeptSize
from benchmarks.decision_truth.scenarios import AMPLE_HOURS, RIGHTS, SPEED, Scenario, copy_text, write_project
from dono.artifacts import Artifact, fingerprint, identity, write_atomically
from dono.decisions import LOSS_UNDER
from dono.project import Architecture
from dono.stages.baseline import unlearned_of
from dono.stages.contenders import Contender, contenders
from dono.stages.oversight import Oversight
from dono.stages.pilots import plan_jobs
from dono.stages.predictive import predictive_pilots
from dono.stages.prepare import Case, Prepared, prepare
from dono.stages.pretrain import pretrain
from dono.stages.runs import RunSpec, carry_out, measurements_of
from dono.stages.schedule import Job, cases_for
from dono.stages.workplace import Workplace, open_workplace

SMALLEST = 8
"""Scales go down to 2 to the power of minus this, or to the shortest corpus stage that measures anything."""
LEAST_EXAMPLES = 8
"""Without a corpus stage scales go down to so many examples."""
SECOND_SEED = (1 / 32, 1 / 16)
"""Scales that are recorded with a second seed too, for second opinions where arms are close."""
BASE_TEXT = ("text/en/classic_books.txt", "text/en/pratham_storyweaver.txt", "text/en/common_voice.txt")
BASE_MEGABYTES, BASE_TOKENS = 6.0, 2e6
"""What the base has read, all English: several times the corpus stage of any scenario here."""


@dataclass(frozen=True)
class Rung:
    """One run to make."""

    contender: Contender
    case: Case
    scale: float
    seed: int


def lacking(scenario: Scenario, corpora: Path) -> list[str]:
    """Which of the files that the scenario and its base read are not there."""
    return [name for name in (*scenario.needs(), *BASE_TEXT) if not (corpora / name).is_file()]


def base_for(size: Architecture, corpora: Path, work: Path) -> Path:
    """The base of this size: pretrained by Dono on English once, and kept in the work folder."""
    folder = work / f"base-{identity(size.model_dump(mode='json'))[:8]}"
    copy_text(corpora, {text: Path(text).name for text in BASE_TEXT}, BASE_MEGABYTES, folder / "data")
    settings = {
        "project": "base",
        "corpus": [
            {"name": Path(t).stem, "kind": "text", "language": "en", "path": f"data/{Path(t).name}", "rights": RIGHTS}
            for t in BASE_TEXT
        ],
        "use_cases": [{"name": "text", "kind": "language"}],
        "budget": {"hours": AMPLE_HOURS},
        "scratch": size.model_dump(mode="json"),
        "commercial": False,
        "cleaning": {"workers": 1},
    }
    path = folder / "foundation.yaml"
    write_atomically(path, yaml.safe_dump(settings, sort_keys=False))
    place = open_workplace(path)
    with place.alone():
        pretrain(place, tokens=BASE_TOKENS, out=folder / "model")
    return folder / "model"


def record(name: str, scenario: Scenario, corpora: Path, work: Path) -> Kept:
    """Run everything and return what is to be kept. Raises `Mistake` for what a person can correct."""
    base = base_for(scenario.size, corpora, work)
    place = open_workplace(write_project(name, scenario, [str(base)], corpora, work / name))
    with place.alone():
        prepared = prepare(place)
        found, notes = contenders(place, prepared)
        who = [replace(c, flops_per_second=SPEED) for c in found]
        jobs = plan_jobs(place, prepared, who)
        rows, lost = _run(place, prepared, who, jobs)
    return Kept(
        name=name, asked=scenario.model_copy(update={"folder": Path()}), fingerprint=scenario.fingerprint,
        commit=_commit(), made=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=f"{platform.system()} {platform.machine()}, {torch.get_num_threads()} thread(s)",
        base=fingerprint(base), notes=(*notes, *lost),
        cases=tuple(_case(c) for c in prepared.cases), arms=tuple(_arm(c, jobs.get(c.name)) for c in who),
        rows=tuple(rows),
    )  # fmt: skip


def _run(
    place: Workplace, prepared: Prepared, who: Sequence[Contender], jobs: dict[str, Job]
) -> tuple[list[KeptRow], list[str]]:
    rows: list[KeptRow] = []
    lost: list[str] = []

    def keep(run: Artifact, arm: str, case: Case, scale: float, seed: int) -> None:
        if run.result.get("failed"):
            lost.append(f"{arm} · {case.use_case.name} × {scale:g}: {run.result['failed']}")
        rows.extend(_rows(run, arm, case, scale, seed))

    for one in predictive_pilots(place, prepared.cases):
        keep(one.run, one.arm, one.case, one.scale, place.project.training.seed)
    todo = list(_rungs(place, prepared, who, jobs))
    with place.display.task(place.project.project, len(todo)) as view:
        for number, rung in enumerate(todo):
            oversight = Oversight(partial(view.at, number))
            spec = RunSpec(
                contender=rung.contender, case=rung.case, scale=rung.scale, seed=rung.seed,
                scales=_scales(place, jobs.get(rung.contender.name), rung.seed),
            )  # fmt: skip
            keep(carry_out(place, spec, oversight), rung.contender.name, rung.case, rung.scale, rung.seed)
    return rows, lost


def _rungs(place: Workplace, prepared: Prepared, who: Sequence[Contender], jobs: dict[str, Job]) -> Iterator[Rung]:
    first = place.project.training.seed
    for contender in who:
        for seed in (first, first + 1):
            for scale in _scales(place, jobs.get(contender.name), seed):
                for case in cases_for(contender, prepared.cases):
                    yield Rung(contender, case, scale, seed)


def _scales(place: Workplace, job: Job | None, seed: int) -> tuple[float, ...]:
    """The recorded scales of an arm, from the smallest up: an arm that learns nothing has one, and one seed."""
    again = seed != place.project.training.seed
    if job is None:
        return () if again else (1.0,)
    least = job.least_scale(place)
    if not job.contender.corpus_tokens:
        least = LEAST_EXAMPLES / max(size.examples for size in job.sizes.values())
    halvings = [2.0**-k for k in range(SMALLEST, -1, -1)]
    kept = [s for s in halvings if s == 1 or least <= s <= place.project.budget.pilot_scale]
    return tuple(s for s in kept if not again or s in SECOND_SEED)


def _rows(run: Artifact, arm: str, case: Case, scale: float, seed: int) -> Iterator[KeptRow]:
    metric = case.use_case.judged_by
    measured = {m.metric: m for m in measurements_of(run) if m.language == "all"}
    if (m := measured.get(metric)) is None:
        return
    under = measured.get(LOSS_UNDER.get(metric, ""))
    yield KeptRow(
        arm=arm, case=case.use_case.name, scale=scale, seed=seed, value=round(m.value, 6), stderr=round(m.stderr, 6),
        n=m.n, tokens=m.tokens, examples=m.examples, loss=round(under.value, 6) if under else None,
        loss_stderr=round(under.stderr, 6) if under else 0.0, own_seconds=float(str(run.result["own_seconds"])),
    )  # fmt: skip


def _case(case: Case) -> KeptCase:
    words, unlearned = [len(e.prompt.split()) for e in case.train], unlearned_of(case)
    return KeptCase(
        name=case.use_case.name, kind=case.use_case.kind, metric=case.use_case.judged_by, examples=len(case.train),
        test=len(case.test), words=round(sum(words) / len(words), 2) if words else 0.0,
        unlearned=None if unlearned is None else round(unlearned, 6),
    )  # fmt: skip


def _arm(contender: Contender, job: Job | None) -> KeptArm:
    sizes = {} if job is None else job.sizes
    return KeptArm(
        name=contender.name, shape=vars(contender.shape), corpus_tokens=contender.corpus_tokens,
        corpus_size=0 if contender.tokens is None else contender.tokens.n_tokens,
        sizes={
            name: KeptSize(examples=s.examples, tokens_per_example=round(s.tokens_per_example, 3), epochs=s.epochs)
            for name, s in sizes.items()
        },
    )  # fmt: skip


def _commit() -> str:
    """The commit of the code that ran, `+` where files were changed since; empty outside a repository."""
    here = Path(__file__).parent
    command = ["git", "describe", "--always", "--dirty=+"]
    return subprocess.run(command, cwd=here, capture_output=True, text=True, check=False).stdout.strip()
