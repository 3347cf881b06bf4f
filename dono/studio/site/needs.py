"""What needs a person now, the most pressing first, each with where to go or what to type."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dono.artifacts import Json, drift
from dono.decisions.routes import short_name
from dono.decisions.wording import share, together
from dono.errors import Mistake
from dono.project import Project
from dono.ratings import Desk
from dono.studio.site.commands import to_go_on
from dono.studio.site.learning import RunView
from dono.studio.site.models import ModelView, models_of
from dono.studio.site.site import Site
from dono.studio.site.work import Judged, WorkFolder
from dono.studio.wording import clipped

LONGEST = 90
"""Characters of one change that are shown."""
LEAST_FREE = 2e9
"""Bytes free on the disk below which a checkpoint may not find room (assumed)."""


@dataclass(frozen=True)
class Need:
    """One thing: what it is, and the page (`at`) or the command that takes care of it."""

    what: str
    at: str = ""
    command: str = ""


def needs_of(site: Site, runs: list[RunView]) -> list[Need]:
    """Everything that waits for somebody."""
    project, work = site.project(), site.work()
    judged = work.judged()
    return [
        *_of_rights(site, project),
        *_of_folder(work, site),
        *_of_runs(runs),
        *(_of_verdict(judged, project, work) if judged else _without_verdict(work, site)),
        *_of_models(models_of(work, project, runs)),
        *_of_desk(site.desk()),
    ]


def _of_rights(site: Site, project: Project) -> Iterator[Need]:
    try:
        found = site.needs(project)
    except Mistake as mistake:  # a ledger that cannot be read
        found = [str(mistake)]
    yield from map(Need, found)


def _of_folder(work: WorkFolder, site: Site) -> Iterator[Need]:
    stopped = to_go_on(work)
    if stopped is not None:
        yield Need(
            f"`dono {stopped.command[0]}` was stopped before its end; nothing is lost, and it can go on.", "/runs"
        )
    for record in work.damaged:
        yield Need(f"The record {record} is damaged. Delete its folder; it will be made again.")
    place = work.root if work.root.exists() else site.file.resolve().parent
    free = shutil.disk_usage(place).free
    if free < LEAST_FREE:
        yield Need(f"Only {free / 1e9:.1f} GB are free on the disk: the next checkpoint may not find room.")


def _of_runs(runs: list[RunView]) -> Iterator[Need]:
    failed = [r for r in runs if r.state == "failed"]
    if failed:
        some = "A pilot" if len(failed) == 1 else f"{len(failed)} pilots"
        yield Need(f"{some} could not be carried out: {failed[0].why}", "/runs#table")


def _without_verdict(work: WorkFolder, site: Site) -> Iterator[Need]:
    holder = work.holder()
    if holder is None or (not holder.working and to_go_on(work) is None):
        yield Need("Nothing is decided yet: run the pilots.", "/runs", f"dono decide {site.file}")


def _of_verdict(judged: Judged, project: Project, work: WorkFolder) -> Iterator[Need]:
    verdict = judged.verdict
    changed = since(judged, project)
    if changed:
        yield Need(f"The project file has changed since the verdict ({'; '.join(changed[:3])}): judge again.", "/runs")
    close = [case for case in verdict.use_cases if case.winner is None and case.more]
    if close:
        best = max(close, key=lambda case: case.more[0].chance)
        names = together([case.use_case for case in close])
        yield Need(
            f"{names} {'is' if len(close) == 1 else 'are'} too close to call. One more pilot of {best.use_case} "
            f"({short_name(best.more[0].arm)}) changes who is ahead with probability {share(best.more[0].chance)}.",
            "/verdict", "dono decide --more AMOUNT",
        )  # fmt: skip
    built = {str(a.result.get("use_case")) for a in work.of("model")}
    waiting = [i.use_case for i in verdict.portfolio if i.use_case not in built]
    if waiting:
        names = ", ".join(dict.fromkeys(waiting))
        yield Need(f"The verdict is in, and nothing is built yet for {names}.", "/runs", "dono build")
    for warning in verdict.warnings:
        yield Need(warning, "/verdict")


def _of_models(models: list[ModelView]) -> Iterator[Need]:
    for model in models:
        if model.outcome.get("interval_held") == "no":
            what = (
                f"The full run of {model.use_case} ended outside its forecast interval: the next verdict learns of it."
            )
            yield Need(what, f"/models/{model.artifact.id}")


def since(judged: Judged, project: Project) -> list[str]:
    """What has changed in the project file since the verdict, of what a verdict depends on.

    A key that this version of Dono knows and the verdict's did not is no change.
    """
    asked = judged.artifact.spec.get("asked")
    if not isinstance(asked, Mapping):
        return []
    then = _by_name(asked)
    now = _as_far_as(_by_name(project.model_dump(mode="json", include=set(asked))), then)
    assert isinstance(then, Mapping) and isinstance(now, Mapping)
    return [clipped(change, LONGEST) for change in drift(then, now)]


def _by_name(value: Json) -> Json:
    """Lists of what has a name as mappings by that name: then a change in one is one change."""
    if isinstance(value, Mapping):
        return {key: _by_name(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple) and value and all(isinstance(v, Mapping) and "name" in v for v in value):
        return Named((str(v["name"]), _by_name(v)) for v in value if isinstance(v, Mapping))
    return value


class Named(dict[str, Json]):
    """A list of named things; one more or one less is a change."""


def _as_far_as(now: Json, then: Json) -> Json:
    """`now` without the keys of sections that `then` does not have."""
    if not isinstance(now, Mapping) or not isinstance(then, Mapping):
        return now
    return {k: _as_far_as(v, then.get(k)) for k, v in now.items() if k in then or isinstance(now, Named)}


def _of_desk(desk: Desk) -> Iterator[Need]:
    with desk.store.reading() as book:
        reported = [i for i in book.items if book.flags(i) and i not in book.kept_items and i not in book.withdrawn]
    if reported:
        some = "A text was" if len(reported) == 1 else f"{len(reported)} texts were"
        yield Need(
            f"{some} reported by raters, and wait{'s' if len(reported) == 1 else ''} for a look.", "/manage#reports"
        )
