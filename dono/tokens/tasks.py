"""Examples of a use case as ids: prompt and answer encoded apart, so that training and generation see the same ids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from transformers import PreTrainedTokenizerBase

from dono.errors import Mistake
from dono.tokens.train import encode_plain

TEMPLATES: dict[str, str] = {"classify": "{text}\n>>", "generate": "{prompt}\n>>"}
"""Plain prompts that a base model without a chat template can follow. The blank before the answer belongs to the
answer: a word's own token begins with it."""

IGNORED = -100
"""The label that no loss is taken on (the convention of torch's cross-entropy)."""

PROMPT_KEEPS = 0.25
"""An over-long answer leaves at least this share of the length to the prompt (assumed)."""

_FIELD = re.compile(r"\{([^\W\d]\w*)\}")

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Encoded:
    """One example: `ids[answer_start:]` is trained. `prompt_cut` and `answer_cut` count the tokens that did not fit."""

    ids: list[int]
    answer_start: int
    prompt_cut: int = 0
    answer_cut: int = 0


@dataclass(frozen=True)
class Cuts:
    """How many of `examples` lost the beginning of their prompt, or the end of their answer."""

    examples: int
    prompts: int
    answers: int


@dataclass(frozen=True)
class TaskBatch:
    """A padded batch. All arrays int64 [examples, longest].

    `labels` stand at the place of their own token (the objective shifts them); `IGNORED` where nothing is learned.
    """

    ids: Ids
    labels: Ids
    attention_mask: Ids
    examples: Ids
    """[examples] the examples' numbers."""


def fill(template: str, example: Mapping[str, object]) -> str:
    """`template` with each `{field}` replaced. Raises `Mistake` when it names a field that the example lacks."""
    unknown = [name for name in _FIELD.findall(template) if name not in example]
    if unknown:
        what = f"the prompt names {{{unknown[0]}}}, which the example lacks"
        raise Mistake(what, where="prompt", remedy=f"Use one of: {', '.join(sorted(example))}")
    return _FIELD.sub(lambda found: str(example[found[1]]), template)


def render_prompt(template: str, example: Mapping[str, object], tokenizer: PreTrainedTokenizerBase) -> str:
    """The prompt as text: the filled template, inside the tokenizer's chat template where it has one.

    In a chat the mark that ends our plain templates is left out: the chat's own turn says whose turn it is.
    """
    text = fill(template, example)
    if tokenizer.chat_template is None:
        return text
    text = text.removesuffix("\n>>")
    chat = [{"role": "user", "content": text}]
    rendered = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    assert isinstance(rendered, str)
    return rendered


def few_shot(template: str, shots: Iterable[tuple[Mapping[str, object], str]], example: Mapping[str, object]) -> str:
    """A plain prompt with solved examples before the question, parted by empty lines."""
    solved = [fill(template, shot) + spaced(fill(template, shot), answer) for shot, answer in shots]
    return "\n\n".join([*solved, fill(template, example)])


def spaced(prompt: str, answer: str) -> str:
    """The answer as it follows the prompt: after a blank, unless the prompt already ends in white space."""
    return answer if not prompt or prompt[-1].isspace() else " " + answer


def prompt_ids(tokenizer: PreTrainedTokenizerBase, prompt: str) -> list[int]:
    """The ids of a prompt, with one BOS before it where this tokenizer puts one. Raises `Mistake` at a double BOS."""
    bos = tokenizer.bos_token_id
    if tokenizer.chat_template is None:
        ids = list(encode_plain(tokenizer, [prompt])[0])
    else:
        ids = list(tokenizer(prompt, add_special_tokens=False, verbose=False)["input_ids"])
    if bos is not None and ids[:2] == [bos, bos]:
        remedy = "Remove the BOS from the prompt or from the chat template"
        raise Mistake("the prompt begins with two BOS tokens", where="prompt", remedy=remedy)
    if bos is not None and ids[:1] != [bos] and puts_bos(tokenizer):
        ids = [bos, *ids]
    return ids


