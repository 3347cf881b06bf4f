"""Asking an endpoint: many questions at once, each until it is answered, each only once in the life of the ledger."""

from __future__ import annotations

import hashlib
import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

import httpx

from dono.endpoints.pace import Pace, before_try
from dono.endpoints.purse import Purse
from dono.endpoints.replies import Failed, Reply, read_reply
from dono.errors import Mistake
from dono.project import Endpoint

Watch = Callable[[int, int], None]
"""Called with how many questions are answered, and of how many."""
ANY = "any"
"""A model name that stands for the only model that the endpoint serves."""
OPTIONAL = ("temperature", "seed", "top_logprobs", "logprobs")
"""What is left out for servers that refuse it; `top_logprobs` before `logprobs`, which it needs."""
RENAMED = ("max_tokens", "max_completion_tokens")
"""The old name of the limit, and the one that newer servers insist on."""
REFUSALS = frozenset({400, 413, 422})
"""States of HTTP that may be about one question: it is too long, or filtered."""
MARKS = 64
"""Tokens of a chat's own marks that a prompt may have beside its bytes (assumed; a handful for each turn)."""


@dataclass(frozen=True)
class Question:
    """Turns of a chat (role, text), at most so many tokens of answer, and how many first tokens to tell odds of."""

    turns: tuple[tuple[str, str], ...]
    max_tokens: int
    likely: int = 0

    def payload(self, model: str) -> dict[str, Any]:
        """The request's body."""
        body: dict[str, Any] = {
            "model": model, "messages": [{"role": r, "content": t} for r, t in self.turns], "temperature": 0, "seed": 0,
            "max_tokens": self.max_tokens,
        }  # fmt: skip
        return body | ({"logprobs": True, "top_logprobs": self.likely} if self.likely else {})

    @property
    def most_tokens_in(self) -> int:
        """A byte is never more than a token, so neither is a prompt of so many bytes."""
        return sum(len(text.encode()) + MARKS for _, text in self.turns)


