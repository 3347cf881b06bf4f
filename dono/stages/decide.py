"""`dono decide`: pilots of every route, a verdict, a report."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from dono import __version__
from dono.artifacts import Artifact, Json, Reference
from dono.costs import THIS
from dono.decisions import GROUNDS, Assumption, Grounds, Number, Verdict, changed, choose_portfolio, width_of
from dono.errors import Mistake
from dono.stages.answers import shown_example
from dono.stages.bookkeeping import record_step
from dono.stages.choosing import Everything, Head, best_of_more, questions, refusal
from dono.stages.constraints import check_constraints
from dono.stages.contenders import Contender, check_bases, contenders
from dono.stages.display import clock, print_result
from dono.stages.further import Grant, open_further, seconds_for
from dono.stages.gate import check_rights, judged
from dono.stages.hosted import endpoints, show_hosted
from dono.stages.outcomes import calibration
from dono.stages.outset import train_now
from dono.stages.overheads import stated, table
from dono.stages.piloting import run_pilots
from dono.stages.pilots import Pilots, Planned, plan_pilots
from dono.stages.prepare import Prepared, prepare
from dono.stages.schedule import total_seconds
from dono.stages.table_settings import search_plan
from dono.stages.workplace import Workplace, open_workplace
from dono.studio.amounts import duration
from dono.studio.report import write_report
from dono.studio.wording import language_name
from dono.tokens import load_tokenizer

ASKED = {"use_cases", "budget", "machine", "serving", "currency", "rates", "goal", "constraints", "overheads"}
"""Keys of the project file that a verdict depends on, beside the runs that it was made from."""
AGAIN = "again"
"""Key of a verdict's spec, where the same was decided before another verdict: how many were sealed by then."""
CORPUS_WORDS = {
    "documents": "documents", "bytes": "bytes of text", "heldout_documents": "documents held out",
    "duplicates": "duplicates left out", "contaminated": "left out, since tests are in them",
    "rejects": "rows that could not be read",
}  # fmt: skip
"""What is told of the corpus, in words that a board knows."""


def command(
    project: Path, overrides: Sequence[str], *, dry_run: bool, more: str | None = None, on: str | None = None
) -> None:
    """Decide, print the verdict's sentence and the files written. `more` pays for further pilots after a verdict."""
    place = open_workplace(project, overrides, on=on)
    with place.alone():
        decided = decide(place, dry_run=dry_run, more=more)
    if decided is None:
        return
    verdict, folder = decided
    print_result("")
    print_result(verdict.sentence)
    for case in verdict.use_cases:
        print_result(f"  {case.use_case}: {case.sentence}")
        if case.more:
            print_result(f"    {best_of_more(case)}")
    for warning in verdict.warnings:
        print_result(f"  note: {warning}")
    for change in verdict.changes:
        print_result(f"what changed: {change}")
    print_result(f"\nreport   {folder / 'report.html'}\nnumbers  {folder / 'verdict.json'}")
    if any(case.more for case in verdict.use_cases):
        print_result(f"more     dono decide {project} --more AMOUNT   # in {verdict.currency}, or a time like 30m")
    if verdict.portfolio:  # else there is nothing to build, and the lines above say why
        print_result(f"next     dono build {project}")


def decide(place: Workplace, *, dry_run: bool = False, more: str | None = None) -> tuple[Verdict, Path] | None:
    """The whole main job. Returns the verdict and the folder that holds report.html and verdict.json.

    `more` (money, or a time like 30m) is spent on further pilots after the last verdict, whose plan holds.
    Raises `Mistakes` where the rights of a source do not let it be learned from.
    """
    bought = None if more is None else (more, seconds_for(place, more), latest_verdict(place)[1])
    check_rights(place)
    check_constraints(place)
    check_bases(place.project)
    table(place)  # raises where a currency has no rate, before anything is spent
    prepared = prepare(place)
    who, missing = contenders(place, prepared)
    if not who and not place.project.wants("predictive") and not endpoints(place):
        raise Mistake("no route can be piloted", where="routes", remedy="; ".join(missing) or "Name more routes")
    for note in missing:
        place.display.say(note)
    if bought is not None:
        who = as_planned(who, bought[2])
    planned = plan_pilots(place, prepared, who)
    if bought is not None:
        planned = with_scales(planned, bought[2])
    further = open_further(place, planned)
    show_plan(place, prepared, planned, who)
    if bought is not None:
        asked, seconds, before = bought
        place.display.say(f"further pilots: about {clock(seconds)}{_in_money(place, seconds)} on top")
        if not dry_run:
            further.grant(asked, seconds, before.id)
    if dry_run:
        return None
    head = Head(place, prepared, who, further)
    chosen = [(r.arm, r.scale, r.seed) for r in further.kept.rungs]
    pilots = run_pilots(place, prepared, who, planned, head.choose, chosen=chosen, granted=further.granted)
    if bought is not None and not further.under_way:
        further.withdraw()
        priced = head.priced(head.compared(head.evidence(pilots)), pilots)
        raise refusal(priced, bought[0], place.project.budget.pilot_scale)
    everything = head.evidence(pilots)
    verdict = make_verdict(head, pilots, everything, missing)
    return verdict, keep_verdict(head, verdict, pilots, grounds_of(head, everything))


