from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from dono.artifacts import Artifact, Json
from dono.corpus.rights import gathered, same_source, source_record
from dono.project import Rights

TODAY = date(2026, 11, 26)


def corpus(survey: dict[str, Json]) -> Artifact:
    return Artifact("corpus", "abcd", "desk", Path(), {}, (), survey, {})


def test_a_run_record_holds_counts_and_nothing_that_a_row_has_said() -> None:
    tally: dict[str, Json] = {"documents": 3, "bytes": 90}
    survey: dict[str, Json] = {
        "documents": 6, "rejects": 5, "languages": {"hi": tally, "hi-Latn": tally, "Asha Menon": tally},
        "sources": {"chats": {**tally, "formats": {"column text": 3}}},
        "reject_reasons": {
            "no text among the fields asha@example.in, +91 98": 2, "'asha' is a list, not text": 1, "empty text": 1,
            "3 cells where the header has 5": 1,
        },
        "drops": {"empty text": 4}, "found": {"pii mobile": 2}, "contamination": {"intent": 1},
    }  # fmt: skip
    body = gathered(corpus(survey), {"chats": ["0f" * 8]}, {})
    assert body["by_language"] == {"hi": 3, "hi-Latn": 3, "other": 3}
    assert body["dropped"] == {"no text": 2, "other": 2, "empty text": 5}
    assert body["found"] == {"pii mobile": 2} and body["contamination"] == {"intent": 1}
    assert body["counts"] == {"documents": 6, "rejects": 5}
    assert "sha" not in json.dumps(body) and "98" not in json.dumps(body)


def test_the_floor_is_a_year_from_now_where_there_is_personal_data() -> None:
    consent, clear = Rights(ground="consent"), Rights(ground="not_personal")
    stated = Rights(ground="consent", keep_until=date(2030, 1, 1))
    floors = [source_record("s", r, [], commercial=True, today=TODAY)["keep_until"] for r in (consent, clear, stated)]
    assert floors == ["2027-11-26", None, "2030-01-01"]


def test_only_what_is_stated_makes_a_record_another_one() -> None:
    one = source_record("s", Rights(ground="consent"), ["a"], commercial=True, today=TODAY)
    later = source_record("s", Rights(ground="consent"), ["a"], commercial=True, today=date(2027, 1, 1))
    assert same_source(one, later)
    for changed in (
        source_record("s", Rights(ground="consent", children="excluded"), ["a"], commercial=True, today=TODAY),
        source_record("s", Rights(ground="consent"), ["b"], commercial=True, today=TODAY),
        source_record("s", None, ["a"], commercial=True, today=TODAY),
        source_record("s", Rights(ground="consent"), ["a"], commercial=False, today=TODAY),
    ):
        assert not same_source(one, changed)


def test_a_record_reads_back_as_rights_even_where_the_ceiling_comes_before_the_floor() -> None:
    rights = Rights(ground="consent", retain_until=date(2027, 1, 1))
    body = source_record("s", rights, [], commercial=True, today=TODAY)
    assert Rights.model_validate(body["rights"]) == rights
