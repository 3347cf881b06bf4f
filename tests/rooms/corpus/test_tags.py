from __future__ import annotations

import pytest

from dono.corpus.tags import check_language, language_name, language_tag
from dono.errors import Mistake


@pytest.mark.parametrize(
    ("stated", "tag"),
    [
        ("hi", "hi"), ("HI", "hi"), ("hin_Deva", "hi"), ("hin_Latn", "hi-Latn"), ("hi-Latn", "hi-Latn"),
        ("Hindi", "hi"), ("odia", "or"), ("ory_Orya", "or"), ("npi", "ne"), ("kas_Deva", "ks-Deva"),
        ("kas_Arab", "ks"), ("mni_Beng", "mni-Beng"), ("eng_Latn", "en"), ("hne", "hne"), ("qq", None), ("!", None),
    ],
)  # fmt: skip
def test_codes_and_names_of_languages_become_our_tags(stated: str, tag: str | None) -> None:
    assert language_tag(stated) == tag


def test_a_code_of_no_language_is_one_line_with_a_guess() -> None:
    for known in ("hi", "hi-Latn", "und", "bho", "mai", "sat", "en-IN"):
        check_language(known, where="rows")
    with pytest.raises(Mistake) as raised:
        check_language("hj", where="use_cases[desk].test")
    assert str(raised.value).startswith("use_cases[desk].test: no language has the code 'hj'. Did you mean '")
    assert language_name("ta") == "Tamil" and language_name("qq") is None
