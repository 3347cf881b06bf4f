"""What the ledger says of sources and of steps: counts, ids and hashes; never a person's data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import regex

from dono import __version__
from dono.artifacts import Artifact, Json
from dono.project import Rights

FLOOR_DAYS = 365
"""Personal data, traffic data and logs are kept at least a year from their processing (Rule 8(3))."""
LANGUAGE = regex.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*|und")
LABEL_END = regex.compile(r"""['":(]|\d|\bamong\b""")
"""Where a reason begins to tell of the row: what comes before is one of few fixed sentences."""


def source_record(
    name: str, rights: Rights | None, files: Sequence[str], *, commercial: bool, today: date
) -> dict[str, Json]:
    """A source as it is learned from: its rights, the fingerprints of its files (their names may be people's).

    `keep_until` is the floor that is stated, else a year from `today` where there is personal data.
    """
    stated = None if rights is None else rights.model_dump(mode="json")
    floor = None if rights is None else rights.keep_until
    if floor is None and (rights is None or rights.ground != "not_personal"):
        floor = today + timedelta(days=FLOOR_DAYS)
    return {
        "source": name, "files": list(files), "rights": stated, "commercial": commercial,
        "keep_until": None if floor is None else floor.isoformat(),
    }  # fmt: skip


def same_source(old: Mapping[str, Json], new: Mapping[str, Json]) -> bool:
    """Whether two records of a source say the same, whatever day their floor was counted from."""
    return {**old, "keep_until": None} == {**new, "keep_until": None}


def gathered(corpus: Artifact, files: Mapping[str, Sequence[str]], mixture: Mapping[str, Json]) -> dict[str, Json]:
    """What went into a corpus and what was left out of it."""
    survey = corpus.result
    numbers = ("documents", "heldout_documents", "bytes", "duplicates", "contaminated", "rejects", "forgotten")
    return {
        **_step("gather", corpus),
        "sources": {name: list(marks) for name, marks in files.items()},
        "counts": {name: survey[name] for name in numbers if name in survey},
        "by_source": {name: _documents(part) for name, part in _mapping(survey, "sources").items()},
        "by_language": _languages(_mapping(survey, "languages")),
        "dropped": _reasons(_mapping(survey, "reject_reasons"), _mapping(survey, "drops")),
        "found": {name: count for name, count in _mapping(survey, "found").items() if isinstance(count, int)},
        "contamination": dict(_mapping(survey, "contamination")),
        "mixture": mixture,
    }


def made(step: str, artifact: Artifact, **hashes: str) -> dict[str, Json]:
    """What a later step made of it: a tokenizer, tokens, a model, with the hashes of its files."""
    return {**_step(step, artifact), "from": [f"{r.kind}/{r.id}" for r in artifact.made_from], "hashes": dict(hashes)}


def _step(step: str, artifact: Artifact) -> dict[str, Json]:
    return {"step": step, "artifact": f"{artifact.kind}/{artifact.id}", "code": __version__}


def _mapping(survey: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    found = survey.get(name)
    return found if isinstance(found, Mapping) else {}


def _documents(part: Json) -> Json:
    assert isinstance(part, Mapping)
    return {name: count for name, count in part.items() if isinstance(count, int)}


def _languages(languages: Mapping[str, Json]) -> dict[str, Json]:
    """Documents by language. A column of languages may hold anything: what is no code is counted as other."""
    counts: Counter[str] = Counter()
    for code, tally in languages.items():
        assert isinstance(tally, Mapping)
        counts[code if LANGUAGE.fullmatch(code) else "other"] += int(str(tally["documents"]))
    return dict(counts)


def _reasons(*counted: Mapping[str, Json]) -> dict[str, Json]:
    """Reasons by their fixed beginning: what follows names fields, and a field's name may be a person's number."""
    counts: Counter[str] = Counter()
    for reasons in counted:
        for reason, count in reasons.items():
            counts[LABEL_END.split(reason, maxsplit=1)[0].strip() or "other"] += int(str(count))
    return dict(counts)
