"""From pilots to what the head is asked: one row of evidence per arm and use case, priced for the project's machine."""

from __future__ import annotations

import json
from collections.abc import Sequence

from dono.artifacts import Artifact
from dono.costs import SPREAD, THIS, Range, exactly
from dono.decisions import LOSS_UNDER, ArmEvidence, LanguageScore, Number, PilotPoint, Sample
from dono.decisions.routes import ROUTES
from dono.stages.constraints import broken, latency
from dono.stages.contenders import Contender, target_speed
from dono.stages.hosted import Hosted, price_at
from dono.stages.lift import lifts_of
from dono.stages.overheads import beside, number
from dono.stages.pilots import Pilots
from dono.stages.predictive import strings
from dono.stages.prepare import Case
from dono.stages.runs import measurements_of
from dono.stages.serving import hosted_serving, serving
from dono.stages.workplace import Workplace

PILOTS_SPEED = "the planned tokens at the speed of the pilots"
TITLES = {arm.name: arm.title for of in ROUTES.values() for arm in of}


def full_seconds(place: Workplace, contender: Contender, pilots: Pilots, case: Case) -> Range:
    """Seconds of the full run on the project's machines, corpus and task stage.

    On this machine by the tokens per second of the longest pilots (their first steps discarded), elsewhere by FLOPs
    and published utilisation.
    """
    job = pilots.planned.jobs.get(contender.name)
    if job is None:
        return exactly(0.0, "measured", "nothing is trained")
    task_tokens = job.sizes[case.use_case.name].tokens(1.0)
    if place.project.machine.gpu != THIS:
        flops = contender.corpus_flops(contender.corpus_tokens) + contender.task_flops(task_tokens)
        return target_speed(place, contender.flops_per_second, contender.context).under(max(flops, 1.0))
    seconds = corpus_seconds(contender, pilots)
    runs = [p.run for p in pilots.of(contender.name, case.use_case.name) if p.failed is None and p.spec.examples]
    if runs:
        longest = max(runs, key=lambda r: float(str(r.result["steps"])))
        seconds += task_tokens / float(str(longest.result["tokens_per_second"]))
    else:
        seconds += contender.task_flops(task_tokens) / contender.flops_per_second
    return Range(seconds * (1 - SPREAD), seconds, seconds * (1 + SPREAD), "extrapolated", PILOTS_SPEED)


def corpus_seconds(contender: Contender, pilots: Pilots) -> float:
    """Seconds of the full corpus stage on this machine, by the longest trunk's tokens per second (else the probe's)."""
    if not contender.corpus_tokens:
        return 0.0
    trunks = [s for s in pilots.stages.values() if s.kind == "trunk" and s.name == contender.name]
    if not trunks:
        return contender.corpus_flops(contender.corpus_tokens) / contender.flops_per_second
    longest = max(trunks, key=lambda s: (float(str(s.result["steps"])), s.id))
    return contender.corpus_tokens / float(str(longest.result["tokens_per_second"]))


def evidence(place: Workplace, pilots: Pilots, contenders: Sequence[Contender], case: Case) -> list[ArmEvidence]:
    """Evidence for every arm that can serve this use case."""
    found = [_of_contender(place, pilots, contenders, c, case) for c in contenders if case.use_case.kind in c.arm.kinds]
    arms = sorted({p.arm for p in pilots.predictive if p.case is case or p.case.use_case.name == case.use_case.name})
    asked = [h for h in pilots.hosted if h.case.use_case.name == case.use_case.name]
    found += [_of_hosted(place, h, contenders[0] if contenders else None) for h in asked]
    return [*found, *(_of_predictive(place, pilots, arm, case) for arm in arms)]


