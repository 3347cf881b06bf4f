"""`dono rights`: what is stated, whether the ledger holds together, records for others, a refusal overridden."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from dono.artifacts import Artifact
from dono.corpus.rights import approver_key, checked, override, remarks
from dono.errors import Mistake
from dono.stages.bookkeeping import CROISSANT, leave_statements, newest_of, statements, write_statements
from dono.stages.display import print_result
from dono.stages.gate import Judged, judged
from dono.stages.workplace import Workplace, open_workplace

KEYS = Path(".config/dono/approvers")
"""Where an approver's key lies unless another file is named, in the person's home."""


def show(project: Path, overrides: Sequence[str]) -> None:
    """Print what is stated of each source, and whether it may be learned from."""
    for line in shown(open_workplace(project, overrides)):
        print_result(line)


def shown(place: Workplace) -> Iterator[str]:
    """The lines of `show`."""
    for found in judged(place):
        yield f"{found.subject.name}: {_said(found)}"
        rights = found.subject.rights
        if rights is not None:
            yield (
                f"  ground {rights.ground}, personal data {rights.personal_data}, children {rights.children}, "
                f"purpose {rights.purpose or 'not stated'} (covers training: {rights.covers_training}), "
                f"licence {rights.licence or rights.contract or 'not stated'}, "
                f"kept until {rights.retain_until or 'not stated'}"
            )
            yield from (f"  note: {remark}" for remark in remarks(rights))


def _said(found: Judged) -> str:
    if found.standing:
        return f"refused: {'; '.join(reason.what for reason in found.standing)}"
    if found.lifted and found.refused:
        return f"may be learned from, because {', '.join(sorted(set(found.lifted.values())))} answers for it"
    return "may be learned from"


def verify(project: Path, overrides: Sequence[str]) -> None:
    """Check the whole ledger and every signature. Raises `Mistake` that names the first entry that does not hold."""
    place = open_workplace(project, overrides)
    reading = place.ledger.read()
    good, bad = checked(reading.entries, place.project.approvers)
    kinds = Counter(entry.kind for entry in reading.entries)
    told = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    print_result(f"{len(reading.entries)} entries hold together{f' ({told})' if told else ''}: {place.ledger.path}")
    for note in reading.notes:
        print_result(f"note: {note}")
    if good:
        print_result(f"{len(good)} overrides are signed by: {', '.join(sorted({str(b['by']) for b in good}))}")
    if bad:
        raise Mistake("; ".join(bad), where=str(place.ledger.path), remedy="Ask who wrote them; they lift nothing")


def override_refusal(
    project: Path, overrides: Sequence[str], *, source: str, reason: str, by: str, key: Path | None
) -> None:
    """Write a signed override into the ledger: the refusals of a source as they stand, for a reason."""
    place = open_workplace(project, overrides)
    known = {found.subject.name: found for found in judged(place)}
    if source not in known:
        raise Mistake(f"no source {source!r}", where="--source", remedy=f"Use one of: {', '.join(known)}")
    found = known[source]
    if not found.standing:
        raise Mistake(f"{source} is not refused", where="--source", remedy="There is nothing to override")
    if not reason.strip():
        raise Mistake("an override needs a reason", where="--reason", remedy="Say why, without naming people")
    path = key or Path.home() / KEYS / f"{by}.key"
    body = override(source, found.subject.rights, found.standing, reason=reason, by=by, key=approver_key(path))
    pinned = place.project.approvers
    if pinned and pinned.get(by) != body["public_key"]:
        what = f"{by} does not sign with this key" if by in pinned else f"{by} is not among the project's approvers"
        remedy = f"Add the person to the project file: approvers: {{{by}: {body['public_key']}}}"
        raise Mistake(what, where="approvers", remedy=remedy)
    entry = place.ledger.append("override", body)
    print_result(f"entry {entry.sequence}: {by} answers for {source}: {'; '.join(r.what for r in found.standing)}")
    print_result(f"signed with {path}; public key {body['public_key']}")
    print_result("the signature proves that who holds this key approved these words, not who that is")


def export(project: Path, overrides: Sequence[str], *, form: str, out: Path | None) -> None:
    """Write the statements of the newest corpus, for catalogues (croissant) or for partners (dps)."""
    place = open_workplace(project, overrides)
    corpus = newest_corpus(place)
    leave_statements(place, corpus)
    wanted = {n: s for n, s in statements(place, corpus).items() if (n == CROISSANT) == (form == "croissant")}
    folder = out or place.store.root / "rights"
    write_statements(folder, wanted)
    for name in wanted:
        print_result(str(folder / name))


def newest_corpus(place: Workplace) -> Artifact:
    """The corpus that was gathered last. Raises `Mistake` where there is none."""
    newest = newest_of(place, [a for a in place.store.all() if a.kind == "corpus"])
    if newest is None:
        raise Mistake("no corpus yet", where=str(place.store.root), remedy="Run `dono prepare` first")
    return newest
