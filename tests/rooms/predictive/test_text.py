"""Texts to classes without a language model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dono.errors import Mistake
from dono.predictive import TableModel, TextClassifier
from dono.predictive.text import letters, words

ROWS = ["मेरा रिचार्ज नहीं हुआ", "रिचार्ज फेल", "धन्यवाद आपका", "बहुत धन्यवाद", "refund चाहिए मुझे", "please refund करो"]
LABELS = ["recharge", "recharge", "thanks", "thanks", "refund", "refund"]


def test_words_keep_their_marks_and_joiners() -> None:
    assert words("हिन्दी, क्‍ष OK") == ["हिन्दी", "क्‍ष", "ok", "हिन्दी क्‍ष", "क्‍ष ok"]
    found = letters("हिन्दी")
    assert "न्दी" in found and " हि" in found
    assert letters("A!") == [" a", "a!", "! ", " a!", "a! ", " a! "]


def test_texts_are_told_apart_also_when_misspelt() -> None:
    model = TextClassifier().fit(ROWS, LABELS)
    assert model.classes == ("recharge", "refund", "thanks")
    assert model.predict(["रीचार्ज कब होगा", "धन्यवादः", "refundd"]) == ["recharge", "thanks", "refund"]
    proba = model.predict_proba(["रिचार्ज", ""])
    assert proba.shape == (2, 3) and np.allclose(proba.sum(axis=1), 1)
    assert model.predict_proba([]).shape == (0, 3) and not model.notes


def test_a_saved_classifier_answers_as_before(tmp_path: Path) -> None:
    model = TextClassifier().fit(ROWS, LABELS, seed=3)
    model.save(tmp_path)
    again = TextClassifier.load(tmp_path)
    assert (again.predict_proba(ROWS) == model.predict_proba(ROWS)).all()
    with pytest.raises(Mistake, match="a TextClassifier, not a TableModel"):
        TableModel.load(tmp_path)


def test_a_model_of_another_version_is_refused(tmp_path: Path) -> None:
    TextClassifier().fit(ROWS, LABELS).save(tmp_path)
    (tmp_path / "model.json").write_text('{"kind": "TextClassifier", "sklearn": "0.1"}')
    with pytest.raises(Mistake, match=r"made with scikit-learn 0\.1"):
        TextClassifier.load(tmp_path)
    with pytest.raises(Mistake, match="no fitted model"):
        TextClassifier.load(tmp_path / "nowhere")


def test_one_class_only_is_answered_and_noted() -> None:
    model = TextClassifier().fit(["a", "b"], ["yes", "yes"])
    assert model.predict(["c"]) == ["yes"] and "nothing can be told apart" in model.notes[0]


def test_empty_texts_are_answered_with_the_most_frequent_class() -> None:
    model = TextClassifier().fit(["", " ", ""], ["a", "b", "a"])
    assert model.predict(["x"]) == ["a"] and "empty" in model.notes[0]


def test_signs_alone_can_be_learned_from() -> None:
    model = TextClassifier().fit(["!!!", "!!", "???", "??"], ["a", "a", "q", "q"])
    assert model.predict(["!!!!", "????"]) == ["a", "q"]


def test_no_rows_are_refused() -> None:
    with pytest.raises(Mistake, match="no example"):
        TextClassifier().fit([], [])
