"""The engine that is always there: transformers weights in this process, on a processor or a GPU."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ParamSpec

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from dono.errors import Mistake
from dono.models import fuse, load_model, multiply_by_onednn, shape_of
from dono.serving.adapters import Adapters
from dono.serving.answer import Answer, Vocabulary
from dono.serving.batching import STOPPED, Batcher, Full, Stopped
from dono.serving.contract import ChatRequest, CompletionRequest, EmbeddingRequest, Generating, separate
from dono.serving.engine import Event, Job, State, Usage, Vectors
from dono.serving.generation import Drawn, Generation
from dono.serving.grammar import Grammars
from dono.serving.pooling import mean_vectors
from dono.serving.prefixes import Prefixes
from dono.serving.prompts import chat_ids, room, text_ids
from dono.serving.refusals import Refused, invalid
from dono.serving.rows import Rows, rows_of
from dono.serving.sampling import Sampling
from dono.serving.slots import bytes_of_token, example_of
from dono.serving.tools import ToolForm, call_grammar, demanded, offered, tool_form
from dono.tokens import load_tokenizer

CONTEXT = 4096
"""Tokens of prompt and answer by default, where the model takes more (assumed)."""
SHARE = 0.6
"""Of the free memory that keys and values may take (assumed)."""
SHORT = 2000
"""Characters that are made to ids at once, in a millisecond: a thread for them waits 2 to 15 ms for the interpreter
while eight answers are under way (measured)."""
FEW = 20
"""Messages of a conversation for which that holds (assumed)."""
P = ParamSpec("P")
PREFIX_SHARE = 0.25
"""Beginnings kept for reuse may take so much as this share of the slots' keys and values (assumed)."""


@dataclass(frozen=True, kw_only=True)
class EmbeddedSettings:
    """How a model is run. None: chosen by the device.

    `chunk` are the tokens of prompts read between two steps. `template` is a use case's, for what users say.
    """

    device: str | None = None
    dtype: str | None = None
    slots: int = 32
    context: int | None = None
    queue: int = 128
    chunk: int | None = None
    adapters: Path | None = None
    template: str | None = None
    named: dict[str, Path] = field(default_factory=dict)
    templates: dict[str, str | None] = field(default_factory=dict)


