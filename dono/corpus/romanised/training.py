"""Makes the model of romanised words: `python -m dono.corpus.romanised.training --help`.

What it learns from, all of it free to ship: the words and sentences in `words/` and the sample's texts (ours), the
names of emoji in many languages (Unicode CLDR, Unicode licence; Debian package unicode-cldr-core), how often English
words occur in books (symspellpy, MIT, from Google Books Ngrams, CC BY 3.0, and SCOWL), and a person's own texts.
Native script is typed in Latin letters by `transliterate`, several times over, with the variants people use.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

import click
import numpy as np
import yaml
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from dono.corpus.romanised.hindi_forms import hindi_forms
from dono.corpus.romanised.model import BUCKETS, MODEL, Romanised, word_marks, words_of
from dono.corpus.romanised.transliteration import HABITS, ROMANISED, transliterate

HERE = Path(__file__).parent
SAMPLE = HERE.parent / "sample" / "languages"
WORLD = """
    af ca cs cy da de es et eu fi fil fr ga gl ha hr hu id ig is it jv lt lv mi ms mt nl no pl pt ro sk sl so sq su sv
    sw tr uz vi xh yo zu
""".split()  # noqa: SIM905
"""Languages in Latin letters that are neither English nor Indian, by CLDR's codes: together they are "other"."""

NAMES = "names"
"""The list of words that speak for no class."""
FORMS = "forms"
"""Forms of Hindi words that are no words of English: known, but not learned from, or n-grams would follow the rare."""
UNSEEN = 2e-5
"""How frequent a word is taken to be, at the least, in a class that it was not seen in (assumed)."""
UNSEEN_IN_BOOKS = 1e-6
"""The same in English, whose words are counted in books: what lies below `RARE` is rarer than this."""
CLASSES = ("en", "other", *ROMANISED)
DRAWS = 4
"""How often each native word is typed anew (assumed)."""
WRITTEN = 20.0
"""What a word in `words/` counts against one in other texts: they are the frequent ones (assumed)."""
FORMED = 2.0
"""What a form of `hindi_forms` counts (assumed)."""
OWN = 1.0
PER_MILLION = 1e-6
RARE = 6e5
"""English words seen fewer times than this in books are left out."""
PENALTY = 10.0
"""Inverse strength of the L2 penalty (assumed; 30 was slower). 100 steps come close, not to an end."""

Counts = dict[str, defaultdict[str, float]]


def train(counts: Counts) -> Romanised:
    """A logistic regression on words, each weighted by the root of its count, all languages alike.

    The root damps what is frequent: half the weight would otherwise lie on twenty words.
    """
    rows, columns, labels = [], [], []
    weights: list[float] = []
    for place, code in enumerate(CLASSES):
        roots = {word: count**0.5 for word, count in counts[code].items() if len(word) <= 30}
        total = sum(roots.values())
        marks, many = word_marks(list(roots))
        rows.append(np.repeat(np.arange(len(roots)) + len(weights), many))
        columns.append(marks)
        labels.append(np.full(len(roots), place))
        weights += [root / total for root in roots.values()]
    where = np.concatenate(rows)
    numbers = (1 / np.sqrt(np.bincount(where)))[where].astype(np.float32)
    features = csr_matrix((numbers, (where, np.concatenate(columns))), shape=(len(weights), BUCKETS))
    scaled = np.array(weights) * len(weights) / sum(weights)
    fitted = LogisticRegression(C=PENALTY, max_iter=100, tol=1e-3).fit(
        features, np.concatenate(labels), sample_weight=scaled
    )
    bias = fitted.intercept_.astype(np.float32)
    return Romanised(CLASSES, fitted.coef_.T.astype(np.float32), bias, _known(counts), frozenset(counts[NAMES]))


