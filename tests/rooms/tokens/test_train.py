"""The tokenizer: lossless, deterministic, read by others to the same ids, and kind to vowel signs."""

from __future__ import annotations

import shutil
import unicodedata
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer, LlamaConfig, PreTrainedTokenizerBase

from dono.errors import Mistake
from dono.tokens import BOS, EOS, PAD, encode_plain, load_tokenizer, new_tokenizer, train_tokenizer

WORDS = {
    "Devanagari": "प्रौद्योगिकी",
    "Bengali": "প্রযুক্তির",
    "Gurmukhi": "ਪੰਜਾਬੀ",
    "Gujarati": "ગુજરાતીમાં",
    "Odia": "ପ୍ରଯୁକ୍ତି",
    "Tamil": "தமிழ்நாட்டில்",
    "Telugu": "తెలుగులో",
    "Kannada": "ಕನ್ನಡದಲ್ಲಿ",
    "Malayalam": "സാങ്കേതികവിദ്യ",
    "Sinhala": "තාක්ෂණය",
    "Arabic with vowel marks": "مُحَمَّد",
    "ZWJ": "क्‍ष",
    "ZWNJ": "नमस्‌ते",
}

GOLDEN: dict[str, list[int]] = {
    "हिन्दी": [661, 449, 443],
    "है": [301, 262, 233],
    "বাংলা": [673, 494],
    "தமிழ்நாட்டில்": [608, 663, 363, 358, 601, 282],
    "తెలుగులో": [611, 352, 498, 490, 236],
    "ਪੰਜਾਬੀ": [625, 683, 464],
    " ترقی": [548, 524, 285],
    "mera recharge 12345": [678, 350, 401, 677, 223, 395, 21, 397],
}


def pieces(text: str) -> list[str]:
    """What the pre-tokenizer cuts `text` into."""
    pre = new_tokenizer().pre_tokenizer
    assert pre is not None
    return [text[start:end] for _, (start, end) in pre.pre_tokenize_str(text)]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(max_size=80))
def test_any_text_comes_back_byte_for_byte(tokenizer: PreTrainedTokenizerBase, text: str) -> None:
    (ids,) = encode_plain(tokenizer, [text])
    assert tokenizer.decode(ids) == text


@pytest.mark.parametrize("script", WORDS)
def test_a_word_is_one_piece_with_its_marks_and_joiners(script: str) -> None:
    assert pieces(f"a {WORDS[script]} b") == ["a", f" {WORDS[script]}", " b"]


@settings(max_examples=150, deadline=None)
@given(text=st.text(alphabet=st.sampled_from("कखिी्ंa 1.‍‌தி்ব্র\n"), max_size=30))
def test_no_mark_is_parted_from_the_letter_before_it(text: str) -> None:
    cut = pieces(text)
    assert "".join(cut) == text
    for before, after in pairwise(cut):
        if unicodedata.category(after[0]).startswith("M"):
            assert not unicodedata.category(before[-1]).startswith(("L", "M")) and before[-1] not in "\u200c\u200d"


def test_digits_go_in_threes_and_blanks_go_with_the_next_word() -> None:
    assert pieces("₹12345 is  ok!\n\nYes") == ["₹", "123", "45", " is", " ", " ok", "!", "\n\n", "Yes"]
    assert pieces("👩‍👩‍👧 ❤️") == ["👩‍👩‍👧", " ❤️"]


def test_our_special_tokens_are_distinct_and_nothing_is_added_by_encoding(tokenizer: PreTrainedTokenizerBase) -> None:
    assert [tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token] == [BOS, EOS, PAD]
    assert [tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id] == [0, 1, 2]
    assert tokenizer("नमस्ते")["input_ids"] == tokenizer("नमस्ते", add_special_tokens=False)["input_ids"]


def test_the_name_of_a_special_token_in_a_text_is_only_characters(tokenizer: PreTrainedTokenizerBase) -> None:
    (ids,) = encode_plain(tokenizer, ["end <|eos|> here"])
    assert tokenizer.eos_token_id not in ids and tokenizer.decode(ids) == "end <|eos|> here"
    assert tokenizer.eos_token_id in tokenizer("end <|eos|> here")["input_ids"]


@given(st.lists(st.text() | st.sampled_from([f"a{EOS}b", PAD, *WORDS.values()]), max_size=4))
def test_plain_ids_are_those_of_the_tokenizer_s_own_call_whatever_was_asked_of_it_before(
    tokenizer: PreTrainedTokenizerBase, texts: list[str]
) -> None:
    asked = {"truncation": True, "max_length": 2, "padding": "max_length"}
    before = tokenizer(["नमस्ते जी", EOS], **asked)["input_ids"]
    plain = encode_plain(tokenizer, texts)
    assert plain == [tokenizer(t, add_special_tokens=False, split_special_tokens=True)["input_ids"] for t in texts]
    assert tokenizer(["नमस्ते जी", EOS], **asked)["input_ids"] == before


def test_auto_tokenizer_gives_the_ids_that_were_written_down(directory: Path) -> None:
    found = AutoTokenizer.from_pretrained(str(directory))
    assert {word: found(word)["input_ids"] for word in GOLDEN} == GOLDEN


def test_a_model_configuration_beside_it_does_not_change_the_ids(directory: Path, tmp_path: Path) -> None:
    shutil.copytree(directory, tmp_path, dirs_exist_ok=True)
    LlamaConfig().save_pretrained(tmp_path)
    found = AutoTokenizer.from_pretrained(str(tmp_path))
    assert {word: found(word)["input_ids"] for word in GOLDEN} == GOLDEN
    assert "PreTrainedTokenizerFast" in (tmp_path / "tokenizer_config.json").read_text()


def test_the_same_texts_give_the_same_files(tmp_path: Path) -> None:
    texts = [f"नमस्ते दुनिया {n % 7} hello world பலன்கள்" for n in range(50)]
    first = train_tokenizer(iter(texts), 400, tmp_path / "a")
    second = train_tokenizer(iter(texts), 400, tmp_path / "b")
    assert (first / "tokenizer.json").read_bytes() == (second / "tokenizer.json").read_bytes()


def test_a_vocabulary_too_small_for_the_bytes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="cannot hold every byte"):
        train_tokenizer(iter(["a"]), 100, tmp_path)


def test_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="no text"):
        train_tokenizer(iter([]), 300, tmp_path)


def test_progress_counts_texts(tmp_path: Path) -> None:
    told: list[int] = []
    train_tokenizer(iter(["नमस्ते दुनिया"] * 1500), 300, tmp_path, progress=told.append)
    assert told == [1000, 1500]


def test_a_directory_without_a_tokenizer_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="its tokenizer cannot be loaded"):
        load_tokenizer(tmp_path)
