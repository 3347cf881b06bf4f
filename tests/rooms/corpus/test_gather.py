from __future__ import annotations

import datetime
import errno
import json
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dono.artifacts import Json
from dono.corpus import Document, engine, gather, read_documents, survey_lines
from dono.corpus.documents import is_held_out
from dono.corpus.shards import plan_shards
from dono.corpus.sources import checked_parts
from dono.errors import Mistake
from dono.project import Cleaning, Privacy, Source


def run(
    folder: Path,
    sources: Sequence[Source],
    tests: Mapping[str, Sequence[str]] | None = None,
    share: float = 0.0,
    cleaning: Cleaning | None = None,
) -> tuple[Mapping[str, Json], list[Document]]:
    folder.mkdir(exist_ok=True)
    survey = gather(
        sources, tests or {}, folder, heldout_share=share, seed=0, progress=lambda done, documents: None,
        cleaning=cleaning,
    )  # fmt: skip
    return survey, list(read_documents(folder))


def write(path: Path, *rows: object) -> str:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf8")
    return str(path)


def rejects(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "rejects.jsonl").read_text("utf8").splitlines()]


def test_the_survey_counts_what_is_kept_and_what_is_left_out(tmp_path: Path) -> None:
    rows = [
        {"text": "आपका ऑर्डर कल आएगा"},
        {"text": "the  parcel is\there"},
        {"text": "the parcel is here"},
        {"text": "set an alarm for me"},
        {"text": ""},
        {"body": None},
        [1, 2],
    ]
    path = write(tmp_path / "a.jsonl", *rows)
    survey, documents = run(
        tmp_path / "o", [Source(name="a", kind="jsonl", path=path)], {"intent": ["Set an alarm for me!"]}
    )
    assert {k: survey[k] for k in ("documents", "duplicates", "contaminated", "rejects", "contamination")} == {
        "documents": 2, "duplicates": 1, "contaminated": 1, "rejects": 3, "contamination": {"intent": 1},
    }  # fmt: skip
    assert survey["reject_reasons"] == {"empty text": 1, "'body' is empty": 1, "not a JSON object": 1}
    assert [(d.split, d.language, d.line) for d in documents] == [
        ("train", "hi", 1),
        ("train", "en", 2),
        ("contaminated", "en", 4),
    ]
    assert survey["bytes"] == sum(len(d.text.encode()) for d in documents[:2])
    assert survey["characters"] == sum(len(d.text) for d in documents[:2])
    languages, sources = survey["languages"], survey["sources"]
    assert isinstance(languages, dict) and languages["hi"]["documents"] == 1
    assert isinstance(sources, dict) and sources["a"]["formats"] == {"text": 4}
    assert json.loads((tmp_path / "o/survey.json").read_text("utf8")) == survey
    assert [r["line"] for r in rejects(tmp_path / "o")] == [5, 6, 7]
    lines = survey_lines(survey)
    assert {"documents: 2", "held back for the tests of intent: 1", "rejected for empty text: 1"} <= set(lines)
    (line,) = [line for line in lines if line.startswith("source a: 2 documents (0 held out)")]
    assert line.endswith("1 duplicates, 1 contaminated, 3 rejects, read as text")


def test_one_broken_line_among_many_good_ones_costs_itself_only(tmp_path: Path) -> None:
    lines = [json.dumps({"text": f"document number {i}"}) for i in range(20_000)]
    lines[12_345] = lines[12_345][:-2]
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf8")
    survey, documents = run(tmp_path / "o", [Source(name="a", kind="jsonl", path=str(tmp_path / "a.jsonl"))])
    assert survey["documents"] == len(documents) == 19_999
    (reject,) = rejects(tmp_path / "o")
    assert reject["line"] == 12_346 and "document number 12345" in str(reject["beginning"])


