"""`dono init`: a commented project file from the files that lie in a folder, or the bundled sample."""

from __future__ import annotations

from collections.abc import Iterator
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
    print_result(f"wrote {target}: look at it, correct it, then run `dono decide {target}`")


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
    lines = [
        f"project: {_name(folder.resolve().name)}",
        "currency: INR",
        "",
        "# What a model may learn from. `decide`, `build` and `pretrain` ask for the rights of each source: say what",
        "# you know, leave unknown what you do not (docs/rights.md). ground: consent, legitimate_use, made_public,",
        "# research or not_personal; covers_training: does the purpose of notice, licence or contract cover it?",
        "corpus:",
        *(_corpus(folder, [f for f in files if f not in used])),
        "",
        "# What the model is for. `bar` is the value of the metric that is good enough for you.",
        "use_cases:",
        *(_use_cases(folder, pairs)),
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
    for file in files:
        relative = file.relative_to(folder)
        name = _name(str(relative.with_suffix("")).replace("/", "-"))
        schema = _schema(file)
        yield f"  - name: {name}"
        yield f"    kind: {kind_of(file)}"
        yield f"    path: {str(relative)!r}"
        if schema is not None:
            yield f"    schema: {schema}   # each row {load_schema(schema).about}"
        yield f"    rights: {UNKNOWN}"


def _schema(file: Path) -> str | None:
    """The ready-made schema that the columns of a table fit, if it is a table that can be read."""
    kind = kind_of(file)
    if kind not in TABLES:
        return None
    try:
        first = next(iter(SOURCES[kind](LocalFile(file), Source(name="found", path=str(file)))), None)
    except Mistake:  # it is said where the table is read
        return None
    return recognise_schema(first.fields) if isinstance(first, Row) else None


def _use_cases(folder: Path, pairs: dict[Path, Path]) -> Iterator[str]:
    if not pairs:
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
