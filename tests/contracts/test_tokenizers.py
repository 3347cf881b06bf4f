"""What every kind of tokenizer must be, and a base's extended: lossless, the same each time, read by others alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from dono.project import TokenizerKind
from dono.tokens import BOS, EOS, KINDS, PAD, encode_plain, extend_tokenizer, load_tokenizer, train_tokenizer
from dono.tokens.train import save_tokenizer
from tests.scripts import SENTENCES

GOLDEN = Path(__file__).parents[1] / "golden" / "tokens.json"
SIZE = 1200
MADE = [*KINDS, "extended"]
"""Every kind, and plain BPE extended."""
UNSTEADY = "unigram"
"""The library's trainer of Unigram draws its order anew each time and gives other scores: it has no golden ids, and is
not asked to be the same twice."""
STEADY = [kind for kind in MADE if kind != UNSTEADY]


def make(kind: str, folder: Path) -> Path:
    """Trained on the sentences of all scripts."""
    texts = list(SENTENCES.values()) * 3
    if kind == "extended":
        make("words", folder / "base")
        save_tokenizer(extend_tokenizer(load_tokenizer(folder / "base"), texts, 100).tokenizer, folder)
        return folder
    return train_tokenizer(iter(texts), SIZE, folder, kind=next(k for k in KINDS if k == kind))


@pytest.fixture(scope="session", params=MADE)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer's directory."""
    return make(request.param, tmp_path_factory.mktemp(request.param) / request.param)


@pytest.fixture(scope="session")
def tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """Read back as anyone would read it."""
    return load_tokenizer(folder)


def golden() -> dict[str, dict[str, list[int]]]:
    """Ids of each kind on each sentence, as they were once written down."""
    found = json.loads(GOLDEN.read_text(encoding="utf8"))
    assert isinstance(found, dict)
    return found


def test_the_project_file_names_every_kind() -> None:
    assert set(get_args(TokenizerKind)) == set(KINDS)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(max_size=80) | st.text(alphabet=st.sampled_from("कखि्ी்ம ا۔.1१२\n\r \t‍‌👩🇮🇳's।"), max_size=40))
def test_any_text_comes_back_byte_for_byte(tokenizer: PreTrainedTokenizerBase, text: str) -> None:
    (ids,) = encode_plain(tokenizer, [text])
    assert tokenizer.decode(ids) == text


@pytest.mark.parametrize("script", SENTENCES)
def test_transformers_gives_the_ids_that_were_written_down(folder: Path, script: str) -> None:
    found = AutoTokenizer.from_pretrained(str(folder))
    ids = found(SENTENCES[script])["input_ids"]
    assert folder.name == UNSTEADY or ids == golden()[folder.name][script]
    assert ids == Tokenizer.from_file(str(folder / "tokenizer.json")).encode(SENTENCES[script]).ids
    assert found.decode(ids) == SENTENCES[script]


def test_special_tokens_come_first_and_their_names_in_a_text_are_only_characters(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    assert [tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token] == [BOS, EOS, PAD]
    assert [tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id] == [0, 1, 2]
    (ids,) = encode_plain(tokenizer, ["end <|eos|> here"])
    assert tokenizer.eos_token_id not in ids and tokenizer.decode(ids) == "end <|eos|> here"


def test_the_vocabulary_has_no_holes_and_is_no_larger_than_asked(tokenizer: PreTrainedTokenizerBase) -> None:
    ids = sorted(tokenizer.get_vocab().values())
    assert ids == list(range(len(tokenizer))) and len(ids) <= SIZE + 100


@pytest.mark.parametrize("folder", STEADY, indirect=True)
def test_trained_again_it_is_the_same_file(folder: Path, tmp_path: Path) -> None:
    again = make(folder.name, tmp_path / folder.name)
    assert (again / "tokenizer.json").read_bytes() == (folder / "tokenizer.json").read_bytes()


def test_no_token_has_digits_beside_anything_else_or_more_than_three(tokenizer: PreTrainedTokenizerBase) -> None:
    for token_id in tokenizer.get_vocab().values():
        text = tokenizer.decode([token_id])
        digits = sum(c.isdecimal() for c in text)
        assert not digits or digits == len(text) <= 3 or "\ufffd" in text, text


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as scrap:
        found = {kind: load_tokenizer(make(kind, Path(scrap) / kind)) for kind in STEADY}
        ids = {kind: {s: t(SENTENCES[s])["input_ids"] for s in SENTENCES} for kind, t in found.items()}
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(
            "{\n" + ",\n".join(
                f' "{kind}": {{\n' + ",\n".join(f'  "{s}": {json.dumps(row)}' for s, row in of.items()) + "\n }"
                for kind, of in ids.items()
            ) + "\n}\n", encoding="utf8",
        )  # fmt: skip
