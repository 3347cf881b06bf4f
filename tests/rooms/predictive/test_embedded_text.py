"""Texts by a model's embeddings: read as the model reads them, remembered, and learned from beside their words."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from transformers import PreTrainedTokenizerBase

from dono.models import load_model
from dono.predictive import Cell, Embedder, TableModel
from dono.predictive.embedded_text import EmbeddedTexts

ANGRY, CALM = "the parcel is late", "नमस्ते, आपका ऑर्डर कल तक पहुँच जाएगा"


def test_an_embedding_is_the_mean_of_the_last_layer_however_texts_are_put_together(
    base_folder: Path, tokenizer: PreTrainedTokenizerBase
) -> None:
    found = Embedder(str(base_folder)).of([ANGRY, "", CALM, ANGRY])
    model = load_model(str(base_folder)).eval()
    for row, text in ((0, ANGRY), (2, CALM)):
        ids = torch.tensor([tokenizer.encode(text, add_special_tokens=False)])
        layer = model(input_ids=ids, output_hidden_states=True).hidden_states[-1][0].detach()
        assert found[row] == pytest.approx(layer.mean(0).numpy(), abs=1e-5)
    assert not found[1].any() and (found[0] == found[3]).all()


def test_a_text_longer_than_the_context_is_read_to_there(base_folder: Path) -> None:
    embedder = Embedder(str(base_folder))
    long = " ".join([ANGRY] * 40)
    assert (embedder.of([long]) == embedder.of([long + " and more"])).all()


def test_classes_are_told_by_embeddings_and_a_model_without_its_weights_is_written(base_folder: Path) -> None:
    texts = [f"{ANGRY if n % 2 else CALM} {n}" for n in range(60)]
    labels = ["late" if n % 2 else "fine" for n in range(60)]
    model = EmbeddedTexts(Embedder(str(base_folder))).fit(texts[:40], labels[:40])
    chances = model.predict_proba(texts[40:])
    assert [model.classes[best] for best in chances.argmax(1)] == labels[40:]
    written = pickle.dumps(model)
    assert len(written) < 20_000  # the model itself has ten thousand weights of four bytes
    assert pickle.loads(written).predict_proba(texts[40:]) == pytest.approx(chances)


def test_of_one_class_its_share_is_answered(base_folder: Path) -> None:
    model = EmbeddedTexts(Embedder(str(base_folder))).fit([ANGRY, CALM], ["x", "x"])
    assert model.predict_proba([ANGRY]).tolist() == [[1.0]]


def test_a_table_reads_a_text_by_words_and_by_its_embedding(base_folder: Path) -> None:
    texts: list[Cell] = [f"{ANGRY if n % 2 else CALM} order {n}" for n in range(120)]
    labels = ["late" if n % 2 else "fine" for n in range(120)]
    model = TableModel(embedder=Embedder(str(base_folder))).fit({"remark": texts}, labels)
    assert model.reading.matrix({"remark": texts[:3]}, 3).shape == (3, 2) and len(model.reading.categorical) == 2
    assert model.predict({"remark": texts[:6]}) == labels[:6]
