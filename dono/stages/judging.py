"""Win rates: answers of two models compared by an endpoint that judges, or by people at the rating desk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dono.endpoints import Client, Ledger, Purse, served_model
from dono.errors import Capped, Mistake
from dono.evals.judge import Judged, Pair, both_orders, verdicts
from dono.ratings import Desk, EventStore, comparisons, fit, seats
from dono.stages.hosted import FOLDER, cap_of, closed, price_at
from dono.stages.model_stages import Stage
from dono.stages.prepare import Case
from dono.stages.workplace import Workplace

if TYPE_CHECKING:
    from dono.evals.measures import Table


def judge_pairs(
    place: Workplace, stages: Sequence[Stage], cases: Sequence[Case], tables: Mapping[str, Mapping[str, Table]]
) -> list[str]:
    """The last stage's written answers against the first one's, by the project's judge; a sentence a use case.

    Raises `Mistake` where the project names no judge, or there is nothing to compare.
    """
    judge = place.project.judge
    if judge is None:
        remedy = "Add judge: {endpoint: URL, model: NAME} to the project file"
        raise Mistake("the project names no judge", where="--judge", remedy=remedy)
    first, last = stages[0].label, stages[-1].label
    both = [name for name, of in tables.items() if first in of and last in of]
    written = [c for c in cases if c.use_case.kind == "generate" and c.use_case.name in both]
    if not written or len(stages) < 2:
        remedy = "Give two models, and a use case of kind generate"
        raise Mistake("there are no two answers to compare", where="--judge", remedy=remedy)
    said = []
    ledger = Ledger(place.store.root / FOLDER / "replies.sqlite")
    try:
        for case in written:
            reason = closed(place, judge, case)
            if reason is not None:
                said.append(f"{case.use_case.name}: not judged; {reason}")
                continue
            of = tables[case.use_case.name]
            asked = zip(of[last]["prompt"], of[last]["answer"], of[first]["answer"], strict=True)
            pairs = [Pair(str(prompt), str(ours), str(theirs)) for prompt, ours, theirs in asked]
            purse = Purse(ledger, judge.model, price_at(judge), cap_of(place, judge))
            shown = place.display.task(f"judging {case.use_case.name}", 2 * len(pairs))
            with Client(judge, purse, served_model(judge)) as client, shown as view:
                try:
                    replies = client.ask(both_orders(pairs), lambda done, of: view.at(done, f"{done} of {of} read"))
                except Capped as capped:
                    said.append(f"{case.use_case.name}: not judged; {capped}")
                    continue
            said.append(f"{case.use_case.name}: {in_words(verdicts(pairs, replies), last, first, judge.model)}")
    finally:
        ledger.close()
    return said


def in_words(found: Judged, ours: str, theirs: str, judge: str) -> str:
    """A verdict with the judge's habits."""
    habits = [f"changed its mind with the order in {found.flips:.0%} of pairs"]
    if found.first_seat is not None:
        habits.append(f"chose the first seat {found.first_seat:.0%} of the time")
    if found.longer is not None:
        habits.append(f"the longer answer {found.longer:.0%}")
    if found.unread:
        habits.append(f"{found.unread} readings named neither")
    won = f"{ours} wins {found.wins:.1%} ± {found.stderr:.1%} against {theirs}"
    return f"{won} ({found.pairs} pairs, judged by {judge} both ways; it {', '.join(habits)})"


def blind_ratings(desk: Path) -> list[str]:
    """Win rates by people who rated blind at a desk, with their habits. Raises `Mistake` without ratings."""
    file = desk / "desk.sqlite" if desk.is_dir() else desk
    if not file.is_file():
        raise Mistake("no ratings there (no desk.sqlite)", where=str(desk), remedy="Give the folder of a desk")
    found = Desk(EventStore(file))
    try:
        with found.store.reading() as book:
            pairs = comparisons(book)
            if not pairs:
                remedy = "Open it with `dono rate`"
                raise Mistake("nobody has compared two models there", where=str(desk), remedy=remedy)
            strengths, (first, longer) = fit(pairs), seats(book)
    finally:
        found.store.close()
    said = []
    models = sorted(strengths.models, key=lambda m: -strengths.theta[strengths.models.index(m)])
    for n, better in enumerate(models):
        for other in (m for m in models[n + 1 :] if strengths.connected(better, m)):
            rate = strengths.wins(better, other)
            known = "" if rate.lo is None or rate.hi is None else f" (95 % {rate.lo:.0%} to {rate.hi:.0%})"
            often = f"{rate.value:.0%} of the time{known}, {strengths.raters} raters"
            said.append(f"people prefer {better} to {other} {often}")
    shares = (("the first seat", first), ("the longer answer", longer))
    habits = [f"{name} {share.value:.0%} of {share.n}" for name, share in shares if share.value is not None]
    return [*said, f"they chose {' and '.join(habits)} decided pairs"] if habits else said
