"""The outlooks of all arms of one use case, with what they teach about one another."""

from __future__ import annotations

from collections.abc import Sequence

from dono.decisions.evidence import ArmEvidence, UseCaseQuestion
from dono.decisions.head_start import FROM_NOTHING
from dono.decisions.linked import link_of
from dono.decisions.outlook import Outlook, outlook
from dono.decisions.settling import level_of


def outlooks(question: UseCaseQuestion, evidence: Sequence[ArmEvidence], seed: int) -> list[Outlook]:
    """One for each measured arm, in the order given. The model from scratch comes first: others are held to it."""
    measured = [e for e in evidence if e.measured]
    link, level = link_of(measured, question.judged_by), level_of(measured, question.judged_by)
    found: dict[str, Outlook] = {}
    scratch: Outlook | None = None
    for one in sorted(measured, key=lambda e: (e.route != FROM_NOTHING, e.arm)):
        found[one.arm] = outlook(question, one, seed, link, level, measured, scratch)
        if scratch is None and one.route == FROM_NOTHING:
            scratch = found[one.arm]
    return [found[e.arm] for e in measured]
