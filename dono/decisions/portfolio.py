"""The portfolio: an arm for every use case under one budget, what they share, and how a board hears it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dono.costs.ranges import sources, weakest
from dono.decisions.allocation import Chosen, Cost, Option, allocate
from dono.decisions.evidence import ArmEvidence, in_one_order
from dono.decisions.goals import costs, shortfall
from dono.decisions.metrics import METRICS
from dono.decisions.own_languages import said_of_languages, with_languages
from dono.decisions.ranking import CLEAR, weighed
from dono.decisions.routes import short_name
from dono.decisions.spending import parts_together, summed
from dono.decisions.verdict import CostPart, Number, PortfolioItem, UseCaseVerdict
from dono.decisions.wording import money as as_money
from dono.decisions.wording import share, time, together, verb

SURE = 0.95
"""From this confidence on the headline does not say how sure it is: the pages below do."""


@dataclass(frozen=True)
class Portfolio:
    """One item per use case that the budget can serve, and one more for each language with an arm of its own. `cost`
    and `hours` are of the machines and count a shared corpus stage once; `parts` are all that is paid; `shared` says
    what is shared; `sentence` is the whole answer in plain words.
    """

    items: tuple[PortfolioItem, ...]
    cost: Number
    hours: Number
    shared: tuple[str, ...]
    sentence: str
    parts: tuple[CostPart, ...] = ()


def choose_portfolio(
    verdicts: Sequence[UseCaseVerdict],
    everything: Mapping[str, Sequence[ArmEvidence]],
    *,
    money: float | None,
    hours: float | None,
    currency: str,
) -> Portfolio:
    """Choose an arm per use case: the least total regret that `money` and `hours` (of the full runs) allow.

    Regrets are compared as shares of each metric's scale, and a difference within its margin counts as none: there the
    cheaper arm is taken, also when the verdict is too close to call. Where a use case's goal is the bar, what is lost
    is what is missing of a likely enough reach. A use case is left out only when the budget cannot carry any of its
    arms beside the others. A language whose own arm is measurably better gets it where the budget has room left.
    `everything`: use case -> its evidence. The budget caps machines; people and storage are counted beside it.
    """
    ordered = sorted(verdicts, key=lambda v: v.use_case)
    evidence = {v.use_case: {e.arm: e for e in in_one_order(everything[v.use_case])} for v in ordered}
    cases = [(v.use_case, options(v, list(evidence[v.use_case].values()))) for v in ordered]
    measured = [(name, found) for name, found in cases if found]
    chosen = allocate(measured, money=money, hours=hours)
    rows = {o.use_case: evidence[o.use_case][o.arm] for o in chosen.options}
    whole, languages = with_languages(chosen, ordered, dict(measured), money=money, hours=hours)
    arms = [evidence[o.use_case][o.arm] for o in whole.options]
    items = tuple(
        PortfolioItem(use_case=v.use_case, arm=e.arm, cost=e.full_cost, language=language, parts=e.parts)
        for v in verdicts
        if v.use_case in rows
        for language, e in [(None, rows[v.use_case])]
        + [(tag, evidence[v.use_case][arm]) for tag, arm in languages.get(v.use_case, {}).items()]
    )
    cost = _total([e.full_cost for e in arms], whole.cost.money, currency)
    total_hours = _total([e.full_hours for e in arms], whole.cost.hours, "hours")
    parts = parts_together(arms, currency)
    unserved = [name for name, found in cases if not found]
    said = [
        _advice([v for v in verdicts if v.use_case in rows], rows),
        *(said_of_languages(v, languages[v.use_case]) for v in verdicts if v.use_case in languages),
        _price(cost, total_hours, len(rows), parts) if rows else "",
        *_left_out(chosen, dict(measured), money, hours, currency),
        f"Nothing could be measured for {together(unserved)}." if unserved else "",
    ]
    sentence = " ".join(p for p in said if p)
    return Portfolio(items, cost, total_hours, _shared(whole, currency), sentence, parts)


def options(verdict: UseCaseVerdict, evidence: Sequence[ArmEvidence]) -> list[Option]:
    """What may be chosen for a use case: every arm that was measured and breaks no constraint."""
    metric, goal = METRICS[verdict.metric], verdict.goal
    known = {a.arm: a for a in verdict.arms if a.choosable}
    rows = [e for e in evidence if e.arm in known]
    if not rows:
        return []
    leader = min(rows, key=lambda e: (known[e.arm].expected_regret, e.arm))
    by_money = any(e.money for e in rows)
    found = []
    for row, price in zip(rows, costs(rows, goal), strict=True):
        behind = known[row.arm].expected_regret - known[leader.arm].expected_regret
        money, hours = _shared_part(row)
        weight = money + sum(p.shared for p in row.beside) if by_money else hours
        lost = 0.0 if behind <= metric.margin else behind / metric.scale
        found.append(
            Option(
                use_case=verdict.use_case,
                arm=row.arm,
                loss=lost if goal == "quality" else shortfall(goal, known[row.arm].reaches_bar),
                regret=behind / metric.scale,
                own=Cost(
                    row.full_cost.value - money,
                    row.full_hours.value - hours,
                    weighed(price, leads=row is leader or goal != "quality") - weight,
                ),
                shared=Cost(money, hours, weight),
                shared_key=row.shared_key,
            )
        )
    return found


def _shared_part(row: ArmEvidence) -> tuple[float, float]:
    """Money and hours of the stage that others may share; hours in proportion to money where they are not stated."""
    if row.shared_key is None:
        return 0.0, 0.0
    paid = min(row.shared_cost.value if row.shared_cost else 0.0, row.full_cost.value)
    if row.shared_hours is not None:
        return paid, min(row.shared_hours.value, row.full_hours.value)
    return paid, row.full_hours.value * paid / row.full_cost.value if row.full_cost.value else 0.0


def _total(parts: Sequence[Number], total: float, unit: str) -> Number:
    """The sum with its range: ends add up (costs err together: one machine, one price), in proportion where shared."""
    whole = sum(p.value for p in parts)
    factor = total / whole if whole else 0.0
    lo = factor * sum(p.value if p.lo is None else p.lo for p in parts)
    hi = factor * sum(p.value if p.hi is None else p.hi for p in parts)
    label = weakest(*(p.label for p in parts)) if parts else "measured"
    source = sources(*(p.source for p in parts))
    return Number(value=total, lo=min(lo, total), hi=max(hi, total), unit=unit, label=label, source=source)


def _advice(verdicts: Sequence[UseCaseVerdict], rows: Mapping[str, ArmEvidence]) -> str:
    """Train your own for this, fine-tune for that; what is a toss-up is said to be one."""
    if not verdicts:
        return ""
    grouped: dict[str, list[UseCaseVerdict]] = {}
    for verdict in verdicts:
        grouped.setdefault(rows[verdict.use_case].route, []).append(verdict)
    parts = [
        f"{verb(route)} for {together([_case(v, rows[v.use_case].arm) for v in of])}" for route, of in grouped.items()
    ]
    both = "scratch" in grouped and grouped.keys() & {"finetune", "continue"}
    said = "; ".join(parts)
    return f"Both: {said}." if both else f"{said[0].upper()}{said[1:]}."


def _case(verdict: UseCaseVerdict, arm: str) -> str:
    """The use case, with how sure its arm is, or why it is not the best one."""
    metric = METRICS[verdict.metric]
    known = [a for a in verdict.arms if a.choosable]
    taken = next(a for a in known if a.arm == arm)
    if verdict.goal != "quality" and taken.reaches_bar is not None:
        return f"{verdict.use_case} (reaches the bar with probability {share(taken.reaches_bar)})"
    if verdict.alone and verdict.winner == arm:
        return f"{verdict.use_case} (the only way that was measured)"
    best = min(known, key=lambda a: (a.expected_regret, a.arm))
    behind = taken.expected_regret - best.expected_regret
    if behind > metric.margin:
        said = f"{short_name(best.arm)} is better by {metric.show(behind)}, but does not fit the budget"
    elif verdict.winner == arm:
        return (
            verdict.use_case if verdict.confidence >= SURE else f"{verdict.use_case} ({share(verdict.confidence)} sure)"
        )
    elif verdict.winner is not None:
        said = f"as good as {short_name(verdict.winner)}, and cheaper beside the others"
    elif verdict.taken == arm and (verdict.confidence >= CLEAR or taken.said is None):
        said = "its pilots cannot tell yet"
    else:
        rival = verdict.runner_up if verdict.runner_up != arm else verdict.taken
        assert rival is not None, "a single arm is always within the margin of the best"
        said = f"a toss-up with {short_name(rival)}"
    return f"{verdict.use_case} ({said})"


def _price(cost: Number, hours: Number, cases: int, parts: Sequence[CostPart]) -> str:
    between = ""
    if cost.lo is not None and cost.hi is not None and cost.hi > cost.lo:
        between = f" ({as_money(cost.lo, cost.unit)} to {as_money(cost.hi, cost.unit)})"
    word = "Together" if cases > 1 else "The full run:"
    said = f"{word} {as_money(cost.value, cost.unit)}{between}, {time(hours.value)}"
    if not parts:
        return f"{said}."
    total = summed(parts, cost.unit)
    return f"{said} of machines; {as_money(total.value, cost.unit)} in all, with people, storage and runs that fail."


def _left_out(
    chosen: Chosen, options_of: Mapping[str, Sequence[Option]], money: float | None, hours: float | None, currency: str
) -> list[str]:
    """Use cases that the budget cannot carry, with the least they would need."""
    if not chosen.dropped:
        return []
    caps = [as_money(money, currency)] if money is not None else []
    caps += [time(hours)] if hours is not None else []
    said = [] if chosen.options else [f"Nothing fits the budget of {together(caps)}."]
    for name in chosen.dropped:
        cheapest = min(options_of[name], key=lambda o: (o.alone.money, o.alone.hours, o.arm))
        need = f"{as_money(cheapest.alone.money, currency)} and {time(cheapest.alone.hours)}"
        said.append(f"No room for {name} in {together(caps)}: its cheapest arm, {cheapest.arm}, needs {need}.")
    return said


def _shared(chosen: Chosen, currency: str) -> tuple[str, ...]:
    said = []
    for key, paid in sorted(chosen.paid.items()):
        users = list(dict.fromkeys(o.use_case for o in chosen.options if o.shared_key == key))
        if len(users) > 1:
            said.append(
                f"{together(users)} share the corpus stage of {key}, paid once ({as_money(paid.money, currency)})"
            )
    return tuple(said)
