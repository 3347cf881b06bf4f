"""Many bases, replayed on other people's fine-tuning curves: rounds with elimination by forecast against simple rules.

Every fine-tuning set of `../shared/curves` has 30 models measured at sizes that double. A decision is: which model has
the lowest loss at the target? Each method pays for the runs that it looks at (parameters × examples, every size a run
of its own) and picks one model; the truth of the others tells its regret. Dono's way is the product's own: a tiny
ladder for each, rounds by `decisions.elimination`, then single pilots by their worth, with nothing learned from the set
under test. The others may spend at least what Dono spent, to the next size of the grid:

- halving: successive halving by today's rank (Jamieson and Talwalkar 2016): the better half goes on at twice the size;
- accept, then stop: every model at one size and smaller ones, a line through the power phase (Lin et al. 2024); only
  three of the sizes are charged, which favours it;
- all alike: Dono's forecasts of every model from one size and two smaller ones, without elimination.

All models in full cost 1 and have no regret. Draws from one set are no independent decisions.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from benchmarks.forecast_exam import BASELINES, ROOT, SHARED
from benchmarks.result import keep_result
from dono.curves import Learned, Point, pool
from dono.decisions import (
    ArmEvidence,
    Number,
    PilotPoint,
    UseCaseQuestion,
    UseCaseVerdict,
    next_pilots,
    next_round,
)
from dono.decisions.information import Rung
from dono.decisions.outlooks import outlooks
from dono.decisions.ranking import choice, is_clear, rank
from dono.decisions.verdict import ArmVerdict, Elimination
from dono.stages.exam import read
from dono.stages.schedule import FIRST_OF_MANY, RUNGS

TARGETS = (1_638_400, 819_200, 409_600)
SHARES = (0.02, 0.05, 0.1)
"""Of the compute of all models in full: what Dono may spend."""
SMALLEST = 200
SUBSETS = {30: 1, 10: 10}
"""So many models in a decision: all of a set, or some of them, drawn at random so many times."""
MOST_STEPS = 60
Curves = dict[str, dict[int, float]]


@dataclass(frozen=True)
class Decision:
    """Which of these models has the lowest loss at the target? `params` in units; `curves` by model and size."""

    name: str
    target: int
    curves: Curves
    params: dict[str, float]
    known: Learned

    def cost(self, arm: str, size: float) -> float:
        """Of one run, as a share of all models in full."""
        return self.params[arm] * size / (sum(self.params.values()) * self.target)

    def regret(self, arm: str) -> float:
        """How much more loss the model has at the target than the best one, relative to it."""
        ends = {name: curve[self.target] for name, curve in self.curves.items()}
        return ends[arm] / min(ends.values()) - 1

    @property
    def sizes(self) -> list[int]:
        """The grid of sizes, rising, up to the target."""
        return [s for s in sorted(next(iter(self.curves.values()))) if SMALLEST <= s <= self.target]


@dataclass(frozen=True)
class Choice:
    """A model and what it cost to choose it; for Dono also what was dropped on the way."""

    arm: str
    cost: float
    dropped: tuple[Elimination, ...] = ()


def decisions() -> Iterator[Decision]:
    """Every target of every fine-tuning set, for all of its models and for some of them."""
    for folder in sorted(f.parent for f in SHARED.glob("finetune-*/truth.csv")):
        exam = read(folder)
        for rows in exam.rows.values():
            curves: Curves = {}
            for row in rows:
                curves.setdefault(row.arm, {})[int(row.examples)] = row.value
            params = {row.arm: row.params for row in rows}
            names = sorted(curves)
            draws = [(many, draw) for many, times in SUBSETS.items() for draw in range(times)]
            for target, (many, draw) in product(TARGETS, draws):
                some = sorted(np.random.default_rng([many, target, draw]).permutation(names)[:many])
                yield Decision(
                    f"{folder.name.removeprefix('finetune-')} {target} {draw}", target,
                    {n: curves[n] for n in some}, {n: params[n] for n in some}, exam.known,
                )  # fmt: skip


def judge(decision: Decision, seen: dict[str, list[int]], gone: Sequence[Elimination]) -> tuple[UseCaseVerdict, str]:
    """The verdict from the sizes that were run, and the model to take: `decisions.compare` without its sentences.

    Losses in nats stand for bits.
    """
    question = UseCaseQuestion(name="loss", kind="language", metric="bits_per_byte", bar=None, known=decision.known)
    evidence = [_evidence(decision, arm, sizes) for arm, sizes in sorted(seen.items())]
    known = outlooks(question, evidence, 0)
    ranking = rank(np.column_stack([o.losses for o in known]), question.judged_by.margin)
    taken = choice(known, ranking)
    arms = [
        ArmVerdict(
            arm=o.evidence.arm, route="finetune", title="", quality=o.quality, p_best=ranking.p_best[i],
            expected_regret=ranking.regret[i], regret_without=ranking.without[i], reaches_bar=None, cost_to_bar=None,
            full_cost=o.evidence.full_cost, full_hours=o.evidence.full_hours, pilot_cost=o.evidence.pilot_cost,
            serving_per_month=None, pilots=o.evidence.points, curve=(), laws={}, backtest_error=None, languages=(),
            samples=(), notes=(),
        )
        for i, o in enumerate(known)
    ]  # fmt: skip
    clear = is_clear(ranking, taken, question.judged_by.margin)
    arm = known[taken].evidence.arm
    verdict = UseCaseVerdict(
        use_case="loss", kind="language", metric=question.metric, higher_is_better=False, bar=None,
        winner=arm if clear else None, runner_up=None, confidence=ranking.good[taken], sentence="", arms=arms,
        crossovers=(), flips=(), eliminated=tuple(gone),
    )  # fmt: skip
    return verdict, arm


def _evidence(decision: Decision, arm: str, sizes: Iterable[int]) -> ArmEvidence:
    nothing = Number(value=0.0, unit="INR", label="assumed")
    points = [
        PilotPoint(
            scale=s / decision.target, tokens=s, examples=s, seed=0, value=decision.curves[arm][s], stderr=0.0,
            n=10_000, seconds=0.0,
        )
        for s in sorted(sizes)
    ]  # fmt: skip
    return ArmEvidence(
        arm=arm, route="finetune", title="", points=points, full_cost=nothing, full_hours=nothing, pilot_cost=nothing,
        serving_per_month=None, languages=(), samples=(), notes=(), failed=None, has_scale=True, shared_key=None,
        shared_cost=None,
    )  # fmt: skip


def dono(decision: Decision, share: float) -> Choice:
    """Ladders, rounds, single pilots, until the verdict is clear or the share is spent."""
    seen = first_ladders(decision, FIRST_OF_MANY * share)
    spent = sum(decision.cost(arm, size) for arm, sizes in seen.items() for size in sizes)
    gone: list[Elimination] = []

    def cost_of(arm: str, scale: float) -> float | None:
        return decision.cost(arm, scale * decision.target)

    for number in range(1, MOST_STEPS):
        verdict, arm = judge(decision, seen, gone)
        done = {(name, size / decision.target, 1) for name, sizes in seen.items() for size in sizes}  # no second seeds
        found = next_round([verdict], number=number, seconds_of=cost_of, left=share - spent, done=done)
        rungs: Sequence[Rung] = (
            found.rungs or next_pilots([verdict], seconds_of=cost_of, left=share - spent, done=done)[:1]
        )
        if not rungs:
            break
        gone += found.dropped.get("loss", ())
        for name, scale, _ in rungs:
            seen[name].append(round(scale * decision.target))
            spent += decision.cost(name, seen[name][-1])
    return Choice(arm, spent, tuple(gone))


def first_ladders(decision: Decision, share: float) -> dict[str, list[int]]:
    """As `stages.schedule.ladders`, on the grid of sizes: four rungs, or as many as fit in an equal share."""
    left, found = share, dict[str, list[int]]()
    options = [
        decision.sizes[last - rungs : last]
        for rungs in range(RUNGS, 0, -1)
        for last in range(len(decision.sizes), rungs - 1, -1)
    ]
    for place, arm in enumerate(sorted(decision.params, key=lambda a: (decision.params[a], a))):
        mine = left / (len(decision.params) - place)
        fitting = (o for o in options if sum(decision.cost(arm, s) for s in o) <= mine)
        found[arm] = list(next(fitting, decision.sizes[:1]))
        left -= sum(decision.cost(arm, s) for s in found[arm])
    return found


def halving(decision: Decision, size: int) -> Choice:
    """Successive halving by the losses measured so far, from this size on."""
    alive, cost = sorted(decision.curves), 0.0
    while True:
        cost += sum(decision.cost(arm, size) for arm in alive)
        alive.sort(key=lambda arm: decision.curves[arm][size])
        if size >= decision.target or len(alive) == 1:
            return Choice(alive[0], cost)
        alive, size = alive[: max(1, len(alive) // 2)], size * 2


def accept_then_stop(decision: Decision, size: int) -> Choice:
    """The line through each model's power phase."""

    def said(arm: str) -> float:
        curve = [Point(s, decision.curves[arm][s]) for s in decision.sizes if s <= size]
        return BASELINES["accept, then stop"](pool(curve), decision.target)[0]

    return Choice(min(sorted(decision.curves), key=said), _three(decision, size))


