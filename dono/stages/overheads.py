"""What a full run costs beside its machine hours, part by part, and the assumptions that could flip a choice."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from dono.costs import THIS, Exchange, OverheadPrices, Range, exactly, overhead_prices
from dono.costs.failures import SAVED_BYTES
from dono.costs.overheads import HOURS
from dono.costs.plan import TOKEN_BYTES
from dono.costs.serving import SERVING_USE
from dono.decisions import ArmEvidence, CostPart, Label, Lever, Number
from dono.decisions.evidence import ENGINEERS, FAILED_RUNS, MACHINES, RATERS, SERVING, STORAGE
from dono.project import RouteName
from dono.ratings import EventStore, minutes_per_rating
from dono.stages.contenders import Contender
from dono.stages.prepare import Case
from dono.stages.rate import DATABASE, DESK
from dono.stages.workplace import Workplace
from dono.studio.amounts import plain

USUAL_MONTHS = 12.0
"""How long what was made is kept, where no months of serving are stated."""


def number(amount: Range, unit: str) -> Number:
    """A range of the cost room as a number of the verdict."""
    return Number(value=amount.mid, lo=amount.lo, hi=amount.hi, unit=unit, label=amount.label, source=amount.source)


def table(place: Workplace) -> OverheadPrices:
    """The table of this project; the minutes of a rating are those of its own desk, where people have rated.

    Raises `Mistake` where a row needs a rate of exchange that nobody gave.
    """
    own = place.project.overheads
    prices = overhead_prices(own, Exchange(place.project.currency, place.project.rates))
    pace = _pace(place.store.root / DESK / DATABASE) if own.minutes_per_rating is None else None
    return prices if pace is None else replace(prices, minutes=pace)


def _pace(database: Path) -> Range | None:
    """Minutes a rating at a desk; None where there is no desk, or fewer than five answers."""
    if not database.is_file():
        return None
    with closing(EventStore(database)) as store, store.reading() as book:
        return minutes_per_rating(book)


def months_kept(place: Workplace) -> float:
    """How long model and text are kept."""
    return place.project.serving.months if place.project.serving else USUAL_MONTHS


def beside(
    place: Workplace, case: Case, route: RouteName, machines: Range, *, shared: float, contender: Contender | None
) -> tuple[CostPart, ...]:
    """The parts beside the machines of one arm's full run, in the project's currency.

    `shared` is the corpus stage's part of the machines' cost. With it are shared the failed runs of that stage, its
    text on disk, and the engineer hours that the route takes beyond those of a fine-tuning. `contender`: None without
    a language model.
    """
    prices, currency = table(place), place.project.currency
    hours = prices.hours(route)
    task_hours = prices.hours("finetune")
    common = max(0.0, hours.mid - task_hours.mid) / hours.mid if shared and hours.mid else 0.0
    failed, engineers = machines.by(prices.failed), prices.engineers(hours)
    rows = [
        CostPart(
            name=FAILED_RUNS,
            amount=number(failed, currency),
            shared=failed.mid * shared / machines.mid if machines.mid else 0.0,
        ),
        _storage(place, prices, contender),
        CostPart(name=ENGINEERS, amount=number(engineers, currency), shared=engineers.mid * common),
    ]
    if case.use_case.kind == "generate":
        rows.append(CostPart(name=RATERS, amount=number(prices.raters(), currency)))
    return tuple(rows)


def _storage(place: Workplace, prices: OverheadPrices, contender: Contender | None) -> CostPart:
    """Checkpoint of what was trained, and the tokens, for as long as the model serves; nothing on a machine at hand."""
    currency, at_hand = place.project.currency, place.project.machine.gpu == THIS
    if contender is None or not contender.arm.learns or at_hand:
        why = "kept on the machine at hand" if at_hand else "too small to count"
        return CostPart(name=STORAGE, amount=number(exactly(0.0, "assumed", why), currency))
    months = months_kept(place)
    text = TOKEN_BYTES * contender.corpus_tokens / 1e9
    whole = prices.stored(SAVED_BYTES * contender.shape.stored_parameters / 1e9 + text, months)
    return CostPart(name=STORAGE, amount=number(whole, currency), shared=prices.stored(text, months).mid)


def stated(place: Workplace) -> list[tuple[str, str, Label, str]]:
    """What is assumed of people, raters, failed runs and storage: name, value, how known, source."""
    prices, currency = table(place), place.project.currency
    per_hour = f"{currency} an hour"
    shown = (
        ("an engineer", prices.engineer, per_hour), ("a rater", prices.rater, per_hour),
        ("ratings of a use case that writes answers", prices.ratings, "ratings"),
        ("one rating", prices.minutes, "minutes"), ("failed runs", prices.failed.times(100), "% of the run"),
        ("storage", prices.storage, f"{currency} a gigabyte and month"),
    )  # fmt: skip
    return [(name, f"{_spread(r)} {unit}", r.label, r.source) for name, r, unit in shown]


def _spread(found: Range) -> str:
    return plain(found.mid) + (f" ({plain(found.lo)} to {plain(found.hi)})" if found.lo < found.hi else "")


def levers(place: Workplace, evidence: Sequence[ArmEvidence]) -> tuple[Lever, ...]:
    """The assumptions about money behind this evidence, with their values now."""
    project, prices = place.project, table(place)
    currency, traffic = project.currency, project.serving
    hourly = Number(value=place.price_per_hour, unit=f"{currency} an hour", label="assumed")
    found = [
        Lever(name="the price of a machine hour", now=hourly, parts=(MACHINES, FAILED_RUNS, SERVING)),
        Lever(
            name="the speed of training (utilisation)",
            now=Number(value=1.0, unit="times what was planned", label="assumed"),
            parts=(MACHINES, FAILED_RUNS), inverse=True,
        ),
        Lever(name="an engineer's hour", now=number(prices.engineer, f"{currency} an hour"), parts=(ENGINEERS,)),
        Lever(name="a rater's hour", now=number(prices.rater, f"{currency} an hour"), parts=(RATERS,)),
        Lever(name="failed runs", now=number(prices.failed.times(100), "% of the run"), parts=(FAILED_RUNS,)),
    ]  # fmt: skip
    scratch = [e.arm for e in evidence if e.route == "scratch"]
    found += [
        Lever(
            name=f"engineer hours of {route}", now=number(prices.hours(route), "hours"), parts=(ENGINEERS,),
            arms=[e.arm for e in evidence if e.route == route],
        )
        for route in sorted({r for r in HOURS for e in evidence if e.route == r})
    ]  # fmt: skip
    if traffic is not None:
        own = [e.arm for e in evidence if e.arm.split("@")[0] in ("continue/replaced", "continue/extended")] + scratch
        per_day = Number(value=traffic.requests_per_day, unit="requests a day", label="assumed")
        months = Number(value=traffic.months, unit="months", label="assumed")
        use = number(SERVING_USE.times(100), "% of the peak")
        tokens = Number(value=1.0, unit="times what was measured", label="measured")
        found += [
            Lever(name="traffic", now=per_day, parts=(SERVING,)),
            Lever(name="the months of serving", now=months, parts=(SERVING,)),
            Lever(name="utilisation in serving", now=use, parts=(SERVING,), inverse=True),
            Lever(name="tokens per word of a vocabulary of your own", now=tokens, parts=(SERVING,), arms=own),
        ]
    return tuple(lever for lever in found if lever.now.value > 0)
