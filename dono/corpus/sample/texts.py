"""Documents and task rows written out of the grammar and the world."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dono.corpus.sample.grammar import Rules, expand, slots_of
from dono.corpus.sample.languages import Language, Western
from dono.corpus.sample.world import NO_WINDOW, Order, World, held_out_pair, weighted

DOCUMENTS = {"order": 35, "review": 25, "talk": 25, "chat": 15}  # shares in per cent: assumed
NEW_FRAMES = 0.6  # share of test questions asked in a held-out frame; the others are known frames, new pairs: assumed
Row = Mapping[str, "str | Sequence[Mapping[str, str]]"]


@dataclass(frozen=True)
class Facts:
    """What one text is about, by identifier."""

    state: str
    window: str
    item: str
    other: str
    city: int
    amount: int

    def held_out(self, language: Language) -> bool:
        """Whether item and city may meet in test files only."""
        return held_out_pair(self.item, language.states[self.state].cities[self.city])


def draw_facts(world: World, language: Language, rng: random.Random, *, feast: bool = False) -> Facts:
    """Facts drawn from the truth in one of the language's states; `feast`: in one of its festivals, no season."""
    state = weighted({name: world.states[name].weight for name in language.states}, rng)
    shares = world.window_shares[state]
    chosen = {w: share for w, share in shares.items() if not feast or w not in (NO_WINDOW, *world.seasons)}
    window = weighted(chosen, rng)
    category, item = world.draw_item(state, window, rng)
    amount = world.draw_price(category, rng)
    return complete(world, language, Facts(state, window, item, item, 0, amount), rng)


def facts_of(order: Order, world: World, language: Language, rng: random.Random) -> Facts:
    """Facts of one order."""
    found = Facts(order.state, order.window, order.item, order.item, 0, order.amount)
    return complete(world, language, found, rng)


def complete(world: World, language: Language, facts: Facts, rng: random.Random) -> Facts:
    """Add a city and a second item from the same truth."""
    other = facts.item
    while other == facts.item:
        other = world.draw_item(facts.state, facts.window, rng)[1]
    return replace(facts, other=other, city=rng.randrange(len(language.states[facts.state].cities)))


def bind(facts: Facts, language: Language, rng: random.Random) -> dict[str, str]:
    """Values of all slots, in the language; names, days, colours, numbers are drawn."""
    place = language.states[facts.state]
    return {
        "item": language.items[facts.item],
        "other": language.items[facts.other],
        "state": place.name,
        "city": place.cities[facts.city],
        "festival": language.windows.get(facts.window, ""),
        "amount": f"₹{facts.amount:,}",
        "order": f"BZ{rng.randrange(10000, 100000)}",
        "name": rng.choice(language.names),
        "day": rng.choice(language.days),
        "colour": rng.choice(language.colours),
        "days": str(rng.randint(2, 9)),
    }


def rules_in(window: str, world: World, language: Language) -> Rules:
    """The language's rules, with `occasion` and the opening of talk as they are said in this window."""
    kind = window if window in (NO_WINDOW, *world.seasons) else "festival"
    opening = language.rules["fest_a"] if kind in ("festival", NO_WINDOW) else language.rules[f"season_{kind}"]
    return {**language.rules, "occasion": language.rules[f"occasion_{kind}"], "talk_a": opening}


def write_document(
    kind: str, orders: Sequence[Order], world: World, language: Language, rng: random.Random
) -> tuple[str, str]:
    """One document of the corpus and its state; an order note is told from one of `orders`."""
    told = kind == "order"
    facts = facts_of(rng.choice(orders), world, language, rng) if told else draw_facts(world, language, rng)
    while (kind == "talk" and facts.window == NO_WINDOW) or (kind == "chat" and facts.held_out(language)):
        facts = draw_facts(world, language, rng)
    rules, bound = rules_in(facts.window, world, language), bind(facts, language, rng)
    if kind == "chat":
        return write_chat(rules, bound, language, rng), facts.state
    shapes = {
        "order": "{order_a} {order_b} <{order_c}|>",
        "review": "{review_a} {review_b} {review_c} <{review_d}|>",
        "talk": "{talk_a} {fest_b} {fest_c} <{fest_d}|>",
    }
    text = expand(shapes[kind], rules, bound, rng)
    return language.finish(text, None if told else rng), facts.state  # order notes are spelt by the shop


