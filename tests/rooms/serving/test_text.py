from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerBase

from dono.serving.text import Detokenizer, Stops


@settings(deadline=None, max_examples=80)
@given(text=st.text(max_size=40))
def test_pieces_together_are_the_text(text: str, tokenizer: PreTrainedTokenizerBase) -> None:
    ids = list(tokenizer(text, add_special_tokens=False)["input_ids"])
    made = Detokenizer(tokenizer)
    pieces = [made.add(i) for i in ids] + [made.rest()]
    assert "".join(pieces) == tokenizer.decode(ids, skip_special_tokens=True)


@settings(deadline=None, max_examples=80)
@given(data=st.data())
def test_any_ids_give_the_text_of_all_decoded_at_once(data: st.DataObject, tokenizer: PreTrainedTokenizerBase) -> None:
    ids = data.draw(st.lists(st.integers(0, len(tokenizer) - 1), max_size=30))
    made = Detokenizer(tokenizer)
    pieces = [made.add(i, last=n == len(ids) - 1) for n, i in enumerate(ids)]
    whole = tokenizer.decode(ids, skip_special_tokens=True)
    assert "".join(pieces).replace("�", "") == whole.replace("�", "")


def test_a_letter_of_several_tokens_comes_whole(tokenizer: PreTrainedTokenizerBase) -> None:
    ids = list(tokenizer("੧", add_special_tokens=False)["input_ids"])
    assert len(ids) > 1  # the tokenizer knows no Gurmukhi: bytes
    made = Detokenizer(tokenizer)
    assert [made.add(i) for i in ids] == [""] * (len(ids) - 1) + ["੧"]


@given(
    st.text(alphabet="ab|", max_size=30),
    st.lists(st.text(alphabet="ab|", min_size=1, max_size=4), min_size=1, max_size=3),
    st.lists(st.integers(1, 5), max_size=30),
)
def test_a_stop_is_found_however_the_text_comes(text: str, stops: list[str], cuts: list[int]) -> None:
    held, pieces, at = Stops(stops), list[str](), 0
    for cut in [*cuts, len(text)]:
        piece, at = text[at : at + cut], at + cut
        pieces.append(held.add(piece, last=at >= len(text)))
        if held.met or at >= len(text):
            break
    found = [(i + len(stop), i) for stop in stops if (i := text.find(stop)) >= 0]
    assert held.met == bool(found)
    assert "".join(pieces) == (text[: min(found)[1]] if found else text)