def all_alike(decision: Decision, size: int) -> Choice:
    """Dono's forecasts from three sizes of every model."""
    three = [s for s in decision.sizes if size / 4 <= s <= size]
    return Choice(judge(decision, dict.fromkeys(decision.curves, three), ())[1], _three(decision, size))


def _three(decision: Decision, size: int) -> float:
    sizes = [s for s in decision.sizes if size / 4 <= s <= size]
    return sum(decision.cost(arm, s) for arm in decision.curves for s in sizes)


RULES: dict[str, tuple[Callable[[Decision, int], Choice], Callable[[Decision, int], float]]] = {
    "halving by today's rank": (halving, lambda d, s: halving(d, s).cost),
    "accept, then stop": (accept_then_stop, _three),
    "all alike, by forecast": (all_alike, _three),
}
"""A rule, and what it costs from a size on."""


def at_least(rule: str, decision: Decision, cost: float) -> Choice:
    """The rule from the smallest size at which it costs as much; from the largest where it never does."""
    choose, price = RULES[rule]
    sizes = decision.sizes[2:]
    return choose(decision, next((s for s in sizes if price(decision, s) >= cost), sizes[-1]))


def summary(chosen: Sequence[tuple[Decision, Choice]]) -> dict[str, float]:
    """Means over decisions; of what was dropped also the risk that was stated, and what came of it."""
    best = [min(d.curves, key=lambda a: d.curves[a][d.target]) for d, _ in chosen]
    regrets = [d.regret(c.arm) for d, c in chosen]
    found = {
        "decisions": len(chosen),
        "compute": float(np.mean([c.cost for _, c in chosen])),
        "regret": float(np.mean(regrets)),
        "worst_regret": max(regrets),
        "best_found": float(np.mean([c.arm == b for (_, c), b in zip(chosen, best, strict=True)])),
    }
    if any(c.dropped for _, c in chosen):
        found |= {
            "dropped": float(np.mean([len(c.dropped) for _, c in chosen])),
            "risk_stated": float(np.mean([sum(e.p_best for e in c.dropped) for _, c in chosen])),
            "best_dropped": float(
                np.mean([b in {e.arm for e in c.dropped} for (_, c), b in zip(chosen, best, strict=True)])
            ),
        }
    return {key: round(value, 5) for key, value in found.items()}


