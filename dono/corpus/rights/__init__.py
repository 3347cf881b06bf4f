"""Rights: the ledger, the gate before anything that learns, signed overrides, erasure, records for others to read."""

from dono.corpus.rights.croissant import croissant
from dono.corpus.rights.erasure import (
    Traces,
    counted_words,
    documents_with,
    ids_at,
    places_of,
    rows_about,
    sweep_json,
    sweep_lines,
    take_out,
    take_words_out,
)
from dono.corpus.rights.gate import RULES, Refusal, Subject, Terms, refusals, remarks, subjects
from dono.corpus.rights.ledger import Entry, EntryKind, Ledger, Reading
from dono.corpus.rights.provenance import provenance
from dono.corpus.rights.records import gathered, made, same_source, source_record
from dono.corpus.rights.signatures import approver_key, checked, lifted, override

__all__ = [
    "RULES",
    "Entry",
    "EntryKind",
    "Ledger",
    "Reading",
    "Refusal",
    "Subject",
    "Terms",
    "Traces",
    "approver_key",
    "checked",
    "counted_words",
    "croissant",
    "documents_with",
    "gathered",
    "ids_at",
    "lifted",
    "made",
    "override",
    "places_of",
    "provenance",
    "refusals",
    "remarks",
    "rows_about",
    "same_source",
    "source_record",
    "subjects",
    "sweep_json",
    "sweep_lines",
    "take_out",
    "take_words_out",
]
