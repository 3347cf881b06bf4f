"""The gate: which stated rights let a source be learned from. One rule, one reason to refuse, one remedy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import regex

from dono.project import Project, Rights

NO_ADAPTATIONS = regex.compile(r"-ND(?:-|$)")
NO_BUSINESS = regex.compile(r"-NC(?:-|$)|(?i:noncommercial)")


@dataclass(frozen=True)
class Terms:
    """What the rules hold rights against: the day, and whether what is learned serves a business."""

    today: date
    commercial: bool = True


@dataclass(frozen=True)
class Refusal:
    """Why a source may not be learned from, and what to do about it. `rule` is its name in `RULES`."""

    rule: str
    what: str
    remedy: str


@dataclass(frozen=True)
class Subject:
    """Something that a project learns from: a source, or the examples of a use case (`use_cases.NAME`)."""

    name: str
    where: str
    rights: Rights | None


Rule = Callable[[Rights, Terms], tuple[str, str] | None]
"""What is wrong and its remedy, or None."""


def _status(rights: Rights, terms: Terms) -> tuple[str, str] | None:
    if rights.status == "active":
        return None
    return f"the source is {rights.status}", "Take it out of the project file"


def _ground(rights: Rights, terms: Terms) -> tuple[str, str] | None:
    if rights.ground != "unknown":
        return None
    return (
        "the ground in law is unknown",
        "State ground: consent, legitimate_use, made_public, research or not_personal",
    )


def _purpose(rights: Rights, terms: Terms) -> tuple[str, str] | None:
    if rights.covers_training == "no":
        return "its purpose does not cover training a model", "Ask anew under a purpose that does, or take it out"
    if not rights.purpose:
        return "no purpose is stated", "State purpose as the notice or contract has it, and covers_training"
    if rights.covers_training == "unknown":
        return "whether its purpose covers training a model is unknown", "Read the notice, then state covers_training"
    return None


def _children(rights: Rights, terms: Terms) -> tuple[str, str] | None:
    people = rights.personal_data in ("identifiable", "pseudonymised", "unknown")
    if rights.ground != "consent" or not people or rights.children != "unknown":
        return None
    return "whether children's data is in it is unknown", "State children: excluded or verified, and children_method"


def _retention(rights: Rights, terms: Terms) -> tuple[str, str] | None:
    if rights.retain_until is None or rights.retain_until >= terms.today:
        return None
    return f"it was to be kept until {rights.retain_until}", "Erase it and take it out of the project file"


def _licence(rights: Rights, terms: Terms) -> tuple[str, str] | None:
    if rights.licence is None:
        return None
    forbidden = [_forbids(one, terms) for one in rights.licence.split(" OR ")]
    if not all(forbidden):
        return None
    return f"the licence {rights.licence} forbids {forbidden[0]}", "Get another licence, or take it out"


def _forbids(licence: str, terms: Terms) -> str | None:
    if NO_ADAPTATIONS.search(licence):
        return "adaptations (whether a model is one is not settled)"
    if terms.commercial and NO_BUSINESS.search(licence):
        return "use in a business (commercial: false, if this is none)"
    return None


RULES: dict[str, Rule] = {
    "status": _status,
    "ground": _ground,
    "purpose": _purpose,
    "children": _children,
    "retention": _retention,
    "licence": _licence,
}
"""In the order in which their reasons are told."""
UNSTATED = Refusal("stated", "no rights are stated", "State them: rights: {ground: …, purpose: …, covers_training: …}")


def refusals(rights: Rights | None, terms: Terms) -> list[Refusal]:
    """Every reason why a source with these rights may not be learned from; empty: it may."""
    if rights is None:
        return [UNSTATED]
    found = ((name, rule(rights, terms)) for name, rule in RULES.items())
    return [Refusal(name, *reason) for name, reason in found if reason is not None]


def remarks(rights: Rights) -> list[str]:
    """What is not refused, yet would be asked in an inspection."""
    found = []
    if rights.ground == "not_personal" and rights.licence is None and rights.contract is None:
        found.append("neither licence nor contract is stated")
    if rights.ground == "consent" and (rights.notice is None or rights.consent_store is None):
        found.append("notice and consent must be proved (s.6(10)): state notice and consent_store")
    if rights.ground == "legitimate_use" and rights.clause is None:
        found.append("the clause of section 7 is not stated")
    if rights.ground != "not_personal" and rights.retain_until is None:
        found.append("retain_until is not stated: personal data is erased when its purpose ends (s.8(7))")
    return found


def subjects(project: Project) -> list[Subject]:
    """All that a project learns from: its sources, and the examples of the use cases whose rights are stated.

    Examples without stated rights are named as a warning in the verdict, not refused.
    """
    found = [Subject(s.name, f"corpus[{s.name}].rights", s.rights) for s in project.corpus]
    cases = (u for u in project.use_cases if u.rights is not None)
    return found + [Subject(f"use_cases.{u.name}", f"use_cases[{u.name}].rights", u.rights) for u in cases]
