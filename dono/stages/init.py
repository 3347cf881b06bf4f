"""`dono init`: a commented project file from the files that lie in a folder, or the bundled sample."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from dono.artifacts import write_atomically
from dono.corpus import KIND_OF_SUFFIX, SOURCES, LocalFile, Row, kind_of, load_schema, recognise_schema
from dono.corpus.sample import write_sample
from dono.errors import Mistake
from dono.project import Source
from dono.stages.display import print_result

MOST_FILES = 200
UNKNOWN = '{ground: unknown, purpose: "", covers_training: unknown, children: unknown}   # licence: CC-BY-4.0 …'
"""What is known of the rights in files that were found lying in a folder."""

SYNTHETIC = "{ground: not_personal, purpose: [train], licence: Apache-2.0}"
TABLES = ("csv", "parquet")
ROWS = 200
"""Rows of a table that are looked at."""
FEWEST = 20
"""Of fewer rows it is not said that a column has two values (assumed)."""


def command(folder: Path, *, sample: bool, scale: float) -> None:
    """Write the file and say what comes next."""
    if sample:
        report = write_sample(folder, scale=scale)
        kinds = len(report.frames)
        print_result(
            f"sample written to {folder}: {sum(report.rows.values()):,} rows in {len(report.rows)} files, "
            f"{sum(report.bytes.values()) / 1e6:.1f} MB, {kinds} languages"
        )
        print_result(f"rights: written by rules, about nobody: rights: {SYNTHETIC}")
        return
    target = folder / "dono.yaml"
    if target.exists():
        raise Mistake("there is a project file already", where=str(target), remedy="Edit it, or remove it first")
    if not folder.is_dir():
        raise Mistake("no such folder", where=str(folder), remedy="Give the folder that holds your data")
    write_atomically(target, project_text(folder))
    print_result(f"wrote {target}: look at it, correct it, then run `dono doctor {target}`")


def found_files(folder: Path) -> list[Path]:
    """Data files below the folder, hidden and work folders left out."""
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and _readable(p)]
    files = [p for p in files if not any(part.startswith((".", "work")) for part in p.relative_to(folder).parts)]
    return files[:MOST_FILES]


def _readable(path: Path) -> bool:
    return any(suffix in KIND_OF_SUFFIX for suffix in path.suffixes)


def project_text(folder: Path) -> str:
    """The project file as text: pairs of train and test files become use cases, all else corpus."""
    files = found_files(folder)
    pairs = {
        f.parent: f
        for f in files
        if f.stem == "train" and any(t.stem == "test" and t.parent == f.parent for t in files)
    }
    used = {f for f in files if f.parent in pairs and f.stem in ("train", "test")}
    tables = {f: t for f in files if f not in used and (t := _target(f)) is not None}
    lines = [
        f"project: {_name(folder.resolve().name)}",
        "currency: INR",
        "",
        "# What a model may learn from. `decide`, `build` and `pretrain` ask for the rights of each source: say what",
        "# you know, leave unknown what you do not (docs/rights.md). ground: consent, legitimate_use, made_public,",
        "# research or not_personal; covers_training: does the purpose of notice, licence or contract cover it?",
        "corpus:",
        *(_corpus(folder, [f for f in files if f not in used and f not in tables])),
        "",
        "# What the model is for. `bar` is the value of the metric that is good enough for you.",
        "use_cases:",
        *(_use_cases(folder, pairs, tables)),
        *(_predictions(folder, tables)),
        "",
        "# Models to start from: Hugging Face directories or hub names. None: only scratch and predictive are tried.",
        "bases: []",
        "routes: all",
        "",
        "# The cap of the full run; pilots may spend pilot_share of it.",
        "budget: {hours: 24, pilot_share: 0.05}",
        "machine: {gpu: this, price_per_hour: 0}   # or e.g. {gpu: H100-80GB, count: 8, price_per_hour: 215}",
        "# serving: {requests_per_day: 100_000, tokens_in: 400, tokens_out: 150, months: 12}",
        "",
        "# What you want (quality, bar or monthly), what may not be broken, and what people cost beside the machines.",
        "goal: quality",
        "# constraints: {latency_ms: 800, gigabytes: 8, country: IN, base_licences: [MIT], deadline: 2027-03-31}",
        "# overheads: {engineer_per_hour: 1_500, rater_per_hour: 180, engineer_hours: {scratch: 160, finetune: 40}}",
    ]
    return "\n".join(lines) + "\n"


def _name(text: str) -> str:
    cleaned = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in text).strip("-_")
    return cleaned or "project"


def _corpus(folder: Path, files: list[Path]) -> Iterator[str]:
    if not files:
        yield "  []"
    for parts in _sources(files):
        file = parts[0]
        relative = file.relative_to(folder)
        if len(parts) > 1:
            relative = relative.with_name(_numbered(file) + "*" + "".join(file.suffixes))
        name = _name(str(relative.parent / relative.name.split(".")[0].rstrip("*")).replace("/", "-"))
        schema = _schema(file)
        yield f"  - name: {name}"
        yield f"    kind: {kind_of(file)}"
        yield f"    path: {str(relative)!r}"
        if schema is not None:
            yield f"    schema: {schema}   # each row {load_schema(schema).about}"
        yield f"    rights: {UNKNOWN}"


def _numbered(file: Path) -> str:
    """The name up to its first digit, by which parts of one export are known."""
    return re.split(r"\d", file.name.split(".")[0], maxsplit=1)[0]


def _sources(files: list[Path]) -> list[list[Path]]:
    """Files that differ by the numbers in their names alone are one source; any other file is one by itself."""
    found: dict[tuple[Path, str, str], list[Path]] = {}
    for file in files:
        found.setdefault((file.parent, re.sub(r"\d+", "", file.name), _numbered(file)), []).append(file)
    return list(found.values())


def _first_rows(file: Path) -> list[Row]:
    """The first rows of a table; none where it cannot be read, which is said where it is learned from."""
    try:
        rows = SOURCES[kind_of(file)](LocalFile(file), Source(name="found", path=str(file)))
        return [row for row in islice(rows, ROWS) if isinstance(row, Row)]
    except Mistake:
        return []


def _target(file: Path) -> str | None:
    """The column of a table that somebody may want foretold: the last of two values, where no column holds texts."""
    if kind_of(file) not in TABLES or _schema(file) is not None:
        return None
    rows = _first_rows(file)
    if len(rows) < FEWEST or "text" in rows[0].fields:
        return None
    values = {name: {str(row.fields.get(name) or "").strip() for row in rows} - {""} for name in rows[0].fields}
    return next((str(name) for name in reversed(values) if len(values[name]) == 2), None)


def _predictions(folder: Path, tables: dict[Path, str]) -> Iterator[str]:
    for file, target in tables.items():
        yield (
            f"  - {{name: {_name(file.stem)}, kind: predict, train: {str(file.relative_to(folder))!r}, "
            f"target: {target!r}}}  # guessed: it has two values"
        )


def _schema(file: Path) -> str | None:
    """The ready-made schema that the columns of a table fit, if it is a table that can be read."""
    rows = _first_rows(file) if kind_of(file) in TABLES else []
    return recognise_schema(rows[0].fields) if rows else None


def _use_cases(folder: Path, pairs: dict[Path, Path], tables: dict[Path, str]) -> Iterator[str]:
    if not pairs and not tables:
        yield "  - {name: language, kind: language}   # bits per byte on held-out text"
    for place, train in pairs.items():
        test = next(p for p in sorted(place.iterdir()) if p.stem == "test" and _readable(p))
        with train.open(encoding="utf8", errors="replace") as lines:
            first = next(lines, "")
        kind = "classify" if '"label"' in first else "generate"
        yield (
            f"  - {{name: {_name(place.name)}, kind: {kind}, train: {str(train.relative_to(folder))!r}, "
            f"test: {str(test.relative_to(folder))!r}}}  # metric, bar"
        )
