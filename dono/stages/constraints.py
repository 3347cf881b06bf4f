"""Constraints of the project: those that contradict the rest of it, and those that an arm breaks."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from datetime import time as clock_time
from pathlib import Path

import numpy as np
import regex
import torch

from dono.artifacts import Json
from dono.costs import SPREAD, THIS, Range, estimated_latency, machine_named, serving_gigabytes
from dono.decisions import Number
from dono.decisions.routes import TEXTS
from dono.errors import Mistake
from dono.stages.contenders import HEADROOM, Contender, start_model
from dono.stages.overheads import number
from dono.stages.prepare import Case
from dono.stages.serving import lengthening, lengths
from dono.stages.workplace import Workplace
from dono.studio.amounts import duration
from dono.tokens import load_tokenizer

MILLISECONDS = "ms"
LICENCE_LINE = regex.compile(r"(?m)^license:\s*['\"]?([\w.+-]+)")
"""The licence in the head of a model card."""


def check_constraints(place: Workplace, now: datetime | None = None) -> None:
    """Raise `Mistake` for what no arm could keep: a day that has passed, a budget longer than the time left."""
    deadline = place.project.constraints.deadline
    if deadline is None:
        return
    left = _hours_left(place, now)
    where = "constraints.deadline"
    if left <= 0:
        raise Mistake(f"{deadline} has passed", where=where, remedy="Give a later day, or leave it out")
    wanted = HEADROOM * place.budget_seconds / 3600
    if wanted > left:
        what = f"{left:.0f} hours are left until {deadline}, but runs are planned for {wanted:.0f}"
        raise Mistake(what, where=where, remedy=f"Set budget.hours to at most {left / HEADROOM:.0f}, or a later day")


def _hours_left(place: Workplace, now: datetime | None = None) -> float:
    """Hours to the end of the day of the deadline."""
    deadline = place.project.constraints.deadline
    assert deadline is not None
    end = datetime.combine(deadline, clock_time.max, UTC)
    return (end - (now or datetime.now(UTC))).total_seconds() / 3600


def broken(
    place: Workplace, contender: Contender | None, hours: Range, latency: Number | None, now: datetime | None = None
) -> tuple[str, ...]:
    """The constraints that an arm breaks, each in words. `contender` is None where no model of ours takes part: such an
    arm is small and stays where it is, or is an endpoint, whose country was looked at before it was asked.
    """
    asked, found = place.project.constraints, []
    if asked.deadline is not None and hours.mid > (left := _hours_left(place, now)):
        found.append(f"its full run takes {duration(hours.mid)}, {duration(left)} are left to {asked.deadline}")
    if asked.latency_ms is not None and latency is not None and latency.value > asked.latency_ms:
        found.append(f"a request takes {latency.value:,.0f} ms, more than {asked.latency_ms:g} ({latency.label})")
    if contender is not None:
        found += _size(contender, asked.parameters, asked.gigabytes)
        found += [*_licence(place, contender), *_country(place)]
    return tuple(found)


def _size(contender: Contender, parameters: float | None, gigabytes: float | None) -> list[str]:
    found, shape = [], contender.shape
    if parameters is not None and shape.stored_parameters > parameters:
        found.append(f"{shape.stored_parameters:,} parameters are more than {parameters:,.0f}")
    needed = serving_gigabytes(shape.counted, tokens_held=shape.context)
    if gigabytes is not None and needed > gigabytes:
        found.append(f"it needs {needed:.3g} GB to answer, the device has {gigabytes:g}")
    return found


def _licence(place: Workplace, contender: Contender) -> list[str]:
    allowed, base = place.project.constraints.base_licences, contender.base
    if allowed is None or base is None:
        return []
    card = Path(base.source) / "README.md"
    match = LICENCE_LINE.search(card.read_text(encoding="utf8", errors="replace")) if card.is_file() else None
    if match is None:
        return [f"{base.name} states no licence in its model card (README.md)"]
    if match[1].lower() not in {name.lower() for name in allowed}:
        return [f"{base.name} is under {match[1]}, not under {' or '.join(allowed)}"]
    return []


def _country(place: Workplace) -> list[str]:
    wanted, machine = place.project.constraints.country, place.project.machine
    if wanted is None or machine.gpu == THIS or machine.country == wanted:
        return []
    return [f"the data would leave {wanted}: machine.country is not stated"]


def latency(place: Workplace, contender: Contender, reference: Contender, case: Case) -> Number | None:
    """Milliseconds of one request to this arm, alone on one machine; None where nothing is answered.

    Its tokens are the traffic's as this arm's tokenizer cuts them, or those of the test examples where no traffic is
    stated. Measured here where this machine will answer and a constraint asks for it; else from parameters and machine.
    """
    if case.use_case.kind in TEXTS:
        return None
    tokens_in, tokens_out = _tokens(place, contender, reference, case)
    asked, gpu = place.project.constraints.latency_ms, place.project.machine.gpu
    if gpu == THIS:
        if asked is None:
            return None
        return number(_measured(place, contender, round(tokens_in), round(tokens_out)).times(1000), MILLISECONDS)
    found = estimated_latency(
        contender.shape.counted, machine_named(gpu), tokens_in=tokens_in, tokens_out=tokens_out
    )  # fmt: skip
    return number(found.times(1000), MILLISECONDS)


def _tokens(place: Workplace, contender: Contender, reference: Contender, case: Case) -> tuple[float, float]:
    traffic = place.project.serving
    if traffic is None:
        return lengths(contender.tokenizer_folder, case, contender.arm.shots)
    longer_in, longer_out = lengthening(contender, reference, case)
    return traffic.tokens_in * longer_in, traffic.tokens_out * longer_out


def _measured(place: Workplace, contender: Contender, tokens_in: int, tokens_out: int) -> Range:
    """Seconds of one such request on this machine: the middle of three, remembered for each shape."""
    written = max(1, min(tokens_out, contender.context // 2))
    prompt = max(1, min(tokens_in, contender.context - written))
    spec: dict[str, Json] = {"shape": vars(contender.shape), "tokens_in": prompt, "tokens_out": written}

    def make(folder: Path) -> dict[str, Json]:
        tokenizer = load_tokenizer(contender.tokenizer_folder)
        model = start_model(place, contender.base, tokenizer)
        rows = model.get_input_embeddings().weight.shape[0]
        ids = torch.from_numpy(np.random.default_rng(0).integers(0, min(rows, len(tokenizer)), (1, prompt)))

        def seconds() -> float:
            began = time.monotonic()
            model.generate(ids, attention_mask=torch.ones_like(ids), min_new_tokens=written, max_new_tokens=written,
                           do_sample=False, pad_token_id=tokenizer.pad_token_id)  # fmt: skip
            return time.monotonic() - began

        with torch.inference_mode():
            seconds()  # the first starts the threads
            return {"seconds": sorted(seconds() for _ in range(3))[1]}

    artifact = place.store.make("latency", spec, make, name=f"{contender.shape.stored_parameters / 1e6:.1f}M")
    took = float(str(artifact.result["seconds"]))
    source = f"{prompt} tokens read and {written} written on this machine"
    return Range(took * (1 - SPREAD), took, took * (1 + SPREAD), "measured", source)
