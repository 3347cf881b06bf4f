"""What the page of a corpus shows, put together from the corpus, its tokenizer, the bases and the project."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from transformers import PreTrainedTokenizerBase

from dono.artifacts import Artifact
from dono.corpus import Sample, count_words, sample_languages, scripts_of
from dono.errors import Mistake
from dono.project import Source
from dono.stages.corpus_outlook import outlook
from dono.stages.corpus_stage import DECAY_SHARE
from dono.stages.gate import judged
from dono.stages.mixing import plan_mixture, repeated_too_often
from dono.stages.workplace import Workplace
from dono.studio.survey import Amount, CorpusSurvey, Example, LanguageLine, MixtureLine, Note, Reason, SourceLine
from dono.tokens import Part, encode_plain, load_tokenizer

OWN = "the corpus's own"
LEFT = {
    "duplicates": "duplicates", "contaminated": "held back for tests", "dropped": "dropped by cleaning",
    "rejects": "rows not read", "forgotten": "forgotten",
}  # fmt: skip
SCRIPTS_SHOWN, LEAST_SCRIPT = 3, 0.005
"""Scripts named for a language, and the share of the letters below which one is not."""
WORDS, MIXED = "words", "mixed words"
"""What the language step counts: measures, not findings."""
REJECTS_SHOWN = 3
MONTHS_SHOWN = 36


def corpus_survey(place: Workplace, corpus: Artifact, tokenizer: Artifact) -> CorpusSurvey:
    """The survey of a gathered corpus. Bases whose tokenizer is not on this machine are left out, with a warning."""
    found = cast(dict[str, Any], corpus.result)
    samples = sample_languages(corpus.path, found["languages"])
    tokenizers, warnings = _tokenizers(place, tokenizer)
    languages, per_byte = _languages(found, samples, tokenizers)
    tokens = _tokens_by_part(found["cells"], per_byte)
    months = _months(found["months"], per_byte)
    mixture, rule, often = _mixture(place, tokens)
    total = Amount(found["documents"], found["bytes"], sum(tokens.values()))
    left = tuple((what, int(found[name])) for name, what in LEFT.items())
    learned = 1 - found["heldout_bytes"] / max(1, found["bytes"])  # what is held out is read by no run
    latin = sum(x["bytes"] for code, x in found["languages"].items() if code.endswith("-Latn"))
    return CorpusSurvey(
        project=place.project.project,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        total=total,
        heldout_documents=found["heldout_documents"],
        read=max(1, total.documents + sum(count for _, count in left)),
        tokenizers=tuple(tokenizers),
        languages=languages,
        romanised=latin / max(1, total.bytes),
        regions=_regions(found["cells"], tokens),
        sources=tuple(_source(s, found["sources"][s.name], tokens) for s in place.project.corpus),
        months=months[-MONTHS_SHOWN:],
        outlook=outlook(place, learned * total.tokens, [(name, learned * count) for name, count in months]),
        left=left,
        dropped=_dropped(corpus.path, found["sources"]),
        rejected=_rejected(corpus.path),
        tested=tuple(found["contamination"].items()),
        found=tuple((name, n) for name, n in found["found"].items() if name not in (WORDS, MIXED)),
        mixture=mixture,
        mixture_rule=rule,
        notes=_notes(found["notes"]),
        warnings=(*warnings, *often, *(str(found.mistake()) for found in judged(place) if found.standing)),
    )


def _tokenizers(place: Workplace, own: Artifact) -> tuple[dict[str, PreTrainedTokenizerBase], list[str]]:
    tokenizers, warnings = {OWN: load_tokenizer(own.path)}, []
    for base in place.project.bases:
        if not isinstance(base, str):
            continue
        local = place.project.path(base)
        try:
            tokenizers[Path(base).name] = load_tokenizer(str(local) if local.is_dir() else base)
        except Mistake as mistake:
            warnings.append(f"The tokenizer of {base} could not be compared: {mistake.what}")
    return tokenizers, warnings


def _languages(
    found: Mapping[str, Any], samples: Mapping[str, Sample], tokenizers: Mapping[str, PreTrainedTokenizerBase]
) -> tuple[tuple[LanguageLine, ...], dict[str, float]]:
    """The lines of all languages, the largest first, and tokens of the corpus's own tokenizer for a byte of each."""
    per_byte: dict[str, float] = {}
    lines = []
    for code, counts in sorted(found["languages"].items(), key=lambda item: -item[1]["bytes"]):
        texts = samples[code].texts
        tokens = [sum(len(ids) for ids in encode_plain(t, texts)) for t in tokenizers.values()]
        size, words = sum(len(text.encode()) for text in texts), count_words(texts, code)
        per_byte[code] = (tokens[0] + len(texts)) / max(1, size)  # an EOS closes each document
        scripts, mixed = scripts_of(texts)
        counted = found["found_by_language"].get(code, {})
        lines.append(
            LanguageLine(
                language=code,
                amount=Amount(counts["documents"], counts["bytes"], counts["bytes"] * per_byte[code]),
                scripts=tuple((n, s) for n, s in list(scripts.items())[:SCRIPTS_SHOWN] if s >= LEAST_SCRIPT),
                mixed=counted.get(MIXED, 0) / counted[WORDS] if counted.get(WORDS) else None,
                scripts_mixed=mixed,
                words_cost=tuple(count / words if words else None for count in tokens),
                from_heldout=samples[code].from_heldout,
            )
        )
    return tuple(lines), per_byte


