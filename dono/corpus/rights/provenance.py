"""Data Provenance Standards 1.0.0 (Data & Trust Alliance): what a source is, where it is from, what it may be used for.

Fields as in data-standard-1.0.0.schema.json of github.com/Data-and-Trust-Alliance/json-metadata. What is not known is
said in words ("not stated"), because the standard asks for a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dono.artifacts import Json, identity
from dono.project import Rights, Source

UNSTATED = "not stated"
TERMS = "Digital Personal Data Protection Act 2023"
HANDLED: dict[str, bool] = {"none": False, "anonymised": False, "pseudonymised": True, "identifiable": True}
"""Whether the law on personal data applies to it; of `unknown` the standard takes no value, so it is left out."""


def provenance(
    source: Source, files: Sequence[str], counts: Mapping[str, Json], *, project: str, day: str
) -> dict[str, Json]:
    """The statement of one source as JSON: `files` are fingerprints, `counts` what the survey says of the source."""
    rights = source.rights or Rights()
    title = rights.title or source.name
    kept = counts.get("documents", 0)
    return {
        "source": {
            "version": "1.0.0", "title": title, "id": identity({"project": project, "source": source.name}),
            "issuer": [{"name": rights.issuer or UNSTATED}],
            "description": f"{title}: source {source.name} of the project {project}, {kept} documents",
        },
        "provenance": {
            "source": ", ".join(f"sha256:{mark}" for mark in files) or UNSTATED,
            "origin-geography": _countries(rights.geography) or [{"country": UNSTATED}],
            "date": day,
            **_period(rights),
            "generation-method": [{"code": source.kind, "description": f"read from {source.kind} files"}],
            "format": ["text"],
        },
        "use": _use(rights),
    }  # fmt: skip


def _period(rights: Rights) -> dict[str, Json]:
    days = {"start": rights.consent_from, "end": rights.consent_to}
    told = {name: day.isoformat() for name, day in days.items() if day is not None}
    return {"generation-period": told} if told else {}


def _use(rights: Rights) -> dict[str, Json]:
    regulation: Json = {"code": "DPDP Act 2023", "system": "IN", "description": f"{TERMS}, ground {rights.ground}"}
    applies = HANDLED.get(rights.personal_data)
    classes: list[Json] = [] if applies is None else [{"regulation": regulation, "evaluated": applies}]
    consents = [uri for uri in (rights.consent_store,) if uri]
    told = rights.purpose or UNSTATED
    return {
        "classification": classes,
        "consents": list[Json](consents),
        "processing-included": _countries(rights.transfer_countries),
        "storage-allowed": _countries(rights.storage),
        "license": rights.licence or rights.contract or UNSTATED,
        "intended-purpose": [
            {"code": "model-training", "description": f"{told} (covers training: {rights.covers_training})"}
        ],
    }


def _countries(codes: Sequence[str]) -> list[Json]:
    return [{"country": code} for code in dict.fromkeys(codes)]
