"""The report as text: everything said, nothing from outside, nothing unescaped, the same bytes each time."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from dono.decisions import METRICS, CurvePoint, Verdict
from dono.studio.amounts import count, duration, money, percent, probability, score
from dono.studio.report import language_rows, questions, render, render_body, render_details, write_report
from dono.studio.worth import for_how_much, small
from tests.rooms.studio import fixture

VOID = {"meta", "br", "link", "img", "hr", "input"}


class Page(HTMLParser):
    """What a browser would find: elements with attributes, text, and whether tags are balanced."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.texts.append(data)

    @property
    def text(self) -> str:
        """All that is to be read, spaces made single."""
        return re.sub(r"\s+", " ", " ".join(self.texts))


@pytest.fixture(scope="module")
def read(page: str) -> Page:
    return Page(page)


def without_samples(verdict: Verdict) -> Verdict:
    """Samples call for fonts, and cutting those takes seconds."""
    cases = [
        u.model_copy(update={"arms": tuple(a.model_copy(update={"samples": ()}) for a in u.arms)})
        for u in verdict.use_cases
    ]
    return verdict.model_copy(update={"use_cases": tuple(cases)})


def spaced(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_every_sentence_of_the_verdict_is_there(verdict: Verdict, read: Page) -> None:
    said = [verdict.project, verdict.sentence, verdict.machine, *verdict.shared, *verdict.measured, *verdict.warnings]
    said += [text for a in verdict.assumptions for text in (a.name, a.value, a.source)]
    said += [str(v) for v in verdict.data.values() if isinstance(v, str)]
    for case in verdict.use_cases:
        said += [case.use_case, case.sentence, *case.flips, *(c.sentence for c in case.crossovers)]
        said += [text for a in case.arms for text in (a.failed or a.title, *a.notes)]
        said += [text for a in case.arms for s in a.samples for text in (s.prompt, s.expected)]
    missing = [text for text in said if spaced(text) not in read.text]
    assert not missing


def test_every_number_of_the_verdict_is_there(verdict: Verdict, read: Page) -> None:
    wanted = [money(i.cost.value, "INR") for i in verdict.portfolio] + [money(verdict.portfolio_cost.value, "INR")]
    wanted += ["3.2 TFLOP/s", "₹5,00,000", "96 h", "5 %", "₹14,310", "3 h 42 min", "1,284,311", "1 of 2 full runs"]
    for case in verdict.use_cases:
        shown = [a for a in case.arms if a.failed is None]
        wanted += [score(case.bar, case.metric)] if case.bar is not None else []
        wanted += [probability(case.confidence)] if shown else []
        for c in case.crossovers:
            wanted += [percent(v) for v in (c.scale.value, c.scale.lo, c.scale.hi) if v is not None]
        for a in shown:
            amounts = [n for n in (a.full_cost, a.pilot_cost, a.serving_per_month, a.cost_to_bar) if n is not None]
            wanted += [money(v, "INR") for n in amounts for v in (n.value, n.lo, n.hi) if v is not None]
            wanted += [duration(v) for v in (a.full_hours.value, a.full_hours.lo, a.full_hours.hi) if v is not None]
            wanted += [METRICS[case.metric].show(a.quality.value), probability(a.p_best)]
            wanted += [score(v, case.metric) for v in (a.quality.lo, a.quality.hi) if v is not None]
            wanted += [score(a.expected_regret, case.metric)]
            wanted += [percent(a.backtest_error)] if a.backtest_error is not None else []
            wanted += [
                text for p in a.pilots for text in (percent(p.scale), count(p.tokens), score(p.value, case.metric))
            ]
            wanted += [text for s in a.languages for text in (score(s.value, case.metric), count(s.n))]
        wanted += [
            t for m in case.more for t in (money(m.cost.value, "INR"), small(m.regret_avoided), percent(m.scale))
        ]
        wanted += [t for e in case.eliminated for t in (probability(e.p_best), small(e.regret), percent(e.scale))]
    for row in verdict.calibration:
        metric = str(row["metric"])
        numbers = [row[k] for k in ("measured", "predicted", "predicted_lo", "predicted_hi") if k in row]
        wanted += [score(float(v), metric) for v in numbers]
    missing = [text for text in wanted if spaced(text) not in read.text]
    assert not missing


def test_what_one_more_pilot_is_worth_stands_where_the_answer_is_open_and_nowhere_else(
    verdict: Verdict, read: Page
) -> None:
    assert read.text.count("What one more pilot would be worth") == sum(bool(c.more) for c in verdict.use_cases) == 1
    assert read.text.count("a second seed") == 1
    assert "Saved for ₹1,000" in spaced(read.text)  # the least power of ten that shows a thousandth


def test_what_was_dropped_says_what_it_risked_together(read: Page) -> None:
    assert read.text.count("Dropped on the way") == 1 and "Together, at most" in read.text


def test_what_further_pilots_changed_and_what_earlier_forecasts_taught_is_said(verdict: Verdict, read: Page) -> None:
    assert "What the further pilots changed" in read.text
    assert verdict.changes[0] in spaced(read.text) and verdict.calibrated in spaced(read.text)


def test_the_worth_is_given_for_a_cost_that_a_person_can_read(verdict: Verdict) -> None:
    case = next(c for c in verdict.use_cases if c.more)
    dear = case.model_copy(update={"more": tuple(m.model_copy(update={"per_cost": 2e-7}) for m in case.more)})
    assert for_how_much(dear) == (1e4, "₹10,000")
    assert (small(0.0), small(0.00213), small(2e-6)) == ("0", "0.0021", "under 0.0001")


def test_a_close_race_is_an_answer_and_a_failure_is_said(read: Page) -> None:
    assert "Too close to call" in read.text
    assert "Could not be measured" in read.text
    assert "no memory left: 41.2 GB asked" in read.text


def test_nothing_comes_from_outside_and_nothing_runs(page: str, read: Page) -> None:
    for tag, attributes in read.elements:
        assert tag not in {"script", "iframe", "object", "embed", "link", "base", "form"}
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "xlink:href", "srcset", "poster", "action", "data"):
            value = attributes.get(name)
            assert value is None or value.startswith("#"), (tag, name, value)
    targets = re.findall(r"url\(\s*[\"']?([^\"')]{0,40})", page)
    assert targets and all(t.startswith("data:font/woff2;base64,") for t in targets)
    assert "@import" not in page
    policy = next(a["content"] for t, a in read.elements if t == "meta" and "http-equiv" in a)
    assert policy is not None and policy.startswith("default-src 'none';") and "script-src" not in policy


