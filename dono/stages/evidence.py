"""From pilots to what the head is asked: one row of evidence per arm and use case, priced for the project's machine."""

from __future__ import annotations

import json
from collections.abc import Sequence

from dono.artifacts import Artifact
from dono.costs import THIS, Exchange, Range, Traffic, machine_named, serving_cost, this_machine
from dono.decisions import ArmEvidence, LanguageScore, Number, PilotPoint, Sample
from dono.decisions.routes import ROUTES
from dono.stages.contenders import Contender, target_speed
from dono.stages.pilots import Pilots
from dono.stages.prepare import Case
from dono.stages.runs import measurements_of
from dono.stages.workplace import Workplace

TITLES = {arm.name: arm.title for of in ROUTES.values() for arm in of}


def number(amount: Range, unit: str) -> Number:
    """A range of the cost room as a number of the verdict."""
    return Number(value=amount.mid, lo=amount.lo, hi=amount.hi, unit=unit, label=amount.label, source=amount.source)


def full_seconds(place: Workplace, contender: Contender, pilots: Pilots, case: Case) -> Range:
    """Seconds of the full run on the project's machines, corpus and task stage."""
    size = pilots.sizes.get((contender.name, case.use_case.name))
    flops = contender.corpus_flops(contender.corpus_tokens) + (contender.task_flops(size.tokens(1.0)) if size else 0.0)
    if flops == 0:
        return Range(0.0, 0.0, 0.0, "measured", "nothing is trained")
    return target_speed(place, contender.flops_per_second, contender.context).under(flops)


def evidence(place: Workplace, pilots: Pilots, contenders: Sequence[Contender], case: Case) -> list[ArmEvidence]:
    """Evidence for every arm that can serve this use case."""
    found = [_of_contender(place, pilots, c, case) for c in contenders if case.use_case.kind in c.arm.kinds]
    arms = sorted({p.arm for p in pilots.predictive if p.case is case or p.case.use_case.name == case.use_case.name})
    return [*found, *(_of_predictive(place, pilots, arm, case) for arm in arms)]


def _points(runs: Sequence[tuple[float, int, Artifact]], metric: str) -> list[PilotPoint]:
    points = []
    for scale, seed, run in runs:
        for m in measurements_of(run):
            if m.metric == metric and m.language == "all":
                points.append(
                    PilotPoint(
                        scale=scale, tokens=m.tokens, examples=m.examples, seed=seed, value=m.value, stderr=m.stderr,
                        n=m.n, seconds=m.seconds,
                    )
                )  # fmt: skip
    return points


def _languages(run: Artifact, metric: str) -> list[LanguageScore]:
    return [
        LanguageScore(language=m.language, value=m.value, stderr=m.stderr, n=m.n, scale=m.scale)
        for m in measurements_of(run)
        if m.metric == metric and m.language != "all"
    ]


def _samples(run: Artifact) -> list[Sample]:
    rows = json.loads((run.path / "samples.json").read_text(encoding="utf8"))
    return [Sample(**row) for row in rows]


