from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dono.artifacts import Json
from dono.corpus.rights import Entry, Ledger, Terms, approver_key, checked, lifted, override, refusals
from dono.errors import Mistake
from dono.project import Rights

RIGHTS = Rights(ground="consent", purpose="support")
REFUSED = refusals(RIGHTS, Terms(date(2026, 11, 26)))


def signed(key: Ed25519PrivateKey, by: str = "asha", rights: Rights = RIGHTS) -> dict[str, Json]:
    return override("chats", rights, REFUSED, reason="the notice is being read", by=by, key=key)


def entries(*bodies: dict[str, Json]) -> list[Entry]:
    return [Entry(n, "2026-11-26T00:00:00+00:00", "override", body, "") for n, body in enumerate(bodies, 1)]


def test_a_signed_override_lifts_what_it_names_for_the_rights_it_was_signed_for() -> None:
    good, bad = checked(entries(signed(Ed25519PrivateKey.generate())), {})
    assert not bad
    assert lifted(good, "chats", RIGHTS) == {"purpose": "asha", "children": "asha"}
    assert lifted(good, "orders", RIGHTS) == {}
    assert lifted(good, "chats", RIGHTS.model_copy(update={"purpose": "billing"})) == {}
    assert lifted(good, "chats", None) == {}


@pytest.mark.parametrize("field", ["source", "rights", "rules", "refused", "reason", "by", "public_key", "signature"])
def test_no_word_of_it_can_be_changed(field: str) -> None:
    body = signed(Ed25519PrivateKey.generate())
    value = body[field]
    other: Json = [*value, "retention"] if isinstance(value, list) else "00" * (len(str(value)) // 2)
    good, bad = checked(entries(body | {field: other}), {})
    assert good == [] and "entry 1: the signature is not that of the key" in bad[0]


def test_the_first_key_of_a_name_is_held_to() -> None:
    one, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    good, bad = checked(entries(signed(one), signed(other), signed(other, by="ravi"), signed(one)), {})
    assert [b["by"] for b in good] == ["asha", "ravi", "asha"] and bad == ["entry 2: the key is not asha's"]


def test_the_project_file_says_whose_key_is_whose() -> None:
    one, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    pinned = {"asha": other.public_key().public_bytes_raw().hex()}
    good, bad = checked(entries(signed(one), signed(other), signed(one, by="ravi")), pinned)
    assert [b["public_key"] for b in good] == [pinned["asha"]]
    assert bad == ["entry 1: the key is not asha's", "entry 3: ravi is not among the project's approvers"]


def test_a_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "asha.key"
    key = approver_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert approver_key(path).private_bytes_raw() == key.private_bytes_raw()
    path.write_bytes(b"short")
    with pytest.raises(Mistake, match="no Ed25519 key"):
        approver_key(path)


def test_it_goes_through_the_ledger_unchanged(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.append("override", signed(Ed25519PrivateKey.generate(), by="आशा"))
    good, bad = checked(Ledger(tmp_path).entries(), {})
    assert [b["by"] for b in good] == ["आशा"] and not bad
