"""A base's tokenizer gone on with: nothing old changes, everything new is reached, numbers stay as they were."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from dono.errors import Mistake
from dono.tokens import CL100K_PATTERN, encode_plain, extend_tokenizer, load_tokenizer, save_tokenizer, train_tokenizer
from dono.tokens.extend import word_floor
from dono.tokens.kinds import plain
from tests.scripts import SENTENCES

ENGLISH = ["the parcel is late and the customer asks where it is, order 12345"] * 5
TEXTS = [text for text in SENTENCES.values() for _ in range(3)]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> PreTrainedTokenizerBase:
    """Knows English alone."""
    return load_tokenizer(train_tokenizer(iter(ENGLISH), 330, tmp_path_factory.mktemp("base")))


def wrapped(tokenizer: Tokenizer) -> PreTrainedTokenizerBase:
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|eos|>", clean_up_tokenization_spaces=False)


def test_old_ids_stay_and_every_new_token_is_reached(base: PreTrainedTokenizerBase) -> None:
    extended = extend_tokenizer(base, TEXTS, 300)
    after = extended.tokenizer.get_vocab()
    assert base.get_vocab().items() <= after.items()
    assert sorted(after.values()) == list(range(len(base) + len(extended.added)))
    model = extended.tokenizer.backend_tokenizer.model
    needed = {part for merge in json.loads(extended.tokenizer.backend_tokenizer.to_str())["model"]["merges"]
              for part in merge}  # fmt: skip
    for token in extended.added:
        assert [t.value for t in model.tokenize(token)] == [token] or token in needed
    before, now = (sum(map(len, encode_plain(t, TEXTS))) for t in (base, extended.tokenizer))
    assert now < 0.6 * before


def test_what_the_texts_do_not_touch_is_encoded_as_before(base: PreTrainedTokenizerBase) -> None:
    extended = extend_tokenizer(base, ["नमस्ते दुनिया"] * 5, 50)
    assert encode_plain(extended.tokenizer, ENGLISH) == encode_plain(base, ENGLISH)


def test_a_longer_text_is_the_base_s_own_pieces_joined_further(base: PreTrainedTokenizerBase) -> None:
    extended = extend_tokenizer(base, TEXTS, 300)
    for text in SENTENCES.values():
        old, new = (encode_plain(t, [text])[0] for t in (base, extended.tokenizer))
        ends, at = set(), 0
        for id_ in old:
            at += len(base.convert_ids_to_tokens([id_])[0])
            ends.add(at)
        at = 0
        for id_ in new:
            at += len(extended.tokenizer.convert_ids_to_tokens([id_])[0])
            assert at in ends


def test_numbers_are_read_as_the_base_learned_to() -> None:
    gpt2 = Tokenizer(models.BPE())
    gpt2.pre_tokenizer, gpt2.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    gpt2.train_from_iterator(
        ENGLISH, trainers.BpeTrainer(vocab_size=300, special_tokens=["<|eos|>"], show_progress=False,
                                     initial_alphabet=pre_tokenizers.ByteLevel.alphabet()),
    )  # fmt: skip
    base = wrapped(gpt2)
    extended = extend_tokenizer(base, ["order 98765 ₹98765 १२३४५ पार्सल"] * 9, 200)
    for number in ("98765", " 98765", "x98765y"):
        assert encode_plain(extended.tokenizer, [number]) == encode_plain(base, [number])
    vocabulary = extended.tokenizer.get_vocab()
    assert not any(c.isdigit() for token in extended.added for c in extended.tokenizer.decode([vocabulary[token]]))
    assert len(encode_plain(extended.tokenizer, ["पार्सल"])[0]) < len(encode_plain(base, ["पार्सल"])[0])


def test_a_pattern_that_parts_marks_from_letters_caps_the_benefit_and_the_number_says_so() -> None:
    capped = extend_tokenizer(wrapped(plain(ENGLISH, 330, CL100K_PATTERN)), ["हिन्दी हिन्दी"] * 9, 200)
    assert capped.floor == 4.0  # हि, न, ्, and so on: the pattern's pieces of a word that a reader writes as one
    assert len(encode_plain(capped.tokenizer, ["हिन्दी"])[0]) >= 4


def test_a_tokenizer_whose_pattern_keeps_words_whole_has_no_cap(base: PreTrainedTokenizerBase) -> None:
    assert word_floor(base, TEXTS) == 1.0
    assert word_floor(base, ["123"]) == 1.0


def test_a_tokenizer_in_sentencepieces_manner_is_gone_on_with_too() -> None:
    manner = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
    manner.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    manner.decoder = decoders.Metaspace(prepend_scheme="first", split=False)
    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.Split(Regex(" "), "merged_with_next")
    trainer = trainers.BpeTrainer(
        vocab_size=120, special_tokens=["<unk>", "<|eos|>"], show_progress=False,
        initial_alphabet=list("▁ँंािी्कखगतनपमरलसहदशयवचजबभ"),
    )  # fmt: skip
    manner.train_from_iterator([text.replace(" ", "▁") for text in ENGLISH], trainer)
    base = wrapped(manner)
    extended = extend_tokenizer(base, ["कल शाम तक कल शाम तक"] * 9, 40)
    assert extended.added and base.get_vocab().items() <= extended.tokenizer.get_vocab().items()
    assert len(encode_plain(extended.tokenizer, ["कल शाम"])[0]) < len(encode_plain(base, ["कल शाम"])[0])


def test_it_is_written_and_read_back_alike(base: PreTrainedTokenizerBase, tmp_path: Path) -> None:
    extended = extend_tokenizer(base, TEXTS, 100)
    save_tokenizer(extended.tokenizer, tmp_path)
    again = load_tokenizer(tmp_path)
    assert encode_plain(again, TEXTS) == encode_plain(extended.tokenizer, TEXTS)


def test_a_unigram_cannot_be_gone_on_with(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(train_tokenizer(iter(TEXTS), 600, tmp_path, kind="unigram"))
    with pytest.raises(Mistake, match=r"no BPE \(Unigram\)"):
        extend_tokenizer(tokenizer, TEXTS, 10)
