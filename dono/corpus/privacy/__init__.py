"""Personal identifiers of India found in any script, and replaced."""

from dono.corpus.privacy.audit import Drawn, Residual, audit, residual, suspicious, write_audit
from dono.corpus.privacy.findings import Finding, resolved
from dono.corpus.privacy.recognisers import RECOGNISERS, find
from dono.corpus.privacy.replacing import replaced
from dono.corpus.privacy.step import Finder, privacy_step

__all__ = [
    "RECOGNISERS",
    "Drawn",
    "Finder",
    "Finding",
    "Residual",
    "audit",
    "find",
    "privacy_step",
    "replaced",
    "residual",
    "resolved",
    "suspicious",
    "write_audit",
]
