"""Overrides of the gate, signed by an approver with Ed25519.

What a signature proves: that who holds the approver's private key has approved this statement, word for word. It does
not prove who that person is: `approvers` in the project file says whose key is whose, and where it names nobody the
first key that a name signs with is held to.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from dono.artifacts import Json, identity
from dono.corpus.rights.gate import Refusal
from dono.corpus.rights.ledger import Entry
from dono.corpus.rights.secrets import kept_secret
from dono.errors import Mistake
from dono.project import Rights


def approver_key(path: Path) -> Ed25519PrivateKey:
    """The private key in a file (32 bytes), made with mode 600 where there is none. Raises `Mistake`."""
    raw = kept_secret(path, lambda: Ed25519PrivateKey.generate().private_bytes_raw())
    if len(raw) != 32:
        raise Mistake("no Ed25519 key (32 bytes)", where=str(path), remedy="Name another file; a key is made there")
    return Ed25519PrivateKey.from_private_bytes(raw)


def rights_mark(rights: Rights | None) -> str:
    """What an override is bound to: rights stated otherwise are not what was approved."""
    return identity({"rights": None if rights is None else rights.model_dump(mode="json")})


def override(
    source: str, rights: Rights | None, refused: Sequence[Refusal], *, reason: str, by: str, key: Ed25519PrivateKey
) -> dict[str, Json]:
    """The signed body of an override: these refusals of this source, with these rights, for this reason."""
    body: dict[str, Json] = {
        "source": source, "rights": rights_mark(rights), "rules": list[Json](sorted(r.rule for r in refused)),
        "refused": [r.what for r in refused], "reason": reason, "by": by,
        "public_key": key.public_key().public_bytes_raw().hex(),
    }  # fmt: skip
    return {**body, "signature": key.sign(_signed(body)).hex()}


def _signed(body: Mapping[str, Json]) -> bytes:
    told = {name: value for name, value in body.items() if name != "signature"}
    return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def checked(entries: Iterable[Entry], approvers: Mapping[str, str]) -> tuple[list[Mapping[str, Json]], list[str]]:
    """Bodies of the overrides that hold, oldest first, and a line for each that does not.

    `approvers` are names and public keys; where it is empty the first key that a name signs with is held to.
    """
    known = dict(approvers)
    good: list[Mapping[str, Json]] = []
    bad: list[str] = []
    for entry in (e for e in entries if e.kind == "override"):
        by, key = str(entry.body["by"]), str(entry.body["public_key"])
        if not _is_signed(entry.body):
            bad.append(f"entry {entry.sequence}: the signature is not that of the key that it names")
        elif approvers and by not in approvers:
            bad.append(f"entry {entry.sequence}: {by} is not among the project's approvers")
        elif known.setdefault(by, key) != key:
            bad.append(f"entry {entry.sequence}: the key is not {by}'s")
        else:
            good.append(entry.body)
    return good, bad


def _is_signed(body: Mapping[str, Json]) -> bool:
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(str(body["public_key"])))
        key.verify(bytes.fromhex(str(body["signature"])), _signed(body))
    except (InvalidSignature, ValueError):
        return False
    return True


def lifted(overrides: Iterable[Mapping[str, Json]], source: str, rights: Rights | None) -> dict[str, str]:
    """The rules that overrides lift for a source whose rights are stated as they were then: rule and who lifted it."""
    found: dict[str, str] = {}
    for body in overrides:
        if body["source"] == source and body["rights"] == rights_mark(rights):
            rules = body["rules"]
            assert isinstance(rules, list)
            found |= {str(rule): str(body["by"]) for rule in rules}
    return found