def shown(share: float, many: int, rule: str, row: dict[str, float]) -> str:
    """One row of the table."""
    line = f"{share:5.0%} {many:4d}  {rule:24s} {row['compute']:8.2%} {row['regret']:8.2%} {row['worst_regret']:8.2%}"
    line += f" {row['best_found']:6.0%}"
    if "dropped" in row:
        line += f"   {row['dropped']:.1f} dropped, risk stated {row['risk_stated']:.1%}, came {row['best_dropped']:.1%}"
    return line


def main() -> None:
    """Replay all decisions and print the table."""
    if not SHARED.is_dir():
        print(f"skipped: no curves at {SHARED.relative_to(ROOT.parent)} beside the repository")
        print("RESULT " + json.dumps({"skipped": True}))
        sys.exit(0)
    asked = list(decisions())
    result: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    print(f"share many  {'rule':24s}  compute   regret    worst  right   (compute: of all models in full)")
    for many in SUBSETS:
        mine = [d for d in asked if len(d.curves) == many]
        for share in SHARES:
            chosen = {"dono": [(d, dono(d, share)) for d in mine]}
            for rule in RULES:
                chosen[rule] = [(d, at_least(rule, d, c.cost)) for d, c in chosen["dono"]]
            rows = {rule: summary(pairs) for rule, pairs in chosen.items()}
            result.setdefault(str(many), {})[f"{share:g}"] = rows
            for rule, row in rows.items():
                print(shown(share, many, rule, row), flush=True)
    keep_result("eliminate_bases", {"models": result})


if __name__ == "__main__":
    main()
