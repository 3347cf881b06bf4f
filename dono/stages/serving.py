"""A month of the project's traffic with one arm: its tokenizer and its prompts make requests longer or shorter."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from transformers import PreTrainedTokenizerBase

from dono.costs import THIS, Exchange, Traffic, hosted_cost, machine_named, serving_cost, this_machine
from dono.decisions import Number
from dono.stages.answers import prompts_of
from dono.stages.contenders import Contender
from dono.stages.hosted import Hosted, price_at
from dono.stages.prepare import Case
from dono.stages.workplace import Workplace
from dono.tokens import answer_ids, load_tokenizer

MEASURED_ON = 100
"""Test examples on which the lengths of prompts and answers are measured, at most."""


def serving(place: Workplace, contender: Contender, reference: Contender, case: Case) -> Number | None:
    """A month of the project's traffic on its machine; None where no traffic is stated.

    The traffic's tokens are taken as counted with the tokenizer of `reference` and a prompt without solved examples.
    """
    traffic = place.project.serving
    if traffic is None or case.use_case.kind in ("habits", "harness"):  # nobody sends requests to a measurement
        return None
    choice, currency = place.project.machine, place.project.currency
    if choice.gpu == THIS:
        machine = this_machine(contender.flops_per_second, price_per_hour=choice.price_per_hour, currency=currency)
    else:
        machine = machine_named(choice.gpu)
        if choice.price_per_hour is not None:
            machine = machine.priced(choice.price_per_hour, currency)
    longer_in, longer_out = lengthening(contender, reference, case)
    asked = Traffic(traffic.requests_per_day, traffic.tokens_in * longer_in, traffic.tokens_out * longer_out)
    cost = serving_cost(contender.shape.counted, asked, machine).busy_money
    amount = Exchange(currency, place.project.rates).into(cost, machine.currency)
    return Number(
        value=amount.mid, lo=amount.lo, hi=amount.hi, unit=f"{currency} a month", label=amount.label,
        source=f"{amount.source}; prompts × {longer_in:.2g}, answers × {longer_out:.2g} in tokens (measured)",
    )  # fmt: skip


def hosted_serving(place: Workplace, hosted: Hosted, reference: Contender | None) -> Number | None:
    """A month of the project's traffic at an endpoint's prices; None where no traffic or no price is stated.

    What its tokenizer makes of these languages counts: the tokens that it reported for the test, against those of
    `reference` for the same examples (without one the traffic's tokens are taken as its own).
    """
    traffic, price = place.project.serving, price_at(hosted.endpoint)
    if traffic is None or price is None or hosted.run is None:
        return None
    longer_in, longer_out, how = 1.0, 1.0, "tokens of the traffic taken as its own"
    if reference is not None and hosted.run.result["counted"]:
        plain = lengths(reference.tokenizer_folder, hosted.case, 0)
        longer_in, longer_out = hosted.number("tokens_in") / plain[0], hosted.number("tokens_out") / plain[1]
        how = f"prompts × {longer_in:.2g}, answers × {longer_out:.2g} in tokens (measured)"
    asked = Traffic(traffic.requests_per_day, traffic.tokens_in, traffic.tokens_out)
    month = hosted_cost(asked, price, longer_in=longer_in, longer_out=longer_out)
    amount = Exchange(place.project.currency, place.project.rates).into(month, price.currency)
    return Number(
        value=amount.mid, lo=amount.lo, hi=amount.hi, unit=f"{place.project.currency} a month", label=amount.label,
        source=f"{amount.source}; {how}",
    )  # fmt: skip


def lengthening(contender: Contender, reference: Contender, case: Case) -> tuple[float, float]:
    """How many times as many tokens this arm reads and writes as the reference does without solved examples."""
    mine = lengths(contender.tokenizer_folder, case, contender.arm.shots)
    plain = lengths(reference.tokenizer_folder, case, 0)
    return mine[0] / plain[0], mine[1] / plain[1]


@lru_cache(maxsize=8)
def _tokenizer(folder: str) -> PreTrainedTokenizerBase:
    return load_tokenizer(folder)


def lengths(tokenizer_folder: str, case: Case, shots: int) -> tuple[float, float]:
    """Mean tokens of prompt and answer over some test examples (of held-out text: of the text itself)."""
    tokenizer = _tokenizer(tokenizer_folder)
    some = case.test[:: max(1, len(case.test) // MEASURED_ON)]
    answers = [len(answer_ids(tokenizer, ">>", e.answer)) for e in some]
    if case.use_case.kind == "language":
        return float(np.mean(answers)), float(np.mean(answers))
    prompts = [len(ids) for ids in prompts_of(case, tokenizer, some, shots)]
    return float(np.mean(prompts)), float(np.mean(answers))
