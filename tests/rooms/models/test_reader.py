"""What a reader gives to training against transformers, alone and packed: hidden states, losses, every gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from transformers import (
    BertConfig,
    BertLMHeadModel,
    CohereConfig,
    CohereForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PhimoeConfig,
    PhimoeForCausalLM,
    PreTrainedModel,
    Qwen2MoeConfig,
    Qwen2MoeForCausalLM,
)

from dono.errors import Mistake
from dono.models import Reader, Scorer, placed, reader_of
from dono.models import reader as reader_room
from dono.objectives import BatchLoss, masked_answers, next_token
from dono.tokens import Document, Rows, packed, padded
from dono.training.compiled import can_compile, compile_layers
from tests.rooms.models.families import (
    DENSE,
    FAMILIES,
    WINDOW,
    build,
    farthest,
    gradients,
    soft_capped,
    texts,
    whole_ids,
)

CPU = torch.device("cpu")
WITHIN = 1e-5
"""Largest relative difference of float32 sums in another order (measured: 2e-6 in gradients, 1e-6 in hidden states)."""
LENGTHS = [5, 1, 9, 12, WINDOW, 1, 7]
"""Shorter than the window, as long, longer; documents of a single token inside and between."""


def loss_of(reader: Reader, rows: Rows) -> BatchLoss[None]:
    return reader(placed(rows, CPU), next_token)


def states(reader: Reader, rows: Rows) -> Tensor:
    with torch.no_grad():
        return reader.hidden(placed(rows, CPU))


def alone(model: PreTrainedModel, documents: Sequence[Document]) -> list[Tensor]:
    """The last hidden states [length, width] of each document by transformers itself."""
    with torch.no_grad():
        read = [model.base_model(input_ids=torch.from_numpy(d.ids)[None], use_cache=False) for d in documents]
    return [r.last_hidden_state[0] for r in read]


def near(ours: Tensor, theirs: Tensor) -> bool:
    return ours.shape == theirs.shape and bool((ours - theirs).abs().max() <= WITHIN * theirs.abs().max())


@pytest.mark.parametrize("family", FAMILIES)
def test_both_shortcuts_are_found(family: str) -> None:
    reader = reader_of(build(FAMILIES[family]))
    assert reader.packs and reader.projects


@pytest.mark.parametrize("family", FAMILIES)
def test_loss_and_every_gradient_of_a_text_are_transformers_own(family: str) -> None:
    (text,) = texts([14])
    theirs = build(FAMILIES[family], "eager")
    expected = theirs(input_ids=whole_ids(text), labels=whole_ids(text)).loss
    reader = reader_of(build(FAMILIES[family]))
    for rows in (packed([text]), padded([text])):
        total, count, _ = loss_of(reader, rows)
        assert (total / count).item() == pytest.approx(expected.item(), rel=1e-6)
        slopes = gradients(theirs, theirs(input_ids=whole_ids(text), labels=whole_ids(text)).loss)
        assert farthest(gradients(reader.model, total / count), slopes) <= WITHIN


@pytest.mark.parametrize("family", FAMILIES)
def test_masked_answers_are_what_trl_trains_on_the_same_batch(family: str) -> None:
    """TRL's collator makes the batch; its loss is the model's own over labels that are ignored outside completions."""
    documents = [d for i, n in enumerate((6, 11, 3)) for d in texts([n], seed=i, trained_from=1 + n // 2)]
    collate = import_module("trl.trainer.sft_trainer").DataCollatorForLanguageModeling(pad_token_id=0)
    examples = [
        {"input_ids": whole_ids(d)[0].tolist(), "labels": [-100, *d.labels.tolist()]} for d in documents
    ]  # the first token is given, and each label of ours stands one place earlier
    theirs = build(FAMILIES[family], "eager")
    expected = theirs(**collate(examples)).loss
    slopes = gradients(theirs, expected)
    reader = reader_of(build(FAMILIES[family]))
    for rows in (packed(documents), padded(documents)):
        total, count, _ = reader(placed(rows, CPU), masked_answers)
        assert int(count) == sum(int((d.labels != -100).sum()) for d in documents) < rows.tokens
        assert (total / count).item() == pytest.approx(expected.item(), rel=1e-6)
        assert farthest(gradients(reader.model, total / count), slopes) <= WITHIN


@pytest.mark.parametrize("family", FAMILIES)
def test_packed_documents_equal_the_documents_alone(family: str) -> None:
    documents = texts(LENGTHS)
    theirs = build(FAMILIES[family], "eager")
    reader = reader_of(build(FAMILIES[family]))
    assert near(states(reader, packed(documents))[0], torch.cat(alone(theirs, documents)))
    total, count, _ = loss_of(reader, packed(documents))
    expected = sum(theirs(input_ids=whole_ids(d), labels=whole_ids(d)).loss * len(d.ids) for d in documents)
    assert isinstance(expected, Tensor)
    assert int(count) == sum(LENGTHS) and total.item() == pytest.approx(expected.item(), rel=1e-6)
    assert farthest(gradients(reader.model, total), gradients(theirs, expected)) <= WITHIN


@pytest.fixture(scope="module")
def readers() -> dict[str, tuple[Reader, PreTrainedModel]]:
    """A reader and transformers' own, of a family that sees everything and two that see windows."""
    return {n: (reader_of(build(FAMILIES[n])), build(FAMILIES[n], "eager")) for n in ("llama", "mistral", "gemma3")}