def test_a_read_of_one_split_holds_no_other(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", *({"text": f"document number {i}"} for i in range(400)))
    survey, documents = run(tmp_path / "o", [Source(name="a", kind="jsonl", path=path)], share=0.25)
    held_out = list(read_documents(tmp_path / "o", split="heldout"))
    train = list(read_documents(tmp_path / "o", split="train"))
    assert {d.split for d in held_out} == {"heldout"} and {d.split for d in train} == {"train"}
    assert len(held_out) == survey["heldout_documents"] and len(train) + len(held_out) == len(documents) == 400
    assert 60 < len(held_out) < 140


def test_adding_files_moves_no_document_between_the_splits(tmp_path: Path) -> None:
    first = write(tmp_path / "a.jsonl", *({"text": f"document number {i}"} for i in range(200)))
    more = write(tmp_path / "b.jsonl", *({"text": f"another number {i}"} for i in range(200)))
    a, b = (Source(name=n, kind="jsonl", path=p) for n, p in (("a", first), ("b", more)))
    before = {d.text: d.split for d in run(tmp_path / "o", [a], share=0.2)[1]}
    after = {d.text: d.split for d in run(tmp_path / "p", [b, a], share=0.2)[1]}
    assert before.items() <= after.items()


def test_another_seed_holds_out_others() -> None:
    keys = [str(i) for i in range(1000)]
    one, two = ({k for k in keys if is_held_out(k, 0.5, seed)} for seed in (1, 2))
    assert one != two and 400 < len(one) < 600


def test_held_out_documents_are_not_searched_for_tests(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"text": "set an alarm for me"})
    _, documents = run(
        tmp_path / "o", [Source(name="a", kind="jsonl", path=path)], {"intent": ["set an alarm for me"]}, 1.0
    )
    assert [d.split for d in documents] == ["heldout"]


@pytest.mark.parametrize("privacy", ["off", "placeholders", "surrogates"])
@pytest.mark.parametrize(
    "text",
    [
        "Call me at 9876543210 now",
        "Sir my mobile 9876512345 is not working since morning kindly help",
        "My name is Ramesh Kumar and my email is ramesh.kumar@gmail.com so please change my account 12345678901 today",
    ],
)
def test_a_test_is_found_whatever_becomes_of_the_identifiers_in_it(
    text: str, privacy: Privacy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", "a long random text")
    path = write(
        tmp_path / "a.jsonl", {"text": f"Hello from 9811111111\n{text}"}, {"text": "another text to keep here"}
    )
    source = Source(name="a", kind="jsonl", path=path, privacy=privacy)
    cleaning = Cleaning(privacy_key_variable="KEY")
    _, documents = run(tmp_path / "o", [source], {"intent": [text]}, cleaning=cleaning)
    assert [d.split for d in documents] == ["contaminated", "train"]
    assert (text in documents[0].text) == (privacy == "off")


@pytest.mark.parametrize("numbers", [(9123456789, 9876543210), (9876543210, 9123456789)])
def test_of_copies_that_differed_in_a_number_none_is_learned_from_if_one_holds_a_test(
    numbers: tuple[int, int], tmp_path: Path
) -> None:
    texts = [*(f"Call me at {number} now" for number in numbers), "another text to keep here"]
    path = write(tmp_path / "a.jsonl", *({"text": text} for text in texts))
    tests = {"intent": ["Call me at 9876543210 now"], "reply": ["Call me at 9123456789 now"], "other": ["so it is"]}
    survey, documents = run(tmp_path / "o", [Source(name="a", kind="jsonl", path=path)], tests)
    assert [d.split for d in documents] == ["contaminated", "train"] and survey["duplicates"] == 1
    assert survey["contamination"] == {"intent": 1, "reply": 1}
    survey, documents = run(tmp_path / "p", [Source(name="a", kind="jsonl", path=path)], {"intent": tests["intent"]})
    assert [d.split for d in documents] == ["contaminated", "train"] and survey["contamination"] == {"intent": 1}


def test_a_test_without_identifiers_is_found_where_they_were_replaced(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"text": "Call me at 9876543210 now"})
    _, documents = run(
        tmp_path / "o", [Source(name="a", kind="jsonl", path=path)], {"intent": ["Call me at <MOBILE_1> now"]}
    )
    assert [d.split for d in documents] == ["contaminated"]


