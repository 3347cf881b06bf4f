"""`dono tokenizer`: train one on a project's corpus, extend a base's, compare several, export one."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from dono.artifacts import Artifact
from dono.costs import Machine, Shape, machine_named
from dono.errors import Mistake
from dono.models import load_model, shape_of
from dono.stages.contenders import load_base
from dono.stages.display import print_result
from dono.stages.prepare import prepare
from dono.stages.vocabularies import extended_tokenizer, own_tokenizer
from dono.stages.workplace import Workplace, open_workplace
from dono.tokens import Compared, compare_tokenizers, load_tokenizer, write_gguf


def train(project: Path, overrides: Sequence[str], *, kind: str | None, vocabulary: int | None, out: Path) -> None:
    """Learn the corpus's own tokenizer, and copy its folder to `out`."""
    extra = [] if kind is None else [f"tokenizer.kind={kind}"]
    extra += [] if vocabulary is None else [f"scratch.vocabulary={vocabulary}"]
    place = open_workplace(project, [*overrides, *extra])
    with place.alone():
        made = own_tokenizer(place, _corpus(place))
    _written(made, out)


def extend(project: Path, overrides: Sequence[str], *, base: str, added: int | None, out: Path) -> None:
    """Extend a base's tokenizer on the corpus, and copy its folder to `out`."""
    extra = [] if added is None else [f"tokenizer.added={added}"]
    place = open_workplace(project, [*overrides, *extra])
    with place.alone():
        found = load_base(place, base)
        made = extended_tokenizer(place, _corpus(place), found.source, found.reference)
    floor = float(str(made.result["pieces_a_word"]))
    if floor > 1.05:
        print_result(
            f"the base's pattern cuts a word of this corpus into {floor:.2f} pieces before any merge: no vocabulary, "
            "however large, needs fewer tokens"
        )
    _written(made, out)


def export(folder: Path, out: Path) -> None:
    """Write a GGUF file of the vocabulary. Raises `Mistake` where llama.cpp would cut texts otherwise."""
    name = write_gguf(load_tokenizer(folder), out)
    print_result(f"{out}: read by llama.cpp with its pre-tokenizer {name}")


def compare(
    tokenizers: Sequence[str], text: Path, *, parallel: Path | None, context: int, model: str | None, gpu: str
) -> None:
    """Print a table for each language: what each tokenizer makes of its text, and what that costs."""
    texts = {name: _lines(files) for name, files in _by_language(text, "", "txt").items()}
    if not texts:
        raise Mistake("there is no text to compare on", where=str(text), remedy="Give a folder of LANG/*.txt")
    pairs = {} if parallel is None else {
        name: [pair for line in _lines(files) if (pair := _pair(line))]
        for name, files in _by_language(parallel, "en-", "tsv").items()
    }  # fmt: skip
    loaded = {_name(folder, tokenizers): load_tokenizer(folder) for folder in tokenizers}
    rows = compare_tokenizers(loaded, texts, parallel=pairs)
    shape = None if model is None else shape_of(load_model(model)).counted
    machine = machine_named(gpu)
    for language in texts:
        print_result(_table(language, [row for row in rows if row.language == language], context, shape, machine))


def _corpus(place: Workplace) -> Artifact:
    corpus = prepare(place).corpus
    if corpus is None:
        raise Mistake("there is nothing to learn from", where="corpus", remedy="Name at least one source")
    return corpus


def _written(made: Artifact, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for file in made.path.glob("*.json"):
        if file.name != "artifact.json":
            shutil.copyfile(file, out / file.name)
    sizes = made.result["sample_bytes"]
    assert isinstance(sizes, dict)
    told = ", ".join(f"{language} {float(str(size)) / 1e6:.2f} MB" for language, size in sizes.items())
    print_result(f"tokenizer: {out}\nlearned from {told}")
    print_result(f"held-out texts among what it learned from: {made.result['heldout_texts_in_sample']}")


def _by_language(folder: Path, prefix: str, ending: str) -> dict[str, list[Path]]:
    """The files of each language: PREFIXlang.ENDING, or PREFIXlang/*.ENDING."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.glob(f"{prefix}*")):
        files = sorted(path.glob(f"*.{ending}")) if path.is_dir() else [path] if path.suffix == f".{ending}" else []
        if files:
            found[path.name.removeprefix(prefix).removesuffix(f".{ending}")] = files
    return found


def _lines(files: Sequence[Path]) -> list[str]:
    return [line for file in files for line in file.read_text(encoding="utf8").splitlines() if line.strip()]


def _pair(line: str) -> tuple[str, str] | None:
    english, _, other = line.partition("\t")
    return (english, other) if english.strip() and other.strip() else None


def _name(folder: str, among: Sequence[str]) -> str:
    """A folder's own name, or its whole path where two share it."""
    name = Path(folder).name
    return name if [Path(one).name for one in among].count(name) == 1 else folder


def _table(language: str, rows: Sequence[Compared], context: int, shape: Shape | None, machine: Machine) -> str:
    """Rows are tokenizers. The price is that of a million words, read and written half and half."""
    head = f"{language:24s} tokens/word  bytes/token  one-token words  broken letters  parity  words in {context}"
    lines = [head + ("" if shape is None else f"  {machine.currency} a million words")]
    for row in rows:
        counts = row.counts
        alike = "–" if row.parity is None else f"{row.parity:.2f}"
        line = f"  {row.tokenizer[:22]:22s} {counts.tokens_per_word:11.3f} {counts.bytes_per_token:12.2f}"
        line += f" {counts.single_words:16.1%} {counts.violations:15.2%} {alike:>7s} {row.words_in(context):14,}"
        if shape is not None:
            price = row.price(shape, machine)
            line += f"  {price.mid:.3g} ({price.lo:.3g}–{price.hi:.3g})"
        lines.append(line)
    return "\n".join(lines)
