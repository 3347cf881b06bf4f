"""What every ready-made schema must do: be known by its columns, and say its rows in seven languages in many ways."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
import regex
import yaml

from dono.corpus import SCHEMAS, load_schema, recognise_schema
from dono.corpus.drafts import Draft, Refused, drafts
from dono.corpus.parts import LocalFile
from dono.corpus.rendering import Rendering
from dono.corpus.rows import Malformed
from dono.corpus.schemas.schema import folded
from dono.corpus.understanding import Understanding
from dono.errors import Mistake
from dono.project import Source

LANGUAGES = ("en", "hi", "hi-Latn", "ta", "bn", "te", "mr")
SCRIPT = {"en": "Latin", "hi": "Devanagari", "hi-Latn": "Latin", "ta": "Tamil", "bn": "Bengali", "te": "Telugu",
          "mr": "Devanagari"}  # fmt: skip
TABLES: dict[str, dict[str, object]] = {
    "telco.usage": {"MSISDN": "98xx", "usage_date": "20/10/2025", "data_gb": "1.5",
                      "MOU": 42, "sms_count": 3, "RAT": "4G",
                    "circle": "TN", "plan_name": "Daily 2 GB"},
    "telco.recharge": {"msisdn": "98xx", "recharge_dt": "20/10/2025", "recharge_amt": "1499", "validity_days": "84",
                       "pack": "Truly 1499", "payment_mode": "UPI", "circle": "Tamil Nadu"},
    "telco.complaint": {"subscriber_id": 7, "complaint_date": "2025-10-20", "complaint_type": "slow data",
                      "status": "closed",
                        "resolved_at": "2025-10-22", "remarks": "it stops at night", "circle": "TN"},
    "social.post": {"post_id": 1, "user_id": 7, "created_at": 1760950000, "content": "the lamps are lit",
                      "hashtags": "lamps",
                    "like_count": 12, "state": "Tamilnadu"},
    "ride.trip": {"trip_id": 1, "rider_id": "r", "pickup_time": "20-10-2025 18:30", "pickup_location": "Adyar",
                  "drop_location": "Egmore", "fare_amount": 240.5, "distance_km": "9.8", "vehicle_type": "auto",
                  "city": "Chennai", "state": "IN-TN"},
    "shop.order": {"order_id": 1, "customerId": 7, "orderDate": "20 Oct 2025", "product_name": "brass lamp", "qty": 2,
                   "order_amount": "₹2,499.00", "payment_method": "card", "ship_city": "Madurai",
                   "shipping_state": "TN"},
    "chat.message": {"conversation_id": "k", "sent_at": "2025-10-20T18:30:00+05:30", "sender_type": "customer",
                     "message": "is the lamp here?", "state": "TN"},
}  # fmt: skip
"""A row of each kind as a company may have it, on the day of Diwali in Tamil Nadu."""


def source(name: str, **settings: object) -> Source:
    return Source.model_validate({"name": "t", "path": "t", "schema": name, **settings})


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_has_at_least_four_templates_in_each_language_in_its_script_and_none_twice(name: str) -> None:
    schema = load_schema(name)
    assert set(schema.templates) == set(LANGUAGES)
    for language, templates in schema.templates.items():
        assert len(templates) >= 4 and len(set(templates)) == len(templates)
        assert len(templates) == len(schema.templates["en"])
        for template in templates:
            said = regex.sub(r"\{\{.*?\}\}|km|SMS", "", template)
            assert not regex.search(rf"[\p{{L}}--[\p{{{SCRIPT[language]}}}]]", said, regex.V1), template


@pytest.mark.parametrize("name", SCHEMAS)
def test_translations_of_a_template_say_the_same_fields(name: str) -> None:
    def said(template: str) -> list[str]:
        return sorted(regex.findall(r"\{\{\s*(\w+)", template))

    templates = load_schema(name).templates
    for language in LANGUAGES:
        assert [said(t) for t in templates[language]] == [said(t) for t in templates["en"]], language


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_template_of_a_schema_writes_a_full_row(name: str) -> None:
    made = Understanding(source(name))
    row = {**load_schema(name).read(TABLES[name], made.source), "occasion": "X"}
    assert made.rendering is not None
    for language in LANGUAGES:
        for choice in made.rendering.choices[language]:
            assert choice.names <= row.keys(), (choice.text, choice.names - row.keys())
            made.rendering.forms.language = language
            text = made.rendering.sandbox.written(choice.template, row)
            assert "{" not in text and "None" not in text and "  " not in text


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_row_with_only_what_is_needed_has_two_templates_or_more(name: str) -> None:
    schema = load_schema(name)
    needed = {column for column, about in schema.columns.items() if about.needed}
    made = Understanding(source(name))
    assert made.rendering is not None and {schema.group_by, schema.order_by} <= needed
    for language in LANGUAGES:
        assert sum(choice.names <= needed for choice in made.rendering.choices[language]) >= 2


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_table_is_known_by_its_columns(name: str) -> None:
    assert recognise_schema(TABLES[name]) == name
    assert recognise_schema([column.upper() for column in TABLES[name]]) == name


@pytest.mark.parametrize(
    "columns", [("id", "text"), ("customer_id", "date", "amount"), ("a", "b"), (), ("label", "text")]
)
def test_a_table_that_could_be_anything_is_not_taken_for_a_schema(columns: tuple[str, ...]) -> None:
    assert recognise_schema(columns) is None


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_name_of_a_column_stands_for_one_column(name: str) -> None:
    schema = load_schema(name)
    names = [n for column, about in schema.columns.items() for n in (column, *about.also, *about.times)]
    assert len({folded(n) for n in names}) == len(names)


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_rows_of_a_schema_have_region_period_group_and_rank(name: str) -> None:
    made = Understanding(source(name, language="ta"))
    written = made.written(TABLES[name])
    assert (written.region, written.period, written.language) == ("IN-TN", "2025-10", "ta")
    assert written.format == f"schema {name}" and written.group and str(written.rank).startswith("2025-10-20T")


def test_golden_texts_of_an_order_in_each_language() -> None:
    golden = yaml.safe_load((Path(__file__).parent / "golden_schemas.yaml").read_text(encoding="utf8"))
    for name in SCHEMAS:
        for language in LANGUAGES:
            made = Understanding(source(name, language=language, rendered=6))
            assert list(made.written(TABLES[name]).texts) == golden[name][language], (name, language)


def test_templates_of_ones_own_go_over_the_columns_of_the_schema() -> None:
    made = Understanding(source("shop.order", render="{{ item }}|{{ amount|rupees }}|{{ order_id }}"))
    assert made.written(TABLES["shop.order"]).texts == ("brass lamp|₹2,499|1",)


def test_own_names_of_columns_can_be_stated() -> None:
    row = {"c17": "5", "k": "a", "when": "2025-10-20"}
    stated = {"amount": "c17", "customer": "k", "at": "when"}
    made = Understanding(source("telco.recharge", columns=stated))
    assert "₹5" in made.written(row).texts[0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"order_amount": "much"}, "amount: not a number"), ({"orderDate": "soon"}, "at: not a date"),
        ({"product_name": " "}, "no item (the schema shop.order needs it)"), ({"qty": "two"}, "quantity: not a number"),
        ({"language": "Klingon"}, "no template is in the row's language"),
    ],
)  # fmt: skip
def test_a_row_that_breaks_the_schema_is_set_aside_with_the_column(change: dict[str, object], reason: str) -> None:
    with pytest.raises(Malformed) as error:
        Understanding(source("shop.order")).written({**TABLES["shop.order"], **change})
    assert str(error.value) == reason


def test_a_row_is_in_the_language_that_it_states_and_a_post_in_that_of_its_text() -> None:
    assert Understanding(source("shop.order")).written({**TABLES["shop.order"], "lang": "Bengali"}).language == "bn"
    post = {**TABLES["social.post"], "content": "ಇಂದು ದೀಪಾವಳಿ ಹಬ್ಬ"}
    assert Understanding(source("social.post")).written(post).language == "kn"
    post["content"] = "आज घर में दीये जलाए गए और मिठाई बाँटी गई"
    assert Understanding(source("social.post")).written(post).language == "hi"


def test_a_place_that_is_no_state_is_left_out_and_the_row_stays() -> None:
    written = Understanding(source("shop.order")).written({**TABLES["shop.order"], "shipping_state": "Kathmandu"})
    assert written.region is None and "Kathmandu" not in written.texts[0]


@pytest.mark.parametrize(
    "day", ["0001-01-01", "9999-12-31", dt.datetime(1, 1, 1, tzinfo=dt.UTC), dt.date(9999, 12, 31)]
)
def test_a_date_at_the_end_of_the_calendar_is_written_or_set_aside(day: object) -> None:
    try:
        written = Understanding(source("shop.order")).written({**TABLES["shop.order"], "orderDate": day})
    except Malformed as reason:
        assert "date" in str(reason)
    else:
        assert written.period in ("0001-01", "9999-12")


def test_an_unknown_schema_is_a_mistake_with_the_nearest_name() -> None:
    with pytest.raises(Mistake, match=r"telco\.recharge"):
        Understanding(source("telco.recharg"))


def test_hostile_cells_pass_through_a_schema_as_data(tmp_path: Path) -> None:
    cells = ["{{ 7 * 7 }}", "{% raw %}", "=cmd|' /C calc'!A0", "a\u202eb", "x" * 5000]
    rows = [
        {"order_id": i, "buyer": i, "order_date": "2025-10-20", "item": c, "amount": 5} for i, c in enumerate(cells)
    ]
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
    made = source("shop.order", kind="jsonl", path=str(tmp_path / "t.jsonl"))
    found = list(drafts(made, [LocalFile(tmp_path / "t.jsonl")], tmp_path, lambda _: None))
    texts = [f.text for f in found if isinstance(f, Draft)]
    assert not [f for f in found if isinstance(f, Refused)] and len(texts) == 5
    assert any("{{ 7 * 7 }}" in t for t in texts) and any("{% raw %}" in t for t in texts)


def test_the_rendering_of_a_schema_takes_only_templates_that_fit() -> None:
    made = Understanding(source("shop.order", rendered=6))
    assert isinstance(made.rendering, Rendering)
    few = {name: TABLES["shop.order"][name] for name in ("customerId", "orderDate", "product_name", "order_amount")}
    assert all("quantity" not in text and "Madurai" not in text for text in made.written(few).texts)
