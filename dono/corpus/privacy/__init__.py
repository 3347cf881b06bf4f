"""Personal identifiers of India found in any script, and replaced."""

from dono.corpus.privacy.audit import Drawn, Residual, audit, residual, suspicious, write_audit
from dono.corpus.privacy.findings import Finding, resolved
from dono.corpus.privacy.recognisers import RECOGNISERS, find
from dono.corpus.privacy.replacing import replaced
from dono.corpus.privacy.step import Finder, check_key, key_fingerprint, privacy_step, row_mask

__all__ = [
    "RECOGNISERS",
    "Drawn",
    "Finder",
    "Finding",
    "Residual",
    "audit",
    "check_key",
    "find",
    "key_fingerprint",
    "privacy_step",
    "replaced",
    "residual",
    "resolved",
    "row_mask",
    "suspicious",
    "write_audit",
]
