"""The words in which rights are stated: grounds in law, answers, licences; and the old short form widened to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from pydantic import AfterValidator, BeforeValidator

Ground = Literal["consent", "legitimate_use", "made_public", "research", "not_personal", "unknown"]
"""Digital Personal Data Protection Act 2023: consent (s.6), certain legitimate uses (s.7), made public by the person
herself or under a legal duty (s.3(c)(ii)), research, archiving or statistics (s.17(2)(b)); or no personal data."""
PersonalData = Literal["none", "anonymised", "pseudonymised", "identifiable", "unknown"]
Children = Literal["excluded", "verified", "unknown"]
"""No data of children is in it, or their parents' consent was verified (s.9, Rule 10)."""
Status = Literal["active", "blocked", "withdrawn"]

PERSONAL_BY_GROUND: dict[str, PersonalData] = {
    "consent": "identifiable", "legitimate_use": "identifiable", "not_personal": "none",
}  # fmt: skip
"""What a ground says of the data where `personal_data` is not stated."""
BASES: dict[str, dict[str, str]] = {
    "consent": {"ground": "consent"},
    "authored": {"ground": "not_personal", "contract": "own work"},
    "synthetic": {"ground": "not_personal", "contract": "own work"},
    "public domain": {"ground": "not_personal", "contract": "public domain"},
}
"""The old short form. A licence or a contract says nothing about the people in a text: the ground stays unknown."""
UNLIMITED = ("authored", "synthetic", "public domain")
"""Old bases that limit no purpose: without `purpose` they have always meant training."""


def _yes_or_no(value: object) -> object:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value  # as older YAML has the words


Answer = Annotated[Literal["yes", "no", "unknown"], BeforeValidator(_yes_or_no)]


def _known_licence(value: str) -> str:
    try:
        return canonicalize_license_expression(value)
    except InvalidLicenseExpression as error:
        raise ValueError(
            "no SPDX licence (spdx.org/licenses), e.g. CC-BY-4.0; name a contract by `contract`"
        ) from error


Licence = Annotated[str, AfterValidator(_known_licence)]
"""An SPDX expression, checked against the list that `packaging` carries."""


def widened(stated: Mapping[str, object]) -> dict[str, object]:
    """A rights block with the short forms written out: `basis`, a list of purposes, what a ground implies.

    Nothing that was stated is overwritten, and nothing is made up: what the short form does not say stays unknown.
    """
    found = dict(stated)
    basis = str(found.get("basis") or "").strip().lower().replace("_", " ")
    if basis:
        same = {"ground": basis.replace(" ", "_")} if basis.replace(" ", "_") in get_args(Ground) else {}
        found = {**BASES.get(basis, same), **found}
        if basis in UNLIMITED:
            found.setdefault("purpose", ["train"])
        if found.get("licence") and not _is_licence(str(found["licence"])):
            found["contract"] = found.pop("licence")
    if isinstance(found.get("purpose"), list | tuple):
        named = [str(purpose) for purpose in found["purpose"]]  # type: ignore[attr-defined]
        found["purpose"] = ", ".join(named)
        if named:
            found.setdefault("covers_training", "yes" if {"train", "training"} & {n.lower() for n in named} else "no")
    found.setdefault("personal_data", PERSONAL_BY_GROUND.get(str(found.get("ground")), "unknown"))
    return found


def _is_licence(text: str) -> bool:
    try:
        canonicalize_license_expression(text)
    except InvalidLicenseExpression:
        return False
    return True
