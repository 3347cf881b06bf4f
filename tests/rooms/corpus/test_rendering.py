from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dono.corpus.rendering import Rendering, language_code, row_key
from dono.corpus.rows import Malformed
from dono.corpus.sandbox import LONGEST, Runaway
from dono.errors import Mistake
from dono.project import Source

ROW = {"who": "c1", "at": "14/03/2025 15:05", "paid": "1234567.5", "state": "TN", "item": "lamp", "phone": "9812345678"}


def rendering(render: Any, **settings: Any) -> Rendering:  # noqa: ANN401
    return Rendering(Source(name="t", path="t", render=render, **settings))


def text(template: str, row: dict[str, object] | None = None, language: str = "en", **settings: Any) -> str:  # noqa: ANN401
    return rendering(template, **settings).texts(ROW if row is None else row, language, "")[0]


@pytest.mark.parametrize(
    ("template", "language", "expected"),
    [
        ("{{ paid|rupees }}", "en", "₹12,34,567.50"),
        ("{{ paid|rupees(words=True) }}", "hi", "₹12.345675 लाख"),
        ("{{ paid|rupees(native=True) }}", "bn", "₹১২,৩৪,৫৬৭.৫০"),
        ("{{ paid|rupees(native=True) }}", "ta", "₹௧௨,௩௪,௫௬௭.௫௦"),
        ("{{ paid|amount('USD') }}", "en", "$12,34,567.50"),
        ("{{ paid|number }}", "en", "12,34,567.5"),
        ("{{ at|day }}", "ta", "14 மார்ச் 2025"),
        ("{{ at|date('full') }}", "en", "Friday, 14 March 2025"),
        ("{{ at|date('short') }} {{ at|date('iso') }}", "hi", "14/03/2025 2025-03-14"),
        ("{{ at|date(language='bn', native=True) }}", "en", "১৪ মার্চ ২০২৫"),
        ("{{ at|month }}", "mr", "मार्च 2025"),
        ("{{ at|weekday }} {{ weekday(at) }}", "te", "శుక్రవారం శుక్రవారం"),
        ("{{ festival(at, state) }}", "ta", "ஹோலி"),
        ("{{ holiday('2025-10-20', state) }}", "ml", "ദീപാവലി"),
        ("{{ season(at, state) }}", "gu", "ઉનાળો"),
        ("{{ state|state }}", "te", "తమిళనాడు"),
        ("{{ phone|phone }}", "en", "XXXXXXXX78"),
        ("{{ 'customer'|role }} {{ 'shop'|role }} {{ 'Ravi'|role }}", "hi", "ग्राहक दुकानदार Ravi"),
        ("{{ 300|data_size }} {{ 1536|data_size }}", "en", "300 MB 1.5 GB"),
        ("{% for w in item %}{{ loop.index }}{{ w }}{% if not loop.last %},{% endif %}{% endfor %}", "en",
        "1l,2a,3m,4p"),
        ("{{ item.upper() }} {{ item|replace('l', 'd') }} {{ [item, who]|join('+') }} {{ 'a' ~ 1 }}", "en",
        "LAMP damp lamp+c1 a1"),
        ("{% set kind = {'lamp': 'light'} %}{{ kind.get(item, '?') }}{{ 7 * 6 }}", "en", "light42"),
        ("{{ missing|default('none') }}", "en", "none"),
        ("{{ 2.34567|round(2) }} {{ 1.5|round(999999999) }}", "en", "2.35 1.5"),
        ("{{ {'a': [item]}|tojson }}", "en", '{"a": ["lamp"]}'),
    ],
)  # fmt: skip
def test_cells_are_said_in_the_local_form_of_the_language(template: str, language: str, expected: str) -> None:
    assert text(template, language=language) == expected


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ item|rupees }}", "not a number"), ("{{ item|day }}", "not a date"), ("{{ gone }}", "'gone' is undefined"),
        ("{{ paid|amount('ZZZ') }}", "unknown currency"), ("{{ at|date('runes') }}", "unknown style"),
        ("{{ festival(at, item) }}", "unknown state"), ("{{ paid / 0 }}", r"does not fit \(TypeError\)"),
        ("{{ 1 / 0 }}", r"does not fit \(ZeroDivisionError\)"), ("{{ item.at(3) }}", "no attribute 'at'"),
    ],
)  # fmt: skip
def test_a_row_that_does_not_fit_costs_that_row(template: str, reason: str) -> None:
    made = rendering(template)
    with pytest.raises(Malformed, match=reason):
        made.texts(ROW, "en", "")


