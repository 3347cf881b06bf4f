from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st

from dono.corpus import Identities

ONE, OTHER = Identities(b"a" * 32), Identities(b"b" * 32)
KEYS = st.text(max_size=12)


@given(KEYS, KEYS, KEYS, KEYS)
def test_one_person_of_one_source_has_one_id_and_nobody_else_has_it(s: str, k: str, t: str, m: str) -> None:
    assert (ONE.of(s, k) == ONE.of(t, m)) == ((s, k) == (t, m))
    assert ONE.of(s, k) != OTHER.of(s, k)
    assert ONE.of(s, k) != ONE.request(s, k)
    assert len(ONE.of(s, k)) == 32


def test_they_can_be_sent_to_another_process() -> None:
    known = Identities(b"k" * 32, frozenset({"x"}))
    assert pickle.loads(pickle.dumps(known)) == known


def test_a_seal_is_known_by_who_has_the_key() -> None:
    assert ONE.same_seal("5 abc", ONE.seal("5 abc"))
    assert not ONE.same_seal("5 abd", ONE.seal("5 abc"))
    assert not OTHER.same_seal("5 abc", ONE.seal("5 abc"))
    assert not ONE.same_seal("5 abc", "देवनागरी")
