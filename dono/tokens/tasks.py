"""Examples of a use case as ids: prompt and answer encoded apart, so that training and generation see the same ids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from transformers import PreTrainedTokenizerBase

from dono.errors import Mistake
from dono.tokens.packing import best_fit, even_length, even_parts, near_parts
from dono.tokens.rows import IGNORED, Document, Ids, Rows, document, packed, padded
from dono.tokens.train import encode_plain

TEMPLATES: dict[str, str] = {
    "classify": "{text}\n>>", "generate": "{prompt}\n>>", "predict": "{text}\n{target}:",
}  # fmt: skip
"""Plain prompts that a base model without a chat template can follow. The blank before the answer belongs to the
answer: a word's own token begins with it."""

PROMPT_KEEPS = 0.25
"""An over-long answer leaves at least this share of the length to the prompt (assumed)."""

_FIELD = re.compile(r"\{([^\W\d]\w*)\}")


@dataclass(frozen=True)
class Encoded:
    """One example: `ids[answer_start:]` is trained. `prompt_cut` and `answer_cut` count the tokens that did not fit."""

    ids: list[int]
    answer_start: int
    prompt_cut: int = 0
    answer_cut: int = 0

    @property
    def document(self) -> Document:
        """The example as it is learned: `len(ids) - 1` places, labels from the span, never from the ids."""
        return document(self.ids, self.answer_start)


@dataclass(frozen=True)
class Cuts:
    """How many of `examples` lost the beginning of their prompt, or the end of their answer."""

    examples: int
    prompts: int
    answers: int


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
    if tokenizer.chat_template is None:
        ids = list(encode_plain(tokenizer, [prompt])[0])
    else:
        ids = list(tokenizer(prompt, add_special_tokens=False, verbose=False)["input_ids"])
    return with_bos(tokenizer, ids, where="prompt")


def with_bos(tokenizer: PreTrainedTokenizerBase, ids: list[int], *, where: str) -> list[int]:
    """`ids` with one BOS before them where this tokenizer puts one. Raises `Mistake` where there are two already."""
    bos = tokenizer.bos_token_id
    if bos is not None and ids[:2] == [bos, bos]:
        remedy = "Remove the BOS from the prompt or from the chat template"
        raise Mistake("the prompt begins with two BOS tokens", where=where, remedy=remedy)
    return [bos, *ids] if bos is not None and ids[:1] != [bos] and puts_bos(tokenizer) else ids


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
    eos = eos_id(tokenizer)
    if not answer.strip():
        raise empty_answer(where)
    before, after = prompt_ids(tokenizer, prompt), [*answer_ids(tokenizer, prompt, answer), eos]
    shown, kept = fitted(tokenizer, before, after, max_length)
    return Encoded([*shown, *kept], len(shown), len(before) - len(shown), len(after) - len(kept))


def eos_id(tokenizer: PreTrainedTokenizerBase) -> int:
    """The id of EOS. Raises `Mistake` where the tokenizer has none."""
    if not isinstance(tokenizer.eos_token_id, int):
        remedy = "Name one in its tokenizer_config.json"
        raise Mistake("the tokenizer has no EOS token", where="tokenizer", remedy=remedy)
    return tokenizer.eos_token_id


def empty_answer(where: str) -> Mistake:
    """What is said of an example without an answer."""
    remedy = "Give the answer, or leave the example out"
    return Mistake("the answer is empty, so nothing would be learned", where=where, remedy=remedy)


def fitted(
    tokenizer: PreTrainedTokenizerBase, before: list[int], after: list[int], max_length: int
) -> tuple[list[int], list[int]]:
    """The end of `before` and the beginning of `after` that fit into `max_length` ids.

    `before` is cut first, down to `PROMPT_KEEPS` of the length.
    """
    assert max_length >= 4
    kept = after[: max_length - min(len(before), int(max_length * PROMPT_KEEPS))]
    return cut_left(tokenizer, before, max_length - len(kept)), kept


def encode_examples(
    tokenizer: PreTrainedTokenizerBase, pairs: Sequence[tuple[str, str]], *, max_length: int, where: str = "example"
) -> tuple[list[Encoded], Cuts]:
    """`encode_example` of all (prompt, answer) pairs, and how many did not fit. `where` is what the pairs come from."""
    encoded = [
        encode_example(tokenizer, prompt, answer, max_length=max_length, where=f"{where}, example {number}")
        for number, (prompt, answer) in enumerate(pairs, start=1)
    ]
    return encoded, Cuts(len(encoded), sum(e.prompt_cut > 0 for e in encoded), sum(e.answer_cut > 0 for e in encoded))


