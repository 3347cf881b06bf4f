from __future__ import annotations

from datetime import date

import pytest
import yaml
from pydantic import ValidationError

from dono.project import Rights, Source


def stated(text: str) -> Rights:
    return Rights.model_validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    ("short", "found"),
    [
        (
            "{basis: consent, purpose: [train], notice: N-2025-04, retain_until: 2027-03-31}",
            {
                "ground": "consent", "purpose": "train", "covers_training": "yes", "personal_data": "identifiable",
                "notice": "N-2025-04", "retain_until": date(2027, 3, 31), "children": "unknown",
            },
        ),
        ("{basis: consent}", {"ground": "consent", "purpose": "", "covers_training": "unknown"}),
        ("{basis: consent, purpose: [billing]}", {"purpose": "billing", "covers_training": "no"}),
        (
            "{basis: authored, licence: Apache-2.0}",
            {"ground": "not_personal", "covers_training": "yes", "personal_data": "none", "licence": "Apache-2.0"},
        ),
        ("{basis: public domain}", {"ground": "not_personal", "contract": "public domain", "covers_training": "yes"}),
        ("{basis: licence, licence: CC-BY-4.0}", {"ground": "unknown", "licence": "CC-BY-4.0"}),
        ("{basis: contract, licence: internal}", {"ground": "unknown", "licence": None, "contract": "internal"}),
        ("{basis: because}", {"ground": "unknown", "covers_training": "unknown"}),
        ("{basis: legitimate use}", {"ground": "legitimate_use", "personal_data": "identifiable"}),
        ("{}", {"ground": "unknown", "personal_data": "unknown", "covers_training": "unknown", "status": "active"}),
    ],
)  # fmt: skip
def test_the_short_form_says_no_more_than_it_says(short: str, found: dict[str, object]) -> None:
    rights = stated(short)
    assert {name: getattr(rights, name) for name in found} == found


def test_yes_and_no_may_be_written_as_yaml_reads_them() -> None:
    rights = stated("{covers_training: yes, third_persons: no}")
    assert (rights.covers_training, rights.third_persons) == ("yes", "no")


def test_what_is_stated_is_not_overwritten_by_what_a_short_form_implies() -> None:
    rights = stated("{basis: consent, personal_data: pseudonymised, purpose: [train], covers_training: no}")
    assert (rights.personal_data, rights.covers_training) == ("pseudonymised", "no")


def test_a_licence_is_written_as_spdx_has_it() -> None:
    assert stated("{licence: cc-by-4.0 or mit}").licence == "CC-BY-4.0 OR MIT"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{licence: Creative Commons}", "no SPDX licence"),
        ("{ground: not_personal, personal_data: identifiable}", "does not fit personal_data identifiable"),
        ("{retain_until: 2026-01-01, keep_until: 2026-06-01}", "comes before keep_until"),
        ("{ground: contract}", "'consent', 'legitimate_use'"),
        ("{children: maybe}", "'excluded', 'verified'"),
    ],
)
def test_what_does_not_fit_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        stated(text)


def test_what_the_ledger_keeps_reads_back_as_the_same() -> None:
    rights = stated("{basis: consent, purpose: [train, support], children: verified, retain_until: 2027-03-31}")
    assert Rights.model_validate(rights.model_dump(mode="json")) == rights.model_copy(update={"basis": None})


def test_a_source_is_known_by_one_key() -> None:
    with pytest.raises(ValidationError, match="known by `group_by`; leave `key` out"):
        Source(name="orders", path="orders.csv", key="customer", group_by="customer")