def _of_contender(place: Workplace, pilots: Pilots, contender: Contender, case: Case) -> ArmEvidence:
    mine = [
        p
        for (name, use_case, _, _), p in pilots.runs.items()
        if (name, use_case) == (contender.name, case.use_case.name)
    ]
    good = sorted((p for p in mine if p.failed is None), key=lambda p: (p.scale, -p.seed))
    seconds = full_seconds(place, contender, pilots, case)
    currency = place.project.currency
    hourly = place.price_per_hour
    metric = case.use_case.judged_by
    failed = None if good else (next((p.failed for p in mine), None) or "no pilot was run before the time was spent")
    stage_seconds = target_speed(place, contender.flops_per_second, contender.context).under(
        contender.corpus_flops(contender.corpus_tokens)
    )
    top = good[-1].run if good else None
    return ArmEvidence(
        arm=contender.name,
        route=contender.arm.route,
        title=TITLES[contender.arm.name],
        points=tuple(_points([(p.scale, p.seed, p.run) for p in good], metric)),
        full_cost=number(seconds.times(hourly / 3600), currency),
        full_hours=number(seconds.times(1 / 3600), "hours"),
        pilot_cost=Number(
            value=place.money(sum(p.own_seconds for p in mine)), unit=currency, label="measured", source="this machine"
        ),
        serving_per_month=serving(place, contender),
        languages=tuple(_languages(top, metric)) if top else (),
        samples=tuple(_samples(top)) if top else (),
        notes=tuple(_notes(contender, case, pilots)),
        failed=failed,
        has_scale=contender.arm.learns,
        shared_key=contender.name if contender.arm.corpus_stage else None,
        shared_cost=number(stage_seconds.times(hourly / 3600), currency) if contender.arm.corpus_stage else None,
    )


def _notes(contender: Contender, case: Case, pilots: Pilots) -> list[str]:
    notes = []
    if contender.tokens is not None and contender.corpus_tokens:
        epochs = contender.corpus_tokens / contender.tokens.n_tokens
        notes.append(f"corpus stage: {contender.corpus_tokens:,} tokens, {epochs:.2g} times through the corpus")
    size = pilots.sizes.get((contender.name, case.use_case.name))
    if size and size.examples:
        notes.append(f"task stage: {size.examples:,} examples × {size.epochs:g} epochs")
    if contender.arm.shots:
        notes.append(f"{contender.arm.shots} examples are shown in the prompt, which lengthens every request")
    return notes


def _of_predictive(place: Workplace, pilots: Pilots, arm: str, case: Case) -> ArmEvidence:
    mine = [p for p in pilots.predictive if p.arm == arm and p.case.use_case.name == case.use_case.name]
    failed = next((str(p.run.result["failed"]) for p in mine if p.run.result.get("failed")), None)
    good = sorted((p for p in mine if not p.run.result.get("failed")), key=lambda p: p.scale)
    metric = case.use_case.judged_by
    seconds = good[-1].seconds if good else 0.0
    currency = place.project.currency
    return ArmEvidence(
        arm=arm,
        route="predictive",
        title=TITLES[arm],
        points=tuple(_points([(p.scale, 0, p.run) for p in good], metric)),
        full_cost=Number(value=place.money(seconds), unit=currency, label="measured", source="this machine"),
        full_hours=Number(value=seconds / 3600, unit="hours", label="measured", source="this machine"),
        pilot_cost=Number(
            value=place.money(sum(p.seconds for p in mine)), unit=currency, label="measured", source="this machine"
        ),
        serving_per_month=None,
        languages=tuple(_languages(good[-1].run, metric)) if good else (),
        samples=tuple(_samples(good[-1].run)) if good else (),
        notes=("runs on any processor; serving cost is not counted",),
        failed=None if good else failed or "not run",
        has_scale=True,
        shared_key=None,
        shared_cost=None,
    )


def serving(place: Workplace, contender: Contender) -> Number | None:
    """A month of the project's traffic on its machine, with this arm's tokenizer; None where no traffic is stated."""
    traffic = place.project.serving
    if traffic is None:
        return None
    choice, currency = place.project.machine, place.project.currency
    if choice.gpu == THIS:
        machine = this_machine(contender.flops_per_second, price_per_hour=choice.price_per_hour, currency=currency)
    else:
        machine = machine_named(choice.gpu)
        if choice.price_per_hour is not None:
            machine = machine.priced(choice.price_per_hour, currency)
    asked = Traffic(traffic.requests_per_day, traffic.tokens_in, traffic.tokens_out)
    cost = serving_cost(contender.shape.counted, asked, machine)
    return number(
        Exchange(currency, place.project.rates).into(cost.busy_money, machine.currency), f"{currency} a month"
    )
