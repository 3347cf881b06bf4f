"""The hosted route: a project whose base is an endpoint, asked, closed, capped, priced, decided."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dono.endpoints import Reply
from dono.errors import Mistake
from dono.project import Project
from dono.stages.build import build
from dono.stages.contenders import Contender
from dono.stages.decide import decide
from dono.stages.doctor import endpoint_findings
from dono.stages.evidence import evidence
from dono.stages.hosted import MANY, ODDS, TEXT, Hosted, closed, hosted_pilots, show_hosted
from dono.stages.hosted_prompts import LETTERS, label_in, letter_in, odds_of, questions
from dono.stages.pilots import Pilots, Planned
from dono.stages.prepare import Case, prepare
from dono.stages.runs import measurements_of
from dono.stages.workplace import Workplace, open_workplace
from tests.rooms.endpoints.faulty import Body, Faulty, serving

PROJECT = """
project: shop
use_cases:
  - {{name: intent, kind: classify, train: train.jsonl, test: test.jsonl}}
bases: [{{endpoint: "{url}", model: any}}]
routes: [hosted]
budget: {{hours: 1, money: 1000}}
serving: {{requests_per_day: 1000, tokens_in: 40, tokens_out: 10}}
"""
ASKED = {"track": "मेरा पार्सल कहाँ है", "return": "जूता वापस करना है"}


def knows_hindi(body: Body) -> Body:
    """Tells a return from a parcel by one word, in letters where it is asked for odds, else in a sentence."""
    text, lettered = body["messages"][-1]["content"], "letter" in body["messages"][0]["content"]
    right = "return" if "वापस" in text else "track"
    said = "AB"[["return", "track"].index(right)] if lettered else f"The label is: {right}."
    choice: Body = {"message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
    if body.get("logprobs"):
        likely = [{"token": said, "logprob": -0.05}, {"token": "AB".replace(said, ""), "logprob": -3.0}]
        choice["logprobs"] = {"content": [{"token": said, "logprob": -0.05, "top_logprobs": likely}]}
    read = sum(len(m["content"].encode()) for m in body["messages"])
    return {"choices": [choice], "usage": {"prompt_tokens": read, "completion_tokens": 1}}


@pytest.fixture
def server() -> Iterator[Faulty]:
    with serving(Faulty(answer=knows_hindi)) as found:
        yield found


@pytest.fixture
def shop(server: Faulty, tmp_path: Path) -> Workplace:
    (tmp_path / "dono.yaml").write_text(PROJECT.format(url=server.url), encoding="utf8")
    for name, count in (("train", 20), ("test", 6)):
        rows = [
            {"text": f"{text} {name} {n}", "label": label, "language": "hi" if n % 2 else "mr"}
            for n in range(count)
            for label, text in ASKED.items()
        ]
        lines = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)
        (tmp_path / f"{name}.jsonl").write_text(lines, encoding="utf8")
    return open_workplace(tmp_path / "dono.yaml")


def changed(place: Workplace, **settings: object) -> Workplace:
    whole = place.project.model_dump(by_alias=True, exclude_unset=True) | settings
    return replace(place, project=Project.model_validate(whole | {"folder": place.project.folder}))


def with_endpoint(place: Workplace, **settings: object) -> Workplace:
    stated = place.project.model_dump(by_alias=True, exclude_unset=True)["bases"][0]
    return changed(place, bases=[stated | settings])


def pilots(place: Workplace) -> list[Hosted]:
    return hosted_pilots(place, prepare(place).cases)


def test_both_arms_are_scored_on_the_frozen_test_by_the_odds_of_letters(shop: Workplace, server: Faulty) -> None:
    zero, few = pilots(shop)
    assert (zero.arm, few.arm) == ("hosted/zero-shot", "hosted/few-shot")
    assert zero.run is not None and few.run is not None
    rows = {(m.metric, m.language): m for m in measurements_of(zero.run)}
    assert rows["accuracy", "all"].value == rows["macro_f1", "hi"].value == 1.0
    assert rows["accuracy", "all"].n == 12 and 0 < rows["label_bits", "all"].value < 0.1
    sent = server.asked[0]["messages"]
    assert "A: return\nB: track" in sent[0]["content"] and sent[-1]["content"].startswith("मेरा पार्सल")
    assert rows["tokens_per_word", "mr"].value > 10  # bytes are this server's tokens
    assert ODDS in zero.run.result["notes"]  # type: ignore[operator]
    turns = [m["role"] for m in server.asked[-1]["messages"]]
    assert turns == ["system", "user", "assistant", "user", "assistant", "user"]
    told = json.loads((few.run.path / "endpoint.json").read_text(encoding="utf8"))
    assert told["model"] == "tiny" and len(told["messages"]) == 5


def test_without_odds_labels_are_read_off_the_text_and_it_says_so(shop: Workplace, server: Faulty) -> None:
    def mute(body: Body) -> Body:
        reply = knows_hindi({k: v for k, v in body.items() if k != "logprobs"})
        reply.pop("usage")
        return reply

    server.answer = mute
    zero = pilots(shop)[0]
    assert zero.run is not None and zero.run.result["notes"] == [TEXT]
    metrics = {m.metric for m in measurements_of(zero.run)}
    assert "label_bits" not in metrics and "tokens_per_word" not in metrics
    assert next(m for m in measurements_of(zero.run) if m.metric == "accuracy").value == 1.0


def test_more_labels_than_odds_are_told_of_are_asked_for_in_words(shop: Workplace) -> None:
    names = [f"label {chr(97 + n)}" for n in range(len(LETTERS) + 1)]
    rows = [json.dumps({"text": f"text {n}", "label": n, "language": "en"}) for n in names]
    for name in ("train", "test"):
        (shop.project.folder / f"{name}.jsonl").write_text("\n".join(rows).replace("text label", name), encoding="utf8")
    zero = pilots(shop)[0]
    assert zero.run is not None
    notes = zero.run.result["notes"]
    assert notes == [MANY, "21 of 21 answers name no label, counted as wrong"]


def test_a_run_is_asked_once_and_goes_on_where_a_fault_ended_it(shop: Workplace, server: Faulty) -> None:
    place = with_endpoint(shop, retries=0, parallel=1)
    cases = prepare(place).cases
    server.faults = ["", "", "", "", "", (503, {}, {})]
    zero, few = hosted_pilots(place, cases)
    assert zero.run is None and zero.failed is not None and "HTTP 503" in zero.failed
    assert few.run is not None
    before = len(server.asked)
    again, _ = hosted_pilots(place, cases)
    assert again.run is not None and len(server.asked) - before == 12 - 5
    hosted_pilots(place, cases)
    assert len(server.asked) - before == 12 - 5


def test_an_endpoint_that_refuses_most_questions_is_not_measured(shop: Workplace, server: Faulty) -> None:
    server.faults = [(400, {"error": {"message": "API key not valid"}}, {})] * 9
    zero, few = pilots(with_endpoint(shop, parallel=1))
    assert zero.run is None and zero.failed is not None
    assert "8 of 12 questions were refused (HTTP 400: API key not valid)" in zero.failed and few.run is not None
    assert pilots(shop)[0].run is not None  # mended: nothing that was refused is remembered


def test_data_that_may_not_leave_the_country_closes_the_route_and_nothing_is_sent(
    shop: Workplace, server: Faulty
) -> None:
    case = prepare(shop).cases[0]

    def reason(country: str | None, **settings: object) -> str | None:
        place = with_endpoint(changed(shop, **settings), endpoint="https://api.example.com/v1", country=country)
        endpoint = place.project.bases[0]
        assert not isinstance(endpoint, str)
        use_case = place.project.use_cases[0]
        return closed(place, endpoint, Case(use_case, case.artifact, case.train, case.test))

    stays = {"constraints": {"country": "IN"}}
    assert reason("US", **stays) == "the data would leave IN: the endpoint answers in US"
    assert reason(None, **stays) == "the data would leave IN: the endpoint answers in a country that is not stated"
    assert reason("IN", **stays) is None and reason("US") is None
    rights = {"ground": "consent", "purpose": "answers", "storage": ["IN"], "transfer_countries": ["SG"]}
    stated = [shop.project.use_cases[0].model_dump(exclude_unset=True) | {"rights": rights}]
    assert reason("SG", use_cases=stated) is None
    said = "the examples may be stored in or sent to IN, SG alone: the endpoint answers in US"
    assert reason("US", use_cases=stated) == said
    assert closed(changed(shop, **stays), shop.project.bases[0], case) is None  # type: ignore[arg-type]
    place = with_endpoint(changed(shop, **stays), endpoint="https://api.example.com/v1", country="US",
                          price={"reading": 1, "writing": 1})  # fmt: skip
    assert {h.failed for h in hosted_pilots(place, [case])} == {reason("US", **stays)}
    assert not server.asked


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"endpoint": "https://api.example.com/v1", "model": "nobodys"}, "no price is known for nobodys. Add price:"),
        ({"key_variable": "NO_SUCH_KEY"}, "NO_SUCH_KEY is not set. export NO_SUCH_KEY=…"),
    ],
)
def test_what_must_be_stated_first_is_one_line_before_anything_is_sent(
    shop: Workplace, server: Faulty, settings: dict[str, object], said: str
) -> None:
    place = with_endpoint(shop, **settings)
    with pytest.raises(Mistake) as raised:
        show_hosted(place, prepare(place).cases)
    assert said in str(raised.value) and "\n" not in str(raised.value) and not server.asked


def test_the_doctor_tells_what_an_endpoint_lacks_and_sends_nothing(shop: Workplace, server: Faulty) -> None:
    paid = {"price": {"reading": 2, "writing": 4}, "cap": 880}
    found = [
        *endpoint_findings(with_endpoint(shop, **paid)),
        *endpoint_findings(with_endpoint(shop, key_variable="NO_KEY")),
    ]
    assert [good for good, _ in found] == [True, False]
    assert found[0][1].endswith("any, asked for USD 10 at most") and "NO_KEY is not set" in found[1][1]
    assert not server.asked


def test_tokens_that_cost_money_need_a_cap_and_are_not_asked_beyond_it(shop: Workplace, server: Faulty) -> None:
    paid = with_endpoint(shop, price={"reading": 1000, "writing": 1000, "currency": "INR"}, parallel=1)
    with pytest.raises(Mistake, match="its tokens cost money and nothing caps it"):
        show_hosted(changed(paid, budget={"hours": 1}), prepare(paid).cases)
    zero, few = pilots(with_endpoint(paid, cap=1.5))
    assert zero.run is None and zero.failed is not None and "stopped at the cap" in zero.failed
    assert "INR 1.5 for asking any" in zero.failed and few.run is None
    asked = len(server.asked)
    assert 1 <= asked < 12
    zero, few = pilots(with_endpoint(paid, cap=100))
    assert zero.run is not None and few.run is not None and len(server.asked) == 24
    assert zero.number("money") == pytest.approx(12 * (zero.number("tokens_in") + 1) / 1000)


def test_a_month_is_priced_by_the_tokens_that_this_language_takes(
    shop: Workplace, server: Faulty, who: dict[str, Contender]
) -> None:
    place = with_endpoint(shop, price={"reading": 2, "writing": 4, "currency": "INR"})
    found = pilots(place)
    case, contender = found[0].case, who["prompt/zero-shot"]
    together = Pilots(Planned({}, {}, 0.0), hosted=found)
    zero, _few = evidence(place, together, [], case)
    assert zero.serving_per_month is not None and not zero.has_scale and zero.once > 0
    plain = 1000 * 365.25 / 12 * (40 * 2 + 10 * 4) / 1e6
    assert zero.serving_per_month.value == pytest.approx(plain)
    assert "taken as its own" in zero.serving_per_month.source
    rows = evidence(place, together, [contender], case)
    zero = next(e for e in rows if e.arm == "hosted/zero-shot")
    assert zero.serving_per_month is not None and "(measured)" in zero.serving_per_month.source
    assert zero.serving_per_month.value > 2 * plain  # its prompt names the labels, and its tokens are bytes
    assert any(note.startswith("tokens read for a word of the question") for note in zero.notes)


def test_decide_and_build_with_an_endpoint_alone(shop: Workplace) -> None:
    decided = decide(shop)
    assert decided is not None
    verdict, folder = decided
    (case,) = verdict.use_cases
    assert {a.arm for a in case.arms} == {"hosted/zero-shot", "hosted/few-shot"}
    assert verdict.portfolio[0].arm.startswith("hosted/")
    page = (folder / "report.html").read_text(encoding="utf8")
    assert "Hosted with examples" in page
    (built,) = build(shop, route=None, only=None)
    assert (built.artifact.path / "endpoint.json").is_file()
    assert "hosted/" in (built.artifact.path / "README.md").read_text(encoding="utf8")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Track", "track"), ("**track**", "track"), ("The label is: track.", "track"), ("late track", "late track"),
        ("it is a late track", "late track"), ("track or return", ""), ("tracking", ""), ("", ""), ("वापसी", "वापसी"),
    ],
)  # fmt: skip
def test_a_label_is_found_in_what_a_model_says(text: str, label: str) -> None:
    assert label_in(text, ["track", "late track", "return", "वापसी"]) == label


def test_a_letter_is_found_and_odds_of_letters_that_are_not_told_are_bounded() -> None:
    labels = ["x", "y", "z"]
    assert [letter_in(t, labels) for t in ("B", "(C) z", " A.", "Answer y", "Z", "D")] == ["y", "z", "x", "y", "z", ""]
    reply = Reply("B", first=(("B", -0.5), (" A", -2.0), ("A", -2.0), ("BC", -3.0), ("The", -4.0)))
    found = odds_of(reply, 3)
    assert found is not None
    np.testing.assert_allclose(found, [-2.0 + np.log(2), -0.5, -4.0], atol=1e-5)
    alone = odds_of(Reply("C", first=(("C", -0.2),)), 3)  # a server that tells of no other tokens
    assert alone is not None and alone.argmax() == 2 and alone[0] == pytest.approx(np.log(1 - np.exp(-0.2)), abs=1e-5)
    assert odds_of(Reply("", first=(("The", -0.1),)), 3) is None


def test_an_answer_has_room_for_the_longest_to_learn_from(shop: Workplace) -> None:
    case = prepare(shop).cases[0]
    assert [q.max_tokens for q in questions(case, case.test[:1], 0, by_letter=True)] == [4]
    assert questions(case, case.test[:1], 0, by_letter=False)[0].max_tokens == 16 + int(6 * 1.25 / 2)
