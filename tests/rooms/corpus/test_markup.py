from __future__ import annotations

import html as standard_library
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dono.corpus import is_html, remove_markup

PAGE = """<!DOCTYPE html><html><head><title>T</title><style>p{}</style></head><body>
<h1>ऑर्डर  की
स्थिति</h1><p>नमस्ते <b>आपका</b> ऑर्डर&nbsp;कल<br/>पहुँचेगा &amp; धन्यवाद</p><script>var a = "<p>no</p>";</script>
<ul><li>एक<li>दो</ul><table><tr><td>வகை</td><td>விலை</td></tr></table><pre>  x = 1
    y = 2</pre><!-- no --></body></html>"""
SHOWN = "ऑर्डर की स्थिति\nनमस्ते आपका ऑर्डर\xa0कल\nपहुँचेगा & धन्यवाद\nएक\nदो\nவகை\tவிலை\n  x = 1\n    y = 2"


def test_a_page_becomes_the_lines_that_a_reader_sees() -> None:
    assert remove_markup(PAGE) == SHOWN


def test_joiners_and_references_survive() -> None:
    assert remove_markup("<p>क्&zwj;ष &#2309; &lt;b&gt; र&#x094D;</p>") == "क्\u200dष अ <b> र्"


@pytest.mark.parametrize(
    "text",
    [PAGE, "<html lang=hi><p>x", "<?xml version='1.0'?>\n<!-- c --><html>", " <div class='a'>नमस्ते <b>x</b></div>\n"],
)
def test_certain_html_is_known(text: str) -> None:
    assert is_html(text)


@pytest.mark.parametrize(
    "text",
    ["", "a < b and b > c", "use <br> for a new line", "<3 you", "the <p> tag", "<b>bold</b>", "if (a<b) {}",
     "<unknown>x</unknown>", "<div>is opened", "List<String> names", "# Title\n<p>inside markdown</p>"],
)  # fmt: skip
def test_text_about_markup_or_with_a_stray_tag_is_not_html(text: str) -> None:
    assert not is_html(text)


def test_broken_and_deep_markup_is_read_as_browsers_read_it() -> None:
    assert remove_markup("<p>one<p>two</b></div>three") == "one\ntwothree"
    assert remove_markup("<div>" * 5000 + "deep") == "deep"
    assert remove_markup("") == remove_markup("<!-- -->") == remove_markup("<script>x</script>") == ""


class _Text(HTMLParser):
    """Another parser's text."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = ""

    def handle_data(self, data: str) -> None:
        self.seen += data


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["<p>", "</p>", "<b>", "</b>", "<br>", "<div>", "</div>", "<i>", "</i>", "<li>"]),
            st.text(alphabet="नमस्तेகா \nab&<>‌‍", max_size=6).map(standard_library.escape),
        ),
        max_size=12,
    ).map("".join)
)
def test_no_character_of_the_text_is_lost_or_made_up(html: str) -> None:
    other = _Text()
    other.feed(html)
    other.close()
    assert "".join(remove_markup(html).split()) == "".join(other.seen.split())


@given(st.text())
def test_any_text_is_read_without_failing(text: str) -> None:
    remove_markup(text)
    is_html(text)
