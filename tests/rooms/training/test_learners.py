"""Every objective through its learner: packed as padded, one part as eight, with and without shortcuts of memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dono.models import Reader, Scorer, reader_of
from dono.objectives import OBJECTIVES, POLICIES, PREFERENCES, kto, summed
from dono.tokens import Document, Rows, packed, padded
from dono.training import (
    JudgedRows,
    LoopSpec,
    PairRows,
    RolloutRows,
    answers_in,
    judgements,
    likelihood,
    policy,
    preferences,
    rewards,
    train,
    with_divergence,
)
from dono.training.optimizers import OPTIMIZERS
from tests.rooms.models.families import FAMILIES, build, farthest, gradients, texts, whole_ids

DOCUMENTS = 8
WITHIN = {torch.float64: 1e-12, torch.float32: 1e-6}
"""How far one part and eight may differ: sums in another order (measured: 3e-16 and 4e-7)."""
LONG_WAY = 1e-5
"""How far packed and padded may differ in float64 models: transformers makes softmax, norms and rotations in float32
(measured: 1e-6)."""
Layout = Callable[[Sequence[Document]], Rows]


def document_at(number: int, seed: int = 0) -> Document:
    """A prompt of three tokens with an answer of 1 to 12, of which only the answer is trained."""
    (text,) = texts([3 + (5 * number + seed) % 12], seed=100 * seed + number, trained_from=3)
    return text


def longest() -> int:
    return max(int((document_at(i).labels >= 0).sum()) for i in range(DOCUMENTS))


def numbers(*shape: int, seed: int, scale: float = 1.0) -> np.ndarray[Any, np.dtype[np.float32]]:
    return (scale * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


@cache
def frozen(seed: int, shift: float = 0.0) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Log-likelihoods of the answers under a reference near the model in training."""
    texts_of_seed = [document_at(i, seed) for i in range(DOCUMENTS)]
    with torch.no_grad():
        own = summed(answers_in(reader_of(build(FAMILIES["llama"])), packed(texts_of_seed), DOCUMENTS)).numpy()
    return (own + numbers(DOCUMENTS, seed=seed) + shift).astype(np.float32)


def rows_of(chosen: Sequence[int], layout: Layout) -> Rows:
    return layout([document_at(i) for i in chosen])


