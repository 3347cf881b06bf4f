from __future__ import annotations

import pickle

from dono.corpus import language_step, text_step
from dono.corpus.drafts import Draft
from dono.corpus.steps import Dropped, run_steps
from dono.project import Cleaning


def draft(text: str, language: str | None = None) -> Draft:
    return Draft(text, language, "line", text, "a.txt", 1, found={"before": 3})


OLD_CHILLU, CHILLU = "അവന\u0d4d\u200d വന്നു", "അവൻ വന്നു"


def test_markup_goes_where_it_is_certain_or_stated_and_letters_are_unified() -> None:
    page, stray = draft("<p>नमस्ते <b>आप</b></p>"), draft("use <br> here")
    texts = [page, stray, draft(OLD_CHILLU), draft("plain")]
    first, second, third, fourth = text_step(Cleaning())(texts)
    assert isinstance(first, Draft) and first.text == "नमस्ते आप"
    assert first.found == {"before": 3, "markup removed": 1} and first.key == page.key
    assert second == stray and fourth == texts[3]
    assert isinstance(third, Draft) and third.text == CHILLU and third.found["letters unified"] == 1
    stated = text_step(Cleaning(), markup="html")([stray])[0]
    assert isinstance(stated, Draft) and stated.text == "use\nhere"


def test_each_rule_can_be_turned_off() -> None:
    texts = [draft("<p>नमस्ते</p>"), draft(OLD_CHILLU)]
    assert text_step(Cleaning(markup="keep", unify_letters=False))(texts) == texts


def test_a_text_of_markup_alone_is_dropped() -> None:
    empty = draft("<div><script>x = 1</script></div>")
    assert text_step(Cleaning())([empty]) == [Dropped(empty, "nothing but markup")]


def test_a_language_is_guessed_where_none_is_stated_and_mixing_is_counted() -> None:
    outcomes = language_step(Cleaning())([draft("आपका login नहीं हो रहा"), draft("नमस्ते", "mai"), draft("12")])
    assert [o.language for o in outcomes if isinstance(o, Draft)] == ["hi", "mai", "und"]
    assert [dict(o.found) for o in outcomes if isinstance(o, Draft)] == [
        {"before": 3, "words": 5, "mixed words": 1},
        {"before": 3, "words": 1, "mixed words": 0},
        {"before": 3, "words": 0, "mixed words": 0},
    ]
    plain = language_step(Cleaning(count_mixed=False))([draft("नमस्ते आप कैसे हैं")])[0]
    assert isinstance(plain, Draft) and plain.language == "hi" and plain.found == {"before": 3}
    assert language_step(Cleaning())([]) == []


def test_both_steps_run_twice_as_they_run_once_and_their_settings_travel_between_processes() -> None:
    settings = pickle.loads(pickle.dumps(Cleaning()))
    steps = {"text": text_step(settings), "language": language_step(settings)}
    once = run_steps(steps, [draft("<p>" + OLD_CHILLU + "</p>"), draft("mera order kab aayega bhai")])
    again = run_steps(steps, [o for o in once if isinstance(o, Draft)])
    assert [(o.text, o.language) for o in again if isinstance(o, Draft)] == [
        (o.text, o.language) for o in once if isinstance(o, Draft)
    ]
