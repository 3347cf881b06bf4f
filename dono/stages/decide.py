"""`dono decide`: pilots of every route, a verdict, a report."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from dono import __version__
from dono.artifacts import Artifact, Json, Reference
from dono.costs import THIS
from dono.decisions import (
    ArmEvidence,
    Assumption,
    Number,
    UseCaseQuestion,
    UseCaseVerdict,
    Verdict,
    choose_portfolio,
    compare,
    next_pilots,
)
from dono.errors import Mistake
from dono.stages.answers import shown_example
from dono.stages.bookkeeping import record_step
from dono.stages.constraints import check_constraints
from dono.stages.contenders import Contender, contenders
from dono.stages.display import clock, print_result
from dono.stages.evidence import evidence
from dono.stages.gate import check_rights, judged
from dono.stages.outcomes import calibration
from dono.stages.outset import train_now
from dono.stages.overheads import levers, stated, table
from dono.stages.pilots import Pilots, Planned, plan_pilots, run_pilots
from dono.stages.prepare import Prepared, prepare
from dono.stages.workplace import Workplace, open_workplace
from dono.studio.report import write_report
from dono.tokens import load_tokenizer

Everything = dict[str, list[ArmEvidence]]
"""The evidence of every use case, by its name."""

ASKED = {"use_cases", "budget", "machine", "serving", "currency", "rates", "goal", "constraints", "overheads"}
"""Keys of the project file that a verdict depends on, beside the runs that it was made from."""


def command(project: Path, overrides: Sequence[str], *, dry_run: bool) -> None:
    """Decide, print the verdict's sentence and the files written."""
    place = open_workplace(project, overrides)
    with place.alone():
        decided = decide(place, dry_run=dry_run)
    if decided is None:
        return
    verdict, folder = decided
    print_result("")
    print_result(verdict.sentence)
    for case in verdict.use_cases:
        print_result(f"  {case.use_case}: {case.sentence}")
    print_result(f"\nreport   {folder / 'report.html'}\nnumbers  {folder / 'verdict.json'}")
    print_result(f"next     dono build {project}")


def decide(place: Workplace, *, dry_run: bool = False) -> tuple[Verdict, Path] | None:
    """The whole main job. Returns the verdict and the folder that holds report.html and verdict.json.

    Raises `Mistakes` where the rights of a source do not let it be learned from.
    """
    check_rights(place)
    check_constraints(place)
    table(place)  # raises where a currency has no rate, before anything is spent
    prepared = prepare(place)
    who, missing = contenders(place, prepared)
    if not who and not place.project.wants("predictive"):
        raise Mistake("no route can be piloted", where="routes", remedy="; ".join(missing) or "Name more routes")
    for note in missing:
        place.display.say(note)
    planned = plan_pilots(place, prepared, who)
    show_plan(place, prepared, planned, who)
    if dry_run:
        return None
    pilots = run_pilots(place, prepared, who, planned, lambda so_far, left: _more(place, prepared, who, so_far, left))
    verdict = make_verdict(place, prepared, who, pilots, missing)
    return verdict, keep_verdict(place, verdict, pilots, who)


def show_plan(place: Workplace, prepared: Prepared, planned: Planned, who: Sequence[Contender]) -> None:
    """What the pilots will spend, before they do; and one rendered example of each use case, what is trained marked."""
    money = f", {place.project.currency} {place.money(planned.seconds):,.2f}" if place.price_per_hour else ""
    place.display.say(
        f"pilots: {sum(len(s) for s in planned.scales.values())} rungs of {len(planned.scales)} arms, about "
        f"{clock(planned.seconds)} of the {clock(place.pilot_seconds)} that the pilots may take{money}"
    )
    by_name = {c.name: c for c in who}
    for name, scales in sorted(planned.scales.items()):
        contender, top = by_name[name], max(scales)
        job = planned.jobs[name]
        tokens = contender.corpus_tokens * top + sum(size.tokens(top) for size in job.sizes.values())
        memory = contender.gigabytes(place.project.training.batch)
        place.display.say(
            f"  {name:20s} scales {', '.join(f'{s:g}' for s in scales)}: {tokens / 1e6:.2g} M tokens at the top, "
            f"{clock(job.ladder_seconds(scales))}, {memory:.1f} GB"
        )
    trained = next((c for c in who if c.arm.learns), None)
    for case in (c for c in prepared.cases if c.train and trained):
        assert trained is not None
        shown = shown_example(load_tokenizer(trained.tokenizer_folder), case, trained.context)
        place.display.say(f"  {case.use_case.name} learns what stands between ⟦ and ⟧: {shown}")


