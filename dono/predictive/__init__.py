"""The routes without a language model: words counted and weighed for texts, boosted trees for tables."""

from dono.predictive.columns import Reading, moment_of
from dono.predictive.embedded_text import Embedder
from dono.predictive.settings import Found, search
from dono.predictive.splits import Split, folds, held_out
from dono.predictive.table import TableModel
from dono.predictive.tables import Cell, Columns, Labelled, Table, positive_class, read_table, take, take_target
from dono.predictive.text import TextClassifier

__all__ = [
    "Cell",
    "Columns",
    "Embedder",
    "Found",
    "Labelled",
    "Reading",
    "Split",
    "Table",
    "TableModel",
    "TextClassifier",
    "folds",
    "held_out",
    "moment_of",
    "positive_class",
    "read_table",
    "search",
    "take",
    "take_target",
]