def _points(runs: Sequence[tuple[float, int, Artifact]], metric: str) -> list[PilotPoint]:
    points = []
    for scale, seed, run in runs:
        rows = {m.metric: m for m in measurements_of(run) if m.language == "all"}
        if (m := rows.get(metric)) is None:
            continue
        under = rows.get(LOSS_UNDER.get(metric, ""))
        points.append(
            PilotPoint(
                scale=scale, tokens=m.tokens, examples=m.examples, seed=seed, value=m.value, stderr=m.stderr, n=m.n,
                seconds=m.seconds, loss=under.value if under else None, loss_stderr=under.stderr if under else 0.0,
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


def _of_contender(
    place: Workplace, pilots: Pilots, contenders: Sequence[Contender], contender: Contender, case: Case
) -> ArmEvidence:
    mine = pilots.of(contender.name, case.use_case.name)
    good = sorted((p for p in mine if p.failed is None), key=lambda p: (p.spec.scale, -p.spec.seed))
    seconds = full_seconds(place, contender, pilots, case)
    currency = place.project.currency
    hourly = place.price_per_hour
    metric = case.use_case.judged_by
    failed = None if good else (next((p.failed for p in mine), None) or "no pilot was run before the time was spent")
    shared = _shared_seconds(place, contender, pilots) if contender.arm.corpus_stage else None
    traffic = place.project.serving
    top = good[-1].run if good else None
    machines = seconds.times(hourly / 3600)
    common = shared.mid * hourly / 3600 if shared else 0.0
    waits = latency(place, contender, contenders[0], case)
    return ArmEvidence(
        arm=contender.name,
        route=contender.arm.route,
        title=TITLES[contender.arm.name],
        points=tuple(_points([(p.spec.scale, p.spec.seed, p.run) for p in good], metric)),
        full_cost=number(machines, currency),
        full_hours=number(seconds.times(1 / 3600), "hours"),
        pilot_cost=Number(
            value=place.money(sum(p.own_seconds for p in mine)), unit=currency, label="measured", source="this machine"
        ),
        serving_per_month=serving(place, contender, contenders[0], case),
        languages=tuple(_languages(top, metric)) if top else (),
        samples=tuple(_samples(top)) if top else (),
        notes=(*_notes(contender, case, pilots), *(strings(top.result.get("notes")) if top else ())),
        failed=failed,
        has_scale=contender.arm.learns,
        shared_key=contender.name if contender.arm.corpus_stage else None,
        shared_cost=number(shared.times(hourly / 3600), currency) if shared else None,
        shared_hours=number(shared.times(1 / 3600), "hours") if shared else None,
        serving_months=traffic.months if traffic else 0,
        broken=broken(place, contender, seconds.times(1 / 3600), waits),
        beside=beside(place, case, contender.arm.route, machines, shared=common, contender=contender),
        latency=waits,
        lifts=lifts_of(top, good[-1].spec.scale) if top and case.use_case.kind == "habits" else None,
    )


def _of_hosted(place: Workplace, hosted: Hosted, reference: Contender | None) -> ArmEvidence:
    """Nothing is trained: what was measured is what it does, and all that it costs is paid by the token."""
    run, case = hosted.run, hosted.case
    currency, metric = place.project.currency, case.use_case.judged_by
    nothing = exactly(0.0, "measured", "nothing is trained")
    waits = None
    if run is not None:
        waits = Number(value=hosted.number("milliseconds"), unit="ms", label="measured", source="as asked from here")
    traffic = place.project.serving
    return ArmEvidence(
        arm=hosted.arm,
        route="hosted",
        title=TITLES[hosted.arm.split("@")[0]],
        points=tuple(_points([(1.0, 0, run)], metric)) if run else (),
        full_cost=number(nothing, currency),
        full_hours=number(nothing, "hours"),
        pilot_cost=Number(
            value=hosted.number("money"), unit=currency, label="measured", source="tokens that were paid"
        ),
        serving_per_month=hosted_serving(place, hosted, reference),
        languages=tuple(_languages(run, metric)) if run else (),
        samples=tuple(_samples(run)) if run else (),
        notes=(*(strings(run.result["notes"]) if run else ()), *_price_note(hosted)),
        failed=hosted.failed,
        has_scale=False,
        shared_key=None,
        shared_cost=None,
        serving_months=traffic.months if traffic else 0,
        broken=broken(place, None, nothing, waits),
        beside=beside(place, case, "hosted", nothing, shared=0.0, contender=None),
        latency=waits,
    )


def _price_note(hosted: Hosted) -> list[str]:
    """What a word costs in each language, by the tokens that the endpoint counts."""
    if hosted.run is None:
        return []
    rows = [m for m in measurements_of(hosted.run) if m.metric == "tokens_per_word" and m.language != "all"]
    told = ", ".join(f"{m.language} {m.value:.1f}" for m in rows)
    price = price_at(hosted.endpoint)
    notes = [f"tokens read for a word of the question, all that is sent counted: {told}"] if told else []
    if price is None:
        return [*notes, "a server on this machine: what it costs to run is not counted"]
    return [*notes, f"{price.currency} {price.reading:g} and {price.writing:g} for a million tokens ({price.source})"]


def _shared_seconds(place: Workplace, contender: Contender, pilots: Pilots) -> Range:
    """Seconds of the corpus stage alone, which several use cases may share."""
    if place.project.machine.gpu == THIS:
        return exactly(corpus_seconds(contender, pilots), "extrapolated", PILOTS_SPEED)
    flops = contender.corpus_flops(contender.corpus_tokens)
    return target_speed(place, contender.flops_per_second, contender.context).under(flops)


def _notes(contender: Contender, case: Case, pilots: Pilots) -> list[str]:
    notes = []
    if contender.tokens is not None and contender.corpus_tokens:
        epochs = contender.corpus_tokens / contender.tokens.n_tokens
        notes.append(f"corpus stage: {contender.corpus_tokens:,} tokens, {epochs:.2g} times through the corpus")
    job = pilots.planned.jobs.get(contender.name)
    size = job.sizes[case.use_case.name] if job else None
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
    machines = exactly(place.money(seconds), "measured", "this machine")
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
        notes=("runs on any processor; serving cost is not counted", *(good[-1].said if good else ())),
        failed=None if good else failed or "not run",
        has_scale=True,
        shared_key=None,
        shared_cost=None,
        broken=broken(place, None, exactly(seconds / 3600, "measured", "this machine"), None),
        beside=beside(place, case, "predictive", machines, shared=0.0, contender=None),
        lifts=lifts_of(good[-1].run, good[-1].scale) if good and case.use_case.kind == "habits" else None,
    )
