from __future__ import annotations

import json
import math
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers
from torch import Tensor, nn
from transformers import (
    AutoModelForCausalLM,
    ByT5Tokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    PhiConfig,
    PhiForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)
from transformers.convert_slow_tokenizer import bytes_to_unicode

from dono.errors import Mistake
from dono.models import add_lora, extend_vocabulary, load_model, replace_vocabulary, save_adapter, save_model
from dono.models.vocabulary import ROWS, RowsName, old_pieces
from dono.tokens import encode_plain, load_tokenizer, train_tokenizer
from tests.conftest import TEXTS
from tests.rooms.models.checkpoints import EVERY, made

ADDED = [" parcel", " customer", " आपका", " ऑर्डर", " ஆர்டர்", " aayega"]


@pytest.fixture(scope="module")
def short_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer so small that it spells most words in several pieces."""
    return train_tokenizer(iter(TEXTS), 300, tmp_path_factory.mktemp("short"))


@pytest.fixture
def old(short_folder: Path) -> PreTrainedTokenizerBase:
    return load_tokenizer(short_folder)


@pytest.fixture
def longer(short_folder: Path) -> PreTrainedTokenizerBase:
    """The same with whole words added."""
    tokenizer = load_tokenizer(short_folder)
    tokenizer.add_tokens(ADDED)
    return tokenizer


def model_of(family: str, rows: int) -> PreTrainedModel:
    """A random model of this family with so many rows in its table."""
    config = made(family).config
    config.vocab_size = rows
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(config).eval()


def phi(rows: int) -> PhiForCausalLM:
    """A family whose head is not tied and has a bias."""
    torch.manual_seed(0)
    config = PhiConfig(
        vocab_size=rows, hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2
    )
    model = PhiForCausalLM(config).eval()
    nn.init.normal_(model.lm_head.bias)
    return model


def logits(model: PreTrainedModel, ids: Sequence[int]) -> Tensor:
    with torch.no_grad():
        found = model(input_ids=torch.tensor([ids])).logits
    assert isinstance(found, Tensor)
    return found


def weights(model: PreTrainedModel) -> dict[str, Tensor]:
    return {name: p.detach().clone() for name, p in model.named_parameters()}


def tables(model: PreTrainedModel) -> list[Tensor]:
    """Everything that has a row for each token: embeddings, head, bias of the head."""
    head = model.get_output_embeddings()
    bias = [] if head.bias is None else [head.bias.detach().clone()[:, None]]
    return [model.get_input_embeddings().weight.detach().clone(), head.weight.detach().clone(), *bias]


@pytest.mark.parametrize("family", EVERY)
def test_nothing_added_changes_nothing(family: str, old: PreTrainedTokenizerBase) -> None:
    model = model_of(family, len(old) + 5)
    before = weights(model)
    extend_vocabulary(model, old, old)
    after = weights(model)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("family", [*EVERY, "phi"])
def test_old_rows_stay_and_new_rows_are_the_mean_of_their_old_pieces(
    family: str, old: PreTrainedTokenizerBase, longer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    model = phi(len(old)) if family == "phi" else model_of(family, len(old))
    before, rows = weights(model), tables(model)
    tied = model.get_output_embeddings().weight is model.get_input_embeddings().weight
    plain = encode_plain(old, ["kab tak"])[0]
    said = logits(model, plain)

    extend_vocabulary(model, old, longer)
    after = tables(model)
    assert model.config.vocab_size == len(longer) == len(old) + len(ADDED)
    for was, is_now in zip(rows, after, strict=True):
        assert is_now.shape[0] == len(longer)
        assert torch.equal(is_now[: len(old)], was)
        for number, word in enumerate(ADDED):
            pieces = encode_plain(old, [word])[0]
            assert len(pieces) > 1
            assert torch.allclose(is_now[len(old) + number], was[pieces].mean(0), atol=1e-6)
    sized = {name for name, tensor in weights(model).items() if tensor.shape != before[name].shape}
    assert len(sized) == len(rows) - tied
    assert all(torch.equal(before[n], t) for n, t in weights(model).items() if n not in sized)
    assert (model.get_output_embeddings().weight is model.get_input_embeddings().weight) == tied

    # a text without added words: the same logits on old ids, up to the order of sums in a larger matrix product
    assert encode_plain(longer, ["kab tak"])[0] == plain
    assert torch.allclose(logits(model, plain)[..., : len(old)], said, atol=1e-5 * float(said.abs().max()))

    save_model(model, longer, tmp_path)
    text = encode_plain(longer, ["kab parcel aayega"])[0]
    assert torch.equal(logits(load_model(str(tmp_path)), text), logits(model, text))


def bits_per_byte(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> float:
    """Of the four texts, each after BOS."""
    nats = 0.0
    for ids in encode_plain(tokenizer, TEXTS[:4]):
        whole = torch.tensor([[tokenizer.bos_token_id, *ids]])
        with torch.no_grad():
            nats += float(model(input_ids=whole, labels=whole).loss) * len(ids)
    return nats / math.log(2) / sum(len(text.encode()) for text in TEXTS[:4])


def knowing(old: PreTrainedTokenizerBase, *, tied: bool) -> LlamaForCausalLM:
    """A small model that knows the four texts by heart."""
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(old), hidden_size=32, intermediate_size=96, num_hidden_layers=2, num_attention_heads=2,
            tie_word_embeddings=tied,
        )
    )  # fmt: skip
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    rows = [torch.tensor([[old.bos_token_id, *ids]]) for ids in encode_plain(old, TEXTS[:4])]
    for _ in range(40):
        optimizer.zero_grad()
        sum(model(input_ids=ids, labels=ids).loss for ids in rows).backward()
        optimizer.step()
    return model


@pytest.mark.parametrize("tied", [True, False])
def test_a_trained_model_starts_near_its_loss_after_extension(
    tied: bool, old: PreTrainedTokenizerBase, longer: PreTrainedTokenizerBase
) -> None:
    model = knowing(old, tied=tied)
    rows = [torch.tensor([[old.bos_token_id, *ids]]) for ids in encode_plain(old, TEXTS[:4])]
    untrained = math.log2(len(old)) * sum(ids.shape[1] - 1 for ids in rows) / sum(len(t.encode()) for t in TEXTS[:4])
    before = bits_per_byte(model, old)
    theirs = deepcopy(model)
    theirs.resize_token_embeddings(len(longer), mean_resizing=False)

    extend_vocabulary(model, old, longer)
    after = bits_per_byte(model, longer)
    assert sum(map(len, encode_plain(longer, TEXTS[:4]))) < 0.8 * sum(ids.shape[1] - 1 for ids in rows)
    # Measured: 0.14 before (0.10 untied), 0.8 after (0.7), 1.1 with rows at random (1.0); knowing nothing is 4.2. The
    # texts are known by heart, so every word that is spelled in a new way surprises: a harsh case.
    assert before < 0.2
    assert after < before + 1.0 < untrained / 3
    assert after < bits_per_byte(theirs, longer) - 0.1
    # read in the old pieces, it only shares its certainty with the added words: measured below 0.01
    assert bits_per_byte(model, old) < before + 0.02


@pytest.mark.parametrize("tied", [True, False])
def test_new_rows_of_old_pieces_start_below_rows_drawn_at_random(
    tied: bool, old: PreTrainedTokenizerBase, longer: PreTrainedTokenizerBase
) -> None:
    knows = knowing(old, tied=tied)
    bits = {}
    for rows in ROWS:
        model = deepcopy(knows)
        extend_vocabulary(model, old, longer, rows=rows)
        bits[rows] = bits_per_byte(model, longer)
    assert bits["mean"] < bits["normal"] and bits["first"] < bits["normal"], bits


@pytest.mark.parametrize("rows", ROWS)
def test_old_rows_stay_however_new_ones_are_made(
    rows: RowsName, old: PreTrainedTokenizerBase, longer: PreTrainedTokenizerBase
) -> None:
    model = phi(len(old))
    before = tables(model)
    extend_vocabulary(model, old, longer, rows=rows)
    for was, is_now in zip(before, tables(model), strict=True):
        assert torch.equal(is_now[: len(old)], was)
        if rows == "first":
            first = [encode_plain(old, [word])[0][0] for word in ADDED]
            assert torch.equal(is_now[len(old) :], was[first]) or is_now.shape[1] == 1


def test_rows_drawn_from_the_normal_have_its_mean_and_covariance_and_are_drawn_alike_again() -> None:
    torch.manual_seed(0)
    table = torch.randn(500, 3) @ torch.tensor([[2.0, 0.5, 0.0], [0.0, 1.0, 0.3], [0.0, 0.0, 0.1]]) + 5
    drawn = ROWS["normal"](table, [[0, 1]] * 20_000)
    assert torch.allclose(drawn.mean(0), table.mean(0), atol=0.05)
    assert torch.allclose(torch.cov(drawn.T), torch.cov(table.T), atol=0.1)
    assert torch.equal(drawn, ROWS["normal"](table, [[0, 1]] * 20_000))


def test_rows_beyond_the_tokenizer_are_taken_first_and_never_lost(
    short_folder: Path, old: PreTrainedTokenizerBase, longer: PreTrainedTokenizerBase
) -> None:
    model = model_of("qwen3", len(old) + 20)
    before = tables(model)[0]
    extend_vocabulary(model, old, longer)
    after = tables(model)[0]
    assert len(after) == len(before)
    assert torch.equal(after[len(longer) :], before[len(longer) :])
    assert not torch.equal(after[len(old) : len(longer)], before[len(old) : len(longer)])

    longest = load_tokenizer(short_folder)
    longest.add_tokens([*ADDED, *(f"extra{n}" for n in range(30))])
    extend_vocabulary(model, longer, longest)
    assert len(tables(model)[0]) == len(longest)
    assert torch.equal(tables(model)[0][: len(longer)], after[: len(longer)])


def test_pieces_joined_by_further_merges_are_spelled_in_the_old_pieces(old: PreTrainedTokenizerBase) -> None:
    described = json.loads(old.backend_tokenizer.to_str())
    vocabulary, merges = described["model"]["vocab"], described["model"]["merges"]
    joined = {"ĠÃ": b" \xc3", "Ã©": "é".encode(), "Ġghar": b" ghar"}
    for token in joined:
        for end in range(2, len(token) + 1):
            if token[:end] not in vocabulary:
                vocabulary[token[:end]] = len(vocabulary)
                merges.append([token[: end - 1], token[end - 1]])
    new = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(described)),
        bos_token=old.bos_token, eos_token=old.eos_token, pad_token=old.pad_token,
    )  # fmt: skip
    model = model_of("llama", len(old))
    rows = tables(model)
    extend_vocabulary(model, old, new)
    characters = bytes_to_unicode()
    for token, raw in joined.items():
        id_ = new.convert_tokens_to_ids(token)
        assert id_ >= len(old)
        spelled = old_pieces(old, new, [id_])[0]
        assert "".join(old.convert_ids_to_tokens(spelled)) == "".join(characters[b] for b in raw)
        for was, is_now in zip(rows, tables(model), strict=True):
            assert torch.allclose(is_now[id_], was[spelled].mean(0), atol=1e-6)


def test_a_tokenizer_that_moves_an_old_token_does_not_extend(
    old: PreTrainedTokenizerBase, tokenizer: PreTrainedTokenizerBase
) -> None:
    model = model_of("llama", len(tokenizer))
    before = weights(model)
    with pytest.raises(Mistake, match=r"the new tokenizer has .* as None, the old one as \d+"):
        extend_vocabulary(model, tokenizer, old)
    assert all(torch.equal(before[name], t) for name, t in weights(model).items())


def test_an_added_end_begins_as_the_old_end_and_stops(
    old: PreTrainedTokenizerBase, longer: PreTrainedTokenizerBase
) -> None:
    longer.add_special_tokens({"eos_token": "<|im_end|>"})
    model = model_of("llama", len(old))
    extend_vocabulary(model, old, longer)
    assert longer.eos_token_id != old.eos_token_id
    for table in tables(model):
        assert torch.equal(table[longer.eos_token_id], table[old.eos_token_id])
    assert model.config.eos_token_id == model.generation_config.eos_token_id == longer.eos_token_id


def test_a_model_with_another_vocabulary_is_no_base_of_that_name(
    old: PreTrainedTokenizerBase, longer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    model_of("llama", len(old)).save_pretrained(tmp_path)
    model = extend_vocabulary(load_model(str(tmp_path)), old, longer)
    with pytest.raises(Mistake, match="base is on no disk"):
        save_adapter(add_lora(model, rank=2, seed=0), tmp_path / "adapter")


def test_an_old_token_that_the_table_never_had_a_row_for_gives_none(
    old: PreTrainedTokenizerBase, longer: PreTrainedTokenizerBase
) -> None:
    model = model_of("llama", len(old))  # smaller than the tokenizer `longer`, as some published models are
    before = tables(model)
    extend_vocabulary(model, longer, longer)
    for was, is_now in zip(before, tables(model), strict=True):
        assert torch.equal(is_now[: len(old)], was)
        assert torch.allclose(is_now[len(old) :], was.mean(0).expand(len(ADDED), -1), atol=1e-6)


@pytest.mark.parametrize("family", ["llama", "qwen3", "phi"])
def test_a_replaced_vocabulary_starts_from_the_old_pieces(
    family: str, old: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    new = load_tokenizer(train_tokenizer(iter(["ghar kab aaoge", "order kab aayega"] * 10), 330, tmp_path))
    model = phi(len(old) + 9) if family == "phi" else model_of(family, len(old) + 9)
    before, rows = weights(model), tables(model)
    tied = model.get_output_embeddings().weight is model.get_input_embeddings().weight
    replace_vocabulary(model, old, new)
    assert model.config.vocab_size == len(new)
    assert (model.get_output_embeddings().weight is model.get_input_embeddings().weight) == tied
    word, pieces = (encode_plain(t, [" aaoge"])[0] for t in (new, old))
    assert len(word) == 1 < len(pieces)
    for was, is_now in zip(rows, tables(model), strict=True):
        assert torch.allclose(is_now[word[0]], was[pieces].mean(0), atol=1e-6)
        for name in ("bos", "eos", "pad"):
            ids = [getattr(t, f"{name}_token_id") for t in (new, old)]
            assert torch.equal(is_now[ids[0]], was[ids[1]])
    assert all(torch.equal(before[n], t) for n, t in weights(model).items() if "layers" in n)


def test_the_row_under_the_old_padding_learns_as_another_token(
    old: PreTrainedTokenizerBase, tokenizer: PreTrainedTokenizerBase
) -> None:
    config, last = made("llama").config, len(old) - 1
    config.vocab_size, config.pad_token_id = len(old), last
    model = LlamaForCausalLM(config)

    def learns() -> bool:
        model.zero_grad()
        ids = torch.tensor([[last, 5]])
        model(input_ids=ids, labels=ids).loss.backward()
        return bool(model.get_input_embeddings().weight.grad[last].any())

    assert not learns()
    replace_vocabulary(model, old, tokenizer)
    assert last != tokenizer.pad_token_id
    assert learns()


def test_padding_that_is_the_old_end_is_not_made_as_likely_as_the_end(
    short_folder: Path, tokenizer: PreTrainedTokenizerBase
) -> None:
    old = load_tokenizer(short_folder)
    old.pad_token = old.eos_token
    model = model_of("llama", len(old))
    replace_vocabulary(model, old, tokenizer)
    table = model.get_output_embeddings().weight
    assert not torch.equal(table[tokenizer.pad_token_id], table[tokenizer.eos_token_id])


def test_an_end_that_is_also_padding_begins_as_the_old_end_and_is_no_padding_to_the_model(
    short_folder: Path, tokenizer: PreTrainedTokenizerBase
) -> None:
    new = load_tokenizer(short_folder)
    new.pad_token = new.eos_token
    model = model_of("llama", len(tokenizer))
    before = tables(model)[1]
    model.generation_config.eos_token_id = [new.eos_token_id, 9]  # these count in the old vocabulary
    replace_vocabulary(model, tokenizer, new)
    assert torch.equal(tables(model)[1][new.eos_token_id], before[tokenizer.eos_token_id])
    assert model.config.pad_token_id is None
    assert model.generation_config.pad_token_id == model.generation_config.eos_token_id == new.eos_token_id


def in_sentencepiece_manner(kind: str) -> PreTrainedTokenizerFast:
    """▁ for a space, put before every text too; <0x0A> for a byte of a character that is not in the vocabulary."""
    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{b:02X}>" for b in range(256))]
    letters = ["▁", *"abcdefghijklmnopqrstuvwxyz", *"नमसत", "é"]
    merges = [("▁", "o"), ("▁o", "r"), ("d", "e"), ("de", "r"), ("▁or", "der"), ("न", "म"), ("k", "a")]
    words = ["".join(pair) for pair in merges]
    vocabulary = {piece: number for number, piece in enumerate([*pieces, *letters, *words])}
    if kind == "BPE":
        model: dict[str, object] = {
            "type": "BPE", "vocab": vocabulary, "merges": merges, "byte_fallback": True, "unk_token": "<unk>",
        }  # fmt: skip
    else:
        scores = [(piece, -float(20 - len(piece))) for piece in vocabulary]
        model = {"type": "Unigram", "vocab": scores, "unk_id": 0, "byte_fallback": True}
    built = Tokenizer.from_str(json.dumps({"version": "1.0", "added_tokens": [], "model": model}))
    if kind == "BPE":  # as Llama 2
        built.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    else:
        built.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    built.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=built, bos_token="<s>", eos_token="</s>", unk_token="<unk>")


def surface(tokenizer: PreTrainedTokenizerBase, ids: Sequence[int]) -> bytes:
    """The bytes that these ids stand for within a text, read from how they are written."""
    back = {character: byte for byte, character in bytes_to_unicode().items()}
    read = b""
    for token in tokenizer.convert_ids_to_tokens(ids):
        if "▁" in tokenizer.get_vocab():
            one = token[3:5] if token.startswith("<0x") else ""
            read += bytes([int(one, 16)]) if one else token.replace("▁", " ").encode()
        else:
            read += bytes(back[c] for c in token)
    return read


@pytest.mark.parametrize("new_kind", ["bytes", "BPE", "Unigram"])
@pytest.mark.parametrize("old_kind", ["bytes", "BPE", "Unigram"])
def test_the_old_pieces_of_every_token_spell_its_bytes(
    old_kind: str, new_kind: str, old: PreTrainedTokenizerBase, tokenizer: PreTrainedTokenizerBase
) -> None:
    before = old if old_kind == "bytes" else in_sentencepiece_manner(old_kind)
    after = tokenizer if new_kind == "bytes" else in_sentencepiece_manner(new_kind)
    special = {after.bos_token_id, after.eos_token_id, after.pad_token_id, after.unk_token_id}
    ids = [i for i in range(len(after)) if i not in special]
    for id_, pieces in zip(ids, old_pieces(before, after, ids), strict=True):
        assert surface(before, pieces) == surface(after, [id_])


def test_a_word_is_spelled_in_its_longest_old_pieces_with_no_space_put_before() -> None:
    old, new = in_sentencepiece_manner("BPE"), in_sentencepiece_manner("Unigram")
    new.add_tokens([" order", "kaam", "order\n", "🙂"])
    ids = [new.convert_tokens_to_ids(token) for token in ("▁order", "der", " order", "kaam", "order\n", "🙂")]
    written = [old.convert_ids_to_tokens(pieces) for pieces in old_pieces(old, new, ids)]
    assert written == [
        ["▁order"],
        ["der"],
        ["▁order"],
        ["ka", "a", "m"],
        ["o", "r", "der", "<0x0A>"],
        ["<0xF0>", "<0x9F>", "<0x99>", "<0x82>"],
    ]


def test_a_special_token_that_both_have_keeps_its_row(
    old: PreTrainedTokenizerBase, longer: PreTrainedTokenizerBase
) -> None:
    old.add_special_tokens({"additional_special_tokens": ["<|tool|>"]})
    longer.add_special_tokens({"additional_special_tokens": ["<|tool|>"]})
    mine, theirs = longer.convert_tokens_to_ids("<|tool|>"), old.convert_tokens_to_ids("<|tool|>")
    assert mine != theirs
    assert old_pieces(old, longer, [mine]) == [[theirs]]


def test_a_tokenizer_whose_pieces_cannot_be_read_is_refused(old: PreTrainedTokenizerBase) -> None:
    with pytest.raises(Mistake, match="pieces cannot be read"):
        replace_vocabulary(model_of("llama", 400), ByT5Tokenizer(), old)
