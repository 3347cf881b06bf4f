"""The picture of a use case: well-formed, described, and inside its frame whatever the numbers."""

from __future__ import annotations

import math
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dono.decisions import METRICS, ArmVerdict, CurvePoint, Number, PilotPoint, UseCaseVerdict
from dono.decisions.routes import ROUTES
from dono.studio.chart import chart, describe, strip, strip_values
from dono.studio.series import series_of
from tests.rooms.studio import fixture

MARKER = 8
HORIZONTAL, VERTICAL = ("x", "x1", "x2", "cx"), ("y", "y1", "y2", "cy")
NAMES = [arm.name for of in ROUTES.values() for arm in of]
VALUES = st.one_of(st.floats(min_value=0, max_value=1), st.floats(min_value=-1e9, max_value=1e9))
WIDTHS = st.one_of(st.just(0.0), st.floats(min_value=0, max_value=1), st.floats(min_value=0, max_value=1e9))
SCALES = st.floats(min_value=1e-9, max_value=100)


def places(svg: str) -> list[tuple[float, float, float]]:
    """Every coordinate as (value, least, most)."""
    root = Xml.fromstring(svg)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    found: list[tuple[float, float, float]] = []
    for element in root.iter():
        found += [(float(element.attrib[k]), 0, width) for k in HORIZONTAL if k in element.attrib]
        found += [(float(element.attrib[k]), 0, height) for k in VERTICAL if k in element.attrib]
        for point in element.attrib.get("points", "").split():
            x, y = map(float, point.split(","))
            found += [(x, 0, width), (y, 0, height)]
    return found


@st.composite
def arms(draw: st.DrawFn) -> ArmVerdict:
    name = draw(st.sampled_from(NAMES)) + draw(st.sampled_from(["", "@base", "@other <base>"]))
    value, width = draw(VALUES), draw(WIDTHS)
    pilots = draw(st.lists(st.tuples(SCALES, VALUES, WIDTHS, st.floats(0, 1e13)), max_size=4))
    curve = draw(st.lists(st.tuples(SCALES, VALUES, WIDTHS), max_size=4))
    known = draw(st.booleans())
    money = Number(value=draw(st.floats(0, 1e30)), unit="INR", label="assumed")
    return ArmVerdict(
        arm=name, route=name.split("/")[0], title=name, p_best=0.5, expected_regret=0.0, reaches_bar=None,
        quality=Number(value=value, lo=value - width if known else None, hi=value + width if known else None, unit="",
                       label="measured"),
        cost_to_bar=None, full_cost=money, full_hours=money, pilot_cost=money, serving_per_month=None,
        pilots=[PilotPoint(scale=s, tokens=t, examples=1, seed=0, value=v, stderr=w, n=1, seconds=1.0)
                for s, v, w, t in pilots],
        curve=[CurvePoint(scale=s, mean=v, lo=v - w, hi=v + w) for s, v, w in curve],
        laws={}, backtest_error=None, languages=(), samples=(), notes=(),
        failed=draw(st.sampled_from([None, None, "why"])),
    )  # fmt: skip


@st.composite
def use_cases(draw: st.DrawFn) -> UseCaseVerdict:
    metric = draw(st.sampled_from(sorted(METRICS)))
    found = draw(st.lists(arms(), max_size=12, unique_by=lambda a: a.arm))
    return UseCaseVerdict(
        use_case="any & all", kind="classify", metric=metric, higher_is_better=METRICS[metric].higher_is_better,
        bar=draw(st.none() | VALUES), least=draw(st.none() | VALUES), winner=None, runner_up=None, confidence=0.5,
        sentence="", arms=found, crossovers=(), flips=(),
    )  # fmt: skip


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(use_cases())
def test_whatever_the_numbers_everything_is_finite_and_inside_the_frame(case: UseCaseVerdict) -> None:
    looks = series_of(a.arm for a in case.arms)
    picture = chart(case, looks, "any")
    measured = [a for a in case.arms if a.failed is None]
    assert (picture is None) == (not measured)
    strips = [strip(a, strip_values(case), case.bar, case.metric, looks[a.arm]) for a in measured]
    for svg in strips + ([picture.wide, picture.narrow] if picture else []):
        for value, least, most in places(svg):
            assert math.isfinite(value)
            assert least - MARKER <= value <= most + MARKER


@pytest.mark.parametrize("case", [fixture.intent(), fixture.reply(), fixture.language(), fixture.churn()])
def test_a_picture_has_a_title_and_says_its_numbers_in_words(case: UseCaseVerdict) -> None:
    picture = chart(case, series_of(a.arm for a in case.arms), "case-1")
    assert picture is not None
    for svg in (picture.wide, picture.narrow):
        root = Xml.fromstring(svg)
        title, description = root.findtext("title"), root.findtext("desc")
        assert root.attrib["role"] == "img"
        assert title and case.use_case in title
        assert description == describe(case)
        for arm in (a for a in case.arms if a.failed is None):
            assert f"{arm.title}: {arm.quality.value:.{METRICS[case.metric].decimals}f}" in description
        ids = {e.attrib["id"] for e in root.iter() if "id" in e.attrib}
        assert ids == set(root.attrib["aria-labelledby"].split())


def test_every_arm_has_pilots_a_curve_a_band_and_a_name_in_the_picture() -> None:
    case = fixture.reply()
    picture = chart(case, series_of(a.arm for a in case.arms), "c")
    assert picture is not None
    root = Xml.fromstring(picture.wide)
    kinds = [e.attrib.get("class", "").split(" ")[0] for e in root.iter()]
    learned = [a for a in case.arms if a.curve]
    assert kinds.count("pilot") == sum(len(a.pilots) for a in case.arms) == kinds.count("error")
    assert kinds.count("band") == len(learned)
    assert kinds.count("curve") == len(case.arms), "a prompt's level is drawn too"
    assert kinds.count("full") == kinds.count("name") == len(case.arms)
    assert kinds.count("bar") == 1 and kinds.count("crossing") == 2
    assert [e.text for e in root.iter() if e.attrib.get("class") == "name chosen"] == ["From scratch"]


def test_what_none_can_pass_is_a_line_across_the_picture_and_said_in_words() -> None:
    case = fixture.language().model_copy(update={"least": 0.25})
    picture = chart(case, series_of(a.arm for a in case.arms), "c")
    assert picture is not None and "none can pass 0.250" in picture.wide
    assert "None can pass 0.250: the test items allow no more." in describe(case)


def test_better_is_higher_for_scores_and_lower_for_bits() -> None:
    for case, arrow in ((fixture.reply(), "↑"), (fixture.language(), "↓")):
        picture = chart(case, series_of(a.arm for a in case.arms), "c")
        assert picture is not None and arrow in picture.wide


def test_arms_are_told_apart_without_colour() -> None:
    looks = series_of(NAMES + [f"{n}@b" for n in NAMES])
    assert len({(s.shape, s.dash) for s in looks.values()}) == len(looks)
    assert len({looks[n].colour for n in NAMES}) == len(NAMES), "each arm of the table has a colour of its own"
    assert looks == series_of(reversed(list(looks)))


def test_a_wide_interval_of_a_late_arm_is_cut_and_said_to_be() -> None:
    case = fixture.reply()
    wide = case.arms[-1].model_copy(
        update={"quality": case.arms[-1].quality.model_copy(update={"lo": -900.0, "hi": 900.0})}
    )
    cut = case.model_copy(update={"arms": (*case.arms[:-1], wide)})
    for one, expected in ((case, False), (cut, True)):
        picture = chart(one, series_of(a.arm for a in one.arms), "c")
        assert picture is not None and picture.cut is expected