def questions(place: Workplace, everything: Everything) -> dict[str, UseCaseQuestion]:
    """What is asked of the head, per use case."""
    traffic = place.project.serving
    return {
        u.name: UseCaseQuestion(
            name=u.name, kind=u.kind, metric=u.judged_by, bar=u.bar, goal=place.project.goal_of(u),
            traffic=traffic.requests_per_day if traffic else None, levers=levers(place, everything[u.name]),
        )
        for u in place.project.use_cases
        if u.name in everything
    }  # fmt: skip


def _gathered(place: Workplace, prepared: Prepared, who: Sequence[Contender], pilots: Pilots) -> Everything:
    return {case.use_case.name: evidence(place, pilots, who, case) for case in prepared.cases}


def _compared(place: Workplace, everything: Everything) -> list[UseCaseVerdict]:
    asked = questions(place, everything)
    return [compare(asked[name], rows, seed=place.project.training.seed) for name, rows in everything.items()]


def _more(
    place: Workplace, prepared: Prepared, who: Sequence[Contender], pilots: Pilots, left: float
) -> list[tuple[str, float, int]]:
    """The rung that is expected to save the most regret per second, of those that the time left can pay for."""

    def seconds_of(arm: str, scale: float) -> float | None:
        job = pilots.planned.jobs.get(arm)
        too_large = scale > place.project.budget.pilot_scale
        return None if job is None or too_large else job.ladder_seconds((scale,))

    verdicts = _compared(place, _gathered(place, prepared, who, pilots))
    done = {(arm, scale, seed) for arm, _, scale, seed in pilots.runs}
    return next_pilots(verdicts, seconds_of=seconds_of, left=left, done=done)[:1]


def make_verdict(
    place: Workplace, prepared: Prepared, who: Sequence[Contender], pilots: Pilots, missing: Sequence[str]
) -> Verdict:
    """Compare the arms of every use case, choose a portfolio, and say it."""
    project = place.project
    everything = _gathered(place, prepared, who, pilots)
    verdicts = _compared(place, everything)
    portfolio = choose_portfolio(
        verdicts, everything, money=project.budget.money, hours=project.budget.hours, currency=project.currency
    )
    speeds = [c.flops_per_second for c in who] or [0.0]
    warnings = [*missing, *([pilots.stopped] if pilots.stopped else []), *rights_warnings(place)]
    return Verdict(
        project=project.project,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        currency=project.currency,
        sentence=portfolio.sentence,
        use_cases=tuple(verdicts),
        portfolio=portfolio.items,
        portfolio_cost=portfolio.cost,
        shared=portfolio.shared,
        budget=project.budget.model_dump(),
        spent={"pilot_seconds": round(pilots.seconds, 1), "pilot_money": place.money(pilots.seconds)},
        machine="this machine" if project.machine.gpu == THIS else f"{project.machine.count} × {project.machine.gpu}",
        speed=Number(value=max(speeds), unit="FLOP/s", label="measured", source="this machine, training"),
        assumptions=assumptions(place),
        data=data_summary(prepared),
        measured=[f"{len(pilots.runs) + len(pilots.predictive)} pilots on this machine in {clock(pilots.seconds)}"],
        warnings=warnings,
        calibration=calibration(place),
        portfolio_parts=portfolio.parts,
        outset=train_now(place, portfolio),
    )


def rights_warnings(place: Workplace) -> list[str]:
    """Examples whose rights are not stated, and refusals that were overridden: a board should know before it builds."""
    project = place.project
    silent = [f"examples of {u.name}" for u in project.use_cases if u.train is not None and u.rights is None]
    warnings = [f"no rights are stated for: {', '.join(silent)}"] if silent else []
    for found in judged(place):
        what = "; ".join(r.what for r in found.refused if r.rule in found.lifted)
        if what:
            warnings.append(f"{', '.join(sorted(set(found.lifted.values())))} answers for {found.subject.name}: {what}")
    return warnings


