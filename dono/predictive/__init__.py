"""The routes without a language model: words counted and weighed for texts, boosted trees for tables."""

from dono.predictive.table import TableModel
from dono.predictive.tables import Cell, Columns, Labelled, Table, positive_class, read_table, take, take_target
from dono.predictive.text import TextClassifier

__all__ = [
    "Cell",
    "Columns",
    "Labelled",
    "Table",
    "TableModel",
    "TextClassifier",
    "positive_class",
    "read_table",
    "take",
    "take_target",
]