HOSTILE_DATA = [
    "{{ 7 * 7 }}", "{% for x in range(10**9) %}x{% endfor %}", "{{ ''.__class__ }}", "{#", "{%", "}}", "%s %d", "{0}",
    "{{ paid|rupees }}", "${7*7}", "\\u007b\\u007b 7 }}", "<b>&amp;</b>",
]  # fmt: skip


@pytest.mark.parametrize("cell", HOSTILE_DATA)
def test_template_syntax_inside_data_is_data(cell: str) -> None:
    assert text("{{ item }}", {"item": cell}) == cell
    assert text("{{ item|trim }}/{{ item ~ '' }}/{{ [item]|join }}", {"item": cell}) == "/".join(
        [cell.strip(), cell, cell]
    )


@given(st.text(max_size=50))
def test_any_text_comes_through_a_template_as_it_is(cell: str) -> None:
    assert text("<{{ item }}>", {"item": cell}) == f"<{cell}>"


RUNAWAYS = [
    "{% for a in range(1000) %}{% for b in range(1000) %}{% endfor %}{% endfor %}",
    "{% for a in range(1000) %}{% for b in range(1000) %}{{ 'x' * 1000 }}{% endfor %}{% endfor %}",
    "{{ range(1000000)|list }}",
    "{% set n = 10 %}" + "{% set n = n * n %}" * 40 + "{{ n }}",
    "{{ 'x' * 1000000000 }}",
    "{{ ('x' * 1000000)|replace('x', 'x' * 1000) }}",
    "{% set a = 'x' * 1000 %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
    "{% set a = 'x' * 1000 %}" + "{% set a = a + a %}" * 40 + "{{ a }}",
    "{% set a = 'x' * 1000 %}" + "{% set a = [a, a]|join %}" * 40 + "{{ a }}",
    "{% set a = ['x'] %}" + "{% set a = [a, a] %}" * 40 + "{{ a }}",
    "{% set a = ('x',) %}" + "{% set a = (a, a) %}" * 40 + "{{ a|tojson }}",
    "{% set a = {'x': 1} %}" + "{% set a = {'y': a, 'z': a} %}" * 40 + "{{ a }}",
    "{% set a = 'x' * 1000000 %}{% for i in range(1000) %}{{ a }}{% endfor %}",
    "{% set a = 'x' * 1000000 %}{% for i in range(1000) %}{% for j in range(100) %}{% set b = a.upper() %}"
    "{% endfor %}{% endfor %}",
    "{% set a = range(1000)|list %}{% for i in a %}{% for j in a|map('string')|list %}{% endfor %}{% endfor %}",
]  # fmt: skip


@pytest.mark.parametrize("template", RUNAWAYS)
def test_a_runaway_template_is_stopped(template: str) -> None:
    made = rendering(template)
    with pytest.raises(Runaway):
        made.texts(ROW, "en", "")


@pytest.mark.parametrize(
    "template",
    [
        "{{ item.__class__.__mro__ }}", "{{ item.format(1) }}", "{{ '{0.__class__}'.format(item) }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ '%999999999d' % 1 }}", "{{ item.center(1000000000) }}", "{{ item.zfill(1000000000) }}",
        "{{ at.strftime('%Y') }}",
        "{{ (1).to_bytes(1000000000, 'big') }}",
        "{{ range.__self__ }}", "{{ festival.__globals__ }}", "{{ festival.__self__.calendar }}",
        "{{ item['__class__'] }}",
        "{{ self }}{{ self._TemplateReference__context }}",
    ],
)  # fmt: skip
def test_a_template_that_reaches_out_is_a_mistake(template: str) -> None:
    with pytest.raises(Mistake, match="render"):
        rendering(template).texts({**ROW, "at": dt.datetime(2025, 3, 14)}, "en", "")


@pytest.mark.parametrize(
    "template",
    [
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "{% include 'x' %}", "{% import 'x' as y %}",
        "{% block a %}{% endblock %}",
        "{% set a %}x{% endset %}", "{% for x in item recursive %}{{ loop(x) }}{% endfor %}",
        "{{ item|center(9) }}", "{{ lipsum( }}",
        "{% filter upper %}x{% endfilter %}", "{% extends 'x' %}", "{{ item|attr('x') }}",
        "{{ [1]|pprint }}",
        "{{ item|format(1) }}", "{{ 2 ** 3 }}",
    ],
)  # fmt: skip
def test_what_a_template_may_not_use_is_said_before_the_first_row(template: str) -> None:
    with pytest.raises(Mistake, match=r"corpus\[t\].render"):
        rendering(template)


