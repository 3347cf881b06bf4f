from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from transformers import MambaConfig, MambaForCausalLM, PreTrainedModel

from dono.errors import Mistake
from dono.models import fuse, fused
from dono.serving.batching import Batcher, Full, Stopped
from dono.serving.generation import Drawn, Generation
from dono.serving.prefixes import SHORTEST
from dono.serving.rows import Adapters, Run, SeparateRows, SlotRows, rows_of
from dono.serving.sampling import Sampling
from dono.serving.slots import SlotCache
from tests.rooms.models.families import FAMILIES, VOCABULARY, build, soft_capped
from tests.rooms.serving.answers import HOT, answer, answers, batching, chances, generated

CAPACITY = 60


def prompts(lengths: list[int], seed: int = 0) -> list[list[int]]:
    draw = np.random.default_rng(seed)
    return [draw.integers(0, VOCABULARY, n).tolist() for n in lengths]


def mamba() -> PreTrainedModel:
    return MambaForCausalLM(MambaConfig(vocab_size=VOCABULARY, hidden_size=16, num_hidden_layers=2, state_size=4))


KINDS = {**{name: (make, SlotRows) for name, make in FAMILIES.items()}, "gemma2": (soft_capped, SlotRows),
         "mamba": (mamba, SeparateRows)}  # fmt: skip


@pytest.mark.parametrize("name", sorted(KINDS))
def test_greedy_answers_are_those_of_generate_whatever_else_is_in_the_batch(name: str) -> None:
    make, expected = KINDS[name]
    model = build(make)
    rows = rows_of(model, slots=3, capacity=CAPACITY)
    assert isinstance(rows, expected)
    asked = prompts([5, 40, 1, 17, 23])  # more than there are slots, and longer than a piece of a prompt
    with batching(rows, chunk=9) as batcher:
        found = answers(batcher, asked, 12)
        again = answers(batcher, asked[::-1], 12)[::-1]  # other mates, and beginnings that are reused
        assert (batcher.load.kept_tokens > 0) == (expected is SlotRows)
    wanted = [generated(model, prompt, 12) for prompt in asked]
    assert found == again == wanted


@pytest.mark.parametrize("name", ["llama", "mistral", "qwen3"])
def test_greedy_answers_of_fused_layers_are_those_of_generate(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused, "onednn_is_faster", torch.backends.mkldnn.is_available)
    model = build(FAMILIES[name])
    asked = prompts([5, 40, 1, 17, 23])
    wanted = [generated(model, prompt, 12) for prompt in asked]
    fuse(model)
    rows, together = rows_of(model, slots=3, capacity=CAPACITY), list[int]()
    assert isinstance(rows, SlotRows)
    both = rows.read_both

    def counted(one: Run, other: Run) -> tuple[torch.Tensor, torch.Tensor]:
        together.append(len(one[1]))
        return both(one, other)

    monkeypatch.setattr(rows, "read_both", counted)
    with batching(rows, chunk=9) as batcher:
        assert answers(batcher, asked, 12) == wanted
    assert together  # prompts were read beside the steps of others


def test_a_model_that_cannot_go_on_is_refused() -> None:
    model = build(FAMILIES["llama"])
    whole = model.forward
    model.forward = lambda input_ids, use_cache=None: whole(input_ids=input_ids, use_cache=False)
    with pytest.raises(Mistake, match="does not go on from what it has read"):
        rows_of(model, slots=2, capacity=CAPACITY)


@pytest.fixture(scope="module")
def llama() -> PreTrainedModel:
    return build(FAMILIES["llama"])


@pytest.fixture(scope="module")
def rows(llama: PreTrainedModel) -> SlotRows:
    made = rows_of(llama, slots=4, capacity=CAPACITY)
    assert isinstance(made, SlotRows)
    return made


def test_drawn_answers_depend_on_their_seed_alone(rows: SlotRows) -> None:
    asked = prompts([7, 20, 4, 30])
    with batching(rows) as batcher:
        alone = answers(batcher, asked[:1], 15, sampling=HOT)[0]

        async def among_others() -> list[list[Drawn]]:
            others = [answer(batcher, p, 15, sampling=Sampling(1.0, seed=i)) for i, p in enumerate(asked[1:])]
            greedy = [answer(batcher, asked[2], 9)]
            return await asyncio.gather(answer(batcher, asked[0], 15, sampling=HOT), *others, *greedy)

        mixed = [d.token for d in asyncio.run(among_others())[0]]
        other = answers(batcher, asked[:1], 15, sampling=Sampling(1.3, 0.9, 40, seed=12))[0]
    assert alone == mixed != other


def test_chances_told_are_those_of_a_plain_pass(llama: PreTrainedModel, rows: SlotRows) -> None:
    prompt = prompts([11])[0]
    with batching(rows) as batcher:

        async def with_mates() -> list[list[Drawn]]:
            mates = [answer(batcher, p, 10, sampling=HOT) for p in prompts([3, 30], seed=1)]
            return await asyncio.gather(answer(batcher, prompt, 8, told=5, sampling=HOT), *mates)

        found = asyncio.run(with_mates())[0]
    log_p = chances(llama, [*prompt, *[d.token for d in found]])[len(prompt) - 1 : -1]
    for drawn, row in zip(found, log_p, strict=True):
        assert drawn.told is not None
        values, tokens = row.topk(5)
        assert drawn.told.chosen == pytest.approx(float(row[drawn.token]), abs=1e-4)
        assert drawn.told.tokens == tuple(tokens.tolist())
        assert drawn.told.values == pytest.approx(values.tolist(), abs=1e-4)


