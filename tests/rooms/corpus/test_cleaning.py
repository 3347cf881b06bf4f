"""Steps made from settings: what a source says of itself comes before what the project says of all."""

from __future__ import annotations

import pytest

from dono.corpus.cleaning import Settings, make_steps
from dono.corpus.drafts import Draft
from dono.corpus.steps import Dropped, run_steps
from dono.project import Cleaning, Privacy, Source

TEXT = "My name is Kavitha Raman, call me on 98765 43210 when the parcel comes to the shop."


@pytest.mark.parametrize(("of_source", "of_all", "stays"), [
    (None, "placeholders", False), ("off", "placeholders", True), ("placeholders", "off", False), (None, "off", True),
])  # fmt: skip
def test_a_source_decides_for_itself_what_becomes_of_identifiers(
    of_source: Privacy | None, of_all: Privacy, stays: bool
) -> None:
    settings = Settings(Cleaning(privacy=of_all), Source(name="talk", path="talk.txt", privacy=of_source))
    (found,) = run_steps(make_steps(settings), [Draft(TEXT, "en", "text", TEXT, "talk.txt", 1)])
    assert isinstance(found, Draft)
    assert ("98765 43210" in found.text) == stays == ("Kavitha" in found.text)


def test_every_step_gives_one_outcome_for_each_text_in_order() -> None:
    settings = Settings(Cleaning(), Source(name="talk", path="talk.txt"))
    texts = [TEXT, "<html><body><p></p></body></html>", "नमस्ते, मेरा पार्सल कब तक आएगा?"]
    drafts = [Draft(text, None, "text", text, "talk.txt", n) for n, text in enumerate(texts)]
    for name, step in make_steps(settings).items():
        outcomes = step(drafts)
        lines = [(o.draft if isinstance(o, Dropped) else o).line for o in outcomes]
        assert lines == [0, 1, 2], name
