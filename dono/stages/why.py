"""Ancestry: what something was made from, back to the files."""

from __future__ import annotations

from pathlib import Path

from dono.artifacts import Store, read_artifact
from dono.project import load_project
from dono.stages.display import print_result


def command(name: str, project: Path) -> None:
    """Print the tree of what `name` was made from; a sealed directory needs no project: its work folder holds it."""
    made = read_artifact(Path(name).resolve())
    store = Store(load_project(project).work_folder if made is None else made.path.parents[1])
    artifact = made or store.named(name)
    for line in store.why(artifact):
        print_result(line)
    by = artifact.made_by
    print_result(f"made {by.get('when')} in {by.get('seconds')} s by dono {by.get('dono')} ({by.get('machine')})")
