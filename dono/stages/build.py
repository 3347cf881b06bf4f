"""`dono build`: the verdict carried out at full budget, the outcome beside the prediction, a model with its card."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dono.artifacts import Artifact, Json, Measurement, write_atomically
from dono.costs import SPREAD, THIS
from dono.decisions import ArmVerdict, Verdict
from dono.decisions.routes import ROUTES
from dono.errors import Mistake
from dono.stages.bookkeeping import record_step
from dono.stages.cards import model_card
from dono.stages.contenders import Contender, contenders
from dono.stages.decide import as_planned, latest_verdict
from dono.stages.display import clock, print_result
from dono.stages.evaluate import card_of_build, write_card
from dono.stages.gate import check_rights
from dono.stages.hosted import hosted_again, hosted_arms
from dono.stages.outcomes import calibration
from dono.stages.pilots import plan_jobs
from dono.stages.predictive import predictive_run
from dono.stages.prepare import Case, Prepared, prepare
from dono.stages.runs import ADAPTER, RunSpec, measurements_of
from dono.stages.schedule import Job, full_seconds_here
from dono.stages.together import full_run
from dono.stages.uplift import FOLDER as UPLIFT
from dono.stages.workplace import Workplace, open_workplace


@dataclass(frozen=True)
class Built:
    """A finished full run: the model's directory and how it turned out."""

    case: Case
    arm: str
    artifact: Artifact
    outcome: dict[str, float | str]


def command(
    project: Path, overrides: Sequence[str], *, route: str | None, use_case: str | None, dry_run: bool,
    on: str | None = None,
) -> None:  # fmt: skip
    """Build every use case's arm, print outcome against prediction, and where the models are."""
    place = open_workplace(project, overrides, on=on)
    with place.alone():
        found = build(place, route=route, only=use_case, dry_run=dry_run)
    for built in found:
        print_result(f"{built.case.use_case.name}: {built.arm}")
        for key, value in built.outcome.items():
            print_result(f"  {key}: {value:.4g}" if isinstance(value, float) else f"  {key}: {value}")
        print_result(f"  model: {built.artifact.path}")
        if (built.artifact.path / "config.json").is_file():  # a route without a language model does not talk
            print_result(f"  next: dono chat {built.artifact.path}")


def build(place: Workplace, *, route: str | None, only: str | None, dry_run: bool = False) -> list[Built]:
    """Carry out the verdict (or `route`) for all use cases, or for one. Everything finished is taken as it is.

    Raises `Mistakes` where the rights of a source do not let it be learned from.
    """
    check_rights(place)
    prepared = prepare(place)
    names = [c.use_case.name for c in prepared.cases]
    if only is not None and only not in names:
        raise Mistake(f"no use case {only!r}", where="--use-case", remedy=f"Use one of: {', '.join(names)}")
    verdict, artifact = None, None
    try:
        verdict, artifact = latest_verdict(place)
    except Mistake:
        if route is None:
            raise
    who = contenders(place, prepared)[0]
    who = who if artifact is None else as_planned(who, artifact)
    jobs = plan_jobs(place, prepared, who)
    built: list[Built] = []
    for case in prepared.cases:
        if only is not None and case.use_case.name != only:
            continue
        for arm in chosen_arms(place, verdict, case, who, route):
            seconds = full_seconds_here(jobs[arm], case.use_case.name) if arm in jobs else 1.0
            place.display.say(f"{case.use_case.name}: {arm}, {spending(place, jobs.get(arm), case, seconds)}")
            if not dry_run:
                built.append(build_one(place, prepared, case, arm, who, verdict, seconds))
    return built


def spending(place: Workplace, job: Job | None, case: Case, seconds: float) -> str:
    """What one full run will spend on this machine, with the range of its time and money."""
    low, high = seconds * (1 - SPREAD), seconds * (1 + SPREAD)
    said = f"{clock(low)} to {clock(high)} on this machine"
    if place.project.machine.gpu == THIS and place.price_per_hour:
        said += f", {place.project.currency} {place.money(low):,.2f} to {place.money(high):,.2f}"
    if job is None:
        return said
    contender, task = job.contender, job.sizes[case.use_case.name].tokens(1.0)
    tokens = contender.corpus_tokens + task
    flops = contender.corpus_flops(contender.corpus_tokens) + contender.task_flops(task)
    memory = contender.gigabytes(place.project.training.batch)
    return f"{tokens / 1e6:.3g} M tokens, {flops:.2g} FLOPs, {memory:.2g} GB, {said}"


