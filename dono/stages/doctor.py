"""`dono doctor`: machine, dependencies, project file, data and rights; each with its cure."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from dono.corpus.rights import remarks
from dono.endpoints import key_header
from dono.errors import Mistake
from dono.project import load_project
from dono.stages.contenders import check_bases
from dono.stages.display import print_result
from dono.stages.gate import judged
from dono.stages.hosted import cap_of, endpoints, price_at
from dono.stages.prepare import check_named
from dono.stages.workplace import Workplace, open_workplace
from dono.training.precision import product_rate

PACKAGES = ("torch", "transformers", "tokenizers", "peft", "scikit-learn", "pyarrow")
LITTLE_DISK = 5e9
"""Bytes below which checkpoints of even small models may not fit (assumed)."""


def command(project: Path, overrides: Sequence[str]) -> None:
    """Print one line per finding; raises `Mistake` at the end when something must be mended first."""
    trouble = 0
    for good, line in findings(project, overrides):
        print_result(f"{'ok  ' if good else 'mend'} {line}")
        trouble += not good
    if trouble:
        raise Mistake(f"{trouble} things to mend", where=str(project), remedy="They are named above")


def findings(project: Path, overrides: Sequence[str]) -> Iterator[tuple[bool, str]]:
    """(good, what was found and the cure)."""
    yield True, ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    gpus = torch.cuda.device_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    speed = product_rate(torch.device("cpu"), "float32") / 1e9
    yield True, f"{os.cpu_count()} cores, {memory:.0f} GB memory, {gpus} GPUs, {speed:.0f} GFLOP/s in float32"
    place = project.parent if project.parent.exists() else Path()
    free = shutil.disk_usage(place).free
    yield (
        free > LITTLE_DISK,
        f"{free / 1e9:.0f} GB free on the disk" + ("" if free > LITTLE_DISK else "; free some space"),
    )
    try:
        loaded = load_project(project, overrides)
    except Mistake as mistake:
        for line in str(mistake).splitlines():
            yield False, line
        return
    yield True, f"{project}: {len(loaded.use_cases)} use cases, {len(loaded.corpus)} sources, {len(loaded.bases)} bases"
    try:
        opened = open_workplace(project, overrides)
        yield from rights_findings(opened)
        yield from endpoint_findings(opened)
        check_named(loaded)
        check_bases(loaded)
    except Mistake as mistake:
        yield False, str(mistake)


def endpoint_findings(place: Workplace) -> Iterator[tuple[bool, str]]:
    """Whether each endpoint has its key, a price and a cap; nothing is sent to it."""
    for endpoint in endpoints(place):
        try:
            key_header(endpoint)
            cap, price = cap_of(place, endpoint), price_at(endpoint)
        except Mistake as mistake:
            yield False, str(mistake)
            continue
        told = "its tokens cost nothing" if price is None else f"asked for {price.currency} {cap:,.4g} at most"
        yield True, f"endpoint {endpoint.endpoint}: {endpoint.model}, {told}"


def rights_findings(place: Workplace) -> Iterator[tuple[bool, str]]:
    """Whether the ledger holds together and each source may be learned from; what is not stated and may be asked."""
    reading = place.ledger.read()
    yield True, f"rights ledger: {len(reading.entries)} entries hold together"
    yield from ((True, f"rights ledger: {note}") for note in reading.notes)
    for found in judged(place):
        if found.standing:
            yield False, str(found.mistake())
            continue
        yield True, f"{found.subject.where}: may be learned from"
        rights = found.subject.rights
        yield from ((True, f"{found.subject.where}: {remark}") for remark in (remarks(rights) if rights else ()))
