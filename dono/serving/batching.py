"""Continuous batching: requests join and leave between steps; each step gives every row under way one token.

One thread owns the model (see `turns`). Between two steps it takes in what was asked: answers, cancelled ones, work.
New prompts are read in pieces of at most `chunk` tokens, one piece a step, so that nobody's tokens wait for long.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from dono.serving.generation import Drawn, Finish, Generation
from dono.serving.grammar import DeadEnd, constrain
from dono.serving.prefixes import SHORTEST, Prefixes, shared
from dono.serving.rows import Rows, Run
from dono.serving.sampling import Settings, draw, tell
from dono.serving.turns import turns_of

T = TypeVar("T")
logger = logging.getLogger(__name__)
STOPPED = "the service was stopped"
"""Why answers fail that are under way then."""
ALIKE = 0.7
"""Prompts are read together where at least this share of the padded batch is theirs (assumed)."""


class Full(Exception):
    """So many requests wait already that another one is not taken."""


class Stopped(Exception):
    """The batcher was closed, or has failed."""


@dataclass(frozen=True)
class Load:
    """How much is going on."""

    running: int
    waiting: int
    slots: int
    kept_tokens: int


class Batcher:
    """What reads and draws for one model, a step at a turn of its device's thread."""

    def __init__(self, rows: Rows, *, queue: int, chunk: int, prefixes: Prefixes) -> None:
        self.rows, self.queue, self.chunk, self.prefixes = rows, queue, chunk, prefixes
        self._waiting: deque[Generation] = deque()
        self._running: list[Generation] = []
        self._joining: list[Generation] = []
        self._first = 0
        """The slot of the first of those that join."""
        self._work: deque[tuple[Callable[[], object], Future[object]]] = deque()
        self._out: dict[asyncio.AbstractEventLoop, list[tuple[Generation, Drawn]]] = defaultdict(list)
        self._settings: tuple[list[Generation], Settings] | None = None
        self._closing, self._ended = False, threading.Event()
        self._turns = turns_of(rows.model.device)
        self._wake = self._turns.wake
        self._turns.join(self)

    def submit(self, generations: Sequence[Generation]) -> None:
        """Take in answers, all or none. Raises `Full`, or `Stopped`."""
        with self._wake:
            if self._closing:
                raise Stopped
            idle = max(0, self.rows.slots - len(self._running) - len(self._joining))
            if len(self._waiting) + len(generations) > self.queue + idle:
                raise Full
            self._waiting.extend(generations)
            self._wake.notify()

    def cancel(self, generation: Generation) -> None:
        """Nobody wants the rest of an answer; its slot is free after the next step."""
        with self._wake:
            generation.cancelled = True
            if generation in self._waiting:
                self._waiting.remove(generation)
            self._wake.notify()

    def between_steps(self, work: Callable[[], T]) -> Future[T]:
        """Run something on the model's thread, while no pass is under way."""
        future: Future[object] = Future()
        with self._wake:
            if self._closing:
                raise Stopped
            self._work.append((work, future))
            self._wake.notify()
        return future  # type: ignore[return-value]

    @property
    def load(self) -> Load:
        """How much is going on."""
        running = len(self._running) + len(self._joining)
        return Load(running, len(self._waiting), self.rows.slots, self.prefixes.held)

    @property
    def alive(self) -> bool:
        """Whether it takes requests."""
        return not self._closing

    def close(self) -> None:
        """Stop after the step under way; answers that are not finished fail."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._ended.wait()

    def ready(self) -> bool:
        """Whether there is something to do."""
        return bool(self._closing or self._waiting or self._running or self._joining or self._work)

    def turn(self) -> None:
        """One step, or the end."""
        if self._closing:
            self._end()
            return
        try:
            self._work_off()
            self._leave([g for g in self._running if g.cancelled])
            try:
                self._step()
            except Exception:
                logger.exception("a pass of the model failed")
                self._fail([*self._joining, *self._running], "the model failed on this batch")
            self._send()
        except Exception:
            logger.exception("the batcher failed")
            self._end()

    def _end(self) -> None:
        """What is under way fails, and nothing is taken in any more."""
        with self._wake:
            self._closing = True
            waiting, self._waiting = list(self._waiting), deque()
            work, self._work = list(self._work), deque()
        self._fail([*self._joining, *self._running, *waiting], STOPPED)
        self._send()
        for _, future in work:
            if future.set_running_or_notify_cancel():
                future.set_exception(Stopped())
        self._turns.leave(self)
        self._ended.set()

    def _work_off(self) -> None:
        while self._work:
            work, future = self._work.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except Exception as error:  # noqa: BLE001 - whoever asked for it is told
                future.set_exception(error)

    def _step(self) -> None:
        if not self._joining:
            self._admit()
        if all(g.cancelled for g in self._joining):
            self._joining = []
        if self._joining and self._running and self.rows.mixes:
            self._read_both()
            return
        if self._joining:
            self._read_prompts()
            self._send()  # nobody's first token waits for the step of the others
        if self._running:
            self._decode()

    def _admit(self) -> None:
        """Take those who come next: several where their prompts are of like length and of different beginnings."""
        with self._wake:
            free = self.rows.slots - len(self._running)
            self._first = len(self._running)
            while self._waiting and len(self._joining) < free:
                nxt = self._waiting[0]
                if self._joining and not self._fits(nxt):
                    break
                self._joining.append(self._waiting.popleft())
        for place, generation in enumerate(self._joining):
            self._reuse(generation, self._first + place)

    def _fits(self, nxt: Generation) -> bool:
        lengths = [len(g.prompt) for g in (*self._joining, nxt)]
        padded = max(lengths) * len(lengths)
        if padded > self.chunk or sum(lengths) < ALIKE * padded:
            return False
        own = np.asarray(nxt.prompt)
        return all(shared(np.asarray(g.prompt), own) < SHORTEST for g in self._joining if g.scope == nxt.scope)

    def _reuse(self, generation: Generation, slot: int) -> None:
        """Copy the longest beginning that is kept or under way; at least one token is left to read."""
        if not self.rows.token_bytes:
            return
        prompt = np.asarray(generation.prompt, dtype=np.int64)[:-1]
        length, prefix = self.prefixes.find(generation.scope, prompt)
        source = None
        for place, other in enumerate(self._running):
            if other.scope == generation.scope and (same := shared(other.beginning(), prompt)) > max(
                length, SHORTEST - 1
            ):
                length, source = same, place
        if source is not None:
            self.rows.move(source, slot, length)
        elif length:
            self.rows.put_in(slot, prefix, length)
        generation.read = generation.reused = length

    def _read_prompts(self) -> None:
        """One piece of the prompts of those who join; who is through draws its first token."""
        began, (run, pieces) = time.perf_counter(), self._next_pieces()
        logits = self.rows.read(*run, [g.adapter for g in self._joining])
        self._take_in(pieces, logits, began)

    def _decode(self) -> None:
        began, run = time.perf_counter(), self._step_of_all()
        logits = self.rows.read(*run, [g.adapter for g in self._running])
        self._draw_next(logits, began)

    def _read_both(self) -> None:
        """A piece of prompts and the others' step in one pass; its time is parted by the tokens read of each."""
        began, (run, pieces), step = time.perf_counter(), self._next_pieces(), self._step_of_all()
        of_prompts, of_step = self.rows.read_both(run, step)
        now, read = time.perf_counter(), [*map(len, run[1]), *map(len, step[1])]
        for generation, tokens in zip((*self._joining, *self._running), read, strict=True):
            generation.seconds += (now - began) * tokens / sum(read)
        self._draw_next(of_step, now)
        self._take_in(pieces, of_prompts, time.perf_counter())

    def _next_pieces(self) -> tuple[Run, list[list[int]]]:
        """The next pieces of the prompts of those who join, and how they are read."""
        group = self._joining
        room = max(1, self.chunk // len(group)) if self.rows.token_bytes else max(len(g.prompt) for g in group)
        new = [g.tokens[g.read : g.read + room] for g in group]
        # a row that is through waits for the others: its last token is read again, which changes nothing
        ids = [piece or [g.tokens[-1]] for piece, g in zip(new, group, strict=True)]
        starts = [g.read if piece else g.read - 1 for piece, g in zip(new, group, strict=True)]
        return (self._first, ids, starts), new

    def _step_of_all(self) -> Run:
        return 0, [g.tokens[g.read :] for g in self._running], [g.read for g in self._running]

    def _take_in(self, pieces: Sequence[list[int]], logits: Tensor, began: float) -> None:
        """Pieces of prompts were read; who joins goes on with the others when all of them are through."""
        group = self._joining
        for generation, piece in zip(group, pieces, strict=True):
            generation.read += len(piece)
        if any(g.read < len(g.prompt) for g in group):
            self._share(group, began)
            return
        self._joining = []
        for place, generation in enumerate(group, self._first):
            slot = len(self._running)
            if slot != place:
                self.rows.move(place, slot, generation.read)
            self._running.append(generation)
        self._draw(group, logits, began)

    def _draw_next(self, logits: Tensor, began: float) -> None:
        """A token was read of each row that is under way."""
        for generation in self._running:
            generation.read = len(generation.tokens)
        self._draw(self._running, logits, began)

    def _draw(self, rows: Sequence[Generation], logits: Tensor, began: float) -> None:
        """A token for each row; rows whose answer ends by it leave."""
        allowed = constrain(logits, [g.constraint for g in rows])
        settings = self._settings_of(rows, logits.device)
        uniforms = [] if settings.greedy else [float(g.random.random()) for g in rows]
        drawn = draw(allowed, settings, uniforms)
        asked = [g.told for g in rows if g.told is not None]
        told = tell(logits, drawn, max(asked)) if asked else None
        tokens = drawn.tolist()  # the one place where the processor waits for the device
        self._share(rows, began)
        gone = []
        finish: Finish | None
        for i, (generation, token) in enumerate(zip(rows, tokens, strict=True)):
            generation.tokens.append(token)
            tale = told[i] if told is not None and generation.told is not None else None
            try:
                finish = self._finish(generation, token)
                one = Drawn(token, tale, finish)
            except DeadEnd as end:
                finish, one = "failed", Drawn(token, None, "failed", f"the form cannot be kept to any further ({end})")
            self._out[generation.loop].append((generation, one))
            if finish is not None:
                generation.finished = True
                gone.append(generation)
        self._leave(gone)

    def _finish(self, generation: Generation, token: int) -> Finish | None:
        if token in generation.ends:
            return "stop"
        if generation.constraint is not None and not generation.constraint.take(token):
            return "stop"
        full = len(generation.tokens) > self.rows.capacity
        return "length" if generation.drawn >= generation.most or full else None

    def _settings_of(self, rows: Sequence[Generation], device: torch.device) -> Settings:
        if self._settings is None or self._settings[0] != list(rows):
            self._settings = (list(rows), Settings([g.sampling for g in rows], device))
        return self._settings[1]

    def _share(self, rows: Sequence[Generation], began: float) -> None:
        share = (time.perf_counter() - began) / len(rows)
        for generation in rows:
            generation.seconds += share

    def _leave(self, gone: Sequence[Generation]) -> None:
        """Rows leave; the last row takes a freed place, so that rows stay side by side."""
        for slot in sorted((self._running.index(g) for g in gone), reverse=True):
            generation = self._running[slot]
            self._keep(generation, slot)
            last = self._running.pop()
            if last is not generation:
                self.rows.move(len(self._running), slot, last.read)
                self._running[slot] = last

    def _keep(self, generation: Generation, slot: int) -> None:
        tokens = generation.beginning()
        if self.rows.token_bytes and self.prefixes.wants(generation.scope, tokens):
            self.prefixes.keep(generation.scope, tokens, self.rows.take_out(slot, len(tokens)))

    def _fail(self, rows: Sequence[Generation], why: str) -> None:
        self._running, self._joining = [], []
        for generation in rows:
            generation.finished = True
            self._out[generation.loop].append((generation, Drawn(0, None, "failed", why)))

    def _send(self) -> None:
        """Hand on what was drawn: one call into each event loop a step."""
        out, self._out = self._out, defaultdict(list)
        for loop, drawn in out.items():
            try:
                loop.call_soon_threadsafe(_hand_on, drawn)
            except RuntimeError:  # that loop is closed: nobody listens any more
                for generation, _ in drawn:
                    generation.cancelled = True


def _hand_on(drawn: Sequence[tuple[Generation, Drawn]]) -> None:
    for generation, one in drawn:
        generation.sent.put_nowait((generation, one))
