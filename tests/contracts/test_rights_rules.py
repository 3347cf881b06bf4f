"""The gate's rules: each refuses what it must, in one sentence with a remedy, and lets everything else through."""

from __future__ import annotations

from datetime import date

import pytest

from dono.corpus.rights import RULES, Terms, refusals
from dono.project import Rights

TODAY = date(2026, 11, 26)
GOOD: dict[str, object] = {
    "ground": "consent", "purpose": "answering customers, and training models for it", "covers_training": "yes",
    "children": "excluded", "retain_until": "2026-11-26", "licence": "CC-BY-4.0",
}  # fmt: skip
REFUSED: list[tuple[str, dict[str, object], str, str]] = [
    ("status", {"status": "withdrawn"}, "the source is withdrawn", "Take it out of the project file"),
    ("status", {"status": "blocked"}, "the source is blocked", "Take it out of the project file"),
    (
        "ground", {"ground": "unknown"}, "the ground in law is unknown",
        "State ground: consent, legitimate_use, made_public, research or not_personal",
    ),
    (
        "purpose", {"purpose": ""}, "no purpose is stated",
        "State purpose as the notice or contract has it, and covers_training",
    ),
    (
        "purpose", {"covers_training": "unknown"}, "whether its purpose covers training a model is unknown",
        "Read the notice, then state covers_training",
    ),
    (
        "purpose", {"covers_training": "no"}, "its purpose does not cover training a model",
        "Ask anew under a purpose that does, or take it out",
    ),
    (
        "purpose", {"covers_training": "no", "purpose": ""}, "its purpose does not cover training a model",
        "Ask anew under a purpose that does, or take it out",
    ),
    (
        "children", {"children": "unknown"}, "whether children's data is in it is unknown",
        "State children: excluded or verified, and children_method",
    ),
    (
        "children", {"children": "unknown", "personal_data": "unknown"}, "whether children's data is in it is unknown",
        "State children: excluded or verified, and children_method",
    ),
    (
        "retention", {"retain_until": "2026-11-25"}, "it was to be kept until 2026-11-25",
        "Erase it and take it out of the project file",
    ),
    (
        "licence", {"licence": "CC-BY-ND-4.0"},
        "the licence CC-BY-ND-4.0 forbids adaptations (whether a model is one is not settled)",
        "Get another licence, or take it out",
    ),
    (
        "licence", {"licence": "CC-BY-NC-SA-4.0 OR CC-BY-NC-ND-4.0"},
        "the licence CC-BY-NC-SA-4.0 OR CC-BY-NC-ND-4.0 forbids use in a business (commercial: false, if this is none)",
        "Get another licence, or take it out",
    ),
]  # fmt: skip
PASSES: list[dict[str, object]] = [
    {},
    {"children": "verified"},
    {"ground": "not_personal", "children": "unknown", "personal_data": "none"},
    {"ground": "legitimate_use", "children": "unknown"},
    {"children": "unknown", "personal_data": "anonymised"},
    {"retain_until": None},
    {"licence": None},
    {"licence": "CC-BY-NC-4.0 OR MIT"},
    {"licence": "LicenseRef-nda"},
]


@pytest.mark.parametrize(("rule", "change", "what", "remedy"), REFUSED)
def test_a_rule_refuses_in_a_sentence_with_a_remedy(
    rule: str, change: dict[str, object], what: str, remedy: str
) -> None:
    (refused,) = refusals(Rights.model_validate(GOOD | change), Terms(TODAY))
    assert (refused.rule, refused.what, refused.remedy) == (rule, what, remedy)


@pytest.mark.parametrize("change", PASSES)
def test_what_no_rule_forbids_may_be_learned_from(change: dict[str, object]) -> None:
    assert refusals(Rights.model_validate(GOOD | change), Terms(TODAY)) == []


def test_every_rule_is_tried_here() -> None:
    assert {rule for rule, *_ in REFUSED} == set(RULES)


def test_a_source_without_rights_is_refused() -> None:
    (refused,) = refusals(None, Terms(TODAY))
    assert (refused.rule, refused.what) == ("stated", "no rights are stated")


def test_a_licence_that_is_not_for_business_is_enough_where_there_is_none() -> None:
    rights = Rights.model_validate(GOOD | {"licence": "CC-BY-NC-4.0"})
    assert refusals(rights, Terms(TODAY, commercial=False)) == []


def test_all_reasons_are_told_at_once() -> None:
    rights = Rights(retain_until=date(2020, 1, 1), status="blocked", licence="CC-BY-ND-3.0")
    assert [r.rule for r in refusals(rights, Terms(TODAY))] == ["status", "ground", "purpose", "retention", "licence"]