def _tokens_by_part(cells: Sequence[Mapping[str, Any]], per_byte: Mapping[str, float]) -> dict[Part, float]:
    return {Part(c["source"], c["language"], c["region"] or ""): c["bytes"] * per_byte[c["language"]] for c in cells}


def _regions(cells: Sequence[Mapping[str, Any]], tokens: Mapping[Part, float]) -> tuple[tuple[str, Amount], ...]:
    documents: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for cell in cells:
        if cell["region"]:
            documents[cell["region"]] += cell["documents"]
            sizes[cell["region"]] += cell["bytes"]
    by_region: defaultdict[str, float] = defaultdict(float)
    for part, count in tokens.items():
        by_region[part.region] += count
    return tuple((name, Amount(documents[name], sizes[name], by_region[name])) for name, _ in sizes.most_common())


def _source(source: Source, counts: Mapping[str, Any], tokens: Mapping[Part, float]) -> SourceLine:
    rights = source.rights
    said: list[str | None] = []
    if rights is not None:
        licence = None if rights.licence is None else f"licence {rights.licence}"
        until = None if rights.retain_until is None else f"until {rights.retain_until}"
        said = [rights.purpose, licence, rights.notice, until]
    return SourceLine(
        name=source.name,
        amount=Amount(
            counts["documents"], counts["bytes"], sum(n for part, n in tokens.items() if part.source == source.name)
        ),
        left=tuple((what, counts[name]) for name, what in LEFT.items()),
        read_as=", ".join(counts["formats"]),
        basis="" if rights is None or rights.ground == "unknown" else rights.ground.replace("_", " "),
        rights=" · ".join(part for part in said if part),
    )


def _months(found: Mapping[str, Mapping[str, int]], per_byte: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """Tokens by month, months without text between others included."""
    if not found:
        return ()
    names = sorted(found)
    (year, month), tokens = map(int, names[0].split("-")), []
    while (name := f"{year:04d}-{month:02d}") <= names[-1]:
        tokens.append((name, sum(count * per_byte[code] for code, count in found.get(name, {}).items())))
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return tuple(tokens)


def _dropped(folder: Path, sources: Mapping[str, Any]) -> tuple[Reason, ...]:
    """Reasons with their examples, the most frequent first."""
    examples: defaultdict[tuple[str, str], list[Example]] = defaultdict(list)
    for line in (folder / "drops.jsonl").read_text(encoding="utf8").splitlines():
        row = json.loads(line)
        place = f"{Path(row['file']).name}:{row['line']}"
        examples[row["source"], row["reason"]].append(Example(row["text"], row["language"] or "und", place))
    found = [
        Reason(reason, source, documents, size, tuple(examples[source, reason]))
        for source, counts in sources.items()
        for reason, (documents, size) in counts["drops"].items()
    ]
    return tuple(sorted(found, key=lambda reason: -reason.documents))


def _rejected(folder: Path) -> tuple[Reason, ...]:
    """Reasons with the first rows of each, the most frequent first."""
    counts: Counter[tuple[str, str]] = Counter()
    examples: defaultdict[tuple[str, str], list[Example]] = defaultdict(list)
    with (folder / "rejects.jsonl").open(encoding="utf8") as lines:
        for line in lines:
            row = json.loads(line)
            key = row["reason"], row["source"]
            counts[key] += 1
            if len(examples[key]) < REJECTS_SHOWN:
                examples[key].append(Example(row["beginning"], "und", f"{Path(row['file']).name}:{row['line']}"))
    return tuple(
        Reason(reason, source, count, None, tuple(examples[reason, source]))
        for (reason, source), count in counts.most_common()
    )


def _notes(found: Sequence[Mapping[str, str]]) -> tuple[Note, ...]:
    """What was noticed of files, once for each source."""
    files: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for row in found:
        files[row["note"], row["source"]].append(row["file"].rpartition("/")[2])
    return tuple(Note(note, source, names[0], len(names)) for (note, source), names in files.items())


def _mixture(place: Workplace, tokens: Mapping[Part, float]) -> tuple[tuple[MixtureLine, ...], str, list[str]]:
    """What a run as long as the corpus reads of each part, in words how it is shared out, and warnings."""
    mixture = place.project.mixture
    there = {part: round(count) for part, count in tokens.items() if round(count)}
    if mixture.plain or not there:
        return (), "Every source and language is read equally often: the project file states no mixture.", []
    total = sum(there.values())
    plan = plan_mixture(there, mixture, total - round(DECAY_SHARE * total), round(DECAY_SHARE * total))
    lines = tuple(
        MixtureLine(part.source, part.language, part.region, there[part], taken, taken / there[part])
        for part, taken in sorted(plan.taken.items())
    )
    rule = "The mixture of the project file, for a run that reads as many tokens as there are: temperature "
    rule += f"{mixture.temperature:g} over {mixture.over}s"
    rule += ", weights of its own while the rate decays." if mixture.decay else "."
    return lines, rule, repeated_too_often(there, plan)
