"""The hosted route: models behind endpoints asked the same frozen tests, zero and few shots, under a cap on money."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dono.artifacts import Artifact, Json, Measurement, write_atomically, write_measurements
from dono.costs import Exchange, TokenPrice, listed_price
from dono.decisions.routes import ROUTES, Arm
from dono.endpoints import Client, Ledger, Purse, Reply, Watch, key_header, served_model
from dono.errors import Capped, Mistake
from dono.evals import Score, score_answers, score_bits, score_label_bits
from dono.project import Endpoint
from dono.stages.answers import Sample, shown_answers
from dono.stages.hosted_prompts import asked, label_in, letter_in, lettered, odds_of, questions
from dono.stages.prepare import Case
from dono.stages.workplace import Workplace

FOLDER = "hosted"
"""The folder of replies within a work folder."""
MOST_REFUSED = 0.5
"""A larger share of questions refused is no answer to them but a wrong way to ask (assumed)."""
ODDS = "labels scored by the odds of their letters as first token"
TEXT = "labels read off the answer's text: the endpoint tells no odds"
MANY = "labels read off the answer's text: there are too many for the odds of a first token"


@dataclass(frozen=True)
class Hosted:
    """One arm on one use case: its finished run, or why it was not measured."""

    arm: str
    endpoint: Endpoint
    case: Case
    run: Artifact | None
    failed: str | None

    def number(self, name: str) -> float:
        """A number of the run's record; 0 where there is no run."""
        return float(str(self.run.result[name])) if self.run is not None else 0.0


def endpoints(place: Workplace) -> list[Endpoint]:
    """The endpoints that the project wants asked. Raises `Mistake` where two of them go by one name."""
    if not place.project.wants("hosted"):
        return []
    found = [b for b in place.project.bases if isinstance(b, Endpoint)]
    names = [e.name for e in found]
    for name in sorted({n for n in names if names.count(n) > 1}):
        remedy = "Name one of them alone, or serve it under another name"
        raise Mistake(f"two endpoints serve a model named {name!r}", where="bases", remedy=remedy)
    return found


def arm_name(arm: Arm, endpoint: Endpoint, *, several: bool) -> str:
    """An arm's name, with its model where there are several."""
    return f"{arm.name}@{endpoint.name}" if several else arm.name


def closed(place: Workplace, endpoint: Endpoint, case: Case) -> str | None:
    """Why nothing of a use case may be sent to an endpoint; None where it may. A server on this machine is no transfer.

    The project's country, and the countries that the examples' rights name for storage and transfer, must hold it.
    """
    if endpoint.here:
        return None
    where = endpoint.country or "a country that is not stated"
    wanted = place.project.constraints.country
    if wanted is not None and endpoint.country != wanted:
        return f"the data would leave {wanted}: the endpoint answers in {where}"
    rights = case.use_case.rights
    allowed = () if rights is None else (*rights.storage, *rights.transfer_countries)
    if allowed and endpoint.country not in allowed:
        return f"the examples may be stored in or sent to {', '.join(allowed)} alone: the endpoint answers in {where}"
    return None


def price_at(endpoint: Endpoint) -> TokenPrice | None:
    """What its tokens cost; None for a server on this machine. Raises `Mistake` where no price is known."""
    if endpoint.price is not None:
        chosen = endpoint.price
        return TokenPrice(chosen.reading, chosen.writing, chosen.currency, "assumed", "project file")
    if endpoint.here:
        return None
    found = listed_price(endpoint.model)
    if found is None:
        remedy = "Add price: {reading: …, writing: …, currency: USD} for a million tokens"
        raise Mistake(f"no price is known for {endpoint.model}", where=f"endpoint {endpoint.endpoint}", remedy=remedy)
    return found


def cap_of(place: Workplace, endpoint: Endpoint) -> float | None:
    """What asking an endpoint may cost, in its price's currency: its own cap, else the pilots' share of the budget.

    None where tokens cost nothing. Raises `Mistake` where they cost money and nothing caps it.
    """
    price, budget = price_at(endpoint), place.project.budget
    if price is None:
        return None
    if endpoint.cap is None and budget.money is None:
        remedy = f"Add cap: the {place.project.currency} that asking it may cost, or budget.money"
        raise Mistake("its tokens cost money and nothing caps it", where=f"endpoint {endpoint.endpoint}", remedy=remedy)
    cap = endpoint.cap if endpoint.cap is not None else (budget.money or 0.0) * budget.pilot_share
    rate = Exchange(place.project.currency, place.project.rates).rate(price.currency)[0]
    return cap / rate


def in_project_currency(place: Workplace, money: float, price: TokenPrice | None) -> float:
    """An amount in a price's currency as the project counts it."""
    if price is None:
        return 0.0
    return money * Exchange(place.project.currency, place.project.rates).rate(price.currency)[0]


