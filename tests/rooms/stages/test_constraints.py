"""Constraints as a project states them: what contradicts it, what an arm breaks, and what a request takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dono.costs import exactly
from dono.decisions import Number
from dono.errors import Mistake
from dono.project import Project
from dono.stages.constraints import broken, check_constraints, latency
from dono.stages.contenders import Contender
from dono.stages.prepare import Prepared
from dono.stages.workplace import Workplace

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
AN_HOUR = exactly(1.0, "extrapolated", "")


def with_settings(place: Workplace, **changed: object) -> Workplace:
    settings = place.project.model_dump(by_alias=True, exclude_unset=True) | changed
    return replace(place, project=Project.model_validate(settings | {"folder": place.project.folder}))


def reasons(place: Workplace, contender: Contender, took: Number | None = None, **asked: object) -> tuple[str, ...]:
    return broken(with_settings(place, constraints=asked), contender, AN_HOUR, took, NOW)


def test_without_constraints_nothing_is_broken(place: Workplace, who: dict[str, Contender]) -> None:
    assert reasons(place, who["scratch/own"]) == ()


def test_each_constraint_is_broken_in_words_with_both_numbers(place: Workplace, who: dict[str, Contender]) -> None:
    own, base = who["scratch/own"], who["finetune/lora"]
    slow = Number(value=900.0, unit="ms", label="measured")
    size = own.shape.stored_parameters
    assert reasons(place, own, parameters=1000) == (f"{size:,} parameters are more than 1,000",)
    assert reasons(place, own, gigabytes=1e-6)[0].endswith("GB to answer, the device has 1e-06")
    assert reasons(place, own, slow, latency_ms=300) == ("a request takes 900 ms, more than 300 (measured)",)
    assert reasons(place, own, slow, latency_ms=1000) == ()
    assert reasons(place, base, base_licences=["MIT"]) == ("base states no licence in its model card (README.md)",)
    assert reasons(place, own, base_licences=["MIT"]) == ()


def test_the_licence_of_a_base_is_read_from_its_card(place: Workplace, who: dict[str, Contender]) -> None:
    card = place.project.path("base") / "README.md"
    card.write_text("---\nlicense: apache-2.0\n---\n# A base\n", encoding="utf8")
    try:
        assert reasons(place, who["finetune/lora"], base_licences=["Apache-2.0"]) == ()
        assert reasons(place, who["finetune/lora"], base_licences=["MIT"]) == (
            "base is under apache-2.0, not under MIT",
        )
    finally:
        card.unlink()


def test_data_leaves_the_country_with_a_machine_that_stands_elsewhere_or_nowhere_stated(
    place: Workplace, who: dict[str, Contender]
) -> None:
    own = who["scratch/own"]
    assert reasons(place, own, country="IN") == ()
    rented = with_settings(place, machine={"gpu": "H100"}, constraints={"country": "IN"})
    assert broken(rented, own, AN_HOUR, None) == ("the data would leave IN: machine.country is not stated",)
    here = with_settings(place, machine={"gpu": "H100", "country": "IN"}, constraints={"country": "IN"})
    assert broken(here, own, AN_HOUR, None) == ()


def test_a_full_run_that_ends_after_the_deadline_breaks_it(place: Workplace, who: dict[str, Contender]) -> None:
    assert reasons(place, who["scratch/own"], deadline="2026-11-26") == ()
    late = broken(with_settings(place, constraints={"deadline": "2026-11-26"}), None, AN_HOUR.times(20), None, NOW)
    assert late == ("its full run takes 20\u00a0h, 12\u00a0h are left to 2026-11-26",)


@pytest.mark.parametrize(
    ("day", "hours", "said"),
    [
        ("2026-11-25", 1, "constraints.deadline: 2026-11-25 has passed"),
        ("2026-11-26", 100, "12 hours are left until 2026-11-26, but runs are planned for 75. Set"),
    ],
)  # fmt: skip
def test_a_deadline_that_contradicts_the_budget_is_one_line(
    place: Workplace, day: str, hours: float, said: str
) -> None:
    asked = with_settings(place, constraints={"deadline": day}, budget={"hours": hours})
    with pytest.raises(Mistake) as raised:
        check_constraints(asked, NOW)
    assert said in str(raised.value) and "\n" not in str(raised.value)
    check_constraints(with_settings(place, constraints={"deadline": "2026-12-30"}), NOW)


def test_a_request_is_measured_here_and_estimated_elsewhere(
    place: Workplace, prepared: Prepared, who: dict[str, Contender]
) -> None:
    own, reference, case = who["scratch/own"], who["prompt/zero-shot"], prepared.cases[0]
    assert latency(place, own, reference, case) is None  # nobody asked, and measuring takes time
    here = latency(with_settings(place, constraints={"latency_ms": 500}), own, reference, case)
    rented = latency(with_settings(place, machine={"gpu": "H100"}), own, reference, case)
    assert here is not None and rented is not None
    assert (here.label, rented.label) == ("measured", "assumed")
    assert here.lo is not None and 0 < here.lo < here.value and here.unit == "ms"
    assert latency(place, own, reference, prepared.cases[1]) is None
