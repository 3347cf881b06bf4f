"""The outlooks of all arms of one use case, with what they teach about one another."""

from __future__ import annotations

from collections.abc import Sequence

from dono.decisions.evidence import ArmEvidence, UseCaseQuestion, run_whole
from dono.decisions.head_start import FROM_NOTHING
from dono.decisions.linked import link_of
from dono.decisions.outlook import Outlook, outlook
from dono.decisions.settling import level_of


def outlooks(question: UseCaseQuestion, evidence: Sequence[ArmEvidence], seed: int) -> list[Outlook]:
    """One for each measured arm, in the order given. What others are held to comes first: what was run whole on the
    examples, and the model from scratch.
    """
    measured = [e for e in evidence if e.measured]
    link, level = link_of(measured, question.judged_by), level_of(measured, question.judged_by)
    found: dict[str, Outlook] = {}
    taught: Outlook | None = None
    scratch: Outlook | None = None
    for one in sorted(measured, key=lambda e: (not run_whole(e), e.route != FROM_NOTHING, e.arm)):
        made = found[one.arm] = outlook(question, one, seed, link, level, measured, scratch, taught)
        if run_whole(one) and (taught is None or made.expected < taught.expected):
            taught = made
        if scratch is None and one.route == FROM_NOTHING:
            scratch = made
    return [found[e.arm] for e in measured]