def show_hosted(place: Workplace, cases: Sequence[Case]) -> None:
    """What asking the endpoints will send and cost at most, before it does.

    Raises `Mistake` for what a person must state first: a price, a cap, the variable with the key.
    """
    for endpoint in endpoints(place):
        key_header(endpoint)
        cap_of(place, endpoint)
        for case in (c for c in cases if c.use_case.kind in ("classify", "generate")):
            reason = closed(place, endpoint, case)
            if reason is not None:
                place.display.say(f"  hosted@{endpoint.name} on {case.use_case.name}: closed; {reason}")
                continue
            letters, price = lettered(case), price_at(endpoint)
            sent = [q for arm in ROUTES["hosted"] for q in questions(case, case.test, arm.shots, by_letter=letters)]
            most = price.cost(sum(q.most_tokens_in for q in sent), sum(q.max_tokens for q in sent)) if price else 0.0
            money = f"at most {price.currency} {most:,.2f}" if price else "nothing by the token"
            place.display.say(f"  hosted@{endpoint.name} on {case.use_case.name}: {len(sent):,} requests, {money}")


def hosted_pilots(place: Workplace, cases: Sequence[Case]) -> list[Hosted]:
    """Every hosted arm on every use case that it can serve. One that cannot be measured says why, and is tried again
    with the next command: only whole runs are sealed.
    """
    asked_of = endpoints(place)
    if not asked_of:
        return []
    found = []
    ledger = Ledger(place.store.root / FOLDER / "replies.sqlite")
    try:
        for endpoint in asked_of:
            for arm in ROUTES["hosted"]:
                name = arm_name(arm, endpoint, several=len(asked_of) > 1)
                for case in (c for c in cases if c.use_case.kind in arm.kinds):
                    run, failed = None, closed(place, endpoint, case)
                    if failed is None:
                        try:
                            run = hosted_run(place, arm, name, endpoint, case, ledger)
                        except (Mistake, Capped) as why:
                            failed = str(why)
                            place.display.say(f"{name} on {case.use_case.name}: not measured; {failed}")
                    found.append(Hosted(name, endpoint, case, run, failed))
    finally:
        ledger.close()
    return found


def hosted_arms(place: Workplace, case: Case) -> list[str]:
    """The names of the hosted arms that can serve a use case."""
    asked_of = endpoints(place)
    fitting = [a for a in ROUTES["hosted"] if case.use_case.kind in a.kinds]
    return [arm_name(arm, e, several=len(asked_of) > 1) for e in asked_of for arm in fitting]


def hosted_again(place: Workplace, name: str, case: Case) -> Artifact:
    """The run of a hosted arm by its name: what a verdict chose, or a person. Raises `Mistake` where it is closed."""
    found = {h.arm: h for h in hosted_pilots(place, [case])}
    if name not in found:
        remedy = f"Use one of: {', '.join(found)}" if found else "Name an endpoint in `bases`"
        raise Mistake("no endpoint for this arm", where=name, remedy=remedy)
    run = found[name].run
    if run is None:
        raise Mistake(str(found[name].failed), where=name, remedy="Mend the cause and build again")
    return run


def hosted_run(place: Workplace, arm: Arm, name: str, endpoint: Endpoint, case: Case, ledger: Ledger) -> Artifact:
    """One arm on one test; what was asked before comes from the ledger, so a broken-off run goes on where it was.

    The artifact holds measurements, samples and endpoint.json: how to ask the same again. Raises `Mistake` where most
    questions are refused, and what `Client.ask` raises.
    """
    model = served_model(endpoint)
    use_case = case.use_case
    spec: dict[str, Json] = {
        "arm": name, "use_case": use_case.name, "kind": use_case.kind, "prompt": use_case.prompt, "model": model,
        "endpoint": endpoint.endpoint, "examples_from": case.artifact.id, "test_limit": use_case.test_limit,
        "shots": arm.shots,
    }  # fmt: skip

    def make(folder: Path) -> dict[str, Json]:
        purse = Purse(ledger, endpoint.model, price_at(endpoint), cap_of(place, endpoint))
        shown = place.display.task(f"{name} on {use_case.name}", len(case.test))
        with Client(endpoint, purse, model) as client, shown as view:
            answered = _ask(case, arm, client, lambda done, of: view.at(done, f"{done} of {of} answered"))
        replies, price = answered.replies, purse.price
        seconds = sum(r.seconds for r in replies) / endpoint.parallel
        tokens_in, tokens_out = _told(replies)
        fees = in_project_currency(place, answered.money, price)
        rows = [
            Measurement(
                run=folder.name, use_case=use_case.name, arm=name, metric=s.metric, split="test", language=s.language,
                value=s.value, stderr=s.stderr, n=s.n, scale=1.0, tokens=0, examples=0, flops=0, seconds=seconds,
                money=fees, seed=0, full=True,
            )
            for s in [*answered.scores, *_habits_of_speech(case, replies)]
        ]  # fmt: skip
        if (lost := ledger.spent(endpoint.model)).requests_lost and price is not None:
            most = f"at most {price.currency} {lost.lost:,.4g}"
            place.display.say(f"{name}: {lost.requests_lost:,} requests without an answer may be billed, {most}")
        write_measurements(folder / "measurements.jsonl", rows)
        write_atomically(folder / "samples.json", json.dumps(answered.samples, ensure_ascii=False, indent=1))
        first = questions(case, case.test[:1], arm.shots, by_letter=answered.by_letter)[0]
        kept = {
            "endpoint": endpoint.endpoint, "model": model, "key_variable": endpoint.key_variable,
            "messages": [{"role": r, "content": t} for r, t in first.turns[:-1]], "prompt": use_case.prompt,
        }  # fmt: skip
        write_atomically(folder / "endpoint.json", json.dumps(kept, ensure_ascii=False, indent=1))
        return {
            "own_seconds": round(seconds, 3), "seconds": round(seconds, 3), "tokens": 0, "flops": 0, "failed": None,
            "money": fees, "tokens_in": tokens_in / len(replies), "tokens_out": tokens_out / len(replies),
            "milliseconds": float(np.median([r.seconds for r in replies]) * 1000), "counted": _counted(replies),
            "notes": list[Json](answered.notes),
        }  # fmt: skip

    run_name = f"{name} · {use_case.name}"
    return place.store.make("run", spec, make, made_from=[case.artifact.reference], name=run_name)


