"""`dono init`: a commented project file from the files that lie in a folder, or the bundled sample."""

from __future__ import annotations

import glob
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import yaml

from dono.artifacts import write_atomically
from dono.corpus import (
    KIND_OF_SUFFIX,
    SOURCES,
    LocalFile,
    Row,
    kind_of,
    load_schema,
    recognise_schema,
    source_parts,
    suffix_of,
)
from dono.corpus.sample import write_sample
from dono.errors import Mistake
from dono.project import Source
from dono.stages.display import print_result

WORK = "work"
"""Where Dono keeps what it makes: nothing of it is data."""
MOST_SOURCES = 200
"""Sources that are written out; how many files are in none of them is said."""
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
    """Data files below the folder, hidden and work folders left out. Raises `Mistake` for one that cannot be named."""
    files = [p for p in sorted(folder.rglob("*")) if _readable(p) and p.is_file()]
    files = [p for p in files if not any(q.startswith(".") or q == WORK for q in p.relative_to(folder).parts)]
    return [LocalFile(p).path for p in files]


def _readable(path: Path) -> bool:
    return suffix_of(path.name) in KIND_OF_SUFFIX


def project_text(folder: Path) -> str:
    """The project file as text: pairs of train and test files become use cases, all else corpus."""
    files = found_files(folder)
    pairs = _pairs(files)
    used = {f for pair in pairs for f in pair}
    tables = {f: t for f in files if f not in used and (t := _target(f)) is not None}
    lines = [
        f"project: {_plain(_name(folder.resolve().name) or 'project')}",
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


def _pairs(files: Sequence[Path]) -> list[tuple[Path, Path]]:
    """Train and test files of the same folder, those of the same kind of file together first."""
    pairs, tests = list[tuple[Path, Path]](), [f for f in files if f.stem == "test"]
    trains = [f for f in files if f.stem == "train"]
    for alike in (True, False):
        for train in [t for t in trains if t not in {paired for paired, _ in pairs}]:
            test = next(
                (t for t in tests if t.parent == train.parent and (t.suffix == train.suffix or not alike)), None
            )
            if test is not None:
                tests.remove(test)
                pairs.append((train, test))
    return pairs


def _name(text: str) -> str:
    """What a name may hold of a text: nothing of one in other letters than Latin ones."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in text).strip("-_")


def _own(name: str, kind: str, taken: dict[str, str]) -> str:
    """A name that no other of those `taken` (each with its kind) has: with its kind, or a number, where it must be."""
    name = name or kind
    if taken.get(name, kind) != kind:
        name = f"{name}-{kind}"
    own = next(n for n in (name, *(f"{name}-{k}" for k in range(2, len(taken) + 3))) if n not in taken)
    taken[own] = kind
    return own


def _plain(name: str) -> str:
    """A name as YAML reads it back: 2023 and true are in quotation marks."""
    return yaml.safe_dump(name).partition("\n")[0]


def _quoted(text: str) -> str:
    """A text in double quotation marks as YAML reads it back, whatever characters a file name holds."""
    return yaml.safe_dump(text, default_style='"', allow_unicode=True, width=sys.maxsize).rstrip("\n")


def _corpus(folder: Path, files: list[Path]) -> Iterator[str]:
    if not files:
        yield "  []"
    taken: dict[str, str] = {}
    sources = [source for group in _groups(files) for source in _sources(folder, group)]
    for path, parts in sources[:MOST_SOURCES]:
        file, kind = parts[0], kind_of(parts[0])
        stem = _numbered(file) if len(parts) > 1 else file.name.split(".")[0]
        name = _own(_name(str(file.relative_to(folder).with_name(stem or "-")).replace("/", "-")), kind, taken)
        schema = _schema(file)
        yield f"  - name: {_plain(name)}"
        yield f"    kind: {kind}"
        yield f"    path: {_quoted(path)}"
        if schema is not None:
            yield f"    schema: {schema}   # each row {load_schema(schema).about}"
        yield f"    rights: {UNKNOWN}"
    if left := sum(len(parts) for _, parts in sources[MOST_SOURCES:]):
        yield f"  # {left:,} more files are in no source yet; a folder or a pattern like books/*.txt reads many"


def _numbered(file: Path) -> str:
    """The name up to its first digit, by which parts of one export are known."""
    return re.split(r"\d", file.name.split(".")[0], maxsplit=1)[0]


def _groups(files: Iterable[Path]) -> list[list[Path]]:
    """Files that differ by the numbers in their names alone; any other file is one by itself."""
    found: dict[tuple[Path, str, str], list[Path]] = {}
    for file in files:
        found.setdefault((file.parent, re.sub(r"\d+", "", file.name), _numbered(file)), []).append(file)
    return list(found.values())


def _sources(folder: Path, parts: list[Path]) -> Iterator[tuple[str, list[Path]]]:
    """A pattern that reads just these parts, with them; where there is none the path of each, with it."""
    if len(parts) > 1:
        inside = Path(glob.escape(str(parts[0].parent.relative_to(folder))))
        for pattern in _patterns(parts):
            if _read(Path(glob.escape(str(folder))) / inside / pattern) == {os.path.realpath(p) for p in parts}:
                yield str(inside / pattern), parts
                return
    for part in parts:
        yield str(part.relative_to(folder)), [part]


def _patterns(parts: list[Path]) -> Iterator[str]:
    """Patterns that may name these parts: by what they begin and end with, and by how many digits they have where."""
    if _numbered(parts[0]):
        yield glob.escape(_numbered(parts[0])) + "*" + glob.escape("".join(parts[0].suffixes))
    runs = [re.split(r"(\d+)", part.name) for part in parts]  # digits are every second one
    if len({len(run) for run in runs}) == 1:
        yield "".join(
            _digits(set(here)) if n % 2 else glob.escape(here[0]) for n, here in enumerate(zip(*runs, strict=True))
        )


def _digits(found: set[str]) -> str:
    """A pattern of some numbers: the same one, so many digits, or some digits."""
    sizes = {len(digits) for digits in found}
    if len(found) == 1:
        return min(found)
    return "[0-9]" * min(sizes) if len(sizes) == 1 else "[0-9]*"


def _read(pattern: Path) -> set[str]:
    """The files that a pattern reads as a source."""
    try:
        return {os.path.realpath(part.name) for part in source_parts(Source(name="found", path=str(pattern)))}
    except Mistake:
        return set()


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


def _predictions(folder: Path, tables: dict[Path, str], taken: dict[str, str]) -> Iterator[str]:
    for file, target in tables.items():
        yield (
            f"  - {{name: {_plain(_own(_name(file.stem), 'predict', taken))}, kind: predict, "
            f"train: {_quoted(str(file.relative_to(folder)))}, target: {_quoted(target)}}}"
            "  # guessed: it has two values"
        )


def _schema(file: Path) -> str | None:
    """The ready-made schema that the columns of a table fit, if it is a table that can be read."""
    rows = _first_rows(file) if kind_of(file) in TABLES else []
    return recognise_schema(rows[0].fields) if rows else None


def _use_cases(folder: Path, pairs: Sequence[tuple[Path, Path]], tables: dict[Path, str]) -> Iterator[str]:
    if not pairs and not tables:
        yield "  - {name: language, kind: language}   # bits per byte on held-out text"
    taken: dict[str, str] = {}
    for train, test in pairs:
        with train.open(encoding="utf8", errors="replace") as lines:
            first = next(lines, "")
        kind = "classify" if '"label"' in first else "generate"
        yield (
            f"  - {{name: {_plain(_own(_name(train.parent.name), kind, taken))}, kind: {kind}, "
            f"train: {_quoted(str(train.relative_to(folder)))}, test: {_quoted(str(test.relative_to(folder)))}}}"
            "  # metric, bar"
        )
    yield from _predictions(folder, tables, taken)