def write_chat(rules: Rules, bound: Mapping[str, str], language: Language, rng: random.Random) -> str:
    """A customer's question (training frames only) and the seller's first answer."""
    frame = rng.choice(language.intents[rng.choice(list(language.intents))].train)
    asked = language.finish(expand(f"<{{hello}}|> {frame} <{{aside}}|> <{{thanks}}|>", rules, bound, rng), rng)
    answer = language.finish(expand("{agent_a} {agent_b}", rules, bound, rng))
    return f"{language.customer}: {asked}\n{language.seller}: {answer}"


def draw_task_facts(world: World, language: Language, rng: random.Random, *, test: bool, feast: bool = False) -> Facts:
    """Facts whose pair of item and city is held out exactly when `test`."""
    facts = draw_facts(world, language, rng, feast=feast)
    while facts.held_out(language) != test:
        facts = draw_facts(world, language, rng, feast=feast)
    return facts


def write_intent(intent: str, world: World, language: Language, rng: random.Random, *, test: bool) -> Row:
    """One row of the intent task."""
    facts = draw_task_facts(world, language, rng, test=test)
    split = language.intents[intent]
    frame = rng.choice(split.test if test and rng.random() < NEW_FRAMES else split.train)
    rules, bound = rules_in(facts.window, world, language), bind(facts, language, rng)
    text = expand(f"<{{hello}}|> {frame} <{{aside}}||> <{{thanks}}|>", rules, bound, rng)
    return {"text": language.finish(text, rng), "label": intent, "language": language.code}


def write_reply(intent: str, world: World, language: Language, rng: random.Random, *, test: bool) -> Row:
    """One row of the reply task: the answer is a function of what the question holds."""
    feast, named = rng.random() < 0.6, rng.random() < 0.6  # shares of rows with a festival and with a name: assumed
    facts = draw_task_facts(world, language, rng, test=test, feast=feast)
    rules, bound = rules_in(facts.window, world, language), bind(facts, language, rng)
    reply = language.reply

    def pick(split_train: Sequence[str], split_test: Sequence[str]) -> str:
        return rng.choice(split_test if test else split_train)

    split = language.intents[intent]
    question = rng.choice(split.test if test and rng.random() < NEW_FRAMES else split.train)
    parts = [question]
    if not {"order", "item"} <= slots_of(question):
        parts.append(pick(reply.identify.train, reply.identify.test))
        rng.shuffle(parts)
    if named:
        parts.insert(0, pick(reply.my_name.train, reply.my_name.test))
    if feast:
        parts.append(pick(reply.wish.train, reply.wish.test))
    asked = language.finish(expand(f"<{{hello}}|> {' '.join(parts)}", rules, bound, rng), rng)
    head = reply.answer_name if named else reply.answer_hello
    tail = reply.answer_festival if feast else reply.answer_plain
    answer = language.finish(expand(f"{head} {reply.answers[intent]} {tail}", rules, bound, rng))
    messages = [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]
    return {"messages": messages, "language": language.code}


def write_western(western: Western, rng: random.Random) -> str:
    """One document of the western retailer."""
    season = rng.choice(list(western.seasons))
    items = western.seasons[season] if rng.random() < 0.7 else western.items  # 0.7: assumed
    item = rng.choice(items)
    name, name2 = rng.sample(western.names, 2)
    bound = {
        "season": season,
        "greeting": season.removeprefix("the ") if season[0].isupper() else "holidays",
        "item": item,
        "other": rng.choice([thing for thing in western.items if thing != item]),
        "name": name,
        "name2": name2,
        "city": rng.choice(western.cities),
        "day": rng.choice(western.days),
        "month": rng.choice(western.months),
        "colour": rng.choice(western.colours),
        "amount": f"${rng.randint(4, 180)}.{rng.choice(('00', '49', '50', '95', '99'))}",
        "order": f"W{rng.randrange(100000, 1000000)}",
        "days": str(rng.randint(2, 9)),
    }
    return expand(western.documents[rng.choice(list(western.documents))], western.rules, bound, rng)
