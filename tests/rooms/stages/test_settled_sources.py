from __future__ import annotations

from pathlib import Path

import pytest

from dono.errors import Mistake, Mistakes
from dono.project import load_project
from dono.stages.prepare import settled_sources

FILE = """
project: p
corpus:
  - {{name: a, path: a.txt, schema: telco.recharge}}
  - {{name: b, path: a.txt, calendar: [{{date: 2025-07-15, name: Own}}]}}
use_cases: [{{name: text, kind: language}}]
budget: {{hours: 1}}
calendar: {calendar}
"""


def write(folder: Path, calendar: str) -> Path:
    (folder / "a.txt").write_text("x", encoding="utf8")
    (folder / "dono.yaml").write_text(FILE.format(calendar=calendar), encoding="utf8")
    return folder / "dono.yaml"


def test_the_calendar_of_a_project_goes_to_the_sources_that_have_none(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("date,state,name\n2025-07-16,TN,Shop\n", encoding="utf8")
    for calendar in ("own.csv", "[{date: 2025-07-16, state: Tamil Nadu, name: Shop}]"):
        a, b = settled_sources(load_project(write(tmp_path, calendar)))
        assert [d.name for d in a.calendar] == ["Shop"] and [d.name for d in b.calendar] == ["Own"]
        assert a.schema_name == "telco.recharge"


@pytest.mark.parametrize("calendar", ["gone.csv", "[{date: soon, name: x}]", "[{date: 2025-01-01, nam: x}]"])
def test_a_wrong_calendar_is_a_mistake_of_the_project_file(calendar: str, tmp_path: Path) -> None:
    with pytest.raises(Mistakes, match="calendar"):
        load_project(write(tmp_path, calendar))


def test_an_unknown_state_in_the_calendar_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="Atlantis"):
        settled_sources(load_project(write(tmp_path, "[{date: 2025-01-01, name: x, state: Atlantis}]")))


def test_a_time_zone_and_a_key_that_are_not_there_are_mistakes(tmp_path: Path) -> None:
    path = write(tmp_path, "[]")
    path.write_text(
        path.read_text(encoding="utf8").replace("schema:", "timezone: Asia/Atlantis, shema:"), encoding="utf8"
    )
    with pytest.raises(Mistakes) as error:
        load_project(path)
    assert "no such time zone" in str(error.value) and "Did you mean 'schema'?" in str(error.value)


def test_identifiers_stay_where_nobody_is_in_the_data_unless_the_source_says_otherwise(tmp_path: Path) -> None:
    path = write(tmp_path, "[]")
    books = "rights: {ground: not_personal, purpose: [train]}"
    text = path.read_text(encoding="utf8")
    settings = {"": "placeholders", f", {books}": "off", f", {books}, privacy: placeholders": "placeholders"}
    for added, privacy in settings.items():
        path.write_text(text.replace("schema: telco.recharge", f"schema: telco.recharge{added}"), encoding="utf8")
        a, b = settled_sources(load_project(path))
        assert (a.privacy, b.privacy) == (privacy, "placeholders")