def pairs_of(chosen: Sequence[int], layout: Layout) -> PairRows:
    """Documents 0 to 3 are preferred to 4 to 7."""
    sides = [*chosen, *(i + DOCUMENTS // 2 for i in chosen)]
    margin = np.abs(numbers(DOCUMENTS, seed=1))[list(chosen)]
    return PairRows(rows_of(sides, layout), len(chosen), frozen(0)[sides], margin)


def judged_of(chosen: Sequence[int], layout: Layout) -> JudgedRows:
    mismatched = layout([document_at(i, seed=1) for i in chosen])
    desirable = np.arange(DOCUMENTS)[list(chosen)] % 3 > 0
    return JudgedRows(rows_of(chosen, layout), desirable, frozen(0)[list(chosen)], mismatched, FAR[list(chosen)])


def rollouts_of(chosen: Sequence[int], layout: Layout) -> RolloutRows:
    """Columns beyond a part's longest answer are cut off, as whoever makes a part must do."""
    columns = max(int((document_at(i).labels >= 0).sum()) for i in chosen)
    behaviour, reference = (ANSWERED + numbers(DOCUMENTS, longest(), seed=s, scale=0.3) for s in (2, 3))
    cut = (list(chosen), slice(columns))
    advantages = numbers(DOCUMENTS, seed=4)[list(chosen)]
    return RolloutRows(rows_of(chosen, layout), behaviour[cut], advantages, reference[cut])


FAR = frozen(1, shift=-3.0)
"""The reference finds the mismatched answers less likely, by very different amounts, so that KTO's z₀ is not zero."""
with torch.no_grad():
    ANSWERED = answers_in(
        reader_of(build(FAMILIES["llama"])), packed([document_at(i) for i in range(DOCUMENTS)]), DOCUMENTS
    ).loglikelihoods.numpy()


class Case(NamedTuple):
    """How an objective learns: its learner, how documents become a part, what sees the whole step first."""

    learn: Callable[[Any, Any], Any]
    part: Callable[[Sequence[int], Layout], Any]
    prepare: Callable[[Any, Sequence[Any]], Sequence[Any]] | None = None


CASES: dict[str, Case] = {
    **{name: Case(likelihood(objective), rows_of) for name, objective in OBJECTIVES.items()},
    **{name: Case(preferences(objective), pairs_of) for name, objective in PREFERENCES.items()},
    "kto": Case(judgements(kto), judged_of, with_divergence),
    "bradley_terry": Case(rewards(), pairs_of),
    **{name: Case(policy(objective), rollouts_of) for name, objective in POLICIES.items()},
}


def learner_of(name: str, reader: Reader) -> nn.Module:
    """What the loop trains: the reader, or a reward model on it that already has an opinion."""
    if name != "bradley_terry":
        return reader
    scorer = Scorer(reader)
    with torch.no_grad():
        scorer.score.weight.copy_(torch.from_numpy(numbers(*scorer.score.weight.shape, seed=5, scale=0.1)))
    return scorer


def fresh(name: str, dtype: torch.dtype = torch.float32) -> nn.Module:
    return learner_of(name, reader_of(build(FAMILIES["llama"]).to(dtype)))


def parts_of(name: str, count: int, layout: Layout = packed) -> list[Any]:
    """All documents of a step in so many parts."""
    whole = range(DOCUMENTS // 2 if CASES[name].part is pairs_of else DOCUMENTS)
    size = max(1, len(whole) // count)
    return [CASES[name].part(whole[i : i + size], layout) for i in range(0, len(whole), size)]


def always(parts: list[Any]) -> Callable[[int], list[Any]]:
    """The same parts at every step."""
    return lambda step: parts


ONE_STEP = LoopSpec(start=0, stop=1, peak=100.0, warmup=1, decay_from=1, optimizer="plain", clip=1e9)
"""A step so large that the weights it moves from do not hide what it adds."""
FIVE_STEPS = LoopSpec(start=0, stop=5, peak=1e-3, warmup=2, decay_from=5)


@pytest.fixture(autouse=True)
def plain_descent(monkeypatch: pytest.MonkeyPatch) -> None:
    """An optimizer whose step is the gradient itself."""

    def descend(model: nn.Module, spec: LoopSpec) -> torch.optim.Optimizer:
        return torch.optim.SGD([{"params": list(model.parameters()), "peak": spec.peak}], lr=spec.peak)

    monkeypatch.setitem(OPTIMIZERS, "plain", descend)


def weights(module: nn.Module) -> dict[str, Tensor]:
    return {name: p.detach().clone() for name, p in module.named_parameters()}


def step_of(
    case: Case, name: str, parts: list[Any], dtype: torch.dtype, folder: Path
) -> tuple[dict[str, Tensor], float]:
    """What one step of the loop adds to every weight, and its loss."""
    module = fresh(name, dtype)
    before = weights(module)
    found = train(module, always(parts), case.learn, ONE_STEP, folder, prepare=case.prepare)
    return {n: w - before[n] for n, w in weights(module).items()}, found.losses[0]


def flat(tensors: dict[str, Tensor]) -> Tensor:
    return torch.cat([t.flatten() for t in tensors.values()])


@pytest.mark.parametrize("dtype", list(WITHIN))
@pytest.mark.parametrize("name", CASES)
def test_a_step_in_eight_parts_is_the_step_in_one(name: str, dtype: torch.dtype, tmp_path: Path) -> None:
    once, loss = step_of(CASES[name], name, parts_of(name, 1), dtype, tmp_path / "one")
    parts = parts_of(name, DOCUMENTS)
    assert len(parts) == (4 if CASES[name].part is pairs_of else 8)
    eight_times, same = step_of(CASES[name], name, parts, dtype, tmp_path / "eight")
    still = {n for n, change in once.items() if not change.any()}
    assert still == ({"reader.model.lm_head.weight"} if name == "bradley_terry" else set())
    assert (flat(eight_times) - flat(once)).norm() <= WITHIN[dtype] * flat(once).norm()
    assert same == pytest.approx(loss, rel=10 * WITHIN[dtype])  # policy losses are small sums of large terms


def test_a_step_is_against_the_gradient_of_transformers_mean_loss(tmp_path: Path) -> None:
    theirs = build(FAMILIES["llama"], "eager").double()
    texts_read = [document_at(i) for i in range(DOCUMENTS)]
    trained = [torch.where(torch.tensor([False, *(d.labels >= 0)])[None], whole_ids(d), -100) for d in texts_read]
    counts = torch.tensor([int((t >= 0).sum()) for t in trained])
    losses = [theirs(input_ids=whole_ids(d), labels=t).loss for d, t in zip(texts_read, trained, strict=True)]
    mean = (torch.stack(losses) * counts).sum() / counts.sum()
    step, loss = step_of(CASES["next_token"], "next_token", parts_of("next_token", 4), torch.float64, tmp_path)
    assert loss == pytest.approx(mean.item(), rel=LONG_WAY)
    expected = gradients(theirs, -ONE_STEP.peak * mean)
    assert farthest({n.removeprefix("model."): change for n, change in step.items()}, expected) <= LONG_WAY


def test_without_a_divergence_of_the_whole_step_ktos_parts_would_not_add_up(tmp_path: Path) -> None:
    def each_its_own(reader: Reader, parts: Sequence[JudgedRows]) -> list[JudgedRows]:
        return [part for alone in parts for part in with_divergence(reader, [alone])]

    once, _ = step_of(CASES["kto"], "kto", parts_of("kto", 1), torch.float64, tmp_path / "one")
    case = CASES["kto"]._replace(prepare=each_its_own)
    apart, _ = step_of(case, "kto", parts_of("kto", 8), torch.float64, tmp_path / "eight")
    assert farthest(apart, once) > 1e-3


def test_ktos_divergence_is_that_of_all_parts_together() -> None:
    reader = reader_of(build(FAMILIES["llama"]))
    (whole,) = with_divergence(reader, parts_of("kto", 1))
    found = {part.divergence for part in with_divergence(reader, parts_of("kto", 8))}
    assert whole.divergence is not None and whole.divergence > 0
    assert len(found) == 1 and found.pop() == pytest.approx(whole.divergence, rel=1e-6)


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_three_steps_of_an_optimizer_in_eight_parts_lose_as_in_one(optimizer: str, tmp_path: Path) -> None:
    """Losses, not weights, and in float64: where a gradient is nearly zero, Adam's first step is its sign."""
    spec = replace(FIVE_STEPS, stop=3, decay_from=3, optimizer=optimizer, matrix_peak=1e-2)
    losses = []
    for count in (1, 8):
        parts = parts_of("next_token", count)
        learn, module = CASES["next_token"].learn, fresh("next_token", torch.float64)
        losses.append(train(module, always(parts), learn, spec, tmp_path / str(count)).losses)
    assert losses[1] == pytest.approx(losses[0], rel=WITHIN[torch.float64])
    assert losses[0][2] < losses[0][0]


@pytest.mark.parametrize("name", CASES)
def test_packed_documents_learn_what_padded_ones_do_the_long_way(name: str) -> None:
    """The long way: transformers' own attention over padded rows, and full logits of the model itself."""
    plain = learner_of(name, Reader(build(FAMILIES["llama"], "eager").double(), packs=False, projects=False))
    found = []
    for module, layout in ((plain, padded), (fresh(name, torch.float64), packed)):
        parts = parts_of(name, 1, layout)
        prepare = CASES[name].prepare
        loss = CASES[name].learn(module, (prepare(module, parts) if prepare is not None else parts)[0])
        found.append((loss, gradients(module, loss.total)))
    (theirs, expected), (ours, slopes) = found
    assert int(ours.count) == int(theirs.count)
    assert ours.total.item() == pytest.approx(theirs.total.item(), rel=LONG_WAY)
    assert farthest(slopes, expected) <= LONG_WAY


@pytest.mark.parametrize("layout", [packed, padded])
def test_answers_are_the_trained_tokens_of_each_document(layout: Layout) -> None:
    documents = [document_at(i) for i in range(4)]
    reader, theirs = reader_of(build(FAMILIES["llama"])), build(FAMILIES["llama"], "eager")
    answers = answers_in(reader, layout(documents), 4)
    for text, said, mask in zip(documents, *answers, strict=True):
        logs = theirs(input_ids=whole_ids(text)).logits[0, :-1].log_softmax(-1)
        trained = torch.from_numpy(text.labels) >= 0
        expected = logs.gather(1, whole_ids(text)[0, 1:, None])[trained, 0]
        assert int(mask.sum()) == int(trained.sum()) and mask[: len(expected)].all()
        assert torch.allclose(said[mask], expected, rtol=1e-5, atol=1e-5)


def test_filling_is_no_answer() -> None:
    documents, reader = [document_at(i) for i in range(4)], reader_of(build(FAMILIES["llama"]))
    plain, filled = (answers_in(reader, packed(documents, fill_to=n), 4) for n in (0, 128))
    assert torch.equal(plain.mask, filled.mask)
    assert torch.allclose(plain.loglikelihoods, filled.loglikelihoods, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["next_token", "dpo", "bradley_terry"])
def test_activations_made_again_give_the_same_losses_and_weights_to_the_last_bit(name: str, tmp_path: Path) -> None:
    ends = []
    for recompute in (False, True):
        module, spec, parts = fresh(name), replace(FIVE_STEPS, recompute=recompute), parts_of(name, 2)
        calls: list[int] = []
        layer = next(m for m in module.modules() if isinstance(m, Reader)).model.model.layers[0].mlp
        layer.register_forward_pre_hook(lambda module, given, calls=calls: calls.append(1))
        found = train(module, always(parts), CASES[name].learn, spec, tmp_path / str(recompute))
        ends.append((found.losses, weights(module), len(calls)))
    (losses, kept, once), (again, made_again, twice) = ends
    assert twice == 2 * once  # so it was recomputed
    assert again == losses and losses[-1] < losses[0]
    assert all(torch.equal(kept[n], w) for n, w in made_again.items())


@pytest.mark.parametrize("name", ["next_token", "dpo"])
def test_in_bfloat16_the_losses_of_five_steps_stay_within_its_rounding(name: str, tmp_path: Path) -> None:
    """Within 2⁻⁶ of the loss: four roundings of 2⁻⁸ (assumed; measured: 2⁻¹⁰ for next_token, 2⁻⁸ for dpo)."""
    losses = []
    for precision in ("float32", "bfloat16"):
        spec, parts = replace(FIVE_STEPS, precision=precision), parts_of(name, 2)
        module = fresh(name)
        losses.append(train(module, always(parts), CASES[name].learn, spec, tmp_path / precision))
        assert all(p.dtype == torch.float32 for p in module.parameters())
    exact, rounded = (np.asarray(found.losses) for found in losses)
    assert (exact != rounded).all()
    assert (np.abs(rounded - exact) <= 2**-6 * np.abs(exact)).all()