def assumptions(place: Workplace) -> tuple[Assumption, ...]:
    """What the verdict rests on besides measurements."""
    project, training = place.project, place.project.training
    rows = [
        ("price of an hour", f"{place.price_per_hour:,.2f} {project.currency}", "assumed",
         "project file" if project.machine.price_per_hour is not None else "price table"),
        ("times through the corpus, at most", f"{training.corpus_epochs:g}", "assumed",
         "repeats up to 4 are nearly as good as new text (Muennighoff et al. 2023)"),
        ("epochs of the task stage", f"{training.task_epochs:g}", "assumed", "project file"),
        *stated(place),
        ("a full run learns as its pilots did", "the same schedule, only longer", "assumed", "one loop for both"),
    ]  # fmt: skip
    if project.machine.gpu != THIS:
        rows.append(("utilisation of the machine", project.machine.gpu, "borrowed", "published tables"))
    return tuple(Assumption(name=n, value=v, label=lb, source=s) for n, v, lb, s in rows)  # type: ignore[arg-type]


def data_summary(prepared: Prepared) -> dict[str, str | int | float]:
    """What was learned from, in a few numbers."""
    summary: dict[str, str | int | float] = {}
    if prepared.corpus is not None:
        for key in ("documents", "bytes", "duplicates", "contaminated", "rejects", "heldout_documents"):
            value = prepared.corpus.result.get(key)
            if isinstance(value, int | float | str):
                summary[f"corpus: {key.replace('_', ' ')}"] = value
        languages = prepared.corpus.result.get("languages")
        if isinstance(languages, dict):
            summary["corpus: languages"] = ", ".join(sorted(languages))
    for case in prepared.cases:
        if case.use_case.kind in ("classify", "generate"):
            summary[f"{case.use_case.name}: examples"] = (
                f"{len(case.train):,} to learn from, {len(case.test):,} held out"
            )
    return summary


def keep_verdict(place: Workplace, verdict: Verdict, pilots: Pilots, who: Sequence[Contender]) -> Path:
    """Seal the verdict with what it was made from; report.html and verdict.json also lie in the work folder."""
    made_from = [p.run.reference for p in pilots.runs.values()] + [p.run.reference for p in pilots.predictive]
    spec: dict[str, Json] = {
        "project": verdict.project,
        "judge": __version__,
        "runs": list[Json](sorted(r.id for r in made_from)),
        "asked": place.project.model_dump(mode="json", include=ASKED),
        "day": str(datetime.now(UTC).date()) if place.project.constraints.deadline else None,
    }

    def make(folder: Path) -> dict[str, Json]:
        write_report(verdict, folder / "report.html")
        (folder / "verdict.json").write_text(verdict.model_dump_json(indent=1), encoding="utf8")
        return {"sentence": verdict.sentence, "corpus_tokens": {c.name: c.corpus_tokens for c in who}}

    artifact = place.store.make("verdict", spec, make, made_from=_unique(made_from), name=f"{verdict.project}-verdict")
    record_step(place, "decide", artifact)
    for name in ("report.html", "verdict.json"):
        shutil.copyfile(artifact.path / name, place.project.work_folder / name)
    return place.project.work_folder


def _unique(references: Sequence[Reference]) -> list[Reference]:
    return list(dict.fromkeys(references))


def latest_verdict(place: Workplace) -> tuple[Verdict, Artifact]:
    """The newest verdict of this work folder. Raises `Mistake` when there is none."""
    found = [a for a in place.store.all() if a.kind == "verdict"]
    if not found:
        raise Mistake("no verdict yet", where=str(place.project.work_folder), remedy="Run `dono decide` first")
    newest = max(found, key=lambda a: str(a.made_by.get("when", "")))
    text = (newest.path / "verdict.json").read_text(encoding="utf8")
    return Verdict.model_validate_json(text), newest
