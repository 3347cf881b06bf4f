"""Whether local training taught the region: said in a sentence, shown in a table."""

from __future__ import annotations

from dono.decisions import Lifts, Verdict
from dono.studio.regional import answer, taught
from dono.studio.report import render
from tests.rooms.studio import fixture


def lifts(correlation: float, scale: float = 1.0, *, right: float | None = 0.8) -> Lifts:
    return Lifts(
        scale=scale, correlation=correlation, stderr=0.03, ceiling=0.87, off=1.6, right=right, significant=40,
        slope=0.9, slope_stderr=0.1, cells=312, misses=["Onam in Kerala, lamps: says 1.1×, data says 3.2× (2.1–4.9)"],
    )  # fmt: skip


def of_habits(known: dict[str, Lifts]) -> Verdict:
    """A verdict of one use case about habits, of which these arms have lifts."""
    first = fixture.intent()
    arms = [a.model_copy(update={"lifts": known.get(a.arm)}) for a in first.arms]
    return fixture.verdict_of((first.model_copy(update={"kind": "habits", "arms": tuple(arms)}),))


KNOWN = {"prompt/zero-shot": lifts(0.02), "scratch/own": lifts(0.31, 0.125), "predictive/counts": lifts(0.8)}


def said(verdict: Verdict, known: dict[str, Lifts]) -> str:
    template = verdict.use_cases[0].arms[0]
    arms = [
        template.model_copy(update={"arm": name, "route": name.split("/")[0], "failed": None, "lifts": found})
        for name, found in known.items()
    ]
    return answer(taught(arms))


def test_it_is_said_whether_the_country_s_texts_taught_the_region(verdict: Verdict) -> None:
    assert said(verdict, KNOWN) == (
        "Yes: From scratch 0.31 ± 0.03 at 12\u00a0% of the full run, against Prompt only 0.02 ± 0.03. "
        "Counting the records reaches 0.80."
    )
    close = KNOWN | {"scratch/own": lifts(0.06)}
    assert said(verdict, close).startswith("Not seen in these pilots: From scratch 0.06 ± 0.03, against Prompt only")
    assert said(verdict, {"scratch/own": lifts(0.2)}) == "Yes: From scratch 0.20 ± 0.03."
    assert said(verdict, {"prompt/zero-shot": lifts(0.2)}) == "No route that reads your own texts was measured."


def test_the_table_has_every_route_with_its_misses_and_stands_only_where_there_are_lifts(page: str) -> None:
    assert "Does local training teach the region?" not in page
    first, second = (a.arm for a in fixture.intent().arms[:2])
    page = render(of_habits({first: lifts(0.31, right=None), second: lifts(0.4)}))
    table = page[page.index("Does local training teach the region?") :]
    table = table[: table.index("</details>")]
    assert table.index("0.40") < table.index("0.31") and "none is certain" in table
    assert table.count("Onam in Kerala, lamps: says 1.1×, data says 3.2×") == 2
