"""The page of a corpus as `dono prepare` makes it: counts of the corpus, costs of words, outlook, mixture."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dono.stages.corpus_outlook import monthly_inflow, outlook
from dono.stages.corpus_page import corpus_survey
from dono.stages.prepare import prepare
from dono.stages.survey import command
from dono.stages.vocabularies import own_tokenizer
from dono.stages.workplace import Workplace, open_workplace

PROJECT = """
project: shop
corpus:
  - name: talk
    kind: jsonl
    path: talk.jsonl
    rights: {ground: not_personal, purpose: [train], licence: CC0-1.0, retain_until: 2027-03-31}
  - {name: notes, kind: text, path: notes.txt}
use_cases: [{name: language, kind: language, test_limit: 20}]
bases: [./base]
budget: {hours: 1}
machine: {gpu: this, price_per_hour: 10}
scratch: {width: 32, layers: 2, heads: 2, vocabulary: 400, context: 32}
mixture: {temperature: 2, weights: {languages: {en: 2}}}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, base_folder: Path) -> Workplace:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "dono.yaml").write_text(PROJECT, encoding="utf8")
    (folder / "base").symlink_to(base_folder)
    rows = [{"text": f"ग्राहक ने शहर {n} से पूछा कि parcel संख्या {n * 7} कब तक पहुँचेगा"} for n in range(400)]
    rows += [{"text": f"the customer asked where the parcel {n} is"} for n in range(40)] + [{"text": ""}, rows[0]]
    (folder / "talk.jsonl").write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf8")
    lines = [f"வாடிக்கையாளர் {n} பார்சல் எங்கே என்று கேட்டார்" for n in range(90)]
    (folder / "notes.txt").write_text("\n".join(lines), encoding="utf8")
    return open_workplace(folder / "dono.yaml")


def test_the_page_tells_what_the_corpus_holds(place: Workplace) -> None:
    corpus = prepare(place).corpus
    assert corpus is not None
    found = corpus_survey(place, corpus, own_tokenizer(place, corpus))
    assert (
        found.total.documents == 530 and dict(found.left)["duplicates"] == 1 and dict(found.left)["rows not read"] == 1
    )
    assert [line.language for line in found.languages] == ["hi", "ta", "en"]
    hindi, tamil, _ = found.languages
    assert dict(hindi.scripts).keys() == {"Devanagari", "Latin"} and [n for n, _ in tamil.scripts] == ["Tamil"]
    assert found.tokenizers == ("the corpus's own", "base") and all(c and c > 1 for c in hindi.words_cost)
    assert [s.basis for s in found.sources] == ["not personal", ""]
    assert found.sources[0].rights == "train · licence CC0-1.0 · until 2027-03-31"
    assert len(found.warnings) == 1 and "notes" in found.warnings[0]
    (rejected,) = found.rejected
    assert rejected.reason == "empty text" and rejected.examples[0].place == "talk.jsonl:441"
    taken = {line.language: line.times for line in found.mixture}
    assert taken["en"] > taken["ta"] > taken["hi"] and max(taken.values()) <= 4.01
    assert sum(line.taken for line in found.mixture) == pytest.approx(found.total.tokens, rel=1e-3)


def test_tokens_by_the_sample_are_those_of_the_whole_within_a_few_percent(place: Workplace) -> None:
    from dono.stages.tokenizing import corpus_tokens  # noqa: PLC0415

    corpus = prepare(place).corpus
    assert corpus is not None
    tokenizer = own_tokenizer(place, corpus)
    _, shards = corpus_tokens(place, corpus, tokenizer.reference, str(tokenizer.path))
    learned = 1 - int(str(corpus.result["heldout_bytes"])) / int(str(corpus.result["bytes"]))
    assert corpus_survey(place, corpus, tokenizer).total.tokens * learned == pytest.approx(shards.n_tokens, rel=0.05)


def test_prepare_writes_the_page(place: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    command(place.project.folder / "dono.yaml", ())
    page = place.project.work_folder / "survey.html"
    assert f"survey: {page}" in capsys.readouterr().out
    assert "530 documents in 3 languages" in page.read_text(encoding="utf8")


def test_without_periods_the_outlook_says_so(place: Workplace) -> None:
    said = outlook(place, 1e6, ())
    assert "No source states a period" in said[-1] and "20 a parameter" in said[0]


def test_the_outlook_divides_what_is_missing_by_the_inflow(place: Workplace) -> None:
    months = [(f"2025-{m:02d}", 1000.0) for m in range(1, 13)]
    said = outlook(place, 10_000.0, months)
    needed = said[0].partition("(about as good as new text: Muennighoff et al. 2023), ")[2]
    assert needed and "1 k tokens came a month, neither more nor fewer" in said[1].replace("\u00a0", " ")
    assert said[-1] == "At that rate there is enough in about 16 years."
    assert outlook(place, 1e15, months)[-1] == "That is enough already."


def test_the_trend_of_the_inflow_is_told_from_its_noise() -> None:
    growing = [(f"m{i}", 1000.0 + 100 * i) for i in range(14)]
    mean, trend = monthly_inflow(growing)
    assert mean == pytest.approx(1650) and trend == "growing by 6% of that each month"
    level = [(f"m{i}", 1000.0 + 100 * (i % 2)) for i in range(14)]
    assert monthly_inflow(level)[1].startswith("neither")
