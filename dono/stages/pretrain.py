"""`dono pretrain`: a foundation model from scratch, an ordinary model directory for the next project to start from."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dono.artifacts import Artifact
from dono.decisions.routes import ROUTES
from dono.errors import Mistake
from dono.stages.bookkeeping import record_step
from dono.stages.contenders import Contender, bind
from dono.stages.corpus_stage import corpus_run
from dono.stages.display import print_result
from dono.stages.gate import check_rights
from dono.stages.oversight import Oversight, budget_cap
from dono.stages.prepare import Prepared, prepare
from dono.stages.workplace import Workplace, open_workplace


def command(
    project: Path, overrides: Sequence[str], *, vocabulary: int | None, tokens: float | None, out: Path | None
) -> None:
    """Pretrain and print where the model is."""
    extra = [] if vocabulary is None else [f"scratch.vocabulary={vocabulary}"]
    place = open_workplace(project, [*overrides, *extra])
    with place.alone():
        artifact = pretrain(place, tokens=tokens, out=out)
    print_result(f"foundation model: {out or artifact.path}")


def pretrain(place: Workplace, *, tokens: float | None = None, out: Path | None = None) -> Artifact:
    """The corpus stage of `scratch/own` at scale 1, and a copy of the model directory at `out`.

    Raises `Mistakes` where the rights of a source do not let it be learned from.
    """
    check_rights(place)
    prepared = prepare(place)
    if prepared.corpus is None:
        raise Mistake("there is nothing to learn from", where="corpus", remedy="Name at least one source")
    contender = foundation(place, prepared, tokens)
    seconds = contender.corpus_flops(contender.corpus_tokens) / contender.flops_per_second
    with place.display.task(f"foundation model, {contender.corpus_tokens:,} tokens", seconds) as view:
        oversight = Oversight(view.note, budget_cap(place))
        artifact = corpus_run(place, contender, 1.0, place.project.training.seed, oversight=oversight)
    record_step(place, "pretrain", artifact)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for file in filter(Path.is_file, artifact.path.iterdir()):  # the events of the log stay in the work folder
            shutil.copyfile(file, out / file.name)
    return artifact


def foundation(place: Workplace, prepared: Prepared, tokens: float | None) -> Contender:
    """The scratch arm, with as many tokens as the person or the budget says."""
    contender = bind(place, prepared, ROUTES["scratch"][0], None)
    return contender if tokens is None else replace(contender, corpus_tokens=int(tokens))
