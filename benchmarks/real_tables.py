"""The real tables of the benchmarks: file and target. IBM's telco sample; bank marketing of Moro et al. (2014)."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

TABLES = Path(__file__).resolve().parents[2] / "shared" / "corpora" / "tabular"
KNOWN = {
    "telco churn": (TABLES / "telco_customer_churn.csv", "Churn"),
    "bank campaign": (TABLES / "bank_marketing_train.csv", "subscribe"),
}


def offer_tables(parser: argparse.ArgumentParser) -> None:
    """The options that name a person's own table."""
    parser.add_argument("--table", type=Path, help="a table of your own (.csv, .tsv or .parquet)")
    parser.add_argument("--target", help="its column of two classes")


def chosen_tables(parser: argparse.ArgumentParser, asked: argparse.Namespace) -> Mapping[str, tuple[Path, str]]:
    """The person's own table, or the known ones."""
    if (asked.table is None) != (asked.target is None):
        parser.error("--table and --target go together")
    return KNOWN if asked.table is None else {asked.table.stem: (asked.table, asked.target)}
