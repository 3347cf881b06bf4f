"""Texts by a language model's embeddings: what it made of them on average, and a logistic regression."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from dono.models import load_model, shape_of
from dono.tokens import load_tokenizer, prompt_ids

Matrix = npt.NDArray[np.float64]

STRENGTH = 0.1
"""Inverse regularisation of the regression on embeddings of unit variance (assumed: they are many and alike)."""
READ_TOKENS = 4096
"""Tokens read in one pass (assumed)."""
REMEMBERED = 50_000
"""Texts whose embeddings are kept while a table is learned from: 200 MB of a model 1,000 wide."""


class Embedder:
    """A model that reads texts. It is loaded when the first text comes, and not written down with what used it."""

    def __init__(self, source: str) -> None:
        """`source`: a directory, or the name of a base."""
        self.source = source
        self._loaded: tuple[Any, Any, int] | None = None
        self._known: dict[str, npt.NDArray[np.float32]] = {}

    def __getstate__(self) -> dict[str, object]:
        return {"source": self.source, "_loaded": None, "_known": {}}

    def of(self, texts: Sequence[str]) -> Matrix:
        """[texts, width]: the mean of the last layer over a text's tokens, as many as the model's context holds.

        A text without a token is all 0. Raises `Mistake` where the model cannot be loaded.
        """
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        read = dict(zip(new, self._read(new), strict=True))
        found = np.stack([self._known[text] if text in self._known else read[text] for text in texts])
        room = REMEMBERED - len(self._known)
        self._known.update((text, read[text]) for text in new[:room])
        return found.astype(np.float64)

    def _model(self) -> tuple[Any, Any, int]:
        if self._loaded is None:
            model = load_model(self.source).eval()
            self._loaded = model, load_tokenizer(self.source), shape_of(model).context
        return self._loaded

    @torch.inference_mode()
    def _read(self, texts: Sequence[str]) -> list[npt.NDArray[np.float32]]:
        if not texts:
            return []
        model, tokenizer, context = self._model()
        ids = [prompt_ids(tokenizer, text)[:context] for text in texts]
        found = [np.zeros(model.config.hidden_size, dtype=np.float32) for _ in texts]
        waiting: list[int] = []
        for number in sorted((i for i, of in enumerate(ids) if of), key=lambda i: len(ids[i])):
            if waiting and (len(waiting) + 1) * len(ids[number]) > READ_TOKENS:
                self._average(model, ids, waiting, found)
                waiting = []
            waiting.append(number)
        if waiting:
            self._average(model, ids, waiting, found)
        return found

    @staticmethod
    def _average(
        model: Any,  # noqa: ANN401 - a transformers model
        ids: Sequence[Sequence[int]], numbers: Sequence[int], found: list[npt.NDArray[np.float32]],
    ) -> None:  # fmt: skip
        longest = len(ids[numbers[-1]])
        rows, mask = torch.zeros(len(numbers), longest, dtype=torch.int64), torch.zeros(len(numbers), longest)
        for row, number in enumerate(numbers):
            rows[row, : len(ids[number])] = torch.tensor(ids[number])
            mask[row, : len(ids[number])] = 1
        layer = model.base_model(input_ids=rows, attention_mask=mask.long()).last_hidden_state.float()
        means = (layer * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
        for row, number in enumerate(numbers):
            found[number] = means[row].numpy()


class EmbeddedTexts:
    """Texts to classes by their embeddings."""

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder
        self.classes: tuple[str, ...] = ()
        self._prior: Matrix = np.zeros(0)
        self._regression: Pipeline | None = None

    def fit(self, rows: Sequence[str], labels: Sequence[str], seed: int = 0) -> EmbeddedTexts:
        """Learn from texts and their classes; of one class only, its share is answered."""
        assert rows and len(rows) == len(labels)
        counts = Counter(labels)
        self.classes = tuple(sorted(counts))
        self._prior = np.asarray([counts[name] / len(labels) for name in self.classes])
        if len(self.classes) > 1:
            regression = LogisticRegression(C=STRENGTH, max_iter=1000, random_state=seed)
            self._regression = make_pipeline(StandardScaler(), regression)
            self._regression.fit(self.embedder.of(rows), list(labels))
        return self

    def predict_proba(self, rows: Sequence[str]) -> Matrix:
        """Probabilities [rows, classes], classes in the order of `classes`."""
        assert self.classes, "fit comes first"
        if self._regression is None or not rows:
            return np.tile(self._prior, (len(rows), 1))
        return np.asarray(self._regression.predict_proba(self.embedder.of(rows)), dtype=np.float64)
