"""How far a model moves from where it began while it learns from pairs or thumbs, and when to stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from dono.errors import Mistake
from dono.evals import Score, generate
from dono.models import Reader, shape_of
from dono.stages.align_online import append_row, draw_of, joined, keep_rows
from dono.stages.train_data import Preferences, prompt_of
from dono.stages.train_ready import Ready
from dono.tokens import IGNORED, padding_id
from dono.training import Early
from dono.training.checkpoint import BEST, counters_in, keep_weights, put_back, state_of
from dono.training.guards import Batch, Guards
from dono.training.learners import device_of
from dono.training.precision import products_in
from dono.training.rollouts import seen_by

LOOKS = "drift.jsonl"
LOOKED_AT, EVERY = 64, 10
"""Held-out prompts that are answered, and how many times in a run (assumed)."""


class Drift:
    """Every tenth of a run the same held-out prompts are answered, with the same draws, by the model as it is.

    A pair's loss says how answers that somebody once gave have moved; a model may have left for others that nobody has
    seen, so the divergence from the `reference` is that of the model's own answers (k1), in nats an answer. Beyond
    `loss.most_divergence` the weights of the last look that was nearer are put back, and `Early` is raised.
    """

    def __init__(self, ready: Ready, say: Callable[[str], None]) -> None:
        most, encoded = ready.run.loss.most_divergence, ready.encoded
        assert most is not None and ready.reference is not None and isinstance(encoded, Preferences)
        assert ready.run.steps is not None
        self.ready, self.say, self.guards, self.last = ready, say, Guards(most), ready.run.steps
        self.every = max(1, self.last // EVERY)
        self.room = max(int((d.labels != IGNORED).sum()) for pair in encoded.pairs for d in pair)
        self.prompts = _prompts(encoded, shape_of(ready.reader.model).context - self.room)
        state = state_of(ready.folder)
        for row in keep_rows(ready.folder / LOOKS, before=1 + (0 if state is None else counters_in(state).step)):
            self.guards.look(Batch(**row))

    def __call__(self, reader: Reader, step: int) -> dict[str, float]:
        """Look after so many steps; nothing where it is not time to."""
        if step % self.every and step != self.last:
            return {}
        now = self._take(reader, step)
        for line in self.guards.look(now):
            self.say(line)
        folder = self.ready.folder
        append_row(folder / LOOKS, now._asdict())
        why = self.guards.too_far()
        if why is None:
            keep_weights(reader, folder / BEST)
        elif (folder / BEST).is_file():
            put_back(reader, folder / BEST)
            raise Early(why)
        else:
            remedy = "Lower the rate, raise loss.beta or loss.chosen_weight, or allow more"
            raise Mistake(f"at the first look {why}", where="loss.most_divergence", remedy=remedy)
        return {"divergence": now.divergence, "length": now.length}

    def _take(self, reader: Reader, step: int) -> Batch:
        ready = self.ready
        assert ready.reference is not None
        with products_in(device_of(reader), ready.precision):
            answers = generate(
                reader.model, ready.tokenizer, self.prompts, max_new_tokens=self.room,
                batch_tokens=max(8192, 2 * ready.part_tokens), drawn=draw_of(ready.run.seed, 0, 1),
            )  # fmt: skip
            seen = seen_by(
                reader, ready.reference, joined(self.prompts, answers), part_tokens=ready.part_tokens,
                pad=padding_id(ready.tokenizer), pack=reader.packs and ready.reference.packs,
            )  # fmt: skip
        length, cut = float(seen.mask.sum(1).float().mean()), float(np.mean([a.cut for a in answers]))
        return Batch(step, 0.0, 0.0, float(seen.divergences.mean()), length, cut, 0.0)

    @property
    def scores(self) -> list[Score]:
        """What the weights that are kept were found to be."""
        near = [look for look in self.guards.seen if look.divergence <= self.guards.most_divergence]
        return [
            Score(metric, "all", value, 0.0, len(self.prompts))
            for metric, value in (("divergence", near[-1].divergence), ("answer_tokens", near[-1].length))
        ]


def _prompts(encoded: Preferences, room: int) -> list[list[int]]:
    """The first held-out prompts, each once, that leave room for an answer. Raises `Mistake` where there is none."""
    found = {tuple(prompt_of(pair.chosen)): None for pair in encoded.held_out}
    chosen: Sequence[tuple[int, ...]] = [prompt for prompt in found if len(prompt) <= room][:LOOKED_AT]
    if not chosen:
        what = "no prompt is held out that the model could answer"
        raise Mistake(what, where="loss.most_divergence", remedy="Hold more rows out, or leave it out")
    return [list(prompt) for prompt in chosen]