def test_beginnings_are_reused_within_a_scope_alone(rows: SlotRows) -> None:
    shared = prompts([SHORTEST + 8], seed=2)[0]
    one, other = [*shared, 3, 4], [*shared, 5]
    with batching(rows) as batcher:

        async def ask(prompt: list[int], owner: str) -> int:
            queue: asyncio.Queue[tuple[Generation, Drawn]] = asyncio.Queue()
            generation = Generation(prompt, 2, queue, owner=owner)
            batcher.submit([generation])
            while (await queue.get())[1].finish is None:
                pass
            return generation.reused

        assert [asyncio.run(ask(p, w)) for p, w in ((one, "a"), (other, "a"), (other, "b"))] == [0, len(shared), 0]


def test_a_first_token_is_sent_before_the_next_step(rows: SlotRows, monkeypatch: pytest.MonkeyPatch) -> None:
    arrived, read, waited = threading.Event(), rows.read, list[bool]()

    def held_up(first: int, ids: Sequence[Sequence[int]], starts: Sequence[int], adapters: Adapters) -> torch.Tensor:
        if max(map(len, ids)) == 1:  # a step: the first token must be with whoever asked
            waited.append(arrived.wait(30))
        return read(first, ids, starts, adapters)

    monkeypatch.setattr(rows, "read", held_up)
    with batching(rows) as batcher:

        async def ask() -> None:
            queue: asyncio.Queue[tuple[Generation, Drawn]] = asyncio.Queue()
            batcher.submit([Generation(prompts([6])[0], 3, queue)])
            await queue.get()
            arrived.set()
            while (await queue.get())[1].finish is None:
                pass

        asyncio.run(ask())
    assert waited == [True, True]


def test_a_processors_first_slots_are_ready_and_zero(llama: PreTrainedModel) -> None:
    cache = SlotCache(llama, 3, CAPACITY)
    assert all(not t.any() for layer in cache.layers for t in (layer.keys, layer.values))


def test_an_answer_that_nobody_wants_leaves_its_slot(rows: SlotRows) -> None:
    with batching(rows) as batcher:

        async def leave() -> None:
            queue: asyncio.Queue[tuple[Generation, Drawn]] = asyncio.Queue()
            wanted = [Generation(p, 50, queue) for p in prompts([4, 5, 6, 7, 8, 9])]
            batcher.submit(wanted)
            await queue.get()
            for generation in wanted:
                batcher.cancel(generation)

        asyncio.run(leave())
        assert [len(t) for t in answers(batcher, prompts([3, 3, 3, 3]), 5)] == [5, 5, 5, 5]
        assert batcher.load.running == batcher.load.waiting == 0


def test_more_than_the_queue_holds_is_refused_whole(rows: SlotRows) -> None:
    with batching(rows, queue=2) as batcher:

        async def fill() -> None:
            queue: asyncio.Queue[tuple[Generation, Drawn]] = asyncio.Queue()
            with pytest.raises(Full):
                batcher.submit([Generation([1], 3, queue) for _ in range(7)])
            batcher.submit([Generation([1], 3, queue) for _ in range(6)])
            ended = 0
            while ended < 6:
                ended += (await queue.get())[1].finish is not None

        asyncio.run(fill())


def test_an_answer_ends_at_an_end_and_at_the_context(llama: PreTrainedModel, rows: SlotRows) -> None:
    prompt = prompts([6])[0]
    greedy = generated(llama, prompt, 10)
    with batching(rows) as batcher:
        ended = asyncio.run(_all(batcher, prompt, 10, ends=frozenset({greedy[4]})))
        full = asyncio.run(_all(batcher, prompts([50])[0], 500))
    stop = greedy.index(greedy[4])
    assert [d.token for d in ended] == greedy[: stop + 1] and ended[-1].finish == "stop"
    assert full[-1].finish == "length" and len(full) == CAPACITY - 50 + 1


async def _all(batcher: Batcher, prompt: list[int], most: int, **asked: object) -> list[Drawn]:
    return await answer(batcher, prompt, most, **asked)


def test_a_pass_that_fails_fails_its_answers_and_nothing_after_them(
    rows: SlotRows, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    whole: Callable[..., torch.Tensor] = rows.read
    broken = iter([True])

    def read(*asked: object) -> torch.Tensor:
        if next(broken, False):
            raise RuntimeError("no memory")
        return whole(*asked)

    monkeypatch.setattr(rows, "read", read)
    with batching(rows) as batcher:
        failed = asyncio.run(_all(batcher, [1, 2, 3], 5))
        assert failed[-1].finish == "failed" and "no memory" in caplog.text
        assert len(answers(batcher, [[1, 2, 3]], 5)[0]) == 5
    with pytest.raises(Stopped):
        batcher.submit([])
