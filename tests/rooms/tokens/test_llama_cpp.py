"""Whether llama.cpp would cut texts as we do: said with a text on which it would not, never exported wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import Tokenizer, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from dono.errors import Mistake
from dono.project import TokenizerKind
from dono.tokens import CL100K_PATTERN, llama_name, load_tokenizer, train_tokenizer, write_gguf
from dono.tokens.kinds import plain
from dono.tokens.llama_cpp import PROBES, llama_pieces
from tests.scripts import SENTENCES

TEXTS = list(SENTENCES.values()) * 3


def wrapped(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|eos|>", clean_up_tokenization_spaces=False)


def test_our_reading_of_gpt_2s_pattern_is_that_of_the_library() -> None:
    theirs = pre_tokenizers.ByteLevel(add_prefix_space=False)
    for probe in PROBES:
        offsets = [span for _, span in theirs.pre_tokenize_str(probe)]
        assert llama_pieces("gpt-2", probe) == [probe[a:b] for a, b in offsets]


def test_patterns_are_applied_one_after_the_other_and_gaps_are_pieces_too() -> None:
    assert llama_pieces("starcoder", "ab 123 c") == ["ab", " ", "1", "2", "3", " c"]
    assert llama_pieces("superbpe", "in 12345 words") == ["in ", "12", "345", " words"]


def test_a_portable_tokenizer_is_known_by_name(tmp_path: Path) -> None:
    assert llama_name(load_tokenizer(train_tokenizer(iter(TEXTS), 700, tmp_path, kind="portable"))) == "qwen35"


def test_a_cl100k_style_tokenizer_is_known_as_llamas() -> None:
    assert llama_name(wrapped(plain(TEXTS, 600, CL100K_PATTERN))) == "llama-bpe"


@pytest.mark.parametrize("kind", ["words", "graphemes", "superwords"])
def test_ours_are_refused_with_a_text_on_which_llama_cpp_differs(kind: TokenizerKind, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(train_tokenizer(iter(TEXTS), 700, tmp_path, kind=kind))
    with pytest.raises(Mistake, match=r"llama.cpp has no pre-tokenizer .* cuts “(?s:.*)” into …") as told:
        llama_name(tokenizer)
    assert "portable" in told.value.remedy and any(probe in str(told.value) for probe in PROBES)
    with pytest.raises(Mistake):
        write_gguf(tokenizer, tmp_path / "vocabulary.gguf")
    assert not (tmp_path / "vocabulary.gguf").exists()


def test_a_unigram_is_refused(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(train_tokenizer(iter(TEXTS), 600, tmp_path, kind="unigram"))
    with pytest.raises(Mistake, match="model Unigram"):
        llama_name(tokenizer)


def test_the_file_holds_every_token_merge_and_special_id(tmp_path: Path) -> None:
    gguf = pytest.importorskip("gguf", reason="the package gguf is not installed (extra `export`)")
    tokenizer = load_tokenizer(train_tokenizer(iter(TEXTS), 700, tmp_path, kind="portable"))
    assert write_gguf(tokenizer, tmp_path / "vocabulary.gguf") == "qwen35"
    fields = gguf.GGUFReader(tmp_path / "vocabulary.gguf").fields
    assert fields["tokenizer.ggml.pre"].contents() == "qwen35"
    assert fields["tokenizer.ggml.model"].contents() == "gpt2"
    tokens = fields["tokenizer.ggml.tokens"].contents()
    assert {token: id_ for id_, token in enumerate(tokens)} == tokenizer.get_vocab()
    assert fields["tokenizer.ggml.eos_token_id"].contents() == tokenizer.eos_token_id
    kinds = fields["tokenizer.ggml.token_type"].contents()
    assert [i for i, kind in enumerate(kinds) if kind == gguf.TokenType.CONTROL] == [0, 1, 2]
    assert all(len(merge.split(" ")) == 2 for merge in fields["tokenizer.ggml.merges"].contents())