@pytest.mark.parametrize(
    ("text", "test"),
    [
        ("അവന്\u200d വീട്ടില്\u200d പോയപ്പോള്\u200d മഴയില്\u200d നനഞ്ഞു", None),
        ("അവൻ വീട്ടിൽ പോയപ്പോൾ മഴയിൽ നനഞ്ഞു", "അവന്\u200d വീട്ടില്\u200d പോയപ്പോള്\u200d മഴയില്\u200d നനഞ്ഞു"),
        ("अाप आज अाए और कल फिर गए", None),
        ("please re\u00adceive the parcel", None),
        ("<html><body><p>set an <b>al</b>arm for me</p></body></html>", None),
    ],
)
def test_a_test_is_found_however_it_is_spelt(text: str, test: str | None, tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"text": text})
    _, documents = run(tmp_path / "o", [Source(name="a", kind="jsonl", path=path)], {"intent": [test or text]})
    assert [d.split for d in documents] == ["contaminated"]


def test_languages_are_stated_by_source_or_column_or_row_else_guessed(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"text": "काय झाले", "lang": "mr", "other": "kok"})
    made = [
        Source(name="stated", kind="jsonl", path=path, language="ne"),
        Source(name="column", kind="jsonl", path=path, language="ne", language_column="other"),
        Source(name="row", kind="jsonl", path=path),
        Source(name="guessed", kind="text", path=path, render="{{ text[10:18] }}"),
    ]
    found = [run(tmp_path / s.name, [s])[1][0].language for s in made]
    assert found == ["ne", "kok", "mr", "mr"]


def test_a_language_column_that_is_not_there_is_said_and_an_empty_one_is_guessed(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"text": "the parcel is here", "lang": None}, {"text": "the parcel is late"})
    _, documents = run(tmp_path / "o", [Source(name="a", kind="jsonl", path=path, language_column="lang")])
    assert [d.language for d in documents] == ["en"]
    assert [r["reason"] for r in rejects(tmp_path / "o")] == ["no field 'lang'"]


def test_a_full_disk_is_a_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.jsonl", {"text": "hello", "who": 1})

    def full(*arguments: object, **named: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    with pytest.raises(Mistake, match="no space left"):
        run(tmp_path / "o", [Source(name="a", kind="jsonl", path=path)])


def test_rows_of_a_group_are_joined_in_order_and_stay_together(tmp_path: Path) -> None:
    days = [datetime.date(2025, 3, d) for d in (9, 1, 10, 2)]
    columns = {
        "customer": [7, 8, 7, 7],
        "day": days,
        "item": ["sweets", "lamp", "lamp", "sari"],
        "paid": [20, 5, 10, 30],
    }
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    source = Source(
        name="orders", kind="parquet", path=str(tmp_path / "t.parquet"), group_by="customer", order_by="day",
        render="{{ day }}: {{ item }} for {{ paid }}",
    )  # fmt: skip
    survey, documents = run(tmp_path / "o", [source])
    assert [d.text for d in documents] == [
        "2025-03-02: sari for 30\n2025-03-09: sweets for 20\n2025-03-10: lamp for 10",
        "2025-03-01: lamp for 5",
    ]
    assert survey["documents"] == 2 and sorted(p.name for p in (tmp_path / "o").iterdir()) == [
        "documents.parquet", "drops.jsonl", "rejects.jsonl", "survey.json",
    ]  # fmt: skip


def test_numbers_in_text_are_ordered_as_numbers_and_a_row_without_a_group_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "who,n,text\na,10,third\na,9,second\na,1,first\n,3,nobody\na,,when\n", encoding="utf8"
    )
    source = Source(name="t", kind="csv", path=str(tmp_path / "t.csv"), group_by="who", order_by="n")
    _, documents = run(tmp_path / "o", [source])
    assert [d.text for d in documents] == ["first\nsecond\nthird"]
    assert [(r["line"], r["reason"]) for r in rejects(tmp_path / "o")] == [(5, "no field 'who'"), (6, "no field 'n'")]