def as_planned(who: Sequence[Contender], verdict: Artifact) -> list[Contender]:
    """The contenders with the corpus tokens of a verdict's plan.

    It holds, whatever the cap is by now: a run that a cap has stopped goes on under a larger one.
    """
    tokens = verdict.result["corpus_tokens"]
    assert isinstance(tokens, Mapping)
    return [replace(c, corpus_tokens=int(str(tokens.get(c.name, c.corpus_tokens)))) for c in who]


def with_scales(planned: Planned, verdict: Artifact) -> Planned:
    """The plan with the first ladders of a verdict, for the arms that it had."""
    kept = verdict.result.get("scales", {})
    assert isinstance(kept, Mapping)
    scales = dict(planned.scales)
    for name in scales.keys() & kept.keys():
        ladder = kept[name]
        assert isinstance(ladder, list | tuple)
        scales[name] = tuple(float(str(s)) for s in ladder)
    jobs = planned.jobs.values()
    asking = planned.seconds - total_seconds(jobs, planned.scales)
    return Planned(planned.jobs, scales, asking + total_seconds(jobs, scales))


def _in_money(place: Workplace, seconds: float) -> str:
    return f", {place.project.currency} {place.money(seconds):,.2f}" if place.price_per_hour else ""


def show_plan(place: Workplace, prepared: Prepared, planned: Planned, who: Sequence[Contender]) -> None:
    """What the pilots will spend, before they do; and one rendered example of each use case, what is trained marked."""
    place.display.say(
        f"pilots: {sum(len(s) for s in planned.scales.values())} rungs of {len(planned.scales)} arms, about "
        f"{clock(planned.seconds)} of the {clock(place.pilot_seconds)} that the pilots may take"
        f"{_in_money(place, planned.seconds)}"
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
    show_hosted(place, prepared.cases)
    for case in (c for c in prepared.cases if c.use_case.kind == "predict" and place.project.wants("predictive")):
        plan, choices = search_plan(case), case.use_case.table
        place.display.say(
            f"  {'predictive/boosting':20s} {case.use_case.name}: {choices.trials} settings of "
            f"{', '.join(choices.learners)} on {plan.rows:,} rows, about {clock(plan.seconds)}"
            f"{_in_money(place, plan.seconds)}"
        )
    trained = next((c for c in who if c.arm.learns), None)
    for case in (c for c in prepared.cases if c.train and trained):
        assert trained is not None
        shown = shown_example(load_tokenizer(trained.tokenizer_folder), case, trained.context)
        place.display.say(f"  {case.use_case.name} learns what stands between ⟦ and ⟧: {shown}")


def make_verdict(head: Head, pilots: Pilots, everything: Everything, missing: Sequence[str]) -> Verdict:
    """Compare the arms of every use case, choose a portfolio, and say it."""
    place, project = head.place, head.place.project
    outcomes = calibration(place)
    verdicts, width = head.priced(head.compared(everything), pilots), width_of(outcomes)
    portfolio = choose_portfolio(
        verdicts, everything, money=project.budget.money, hours=project.budget.hours, currency=project.currency
    )
    speeds = [c.flops_per_second for c in head.who] or [0.0]
    stopped = [pilots.stopped] if pilots.stopped else []
    warnings = [*missing, *stopped, *leak_warnings(pilots), *rights_warnings(place)]
    verdict = Verdict(
        project=project.project,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        currency=project.currency,
        sentence=portfolio.sentence,
        use_cases=tuple(verdicts),
        portfolio=portfolio.items,
        portfolio_cost=portfolio.cost,
        shared=portfolio.shared,
        budget=project.budget.model_dump(),
        spent={"pilot_seconds": round(pilots.seconds, 1), "pilot_money": place.money(pilots.seconds) + pilots.fees},
        machine="this machine" if project.machine.gpu == THIS else f"{project.machine.count} × {project.machine.gpu}",
        speed=Number(value=max(speeds), unit="FLOP/s", label="measured", source="this machine, training"),
        assumptions=assumptions(place),
        data=data_summary(head.prepared),
        measured=[f"{len(finished(pilots))} pilots in {duration(pilots.seconds / 3600)} of machines"],
        warnings=warnings,
        calibration=outcomes,
        width=width.factor,
        calibrated=width.sentence,
        portfolio_parts=portfolio.parts,
        outset=train_now(place, portfolio),
    )
    return verdict.model_copy(update={"changes": changes_of(place, head.further.open, verdict)})


def changes_of(place: Workplace, grant: Grant | None, verdict: Verdict) -> tuple[str, ...]:
    """What the further pilots under way changed, if a person paid for some."""
    before = None if grant is None else place.store.read("verdict", grant.before)
    with suppress(Mistake):  # of another version: nothing can be said of it
        return () if before is None else tuple(changed(read_verdict(before), verdict))
    return ()


def finished(pilots: Pilots) -> list[Artifact]:
    """The runs of all pilots, whatever their route."""
    asked = [h.run for h in pilots.hosted if h.run is not None]
    return [p.run for p in pilots.runs.values()] + [p.run for p in pilots.predictive] + asked


def leak_warnings(pilots: Pilots) -> list[str]:
    """Columns that tell the target by themselves, in the tables of the largest pilots."""
    largest = [p for p in pilots.predictive if p.scale == 1.0]
    return [f"{p.case.use_case.name}: {leak}" for p in largest for leak in p.leaks]


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
        for key, words in CORPUS_WORDS.items():
            value = prepared.corpus.result.get(key)
            if isinstance(value, int | float | str):
                summary[f"corpus: {words}"] = value
        languages = prepared.corpus.result.get("languages")
        if isinstance(languages, dict):
            summary["corpus: languages"] = ", ".join(sorted(language_name(tag) for tag in languages))
    for case in prepared.cases:
        if case.use_case.kind in ("classify", "generate"):
            summary[f"{case.use_case.name}: examples"] = (
                f"{len(case.train):,} to learn from, {len(case.test):,} held out"
            )
    return summary


def grounds_of(head: Head, everything: Everything) -> Grounds:
    """What the verdict is judged by, kept beside it: so it can be judged again with something moved."""
    project = head.place.project
    return Grounds(
        questions=questions(head.place, everything, head.between), evidence=everything, seed=project.training.seed,
        currency=project.currency, money=project.budget.money, hours=project.budget.hours,
        worth={u.name: u.worth_per_month for u in project.use_cases if u.worth_per_month is not None},
    )  # fmt: skip


def keep_verdict(head: Head, verdict: Verdict, pilots: Pilots, grounds: Grounds) -> Path:
    """Seal the verdict with what it was made from; report.html and verdict.json also lie in the work folder."""
    place = head.place
    made_from = [run.reference for run in finished(pilots)]
    spec: dict[str, Json] = {
        "project": verdict.project,
        "judge": __version__,
        "runs": list[Json](sorted(r.id for r in made_from)),
        "outcomes": list[Json](str(row["model"]) for row in verdict.calibration),
        "asked": place.project.model_dump(mode="json", include=ASKED, exclude={"machine": {"ray"}}),
        "day": str(datetime.now(UTC).date()) if place.project.constraints.deadline else None,
    }

    def make(folder: Path) -> dict[str, Json]:
        write_report(verdict, folder / "report.html")
        (folder / "verdict.json").write_text(verdict.model_dump_json(indent=1), encoding="utf8")
        (folder / GROUNDS).write_text(grounds.as_json(), encoding="utf8")
        tokens = {c.name: c.corpus_tokens for c in head.who}
        return {"sentence": verdict.sentence, "corpus_tokens": tokens, "scales": pilots.planned.scales}

    spec = of_its_own(place, spec)
    artifact = place.store.make("verdict", spec, make, made_from=_unique(made_from), name=f"{verdict.project}-verdict")
    record_step(place, "decide", artifact)
    head.further.close(artifact.id)
    for name in ("report.html", "verdict.json"):
        shutil.copyfile(artifact.path / name, place.project.work_folder / name)
    return place.project.work_folder


def _unique(references: Sequence[Reference]) -> list[Reference]:
    return list(dict.fromkeys(references))


def of_its_own(place: Workplace, spec: dict[str, Json]) -> dict[str, Json]:
    """The spec under which this verdict is the newest one: what was decided before another verdict is sealed again.

    The same question asked twice in turn is one verdict.
    """
    sealed = _verdicts(place)
    if sealed and {name: value for name, value in sealed[-1].spec.items() if name != AGAIN} == spec:
        return dict(sealed[-1].spec)
    return spec if place.store.find("verdict", spec) is None else {**spec, AGAIN: len(sealed)}


def _verdicts(place: Workplace) -> list[Artifact]:
    """The newest last."""
    found = [a for a in place.store.all() if a.kind == "verdict"]
    return sorted(found, key=lambda a: (str(a.made_by.get("when", "")), int(str(a.spec.get(AGAIN, 0))), a.id))


def latest_verdict(place: Workplace) -> tuple[Verdict, Artifact]:
    """The newest verdict of this work folder. Raises `Mistake` when there is none, or none that can be read."""
    found = _verdicts(place)
    if not found:
        raise Mistake("no verdict yet", where=str(place.project.work_folder), remedy="Run `dono decide` first")
    return read_verdict(found[-1]), found[-1]


def read_verdict(artifact: Artifact) -> Verdict:
    """The verdict that was sealed there. Raises `Mistake` where another version of Dono wrote it."""
    path = artifact.path / "verdict.json"
    try:
        return Verdict.model_validate_json(path.read_text(encoding="utf8"))
    except (OSError, ValueError) as error:
        remedy = "Run `dono decide` again: pilots are kept"
        raise Mistake(
            "the verdict was written by another version, or is damaged", where=str(path), remedy=remedy
        ) from error