def key_of(url: str, body: Mapping[str, Any]) -> str:
    """What stands for a question in the ledger: where it is asked, and everything that is asked."""
    text = json.dumps([url, body], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass
class Client:
    """One model behind one URL; its connections are closed where its `with` block ends.

    `sleep` waits some seconds; else an interruptible wait does.

    Raises `Mistake` for what a person must mend (key, model, address, an endpoint that is down for good), and `Capped`.
    What was answered until then is kept.
    """

    endpoint: Endpoint
    purse: Purse
    model: str
    sleep: Callable[[float], object] | None = None
    _left_out: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._http = http_client(self.endpoint)
        self._jitter = random.Random(0)
        self._stopped = threading.Event()
        self._sleep = self.sleep or self._stopped.wait  # nobody who has stopped us waits for the end of a pause
        self._pace = Pace(self.endpoint.requests_per_minute, sleep=self._sleep)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    @property
    def url(self) -> str:
        """Where questions go."""
        return self.endpoint.endpoint.rstrip("/") + "/chat/completions"

    def ask(self, questions: Sequence[Question], watch: Watch | None = None) -> list[Reply]:
        """The replies in the questions' order; equal questions are asked once."""
        keys = [key_of(self.url, q.payload(self.model)) for q in questions]
        by_key = dict(zip(keys, questions, strict=True))
        found = {key: reply for key in by_key if (reply := self.purse.ledger.known(key)) is not None}
        waiting = [key for key in by_key if key not in found]
        self._stopped.clear()
        with ThreadPoolExecutor(self.endpoint.parallel) as pool:
            running = {pool.submit(self._or_stop, key, by_key[key]): key for key in waiting}
            try:
                for done in _finished(running):
                    found[running[done]] = done.result()
                    if watch is not None:
                        watch(len(found), len(by_key))
            except BaseException:
                self._stopped.set()
                pool.shutdown(cancel_futures=True)
                raise
        return [found[key] for key in keys]

    def cost(self, question: Question, reply: Reply | None) -> float:
        """What a reply cost, by the tokens that the server counts; where it tells none, the most that it can cost."""
        if reply is not None and reply.refused is not None:
            return 0.0
        if reply is None or reply.tokens_in is None or reply.tokens_out is None:
            return self.purse.cost(question.most_tokens_in, question.max_tokens)
        return self.purse.cost(reply.tokens_in, reply.tokens_out)

    def _or_stop(self, key: str, question: Question) -> Reply:
        """The answer; where there is none for good, nobody else begins to ask."""
        try:
            return self._answer(key, question)
        except BaseException:
            self._stopped.set()
            raise

    def _answer(self, key: str, question: Question) -> Reply:
        """One question, tried until it is answered, refused for good, or given up."""
        tries = 0
        while True:
            if self._stopped.is_set():
                raise Failed("stopped", passing=True)
            body = self._allowed(question.payload(self.model))
            self._pace.take_turn()
            most = self.cost(question, None)
            number = self.purse.take(key, most)
            try:
                reply = self._once(body)
            except Failed as failed:
                self.purse.ledger.fail(number, billed=failed.billed)
                self.purse.pay(number, most if failed.billed else 0.0)
                if self._give_way(failed, body):
                    continue
                if not failed.passing:
                    return self._refused(failed)
                tries += 1
                if tries > self.endpoint.retries:
                    raise self._given_up(failed, tries) from failed
                pause = before_try(tries, failed.after, self._jitter.random())
                if failed.status == 429:
                    self._pace.hold(pause)
                else:
                    self._sleep(pause)
            else:
                money = self.cost(question, reply)
                self.purse.ledger.answer(number, key, reply, money)
                self.purse.pay(number, money)
                return reply

    def _once(self, body: Mapping[str, Any]) -> Reply:
        began = time.monotonic()
        try:
            response = self._http.post(self.url, json=body)
        except httpx.ConnectError as error:
            raise Failed(f"no connection ({error})", passing=True) from error
        except httpx.TimeoutException as error:
            what = f"no answer within {self.endpoint.timeout_seconds:g} s"
            raise Failed(what, passing=True, billed=True) from error
        except httpx.HTTPError as error:  # the connection was cut while the answer was on its way
            raise Failed(f"the answer was cut off ({error})", passing=True, billed=True) from error
        return read_reply(response, time.monotonic() - began)

    def _allowed(self, body: dict[str, Any]) -> dict[str, Any]:
        """The body without what this server has refused before."""
        kept = {k: v for k, v in body.items() if k not in self._left_out}
        if RENAMED[0] in self._left_out:
            kept[RENAMED[1]] = body[RENAMED[0]]
        return kept

    def _give_way(self, failed: Failed, body: Mapping[str, Any]) -> bool:
        """Whether the server refused a setting that can be left out or renamed; it is not sent again."""
        if failed.status not in (400, 422):
            return False
        named = [name for name in (RENAMED[0], *OPTIONAL) if name in body and name in failed.what]
        if not named:
            return False
        self._left_out |= {named[0]} | ({"top_logprobs"} if named[0] == "logprobs" else set())
        return True

    def _refused(self, failed: Failed) -> Reply:
        """A question that this model does not answer; not kept, as it costs nothing and the cause may be elsewhere.

        Raises `Mistake` where it is the endpoint that is wrong.
        """
        where = f"endpoint {self.endpoint.endpoint}"
        if failed.status in (401, 403):
            variable = self.endpoint.key_variable
            remedy = f"Set {variable} to a valid key" if variable else "Name the variable with the key: key_variable"
            raise Mistake(f"it refuses us ({failed.what})", where=where, remedy=remedy) from failed
        if failed.status == 402:
            raise Mistake(f"the account has no money left ({failed.what})", where=where, remedy="Top it up") from failed
        if failed.status in (404, 405):
            known = ", ".join(models_of(self.endpoint)[:5])
            remedy = f"It serves: {known}" if known else "Give the URL up to and with /v1, and a model that it serves"
            raise Mistake(f"no model {self.model!r} there ({failed.what})", where=where, remedy=remedy) from failed
        if failed.status not in REFUSALS:
            raise Mistake(f"it cannot be asked ({failed.what})", where=where, remedy="Look at its address") from failed
        return Reply(text="", refused=failed.what)

    def _given_up(self, failed: Failed, tries: int) -> Mistake:
        what = f"no answer after {tries} tries; the last said: {failed.what}"
        remedy = "See whether it is up and give the same command again: what was answered is kept"
        return Mistake(what, where=f"endpoint {self.endpoint.endpoint}", remedy=remedy)


def _finished(running: Iterable[Future[Reply]]) -> Iterator[Future[Reply]]:
    """As they finish; of those that finish together, the one that stopped the others first."""
    pending = set(running)
    while pending:
        done, pending = wait(pending, return_when=FIRST_COMPLETED)
        yield from sorted(done, key=lambda f: (f.exception() is None, isinstance(f.exception(), Failed)))


def http_client(endpoint: Endpoint) -> httpx.Client:
    """A client with the endpoint's key and patience; what goes to this machine goes through no proxy."""
    return httpx.Client(
        timeout=endpoint.timeout_seconds, headers=key_header(endpoint), trust_env=not endpoint.here
    )  # fmt: skip


def key_header(endpoint: Endpoint) -> dict[str, str]:
    """The key from its environment variable. Raises `Mistake` where the variable is named but not set."""
    if endpoint.key_variable is None:
        return {}
    key = os.environ.get(endpoint.key_variable, "").strip()
    if not key:
        remedy = f"export {endpoint.key_variable}=… before you start Dono; it is never stored"
        raise Mistake(f"{endpoint.key_variable} is not set", where=f"endpoint {endpoint.endpoint}", remedy=remedy)
    return {"Authorization": f"Bearer {key}"}


def models_of(endpoint: Endpoint) -> list[str]:
    """The names of the models that an endpoint says it serves; none where it does not say."""
    url = endpoint.endpoint.rstrip("/") + "/models"
    try:
        with http_client(endpoint) as http:
            response = http.get(url)
        return [str(row["id"]) for row in response.json()["data"]]
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return []


def served_model(endpoint: Endpoint) -> str:
    """The model's name; for `any` that of the only model served. Raises `Mistake` where there is not exactly one."""
    if endpoint.model != ANY:
        return endpoint.model
    known = models_of(endpoint)
    if len(known) == 1:
        return known[0]
    what = f"it serves {len(known)} models ({', '.join(known[:5])})" if known else "it does not say what it serves"
    raise Mistake(what, where=f"endpoint {endpoint.endpoint}", remedy="Start it, or name one: model: NAME")
