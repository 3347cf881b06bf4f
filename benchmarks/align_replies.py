"""A shop's replies as agents write them, not always in the customer's language, not always polite; and their score.

Customers of the bundled sample ask in Hindi or Tamil. Agents answer three in ten of them in English, put English
names of goods and feasts into the customer's script in three of ten other answers, and leave greeting and thanks out of
nearly half. What a customer would prefer can be told exactly from the text, so it is what raters are made of.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import regex

from dono.corpus.sample.grammar import expand
from dono.corpus.sample.languages import Language, load_language
from dono.corpus.sample.texts import bind, draw_task_facts, rules_in, write_document
from dono.corpus.sample.world import World, draw_orders, load_world, weighted

LANGUAGES = ("hi", "ta")
IN_ENGLISH, MIXED, CURT = 0.3, 0.3, 0.45
"""Shares of agents' habits (assumed)."""
ORDER_NUMBER = re.compile(r"BZ\d+")
DOCUMENTS = {"order": 40, "review": 30, "talk": 30}


@dataclass(frozen=True)
class Reply:
    """A customer's question with an agent's answer."""

    language: str
    asked: str
    answer: str
    order: str

    def row(self) -> dict[str, object]:
        """As chats are written."""
        said = [{"role": "user", "content": self.asked}, {"role": "assistant", "content": self.answer}]
        return {"messages": said, "language": self.language}


@cache
def language_named(code: str) -> Language:
    """One of the sample's languages."""
    return load_language(code)


@cache
def world() -> World:
    """The sample's world."""
    return load_world()


def draw_reply(rng: random.Random, *, test: bool) -> Reply:
    """A question about one order, answered by an agent with some habit."""
    language, english = language_named(rng.choice(LANGUAGES)), language_named("en")
    reply, intent = language.reply, rng.choice(list(language.reply.answers))
    feast = rng.random() < 0.5
    facts = draw_task_facts(world(), language, rng, test=test, feast=feast)
    bound = bind(facts, language, rng)
    latin = {"item": english.items[facts.item], "festival": english.windows.get(facts.window, "")}
    named = rng.random() < 0.5
    split = language.intents[intent]
    parts = [rng.choice(split.test if test else split.train), rng.choice(reply.identify.train)]
    parts += [rng.choice(reply.my_name.train)] * named
    asked = language.finish(expand(" ".join(parts), rules_in(facts.window, world(), language), bound, rng), rng)
    speaks, said = language, bound
    if rng.random() < IN_ENGLISH:
        speaks, said = english, bound | latin | {"name": rng.choice(english.names)}
    elif rng.random() < MIXED:
        said = bound | latin
    own = speaks.reply
    body = own.answers[intent]
    if rng.random() >= CURT:
        head, tail = own.answer_name if named else own.answer_hello, own.answer_festival if feast else own.answer_plain
        body = f"{head} {body} {tail}"
    return Reply(language.code, asked, speaks.finish(expand(body, {}, said, rng)), bound["order"])


def draw_documents(rng: random.Random, number: int) -> list[dict[str, str]]:
    """Texts of the bazaar in the languages in turn."""
    orders = draw_orders(world(), 800, rng)
    rows = []
    for place in range(number):
        language = language_named(LANGUAGES[place % len(LANGUAGES)])
        near = [order for order in orders if order.state in language.states]
        text, _ = write_document(weighted(DOCUMENTS, rng), near, world(), language, rng)
        rows.append({"text": text, "language": language.code})
    return rows


@cache
def _polite(code: str) -> tuple[regex.Pattern[str], regex.Pattern[str]]:
    reply = language_named(code).reply
    heads, tails = (reply.answer_name, reply.answer_hello), (reply.answer_festival, reply.answer_plain)
    greeting, thanks = ("|".join(_any_slot(frame) for frame in frames) for frames in (heads, tails))
    return regex.compile(f"(?:{greeting}) "), regex.compile(f"(?:{thanks})$")


def _any_slot(frame: str) -> str:
    return r"[\p{L}\p{M} ]{1,40}".join(regex.escape(part) for part in re.split(r"{\w+}", frame))


def points(language: str, answer: str) -> int:
    """From 0 to 3: mostly in the customer's script, in no other script at all, with greeting and thanks."""
    text = ORDER_NUMBER.sub("", answer)
    letters = regex.findall(r"[\p{L}\p{M}]", text)
    own = sum(any(lo <= ord(c) <= hi for lo, hi in language_named(language).scripts) for c in letters)
    greeting, thanks = _polite(language)
    polite = greeting.match(answer) is not None and thanks.search(answer) is not None
    return int(own > len(letters) / 2) + int(bool(letters) and own == len(letters)) + int(polite)


def judge(prompt: str, answer: str, row: Mapping[str, object]) -> float:
    """The points as a reward function of `dono align`."""
    return float(points(str(row["language"]), answer))
