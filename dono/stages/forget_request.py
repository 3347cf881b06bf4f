"""A request to forget: whom it is about, and which corpora are to be searched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dono.artifacts import Artifact, Json
from dono.corpus import Malformed, usable
from dono.corpus.rights import Entry, ids_at
from dono.errors import Mistake
from dono.stages.bookkeeping import newest_of
from dono.stages.gate import sources_of
from dono.stages.workplace import Workplace


@dataclass(frozen=True)
class Request:
    """`mark` tells the same request again; `named`: by a key, not by a place; `entry`: what the ledger has of it."""

    mark: str
    named: bool
    ids: list[str]
    corpora: Sequence[Artifact]
    entry: Entry | None

    @property
    def all_ids(self) -> list[str]:
        """Those asked for; of a place where nothing begins any more those of the earlier request."""
        return [str(id_) for id_ in as_list(self.entry.body["ids"])] if self.entry else self.ids


def _searchable(place: Workplace, source: str) -> list[Artifact]:
    """The corpora that hold the source. Raises `Mistake` where one was gathered by other keys than the project has."""
    corpora = [(a, s) for a in place.store.all() if a.kind == "corpus" for s in sources_of(a) if s["name"] == source]
    stated = {s.name: s for s in place.project.corpus}
    if source not in stated:
        remedy = f"Use one of: {', '.join(stated)}; a source that was taken out is put back first, to know its keys"
        raise Mistake(f"no source {source!r}", where="--source", remedy=remedy)
    keys = (stated[source].key, stated[source].group_by)
    for corpus, spec in corpora:
        if (spec.get("key"), spec.get("group_by")) != keys:
            what = f"this corpus was gathered when {source} had another key"
            raise Mistake(what, where=str(corpus.path), remedy="Delete the directory, then give the same command again")
    return [corpus for corpus, _ in corpora]


def asked(place: Workplace, source: str, key: str) -> Request:
    """Whom a request is about, in which corpora, and the entry of an earlier attempt at the same.

    Raises `Mistake` for an unknown source, a place where no document begins, a corpus that cannot be searched.
    """
    corpora = _searchable(place, source)
    stated = next(s for s in place.project.corpus if s.name == source)
    named = bool(stated.key or stated.group_by)
    identities = place.ledger.identities()
    mark = identities.request(source, key)
    earlier = [e for e in place.ledger.of_kind("erasure") if e.body["request"] == mark]
    ids = {identities.of(source, _name(key))} if named else _ids_of_place(place, source, key, corpora, bool(earlier))
    same = [e for e in earlier if not ids or e.body["ids"] == sorted(ids)]
    return Request(mark, named, sorted(ids), corpora, same[-1] if same else None)


def _name(key: str) -> str:
    """A person's key as the rows have it after normalising."""
    try:
        return usable(key)
    except Malformed as error:
        raise Mistake(f"no key: {error}", where="--key", remedy="Give the key as the source has it") from error


def _ids_of_place(place: Workplace, source: str, key: str, corpora: Sequence[Artifact], known: bool) -> set[str]:
    """The id of the document that begins at a place, as the newest corpus has it; none, if `known`, once it is gone."""
    file, _, line = key.rpartition(":")
    if not file or not line.isdecimal():
        remedy = "Name a row as FILE:LINE, or give the source a `key` column (corpus: … key: customer_id)"
        raise Mistake(f"{source} has no keys, and {key!r} is no place", where="--key", remedy=remedy)
    newest = newest_of(place, corpora)
    found = set() if newest is None else ids_at(newest.path, source, file, int(line))
    if len(found) > 1:
        raise Mistake(f"{len(found)} documents begin there", where=key, remedy="Give more of the file's path")
    if not found and not known:
        remedy = "Look at file and line; of equal texts the first is kept, at its place"
        raise Mistake(f"no document of {source} begins there", where=key, remedy=remedy)
    return found


def as_list(value: Json) -> list[Json]:
    """A list of a record."""
    assert isinstance(value, list | tuple)
    return list(value)
