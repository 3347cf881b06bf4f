from __future__ import annotations

import numpy as np
import pytest
from sacrebleu import corpus_chrf
from sklearn.metrics import f1_score, roc_auc_score

from dono.evals import score_answers, score_bits, score_label_bits, score_probabilities


def test_scores_equal_the_libraries_own() -> None:
    answers, expected = ["a", "b", "b", "x"], ["a", "b", "c", "c"]
    found = {s.metric: s.value for s in score_answers(answers, expected, ["hi"] * 4, ["accuracy", "macro_f1"])}
    wanted = f1_score(expected, answers, labels=["a", "b", "c"], average="macro", zero_division=0)
    assert found == {"accuracy": 0.5, "macro_f1": pytest.approx(wanted)}


def test_chrf_equals_sacrebleu() -> None:
    answers, expected = ["आपका ऑर्डर कल", "where is it", ""], ["आपका ऑर्डर आज", "where was it", "yes"]
    found = next(s for s in score_answers(answers, expected, ["hi", "en", "en"], ["chrf"]) if s.language == "all")
    assert found.value == pytest.approx(corpus_chrf(answers, [expected]).score, abs=1e-9)


def test_every_language_gets_its_own_row_with_n() -> None:
    rows = score_answers(["a", "b", "a"], ["a", "a", "a"], ["hi", "ta", "hi"], ["exact_match"])
    assert {(s.language, s.n) for s in rows} == {("all", 3), ("hi", 2), ("ta", 1)}


def test_a_perfect_score_on_few_items_is_not_certain() -> None:
    perfect = score_answers(["a"] * 4, ["a"] * 4, ["hi"] * 4, ["accuracy"])[0]
    assert perfect.value == 1.0
    assert perfect.stderr > 0.05


def test_exact_match_ignores_case_and_spaces_but_not_marks() -> None:
    value = score_answers(["Yes  sir", "कि"], ["yes sir", "क"], ["en", "hi"], ["exact_match"])[0].value
    assert value == 0.5


def test_bits_per_byte_is_a_ratio_of_sums() -> None:
    rows = score_bits(np.array([10.0, 90.0]), np.array([10.0, 30.0]), ["hi", "en"])
    assert {s.language: s.value for s in rows} == {"all": 2.5, "hi": 1.0, "en": 3.0}


def test_auc_equals_scikit_learns() -> None:
    random = np.random.default_rng(0)
    p = random.random(50)
    truth = ["yes" if v > random.random() else "no" for v in p]
    rows = score_probabilities(np.stack([1 - p, p], 1), ["no", "yes"], truth, ["auc"])
    assert rows[0].value == pytest.approx(roc_auc_score([t == "yes" for t in truth], p))
    assert 0 < rows[0].stderr < 0.2


def test_the_bits_of_the_right_label_are_those_of_the_normalised_likelihoods() -> None:
    likelihoods = np.log([[0.2, 0.1, 0.1], [0.01, 0.01, 0.02]])
    (score, *_) = score_label_bits(likelihoods, [0, 2], ["en", "hi"])
    assert score.value == pytest.approx((-np.log2(0.5) - np.log2(0.5)) / 2)
    flat = score_label_bits(np.zeros((4, 8)), [0, 1, 2, 3], ["en"] * 4)[0]
    assert flat.value == pytest.approx(3.0)
    assert flat.stderr == 0.0