class EmbeddedEngine:
    """One base model at `name`, and its adapters at theirs."""

    def __init__(
        self, name: str, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, settings: EmbeddedSettings
    ) -> None:
        self.name, self.tokenizer, self.settings = name, tokenizer, settings
        device = torch.device(settings.device or ("cuda" if torch.cuda.is_available() else "cpu"))
        model = model.to(device).eval().requires_grad_(False)  # type: ignore[arg-type, unused-ignore]
        shape = shape_of(model)
        if settings.adapters is None and not settings.named:  # adapters change layers as transformers has them
            fuse(model)
        multiply_by_onednn(model)
        self.vocabulary = shape.vocabulary
        self.context = min(shape.context, settings.context or CONTEXT)
        rows = _fitting_rows(model, settings.slots, self.context)
        self.slots, self.together = rows.slots, rows.token_bytes > 0
        kept = int(PREFIX_SHARE * rows.slots * self.context * rows.token_bytes)
        chunk = settings.chunk or (128 if device.type == "cpu" else 2048)
        prefixes = Prefixes(kept, rows.token_bytes)
        self.adapters = Adapters(rows, model, settings.adapters, settings.named)
        self.batcher = Batcher(rows, queue=settings.queue, chunk=chunk, prefixes=prefixes)
        self._words = Vocabulary(tokenizer)
        self._grammars: Grammars | None = None
        self._form = tool_form(tokenizer)
        self._ends = _ends(model, tokenizer)
        self._usual = _usual_sampling(model)

    @classmethod
    def open(cls, name: str, place: str, settings: EmbeddedSettings) -> EmbeddedEngine:
        """A model directory. Raises `Mistake` where it cannot be read.

        What a model's reading computes is done in a thread that ends: threads that OpenMP keeps for one that goes on
        count against the processors, and with more of them than processors all wait in a slow way (a step of a small
        model on two processors took 14 ms in place of 7).
        """
        with ThreadPoolExecutor(1) as once:
            return once.submit(cls._opened, name, place, settings).result()

    @classmethod
    def _opened(cls, name: str, place: str, settings: EmbeddedSettings) -> EmbeddedEngine:
        kind = settings.dtype or ("bfloat16" if (settings.device or "").startswith("cuda") or (
            settings.device is None and torch.cuda.is_available()) else "float32")  # fmt: skip
        dtype = getattr(torch, kind, None)
        if dtype not in (torch.float32, torch.bfloat16, torch.float16):
            raise Mistake(f"no precision {kind!r}", where="--dtype", remedy="Use float32, bfloat16 or float16")
        model = load_model(place, dtype=dtype)
        return cls(name, model, load_tokenizer(place), settings)

    def names(self) -> Sequence[str]:
        """The model names."""
        return [self.name, *self.adapters.known()]

    def has(self, name: str) -> bool:
        """Whether a name is served."""
        return name == self.name or name in self.adapters.known()

    async def chat(self, request: ChatRequest, owner: str) -> Job:
        """A conversation."""
        template = self.settings.templates.get(request.model, self.settings.template)
        tools = offered(request)
        if tools and self._form is None:
            what = "has no tools" if self.tokenizer.chat_template else "is missing"
            raise invalid(
                f"tools are not served: this model's chat template {what}, or writes calls in a form that is not known",
                "tools",
            )
        said = sum(len(message.text) for message in request.messages)
        short = said <= SHORT and len(request.messages) <= FEW and not tools
        ids = await _ids(short, chat_ids, self.tokenizer, request.messages, tools, template)
        most = room(len(ids), request.most, self.context)
        grammar = await asyncio.to_thread(self._grammar_of, request)
        made = [self._made(ids, most, request, index, owner, request.told, grammar) for index in range(request.choices)]
        form = self._form if tools else None
        return self._job(made, request, form, spaced=self.tokenizer.chat_template is None)

    async def complete(self, request: CompletionRequest, owner: str) -> Job:
        """Texts that go on."""
        prompts = separate(request.prompt)
        many = len(prompts) * request.choices
        if many > self.settings.queue + self.slots:
            raise invalid(f"{many:,} answers are more than the queue of {self.settings.queue:,} holds", "prompt")
        short = sum(map(len, prompts)) <= SHORT
        rows = [await _ids(short, text_ids, self.tokenizer, p, self.vocabulary, "prompt") for p in prompts]
        made = [
            self._made(ids, room(len(ids), request.most, self.context), request, index, owner, request.told, None)
            for ids in rows
            for index in range(request.choices)
        ]
        return self._job(made, request, None, spaced=False)

    async def embed(self, request: EmbeddingRequest) -> Vectors:
        """Texts as vectors."""
        rows = [text_ids(self.tokenizer, p, self.vocabulary, "input") for p in separate(request.input)]
        longest = max(map(len, rows))
        if longest > self.context:
            raise invalid(f"an input has {longest:,} tokens, the context {self.context:,}", "input")
        async with self._adapter(request.model) as adapter:
            vectors, seconds = await mean_vectors(self.batcher, rows, adapter)
        return Vectors(vectors, sum(map(len, rows)), seconds)

    def state(self) -> State:
        """How it is."""
        load = self.batcher.load
        figures = {"slots": float(load.slots), "kept_prefix_tokens": float(load.kept_tokens)}
        why = "" if self.batcher.alive else "the model's thread has ended"
        return State(self.batcher.alive, why, load.running, load.waiting, figures)

    async def close(self) -> None:
        """Stop."""
        await asyncio.to_thread(self.batcher.close)

    def _grammar_of(self, request: ChatRequest) -> str | None:
        wanted, called = request.response_format, demanded(request)
        if (wanted is None or wanted.type == "text") and not called:
            return None
        try:
            if self._grammars is None:
                self._grammars = Grammars(self.tokenizer, self.vocabulary, sorted(self._ends))
            if called:
                assert self._form is not None
                return self._grammars.of_lark(call_grammar(called, self._form))
            assert wanted is not None
            schema = wanted.json_schema.schema_ if wanted.type == "json_schema" else {"type": "object"}
            return self._grammars.of_schema(schema)
        except Mistake as mistake:
            raise invalid(mistake.what, "tools" if called else "response_format") from mistake

    def _made(
        self, ids: list[int], most: int, request: Generating, index: int, owner: str, told: int | None,
        grammar: str | None,
    ) -> Generation:  # fmt: skip
        usual = self._usual
        sampling = Sampling(
            usual.temperature if request.temperature is None else request.temperature,
            usual.top_p if request.top_p is None else request.top_p,
            usual.top_k if request.top_k is None else request.top_k,
            secrets.randbits(63) if request.seed is None else request.seed,
            index,
        )
        held = None if grammar is None or self._grammars is None else self._grammars.constraint(grammar)
        adapter = None if request.model == self.name else request.model
        return Generation(ids, most, asyncio.Queue(), sampling, self._ends, held, told, adapter, owner)

    def _job(self, made: list[Generation], request: Generating, form: ToolForm | None, *, spaced: bool) -> Job:
        prompts = sum(len(g.prompt) for g in made[:: request.choices])

        async def events() -> AsyncGenerator[Event, None]:
            queue: asyncio.Queue[tuple[Generation, Drawn]] = asyncio.Queue()
            answers = {}
            for index, generation in enumerate(made):
                generation.sent = queue
                parts = (index, generation, self.tokenizer, self._words, request.stops, form)
                answers[generation] = Answer(*parts, spaced=spaced)
            async with self._adapter(request.model):
                try:
                    self._submit(made)
                    while not all(a.done for a in answers.values()):
                        for generation, several in (await _arrived(queue)).items():
                            if answers[generation].done:
                                continue
                            piece = answers[generation].take(several)
                            yield piece
                            if piece.finish is not None:
                                self._let_go([generation])
                finally:
                    self._let_go(made)
            reused = sum(g.reused for g in made)
            drawn_tokens = sum(a.tokens for a in answers.values())
            yield Usage(prompts, drawn_tokens, reused, sum(g.seconds for g in made))

        return Job(prompts, sum(g.most for g in made), events)

    def _let_go(self, made: list[Generation]) -> None:
        """Nobody reads these answers any further."""
        for generation in made:
            if not generation.finished:
                self.batcher.cancel(generation)

    def _submit(self, made: list[Generation]) -> None:
        try:
            self.batcher.submit(made)
        except Full as error:
            what = f"{self.settings.queue:,} requests wait already; try again in a moment"
            raise Refused(503, what, code="queue_full", wait=2.0) from error
        except Stopped as error:
            raise Refused(503, "the model is not running", code="engine_stopped") from error

    @asynccontextmanager
    async def _adapter(self, name: str) -> AsyncIterator[str | None]:
        """The adapter of a model name, held while it is used."""
        if name == self.name:
            yield None
            return
        try:
            reading = self.batcher.between_steps(lambda: self.adapters.use(name))
            try:
                await asyncio.shield(asyncio.wrap_future(reading))
            except asyncio.CancelledError:
                reading.add_done_callback(lambda done: None if done.exception() else self.adapters.release(name))
                raise
        except Mistake as mistake:
            raise Refused(500, str(mistake), param="model", code="adapter_unreadable") from mistake
        except Stopped as error:
            raise Refused(503, "the model is not running", code="engine_stopped") from error
        try:
            yield name
        finally:
            self.adapters.release(name)