def puts_bos(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether this tokenizer by itself begins a text with BOS."""
    ids = tokenizer("a", verbose=False)["input_ids"]
    return tokenizer.bos_token_id is not None and list(ids)[:1] == [tokenizer.bos_token_id]


def answer_ids(tokenizer: PreTrainedTokenizerBase, prompt: str, answer: str) -> list[int]:
    """The ids of an answer as it follows this prompt, without EOS."""
    return list(encode_plain(tokenizer, [spaced(prompt, answer)])[0])


def cut_left(tokenizer: PreTrainedTokenizerBase, ids: list[int], room: int) -> list[int]:
    """The last `room` ids; a BOS at the beginning stays there."""
    assert room >= 0
    if len(ids) <= room:
        return ids
    kept = ids[len(ids) - room :]
    if room and tokenizer.bos_token_id is not None and ids[:1] == [tokenizer.bos_token_id]:
        kept[0] = ids[0]
    return kept


def encode_example(
    tokenizer: PreTrainedTokenizerBase, prompt: str, answer: str, *, max_length: int, where: str = "example"
) -> Encoded:
    """Ids of prompt, answer and EOS, at most `max_length` of them; the answer and EOS are trained.

    Too long: the prompt loses its beginning; only where the answer alone does not fit does it lose its end (and its
    EOS: an unfinished answer must not teach to stop), and that is counted in `answer_cut`.
    Raises `Mistake`, naming `where`, when the answer is empty: nothing of the example would be learned.
    """
    assert max_length >= 4
    eos = tokenizer.eos_token_id
    if not isinstance(eos, int):
        raise Mistake(
            "the tokenizer has no EOS token", where="tokenizer", remedy="Name one in its tokenizer_config.json"
        )
    if not answer.strip():
        remedy = "Give the answer, or leave the example out"
        raise Mistake("the answer is empty, so nothing would be learned", where=where, remedy=remedy)
    before, after = prompt_ids(tokenizer, prompt), [*answer_ids(tokenizer, prompt, answer), eos]
    room = max_length - min(len(before), int(max_length * PROMPT_KEEPS))
    kept = after[:room]
    shown = cut_left(tokenizer, before, max_length - len(kept))
    return Encoded([*shown, *kept], len(shown), len(before) - len(shown), len(after) - len(kept))


def encode_examples(
    tokenizer: PreTrainedTokenizerBase, pairs: Sequence[tuple[str, str]], *, max_length: int, where: str = "example"
) -> tuple[list[Encoded], Cuts]:
    """`encode_example` of all (prompt, answer) pairs, and how many did not fit. `where` is what the pairs come from."""
    encoded = [
        encode_example(tokenizer, prompt, answer, max_length=max_length, where=f"{where}, example {number}")
        for number, (prompt, answer) in enumerate(pairs, start=1)
    ]
    return encoded, Cuts(len(encoded), sum(e.prompt_cut > 0 for e in encoded), sum(e.answer_cut > 0 for e in encoded))


def show_example(tokenizer: PreTrainedTokenizerBase, encoded: Encoded) -> str:
    """One example as text, what is trained between ⟦ and ⟧."""
    prompt = tokenizer.decode(encoded.ids[: encoded.answer_start])
    answer = tokenizer.decode(encoded.ids[encoded.answer_start :])
    return f"{prompt}⟦{answer}⟧"


class TaskBatches:
    """Padded batches of about equal lengths, at most `batch_tokens` places each; any step can be asked for directly.

    Each epoch has a new order drawn from (seed, epoch). An example longer than `batch_tokens` is a batch by itself.
    """

    def __init__(
        self, encoded: Sequence[Encoded], *, batch_tokens: int, seed: int, pad: int, epochs: float = 1
    ) -> None:
        if not encoded:
            raise Mistake("there is no example to learn from", where="examples", remedy="Add some to the train file")
        for number, example in enumerate(encoded, start=1):
            if example.answer_start >= len(example.ids):
                remedy = "Give the answer, or leave the example out"
                raise Mistake("nothing of the example is trained", where=f"example {number}", remedy=remedy)
        assert batch_tokens >= 1 and epochs > 0
        self.encoded, self.batch_tokens, self.seed, self.pad, self.epochs = encoded, batch_tokens, seed, pad, epochs
        self._lengths = np.asarray([len(e.ids) for e in encoded])
        self._plans: dict[int, list[Ids]] = {}
        self._starts = [0]
        """Where each epoch begins, in steps."""
        whole, rest = divmod(epochs, 1)
        self.steps = sum(len(self._plan(epoch)) for epoch in range(int(whole)))
        if rest:
            self.steps += max(1, round(rest * len(self._plan(int(whole)))))

    def __len__(self) -> int:
        return self.steps

    def batch_at(self, step: int) -> TaskBatch:
        """The batch of one step, counted from 0; steps beyond `len` go on into further epochs."""
        epoch = 0
        while step >= self._start(epoch + 1):
            epoch += 1
        return self._pad(self._plan(epoch)[step - self._start(epoch)])

    def _start(self, epoch: int) -> int:
        while len(self._starts) <= epoch:
            self._starts.append(self._starts[-1] + len(self._plan(len(self._starts) - 1)))
        return self._starts[epoch]

    def _plan(self, epoch: int) -> list[Ids]:
        """The batches of one epoch as example numbers: near in length within a batch, batches in random order."""
        if epoch not in self._plans:
            rng = np.random.default_rng([self.seed, epoch])
            # A tenth of noise on the lengths mixes who sits with whom in each epoch and costs little padding (assumed).
            order = np.argsort(self._lengths * rng.uniform(1.0, 1.1, len(self._lengths)), kind="stable")
            batches: list[list[int]] = [[]]
            longest = 0
            for example in order:
                longest = max(longest, int(self._lengths[example]))
                if batches[-1] and longest * (len(batches[-1]) + 1) > self.batch_tokens:
                    batches.append([])
                    longest = int(self._lengths[example])
                batches[-1].append(int(example))
            self._plans[epoch] = [np.asarray(batches[i], dtype=np.int64) for i in rng.permutation(len(batches))]
        return self._plans[epoch]

    def _pad(self, chosen: Ids) -> TaskBatch:
        shape = (len(chosen), int(self._lengths[chosen].max()))
        ids = np.full(shape, self.pad, dtype=np.int64)
        labels = np.full(shape, IGNORED, dtype=np.int64)
        mask = np.zeros(shape, dtype=np.int64)
        for row, number in enumerate(chosen):
            example = self.encoded[number]
            end = len(example.ids)
            ids[row, :end] = example.ids
            # Labels come from the span, not from the ids: where PAD is the EOS id, the EOS at the end is still trained.
            labels[row, example.answer_start : end] = example.ids[example.answer_start :]
            mask[row, :end] = 1
        return TaskBatch(ids, labels, mask, chosen)


def padding_id(tokenizer: PreTrainedTokenizerBase) -> int:
    """The id that fills a batch's empty places: PAD, else EOS, else 0; masked and unlabelled wherever it fills."""
    for found in (tokenizer.pad_token_id, tokenizer.eos_token_id):
        if isinstance(found, int):
            return found
    return 0


def task_batches(
    encoded: Sequence[Encoded], tokenizer: PreTrainedTokenizerBase, *, batch_tokens: int, seed: int, epochs: float = 1
) -> TaskBatches:
    """`TaskBatches` padded as this tokenizer pads."""
    return TaskBatches(encoded, batch_tokens=batch_tokens, seed=seed, pad=padding_id(tokenizer), epochs=epochs)
