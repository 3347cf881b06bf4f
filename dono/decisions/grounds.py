"""The grounds of a verdict: what the head was asked and what it was told. By them it is judged again at any time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from pydantic import TypeAdapter, ValidationError

from dono.decisions.comparison import compare
from dono.decisions.evidence import ArmEvidence, Lever, UseCaseQuestion, in_one_order
from dono.decisions.outlook import Outlook
from dono.decisions.outlooks import outlooks
from dono.decisions.outset import outset
from dono.decisions.portfolio import choose_portfolio
from dono.decisions.verdict import UseCaseVerdict, Verdict

GROUNDS = "grounds.json"
"""Where they lie beside a verdict."""

_EVIDENCE = TypeAdapter(dict[str, tuple[ArmEvidence, ...]])
_LEVERS = TypeAdapter(tuple[Lever, ...])
_SAID = tuple(f.name for f in fields(UseCaseQuestion) if f.name not in ("known", "levers"))
"""What is written of a question as it stands; `known` is that of this version of Dono."""

Seen = Mapping[str, Sequence[Outlook]]
"""How the arms of each use case look at the full run."""


@dataclass(frozen=True, kw_only=True)
class Grounds:
    """One question and the evidence of all arms for each use case, by its name; the caps of the full runs (`money` in
    `currency`, `hours`), and what having a use case served is worth a month, where that is stated.
    """

    questions: Mapping[str, UseCaseQuestion]
    evidence: Mapping[str, Sequence[ArmEvidence]]
    seed: int
    currency: str
    money: float | None
    hours: float | None
    worth: Mapping[str, float]

    def as_json(self) -> str:
        """The whole as text; `read_grounds` reads it."""
        questions = [
            {**{name: getattr(q, name) for name in _SAID}, "levers": _LEVERS.dump_python(tuple(q.levers), mode="json")}
            for q in self.questions.values()
        ]
        told = {name: getattr(self, name) for name in ("seed", "currency", "money", "hours")} | {"worth": self.worth}
        rows = {name: tuple(of) for name, of in self.evidence.items()}
        evidence = _EVIDENCE.dump_python(rows, mode="json")
        return json.dumps({**told, "questions": questions, "evidence": evidence}, ensure_ascii=False)


def read_grounds(text: str) -> Grounds | None:
    """What `Grounds.as_json` wrote; None for what another version wrote otherwise."""
    try:
        told = json.loads(text)
        evidence = _EVIDENCE.validate_python(told.pop("evidence"))
        rows = [UseCaseQuestion(**{**q, "levers": _LEVERS.validate_python(q["levers"])}) for q in told.pop("questions")]
        return Grounds(questions={q.name: q for q in rows}, evidence=evidence, **told)
    except (ValueError, ValidationError, KeyError, TypeError):
        return None


def seen_by(grounds: Grounds) -> Seen:
    """The forecasts of all arms: seconds of work, and the same whatever is paid, served or good enough."""
    return {
        name: outlooks(q, in_one_order(grounds.evidence[name]), grounds.seed) for name, q in grounds.questions.items()
    }


def judged_again(verdict: Verdict, grounds: Grounds, seen: Seen | None = None) -> Verdict:
    """The verdict by these grounds; what does not depend on them stays as it is in `verdict`.

    `seen` are the forecasts by the same pilots, where they were made before. What one more pilot would be worth is not
    counted again: it depends on the speed of the pilots' machine.
    """
    before = {case.use_case: case for case in verdict.use_cases}
    seen = seen_by(grounds) if seen is None else seen
    cases = tuple(_case(before.get(name), grounds, name, seen[name]) for name in grounds.questions)
    chosen = choose_portfolio(
        cases, grounds.evidence, money=grounds.money, hours=grounds.hours, currency=grounds.currency
    )
    worth = [grounds.worth[name] for name in sorted({i.use_case for i in chosen.items} & set(grounds.worth))]
    found = outset(chosen.parts, sum(worth) if worth else None, grounds.currency) if chosen.items else None
    return verdict.model_copy(
        update={
            "sentence": chosen.sentence,
            "use_cases": cases,
            "portfolio": chosen.items,
            "portfolio_cost": chosen.cost,
            "portfolio_parts": chosen.parts,
            "shared": chosen.shared,
            "outset": found,
            "budget": {**verdict.budget, "money": grounds.money, "hours": grounds.hours},
        }
    )


def _case(before: UseCaseVerdict | None, grounds: Grounds, name: str, seen: Sequence[Outlook]) -> UseCaseVerdict:
    found = compare(grounds.questions[name], grounds.evidence[name], seed=grounds.seed, seen=seen)
    return found if before is None else found.model_copy(update={"eliminated": before.eliminated})
