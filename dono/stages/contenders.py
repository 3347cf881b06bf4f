"""Who takes part: the arms of the wanted routes, each bound to its base, tokenizer, tokens, and full-budget plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from dono.artifacts import Reference, fingerprint
from dono.costs import THIS, Range, borrowed_speed, machine_named, train_flops, training_gigabytes
from dono.costs import measured_speed as speed_range
from dono.decisions.routes import ROUTES, Arm
from dono.errors import Mistake
from dono.models import Shape, load_model, random_llama, shape_of
from dono.models.pretrained import check_folder
from dono.project import Project
from dono.stages.hosted import endpoints
from dono.stages.prepare import Case, Prepared
from dono.stages.speed import measured_speed
from dono.stages.tokenizing import corpus_tokens
from dono.stages.vocabularies import WORTH, base_fertility, extended_tokenizer, own_tokenizer
from dono.stages.workplace import Workplace
from dono.tokens import Shards, encode_examples, load_tokenizer

HEADROOM = 0.75
"""The part of the budget that a corpus stage is planned to take: speeds here vary by a fifth (measured), and the task
stage and scoring come after it."""


@dataclass(frozen=True)
class Base:
    """A model to start from: a directory or hub name, its identity, its sizes."""

    source: str
    name: str
    reference: Reference
    shape: Shape


@dataclass(frozen=True)
class Contender:
    """An arm with all that its runs need. `corpus_tokens` is what the full run reads in its corpus stage."""

    arm: Arm
    name: str
    base: Base | None
    tokenizer_folder: str
    tokenizer: Reference
    shape: Shape
    tokens: Shards | None
    tokens_reference: Reference | None
    corpus_tokens: int
    flops_per_second: float

    @property
    def context(self) -> int:
        """Tokens in one training sequence."""
        return self.shape.context

    def corpus_flops(self, tokens: float) -> float:
        """Training FLOPs of so many corpus tokens."""
        return train_flops(self.shape.counted, tokens=tokens, context=self.context)

    def gigabytes(self, batch: int) -> float:
        """Memory to train in batches of so many sequences."""
        return training_gigabytes(
            self.shape.counted, batch_tokens=batch * self.context, lora=self.arm.task_stage == "lora"
        )

    def task_flops(self, tokens: float) -> float:
        """Training FLOPs of so many task tokens (LoRA: no weight gradients of the frozen matrices)."""
        lora = self.arm.task_stage == "lora"
        return train_flops(self.shape.counted, tokens=tokens, context=self.context, lora=lora)


def check_bases(project: Project) -> None:
    """Raise `Mistake` for a base that is named by its folder and is not there: before a corpus is gathered for it."""
    for source in project.bases:
        if isinstance(source, str):
            check_folder(project.source(source))


def load_base(place: Workplace, source: str) -> Base:
    """Look at a base without keeping it in memory."""
    local, found = place.project.path(source), place.project.source(source)
    model = load_model(found)
    load_tokenizer(found)  # a base without one is refused now, not at its first run
    id_ = fingerprint(local) if local.is_dir() else source
    name = local.name if local.is_dir() else source.rsplit("/", maxsplit=1)[-1]
    return Base(found, name, Reference("base", id_, name), _within(shape_of(model), place.project.scratch.context))


def told_apart(bases: Sequence[Base]) -> list[Base]:
    """The bases, those of one name with as much of their paths before it as tells them apart: an arm is known by its
    name, and two arms of one name would be taken for one.
    """
    paths = [Path(b.source).parts for b in bases]

    def name(own: tuple[str, ...]) -> str:
        others = [path for path in paths if path != own]
        longer = (own[-n:] for n in range(1, len(own)))
        return "/".join(next((end for end in longer if all(path[-len(end) :] != end for path in others)), own))

    taken = [b.name for b in bases]
    names = [b.name if taken.count(b.name) == 1 else name(own) for b, own in zip(bases, paths, strict=True)]
    return [replace(b, name=n, reference=replace(b.reference, name=n)) for b, n in zip(bases, names, strict=True)]


def _within(shape: Shape, context: int) -> Shape:
    """A base is trained on the project's context, even where it could read further."""
    return Shape(**{**vars(shape), "context": min(shape.context, context)})


def contenders(place: Workplace, prepared: Prepared) -> tuple[list[Contender], list[str]]:
    """All contenders of the language-model routes, and in words why a wanted route is missing."""
    project = place.project
    notes: list[str] = []
    kinds = {case.use_case.kind for case in prepared.cases}
    arms = [a for route, of in ROUTES.items() if project.wants(route) for a in of if kinds & set(a.kinds)]
    if project.routes != "all" and "hosted" in project.routes and not endpoints(place):
        notes.append("hosted: not measured; the project names no endpoint in `bases`")
    bases = told_apart([load_base(place, b) for b in project.bases if isinstance(b, str)])
    if not bases and (lacking := list(dict.fromkeys(a.route for a in arms if a.start == "base"))):
        notes.append(f"{', '.join(lacking)}: not measured; the project names no base")
    if prepared.corpus is None and any(a.corpus_stage for a in arms):
        notes.append("continue, scratch: not measured; the project has no corpus")
    found: list[Contender] = []
    for arm in arms:
        if arm.start in ("none", "endpoint") or (arm.corpus_stage and prepared.corpus is None):
            continue
        for base in bases if arm.start == "base" else [None]:
            name = named(arm, base, several=len(bases) > 1)
            reason = not_extended(place, prepared, base) if base and arm.vocabulary == "extended" else None
            if reason is None:
                found.append(bind(place, prepared, arm, base, several=len(bases) > 1))
            else:
                notes.append(f"{name}: not measured; {reason}")
    return found, notes


