"""Croissant 1.0 with the RAI 1.0 extension (MLCommons): a gathered corpus as JSON-LD for catalogues and search.

Vocabulary as in docs.mlcommons.org/croissant and croissant-rai-spec.md of github.com/mlcommons/croissant.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from dono.artifacts import Artifact, Json
from dono.corpus.documents import NAME
from dono.project import Rights, Source

CONTEXT: dict[str, Json] = {
    "@language": "en", "@vocab": "https://schema.org/", "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/", "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/", "citeAs": "cr:citeAs", "column": "cr:column", "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"}, "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "equivalentProperty": "cr:equivalentProperty", "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract", "field": "cr:field",
    "fileProperty": "cr:fileProperty", "fileObject": "cr:fileObject", "fileSet": "cr:fileSet", "format": "cr:format",
    "includes": "cr:includes", "isLiveDataset": "cr:isLiveDataset", "jsonPath": "cr:jsonPath", "key": "cr:key",
    "md5": "cr:md5", "parentField": "cr:parentField", "path": "cr:path", "recordSet": "cr:recordSet",
    "references": "cr:references", "regex": "cr:regex", "repeated": "cr:repeated", "replace": "cr:replace",
    "samplingRate": "cr:samplingRate", "separator": "cr:separator", "source": "cr:source",
    "subField": "cr:subField", "transform": "cr:transform",
}  # fmt: skip
"""The context of the specification."""
CONFORMS = ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"]
TYPES = {"string": "sc:Text", "int64": "sc:Integer", "double": "sc:Float", "bool": "sc:Boolean"}
SPDX = "https://spdx.org/licenses/"
UNSTATED = "not stated"


def croissant(corpus: Artifact, sources: Sequence[Source], *, version: str = "1.0.0") -> dict[str, Json]:
    """The description of a sealed corpus: its file with the hash that it has now, its columns, what is known of it."""
    rights = {source.name: source.rights or Rights() for source in sources}
    licences = [r.licence or r.contract for r in rights.values()]
    issuers = list(dict.fromkeys(r.issuer for r in rights.values() if r.issuer)) or [UNSTATED]
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": list[Json](CONFORMS),
        "name": corpus.name,
        "description": f"The corpus of the project {corpus.name}, gathered from {', '.join(rights)}.",
        "license": list[Json]([_licence(found) for found in dict.fromkeys(licences)]),
        "url": f"urn:dono:corpus:{corpus.id}",
        "creator": [{"@type": "sc:Organization", "name": name} for name in issuers],
        "datePublished": str(corpus.made_by["when"])[:10],
        "version": version,
        "citeAs": f"{corpus.name}, corpus {corpus.id}",
        "inLanguage": list[Json](sorted(_counted(corpus.result, "languages"))),
        "distribution": [_file(corpus.path / NAME)],
        "recordSet": [_records(corpus.path / NAME)],
        **_responsible(corpus.result, rights),
    }


def _licence(stated: str | None) -> str:
    if stated is None:
        return UNSTATED
    return stated if " " in stated else SPDX + stated


def _file(path: Path) -> Json:
    with path.open("rb") as file:
        mark = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "@type": "cr:FileObject", "@id": path.name, "name": path.name, "contentUrl": path.name,
        "contentSize": f"{path.stat().st_size} B", "encodingFormat": "application/x-parquet", "sha256": mark,
    }  # fmt: skip


def _records(path: Path) -> Json:
    fields: list[Json] = []
    for column in pq.read_schema(path):
        at = {"fileObject": {"@id": path.name}, "extract": {"column": column.name}}
        kind = TYPES.get(str(column.type), "sc:Text")
        fields.append(
            {
                "@type": "cr:Field",
                "@id": f"documents/{column.name}",
                "name": column.name,
                "dataType": kind,
                "source": at,
            }
        )
    return {"@type": "cr:RecordSet", "@id": "documents", "name": "documents", "field": fields}


def _responsible(survey: Mapping[str, Json], rights: Mapping[str, Rights]) -> dict[str, Json]:
    """What the RAI extension asks: collection, protection, limits, use."""
    by_source = _counted(survey, "sources")
    left = {n: survey.get(n, 0) for n in ("duplicates", "contaminated", "rejects", "forgotten")}
    personal = [
        f"{name}: personal data {r.personal_data}, ground {r.ground}, children {r.children}, third persons "
        f"{r.third_persons}"
        for name, r in rights.items()
    ]
    found = {name: count for name, count in _mapping(survey, "found").items() if isinstance(count, int)}
    protection = [f"{name}: {count} found" for name, count in sorted(found.items())]
    uses = [f"{name}: {r.purpose or UNSTATED} (covers training: {r.covers_training})" for name, r in rights.items()]
    kept = [f"{name}: kept until {r.retain_until or UNSTATED}" for name, r in rights.items()]
    return {
        "rai:dataCollection": "; ".join(f"{name}: {by_source[name]} documents" for name in sorted(by_source)),
        "rai:dataCollectionRawData": "; ".join(f"{name}: {r.title or name}" for name, r in rights.items()),
        "rai:dataPreprocessingProtocol": [f"{name}: {count} left out" for name, count in left.items()],
        "rai:personalSensitiveInformation": list[Json]([*personal, *protection]),
        "rai:dataUseCases": list[Json](uses),
        "rai:dataReleaseMaintenancePlan": "; ".join([*kept, "people are taken out on request (`dono forget`)"]),
        "rai:dataLimitations": "Languages have the shares that were gathered, not those of their speakers.",
    }


def _mapping(survey: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    found = survey.get(name)
    return found if isinstance(found, Mapping) else {}


def _counted(survey: Mapping[str, Json], name: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for key, tally in _mapping(survey, name).items():
        assert isinstance(tally, Mapping)
        counts[key] = int(str(tally["documents"]))
    return counts