def chosen_arms(
    place: Workplace, verdict: Verdict | None, case: Case, who: Sequence[Contender], route: str | None
) -> list[str]:
    """The arms to build: the person's, else the portfolio's: the use case's first, then those of single languages."""
    if route is None:
        assert verdict is not None
        found = [i.arm for i in verdict.portfolio if i.use_case == case.use_case.name]
        if not found:
            remedy = "Name one with --route"
            raise Mistake("the verdict names no arm", where=case.use_case.name, remedy=remedy)
        return list(dict.fromkeys(found))
    fitting = [c.name for c in who if case.use_case.kind in c.arm.kinds]
    fitting += [arm.name for arm in ROUTES["predictive"] if case.use_case.kind in arm.kinds]
    fitting += hosted_arms(place, case)
    exact = [n for n in fitting if route in (n, n.split("@")[0])] or [n for n in fitting if n.split("/")[0] == route]
    if not exact:
        raise Mistake(
            f"no arm {route!r} for {case.use_case.name}", where="--route", remedy=f"Use one of: {', '.join(fitting)}"
        )
    if verdict is not None and len(exact) > 1:
        ranked = [a.arm for u in verdict.use_cases if u.use_case == case.use_case.name for a in u.arms]
        exact.sort(key=lambda n: ranked.index(n) if n in ranked else len(ranked))
    return exact[:1]


def build_one(
    place: Workplace, prepared: Prepared, case: Case, arm: str, who: Sequence[Contender], verdict: Verdict | None,
    seconds: float,
) -> Built:  # fmt: skip
    """One full run: the same functions as the pilots', with the full numbers; its scorecard lies beside the model."""
    contender = next((c for c in who if c.name == arm), None)
    with place.display.task(f"{case.use_case.name}: {arm}", seconds) as view:
        if contender is None and arm.startswith("hosted/"):
            run = hosted_again(place, arm, case)
        elif contender is None:
            run = predictive_run(place, arm, case, 1.0)
        else:
            spec = RunSpec(
                contender=contender, case=case, seed=place.project.training.seed, keep=True,
                scales=_pilot_scales(verdict, case, arm),
            )  # fmt: skip
            run = full_run(place, spec, view.note)
    if run.result.get("failed"):
        raise Mistake(
            str(run.result["failed"]), where=f"{case.use_case.name}: {arm}", remedy="Mend the cause and build again"
        )
    predicted = None if verdict is None else _prediction(verdict, case, arm)
    width = 1.0 if verdict is None else verdict.width
    outcome = compare_outcome(case, arm, measurements_of(run), predicted, width)
    identity: dict[str, Json] = {"run": run.id, "arm": arm, "use_case": case.use_case.name}

    def make(folder: Path) -> dict[str, Json]:
        for file in run.path.iterdir():
            if file.name != "artifact.json" and file.is_file():
                shutil.copyfile(file, folder / file.name)
        for name in (UPLIFT, ADAPTER):
            if (run.path / name).is_dir():
                shutil.copytree(run.path / name, folder / name)
        card = card_of_build(place, prepared, case, run, str(run.path))
        if card is not None:
            write_card(card, folder)
        write_atomically(folder / "README.md", model_card(place, case, arm, run, outcome, card))
        write_atomically(folder / "outcome.json", json.dumps(outcome, ensure_ascii=False, indent=1))
        return {"use_case": case.use_case.name, "arm": arm}

    artifact = place.store.make("model", identity, make, made_from=[run.reference], name=f"{case.use_case.name}-{arm}")
    record_step(place, "build", artifact)
    calibration(place)  # the outcome is written down now, not when the next report is made
    return Built(case, arm, artifact, outcome)


def _pilot_scales(verdict: Verdict | None, case: Case, arm: str) -> tuple[float, ...]:
    """The scales of the arm's pilots: the full run goes on from their trunk."""
    predicted = None if verdict is None else _prediction(verdict, case, arm)
    return () if predicted is None else tuple(sorted({p.scale for p in predicted.pilots}))


def _prediction(verdict: Verdict, case: Case, arm: str) -> ArmVerdict | None:
    for use_case in verdict.use_cases:
        if use_case.use_case == case.use_case.name:
            return next((a for a in use_case.arms if a.arm == arm), None)
    return None


def compare_outcome(
    case: Case, arm: str, rows: Sequence[Measurement], predicted: ArmVerdict | None, width: float = 1.0
) -> dict[str, float | str]:
    """The measured value beside what was predicted, and whether the interval held.

    `width` is the factor that was on the prediction's interval.
    """
    metric = case.use_case.judged_by
    row = next(m for m in rows if m.metric == metric and m.language == "all")
    outcome: dict[str, float | str] = {
        "use_case": case.use_case.name, "arm": arm, "metric": metric, "measured": row.value, "stderr": row.stderr,
        "n": row.n,
    }  # fmt: skip
    if predicted is not None and predicted.failed is None:
        quality = predicted.quality
        lo, hi = quality.lo, quality.hi
        outcome |= {"predicted": quality.value, "error": quality.value - row.value, "known": quality.label}
        if lo is not None and hi is not None:
            outcome |= {
                "predicted_lo": lo,
                "predicted_hi": hi,
                "width": width,
                "interval_held": "yes" if quality.holds(row.value) else "no",
            }
    return outcome
