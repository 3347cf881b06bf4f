from __future__ import annotations

import numpy as np
import pytest

from dono.corpus.boilerplate import line_marks, repeated_lines, without_lines

FOOTER = "© 2024 हमारी कंपनी, सभी अधिकार सुरक्षित"
TEXTS = [f"the text number {i} of this source\nThank you\n{FOOTER}" for i in range(6)]


def test_lines_of_more_texts_than_stated_go_and_short_ones_stay() -> None:
    marks = [line_marks(TEXTS[:2]), line_marks(TEXTS[2:])]
    found = repeated_lines(lambda: marks, sum(map(len, marks)), 5)
    assert len(found) == 1
    assert without_lines(TEXTS[0], found) == ("the text number 0 of this source\nThank you", 1)
    assert len(repeated_lines(lambda: marks, sum(map(len, marks)), 6)) == 0


def test_a_line_counts_once_a_text_and_a_text_of_one_line_not_at_all() -> None:
    marks = line_marks([f"{FOOTER}\n{FOOTER}\nother words stand here", FOOTER])
    assert len(marks) == 2 and len(set(marks.tolist())) == 2


def test_nothing_is_left_of_a_text_of_repeated_lines() -> None:
    repeated = np.sort(line_marks([f"{FOOTER}\nand one more line"]))
    assert without_lines(f"{FOOTER}\n\nAnd one more line!", repeated) == ("", 2)
    assert without_lines(FOOTER, repeated) == (FOOTER, 0)


def test_more_marks_than_are_sorted_at_a_time_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    marks = line_marks(TEXTS)
    whole = repeated_lines(lambda: [marks], len(marks), 5)
    monkeypatch.setattr("dono.corpus.boilerplate.AT_ONCE", 3)
    assert repeated_lines(lambda: [marks], len(marks), 5).tolist() == whole.tolist()
