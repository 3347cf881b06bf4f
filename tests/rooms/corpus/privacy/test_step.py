from __future__ import annotations

import pytest

from dono.corpus import privacy_step
from dono.corpus.drafts import Draft
from dono.corpus.privacy import Finding
from dono.errors import Mistake
from dono.project import Cleaning


def draft(text: str) -> Draft:
    return Draft(text, None, "text", text, "a.txt", 1, found={"repeats": 2})


def test_counts_by_kind_are_kept_and_the_values_are_not() -> None:
    batch = [draft("मोबाइल 9876543210, 9876543211, ravi@example.com"), draft("यहाँ कुछ नहीं")]
    first, second = privacy_step(Cleaning())(batch)
    assert isinstance(first, Draft) and first.text == "मोबाइल <MOBILE_1>, <MOBILE_2>, <EMAIL_1>"
    assert first.found == {"repeats": 2, "pii mobile": 2, "pii email": 1}
    assert first.key == batch[0].key and second is batch[1]


def test_off_leaves_everything() -> None:
    batch = [draft("9876543210")]
    assert privacy_step(Cleaning(privacy="off"))(batch) == batch


def test_only_the_kinds_named_are_replaced() -> None:
    (out,) = privacy_step(Cleaning(privacy_kinds=("email",)))([draft("9876543210 ravi@example.com")])
    assert isinstance(out, Draft) and out.text == "9876543210 <EMAIL_1>"


def test_the_same_key_gives_the_same_surrogate_in_a_new_step(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Cleaning(privacy="surrogates", privacy_key_variable="DONO_TEST_KEY")
    monkeypatch.setenv("DONO_TEST_KEY", "long and random")
    batch = [draft("मोबाइल 98765 43210")]
    assert privacy_step(settings)(batch) == privacy_step(settings)(batch) != batch


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (Cleaning(privacy_kinds=("mobil",)), "no kind of identifier 'mobil'. Perhaps you meant 'mobile'"),
        (Cleaning(privacy="surrogates"), "surrogates need a key"),
        (Cleaning(privacy_key_variable="DONO_NOT_SET"), "'DONO_NOT_SET' is not set"),
    ],
)
def test_a_mistake_in_the_settings_is_said_in_a_line(settings: Cleaning, said: str) -> None:
    with pytest.raises(Mistake, match=r"cleaning\.privacy") as raised:
        privacy_step(settings)
    assert said in str(raised.value) and "\n" not in str(raised.value)


def test_another_finder_adds_what_it_finds() -> None:
    step = privacy_step(Cleaning(), more=lambda texts: [[Finding(0, 4, "name")] for _ in texts])
    (out,) = step([draft("Asha 9876543210")])
    assert isinstance(out, Draft) and out.text == "<NAME_1> <MOBILE_1>"
