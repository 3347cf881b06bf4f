from __future__ import annotations

import random
import zlib
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from dono.corpus.romanised import MODEL, ROMANISED, Romanised, load_romanised, transliterate
from dono.corpus.romanised import model as model_module
from dono.corpus.romanised.hindi_forms import hindi_forms
from dono.corpus.romanised.model import BUCKETS, word_marks
from dono.corpus.romanised.training import CLASSES, gathered, train

TYPED = {
    ("hi", "नमस्ते"): "namaste",
    ("hi", "किताब"): "kitab|kitaab",
    ("hi", "लड़का"): "larka|ladka|larkaa|ladkaa",
    ("hi", "समझना"): "samajhna|samajhnaa|samazna|samaznaa",
    ("mr", "मुलगी"): "mulgi|mulgee",
    ("bn", "তোমার"): "tomar|tomaar",
    ("pa", "ਪਾਣੀ"): "pani|paani|panee|paanee",
    ("gu", "કેમ છો"): "kem chho|kem cho",
    ("ta", "நீங்கள்"): "neengal|ningal",
    ("te", "మీరు"): "miru|meeru",
    ("kn", "ಹೇಗೆ"): "hege",
    ("ml", "അവൻ"): "avan",
}


@pytest.mark.parametrize(("code", "word"), TYPED)
def test_words_are_typed_as_people_type_them(code: str, word: str) -> None:
    wanted = TYPED[code, word].split("|")
    seen = Counter(transliterate(word, code, random.Random(seed)) for seed in range(200))
    assert sum(seen[spelling] for spelling in wanted) >= 140  # the rest are the rarer habits
    assert all(regex.fullmatch("[a-z ]+", spelling) for spelling in seen)


def test_words_in_other_scripts_are_left_out() -> None:
    assert transliterate("login नमस्ते 12 தமிழ்", "hi", random.Random(1)).startswith("nama")
    assert transliterate("plain English", "hi", random.Random(1)) == ""


@settings(deadline=None)
@given(st.text(), st.sampled_from([code.removesuffix("-Latn") for code in ROMANISED]))
def test_any_text_is_transliterated_to_plain_letters(text: str, code: str) -> None:
    assert regex.fullmatch("[a-z ]*", transliterate(text, code, random.Random(0)))


def test_the_shipped_model_is_small_and_knows_its_languages() -> None:
    assert MODEL.stat().st_size < 2_000_000
    assert load_romanised().languages == CLASSES == ("en", "other", *ROMANISED)


def test_forms_of_hindi_verbs_and_pronouns_are_made_by_the_grammar() -> None:
    forms = set(hindi_forms())
    assert {"kariye", "kardo", "dikhaiye", "dikhayega", "bhejunga", "likhti", "inko", "kiske", "lijiyega"} <= forms
    assert min(map(len, forms)) == 4 and all(regex.fullmatch("[a-z]+", form) for form in forms)


def test_forms_are_known_unless_they_are_english_or_names() -> None:
    model = load_romanised()
    hindi, english = model.languages.index("hi-Latn"), model.languages.index("en")
    for form in ("kariye", "dikhaiye", "bhejunga", "dohrayen"):
        assert model.known[form][hindi] - model.known[form][english] > 3
    counts = gathered(None, {})
    assert not {"mango", "banana", "manga", "karate", "challenge"} & counts["forms"].keys()
    assert not model.known.keys() & model.names


def test_between_neighbours_that_words_leave_open_the_one_with_more_speakers_is_read() -> None:
    languages = ("en", "other", "pa-Latn", "hi-Latn", "ml-Latn")
    even = Romanised(languages, np.zeros((BUCKETS, 5), dtype=np.float32), np.zeros(5, dtype=np.float32), {})
    assert even.read(["qwrt zxcv"])[0].language == "hi-Latn"


@given(st.lists(st.from_regex(r"[a-z]+(?:'[a-z]+)?", fullmatch=True), max_size=6))
def test_words_hashed_together_have_the_checksums_of_their_n_grams_and_of_themselves(words: list[str]) -> None:
    marks, counts = word_marks(words)
    expected = [
        sorted(
            zlib.crc32(gram.encode()) % BUCKETS
            for gram in [f"={word}", *(f"<{word}>"[i : i + n] for n in range(1, 6) for i in range(len(word) + 3 - n))]
        )
        for word in words
    ]
    assert counts.tolist() == [len(found) for found in expected]
    assert [sorted(part.tolist()) for part in np.split(marks, np.cumsum(counts)[:-1])] == (expected or [[]])


def test_a_model_written_and_read_again_says_the_same(tmp_path: Path) -> None:
    model = load_romanised()
    model.save(tmp_path / "again.npz")
    again = Romanised.load(tmp_path / "again.npz")
    np.testing.assert_allclose(again.logits(["kaise"]), model.logits(["kaise"]), atol=0.05)


def test_a_reading_is_the_same_alone_in_a_batch_and_after_forgetting(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["mera order kab aayega", "", "the parcel is late", "नमस्ते", "order ta kobe pabo"]
    model = Romanised.load(MODEL)
    batch = model.read(texts)
    assert [model.read([text])[0].words for text in texts] == [4, 0, 4, 0, 4]
    monkeypatch.setattr(model_module, "REMEMBERED", 0)
    for together, alone in zip(batch, (model.read([text])[0] for text in texts), strict=True):
        assert together[:4] == alone[:4]
        np.testing.assert_allclose(together[4:], alone[4:], atol=1e-5)


def test_a_person_s_own_texts_teach_a_model() -> None:
    counts = gathered(None, {})
    kept = {code: defaultdict(float, sorted(words.items(), key=lambda w: -w[1])[:60]) for code, words in counts.items()}
    kept["other"].update(bonjour=5.0, merci=5.0)
    before = train(kept)
    kept["mr-Latn"]["zyxqva"] = 40.0
    after = train(kept)
    place = CLASSES.index("mr-Latn")
    assert after.logits(["zyxqva"])[0].argmax() == place
    assert after.logits(["zyxqva"])[0, place] > before.logits(["zyxqva"])[0, place]
    native = gathered(None, {"ta": ["எங்கள் கடை"]})["ta-Latn"]
    assert sum(native.values()) > sum(counts["ta-Latn"].values())
