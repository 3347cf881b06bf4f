from __future__ import annotations

import datetime as dt
import random
import resource
import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest
import regex
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dono.corpus.amounts import read_number
from dono.corpus.drafts import Draft, Refused, drafts
from dono.corpus.groups import LONGEST, GroupedRow, Groups, sortable
from dono.corpus.parts import LocalFile
from dono.corpus.rows import Malformed, Reject
from dono.project import Source

AMOUNT = regex.compile(r"₹([\d,.]+)")


def row(key: str, text: str, period: str | None = None) -> GroupedRow:
    return GroupedRow(key, 0, text, "en", "f", 1, None, period)


def read(source: Source, folder: Path) -> tuple[list[Draft], list[Reject]]:
    found = list(drafts(source, [LocalFile(Path(source.path))], folder, lambda _: None))
    return [f for f in found if isinstance(f, Draft)], [f.reject for f in found if isinstance(f, Refused)]


PURCHASES = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 400), st.integers(0, 10**9)), min_size=1, max_size=60)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(PURCHASES, st.integers(1, 3))
def test_grouping_never_loses_a_rupee(tmp_path: Path, purchases: list[tuple[int, int, int]], ways: int) -> None:
    start = dt.date(2025, 1, 1)
    lines = [
        f"c{who},{(start + dt.timedelta(day)):%d/%m/%Y},{Decimal(paise).scaleb(-2)}" for who, day, paise in purchases
    ]
    path = tmp_path / "t.csv"
    path.write_text("customer,date,recharge_amt\n" + "\n".join(lines) + "\n", encoding="utf8")
    source = Source(name="t", kind="csv", path=str(path), schema="telco.recharge", rendered=ways)
    documents, rejects = read(source, tmp_path)
    assert not rejects and len(documents) == ways * len({who for who, _, _ in purchases})
    written = [read_number(amount.rstrip(".,")) for d in documents for amount in AMOUNT.findall(d.text)]
    assert sum(written) == ways * sum(Decimal(paise).scaleb(-2) for _, _, paise in purchases)


def test_rows_are_in_time_whatever_form_their_dates_have(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "who,at,text\na,02/11/2025,third\na,2025-01-09,first\na,3 Feb 2025,second\n", encoding="utf8"
    )
    source = Source(name="t", kind="csv", path=str(tmp_path / "t.csv"), group_by="who", order_by="at")
    assert [d.text for d in read(source, tmp_path)[0]] == ["first\nsecond\nthird"]
    assert sortable("10") == 10.0 and sortable(None) is None and sortable("b") == "b"
    with pytest.raises(Malformed, match="day or month first"):
        sortable("03/04/2025", "refuse")


def test_a_giant_group_is_several_documents_and_none_of_it_is_lost(tmp_path: Path) -> None:
    groups = Groups(tmp_path / "g")
    for number in range(3000):
        groups.add(row("a", f"{number:05d} " + "x" * 1000, f"2025-{1 + number // 300:02d}"), float(number))
    groups.add(row("b", "small"), None)
    documents = list(groups.documents())
    assert [d.key for d in documents] == ["a", "a", "a", "b"] and all(len(d.text) <= LONGEST for d in documents)
    lines = [line for d in documents[:3] for line in d.text.splitlines()]
    assert [int(line[:5]) for line in lines] == list(range(3000))
    assert [d.period for d in documents[:3]] == sorted(d.period or "" for d in documents[:3]) and documents[
        2
    ].period == "2025-10"
    assert not (tmp_path / "g").exists()


def test_rows_of_many_groups_in_any_order_need_little_memory(tmp_path: Path) -> None:
    drawn, groups = random.Random(0), Groups(tmp_path / "g")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    numbers = list(range(100_000))
    drawn.shuffle(numbers)
    for number in numbers:
        groups.add(row(f"c{number % 20_000}", f"{number} " + "y" * 300), number)
    found = 0
    for document in groups.documents():
        ordered = [int(line.split()[0]) for line in document.text.splitlines()]
        assert ordered == sorted(ordered) and len(ordered) == 5
        found += len(ordered)
    # The texts are 31 MB; kilobytes on Linux.
    assert found == 100_000 and resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 25_000


def test_a_full_disk_is_told_while_rows_come_and_while_they_are_sorted(tmp_path: Path) -> None:
    groups = Groups(tmp_path / "g")
    groups.database.execute("PRAGMA max_page_count = 8")
    with pytest.raises(OSError, match="full"):
        for number in range(10_000):
            groups.add(row("a", "x" * 100), number)
    groups.database.close()
    groups = Groups(tmp_path / "h")
    groups.add(row("a", "x"), 1)
    groups.database.execute("DROP TABLE rows")
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        list(groups.documents())


def test_columns_may_change_half_way(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text(
        '{"msisdn": "1", "recharge_date": "2025-01-02", "recharge_amt": 10}\n'
        '{"subscriber_id": "1", "timestamp": 1741944909, "Amount": "₹20", "circle": "TN"}\n'
        '{"subscriber_id": "1", "timestamp": 1741944909, "price": "20"}\n',
        encoding="utf8",
    )
    source = Source(name="t", kind="jsonl", path=str(tmp_path / "t.jsonl"), schema="telco.recharge", language="en")
    (document,), (reject,) = read(source, tmp_path)
    assert "₹10" in document.text.splitlines()[0] and "₹20" in document.text.splitlines()[1]
    assert (document.key, document.period, reject.reason) == (
        "1",
        "2025-03",
        "no amount (the schema telco.recharge needs it)",
    )


def test_renderings_of_a_row_stay_on_one_side_of_the_split(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text("".join(f'{{"n": {n}}}\n' for n in range(20)), encoding="utf8")
    source = Source(
        name="t", kind="jsonl", path=str(tmp_path / "t.jsonl"), render=("a {{ n }}", "b {{ n }}"), rendered=2
    )
    documents = read(source, tmp_path)[0]
    assert len(documents) == 40 and len({d.key for d in documents}) == 20 and len({d.text for d in documents}) == 40


def test_region_and_period_are_those_of_the_columns_named(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "text,where,at\nhello,Orissa,03/04/2025\nhi,Nepal,\nho,,31/31/2025\n", encoding="utf8"
    )
    source = Source(name="t", kind="csv", path=str(tmp_path / "t.csv"), region_column="where", period_column="at")
    documents, rejects = read(source, tmp_path)
    assert [(d.region, d.period) for d in documents] == [("IN-OD", "2025-04"), ("Nepal", None)]
    assert [r.reason for r in rejects] == ["not a date"]
