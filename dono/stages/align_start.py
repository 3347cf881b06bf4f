"""What a round begins from: the model that is aligned, and where everything that is made is kept."""

from __future__ import annotations

from dataclasses import dataclass

from dono.alignfile import AlignFile, Method
from dono.artifacts import Artifact, Reference, Store, fingerprint, read_artifact
from dono.errors import Mistake
from dono.stages.display import Display
from dono.stages.questions import Speaker


@dataclass(frozen=True)
class Start:
    """A model by where it is loaded from, and as the record names it."""

    source: str
    reference: Reference

    @property
    def speaker(self) -> Speaker:
        """The model as its answers are signed."""
        return Speaker(self.source, f"{self.reference.name or self.reference.kind}@{self.reference.id[:8]}")


@dataclass(frozen=True)
class Round:
    """One round: its file, its start, what people said, and how it learns."""

    align: AlignFile
    store: Store
    display: Display
    start: Start
    preferences: Artifact | None
    method: Method

    def count(self, part: str) -> int:
        """Rows of a part of the preferences, such as `pairs_learned`."""
        found = 0 if self.preferences is None else self.preferences.result[part]
        assert isinstance(found, int)
        return found


def start_of(align: AlignFile, store: Store) -> Start:
    """The model that the file names: a directory, something that was made here, or a name of the hub."""
    local = align.path(align.model)
    if local.is_dir():
        made = read_artifact(local)
        reference = made.reference if made is not None else Reference("base", fingerprint(local), local.name)
        return Start(str(local), reference)
    if align.model.startswith((".", "/")):
        raise Mistake("no such directory", where=f"model: {align.model}", remedy="Give a model directory, or a name")
    try:
        found = store.named(align.model)
    except Mistake:
        return Start(align.model, Reference("base", align.model, align.model.rsplit("/", maxsplit=1)[-1]))
    return Start(str(found.path), found.reference)