def test_jinjas_own_globals_that_hold_state_are_not_there() -> None:
    for name in ("lipsum", "namespace", "cycler", "joiner", "dict"):
        with pytest.raises(Malformed, match="undefined"):
            rendering("{{ " + name + "() }}").texts(ROW, "en", "")


def test_a_cell_as_long_as_a_table_may_have_it_passes() -> None:
    assert len(text("{{ item }}", {"item": "x" * LONGEST})) == LONGEST


def test_one_row_is_stopped_and_the_next_one_is_written() -> None:
    made = rendering("{% for i in n %}{{ item }}{% endfor %}")
    with pytest.raises(Runaway):
        made.texts({"n": [0] * 200_000, "item": "x"}, "en", "")
    assert made.texts({"n": [0, 1], "item": "x"}, "en", "") == ["xx"]


THREE = ("1 {{ n }}", "2 {{ n }}", "3 {{ n }}")


def test_of_several_templates_each_row_draws_its_own_in_any_order_and_process() -> None:
    rows: list[dict[str, object]] = [{"n": n, "who": f"c{n % 7}"} for n in range(600)]
    first = {row_key(r): rendering(THREE).texts(r, None, row_key(r)) for r in rows[:100]}
    made, shuffled = rendering(THREE), list(rows)
    random.Random(1).shuffle(shuffled)
    again = {row_key(r): made.texts({"who": r["who"], "n": r["n"]}, None, row_key(r)) for r in shuffled}
    assert {key: again[key] for key in first} == first
    drawn = Counter(texts[0][0] for texts in again.values())
    assert set(drawn) == {"1", "2", "3"} and min(drawn.values()) > 150
    # The order in which they stand does not matter; a template taken away moves only the rows that had drawn it.
    two = rendering(THREE[1:][::-1])
    assert all(two.texts(r, None, row_key(r)) == again[row_key(r)] for r in rows if again[row_key(r)][0][0] != "1")
    assert rendering(THREE, rendered=3).texts(rows[0], None, "x") != rendering(THREE, rendered=3).texts(
        rows[0], None, "y"
    )


def test_the_choice_is_fixed_for_ever() -> None:
    drawn = "".join(rendering(THREE).texts({"n": n}, None, str(n))[0][0] for n in range(12))
    assert drawn == "213133132213"


def test_a_row_can_be_written_in_several_ways_each_by_another_template() -> None:
    texts = rendering(THREE, rendered=5).texts({"n": 1}, None, "row")
    assert sorted(texts[:3]) == ["1 1", "2 1", "3 1"] and texts[3:] == texts[:2]


def test_templates_by_language_follow_the_stated_one() -> None:
    made = rendering({"hi": "{{ at|day }} को", "Tamil": ["{{ at|day }} அன்று", "{{ at|day }}:"]})
    assert (
        made.language("hi") == made.language("Hindi") == made.language("hi-IN") == "hi" and made.language("tam") == "ta"
    )
    assert made.texts(ROW, "hi", "") == ["14 मार्च 2025 को"]
    with pytest.raises(Malformed, match="no template is in the row's language"):
        made.language("bn")
    with pytest.raises(Malformed, match="several languages"):
        made.language(None)
    assert rendering({"ta": "x"}).language(None) == "ta" and rendering("x").language("bn") == "bn"


@pytest.mark.parametrize(
    ("stated", "code"),
    [("Hindi", "hi"), ("hi_IN", "hi"), ("hinglish", "hi-Latn"), ("hi-Latn", "hi-Latn"), ("BEN", "bn"), ("xx", "xx")],
)
def test_languages_are_known_by_name_and_code(stated: str, code: str) -> None:
    assert language_code(stated) == code


@pytest.mark.parametrize(
    ("render", "where"), [(("a", "{{ b"), r"render\[1\]"), ({"hi": "{{ b"}, "render.hi"), ((), "render")]
)
def test_a_broken_template_is_named(render: object, where: str) -> None:
    with pytest.raises(Mistake, match=where):
        rendering(render)


def test_values_that_a_schema_has_read_are_written_too() -> None:
    row: dict[str, object] = {"at": dt.datetime(2025, 3, 14), "paid": Decimal("10.50"), "n": 3}
    assert text("{{ at|day }} {{ paid|rupees }} {{ paid * n }} {{ at.year }}", row) == "14 March 2025 ₹10.50 31.50 2025"