def _known(counts: Counts) -> dict[str, NDArray[np.float32]]:
    """Log frequencies of frequent words in each class, about their mean: n-grams alone say too little of them."""
    hindi = counts["hi-Latn"]
    counts = counts | {"hi-Latn": hindi | {word: hindi.get(word, 0.0) + n for word, n in counts[FORMS].items()}}
    totals = [sum(counts[code].values()) for code in CLASSES]
    frequent = {word for code in CLASSES if code != "other" for word, n in counts[code].items() if n >= WRITTEN}
    frequent |= counts[FORMS].keys()
    least = [UNSEEN_IN_BOOKS if code == "en" else UNSEEN for code in CLASSES]
    known = {}
    for word in sorted(frequent - set(counts[NAMES])):
        shares = [counts[code].get(word, 0.0) / total for code, total in zip(CLASSES, totals, strict=True)]
        logs = np.log(np.add(shares, least))
        known[word] = (logs - logs.mean()).astype(np.float32)
    return known


def gathered(cldr: Path | None, own: Mapping[str, Iterable[str]], seed: int = 0) -> Counts:
    """Words and their counts for each class. `own` holds a person's texts by code, native or romanised."""
    draw = random.Random(seed)
    counts: Counts = {code: defaultdict(float) for code in (*CLASSES, NAMES, FORMS)}
    for path in sorted((HERE / "words").glob("*.txt")):
        lines = (line for line in path.read_text("utf8").split("\n") if not line.startswith("#"))
        for word in words_of(" ".join(lines)):
            counts[path.stem][word] += WRITTEN
    for path in sorted(SAMPLE.glob("*.yaml")):
        _add(counts, path.stem, _strings(yaml.safe_load(path.read_text("utf8"))), draw, 1.0)
    books = _english()
    for word, count in books.items():
        if count >= RARE * PER_MILLION:
            counts["en"][word] += count
    counts[FORMS].update(dict.fromkeys((form for form in hindi_forms() if form not in books), FORMED))
    for code in (*HABITS, "en", *WORLD) if cldr else ():
        assert cldr is not None
        _add(counts, code if code in (*HABITS, "en") else "other", _annotations(cldr / f"{code}.xml"), draw, 1.0)
    for code, texts in own.items():
        _add(counts, code, texts, draw, OWN)
    return counts


def _add(counts: Counts, code: str, texts: Iterable[str], draw: random.Random, count: float) -> None:
    if code in HABITS:
        for text in texts:
            for _ in range(DRAWS):
                for word in words_of(transliterate(text, code, draw)):
                    counts[f"{code}-Latn"][word] += count / DRAWS
    elif code in counts:
        for word in (word for text in texts for word in words_of(text)):
            counts[code][word] += count


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def _annotations(path: Path) -> Iterator[str]:
    for node in ElementTree.parse(path).iter("annotation"):
        yield (node.text or "").replace("|", " ")


def _english() -> dict[str, float]:
    """How often English words occur in books, in millions; none where symspellpy is not installed."""
    try:
        lines = files("symspellpy").joinpath("frequency_dictionary_en_82_765.txt").read_text("utf8").splitlines()
    except ModuleNotFoundError:
        return {}
    pairs = (line.lstrip("\ufeff").split() for line in lines)
    return {word: int(times) * PER_MILLION for word, times in pairs}


@click.command()
@click.option("--cldr", type=click.Path(exists=True, path_type=Path), help="Folder of CLDR's annotations (xml).")
@click.option(
    "--own", multiple=True, metavar="CODE=FILE", help="Your own texts, e.g. hi=notes.txt or ta-Latn=chats.txt"
)
@click.option("--out", type=click.Path(path_type=Path), default=MODEL, show_default=True)
def main(cldr: Path | None, own: tuple[str, ...], out: Path) -> None:
    """Train the model of romanised words and write it."""
    pairs = (entry.partition("=") for entry in own)
    texts = {code: Path(file).read_text("utf8").splitlines() for code, _, file in pairs}
    counts = gathered(cldr, texts)
    for code, words in counts.items():
        click.echo(f"{code}: {len(words):,} words")
    train(counts).save(out)
    click.echo(f"{out}: {out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
