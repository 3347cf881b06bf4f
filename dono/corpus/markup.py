"""HTML to plain text: what a reader sees, line by line."""

from __future__ import annotations

import regex
from selectolax.lexbor import LexborHTMLParser, LexborNode

UNSEEN = frozenset({"script", "style", "head", "template", "noscript", "svg", "iframe", "object", "select", "button"})
"""Elements whose text is no part of what a page says."""

BLOCKS = frozenset(
    """
    address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure footer
    form h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu nav ol p pre section summary table tbody tfoot thead tr
    ul
    """.split()  # noqa: SIM905
)
"""Elements that begin and end a line (HTML Living Standard, section 15.3, rules of rendering)."""

CELLS = frozenset({"td", "th"})
HIDDEN, SHOWN = str.maketrans(" \t", "\x00\x01"), str.maketrans("\x00\x01", " \t")
"""White space of `<pre>` while other white space is tidied; no page holds either character (HTML
reads the one as U+FFFD, and the other is a control that `normalise` drops)."""

SPACE = regex.compile(r"[ \t\r\n\f]+")
AROUND_TAB = regex.compile(r" ?\t ?")
PAGE = regex.compile(r"\s*(?:<!--.*?-->\s*|<\?xml[^>]*>\s*)*(?:<!doctype\s+html\b|<html[\s>])", regex.I | regex.S)
WHOLE_BLOCK = regex.compile(rf"\s*<({'|'.join(sorted(BLOCKS))})(?:\s[^<>]*)?>.*</\1\s*>\s*", regex.I | regex.S)


def is_html(text: str) -> bool:
    """Whether a text is certainly markup: a whole page, or one that begins with a block element and ends with its end.

    Text *about* HTML, or with a stray `<br>` in it, is not: only the person knows what is meant there.
    """
    return "<" in text and bool(PAGE.match(text) or WHOLE_BLOCK.fullmatch(text))


def remove_markup(html: str) -> str:
    """The text of an HTML page or fragment: a line for each block element and `<br>`, tabs between cells of a table.

    Scripts, styles and the like go, references (`&amp;`, `&#2309;`) become characters, white space runs become one
    space as browsers show them, except in `<pre>`. Broken markup is read as browsers read it.
    """
    root = LexborHTMLParser(html).body
    if root is None:
        return ""
    parts: list[str] = []
    left: list[LexborNode | str] = [root]
    kept_spaces = 0
    while left:  # depth first with our own stack: pages may nest deeper than Python may call
        node = left.pop()
        if isinstance(node, str):
            kept_spaces -= node == "</pre>"
            parts.append("\n" if node == "</pre>" else node)
        elif node.tag == "-text":
            text = node.text_content or ""
            parts.append(text.translate(HIDDEN) if kept_spaces else SPACE.sub(" ", text))
        elif node.tag not in UNSEEN:
            kept_spaces += node.tag == "pre"
            parts.append("\n" if node.tag in BLOCKS or node.tag == "br" else "")
            left.append("</pre>" if node.tag == "pre" else _after(node.tag))
            left += reversed(list(node.iter(include_text=True)))
    return _lines("".join(parts)).translate(SHOWN)


def _after(tag: str | None) -> str:
    return "\n" if tag in BLOCKS else "\t" if tag in CELLS else ""


def _lines(text: str) -> str:
    """The lines that hold something, without spaces at their ends and beside tabs."""
    lines = (AROUND_TAB.sub("\t", line).strip(" \t") for line in text.split("\n"))
    return "\n".join(line for line in lines if line)
