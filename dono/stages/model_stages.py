"""The models that a scorecard is about, as stages on the way to the last: base, after corpus, after task."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dono.artifacts import Artifact, Reference, fingerprint, read_artifact
from dono.errors import Mistake
from dono.stages.prepare import Case
from dono.stages.scoring import ON_CARD
from dono.stages.workplace import Workplace

BASE, CORPUS, TASK = "base", "after corpus", "after task"


@dataclass(frozen=True)
class Stage:
    """A model directory (or hub name) on the way to the model of the card, and what it is called.

    What was fitted without a language model has the `arm` that it was, and the one `use_case` that it answers.
    """

    label: str
    folder: str
    arm: str | None = None
    use_case: str | None = None

    def answers(self, case: Case) -> bool:
        """Whether it can be asked the test of a case."""
        if self.arm is None:
            return True
        return self.arm in ON_CARD[case.use_case.kind].by_arm and self.use_case == case.use_case.name


def stage_of(place: Workplace, named: str) -> Stage:
    """A model as a person names it: LABEL=DIR, or DIR. Raises `Mistake` where a directory is no model."""
    label, separator, source = named.partition("=")
    if not separator:
        source = named
        label = Path(named).name
    local = place.project.path(source)
    if not local.is_dir():
        local = Path(source).resolve()
    if local.is_dir():
        found = stage_at(place, label, local)
        if found is None:
            what = "no language model there (no config.json), and none that `dono build` fitted here"
            raise Mistake(what, where=source, remedy="Give a model directory")
        return found
    if source.startswith((".", "/")):
        raise Mistake("no such directory", where=source, remedy="Give a model directory, or a hub name")
    return Stage(label, source)


def stage_at(place: Workplace, label: str, folder: Path) -> Stage | None:
    """The model in a directory: a language model, or what an arm without one left; None where there is neither.

    Reading a fitted model runs code, so that only those in the project's own work folder are taken for one.
    """
    if (folder / "config.json").is_file():
        return Stage(label, str(folder))
    inside = folder.resolve().is_relative_to(place.store.root.resolve())
    made = read_artifact(folder) if inside else None
    arm, use_case = (None, None) if made is None else (made.spec.get("arm"), made.spec.get("use_case"))
    if not any(arm in kind.by_arm for kind in ON_CARD.values()):
        return None
    return Stage(label, str(folder), str(arm), str(use_case))


def newest_stages(place: Workplace) -> list[Stage]:
    """The model that was built last, with what it was made from. Raises `Mistake` where none was built."""
    models = [(a, stage_at(place, a.name, a.path)) for a in place.store.all() if a.kind == "model"]
    built = [(artifact, stage) for artifact, stage in models if stage is not None]
    if not built:
        remedy = "Run `dono build` first, or name one with --model DIR"
        raise Mistake("no model was built yet", where=str(place.project.work_folder), remedy=remedy)
    newest, stage = max(built, key=lambda pair: str(pair[0].made_by.get("when", "")))
    return [*stages_before(place, place.store.read("run", newest.made_from[0].id)), stage]


def stages_before(place: Workplace, run: Artifact | None) -> list[Stage]:
    """The models that a run began with: the base it goes back to, and what its corpus stage left."""
    found: list[Stage] = []
    pending = [run] if run is not None else []
    while pending:
        artifact = pending.pop(0)
        for reference in artifact.made_from:
            if reference.kind == "base" and BASE not in {s.label for s in found}:
                source = _source_of(place, reference)
                found += [Stage(BASE, source)] if source is not None else []
            made = place.store.read(reference.kind, reference.id) if reference.kind in ("corpus-run", "trunk") else None
            if made is not None:
                if made.kind == "corpus-run" and (made.path / "config.json").is_file():
                    found.append(Stage(CORPUS, str(made.path)))
                pending.append(made)
    return sorted(found, key=lambda s: (BASE, CORPUS).index(s.label))


def _source_of(place: Workplace, base: Reference) -> str | None:
    """Where a base lies: one of the project's with this fingerprint, or a hub name."""
    for named in (b for b in place.project.bases if isinstance(b, str)):
        local = place.project.path(named)
        if named == base.id or (local.is_dir() and fingerprint(local) == base.id):
            return str(local) if local.is_dir() else named
    return None
