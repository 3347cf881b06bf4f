"""A run before its first step: data encoded, model loaded, settings named, memory and speed tried."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from dono.artifacts import write_atomically
from dono.errors import Mistake
from dono.models import Reader, Scorer, add_lora, load_model, random_llama, reader_of, reference_beside, shape_of
from dono.objectives import OBJECTIVES, PREFERENCES, judged_objective, pair_objective
from dono.runfile import BOOKKEEPING, ObjectiveName, PreferenceLoss, RunFile, load_run
from dono.stages.display import Display
from dono.stages.train_data import (
    Answers,
    DataFiles,
    Encoded,
    Texts,
    encode_answers,
    encode_preferences,
    encode_texts,
    encode_thumbs,
    keep_rejects,
    largest_part,
    learn_tokenizer,
    longest_of,
    open_data,
    scored,
)
from dono.stages.train_plan import (
    LONGEST_CONTEXT,
    Cost,
    Machine,
    Sizes,
    compiled,
    cost_of,
    loop_of,
    part_limit,
    settled,
    size_of,
    spending,
)
from dono.stages.validation import read_part
from dono.tokens import Document, Rows, check_rows, document, load_tokenizer, packed, show_rows
from dono.training import judgements, likelihood, preferences, rewards
from dono.training.dry_run import tokens_that_fit
from dono.training.learners import JudgedRows, Learner, PairRows
from dono.training.memory import available_memory
from dono.training.precision import Precision, bfloat16_pays, pass_seconds
from dono.training.world import World, device

RUN, TOKENS, TOKENIZER = "run.yaml", "tokens", "own_tokenizer"
TIMED = 2048
"""Tokens of the pass by which speed is measured, or one window, chat or pair where that is longer (assumed)."""
SHOWN = 500
"""Characters at each end of the example that is shown."""


@dataclass(frozen=True)
class Ready:
    """A run whose data is encoded, whose model is loaded, and whose settings are all named.

    `module` is what is trained: the `reader`, or a scorer over it. `reference` is the model as it began, where its
    drift is watched.
    """

    run: RunFile
    folder: Path
    tokenizer: PreTrainedTokenizerBase
    reader: Reader
    module: Reader | Scorer
    reference: Reader | None
    encoded: Encoded
    sizes: Sizes
    cost: Cost
    world: World

    @property
    def objective(self) -> ObjectiveName:
        """What is learned."""
        assert self.run.objective is not None
        return self.run.objective

    @property
    def precision(self) -> Precision:
        """What products are computed in."""
        assert self.run.precision != "auto"
        return self.run.precision

    @property
    def part_tokens(self) -> int:
        """Tokens of one pass."""
        assert self.run.part_tokens is not None
        return self.run.part_tokens

    @property
    def price(self) -> float:
        """Money an hour, of all machines."""
        return self.run.machine.price_per_hour or 0.0


def get_ready(run: RunFile, folder: Path, display: Display, world: World, *, processes: int) -> Ready:
    """Data, model and settings; says what was recognised, one example, and what the run will spend."""
    data = open_data(run)
    if not world.leads:
        world.together()  # what is written once is written by the first process
    tokenizer = _tokenizer(run, data, folder)
    model = _model(run, tokenizer).to(device())
    shape = shape_of(model)
    context = run.context or min(shape.context, LONGEST_CONTEXT)
    if context > shape.context:
        what = f"the model reads {shape.context:,} tokens, not {context:,}"
        raise Mistake(what, where="context", remedy="Give a smaller context")
    encoded = _encode(data, tokenizer, context, folder / TOKENS)
    _check(encoded, data.objective, tokenizer, shape.vocabulary)
    learner = model if run.lora is None else add_lora(model, rank=run.lora.rank, seed=run.seed)
    reader = reader_of(learner)
    module = Scorer(reader) if data.objective == "reward_model" else reader
    reference = None
    if run.loss.most_divergence is not None:
        if processes > 1:
            raise Mistake("drift is watched by one process", where="loss.most_divergence", remedy="Leave it out")
        reference = reference_beside(reader, lambda: _model(run, tokenizer).to(device()))
    rows, tokens, mean_length = size_of(encoded)
    sizes = Sizes(
        rows=rows, tokens=tokens, mean_length=mean_length, counted=shape.counted, parameters=shape.stored_parameters,
        trained=sum(p.numel() for p in module.parameters() if p.requires_grad),
    )  # fmt: skip
    machine = Machine(device(), processes)
    if world.leads:
        if not (folder / RUN).is_file():
            open_ = run.model_copy(update={"context": context})
            write_atomically(folder / RUN, _settled(open_, data.objective, encoded, sizes, module, machine).as_yaml())
        world.together()
    kept = load_run(folder / RUN)
    changed = {name: getattr(run, name) for name in BOOKKEEPING} | {"part_tokens": run.part_tokens or kept.part_tokens}
    named = kept.model_copy(update=changed)
    cost = _cost(named, encoded, sizes, module, machine)
    if data.formats and world.leads:
        keep_rejects(data, folder)
        display.say(f"recognised: {data.recognised()}")
    display.say(f"an example, trained between ⟦ and ⟧: {_example(encoded, tokenizer)}")
    for line in spending(named, sizes, cost, available_memory(device())):
        display.say(line)
    return Ready(named, folder, tokenizer, reader, module, reference, encoded, sizes, cost, world)


def _settled(
    run: RunFile, objective: ObjectiveName, encoded: Encoded, sizes: Sizes, module: Reader | Scorer, machine: Machine
) -> RunFile:
    """The run with everything named; the largest part is tried, precision and speed are measured."""
    whole = settled(run, objective, encoded, sizes, machine)
    assert whole.context is not None
    longest, learn, packs = longest_of(encoded, whole.context), learner_of(objective, run.loss), _packs(module)
    tried = whole.model_copy(update={"precision": "float32"}) if run.precision == "auto" else whole
    loop = loop_of(tried)

    def part_of(tokens: int) -> Rows | PairRows | JudgedRows:
        return largest_part(encoded, longest, tokens, pack=packs)

    fits = tokens_that_fit(
        module, learn, part_of, loop, least=longest, most=max(longest, part_limit(whole, machine.processes)),
        evaluate=(lambda tokens: read_part(module, part_of(tokens), loop.precision)) if scored(encoded) else None,
        available=available_memory(machine.device) // (1 if machine.device.type == "cuda" else machine.processes),
    )  # fmt: skip
    if run.precision == "auto":
        part = largest_part(encoded, longest, min(fits, max(longest, TIMED)), pack=packs)
        half = bfloat16_pays(module, learn, part)
        tried = whole.model_copy(update={"precision": "bfloat16" if half else "float32"})
    whole = tried.model_copy(update={"part_tokens": fits})
    return whole.model_copy(update={"compile": compiled(whole, _cost(whole, encoded, sizes, module, machine))})


def _cost(run: RunFile, encoded: Encoded, sizes: Sizes, module: Reader | Scorer, machine: Machine) -> Cost:
    """What the settled run will take, by a pass that is timed now, not compiled yet."""
    assert run.objective is not None and run.context is not None and run.part_tokens is not None
    assert run.precision != "auto"
    longest = longest_of(encoded, run.context)
    part = largest_part(encoded, longest, min(run.part_tokens, max(longest, TIMED)), pack=_packs(module))
    seconds = pass_seconds(module, learner_of(run.objective, run.loss), part, run.precision)
    return cost_of(run, sizes, machine, part.tokens / seconds)


def _packs(module: Reader | Scorer) -> bool:
    return module.packs if isinstance(module, Reader) else module.reader.packs


def _tokenizer(run: RunFile, data: DataFiles, folder: Path) -> PreTrainedTokenizerBase:
    start = run.model
    if start.path is not None:
        return load_tokenizer(run.source(start.path))
    if start.tokenizer is not None:
        return load_tokenizer(run.source(start.tokenizer))
    assert start.random is not None
    return load_tokenizer(learn_tokenizer(data, start.random.vocabulary, folder / TOKENIZER))


def _model(run: RunFile, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    if run.model.path is not None:
        return load_model(run.source(run.model.path))
    assert run.model.random is not None
    return random_llama(run.model.random, tokenizer, seed=run.seed, context=run.context)


def _encode(data: DataFiles, tokenizer: PreTrainedTokenizerBase, context: int, folder: Path) -> Encoded:
    if data.kind == "texts":
        return encode_texts(data, tokenizer, context, folder)
    if data.kind == "answers":
        return encode_answers(data, tokenizer, context)
    encode = encode_thumbs if data.kind == "thumbs" else encode_preferences
    return encode(data, tokenizer, context)


def _example(encoded: Encoded, tokenizer: PreTrainedTokenizerBase) -> str:
    """The first document that is learned from; of a long one both ends."""
    if isinstance(encoded, Texts):
        first = document([encoded.shards.eos, *encoded.shards.document(0)])
    else:
        first = encoded.documents[0] if isinstance(encoded, Answers) else encoded.pairs[0].chosen
    shown = show_rows(tokenizer, packed([first]))
    return shown if len(shown) <= 2 * SHOWN else f"{shown[:SHOWN]} … {shown[-SHOWN:]}"


def _check(encoded: Encoded, objective: ObjectiveName, tokenizer: PreTrainedTokenizerBase, vocabulary: int) -> None:
    """Raises `Mistake` at the first document that would be learned from wrongly; of texts those held out are seen."""
    if isinstance(encoded, Texts):
        documents = encoded.held_out.documents
    elif isinstance(encoded, Answers):
        documents = encoded.documents
    else:
        documents = [answer for pair in encoded.pairs for answer in pair]
        if objective == "reward_model":  # its last place is there to be read alone
            documents = [Document(d.ids[:-1], d.labels[:-1]) for d in documents]
    check_rows(
        (packed([d]) for d in documents), bos=tokenizer.bos_token_id, eos=tokenizer.eos_token_id, where="data",
        vocabulary=vocabulary, answers=not isinstance(encoded, Texts),
    )  # fmt: skip


def learner_of(objective: ObjectiveName, loss: PreferenceLoss) -> Learner[Any]:
    """The objective as a learner of the data's parts."""
    if objective in PREFERENCES:
        return preferences(pair_objective(objective, beta=loss.beta, chosen_weight=loss.chosen_weight))
    if objective == "reward_model":
        return rewards()
    if objective == "kto":
        return judgements(judged_objective(beta=loss.beta))
    return likelihood(OBJECTIVES[objective])
