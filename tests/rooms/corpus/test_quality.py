from __future__ import annotations

import base64
import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from dono.corpus.cleaning import Settings, make_steps
from dono.corpus.drafts import Draft, drafts
from dono.corpus.matching import spelled, word_hashes
from dono.corpus.measures import measures
from dono.corpus.normalise import normalise
from dono.corpus.parts import LocalFile
from dono.corpus.quality import LEAST, SAID_BY, Thresholds, learn_thresholds, measure_sample, quality_step, shape_of
from dono.corpus.steps import Dropped, run_steps
from dono.errors import Mistake
from dono.project import Cleaning, Source
from tests.rooms.corpus.test_duplicates import SCRIPTS, make_words

CORPORA = Path("../shared/corpora/text")


def draft(text: str, language: str | None = "en", form: str = "text") -> Draft:
    return Draft(text, language, form, text, "file", 1)


def reasons(drafts: Sequence[Draft], thresholds: Thresholds | None = None, **cleaning: object) -> list[str | None]:
    step = quality_step(thresholds or Thresholds(), Cleaning(**cleaning))  # type: ignore[arg-type]
    outcomes = step(drafts)
    assert [o.draft if isinstance(o, Dropped) else o for o in outcomes] == list(drafts)
    return [o.reason if isinstance(o, Dropped) else None for o in outcomes]


RNG = random.Random(0)
RUBBISH = {
    "quality: addresses or encoded bytes": base64.b64encode(RNG.randbytes(3000)).decode()
    .replace("+", "a").replace("/", "b") + " is the key" + " and some more words" * 20,
    "quality: too many symbols": "#@$ %^ *& =+ <> {} [] | ~ ` " * 40 + "word " * 5,
    "quality: damaged characters": "the \ufffd\ufffd\ufffd text \ufffd\ufffd is \ue000\ue001 gone " * 15,
    "quality: repeated lines": "Click here to see all of our best offers\n" * 40,
    "quality: the same words over and over": "buy now " * 60,
    "quality: one letter over and over": f"{'words of a text ' * 4}{'a' * 30} " + "z" * 250 + " " + " ".join(
        f"w{i}ord" for i in range(60)
    ),
    "quality: too few words with letters": " ".join(str(RNG.randrange(10**6)) for _ in range(200)),
}  # fmt: skip


@pytest.mark.parametrize("reason", RUBBISH)
def test_rubbish_is_dropped_for_what_it_is_though_nothing_was_learned(reason: str) -> None:
    assert reasons([draft(RUBBISH[reason])]) == [reason]


@pytest.mark.parametrize("text", ["." * 3000, "- " * 2000, "_" * 5000, "…" * 900, "|" * 3000, "=-" * 2000, "* " * 2000])
def test_long_runs_of_punctuation_are_rubbish(text: str) -> None:
    assert reasons([draft(text), draft(text, None, "messages")]) == ["quality: too few words with letters"] * 2


def test_visible_is_all_but_white_space_and_controls() -> None:
    texts = ["a.b - _…\t\n\x00\u200e\u00a0", "कि।", "\ufffd\U0001f9ff", "", " \n"]
    assert measures(texts, [None] * 5).numbers["visible"].tolist() == [6, 3, 2, 0, 0]


CHATS = [
    "ok", "👍", "haan bhai", "😂😂😂😂😂", "9876543210", "₹500", "kal 5:30 pe milte hain", "हाँ जी", "சரி", "thx!!!",
    "hmm...", "https://example.com/a/very/long/path?with=parameters", "no no no no no",
    "OTP 4512", "जय हो! जय हो! जय हो!", "...", "?", "....... ok", "-----", "______________", "!!!!!!!!!!!!!!!!!!!!",
]  # fmt: skip


@pytest.mark.parametrize("text", CHATS)
def test_short_messages_are_not_punished_by_rules_for_pages(text: str) -> None:
    assert reasons([draft(text, None), draft(text, None, "messages")]) == [None, None]


def test_a_long_chat_may_say_the_same_again() -> None:
    chat = "User: where is my order?\nAssistant: please wait a moment while I look\n" * 5
    assert shape_of(draft(chat, "en", "messages"), 150) == "short"
    assert reasons([draft(chat, "en", "messages")]) == [None] and reasons([draft(chat)]) != [None]


@pytest.mark.parametrize("assistant", [None, "Shop"])
def test_an_exported_chat_is_judged_as_one_whether_or_not_there_is_an_assistant(
    tmp_path: Path, assistant: str | None
) -> None:
    said = ["ok", "yes", "coming", "call me", "sent it", "thanks"]
    lines = [f"01/02/2024, 10:{n:02} - {('Asha', 'Shop')[n % 2]}: {said[n % 5]}" for n in range(60)]
    (tmp_path / "chat.txt").write_text("\n".join(lines), encoding="utf8")
    source = Source(name="chats", kind="whatsapp", path="chat.txt", assistant=assistant, language="en")
    (chat,) = drafts(source, [LocalFile(tmp_path / "chat.txt")], tmp_path, lambda _: None)
    assert isinstance(chat, Draft) and chat.format == ("chat" if assistant is None else "messages")
    assert reasons([chat]) == [None] and reasons([draft(chat.text)]) != [None]