def test_what_people_wrote_is_text_and_never_markup(page: str, read: Page) -> None:
    assert fixture.HOSTILE not in page
    assert html.escape(fixture.HOSTILE, quote=False).replace("'", "&#39;") in page
    assert "onload=" not in re.sub(r">[^<]*<", "><", page).replace("&#34;", "")
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", page)
    assert fixture.HOSTILE in read.text


def test_the_page_is_well_formed_and_its_pictures_are_xml(page: str, read: Page) -> None:
    assert read.open == []
    pictures = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    assert len(pictures) > 10
    for svg in pictures:
        root = Xml.fromstring(svg)
        assert root.get("aria-hidden") == "true" or (root.findtext("title") and root.findtext("desc"))
    ids = [a["id"] for _, a in read.elements if "id" in a]
    assert len(ids) == len(set(ids))
    used = {a["href"] for t, a in read.elements if t == "a"}
    assert used and used <= {f"#{i}" for i in ids}


def test_headings_are_in_order_and_tables_have_captions_and_scopes(page: str, read: Page) -> None:
    levels = [int(t[1]) for t, _ in read.elements if re.fullmatch("h[1-6]", t)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))
    tags = [t for t, _ in read.elements]
    assert tags.count("table") == tags.count("caption") == page.count('<div class="scroll"')
    assert all("scope" in a for t, a in read.elements if t == "th")


def test_samples_carry_their_language_and_direction(read: Page) -> None:
    spoken = [(a["lang"], a["dir"]) for _, a in read.elements if a.get("class") == "spoken"]
    assert {lang for lang, _ in spoken} >= {"hi", "bn", "ta", "te", "ml", "ur", "en", "hi-Latn", ""}
    assert ("ur", "rtl") in spoken and ("hi", "ltr") in spoken
    assert "onload" not in {name for _, a in read.elements for name in a}


def test_the_same_verdict_gives_the_same_bytes_and_a_file_that_can_be_mailed(
    verdict: Verdict, page: str, tmp_path: Path
) -> None:
    write_report(Verdict.model_validate_json(verdict.model_dump_json()), tmp_path / "report.html")
    written = (tmp_path / "report.html").read_bytes()
    assert written == page.encode()
    assert len(written) < 1_500_000


