"""What is shown of rows that were set aside has no personal data in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dono.corpus import gather
from dono.corpus.identities import Identities
from dono.corpus.privacy import key_fingerprint, row_mask
from dono.errors import Mistake
from dono.project import Cleaning, Source

NAME, PHONE, AADHAAR = "Ravi Kumar Sharma", "98765 43210", "2345 6789 0124"


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        (f'{{"name": "{NAME}", "phone": "{PHONE}", "x": 1', '{"name": "<NAME_1>", "phone": "<MOBILE_1>", "x": 1'),
        ("{'user_name': 'asha', 'ok': True}", "{'user_name': '<NAME_1>', 'ok': True}"),
        ('{"name": "Asha O\'Neil", "n": 1}', '{"name": "<NAME_1>", "n": 1}'),
        ('{"नाम": "रवि कुमार", "mobile_no": "९८७६५४३२१०"}', '{"नाम": "<NAME_1>", "mobile_no": "<MOBILE_1>"}'),
        (f"my name is {NAME},aadhaar {AADHAAR}", "my name is <NAME_1>,aadhaar <AADHAAR_1>"),
        ('{"account_no": "123456789012"}', '{"account_no": "<BANK_ACCOUNT_1>"}'),
        ('{"item": "9 lamps", "amount": 450}', '{"item": "9 lamps", "amount": 450}'),
    ],
)
def test_identifiers_of_a_row_are_masked_and_the_rest_is_not(row: str, shown: str) -> None:
    assert row_mask(Cleaning())(row) == shown


def test_only_the_kinds_that_are_asked_for_are_masked() -> None:
    row = f'{{"name": "{NAME}", "phone": "{PHONE}"}}'
    assert row_mask(Cleaning(privacy_kinds=("mobile",)))(row) == f'{{"name": "{NAME}", "phone": "<MOBILE_1>"}}'
    assert row_mask(Cleaning(privacy="off"))(row) == row


@given(st.text(st.characters(codec="utf-8") | st.sampled_from("\"':{}name "), max_size=80))
def test_a_row_without_a_digit_an_at_sign_or_a_name_stays_as_it_is(row: str) -> None:
    plain = "".join(c for c in row if not c.isalnum() and c != "@")
    assert row_mask(Cleaning())(plain) == plain


def rows_of_a_shop(folder: Path) -> list[Source]:
    """Rows that cannot be used, of every kind: no text, broken JSON, too few cells, a text that is dropped."""
    whose = {"customer": "c-17", "name": NAME, "phone": PHONE, "aadhaar": AADHAAR}
    long = {**whose, "note": "x" * 90, "other": f"call {PHONE}, call again {PHONE}"}
    rows = [json.dumps(row) for row in (whose, long, {"customer": "c-18", "text": "all is well"})] + [
        json.dumps(whose)[:-1]
    ]
    (folder / "a.jsonl").write_text("\n".join(rows) + "\n", encoding="utf8")
    (folder / "b.csv").write_text(f"text,phone\nfine,1\nmy name is {NAME},{PHONE},3\n", encoding="utf8")
    (folder / "c.txt").write_text(f"my name is {NAME}, {PHONE} " + "@#%^&*" * 400 + "\nfine\n", encoding="utf8")
    return [
        Source(name="a", kind="jsonl", path=str(folder / "a.jsonl"), key="customer", text="text"),
        Source(name="b", kind="csv", path=str(folder / "b.csv"), text="text"),
        Source(name="c", path=str(folder / "c.txt")),
    ]


def gathered(folder: Path, forgotten: frozenset[str] = frozenset()) -> list[dict[str, object]]:
    """The rejects of the shop."""
    folder.mkdir()
    identities = Identities(b"s" * 32, forgotten)
    gather(rows_of_a_shop(folder), {}, folder, heldout_share=0, seed=0, progress=lambda *_: None, identities=identities)
    return [json.loads(line) for line in (folder / "rejects.jsonl").read_text(encoding="utf8").splitlines()]


def test_no_file_of_a_corpus_shows_the_person_of_a_row_that_was_set_aside(tmp_path: Path) -> None:
    rejects = gathered(tmp_path / "out")
    written = "".join(
        path.read_text(encoding="utf8") for path in (tmp_path / "out").glob("*.json*") if path.name != "a.jsonl"
    )
    assert len(rejects) == 4 and "drops.jsonl" in {p.name for p in (tmp_path / "out").iterdir()}
    assert not any(part in written for part in ("Ravi", "Sharma", PHONE, PHONE[:8], AADHAAR, AADHAAR[:9]))
    assert all("<MOBILE_" in str(row["beginning"]) and len(str(row["beginning"])) <= 200 for row in rejects)
    assert "<MOBILE_1>" in (tmp_path / "out/drops.jsonl").read_text(encoding="utf8")


def test_a_row_that_was_set_aside_is_known_by_its_persons_id_and_forgotten_with_the_person(tmp_path: Path) -> None:
    id_ = Identities(b"s" * 32).of("a", "c-17")
    rejects = gathered(tmp_path / "one")
    assert [row["id"] for row in rejects] == [id_, id_, "", ""]
    assert [row["id"] for row in gathered(tmp_path / "two", frozenset({id_}))] == ["", ""]


def test_the_fingerprint_of_a_key_tells_keys_apart_and_needs_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Cleaning(privacy="surrogates", privacy_key_variable="THE_KEY")
    monkeypatch.setenv("THE_KEY", "one")
    first = key_fingerprint(settings)
    monkeypatch.setenv("THE_KEY", "two")
    assert first is not None and "one" not in first and key_fingerprint(settings) not in (first, None)
    monkeypatch.delenv("THE_KEY")
    with pytest.raises(Mistake, match="'THE_KEY' is not set"):
        key_fingerprint(settings)
    assert key_fingerprint(Cleaning()) is None