def test_text_in_another_script_than_the_stated_one_is_dropped_and_latin_beside_the_own_is_not() -> None:
    hindi = "यह एक छोटा सा वाक्य है जो हिंदी में लिखा गया है"
    found = reasons(
        [draft(hindi, "ta"), draft(hindi, "mr"), draft(hindi, None), draft(hindi, "fr"), draft(hindi, "en")]
    )
    wrong = "quality: another script than its language's"
    assert found == [wrong, None, None, None, wrong]
    assert reasons([draft("mera order kahan hai bhai", "hi"), draft(hindi, "hi-Latn")]) == [None, wrong]


IN_SECOND_SCRIPTS = [
    ("mni", "মণিপুর অসি ভারতকী অৱাং নোংপোক থংবা শরুক্তা লৈবা লৈবাক অমনি"),
    ("sat", "इञाक् ञुतुम दो राम काना आर इञ दुमका रेञ ताहेन काना"),
    ("sat", "ᱤᱧᱟᱜ ᱧᱩᱛᱩᱢ ᱫᱚ ᱨᱟᱢ ᱠᱟᱱᱟ"),
    ("sd", "मुंहिंजो नालो राम आहे ऐं मां मुंबई में रहंदो आहियां"),
    ("ks", "मे चु नाव राम तु बु चुस सिरीनगर मंज़ रोज़ान"),
    ("kok", "ಹಾಂವ್ ಮಂಗ್ಳುರಾಂತ್ ರಾವ್ತಾಂ ಆನಿ ಕೊಂಕ್ಣಿ ಉಲಯ್ತಾಂ"),
    ("sa", "ధర్మక్షేత్రే కురుక్షేత్రే సమవేతా యుయుత్సవః"),
    ("pa", "میرا ناں رام اے تے میں لاہور وچ رہندا ہاں"),
]


@pytest.mark.parametrize(("code", "text"), IN_SECOND_SCRIPTS)
def test_a_language_that_is_written_in_several_scripts_is_kept_in_each(code: str, text: str) -> None:
    wrong = "quality: another script than its language's"
    assert reasons(
        [draft(text, code), draft("தமிழ் எழுத்துக்கள் இங்கே உள்ளன" if code != "sa" else "Привет, как дела", code)]
    ) == [None, wrong]
    assert reasons([draft(text, f"{code}-Gujr")]) == [wrong]  # a script that is stated is the only one


def own_texts(script: str, rng: random.Random, share_of_numbers: float) -> list[Draft]:
    vocabulary = make_words(script, 300, random.Random(script))
    weights = [1 / (rank + 1) for rank in range(300)]

    def one() -> str:
        words = rng.choices(vocabulary, weights, k=rng.randrange(60, 120))
        return " ".join(str(rng.randrange(1000)) if rng.random() < share_of_numbers else w for w in words)

    return [draft(one(), "xx") for _ in range(LEAST + 50)]


def test_what_is_usual_in_ones_own_text_is_kept_and_what_is_unusual_there_too_is_dropped() -> None:
    rng = random.Random(0)
    own = own_texts("Telugu", rng, 0.5)  # half of the words are numbers: rules of the field would drop it
    learned = learn_thresholds([measure_sample(own)])
    assert all(r is None for r in reasons(own_texts("Telugu", rng, 0.4), learned))
    assert set(reasons(own_texts("Telugu", rng, 0.85), learned)) == {"quality: too few words with letters"}


def test_random_letters_are_dropped_by_the_frequent_words_of_the_language() -> None:
    rng = random.Random(1)
    learned = learn_thresholds([measure_sample(own_texts("Odia", rng, 0))])
    noise = [draft(" ".join(make_words("Odia", 80, rng)), "xx") for _ in range(20)]
    assert set(reasons(noise, learned)) == {"quality: hardly a common word of its language"}


def test_rubbish_does_not_make_rubbish_usual_beyond_the_farthest_limits() -> None:
    rubbish = [draft("buy now " * (60 + i), "xx") for i in range(LEAST + 10)]
    assert set(reasons(rubbish, learn_thresholds([measure_sample(rubbish)]))) == {
        "quality: the same words over and over"
    }


def test_thresholds_survive_json_and_of_few_texts_nothing_is_learned() -> None:
    learned = learn_thresholds([measure_sample(own_texts("Kannada", random.Random(2), 0))])
    assert Thresholds.from_json(json.loads(json.dumps(learned.as_json()))) == learned
    assert learned.sample == {"page": LEAST + 50, "page xx": LEAST + 50} and len(learned.frequent["xx"]) == 300
    few = learn_thresholds([measure_sample([draft("a few words", "en")] * 5)])
    assert few.limits == {} and few.frequent == {} and learn_thresholds([]) == Thresholds()