async def _ids(short: bool, read: Callable[P, list[int]], *args: P.args, **kwargs: P.kwargs) -> list[int]:
    """What `read` makes of a text: at once where it is short, else in a thread."""
    return read(*args, **kwargs) if short else await asyncio.to_thread(read, *args, **kwargs)


async def _arrived(queue: asyncio.Queue[tuple[Generation, Drawn]]) -> dict[Generation, list[Drawn]]:
    """What was drawn since, at least one token; a slow reader gets several in one piece. Raises `Refused`."""
    arrived = [await queue.get()]
    while not queue.empty():
        arrived.append(queue.get_nowait())
    found: dict[Generation, list[Drawn]] = {}
    for generation, drawn in arrived:
        if drawn.finish == "failed":
            raise Refused(503 if drawn.failure == STOPPED else 500, drawn.failure)
        found.setdefault(generation, []).append(drawn)
    return found


def _fitting_rows(model: PreTrainedModel, slots: int, context: int) -> Rows:
    """As many slots as memory allows, at most `slots`. Raises `Mistake` where not even one fits."""
    try:
        each = bytes_of_token(example_of(model)) * (context + 1)
    except TypeError:
        return rows_of(model, slots=slots, capacity=context)
    free = torch.cuda.mem_get_info(model.device)[0] if model.device.type == "cuda" else _free_memory()
    fitting = min(slots, int(SHARE * free) // each)
    if fitting < 1:
        what = f"a context of {context:,} tokens takes {each / 1e9:.2g} GB, {SHARE * free / 1e9:.2g} GB are to be had"
        raise Mistake(what, where="--context", remedy="Give a smaller one")
    return rows_of(model, slots=fitting, capacity=context)


def _free_memory() -> int:
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 4 << 30


def _ends(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """The tokens that end an answer: those of the generation configuration, and the tokenizer's."""
    named = model.generation_config.eos_token_id
    found = named if isinstance(named, list) else [named]
    return frozenset(i for i in (*found, tokenizer.eos_token_id) if isinstance(i, int))


def _usual_sampling(model: PreTrainedModel) -> Sampling:
    """What the model's own generation configuration says; greedy where it draws nothing."""
    config = model.generation_config
    if not getattr(config, "do_sample", False):
        return Sampling()
    temperature, top_p, top_k = (getattr(config, name, None) for name in ("temperature", "top_p", "top_k"))
    return Sampling(1.0 if temperature is None else float(temperature), float(top_p or 1.0), int(top_k or 0))