def named(arm: Arm, base: Base | None, *, several: bool) -> str:
    """An arm's name, with its base where there are several."""
    return f"{arm.name}@{base.name}" if base is not None and several else arm.name


def not_extended(place: Workplace, prepared: Prepared, base: Base) -> str | None:
    """Why a base is not piloted with its tokenizer extended; None where it is: asked for, or likely to be of use."""
    wanted = place.project.tokenizer.extended
    if wanted is False:
        return "tokenizer.extended is false"
    assert prepared.corpus is not None
    try:
        language, ratio = base_fertility(place, prepared.corpus, base.source, base.reference)
        if wanted == "auto" and ratio <= WORTH:
            return (
                f"the base's tokenizer needs at most {ratio:.2g} tokens for one of the corpus's own (in {language}), "
                f"and below {WORTH:g} extending it is not tried unasked"
            )
        extended_tokenizer(place, prepared.corpus, base.source, base.reference)
    except Mistake as mistake:
        if wanted is True:
            raise
        return str(mistake)
    return None


def bind(place: Workplace, prepared: Prepared, arm: Arm, base: Base | None, *, several: bool = False) -> Contender:
    """An arm with its tokenizer, tokens, sizes, measured speed and full-budget plan."""
    project = place.project
    name = named(arm, base, several=several)
    folder, tokenizer = _tokenizer(place, prepared, arm, base)
    shape = _shape(place, base, folder, arm)
    speed = measured_speed(place, base.source if base else None, folder, shape)
    tokens, reference, planned = None, None, 0
    if arm.corpus_stage:
        assert prepared.corpus is not None
        artifact, tokens = corpus_tokens(place, prepared.corpus, tokenizer, folder)
        reference = artifact.reference
        per_token = train_flops(shape.counted, tokens=1, context=shape.context)
        affordable = HEADROOM * place.budget_seconds * target_speed(place, speed, shape.context).mid / per_token
        if project.budget.tokens is not None:
            affordable = min(affordable, project.budget.tokens)
        planned = int(min(affordable, project.training.corpus_epochs * tokens.n_tokens))
    return Contender(arm, name, base, folder, tokenizer, shape, tokens, reference, planned, speed)


def _tokenizer(place: Workplace, prepared: Prepared, arm: Arm, base: Base | None) -> tuple[str, Reference]:
    """Where an arm's tokenizer lies, and what it is called."""
    if arm.vocabulary == "kept":
        assert base is not None
        return base.source, base.reference
    assert prepared.corpus is not None
    if arm.vocabulary == "extended":
        assert base is not None
        made = extended_tokenizer(place, prepared.corpus, base.source, base.reference)
    else:
        made = own_tokenizer(place, prepared.corpus)
    return str(made.path), made.reference


def target_speed(place: Workplace, here: float, context: int) -> Range:
    """FLOP/s of the project's machines together: measured where it is this one, else peak × published utilisation."""
    choice = place.project.machine
    if choice.gpu == THIS:
        return speed_range(here)
    return borrowed_speed(machine_named(choice.gpu), context=context).times(choice.count)


def _shape(place: Workplace, base: Base | None, folder: str, arm: Arm) -> Shape:
    if base is None:
        model = random_llama(place.project.scratch, load_tokenizer(folder), seed=0)
        return _within(shape_of(model), place.project.scratch.context)
    if arm.vocabulary == "kept":
        return base.shape
    rows = max(load_tokenizer(folder).get_vocab().values()) + 1
    if arm.vocabulary == "extended":
        rows = max(rows, base.shape.vocabulary)  # the table's spare rows are taken first
    grown = (rows - base.shape.vocabulary) * base.shape.width
    sizes = {**vars(base.shape), "vocabulary": rows}
    tables = 1 if base.shape.parameters == base.shape.stored_parameters else 2
    sizes["parameters"] = base.shape.parameters + grown
    sizes["stored_parameters"] = base.shape.stored_parameters + tables * grown
    return Shape(**sizes)


def start_model(
    place: Workplace, base: Base | None, tokenizer: PreTrainedTokenizerBase, seed: int = 0
) -> PreTrainedModel:
    """The base's weights, or random ones drawn from `seed` where there is no base."""
    if base is not None:
        return load_model(base.source)
    return random_llama(place.project.scratch, tokenizer, seed=seed)


@dataclass(frozen=True)
class TaskSize:
    """How big the full task stage of a contender on a case is: examples, mean tokens per example, epochs."""

    examples: int
    tokens_per_example: float
    epochs: float

    def tokens(self, scale: float) -> float:
        """Tokens trained on at this share of the examples."""
        return self.examples * scale * self.tokens_per_example * self.epochs


def task_size(place: Workplace, contender: Contender, case: Case, prompts: list[tuple[str, str]]) -> TaskSize:
    """Measured on up to 200 examples; `prompts` are rendered prompts with their answers."""
    if not prompts:
        return TaskSize(0, 0.0, 0.0)
    tokenizer = load_tokenizer(contender.tokenizer_folder)
    some = prompts[:: max(1, len(prompts) // 200)]
    encoded, _ = encode_examples(tokenizer, some, max_length=contender.context, where=case.use_case.name)
    mean = float(np.mean([len(e.ids) for e in encoded]))
    return TaskSize(len(prompts), mean, place.project.training.task_epochs)


def no_room(place: Workplace, needed: float) -> Mistake:
    """The pilots' share of the budget is too small for a single rung."""
    share = place.project.budget.pilot_share
    return Mistake(
        f"{place.pilot_seconds:.0f} s for pilots is too little for a single rung of every arm "
        f"(about {needed + 0.5:.0f} s)",
        where=f"budget.pilot_share: {share}",
        remedy="Raise the budget or pilot_share, or name fewer routes",
    )
