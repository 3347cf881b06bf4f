"""Out of memory before the run: the estimate is checked against what passes really take."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dono.errors import Mistake
from dono.models import Reader, reader_of
from dono.objectives import next_token
from dono.tokens import Rows, document, packed
from dono.training import LoopSpec, likelihood
from dono.training.dry_run import HEAP, USED, fitting, halving, optimizer_bytes, scoring_that_fits, tokens_that_fit
from dono.training.optimizers import OPTIMIZERS
from tests.rooms.training.tiny import VOCABULARY, tiny_lora, tiny_model, tiny_spec

LEAST, MOST = 64, 4096
LEARN = likelihood(next_token)


def part_of(tokens: int) -> Rows:
    """Documents of 64 tokens, all trained."""
    draw = np.random.default_rng(0)
    return packed([document(draw.integers(0, VOCABULARY, min(LEAST, tokens - i) + 1)) for i in range(0, tokens, LEAST)])


def fits(available: int, reader: Reader | None = None, **more: bool) -> int:
    whole = reader_of(tiny_model()) if reader is None else reader
    spec = tiny_spec(3, **more)
    return tokens_that_fit(whole, LEARN, part_of, spec, least=LEAST, most=MOST, available=available)


def trained(reader: Reader) -> int:
    return sum(p.numel() for p in reader.parameters() if p.requires_grad)


def test_with_room_for_all_it_is_the_most_and_with_less_a_multiple_of_the_least() -> None:
    assert fits(10**10) == MOST
    some = fits(30_000_000)
    assert LEAST <= some < MOST and some % LEAST == 0
    assert some <= fits(60_000_000)


def test_weights_gradients_and_mode_are_as_before() -> None:
    reader = reader_of(tiny_model())
    before = [p.detach().clone() for p in reader.parameters()]
    modes = [m.training for m in reader.modules()]
    fits(30_000_000, reader)
    assert all(torch.equal(p, old) for p, old in zip(reader.parameters(), before, strict=True))
    assert all(p.grad is None for p in reader.parameters()) and modes == [m.training for m in reader.modules()]


def test_making_activations_again_lets_more_tokens_through() -> None:
    assert fits(30_000_000, recompute=True) > fits(30_000_000)


def test_an_evaluation_that_takes_more_than_a_step_decides() -> None:
    def evaluate(tokens: int) -> None:
        torch.zeros(tokens, 100_000)

    reader = reader_of(tiny_model())
    found = tokens_that_fit(
        reader, LEARN, part_of, tiny_spec(3), least=LEAST, most=MOST, evaluate=evaluate, available=550_000_000
    )
    assert found == int(USED * 550_000_000 / HEAP / 400_000) // LEAST * LEAST
    assert fits(550_000_000) == MOST


@pytest.mark.parametrize("available", [300_000_000, 10**10])
def test_a_scoring_reads_as_much_at_once_as_fits(available: int) -> None:
    reader, read = reader_of(tiny_model()), list[int]()

    def score(tokens: int) -> None:
        with torch.inference_mode():
            torch.zeros(tokens, 100_000)
        read.append(tokens)

    found = scoring_that_fits(reader.model, score, least=LEAST, most=MOST, available=available)
    assert found == min(MOST, int(USED * available / HEAP / 400_000) // LEAST * LEAST)
    assert max(read) <= 2 * LEAST  # no more is tried than what it takes to know
    edge = int(1.01 * 400_000 * LEAST / USED)
    assert scoring_that_fits(reader.model, score, least=LEAST, most=MOST, available=edge) == LEAST
    with pytest.raises(Mistake, match="scoring 64 tokens at once does not fit"):
        scoring_that_fits(reader.model, score, least=LEAST, most=MOST, available=10_000_000)


def test_a_part_that_cannot_fit_is_said_with_the_sizes() -> None:
    with pytest.raises(Mistake, match=r"one pass of 64 tokens does not fit into .* GB.* Shorten the context"):
        fits(500_000)


def test_an_optimizer_that_cannot_fit_is_said_before_anything_is_tried() -> None:
    def never(tokens: int) -> Rows:
        raise AssertionError("nothing may be tried")

    with pytest.raises(Mistake, match="gradients and optimizer take"):
        tokens_that_fit(reader_of(tiny_model()), LEARN, never, tiny_spec(3), least=LEAST, most=MOST, available=1_000)


@pytest.mark.parametrize(("optimizer", "lora"), [("adamw", False), ("muon", False), ("adamw", True)])
def test_an_optimizers_bytes_are_those_of_its_state_after_a_real_step(optimizer: str, lora: bool) -> None:
    reader, spec = reader_of(tiny_lora() if lora else tiny_model()), tiny_spec(3, optimizer=optimizer)
    told = optimizer_bytes(reader, spec)
    made = OPTIMIZERS[optimizer](reader, spec)
    for p in reader.parameters():
        p.grad = torch.ones_like(p) if p.requires_grad else None
    made.step()
    state = [v for of in made.state.values() for v in of.values() if isinstance(v, torch.Tensor) and v.dim() > 0]
    assert told.keeps == pytest.approx(sum(v.numel() * v.element_size() for v in state), rel=1e-2)
    assert told.most >= told.keeps and (lora or told.keeps >= 4 * trained(reader))


@pytest.mark.parametrize("free", [0, 999, 5_000, 12_345, 10**9])
def test_what_is_tried_never_takes_more_than_is_free_and_the_line_is_followed(free: int) -> None:
    def needs(tokens: int) -> int:
        tried.append(200 + 3 * tokens)
        return tried[-1]

    tried: list[int] = []
    expected = max(0, min(MOST, (free - 200) // 3)) // LEAST * LEAST
    found = fitting(needs, free, LEAST, MOST)
    assert found == expected
    assert all(taken <= free for taken in tried[1:])


def test_halving_finds_the_first_that_fits_and_never_goes_below_the_least() -> None:
    tried: list[int] = []

    def up_to(limit: int) -> int:
        tried.clear()
        return halving(lambda tokens: tried.append(tokens) or tokens <= limit, 64, 1000)  # type: ignore[func-returns-value]

    assert up_to(10_000) == 960
    assert up_to(500) == 448
    assert up_to(100) == 64 and tried == [960, 448, 192, 64]
    assert up_to(10) == 0 and tried[-1] == 64


def test_the_spec_decides_the_precision_of_the_pass() -> None:
    seen: list[torch.dtype] = []

    def learn(reader: Reader, rows: Rows):  # type: ignore[no-untyped-def] # noqa: ANN202 - the learner's own type
        seen.append(torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else torch.float32)
        return LEARN(reader, rows)

    for precision in ("float32", "bfloat16"):
        spec: LoopSpec = tiny_spec(3, precision=precision)
        tokens_that_fit(reader_of(tiny_model()), learn, part_of, spec, least=LEAST, most=LEAST, available=10**10)
    assert seen[0] == torch.float32 and seen[-1] == torch.bfloat16
