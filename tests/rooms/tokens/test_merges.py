"""Merges in stages: characters, clusters and words are whole before anything is joined to them."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise

import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from dono.tokens.bytewise import BYTES, written
from dono.tokens.kinds import assembled, graphemes, superwords, symbols
from dono.tokens.merges import FIRST_SYMBOL, character_merges, cluster_merges, counted_units, learned_merges
from dono.tokens.patterns import OUR_PATTERN, PHRASE_PATTERN
from tests.scripts import SENTENCES

TEXTS = list(SENTENCES.values()) * 3
WITHIN = graphemes([*TEXTS, "abc कि, क्b-c ''’’  ((("] * 2, 1500)
WHOLE = assembled([(a, b) for a, b in json.loads(WITHIN.to_str())["model"]["merges"]], PHRASE_PATTERN)
"""The same merges, applied to whole phrases."""


def spelled(token: str) -> bytes:
    return bytes(BYTES[c] for c in token)


def test_a_character_is_built_from_its_first_byte_on() -> None:
    merges = character_merges({"क": 5, "é": 3, "a": 9, "☃": 1}, least=2)
    assert merges == [
        (written(b"\xe0"), written(b"\xa4")),
        (written(b"\xe0\xa4"), written(b"\x95")),
        (written(b"\xc3"), written(b"\xa9")),
    ]


def naive(clusters: dict[str, int], least: int, most: int) -> list[tuple[str, str]]:
    """Byte-pair encoding as it is written on a blackboard: count all pairs anew for every merge."""
    words = {c: list(c) for c, n in clusters.items() if n >= least and len(c) > 1}
    merges: list[tuple[str, str]] = []
    while len(merges) < most:
        pairs = Counter[tuple[str, str]]()
        for cluster, parts in words.items():
            for pair in pairwise(parts):
                pairs[pair] += clusters[cluster]
        if not pairs:
            break
        best = min(pairs, key=lambda p: (-pairs[p], p))
        merges.append((written(best[0].encode()), written(best[1].encode())))
        for cluster, parts in words.items():
            at, joined = 0, []
            while at < len(parts):
                both = tuple(parts[at : at + 2]) == best
                joined.append("".join(parts[at : at + 2]) if both else parts[at])
                at += 2 if both else 1
            words[cluster] = joined
    return merges


@settings(max_examples=200, deadline=None)
@given(
    clusters=st.dictionaries(st.text(alphabet="कष्िराab", min_size=1, max_size=7), st.integers(1, 9), max_size=12),
    most=st.integers(0, 30),
)
def test_cluster_merges_are_those_of_byte_pair_encoding_on_the_blackboard(clusters: dict[str, int], most: int) -> None:
    assert cluster_merges(clusters, 2, most) == naive(clusters, 2, most)


def test_merges_on_symbols_are_spelled_out_and_never_cross_a_break() -> None:
    names = ["ab", "c", "d"]
    units = ["".join(chr(FIRST_SYMBOL + i) for i in ids) for ids in ([0, 1], [0, 1, 2], [0, 1, 2], [2])]
    assert learned_merges(units, names, 10) == [("ab", "c"), ("abc", "d")]
    assert learned_merges(units, names, 10, longest=2) == [("ab", "c")]
    assert learned_merges(["".join(units[:1]) + "\n" + units[3]] * 5, names, 10) == [("ab", "c")]


def test_a_word_is_shown_as_often_as_it_was_seen_and_parted_at_what_has_no_symbol() -> None:
    units = "".join(counted_units({"abxa": 3}, {"a": "A", "b": "B"}))
    assert units == "AB\nA\n" * 3
    assert "".join(counted_units({"a": 70_000}, {"a": "A"})) == "A\n" * 70_000


def test_ids_become_symbols_with_a_break_where_a_piece_ends() -> None:
    assert symbols([0, 1, 2], [0, 0, 1]) == f"{chr(FIRST_SYMBOL)}{chr(FIRST_SYMBOL + 1)}\n{chr(FIRST_SYMBOL + 2)}"
    assert symbols([], []) == ""


def test_no_token_of_letters_begins_or_ends_inside_a_cluster_that_was_seen_often() -> None:
    tokenizer = graphemes(TEXTS, 3000)
    for text in SENTENCES.values():
        ends = {0}
        for cluster in regex.findall(r"\X", text):
            ends.add(max(ends) + len(cluster.encode()))
        at = 0
        for token in tokenizer.encode(text).tokens:
            assert at in ends
            at += len(spelled(token))
            assert at in ends


def test_superwords_cross_spaces_but_no_sentence_end_digit_or_line_break() -> None:
    texts = ["आपका पार्सल, कल शाम तक। पहुँच जाएगा\nआपका पार्सल 12 कल शाम तक। पहुँच जाएगा"] * 4
    tokenizer = superwords(texts, 2000, 0.3)
    tokens = tokenizer.encode(texts[0]).tokens
    read = [spelled(token).decode() for token in tokens]
    assert "".join(read) == texts[0]
    assert any(" " in piece.strip() for piece in read)
    assert all(regex.fullmatch(r"[^\n\p{N}।]*[।]?|\n|\p{N}{1,3}", piece) for piece in read), read


def test_up_to_its_stage_a_superword_tokenizer_is_the_grapheme_safe_one() -> None:
    size, stage = 2000, 0.5
    whole = superwords(TEXTS, size, stage)
    within = graphemes(TEXTS, 259 + round(stage * (size - 259)))
    shared = within.get_vocab()
    assert {t: i for t, i in whole.get_vocab().items() if i < len(shared)} == shared
    for word in {w for text in SENTENCES.values() for w in regex.findall(OUR_PATTERN, text)}:
        assert len(whole.encode(word).ids) <= len(within.encode(word).ids)


def test_a_merge_that_makes_a_known_token_again_adds_no_id() -> None:
    tokenizer = assembled([("a", "b"), ("ab", "c"), ("b", "c"), ("a", "bc")], OUR_PATTERN)
    assert tokenizer.get_vocab_size() == 3 + 256 + 3
    assert tokenizer.encode("abc").tokens == ["abc"]


@settings(max_examples=200, deadline=None)
@given(text=st.text(alphabet=st.sampled_from("कि्abc ,'’-1१2.।!\n\u200d❤️  é("), max_size=40))
def test_words_are_cut_alike_alone_and_within_their_phrase(text: str) -> None:
    phrases = regex.findall(PHRASE_PATTERN, text)
    assert "".join(phrases) == text
    for phrase in phrases:
        words = regex.findall(OUR_PATTERN, phrase)
        alone = [token for word in words for token in WITHIN.encode(word).tokens]
        assert WHOLE.encode(phrase).tokens == alone
