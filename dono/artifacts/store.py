"""The store: sealed directories. The record is written last, so a directory without one was never finished."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dono import __version__
from dono.artifacts.files import disk_mistake, write_atomically
from dono.artifacts.identity import Json, drift, identity
from dono.errors import Mistake

RECORD, BEGUN = "artifact.json", ".begun.json"


@dataclass(frozen=True)
class Reference:
    """What an artifact was made of: a kind and an identity (another artifact), or a file with its fingerprint."""

    kind: str
    id: str
    name: str = ""


@dataclass(frozen=True)
class Artifact:
    """A sealed directory and its record. `spec` alone is identity; `made_by` never is."""

    kind: str
    id: str
    name: str
    path: Path
    spec: Mapping[str, Json]
    made_from: tuple[Reference, ...]
    result: Mapping[str, Json]
    made_by: Mapping[str, Json]

    @property
    def reference(self) -> Reference:
        """How another artifact names this one."""
        return Reference(self.kind, self.id, self.name)


def read_artifact(path: Path) -> Artifact | None:
    """The artifact sealed in `path`, or None where nothing was finished."""
    try:
        record = json.loads((path / RECORD).read_text(encoding="utf8"))
    except FileNotFoundError:
        return None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        remedy = "Delete the directory; it will be made again"
        raise Mistake("the record is damaged", where=str(path / RECORD), remedy=remedy) from error
    made_from = tuple(Reference(**r) for r in record["made_from"])
    keys = {k: record[k] for k in ("kind", "id", "name", "spec", "result", "made_by")}
    return Artifact(path=path, made_from=made_from, **keys)


def read_begun(path: Path) -> Artifact | None:
    """What is being made in `path`, or was when it was stopped: an artifact without a result; None where nothing is."""
    try:
        begun = json.loads((path / BEGUN).read_text(encoding="utf8"))
        made_from = tuple(Reference(**r) for r in begun["made_from"])
        named = {key: begun[key] for key in ("kind", "name", "spec", "made_by")}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Artifact(id=path.name, path=path, made_from=made_from, result={}, **named)


def _write_begun(
    path: Path, kind: str, spec: Mapping[str, Json], made_from: Sequence[Reference], name: str
) -> None:  # fmt: skip
    """Say what is being made before it is: half-finished work then has a name."""
    when = datetime.now(UTC).isoformat(timespec="seconds")
    told = {"kind": kind, "name": name, "spec": spec, "made_from": [vars(r) for r in made_from]}
    write_atomically(path / BEGUN, json.dumps({**told, "made_by": {"when": when}}, ensure_ascii=False))


class Store:
    """All artifacts of one work folder, as `root/kind/identity/`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, kind: str, spec: Mapping[str, Json]) -> Path:
        """Where the artifact of this kind and spec is, or will be."""
        return self.root / kind / identity({"kind": kind, "spec": spec})

    def find(self, kind: str, spec: Mapping[str, Json]) -> Artifact | None:
        """The finished artifact of this kind and spec, if there is one."""
        return read_artifact(self.path(kind, spec))

    def read(self, kind: str, id_: str) -> Artifact | None:
        """The finished artifact with this identity, if there is one."""
        return read_artifact(self.root / kind / id_)

    def make(
        self,
        kind: str,
        spec: Mapping[str, Json],
        make: Callable[[Path], Mapping[str, Json]],
        *,
        made_from: Sequence[Reference] = (),
        name: str = "",
        keep_partial: bool = False,
    ) -> Artifact:
        """Return the finished artifact, or make it: `make` fills a directory and returns the result.

        The directory is sealed (record written last, atomically) when `make` returns. What an earlier, killed
        attempt left is removed first, unless `keep_partial` says that `make` knows how to go on from it.
        """
        path = self.path(kind, spec)
        done = read_artifact(path)
        if done is not None:
            return done
        if path.exists() and not keep_partial:
            shutil.rmtree(path)
        started = time.time()
        try:
            path.mkdir(parents=True, exist_ok=True)
            _write_begun(path, kind, spec, made_from, name)
            result = make(path)
        except OSError as error:
            raise disk_mistake(error, path) from error
        made_by: dict[str, Json] = {
            "dono": __version__,
            "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
            "machine": f"{os.uname().sysname} {os.uname().machine}, {os.cpu_count()} cores",
            "seconds": round(time.time() - started, 3),
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        record = {
            "kind": kind,
            "id": path.name,
            "name": name,
            "spec": spec,
            "made_from": [vars(r) for r in made_from],
            "result": result,
            "made_by": made_by,
        }
        write_atomically(path / RECORD, json.dumps(record, ensure_ascii=False, indent=1))
        (path / BEGUN).unlink(missing_ok=True)
        sealed = read_artifact(path)
        assert sealed is not None
        return sealed

    def lead(self) -> None:
        """What comes after is done by one process. Where many make a directory together, the others leave off here."""

    def leave(self) -> None:
        """What comes after is done by one process alone: where many make a directory together, all leave off here."""

    def all(self) -> Iterator[Artifact]:
        """Every finished artifact."""
        for record in sorted(self.root.glob(f"*/*/{RECORD}")):
            artifact = read_artifact(record.parent)
            if artifact is not None:
                yield artifact

    def named(self, name: str) -> Artifact:
        """The artifact with this name, identity (or its beginning) or directory; the newest where several fit."""
        found = [a for a in self.all() if a.name == name or (len(name) >= 4 and a.id.startswith(name))]
        found += [a for a in [read_artifact(Path(name))] if a is not None]
        if not found:
            known = sorted({a.name for a in self.all() if a.name})
            remedy = f"Known names: {', '.join(known)}" if known else "Nothing was made yet; run `dono decide`"
            raise Mistake("no artifact of that name", where=name, remedy=remedy)
        return max(found, key=lambda a: str(a.made_by.get("when", "")))

    def why(self, artifact: Artifact) -> Iterator[str]:
        """The ancestry as an indented tree, down to the files it began with."""
        by_key = {(a.kind, a.id): a for a in self.all()}
        pending: list[tuple[int, Reference]] = [(0, artifact.reference)]
        shown: set[tuple[str, str]] = set()
        while pending:
            depth, reference = pending.pop()
            made = by_key.get((reference.kind, reference.id))
            label = f"{reference.kind} {reference.name or ''}".rstrip()
            again = (reference.kind, reference.id) in shown and made is not None and bool(made.made_from)
            yield f"{'  ' * depth}{label} @{reference.id}" + (" (shown above)" if again else "")
            if made is not None and not again:
                shown.add((reference.kind, reference.id))
                pending += [(depth + 1, r) for r in reversed(made.made_from)]

    def made_of(self, artifact: Artifact) -> list[Artifact]:
        """Everything that was made from it, directly or through others, in the order of kinds and identities."""
        reached, before = {(artifact.kind, artifact.id)}, 0
        everything = list(self.all())
        while len(reached) > before:
            before = len(reached)
            reached |= {(a.kind, a.id) for a in everything if any((r.kind, r.id) in reached for r in a.made_from)}
        return [a for a in everything if (a.kind, a.id) in reached and (a.kind, a.id) != (artifact.kind, artifact.id)]

    def note(self, artifact: Artifact, name: str, value: Json) -> None:
        """Write one more value into the record of a sealed directory, beside what was asked and what came of it.

        For what happened to it later: spec, ancestry and result stay as they were.
        """
        path = artifact.path / RECORD
        record = json.loads(path.read_text(encoding="utf8"))
        write_atomically(path, json.dumps({**record, name: value}, ensure_ascii=False, indent=1))

    def noted(self, artifact: Artifact, name: str) -> Json:
        """What `note` wrote, or None."""
        found: Json = json.loads((artifact.path / RECORD).read_text(encoding="utf8")).get(name)
        return found

    def changed_since(self, kind: str, name: str, spec: Mapping[str, Json]) -> list[str]:
        """How `spec` differs from the newest artifact of the same kind and name: shown when something is redone."""
        earlier = [a for a in self.all() if a.kind == kind and a.name == name]
        if not earlier:
            return []
        newest = max(earlier, key=lambda a: str(a.made_by.get("when", "")))
        return drift(newest.spec, spec)