@dataclass(frozen=True)
class _Answered:
    replies: list[Reply]
    scores: list[Score]
    samples: list[Sample]
    notes: list[str]
    by_letter: bool
    money: float


def _ask(case: Case, arm: Arm, client: Client, watch: Watch) -> _Answered:
    """All questions of a test. Whether labels are scored by odds is tried on the first."""
    by_letter = lettered(case)
    first = questions(case, case.test[:1], arm.shots, by_letter=by_letter)
    notes = []
    if case.use_case.kind == "classify":
        offered = by_letter and bool(client.ask(first)[0].first)
        notes.append(ODDS if offered else TEXT if by_letter else MANY)
        by_letter = offered
    asked_all = questions(case, case.test, arm.shots, by_letter=by_letter)
    replies = client.ask(asked_all, watch)
    money = sum(client.cost(q, r) for q, r in zip(asked_all, replies, strict=True))
    refused = [r.refused for r in replies if r.refused]
    if len(refused) > MOST_REFUSED * len(replies):
        what = f"{len(refused):,} of {len(replies):,} questions were refused ({refused[0]})"
        where = f"endpoint {client.endpoint.endpoint}"
        raise Mistake(what, where=where, remedy="See what it wants to be asked, or name another model")
    languages, expected = [e.language or "und" for e in case.test], [e.answer for e in case.test]
    scores: list[Score] = []
    if case.use_case.kind == "classify":
        odds = [odds_of(r, len(case.labels)) if by_letter else None for r in replies]
        answers = [
            (letter_in(r.text, case.labels) if by_letter else label_in(r.text, case.labels)) if o is None
            else case.labels[int(o.argmax())]
            for r, o in zip(replies, odds, strict=True)
        ]  # fmt: skip
        scores += score_answers(answers, expected, languages, ["accuracy", "macro_f1"])
        if all(o is not None for o in odds):
            likelihoods = np.stack([o for o in odds if o is not None])
            scores += score_label_bits(likelihoods, [case.labels.index(e) for e in expected], languages)
        if lost := sum(not a for a in answers):
            notes.append(f"{lost:,} of {len(answers):,} answers name no label, counted as wrong")
    else:
        answers = [r.text.strip() for r in replies]
        scores += score_answers(answers, expected, languages, ["chrf", "chrf_plus_plus", "exact_match"])
        if cut := sum(r.cut for r in replies):
            notes.append(f"{cut:,} of {len(answers):,} answers were cut at their longest")
    if refused:
        notes.append(f"{len(refused):,} of {len(replies):,} questions were refused, counted as wrong ({refused[0]})")
    return _Answered(replies, scores, shown_answers(case, answers), notes, by_letter, money)


def _told(replies: Sequence[Reply]) -> tuple[int, int]:
    """Tokens read and written in all, as the server counts them."""
    return sum(r.tokens_in or 0 for r in replies), sum(r.tokens_out or 0 for r in replies)


def _counted(replies: Sequence[Reply]) -> bool:
    """Whether the server counts tokens for us."""
    return all(r.tokens_in is not None for r in replies if r.refused is None)


def _habits_of_speech(case: Case, replies: Sequence[Reply]) -> list[Score]:
    """Tokens for a word of the question (a chat's marks and shots included: they are paid), milliseconds a request."""
    languages = [e.language or "und" for e in case.test]
    waits = np.array([1000 * r.seconds for r in replies])
    found = score_bits(waits, np.ones(len(replies)), languages, metric="milliseconds")
    if _counted(replies):
        words = np.array([max(1, len(asked(case, e).split())) for e in case.test], dtype=np.float64)
        tokens = np.array([float(r.tokens_in or 0) for r in replies])
        found += score_bits(tokens, words, languages, metric="tokens_per_word")
    return found
