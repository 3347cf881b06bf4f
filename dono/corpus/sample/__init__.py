"""The bundled sample: a generated world, written by us, with a western retailer and an Indian marketplace.

Nothing here is copied and nothing is measured: names, orders, numbers and sentences are invented, and every number of
the world (`world.yaml`) is assumed. The point of the sample is that its truth is known, so that a run can be checked
against it.

Grammar. `languages/<code>.yaml` holds sentence frames, one per line, and the values of their slots.
`{slot}` is a value that stays the same throughout a document; `{rule}` is one of the rule's frames, drawn anew;
`<a|b|>` is one of the alternatives. A document is a row of three to six sentences. Frames are chosen so that no verb or
adjective has to agree with a slot's value (items are bare, in the direct case; colours are invariable; people are
spoken to, and speak, without marking gender). `hi-Latn` is respelled per writer by its `variants`.

Truth. A state has weights for categories; a window (a feast, or a season) multiplies them, a state may have its own
factors; items share their category. `truth/lifts.csv` holds P(category | state, window), P(category | state) and
their ratio, computed exactly (`world.World.lifts`), not counted. Each window holds for the dates in `world.yaml`.

Held out. Frames under `test` are used in test files alone; so are pairs of item and city chosen by a hash
(`world.held_out_pair`). Every test row is about a held-out pair; six in ten also ask in a held-out frame.
In the tasks' training files, and in chats of the corpus, neither occurs. Order notes, reviews and festival talk do
mention all pairs, since leaving some out would bend the lifts.

Tasks. intent (classify, 9 labels); reply (generate: the answer is a function of the intent, the order number, the
item, and of name and festival where they are given); churn (predict: interactions and thresholds, see
`write.churn_odds`). There are two held-out frames per intent and language: rows that share one err
together, so the standard error of a test score is larger than its number of rows suggests. How hard the tasks are was
set by us (training frames share words with held-out ones on purpose): scores on them say nothing about the world.
"""

from dono.corpus.sample.write import SampleReport, write_sample

__all__ = ["SampleReport", "write_sample"]
