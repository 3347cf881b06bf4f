from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from dono.corpus.duplicates import Copies, bands_for, find_copies
from dono.corpus.matching import Places
from dono.corpus.shingles import BOTH, SHINGLE, SHORT, Marks, marks_of

SCRIPTS = {
    "Latin": "abcdefghijklmnopqrstuvwxyz",
    "Devanagari": "कखगघचछजटठडतथदधनपफबभमयरलवशसह",
    "Bengali": "কখগঘচছজটঠডতথদধনপফবভমযরলশসহ",
    "Gurmukhi": "ਕਖਗਘਚਛਜਟਠਡਤਥਦਧਨਪਫਬਭਮਯਰਲਵਸਹ",
    "Gujarati": "કખગઘચછજટઠડતથદધનપફબભમયરલવશસહ",
    "Odia": "କଖଗଘଚଛଜଟଠଡତଥଦଧନପଫବଭମଯରଲଶସହ",
    "Tamil": "கஙசஞடணதநபமயரலவழளறன",
    "Telugu": "కఖగఘచఛజటఠడతథదధనపఫబభమయరలవశసహ",
    "Kannada": "ಕಖಗಘಚಛಜಟಠಡತಥದಧನಪಫಬಭಮಯರಲವಶಸಹ",
    "Malayalam": "കഖഗഘചഛജടഠഡതഥദധനപഫബഭമയരലവശസഹ",
    "Arabic": "ابپتٹجچحخدڈرزسشصطعغفقکگلمنوہی",
    "Thai": "กขคงจชซญดตถทนบปผพฟมยรลวสหอ",
}
SIGNS = {"Devanagari": "ािीुूेैोौ", "Bengali": "ািীুূেৈোৌ", "Tamil": "ாிீுூெேைொ", "Malayalam": "ാിീുൂെേൈ"}


def make_words(script: str, count: int, rng: random.Random) -> list[str]:
    letters, signs = SCRIPTS[script], SIGNS.get(script, "")
    return ["".join(rng.choice(letters) + (rng.choice(signs) if signs else "") for _ in range(4)) for _ in range(count)]


def edited(words: Sequence[str], share: float, rng: random.Random) -> list[str]:
    """Words of which some are replaced, left out or doubled."""
    found: list[str] = []
    for word in words:
        if rng.random() < share:
            found += rng.choice([[word[::-1] + word[0]], [], [word, word]])
        else:
            found.append(word)
    return found


def make_texts(script: str, seed: int = 0) -> list[str]:
    """Families of texts, short and long, with edits from none to a fifth of the words."""
    rng = random.Random(f"{script} {seed}")
    vocabulary = make_words(script, 400, rng)
    texts = []
    for size in (6, 12, 25, 45, 49, 52, 60, 74, 80, 120, 200, 300):
        words = [rng.choice(vocabulary) for _ in range(size)]
        texts += [" ".join(edited(words, share, rng)) for share in (0, 0.005, 0.01, 0.015, 0.02, 0.03, 0.1)]
    rng.shuffle(texts)
    return texts


def shingles(text: str) -> tuple[set[tuple[str, ...]], set[tuple[str, ...]]]:
    """By words and by letters, from the definition alone."""
    text = unicodedata.normalize("NFC", text).casefold()
    unspaced = regex.compile(r"[\p{Thai}&&\p{L}]\p{M}*|[\p{L}\p{M}\p{N}--\p{Thai}]+", regex.V1)
    words = unspaced.findall(text)
    letters = [
        (place == 0, cluster)
        for word in words
        for place, cluster in enumerate(regex.findall(r"[^\p{M}]\p{M}*|^\p{M}+", word))
    ]

    def grams(items: Sequence[object]) -> set[tuple[object, ...]]:
        size = min(SHINGLE, len(items))
        return {tuple(items[i : i + size]) for i in range(len(items) - size + 1)} if items else set()

    return (
        grams(words) if len(words) >= SHORT else set(),  # type: ignore[return-value]
        grams(letters) if len(words) < BOTH else set(),
    )


Sets = tuple[set[tuple[str, ...]], set[tuple[str, ...]]]


def jaccard(one: Sets, other: Sets) -> float:
    for first, second in zip(one, other, strict=True):
        if first and second:
            return len(first & second) / len(first | second)
    return 0.0


def copies(texts: Sequence[str], folder: Path, near: float | None = 0.8, pieces: int = 1) -> Copies:
    bounds = np.linspace(0, len(texts), pieces + 1).astype(int)
    marks = [marks_of(texts[a:b], near is not None) for a, b in pairwise(bounds)]

    def read(places: Places) -> Iterator[str]:
        assert (np.diff(places) > 0).all()
        return (texts[place] for place in places.tolist())

    return find_copies(lambda: marks, len(texts), read, folder, near)


def clusters(found: Copies, texts: Sequence[str]) -> set[frozenset[str]]:
    groups: dict[int, set[str]] = {}
    for place, first in enumerate(found.first.tolist()):
        groups.setdefault(first, set()).add(texts[place])
    return {frozenset(g) for g in groups.values()}


