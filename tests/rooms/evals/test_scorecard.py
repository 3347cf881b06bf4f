"""Scorecards: slices, cells, paired changes, against the libraries' own numbers and known truths."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sacrebleu import corpus_chrf
from scipy.stats import ttest_rel
from sklearn.metrics import average_precision_score, brier_score_loss, f1_score, roc_auc_score

from dono.evals.fluency import repeated_runs, script_of_language, wrong_letters
from dono.evals.lift import Records, compare_lifts, log_lifts
from dono.evals.measures import BINS, MEASURES
from dono.evals.scorecard import CLUSTER, FEWEST, SEGMENT, cells_of, changes_of, forms, make_scorecard, slices
from dono.evals.scores import fold

Table = dict[str, NDArray[Any]]


def table(correct: NDArray[Any], languages: list[str], regions: list[str] | None = None) -> Table:
    n = len(correct)
    return {
        "language": np.array(languages), "script": np.array(["Devanagari"] * n),
        "form": np.array(["native"] * n, dtype="U12"), "region": np.array(regions or [""] * n),
        "expected": np.array([str(i) for i in range(n)]), "correct": correct,
    }  # fmt: skip


def test_measures_equal_the_libraries_own() -> None:
    random = np.random.default_rng(1)
    odds, rows = random.dirichlet([1, 1, 1], 50), np.arange(50)
    right = random.integers(0, 3, 50)
    columns = {"probabilities": odds, "right": right}
    theirs = roc_auc_score(right, odds, multi_class="ovr", average="macro")
    assert MEASURES["auc"].statistic(columns)(rows) == pytest.approx(theirs)
    two = {"probabilities": odds[:, :2] / odds[:, :2].sum(1, keepdims=True), "right": right % 2}
    ours = MEASURES["auc"].statistic(two)(rows)
    assert ours == pytest.approx(roc_auc_score(two["right"], two["probabilities"][:, 1]))
    said, wanted = np.array(list("abcab" * 10)), np.array(list("abbac" * 10))
    texts = {"answer": said, "expected": wanted, "confidence": odds[:, 0]}
    theirs = f1_score(wanted, said, average="macro", labels=sorted(set(wanted)), zero_division=0)
    assert MEASURES["macro_f1"].statistic(texts)(rows) == pytest.approx(theirs)
    answers, expected = ["आपका ऑर्डर कल", "where is it"], ["आपका ऑर्डर आज", "where was it"]
    written = {"answer": np.array(answers), "expected": np.array(expected)}
    theirs = corpus_chrf(answers, [expected], word_order=2).score
    assert MEASURES["chrf_plus_plus"].statistic(written)(np.arange(2)) == pytest.approx(theirs, abs=1e-9)


def test_measures_of_two_classes_equal_the_libraries_own_and_say_nothing_of_one_class() -> None:
    random = np.random.default_rng(2)
    chance, happened = random.random(80), random.random(80) < 0.3
    columns, rows = {"chance": chance, "happened": happened}, np.arange(80)
    found = {name: MEASURES[name].statistic(columns) for name in ("average_precision", "brier", "lift")}
    assert found["average_precision"](rows) == pytest.approx(average_precision_score(happened, chance))
    assert found["brier"](rows) == pytest.approx(brier_score_loss(happened, chance))
    first = np.argsort(-chance)[:8]
    assert found["lift"](rows) == pytest.approx(happened[first].mean() / happened.mean())
    lone = np.flatnonzero(happened)
    assert np.isnan(found["average_precision"](lone)) and np.isnan(found["lift"](lone))
    assert found["brier"](lone) == pytest.approx(np.mean((chance[lone] - 1) ** 2))


def test_the_correlation_of_lifts_is_that_of_the_report_and_any_region_has_its_own() -> None:
    random = np.random.default_rng(4)
    region, period, category = (random.integers(0, k, 3000) for k in (4, 3, 5))
    names = [tuple(f"{letter}{i}" for i in range(k)) for letter, k in (("r", 4), ("p", 3), ("c", 5))]
    records = Records(names[0], names[1], names[2], region, period, category, np.arange(3000))
    nats = np.log(random.dirichlet(np.ones(5), (4, 3)))
    columns = {"place": region, "period": period, "category": category, "category_nats": nats[region, period]}
    value = MEASURES["lift_correlation"].statistic(columns)
    assert value(np.arange(3000)) == pytest.approx(compare_lifts(records, nats).correlation)
    mine = np.flatnonzero(region == 2)
    alone = {name: values[mine] for name, values in columns.items()}
    assert value(mine) == pytest.approx(MEASURES["lift_correlation"].statistic(alone)(np.arange(len(mine))))
    knows = log_lifts(records.counts())
    columns["category_nats"] = (knows + np.log(records.counts().sum(1, keepdims=True)))[region, period]
    assert MEASURES["lift_correlation"].statistic(columns)(mine) > 0.95  # a model that has the records' own lifts


def test_calibration_is_the_gap_between_confidence_and_truth() -> None:
    sure = {"confidence": np.array([0.9, 0.9, 0.3, 0.3]), "correct": np.array([1.0, 0.0, 0.0, 1.0])}
    value = MEASURES["calibration"].statistic(sure)(np.arange(4))  # |0.5 − 0.9| on half, |0.5 − 0.3| on half
    assert value == pytest.approx(0.5 * 0.4 + 0.5 * 0.2)
    perfect = {"confidence": np.ones(BINS), "correct": np.ones(BINS)}
    assert MEASURES["calibration"].statistic(perfect)(np.arange(BINS)) == 0


def test_slices_are_languages_their_forms_and_regions() -> None:
    columns = table(np.ones(8), ["hi"] * 5 + ["ta"] * 3, ["Bihar", "Delhi"] * 4)
    columns["form"][:2] = "code-mixed"
    found = {(s.language, s.form, s.region): s.rows.tolist() for s in slices(columns)}
    assert found["all", "all", "all"] == list(range(8))
    assert found["hi", "all", "all"] == [0, 1, 2, 3, 4] and found["hi", "code-mixed", "all"] == [0, 1]
    assert found["ta", "native", "all"] == [5, 6, 7]
    assert found["all", "all", "Bihar"] == [0, 2, 4, 6] and found["ta", "all", "Delhi"] == [5, 7]


def test_segments_have_rows_and_items_without_a_language_are_of_no_languages_row() -> None:
    columns = table(np.ones(6), [""] * 6, ["Bihar", "Delhi"] * 3)
    columns[SEGMENT + "plan"] = np.array(["a", "b", "", "a", "b", "a"])
    found = {(s.language, s.region, s.segment): s.rows.tolist() for s in slices(columns)}
    assert found["all", "all", "plan: a"] == [0, 3, 5] and found["all", "all", "plan: b"] == [1, 4]
    assert found["all", "Bihar", "all"] == [0, 2, 4] and len(found) == 5


def test_the_error_of_items_that_come_in_clusters_is_that_of_the_clusters() -> None:
    random = np.random.default_rng(6)
    of = random.random((60, 8)) < random.random((60, 1))  # sixty customers of eight orders, each with a rate of its own
    columns = table(of.ravel().astype(float), ["hi"] * 480)
    apart = next(c for c in cells_of("desk", "base", columns) if c.measure == "accuracy")
    columns[CLUSTER] = np.repeat(np.arange(60), 8)
    together = next(c for c in cells_of("desk", "base", columns) if c.measure == "accuracy")
    assert together.stderr == pytest.approx(of.mean(1).std(ddof=1) / 60**0.5, rel=0.15)
    assert together.value == apart.value and together.n == 480
    assert together.stderr is not None and apart.stderr is not None and together.stderr > 1.5 * apart.stderr
    old = dict(columns, correct=(random.random(480) < 0.5).astype(float))
    paired = (of - old["correct"].reshape(60, 8)).mean(1)
    change = changes_of("desk", "base", "tuned", old, columns)[0]
    assert change.value == pytest.approx(paired.mean())
    assert change.stderr == pytest.approx(paired.std(ddof=1) / 60**0.5, rel=0.2)


def test_many_items_of_a_few_customers_are_too_few() -> None:
    columns = table(np.tile([1.0, 0.0], 100), ["hi"] * 200)
    columns[CLUSTER] = np.arange(200) % (FEWEST - 1)
    assert all(c.value is None for c in cells_of("desk", "base", columns))
    assert changes_of("desk", "base", "tuned", columns, columns) == []


def test_a_cell_of_too_few_items_says_so_and_gives_no_number() -> None:
    columns = table(np.tile([1.0, 0.0], FEWEST), ["hi"] * (2 * FEWEST - 3) + ["ta"] * 3)
    cells = {c.language: c for c in cells_of("desk", "base", columns)}
    assert cells["ta"].n == 3 and cells["ta"].value is None and cells["ta"].stderr is None
    assert cells["all"].value == 0.5 and cells["all"].stderr == pytest.approx(0.5 / (2 * FEWEST) ** 0.5)


def test_holes_are_no_items() -> None:
    columns = table(np.where(np.arange(100) < 40, 1.0, np.nan), ["hi"] * 100)
    (whole, _) = cells_of("desk", "base", columns)
    assert (whole.n, whole.value) == (40, 1.0)


def test_the_error_of_a_change_is_that_of_the_pairs_and_not_of_two_samples() -> None:
    random = np.random.default_rng(3)
    old = (random.random(300) < 0.5).astype(float)
    new = np.where(random.random(300) < 0.1, 1.0, old)
    (change, _) = changes_of("desk", "base", "tuned", table(old, ["hi"] * 300), table(new, ["hi"] * 300))
    exact = (new - old).std(ddof=1) / 300**0.5
    assert change.value == pytest.approx((new - old).mean())
    assert change.stderr == pytest.approx(exact, rel=0.15)
    assert change.surely == "better" and ttest_rel(new, old).pvalue < 0.05
    assert change.lo < change.value < change.hi
    assert change.stderr < 0.6 * (old.var() / 300 + new.var() / 300) ** 0.5


def test_intervals_of_no_change_hold_0_about_as_often_as_they_say() -> None:
    random, missed = np.random.default_rng(5), 0
    for _ in range(60):
        old, new = (random.random((2, 80)) < 0.5).astype(float)
        missed += changes_of("desk", "a", "b", table(old, ["hi"] * 80), table(new, ["hi"] * 80))[0].surely != ""
    assert missed <= 9  # 5 % of 60 is 3; more than 9 has a probability of 0.1 %


def test_a_card_compares_the_last_stage_with_each_earlier_one() -> None:
    random = np.random.default_rng(7)
    tests = {
        "desk": {name: table((random.random(60) < p).astype(float), ["hi"] * 60)
                 for name, p in (("base", 0.2), ("after corpus", 0.4), ("after task", 0.9))}
    }  # fmt: skip
    card = make_scorecard("after task", tests, {"desk": "accuracy"})
    assert card.stages == ("base", "after corpus", "after task")
    found = [(c.before, c.after, c.surely) for c in card.changes if c.language == "all"]
    assert found == [("base", "after task", "better"), ("after corpus", "after task", "better")]


def test_two_models_are_not_compared_on_different_tests() -> None:
    old, new = table(np.ones(40), ["hi"] * 40), table(np.ones(40), ["hi"] * 40)
    new["expected"] = new["expected"][::-1]
    with pytest.raises(AssertionError, match="on one test"):
        changes_of("desk", "a", "b", old, new)


def test_letters_of_another_script_and_runs_said_before_are_counted() -> None:
    texts = ["नमस्ते order", "hello", "வணக்கம்", "12 !", "xyz"]
    wrong, letters = wrong_letters(texts, ["hi", "en", "hi", "hi", "zh"])
    assert wrong.tolist() == [5, 0, 7, 0, 0] and letters.tolist() == [11, 5, 7, 0, 0]
    wrong, letters = wrong_letters(["মণিপুর", "মণিপুর", "ಆನಿ"], ["mni", "mni-Mtei", "kok-Knda"])
    assert wrong.tolist() == [0, 6, 0] and letters.tolist() == [6, 6, 3]
    repeated, runs = repeated_runs(["a b c d a b c d", "one two three", ""])
    assert repeated.tolist() == [1, 0, 0] and runs.tolist() == [5, 0, 0]
    assert script_of_language("hi-Latn") == "Latin" and script_of_language("ta") == "Tamil"
    assert script_of_language("xx") is None


def test_the_form_of_a_text_is_native_romanised_or_code_mixed() -> None:
    texts = ["मेरा पार्सल कहाँ है", "mera saamaan kahan hai bhai", "मेरा order कब तक deliver होगा"]
    scripts, kinds = forms(texts, ["hi", "hi-Latn", "hi"])
    assert scripts[:2] == ["Devanagari", "Latin"]
    assert kinds == ["native", "romanised", "code-mixed"]


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("१२ ऑर्डर", "12 ऑर्डर", True),  # digits of any script
        ("അവന്\u200d", "അവൻ", True),  # the old way to write a chillu
        ("क\u094dष", "क\u094d\u200dष", True),  # a joiner asks for a shape, not for another word
        ("कि", "की", False),
        ("कार", "कर", False),
        ("Straße", "STRASSE", True),
    ],
)
def test_an_exact_match_knows_scripts(a: str, b: str, same: bool) -> None:
    assert (fold(a) == fold(b)) is same