def test_a_verdict_of_nothing_is_still_a_report() -> None:
    page = Page(render(fixture.verdict_of()))
    assert page.open == []
    assert "No plan" in page.text and "No full run has ended yet" in page.text


def test_arms_without_pilots_curves_or_intervals_are_shown() -> None:
    case = fixture.churn()
    bare = case.arms[0].model_copy(
        update={"pilots": (), "quality": case.arms[0].quality.model_copy(update={"lo": None, "hi": None})}
    )
    page = Page(render(fixture.verdict_of(use_cases=(case.model_copy(update={"arms": (bare,)}),))))
    assert "no pilots" in page.text and "0.812" in page.text


@pytest.mark.parametrize(("currency", "text"), [("USD", "$231,900"), ("INR", "₹2,31,900")])
def test_money_is_in_the_currency_of_the_verdict(currency: str, text: str) -> None:
    verdict = fixture.verdict_of(use_cases=(fixture.reply().model_copy(update={"arms": fixture.reply().arms[:1]}),))
    other = Verdict.model_validate_json(without_samples(verdict).model_dump_json().replace('"INR', f'"{currency}'))
    assert text in Page(render(other)).text


def test_the_best_of_each_language_is_marked_by_the_direction_of_the_metric() -> None:
    for case, better in ((fixture.reply(), max), (fixture.language(), min)):
        rows = language_rows(tuple(a for a in case.arms if a.languages), case.higher_is_better)
        assert [r.language for r in rows] == sorted(fixture.SPOKEN)
        assert all(r.best == better(s.value for s in r.scores if s is not None) and r.n == 50 for r in rows)


def test_the_same_prompt_is_shown_once_with_all_answers() -> None:
    case = fixture.intent()
    measured = tuple(a for a in case.arms if a.failed is None)
    asked = questions(measured)
    assert len(asked) == len(fixture.SPOKEN)
    assert all([a.arm for a in q.answers] == [a.arm for a in measured] for q in asked)
    assert sum(a.right for q in asked for a in q.answers) == 8 + 7 + 6 + 5 + 2


def test_a_use_case_in_which_every_arm_breaks_a_constraint_is_shown_with_the_reasons() -> None:
    barred = [a.model_copy(update={"broken": ("it needs 9 GB to answer",)}) for a in fixture.churn().arms]
    case = fixture.churn().model_copy(update={"arms": tuple(barred), "winner": None})
    page = render(fixture.verdict_of((case,)))
    assert "Nothing keeps all constraints" in page and "it needs 9 GB to answer" in page


def test_the_verdict_of_many_routes_and_use_cases_is_a_light_page_and_all_is_on_those_behind_it() -> None:
    verdict = fixture.verdict()
    points = tuple(CurvePoint(scale=0.01 * 1.125**i, mean=0.5, lo=0.4, hi=0.6) for i in range(40))
    cases = [
        u.model_copy(update={"arms": tuple(a.model_copy(update={"curve": points}) for a in u.arms)})
        for u in [*verdict.use_cases, *verdict.use_cases][:6]
    ]
    verdict = verdict.model_copy(update={"use_cases": tuple(cases)})
    page = render_body(verdict, details_at="/verdict/details/")
    assert len(page.encode()) < 300_000
    folded = "".join(render_details(verdict, case) for case in cases)
    assert all(html.escape(s.answer.strip("\x00\x1b")[:20], quote=False) in folded for c in cases for a in c.arms
               for s in a.samples if "<" not in s.answer)  # fmt: skip


def test_of_a_route_that_has_not_begun_to_learn_the_interval_is_shown_and_no_value_within() -> None:
    reply = fixture.reply()
    asleep = reply.arms[0].model_copy(
        update={"asleep": True, "quality": reply.arms[0].quality.model_copy(update={"lo": 11.1, "hi": 88.8})}
    )
    case = reply.model_copy(update={"arms": (asleep, *reply.arms[1:])})
    read = Page(render(without_samples(fixture.verdict().model_copy(update={"use_cases": (case,)}))))
    assert "66.1" not in read.text.replace(reply.sentence, "")
    assert read.text.count("11.1\u2009–\u200988.8".replace("\u2009", " ")) >= 3  # the answer, its picture, the table
    assert "has not begun to learn" in read.text