class TaskBatches:
    """Steps of about `batch_tokens` tokens each, in parts; any step can be asked for directly.

    Each epoch draws a new order from (seed, epoch), fills steps with it by best fit and reads them in a random order.
    An example longer than `batch_tokens` is a step by itself. What is in a step depends on nothing else.

    A step is cut into parts of at most `part_tokens` places (None: `batch_tokens`), a multiple of `processes` of them;
    where a step has fewer examples than that, a part holds one place of filling (`tokens` 0). `pack`: the examples of a
    part end to end on one row; else a padded row each, near in length. `fixed`: packed parts are filled up to one
    length, at most `part_tokens` unless an example is longer, so that nothing is compiled twice.
    Raises `Mistake` where there is no example, or one of which nothing is trained.
    """

    def __init__(
        self,
        documents: Sequence[Document],
        *,
        batch_tokens: int,
        seed: int,
        pad: int,
        epochs: float = 1,
        part_tokens: int | None = None,
        processes: int = 1,
        pack: bool = True,
        fixed: bool = False,
    ) -> None:
        if not documents:
            raise Mistake("there is no example to learn from", where="examples", remedy="Add some to the train file")
        for number, example in enumerate(documents, start=1):
            if (example.labels == IGNORED).all():
                remedy = "Give the answer, or leave the example out"
                raise Mistake("nothing of the example is trained", where=f"example {number}", remedy=remedy)
        assert batch_tokens >= 1 and epochs > 0
        self.documents, self.batch_tokens, self.seed, self.pad = documents, batch_tokens, seed, pad
        self.epochs, self.processes, self.pack = epochs, processes, pack
        self._lengths = np.asarray([len(d.ids) for d in documents], dtype=np.int64)
        self._room = part_tokens or batch_tokens
        self._fill_to = 0
        if fixed and pack:
            shape = even_length(batch_tokens, self._room, multiple=processes)
            self._fill_to = self._room = max(shape, int(self._lengths.max()))
        self._plans: dict[int, list[Ids]] = {}
        self._starts = [0]
        """Where each epoch begins, in steps."""
        whole, rest = divmod(epochs, 1)
        self.steps = sum(len(self._plan(epoch)) for epoch in range(int(whole)))
        if rest:
            self.steps += max(1, round(rest * len(self._plan(int(whole)))))

    def __len__(self) -> int:
        return self.steps

    def parts_at(self, step: int) -> list[Rows]:
        """The parts of one step, counted from 0; steps beyond `len` go on into further epochs."""
        numbers = self.numbers_at(step)
        divide = even_parts if self.pack else near_parts
        parts = divide(self._lengths[numbers], self._room, multiple=self.processes)
        return [self._rows([self.documents[i] for i in numbers[part]]) for part in parts]

    def numbers_at(self, step: int) -> Ids:
        """The numbers of one step's examples: int64 [examples]."""
        epoch = 0
        while step >= self._start(epoch + 1):
            epoch += 1
        return self._plan(epoch)[step - self._start(epoch)]

    def _start(self, epoch: int) -> int:
        while len(self._starts) <= epoch:
            self._starts.append(self._starts[-1] + len(self._plan(len(self._starts) - 1)))
        return self._starts[epoch]

    def _plan(self, epoch: int) -> list[Ids]:
        """The numbers of the examples of each step of one epoch."""
        if epoch not in self._plans:
            rng = np.random.default_rng([self.seed, epoch])
            # Not longest first, as it would fill closest: a step is to be a random sample, and little is left anyway
            # (measured on log-normal lengths: steps of five mean examples are 99 % full, of forty 99.9 %).
            order = rng.permutation(len(self.documents))
            steps = best_fit(self._lengths[order], self.batch_tokens)
            self._plans[epoch] = [order[steps[i]] for i in rng.permutation(len(steps))]
        return self._plans[epoch]

    def _rows(self, documents: Sequence[Document]) -> Rows:
        filling = Document(np.asarray([self.pad]), np.asarray([IGNORED]))
        laid = documents or [filling]
        rows = packed(laid, fill_to=self._fill_to, pad=self.pad) if self.pack else padded(laid, pad=self.pad)
        return rows if documents else rows._replace(tokens=0)


def padding_id(tokenizer: PreTrainedTokenizerBase) -> int:
    """The id that fills a batch's empty places: PAD, else EOS, else 0; masked and unlabelled wherever it fills."""
    for found in (tokenizer.pad_token_id, tokenizer.eos_token_id):
        if isinstance(found, int):
            return found
    return 0


def task_batches(
    encoded: Sequence[Encoded],
    tokenizer: PreTrainedTokenizerBase,
    *,
    batch_tokens: int,
    seed: int,
    epochs: float = 1,
    pack: bool = True,
    processes: int = 1,
) -> TaskBatches:
    """`TaskBatches` of these examples, padded as this tokenizer pads."""
    documents = [e.document for e in encoded]
    pad = padding_id(tokenizer)
    return TaskBatches(
        documents, batch_tokens=batch_tokens, seed=seed, pad=pad, epochs=epochs, processes=processes, pack=pack
    )