@pytest.mark.parametrize(
    ("render", "what"),
    [
        ("{{ text", "unexpected end"),
        ("{{ text.__class__.__mro__ }}", "unsafe"),
        ("{{ txt }}", "none of 1 rows"),
        ("{{ text / 2 }}", r"does not fit \(TypeError\)"),
    ],
)
def test_a_template_that_is_broken_or_reaches_out_is_a_mistake(render: str, what: str, tmp_path: Path) -> None:
    source = Source(name="a", kind="jsonl", path=write(tmp_path / "a.jsonl", {"text": "hello"}), render=render)
    with pytest.raises(Mistake, match=what):
        run(tmp_path / "o", [source])


def test_a_named_text_column_is_taken_and_its_absence_is_said(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"text": "title", "story": "once upon a time"}, {"text": "title"})
    _, documents = run(tmp_path / "o", [Source(name="a", kind="jsonl", path=path, text="story")])
    assert [d.text for d in documents] == ["once upon a time"]
    assert [r["reason"] for r in rejects(tmp_path / "o")] == ["no field 'story'"]


def test_a_file_can_be_one_document(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("first line\r\n\r\nनमस्ते\r\n".encode())
    source = Source(name="a", path=str(tmp_path / "a.txt"), unit="file")
    assert [d.text for d in run(tmp_path / "o", [source])[1]] == ["first line\n\nनमस्ते"]


def test_half_a_character_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "cut \\ud83d"}\n{"text": "whole"}\n', encoding="utf8")
    _, documents = run(tmp_path / "o", [Source(name="a", kind="jsonl", path=str(tmp_path / "a.jsonl"))])
    assert [d.text for d in documents] == ["whole"]
    assert rejects(tmp_path / "o")[0]["reason"] == "half a character (a lone surrogate)"


