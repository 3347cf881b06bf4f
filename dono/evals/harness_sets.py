"""Public test sets from local files, recognised by their fields, as tasks of lm-evaluation-harness.

Multiple choice as MILU has it, and IndicGenBench's translation, summaries and questions; parallel text as IN22, FLORES
and NTREX have it: lines that belong together, asked both ways.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import regex

from dono.corpus import Reject
from dono.corpus.sources import rows_of_file
from dono.corpus.tags import language_name, language_tag
from dono.errors import Mistake

Doc = dict[str, Any]
ALIGNED = regex.compile(r"(?<![A-Za-z])([a-z]{3}_[A-Z][a-z]{3})(?![A-Za-z])")
"""The code in the name of a file of parallel text: `hin_Deva.devtest`, `test.hin_Deva`."""
PAIR = regex.compile(r"([a-z]{2,3})-([a-z]{2,3}(?:-[A-Z][a-z]{3})?)")
"""The name of a table of pairs, or of its folder: `en-hi`."""
OPTION = regex.compile(r"option_?([1-9a-e])", regex.I)
LETTERS = "ABCDE"


@dataclass(frozen=True)
class SetTask:
    """One task on one language: its name, its documents, how the harness asks and scores them."""

    name: str
    language: str
    docs: tuple[Doc, ...]
    settings: Mapping[str, Any]


def _mean(metric: str) -> Doc:
    return {"metric": metric, "aggregation": "mean", "higher_is_better": True}


def _corpus_score(metric: str) -> Doc:
    return {"metric": metric, "aggregation": metric, "higher_is_better": True}


def _written(prompt: str, room: int, metrics: list[Doc]) -> dict[str, Any]:
    return {
        "output_type": "generate_until", "doc_to_text": prompt, "doc_to_target": "{{answer}}",
        "generation_kwargs": {"until": ["\n"], "max_gen_toks": room, "do_sample": False}, "metric_list": metrics,
    }  # fmt: skip


CHRF = [_corpus_score("chrf++"), _corpus_score("chrf")]
FORMS: dict[str, dict[str, Any]] = {
    "choice": {
        "output_type": "multiple_choice", "doc_to_text": "{{prompt}}\nAnswer:", "doc_to_choice": "{{choices}}",
        "doc_to_target": "{{right}}", "metric_list": [_mean("acc")],
    },
    "translation": _written("{{of}}: {{prompt}}\n{{into}}:", 192, CHRF),
    "summary": _written("{{prompt}}\nSummary:", 128, CHRF),
    "question": _written(
        "{{prompt}}\nAnswer:", 48, [_mean("exact_match"), *CHRF],
    ),
}  # fmt: skip
"""How a set of each form is asked, and by what it is scored."""


def _choice(fields: Mapping[str, object]) -> Doc | None:
    """MILU: `question`, `option1` …, `target` (`option2`); also `choices` with `answer` as a place, letter or text."""
    question, listed = fields.get("question"), fields.get("choices")
    named = {k: str(v) for k, v in sorted(fields.items()) if OPTION.fullmatch(k) and v is not None}
    options = [str(o) for o in listed] if isinstance(listed, list) else list(named.values())
    target = fields.get("target", fields.get("answer"))
    if not isinstance(question, str) or not 2 <= len(options) <= len(LETTERS) or target is None:
        return None
    right = _place(str(target).strip(), list(named), options)
    if right is None:
        return None
    lines = [f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False)]
    return {"prompt": "\n".join([question, *lines]), "choices": list(LETTERS[: len(options)]), "right": right,
            "answer": LETTERS[right]}  # fmt: skip


def _place(target: str, names: list[str], options: list[str]) -> int | None:
    if target in names:
        return names.index(target)
    if target in options:
        return options.index(target)
    if len(target) == 1 and target.upper() in LETTERS[: len(options)]:
        return LETTERS.index(target.upper())
    return int(target) if target.isdecimal() and int(target) < len(options) else None


def _translation(fields: Mapping[str, object]) -> Doc | None:
    """IndicGenBench's FLORES-IN: `source`, `target`, and the languages of both or `lang` with a direction."""
    source, target = fields.get("source"), fields.get("target")
    if not isinstance(source, str) or not isinstance(target, str):
        return None
    lang, way = str(fields.get("lang", fields.get("language", ""))), str(fields.get("translation_direction", "enxx"))
    of = str(fields.get("source_language", lang if way == "xxen" else "en"))
    into = str(fields.get("target_language", "en" if way == "xxen" else lang))
    tags = language_tag(of), language_tag(into)
    return None if None in tags else _pair_doc(source, target, str(tags[0]), str(tags[1]))


def _summary(fields: Mapping[str, object]) -> Doc | None:
    text, summary = fields.get("text"), fields.get("summary")
    return {"prompt": text, "answer": summary} if isinstance(text, str) and isinstance(summary, str) else None


def _question(fields: Mapping[str, object]) -> Doc | None:
    """XQuAD-IN and XorQA-IN: `context`, `question`, `answers` (the first counts)."""
    context, question, answers = fields.get("context"), fields.get("question"), fields.get("answers")
    if isinstance(answers, Mapping):
        answers = answers.get("text")
    first = answers[0] if isinstance(answers, list) and answers else answers
    text = first.get("text") if isinstance(first, Mapping) else first
    if not isinstance(context, str) or not isinstance(question, str) or not isinstance(text, str):
        return None
    return {"prompt": f"{context}\nQuestion: {question}", "answer": text}