def test_what_is_learned_does_not_depend_on_the_parts_that_the_sample_came_in() -> None:
    texts = own_texts("Kannada", random.Random(4), 0.2) + [draft(f"ok {i}", None, "messages") for i in range(LEAST)]
    parts = [texts[:7], [], texts[7:300], texts[300:]]
    assert learn_thresholds([measure_sample(part) for part in parts]) == learn_thresholds([measure_sample(texts)])


def hash_of(word: str) -> str:
    (part,) = spelled([word])
    return f"{int(word_hashes(part)[0]):016x}"


def test_a_word_is_frequent_only_if_enough_different_texts_have_it_and_it_has_no_number() -> None:
    said = {"always": LEAST, "seldom": SAID_BY, "tooseldom": SAID_BY - 1, "9876543210": LEAST, "६९a": LEAST}
    texts = [" ".join([f"own{i}", *(w for w, n in said.items() if i < n)]) for i in range(LEAST)]
    texts += ["tooseldom tooseldom copied", "Tooseldom, tooseldom copied!", "copied"] * 20
    learned = learn_thresholds([measure_sample([draft(t) for t in texts[:99]]), measure_sample([draft(texts[99])]),
                                measure_sample([draft(t) for t in texts[100:]])])  # fmt: skip
    assert set(learned.frequent["en"]) == {hash_of("always"), hash_of("seldom"), hash_of("tooseldom")}
    less = learn_thresholds([measure_sample([draft(t) for t in texts[1:]])])  # the copies count as one text
    assert set(less.frequent["en"]) == {hash_of("always")}


def test_where_no_word_is_frequent_no_text_is_dropped_for_it() -> None:
    pages = [draft(" ".join(make_words("Odia", 80, random.Random(i % 4))), "xx") for i in range(LEAST)]
    learned = learn_thresholds([measure_sample(pages)])
    assert learned.frequent == {} and set(reasons(pages, learned)) == {None}


def test_scripts_without_spaces_have_no_words_too_short() -> None:
    rng = random.Random(3)
    thai = "".join(rng.choice(SCRIPTS["Thai"]) for _ in range(400))
    assert reasons([draft(thai, "th")]) == [None]


def test_quality_can_be_turned_off() -> None:
    assert reasons([draft(t) for t in RUBBISH.values()], quality=False) == [None] * len(RUBBISH)


def test_words_of_a_persons_own_list_drop_a_text_of_that_language_only(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("Blasted\nvery  rude words\n\n", encoding="utf8")
    drafts = [draft("this BLASTED thing"), draft("very rude, words here"), draft("rude words"), draft("blasted", "hi")]
    dropped = "a word of the list of bad words"
    assert reasons(drafts, bad_words={"en": str(path)}) == [dropped, dropped, None, None]
    with pytest.raises(Mistake, match=r"no.txt cannot be read"):
        quality_step(Thresholds(), Cleaning(bad_words={"en": str(tmp_path / "no.txt")}))


@pytest.mark.parametrize("unify", [True, False])
@pytest.mark.parametrize("word", ["लौ\u095cा", "अवन्\u200dवीट", "അവന്\u200d", "বি\u09dcাল", "अाज", "re\u00adceive"])
def test_words_of_a_list_are_found_however_list_and_text_are_spelt(word: str, unify: bool, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text(f"\ufeff{word}\n", encoding="utf8")
    settings = Cleaning(bad_words={"hi": str(path)}, unify_letters=unify, quality=False)
    steps = make_steps(Settings(settings, Source(name="a", path="a.txt")))
    (found,) = run_steps(steps, [draft(normalise(f"यह {word} है"), "hi")])
    assert isinstance(found, Dropped) and found.reason == "a word of the list of bad words"


@pytest.mark.skipif(not CORPORA.is_dir(), reason="the shared corpora are not here")
@pytest.mark.parametrize("code", sorted(p.name for p in CORPORA.iterdir()) if CORPORA.is_dir() else [])
def test_real_text_is_kept(code: str) -> None:
    texts: list[Draft] = []
    for path in sorted((CORPORA / code).glob("*.txt")):
        lines = [line.strip() for line in path.read_text(encoding="utf8")[:400_000].split("\n") if line.strip()]
        texts += [draft(line, code) for line in lines[:1000]]
        texts += [draft("\n".join(lines[i : i + 30]), code) for i in range(0, min(len(lines), 3000), 30)]
    learned = learn_thresholds([measure_sample(texts[::2])])  # judged on the other half
    found = reasons(texts[1::2], learned)
    assert sum(r is None for r in found) >= 0.99 * len(found)
