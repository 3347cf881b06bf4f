"""Ancestry: what something was made from, back to the files."""

from __future__ import annotations

from pathlib import Path

from dono.artifacts import Store
from dono.project import load_project
from dono.stages.display import print_result


def command(name: str, project: Path) -> None:
    """Print the tree of what `name` was made from."""
    store = Store(load_project(project).work_folder)
    artifact = store.named(name)
    for line in store.why(artifact):
        print_result(line)
    by = artifact.made_by
    print_result(f"made {by.get('when')} in {by.get('seconds')} s by dono {by.get('dono')} ({by.get('machine')})")