RECOGNISED: dict[str, Callable[[Mapping[str, object]], Doc | None]] = {
    "choice": _choice, "translation": _translation, "summary": _summary, "question": _question,
}  # fmt: skip


def read_set(path: Path, *, where: str) -> list[SetTask]:
    """The tasks of a file or folder, one for each language (parallel text: each direction).

    Raises `Mistake` where nothing is recognised, or a language is not known.
    """
    parallel = _parallel(path)
    if parallel:
        return parallel
    if path.is_dir():
        remedy = "Give files like hin_Deva.devtest beside eng_Latn.devtest, or en-hi.tsv"
        raise Mistake("no parallel text in the folder", where=where, remedy=remedy)
    found: dict[tuple[str, str], list[Doc]] = {}
    unread = 0
    for fields in _rows(path):
        form, doc = next(((n, d) for n, read in RECOGNISED.items() if (d := read(fields)) is not None), ("", None))
        if doc is None:
            unread += 1
            continue
        language = str(doc.get("language") or _language(fields, where))
        found.setdefault((form, str(doc.get("way") or language)), []).append(doc | {"language": language})
    if not found:
        remedy = (
            "Rows have question, option1 …, target; source, target, lang; text, summary; or context, question, answers"
        )
        raise Mistake(f"none of {unread:,} rows is recognised", where=where, remedy=remedy)
    return [
        SetTask(f"{form}-{name}", str(docs[0]["language"]), tuple(docs), FORMS[form])
        for (form, name), docs in sorted(found.items())
    ]


def _rows(path: Path) -> Iterator[Mapping[str, object]]:
    """Rows of a file of any kind that examples may have, or of a JSON document that is a list or holds `examples`."""
    if path.suffix == ".json":
        try:
            whole = json.loads(path.read_text(encoding="utf8"))
        except ValueError:  # JSON lines under another name
            whole = None
        listed = whole.get("examples", whole.get("data")) if isinstance(whole, dict) else whole
        if isinstance(listed, list):
            yield from (row for row in listed if isinstance(row, dict))
            return
    for row in rows_of_file(path, lambda fields: fields):
        if not isinstance(row, Reject):
            yield row


def _language(fields: Mapping[str, object], where: str) -> str:
    stated = str(fields.get("lang") or fields.get("language") or "und")
    tag = "und" if stated == "und" else language_tag(stated)
    if tag is None:
        remedy = "Use a code of ISO 639 or the English name"
        raise Mistake(f"no language is called {stated!r}", where=where, remedy=remedy)
    return tag


def _parallel(path: Path) -> list[SetTask]:
    """Tables of pairs (`en-hi.tsv`, `en-hi/*.tsv`), or files that are aligned line by line, in both directions."""
    tables = sorted(path.rglob("*.tsv")) if path.is_dir() else [path] if path.suffix == ".tsv" else []
    pairs: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for table in tables:
        named = PAIR.search(table.stem) or PAIR.search(table.parent.name)
        if named is not None:
            rows = (line.split("\t") for line in _lines(table))
            pairs.setdefault((named[1], named[2]), []).extend((r[0], r[1]) for r in rows if len(r) >= 2)
    if not tables and path.is_dir():
        pairs = _aligned(path)
    return _both_ways({pair: rows for pair, rows in pairs.items() if rows})


def _aligned(folder: Path) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Raises `Mistake` where two files that belong together differ in length."""
    files: dict[tuple[Path, str], dict[str, Path]] = {}
    for file in sorted(folder.rglob("*")):
        named = ALIGNED.search(file.name) if file.is_file() else None
        if named is not None:
            files.setdefault((file.parent, file.name.replace(named[1], "")), {})[named[1]] = file
    pairs: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for group in files.values():
        english = group.pop("eng_Latn", None)
        for code, file in group.items() if english is not None else ():
            assert english is not None
            mine, theirs = _lines(english), _lines(file)
            if len(mine) != len(theirs):
                what = f"{file.name} has {len(theirs):,} lines, {english.name} has {len(mine):,}"
                raise Mistake(what, where=str(folder), remedy="Give files whose lines belong together")
            tag = language_tag(code)
            if tag is None:
                raise Mistake(f"no language has the code {code!r}", where=str(file), remedy="Correct the file's name")
            pairs.setdefault(("en", tag), []).extend(zip(mine, theirs, strict=True))
    return pairs


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf8").removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise Mistake(f"not UTF-8 (byte {error.start})", where=str(file), remedy="Save the file as UTF-8") from error


def _both_ways(pairs: Mapping[tuple[str, str], Iterable[tuple[str, str]]]) -> list[SetTask]:
    tasks = []
    for (a, b), rows in sorted(pairs.items()):
        kept = [(x.strip(), y.strip()) for x, y in rows if x.strip() and y.strip()]
        for of, into, texts in ((a, b, kept), (b, a, [(y, x) for x, y in kept])):
            docs = tuple(_pair_doc(x, y, of, into) for x, y in texts)
            tasks.append(SetTask(f"translation-{of}-{into}", into, docs, FORMS["translation"]))
    return tasks


def _pair_doc(source: str, target: str, of: str, into: str) -> Doc:
    """The language of a translation is the one that is written: `way` keeps both."""
    return {"prompt": source, "answer": target, "of": language_name(of), "into": language_name(into), "language": into,
            "way": f"{of}-{into}"}  # fmt: skip


def first_and_rest(docs: Sequence[Doc], shots: int) -> tuple[list[Doc], list[Doc]]:
    """The documents that are shown solved, and those that are asked."""
    return list(docs[:shots]), list(docs[shots:])