@pytest.mark.parametrize("family", ["llama", "mistral", "gemma3"])
@given(lengths=st.lists(st.integers(1, 16), min_size=1, max_size=6), filling=st.integers(0, 80))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_documents_of_any_lengths_are_kept_apart(
    readers: dict[str, tuple[Reader, PreTrainedModel]], family: str, lengths: list[int], filling: int
) -> None:
    documents, (reader, theirs) = texts(lengths, seed=len(lengths)), readers[family]
    found = states(reader, packed(documents, fill_to=filling))[0]
    assert len(found) == max(filling, sum(lengths))
    assert near(found[: sum(lengths)], torch.cat(alone(theirs, documents)))


@pytest.mark.parametrize("family", FAMILIES)
def test_another_document_in_the_middle_changes_no_bit_of_the_others(family: str) -> None:
    reader, documents = reader_of(build(FAMILIES[family])), texts(LENGTHS)
    (other,) = texts([LENGTHS[2]], seed=9)
    before, after = (states(reader, packed([*documents[:2], d, *documents[3:]]))[0] for d in (documents[2], other))
    start = sum(LENGTHS[:2])
    end = start + LENGTHS[2]
    assert torch.equal(before[:start], after[:start]) and torch.equal(before[end:], after[end:])
    assert not torch.equal(before[start:end], after[start:end])


@pytest.mark.parametrize("family", FAMILIES)
def test_no_gradient_crosses_from_one_document_into_another(family: str) -> None:
    reader, documents = reader_of(build(FAMILIES[family])), texts(LENGTHS)
    mute = [d if i == 3 else d._replace(labels=d.labels * 0 - 100) for i, d in enumerate(documents)]
    seen: list[Tensor] = []
    table = reader.model.get_input_embeddings()
    watching = table.register_forward_hook(lambda module, given, made: seen.append(made))
    total, count, _ = loss_of(reader, packed(mute))
    watching.remove()
    (slopes,) = torch.autograd.grad(total, seen)
    start = sum(LENGTHS[:3])
    reached = slopes[0].abs().sum(dim=-1) > 0
    assert int(count) == LENGTHS[3]
    assert reached.nonzero().flatten().tolist() == list(range(start, start + LENGTHS[3]))


@pytest.mark.parametrize("family", FAMILIES)
def test_filling_changes_nothing(family: str) -> None:
    reader, documents = reader_of(build(FAMILIES[family])), texts(LENGTHS)
    plain, filled = packed(documents), packed(documents, fill_to=64, pad=3)
    assert filled.tokens == plain.tokens and filled.inputs.shape == (1, 64)
    (total, count, _), (other, same, _) = loss_of(reader, plain), loss_of(reader, filled)
    assert int(count) == int(same) and other.item() == pytest.approx(total.item(), rel=1e-6)
    assert farthest(gradients(reader.model, other), gradients(reader.model, total)) <= WITHIN


def test_a_soft_capped_model_is_read_in_padded_rows_with_its_own_logits() -> None:
    documents = texts([5, 9, 1])
    theirs, reader = build(soft_capped), reader_of(build(soft_capped))
    assert not reader.packs and not reader.projects
    assert near(states(reader, padded(documents))[1, :9], alone(theirs, documents)[1])
    total, count, _ = loss_of(reader, padded(documents))
    expected = sum(theirs(input_ids=whole_ids(d), labels=whole_ids(d)).loss * len(d.ids) for d in documents)
    assert isinstance(expected, Tensor)
    assert int(count) == 15 and total.item() == pytest.approx(expected.item(), rel=1e-6)
    assert farthest(gradients(reader.model, total), gradients(theirs, expected)) <= WITHIN
    with pytest.raises(AssertionError, match="does not keep packed documents apart"):
        loss_of(reader, packed(documents))


EXPERTS: dict[str, object] = {"num_experts_per_tok": 2, "num_local_experts": 2, "num_experts": 2}
WINDOWS: dict[str, Callable[[], PreTrainedModel]] = {
    "every layer": lambda: PhimoeForCausalLM(PhimoeConfig(**DENSE, **EXPERTS, sliding_window=100)),
    "some layers": lambda: Qwen2MoeForCausalLM(
        Qwen2MoeConfig(
            **DENSE, **EXPERTS, moe_intermediate_size=8, shared_expert_intermediate_size=8, use_sliding_window=True,
            sliding_window=100, max_window_layers=2,
        )
    ),
}  # fmt: skip
"""Families whose layers do not tell their attention of the window; it is larger than what a reader is tried on."""


