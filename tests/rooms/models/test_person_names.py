"""A tiny token classifier whose weights are made by hand or at random: no model of names is at hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertForTokenClassification, PreTrainedTokenizerFast

from dono.corpus import privacy_step
from dono.corpus.drafts import Draft
from dono.errors import Mistake
from dono.models.person_names import PersonNames
from dono.project import Cleaning

WORDS = ["[PAD]", "[UNK]", "रवि", "कुमार", "asha", "घर", "गया", "और"]
NAMES = {"रवि", "कुमार", "asha"}


def checkpoint(folder: Path, *, labels: tuple[str, ...] = ("O", "B-PER", "I-PER"), window: int = 32) -> Path:
    """A model that reads a name off the word's own embedding: one dimension of it says that it is one."""
    words = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="[PAD]", unk_token="[UNK]", model_max_length=window
    )
    tokenizer.save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8,
        max_position_embeddings=window, id2label=dict(enumerate(labels)), label2id={n: i for i, n in enumerate(labels)},
    )  # fmt: skip
    torch.manual_seed(0)
    model = BertForTokenClassification(config)
    with torch.no_grad():
        for weights in model.bert.encoder.parameters():
            weights.zero_()
        for name, weights in model.bert.encoder.named_parameters():
            if "LayerNorm.weight" in name:
                weights.fill_(1)
        table = model.bert.embeddings
        table.position_embeddings.weight.zero_()
        table.token_type_embeddings.weight.zero_()
        signs = torch.tensor([1.0, -1.0] * 4)
        for i, word in enumerate(WORDS):
            table.word_embeddings.weight[i] = signs if word in NAMES else -signs
        model.classifier.weight.zero_()
        model.classifier.bias.zero_()
        model.classifier.weight[0], model.classifier.weight[1] = -signs, signs
    model.save_pretrained(folder)
    return folder


def test_names_are_found_as_whole_words_and_joined(tmp_path: Path) -> None:
    names = PersonNames(str(checkpoint(tmp_path)))
    text = "और रवि कुमार घर गया, asha और"
    assert [text[f.start : f.end] for f in names([text])[0]] == ["रवि कुमार", "asha"]
    assert names([]) == [] and names(["", "घर"]) == [[], []]


def test_a_text_longer_than_the_window_is_read_to_its_end(tmp_path: Path) -> None:
    names = PersonNames(str(checkpoint(tmp_path, window=16)), batch=2)
    text = "घर गया और " * 40 + "asha"
    assert [text[f.start : f.end] for f in names([text, "asha"])[0]] == ["asha"]


def test_the_step_of_cleaning_takes_them_in(tmp_path: Path) -> None:
    step = privacy_step(Cleaning(), more=PersonNames(str(checkpoint(tmp_path))))
    (out,) = step([Draft("रवि कुमार 9876543210", None, "text", "k", "f", 1)])
    assert (
        isinstance(out, Draft) and out.text == "<NAME_1> <MOBILE_1>" and out.found == {"pii name": 1, "pii mobile": 1}
    )


def test_a_directory_without_such_a_model_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="no model there"):
        PersonNames(str(tmp_path))
    with pytest.raises(Mistake, match="no label for a person among B-LOC, O, X"):
        PersonNames(str(checkpoint(tmp_path, labels=("O", "B-LOC", "X"))))
