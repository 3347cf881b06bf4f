"""What people are asked to rate: answers of one or two models to prompts, as items for the desk."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

from transformers import PreTrainedTokenizerBase

from dono.artifacts import fingerprint, identity, read_artifact, write_atomically
from dono.corpus import Prompt, lesson_files, read_prompts
from dono.errors import Mistake
from dono.evals import Answered, generate
from dono.models import load_model, shape_of
from dono.ratings import Candidate, Item, Turn
from dono.stages.display import Display, print_result
from dono.stages.rate import desk_settings
from dono.tokens import encode_prompt, load_tokenizer
from dono.training.world import device

SHORTEST = 8
"""Tokens of a prompt that must fit beside the longest answer."""


@dataclass(frozen=True)
class Speaker:
    """A model that answers, and the name under which its answers are compared."""

    source: str
    name: str


def messages_of(prompt: Prompt) -> list[dict[str, str]]:
    """The chat as OpenAI has it."""
    return [{"role": who.lower(), "content": text} for who, text in prompt.turns]


def prompt_tokens(
    tokenizer: PreTrainedTokenizerBase, prompts: Sequence[Prompt], max_new_tokens: int, context: int
) -> list[list[int]]:
    """The prompts as ids, cut so that the answer fits into the context. Raises `Mistake` where none would."""
    room = context - max_new_tokens
    if room < SHORTEST:
        what = f"answers of {max_new_tokens:,} tokens leave no room for a prompt"
        raise Mistake(what, where="max_new_tokens", remedy=f"{context:,} tokens are read at once: give less")
    return [encode_prompt(tokenizer, messages_of(p), max_length=room) for p in prompts]


def answers_of(source: str, prompts: Sequence[Prompt], *, max_new_tokens: int, display: Display) -> list[Answered]:
    """A model's greedy answers, none longer than half of what it reads."""
    tokenizer, model = load_tokenizer(source), load_model(source).to(device())
    context = shape_of(model).context
    max_new_tokens = min(max_new_tokens, context // 2)
    ids = prompt_tokens(tokenizer, prompts, max_new_tokens, context)
    done = 0
    with display.task(f"answers of {source.rsplit('/', maxsplit=1)[-1]}", len(prompts)) as view:

        def watch(more: int, of: int) -> None:
            nonlocal done
            done += more
            view.at(done, f"{done:,} of {of:,}")

        return generate(model, tokenizer, ids, max_new_tokens=max_new_tokens, watch=watch)


def compared(
    speakers: tuple[Speaker, Speaker], answers: tuple[Sequence[Answered], Sequence[Answered]],
    prompts: Sequence[Prompt], most: int,
) -> list[Item]:  # fmt: skip
    """Pairs of answers that differ, at most so many, languages in turn; drawn by what they say, not by their order."""
    found = []
    for prompt, one, other in zip(prompts, *answers, strict=True):
        if one.text and other.text and one.text != other.text:
            candidates = [Candidate(text=a.text, model=s.name) for a, s in zip((one, other), speakers, strict=True)]
            found.append(_item("pair", prompt, candidates))
    return _in_turn(found, most)


def single(speaker: Speaker, answers: Sequence[Answered], prompts: Sequence[Prompt], most: int) -> list[Item]:
    """Answers to be rated alone, at most so many, languages in turn."""
    pairs = zip(prompts, answers, strict=True)
    found = [_item("thumbs", p, [Candidate(text=a.text, model=speaker.name)]) for p, a in pairs if a.text]
    return _in_turn(found, most)


def ask_about(
    place: Path, models: Sequence[str], prompts: Sequence[str], *, questions: int, max_new_tokens: int
) -> None:
    """Write the answers of one model (thumbs) or two (pairs) to prompts beside a desk's settings."""
    if len(models) not in (1, 2) or not prompts:
        what = "one or two models answer prompts"
        raise Mistake(what, where="--answers, --prompts", remedy="Give --answers once or twice, and --prompts")
    folder, display = desk_settings(place).folder, Display()
    found = {p.key: p for p in read_prompts(lesson_files(prompts, Path.cwd())) if isinstance(p, Prompt)}
    asked = list(found.values())[: 2 * questions]
    if not asked:
        raise Mistake("no row asks anything", where=prompts[0], remedy='Write rows like {"prompt": …, "language": …}')
    speakers = [_speaker(model) for model in models]
    said = [answers_of(s.source, asked, max_new_tokens=max_new_tokens, display=display) for s in speakers]
    if len(speakers) == 2:
        items = compared((speakers[0], speakers[1]), (said[0], said[1]), asked, questions)
    else:
        items = single(speakers[0], said[0], asked, questions)
    if not items:
        raise Mistake("the models say the same everywhere", where=prompts[0], remedy="Give other prompts, or models")
    name = identity({"items": [item.id for item in items]})[:8]
    path = folder / f"answers-{name}.jsonl"
    write_atomically(path, as_rows(items))
    print_result(f"{len(items):,} questions about answers of {' and '.join(s.name for s in speakers)}: {path}")


def as_rows(items: Sequence[Item]) -> str:
    """Items as the lines of a file for the desk."""
    rows = (item.model_dump(mode="json", exclude_defaults=True) for item in items)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _speaker(model: str) -> Speaker:
    """A model directory by its record's name, else by the directory's; any other name is the hub's."""
    local = Path(model)
    if not local.is_dir():
        return Speaker(model, model)
    made = read_artifact(local)
    name, id_ = (local.resolve().name, fingerprint(local)) if made is None else (made.name or made.kind, made.id)
    return Speaker(str(local.resolve()), f"{name}@{id_[:8]}")


def _item(kind: str, prompt: Prompt, candidates: Sequence[Candidate]) -> Item:
    turns = tuple(Turn(role=who.lower(), text=text) for who, text in prompt.turns)
    said = "\0".join([prompt.key, *(f"{c.model}\0{c.text}" for c in candidates)])
    name = hashlib.sha256(said.encode()).hexdigest()[:16]
    fields = {"id": name, "kind": kind, "prompt": turns, "answers": tuple(candidates), "language": prompt.language}
    return Item.model_validate(fields)


def _in_turn(items: Sequence[Item], most: int) -> list[Item]:
    """The first of each language, then the second of each; within a language by their names, which are hashes."""
    by_language: dict[str, list[Item]] = defaultdict(list)
    for item in sorted(items, key=lambda i: i.id):
        by_language[item.language].append(item)
    rounds = chain.from_iterable(zip_longest(*(by_language[name] for name in sorted(by_language))))
    return [item for item in rounds if item is not None][:most]