@pytest.mark.parametrize("script", SCRIPTS)
def test_pairs_above_the_threshold_are_found_and_clusters_are_chains_of_such_pairs(script: str, tmp_path: Path) -> None:
    texts = list(dict.fromkeys(make_texts(script) + make_texts(script, 1)))
    sets = [shingles(t) for t in texts]
    first = copies(texts, tmp_path).first.tolist()
    near = [(a, b) for a, b in combinations(range(len(texts)), 2) if jaccard(sets[a], sets[b]) >= 0.8]
    assert len(near) > 60
    together = [first[a] == first[b] for a, b in near]
    assert sum(together) >= 0.99 * len(near)
    reached = list(range(len(texts)))
    for a, b in near:  # connected by pairs above the threshold, from the definition alone
        old, new = max(reached[a], reached[b]), min(reached[a], reached[b])
        reached = [new if r == old else r for r in reached]
    assert all(reached[place] == reached[root] for place, root in enumerate(first))
    assert all(root <= place for place, root in enumerate(first))


@pytest.mark.parametrize("pieces", [2, 5, 17])
def test_the_result_does_not_depend_on_how_the_texts_are_parted(pieces: int, tmp_path: Path) -> None:
    texts = make_texts("Latin") + make_texts("Tamil")
    one, many = copies(texts, tmp_path), copies(texts, tmp_path, pieces=pieces)
    assert one.first.tolist() == many.first.tolist() and one.compared == many.compared


def test_order_changes_which_text_is_kept_but_no_cluster(tmp_path: Path) -> None:
    texts = make_texts("Bengali") + make_texts("Latin")
    before = clusters(copies(texts, tmp_path), texts)
    for seed in range(3):
        random.Random(seed).shuffle(texts)
        assert clusters(copies(texts, tmp_path), texts) == before


def test_more_marks_than_are_sorted_at_a_time_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = make_texts("Gujarati")
    texts += texts[:20]
    whole = copies(texts, tmp_path)
    monkeypatch.setattr("dono.corpus.duplicates.MARKS_AT_ONCE", 7)
    parted = copies(texts, tmp_path)
    assert whole.first.tolist() == parted.first.tolist() and whole.exact.tolist() == parted.exact.tolist()


def test_marks_tell_words_apart_and_case_digits_joiners_and_punctuation_do_not_count(tmp_path: Path) -> None:
    texts = [
        "यह कला बहुत सुंदर है और सब को पसंद है", "यह केला बहुत सुंदर है और सब को पसंद है",
        "Order 4512 is late", "order ४५१२, is LATE!", "क\u094d\u200dष यह है", "क\u094dष यह है",
    ]  # fmt: skip
    found = copies(texts, tmp_path)
    assert found.first.tolist() == [0, 1, 2, 2, 4, 4]
    assert found.near.tolist() == [False, False, False, True, False, True]


def test_exact_copies_are_told_from_near_ones_and_the_first_of_a_chain_is_kept(tmp_path: Path) -> None:
    words = make_words("Latin", 200, random.Random(0))
    text, chain = " ".join(words), " ".join([*words[:-4], "a", "b", "c", "d"])
    further = " ".join(["e", "f", "g", "h", *words[4:-4], "a", "b", "c", "d"])
    found = copies([text, chain, text, further, "quite another text", further], tmp_path)
    assert found.first.tolist() == [0, 0, 0, 0, 4, 0]
    assert found.exact.tolist() == [False, False, True, False, False, True]
    assert found.near.tolist() == [False, True, False, True, False, False]
    assert not list(tmp_path.iterdir())
    assert found.held_out(np.arange(6) >= 4).tolist() == [False, False, False, False, True, False]


def test_without_near_copies_no_text_is_read_and_equal_texts_are_copies(tmp_path: Path) -> None:
    found = find_copies(lambda: [marks_of(["a b", "a  b", "c"], False)], 3, lambda places: [], tmp_path, None)
    assert found.first.tolist() == [0, 0, 2] and found.kept.tolist() == [True, False, True]


@pytest.mark.parametrize("texts", [[], ["one"], ["?!", "…", "?!"], ["", "a"]])
def test_few_texts_and_texts_without_a_word_are_no_trouble(texts: list[str], tmp_path: Path) -> None:
    found = copies(texts, tmp_path)
    assert found.kept.tolist() == [texts.index(t) == i for i, t in enumerate(texts)]


def test_a_group_too_large_to_compare_each_with_each_is_counted_and_copies_in_it_are_found(tmp_path: Path) -> None:
    rng = random.Random(1)
    form = make_words("Latin", 60, rng)
    texts = []
    for _ in range(60):  # sixty forms filled in differently, each there twice with one word changed
        filled = form + make_words("Latin", 25, rng)
        texts += [" ".join(filled), " ".join([*filled[:-1], "changed"])]
    found = copies(texts, tmp_path)
    assert found.cut > 0
    assert found.first.tolist() == [i - i % 2 for i in range(120)]


@pytest.mark.parametrize("near", [0.5, 0.6, 0.7, 0.8, 0.9, 0.95])
def test_bands_keep_the_recall_at_the_threshold(near: float) -> None:
    bands, size = bands_for(near)
    assert bands * size <= 128 and 1 - (1 - near**size) ** bands >= 0.995
    assert size == 16 or 1 - (1 - near ** (size + 1)) ** (128 // (size + 1)) < 0.995


TEXTS = st.lists(st.text(alphabet="ab कखिा\u200d1१.\n", max_size=300), max_size=12)


@settings(max_examples=40, deadline=None)
@given(TEXTS)
def test_marks_of_a_text_are_the_same_in_any_batch(texts: list[str]) -> None:
    texts = [unicodedata.normalize("NFC", t) for t in texts]
    together = marks_of(texts, True) if texts else Marks(np.zeros(0, dtype=np.uint64), [])
    for place, text in enumerate(texts):
        alone = marks_of([text], True)
        assert alone.digest[0] == together.digest[place] and alone.signature[0] == together.signature[place]
