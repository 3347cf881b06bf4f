"""The gate before every command that learns: a source whose rights do not allow it stops the command, a line each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from dono.artifacts import Artifact, Json, read_artifact
from dono.corpus.rights import Ledger, Refusal, Subject, Terms, checked, lifted, refusals, subjects
from dono.errors import Mistake, Mistakes
from dono.project import Rights
from dono.stages.workplace import RIGHTS, Workplace


@dataclass(frozen=True)
class Judged:
    """A source, every reason to refuse it, and which rules a signed override lifts (rule and who signed)."""

    subject: Subject
    refused: tuple[Refusal, ...]
    lifted: dict[str, str]

    @property
    def standing(self) -> list[Refusal]:
        """The reasons that no override lifts."""
        return [reason for reason in self.refused if reason.rule not in self.lifted]

    def mistake(self) -> Mistake:
        """The reasons as one line, with what to do."""
        what = "; ".join(reason.what for reason in self.standing)
        remedy = ". ".join(reason.remedy for reason in self.standing)
        return Mistake(
            what,
            where=self.subject.where,
            remedy=f"{remedy}. Or let an approver answer for it: dono rights override --source {self.subject.name}",
        )


def judged(place: Workplace, today: date | None = None) -> list[Judged]:
    """Everything that the project learns from, held against the rules."""
    terms = Terms(today or date.today(), place.project.commercial)
    good, _ = checked(place.ledger.entries(), place.project.approvers)
    return [
        Judged(s, tuple(refusals(s.rights, terms)), lifted(good, s.name, s.rights)) for s in subjects(place.project)
    ]


def check_rights(place: Workplace) -> None:
    """Raises `Mistakes`, a line for each source that may not be learned from."""
    _stop([found for found in judged(place) if found.standing])


def check_files(files: Sequence[Path]) -> None:
    """The same for files that lie in a gathered corpus: its sources as its ledger has them. Raises `Mistakes`."""
    found = []
    for folder in sorted({file.resolve().parent for file in files}):
        corpus = read_artifact(folder)
        if corpus is None or corpus.kind != "corpus":
            continue
        ledger = Ledger(folder.parents[1] / RIGHTS)
        stated = {str(e.body["source"]): e.body for e in ledger.of_kind("source")}
        good, _ = checked(ledger.entries(), {})
        for name in (str(source["name"]) for source in sources_of(corpus)):
            body = stated.get(name, {"rights": None, "commercial": True})
            rights = None if body["rights"] is None else Rights.model_validate(body["rights"])
            subject = Subject(name, f"{folder.name}: source {name}", rights)
            refused = tuple(refusals(rights, Terms(date.today(), bool(body["commercial"]))))
            found.append(Judged(subject, refused, lifted(good, name, rights)))
    _stop([one for one in found if one.standing])


def sources_of(corpus: Artifact) -> list[Mapping[str, Json]]:
    """The sources of a gathered corpus, as its record has them."""
    found = corpus.spec["sources"]
    assert isinstance(found, list)
    return [source for source in found if isinstance(source, Mapping)]


def _stop(refused: Sequence[Judged]) -> None:
    if refused:
        raise Mistakes([one.mistake() for one in refused])