def test_nothing_is_read_before_all_files_were_looked_at(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", {"text": "hello"})
    (tmp_path / "b.jsonl").write_bytes(bytes(5000))
    with pytest.raises(Mistake, match="no text at all"):
        run(tmp_path / "o", [Source(name="a", kind="jsonl", path=str(tmp_path / "*.jsonl"))])
    assert list((tmp_path / "o").iterdir()) == []


def test_a_pattern_without_a_file_and_a_file_without_permission_are_mistakes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Mistake, match="no file matches"):
        run(tmp_path / "o", [Source(name="a", path=str(tmp_path / "*.txt"))])
    (tmp_path / "a.txt").write_text("hello", encoding="utf8")

    def denied(*arguments: object, **named: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", denied)
        with pytest.raises(Mistake, match="no permission"):
            run(tmp_path / "o", [Source(name="a", path=str(tmp_path / "a.txt"))])


def test_a_json_array_is_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('[{"text": "a"},\n {"text": "b"}]', encoding="utf8")
    with pytest.raises(Mistake, match="jq"):
        run(tmp_path / "o", [Source(name="a", kind="jsonl", path=str(tmp_path / "a.jsonl"))])


def test_a_killed_gathering_is_simply_done_again(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", *({"text": f"row {i}", "who": i % 3} for i in range(9)))
    source = Source(name="a", kind="jsonl", path=path, group_by="who")
    (tmp_path / "o").mkdir()
    for name in ("documents.parquet", ".a.groups", "rejects.jsonl"):
        (tmp_path / "o" / name).write_bytes(b"half of it")
    assert len(run(tmp_path / "o", [source])[1]) == 3


def test_progress_ends_at_the_size_of_the_files(tmp_path: Path) -> None:
    first = write(tmp_path / "a.jsonl", *({"text": f"row {i}"} for i in range(30_000)))
    second = write(tmp_path / "b.jsonl", {"text": "one more"})
    told: list[tuple[float, int]] = []
    (tmp_path / "o").mkdir()
    sources = [Source(name=Path(p).stem, kind="jsonl", path=p) for p in (first, second)]
    gather(sources, {}, tmp_path / "o", heldout_share=0.1, seed=0, progress=lambda d, n: told.append((d, n)))
    assert told == sorted(told) and len(told) > 2
    assert told[-1][0] == sum(Path(p).stat().st_size for p in (first, second))


def test_half_a_character_anywhere_in_a_row_stops_nothing(tmp_path: Path) -> None:
    rows = ['{"who": "a\\ud83d", "n": 1, "text": "x"}', '{"\\ud83d": 1}', '{"who": "b", "n": "\\ud83d", "text": "y"}']
    (tmp_path / "a.jsonl").write_text("\n".join(rows), encoding="utf8")
    source = Source(name="a", kind="jsonl", path=str(tmp_path / "a.jsonl"), group_by="who", order_by="n")
    _, documents = run(tmp_path / "o", [source])
    assert [d.text for d in documents] == ["y"]
    assert [r["line"] for r in rejects(tmp_path / "o")] == [1, 2]


def test_a_text_is_held_out_or_learned_from_but_never_both(tmp_path: Path) -> None:
    rows = [{"text": f"document  number {i % 50}" + " " * (i % 3)} for i in range(300)]
    path = write(tmp_path / "a.jsonl", *rows)
    survey, documents = run(tmp_path / "o", [Source(name="a", kind="jsonl", path=path)], share=0.5)
    by_split = [{" ".join(d.text.split()) for d in documents if d.split == s} for s in ("train", "heldout")]
    assert not by_split[0] & by_split[1] and len(by_split[0] | by_split[1]) == 50 and survey["duplicates"] == 250


def test_what_was_found_out_about_files_stands_in_the_survey(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / f"{name}.txt").write_text(f"नमस्ते {name}\n", encoding="utf-16")
    (tmp_path / "d.txt").write_text(" \n")
    survey, documents = run(tmp_path / "o", [Source(name="a", path=str(tmp_path / "*.txt"))])
    assert len(documents) == 3
    assert [line for line in survey_lines(survey) if str(tmp_path) in line] == [
        f"read as utf-16: {tmp_path}/a.txt and 2 more files",
        f"empty, left out: {tmp_path}/d.txt",
    ]


def test_what_is_learned_of_the_texts_holds_no_personal_data_and_no_word_that_can_be_read(tmp_path: Path) -> None:
    rows = [
        f"My name is Ramesh, order {i % 7} {i % 9} is late; mobile {9840000000 + i * 7919}, mail to u{i}x@gmail.com"
        f" or ask {'for my friend ' if i % 2 else ''}{'the clerk' if i % 3 else 'a neighbour'}"
        for i in range(260)
    ]
    path = write(tmp_path / "a.jsonl", *({"text": row} for row in rows))
    source = Source(name="a", kind="jsonl", path=path, language="en")
    survey, _ = run(tmp_path / "o", [source])
    quality = survey["quality"]
    assert isinstance(quality, dict) and len(quality["frequent"]["en"]) > 10
    recipe = engine.Recipe((source,), {}, Cleaning(), 0.1, 0, tmp_path)
    shards, work = plan_shards([(source, checked_parts(source).parts)]), engine.sample_work(recipe)
    sent = pickle.dumps([work(shard, lambda _: None) for shard in shards])
    for part in ("ramesh", "98400", "u1x", "gmail", "clerk", "mobile"):
        assert part not in json.dumps(quality).lower() and part.encode() not in sent.lower()
