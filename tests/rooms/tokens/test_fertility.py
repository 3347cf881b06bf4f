"""What a tokenizer makes of a text, counted by hand."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from dono.costs import Range, Shape
from dono.costs.machines import Machine, machine_named
from dono.tokens import compare_tokenizers, fertility, worst_ratio
from dono.tokens.compare import parity
from dono.tokens.kinds import assembled
from dono.tokens.patterns import OUR_PATTERN


def wrapped(tokenizer: Tokenizer) -> PreTrainedTokenizerBase:
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|eos|>", clean_up_tokenization_spaces=False)


@pytest.fixture(scope="module")
def bytes_only() -> PreTrainedTokenizerBase:
    return wrapped(assembled([], OUR_PATTERN))


@pytest.fixture(scope="module")
def joined() -> PreTrainedTokenizerBase:
    """Knows " ab" and "ab"."""
    return wrapped(assembled([("a", "b"), ("Ġ", "ab")], OUR_PATTERN))


def test_counts_of_a_text_that_one_can_count_by_hand(joined: PreTrainedTokenizerBase) -> None:
    found = fertility(joined, ["ab ab ac!", ""])
    assert (found.tokens, found.words, found.bytes) == (6, 3, 9)  # "ab", " ab", " ", "a", "c", "!"
    assert (found.single, found.lettered) == (2, 3)
    assert found.tokens_per_word == 2 and found.bytes_per_token == 1.5
    assert found.single_words == pytest.approx(2 / 3) and found.violations == 0


def test_bytes_of_a_letter_that_stand_alone_are_violations(bytes_only: PreTrainedTokenizerBase) -> None:
    found = fertility(bytes_only, ["aकि"])
    assert (found.tokens, found.broken) == (7, 6)
    assert found.violations == pytest.approx(6 / 7)


def test_a_tokenizer_in_sentencepieces_manner_is_counted_too() -> None:
    tokenizer = Tokenizer(models.Unigram([("<unk>", -9.0), ("▁ab", -1.0), ("▁", -2.0), ("a", -3.0), ("c", -3.0)], 0))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    found = fertility(wrapped(tokenizer), ["ab ac"])
    assert (found.tokens, found.words, found.broken, found.violations) == (4, 2, 0, 0.0)
    assert (found.single, found.lettered) == (1, 2)


def test_tokenizers_are_compared_in_each_language_that_has_words(
    bytes_only: PreTrainedTokenizerBase, joined: PreTrainedTokenizerBase
) -> None:
    both = {"bytes": bytes_only, "joined": joined}
    rows = compare_tokenizers(both, {"en": ["ab ab"], "xx": ["ab c"], "none": [""]}, parallel={"xx": [("ab", "ab c")]})
    assert [(row.tokenizer, row.language) for row in rows] == [
        ("bytes", "en"), ("bytes", "xx"), ("joined", "en"), ("joined", "xx"),
    ]  # fmt: skip
    assert [row.parity for row in rows] == [None, 2.0, None, 3.0]
    assert worst_ratio(rows, "bytes", "joined") == ("en", 2.5)
    assert rows[0].words_in(100) == 40 and rows[2].words_in(100) == 100
    assert parity(joined, []) is None


def test_a_million_words_cost_in_proportion_to_their_tokens(
    bytes_only: PreTrainedTokenizerBase, joined: PreTrainedTokenizerBase
) -> None:
    machine: Machine = machine_named("H100-80GB")
    shape = Shape(parameters=200_000, layers=2, width=64)
    dear, cheap = compare_tokenizers({"bytes": bytes_only, "joined": joined}, {"en": ["ab ab ab ab"]})
    prices: list[Range] = [row.price(shape, machine) for row in (dear, cheap)]
    assert prices[0].lo < prices[0].mid < prices[0].hi
    tokens = dear.counts.tokens / cheap.counts.tokens
    assert tokens <= prices[0].mid / prices[1].mid < 2 * tokens  # a little more: attention grows with length
