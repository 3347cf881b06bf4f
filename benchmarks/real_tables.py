"""The real tables of the benchmarks: file and target. IBM's telco sample; bank marketing of Moro et al. (2014)."""

from __future__ import annotations

from pathlib import Path

TABLES = Path(__file__).resolve().parents[2] / "shared" / "corpora" / "tabular"
KNOWN = {
    "telco churn": (TABLES / "telco_customer_churn.csv", "Churn"),
    "bank campaign": (TABLES / "bank_marketing_train.csv", "subscribe"),
}