@pytest.mark.parametrize("where", WINDOWS)
def test_a_model_whose_window_only_a_mask_shows_is_read_in_padded_rows(where: str) -> None:
    assert not reader_of(build(WINDOWS[where])).packs


def test_a_head_that_does_more_than_multiply_is_left_to_the_model() -> None:
    scaled = reader_of(build(lambda: CohereForCausalLM(CohereConfig(**DENSE, logit_scale=0.0625))))
    assert scaled.packs and not scaled.projects
    documents, theirs = texts([5, 9]), build(lambda: CohereForCausalLM(CohereConfig(**DENSE, logit_scale=0.0625)))
    expected = sum(theirs(input_ids=whole_ids(d), labels=whole_ids(d)).loss.item() * len(d.ids) for d in documents)
    assert loss_of(scaled, packed(documents)).total.item() == pytest.approx(expected, rel=1e-6)


def test_dropout_is_off_also_while_training() -> None:
    model = build(lambda: LlamaForCausalLM(LlamaConfig(**DENSE, attention_dropout=0.5)))
    reader, documents = reader_of(model), texts(LENGTHS)
    for rows in (packed(documents), padded(documents)):
        still = states(reader.eval(), rows)
        assert torch.equal(states(reader.train(), rows), still)


def test_a_scorer_reads_each_document_at_its_last_place_packed_or_padded() -> None:
    documents, theirs = texts(LENGTHS), build(FAMILIES["llama"], "eager")
    scorer = Scorer(reader_of(build(FAMILIES["llama"])))
    assert not scorer(placed(packed(documents), CPU)).any()
    with torch.no_grad():
        scorer.score.weight.copy_(torch.randn(1, 16, generator=torch.Generator().manual_seed(0)))
        expected = torch.cat([scorer.score(hidden[-1]) for hidden in alone(theirs, documents)])
        for rows in (packed(documents), padded(documents)):
            assert near(scorer(placed(rows, CPU)), expected)


@pytest.mark.skipif(can_compile() is not None, reason=str(can_compile()))
@pytest.mark.filterwarnings("ignore:`torch.jit.script:DeprecationWarning", "ignore:The .grad attribute:UserWarning")
def test_compiled_layers_keep_documents_apart_and_learn_the_same() -> None:
    documents = texts(LENGTHS)
    plain = reader_of(build(FAMILIES["mistral"]))
    expected = loss_of(plain, packed(documents, fill_to=48)).total
    slopes = gradients(plain.model, expected)
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    model = build(FAMILIES["mistral"])
    reader = reader_of(model)
    compile_layers(model)
    total = loss_of(reader, packed(documents, fill_to=48)).total
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] > 0, "nothing was compiled"
    assert total.item() == pytest.approx(expected.item(), rel=1e-6)
    assert farthest(gradients(model, total), slopes) <= WITHIN
    (other,) = texts([LENGTHS[2]], seed=9)
    changed = [packed([*documents[:2], d, *documents[3:]], fill_to=48) for d in (documents[2], other)]
    before, after = (reader.hidden(placed(rows, CPU))[0] for rows in changed)  # with gradients: no second graph
    start, end = sum(LENGTHS[:2]), sum(LENGTHS[:3])
    assert torch.equal(before[:start], after[:start]) and torch.equal(before[end:], after[end:])


def test_weights_that_are_not_finite_are_refused_by_name() -> None:
    model = build(FAMILIES["llama"])
    with torch.no_grad():
        model.model.layers[0].mlp.up_proj.weight[0, 0] = float("nan")
    with pytest.raises(Mistake, match=r"layers\.0\.mlp\.up_proj\.weight holds numbers that are not finite"):
        reader_of(model)


def test_a_model_that_sees_what_comes_after_is_refused() -> None:
    model = BertLMHeadModel(BertConfig(vocab_size=64, hidden_size=16, num_hidden_layers=1, num_attention_heads=2))
    with pytest.raises(Mistake, match="sees the tokens that it should foretell"):
        reader_of(model)


def test_places_of_packed_documents_are_found_without_looking_at_another_device() -> None:
    ids = torch.arange(16, device="meta")  # where nothing can be read, as on a GPU nothing should be
    row = reader_room._row(ids, torch.tensor([0, 9, 16]))
    assert row.positions.device == ids.device and row.bounds is not None and row.bounds.device.type == "cpu"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="the same shortcuts on a GPU")
def test_both_shortcuts_are_found_on_a_gpu_by_every_family() -> None:
    for name in FAMILIES:
        reader = reader_of(build(FAMILIES[name]).cuda())
        assert (name, reader.packs, reader.projects) == (name, True, True)
