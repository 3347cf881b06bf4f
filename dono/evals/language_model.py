"""What a causal language model answers: label likelihoods, greedy answers, and bits on held-out text."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from transformers.cache_utils import DynamicCache

Watch = Callable[[int, int], None]
"""Called with how many items are done, and of how many."""


@dataclass(frozen=True)
class Answered:
    """A generated answer, and whether it was cut at the token limit. `ids` are its tokens, with EOS where it ended."""

    text: str
    cut: bool
    ids: tuple[int, ...] = ()


def _padded(rows: Sequence[Sequence[int]], pad: int, *, left: bool = False) -> tuple[Tensor, Tensor]:
    """Token ids and attention mask, both int64 [rows, longest]."""
    longest = max(len(r) for r in rows)
    ids, mask = torch.full((len(rows), longest), pad), torch.zeros((len(rows), longest), dtype=torch.int64)
    for i, row in enumerate(rows):
        place = slice(longest - len(row), longest) if left else slice(0, len(row))
        ids[i, place] = torch.tensor(row)
        mask[i, place] = 1
    return ids, mask


def _by_length(rows: Sequence[Sequence[int]], batch_tokens: int) -> list[list[int]]:
    """Indices of `rows` in batches of similar length, each batch at most `batch_tokens` with its padding."""
    batches: list[list[int]] = []
    for i in sorted(range(len(rows)), key=lambda i: (len(rows[i]), i)):
        if not batches or (len(batches[-1]) + 1) * len(rows[i]) > batch_tokens:
            batches.append([])
        batches[-1].append(i)
    return batches


@torch.inference_mode()
def label_log_likelihoods(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[Sequence[int]],
    labels: Sequence[Sequence[int]],
    *,
    batch_tokens: int = 4096,
    watch: Watch | None = None,
) -> np.ndarray:
    """The log-likelihood in nats [prompts, labels] of every label (its tokens, EOS included if given) after a prompt.

    All labels of a prompt are read in one pass, as a tree in which labels with the same beginning share it. Whether the
    model keeps the branches apart (recurrent ones do not) is tried on the first prompt; where it does not, each pair
    is run alone.
    """
    model.eval()
    tree = _LabelTree(labels)
    together = bool(prompts) and _keeps_branches_apart(model, tokenizer, prompts[0], labels, tree)
    result = np.empty((len(prompts), len(labels)))
    rows = [[0] * (len(p) + len(tree.tokens)) for p in prompts]
    for batch in _by_length(rows, batch_tokens):
        chosen = [prompts[i] for i in batch]
        if together:
            result[batch] = _read_tree(model, tokenizer, chosen, tree)
        else:
            for i, prompt in zip(batch, chosen, strict=True):
                result[i] = answer_log_likelihoods(model, tokenizer, [prompt] * len(labels), labels)
        if watch is not None:
            watch(len(batch), len(prompts))
    return result


class _LabelTree:
    """Labels as a tree of tokens. Node 0 is the end of the prompt; node n > 0 holds `tokens[n - 1]`."""

    def __init__(self, labels: Sequence[Sequence[int]]) -> None:
        self.tokens: list[int] = []
        self.parents: list[int] = []
        self.depths: list[int] = []
        self.ends: list[int] = []
        """The node at which each label ends."""
        children: dict[tuple[int, int], int] = {}
        for label in labels:
            at = 0
            for depth, token in enumerate(label):
                if (at, token) not in children:
                    self.tokens.append(token)
                    self.parents.append(at)
                    self.depths.append(depth)
                    children[at, token] = len(self.tokens)
                at = children[at, token]
            self.ends.append(at)

    def ancestry(self) -> Tensor:
        """Bool [nodes, nodes] without node 0: whether the first may look at the second (itself or an ancestor)."""
        seen = torch.eye(len(self.tokens), dtype=torch.bool)
        for node, parent in enumerate(self.parents):
            if parent:
                seen[node] |= seen[parent - 1]
        return seen


def _read_tree(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: Sequence[Sequence[int]], tree: _LabelTree
) -> np.ndarray:
    """Log-likelihoods [prompts, labels], the tree laid behind each prompt as one sequence with a mask of its own."""
    ids, mask = _padded(prompts, tokenizer.pad_token_id, left=True)
    rows, before, nodes = len(prompts), ids.shape[1], len(tree.tokens)
    ids = torch.cat([ids, torch.tensor(tree.tokens).expand(rows, -1)], 1)
    positions = (mask.cumsum(1) - 1).clamp_min(0)
    positions = torch.cat([positions, mask.sum(1)[:, None] + torch.tensor(tree.depths)], 1)
    seen = torch.zeros(rows, before + nodes, before + nodes, dtype=torch.bool)
    seen[:, :before, :before] = torch.ones(before, before, dtype=torch.bool).tril() & mask.bool()[:, None]
    seen[:, before:, :before] = mask.bool()[:, None]
    seen[:, before:, before:] = tree.ancestry()
    seen |= torch.eye(before + nodes, dtype=torch.bool)  # padding looks at itself: a row that sees nothing is NaN
    barred = torch.zeros(seen.shape).masked_fill(~seen, torch.finfo(torch.float32).min)[:, None]
    out = model(input_ids=ids, attention_mask=barred, position_ids=positions, use_cache=False, logits_to_keep=nodes + 1)
    log_p = out.logits.float().log_softmax(-1)
    each = log_p[:, torch.tensor(tree.parents), torch.tensor(tree.tokens)].double()  # [rows, nodes]
    total = torch.zeros(rows, nodes + 1, dtype=torch.float64)
    for node, parent in enumerate(tree.parents, start=1):
        total[:, node] = total[:, parent] + each[:, node - 1]
    return np.asarray(total[:, tree.ends].numpy())


BRANCH_TOLERANCE = 1e-2
"""Nats by which a label read in the tree may differ from the label read alone: rounding of long sums stays below."""


def _keeps_branches_apart(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompt: Sequence[int],
    labels: Sequence[Sequence[int]],
    tree: _LabelTree,
) -> bool:
    """Whether the last and the longest label come out of the tree as they do alone."""
    chosen = [len(labels) - 1, max(range(len(labels)), key=lambda i: len(labels[i]))]
    try:
        found = _read_tree(model, tokenizer, [prompt], tree)[0, chosen]
    except (TypeError, ValueError, RuntimeError):  # a model that takes no mask or positions of its own
        return False
    alone = answer_log_likelihoods(model, tokenizer, [prompt] * 2, [labels[i] for i in chosen])
    return bool(np.abs(found - alone).max() < BRANCH_TOLERANCE)


@torch.inference_mode()
def answer_log_likelihoods(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[Sequence[int]],
    answers: Sequence[Sequence[int]],
    *,
    batch_tokens: int = 4096,
) -> np.ndarray:
    """The log-likelihood in nats [n] of each answer (its tokens, EOS included if given) after its own prompt."""
    followed = follow(model, tokenizer, prompts, answers, batch_tokens=batch_tokens)
    return np.array([f.nats for f in followed], dtype=np.float64)


@dataclass(frozen=True)
class Followed:
    """How an answer follows a prompt: its log-likelihood in nats, and whether each token of it was the likeliest."""

    nats: float
    greedy: bool


@torch.inference_mode()
def follow(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[Sequence[int]],
    answers: Sequence[Sequence[int]],
    *,
    batch_tokens: int = 4096,
    watch: Watch | None = None,
) -> list[Followed]:
    """How each answer follows its own prompt. A prompt has at least one token: nothing predicts the first one.

    Sums are taken over the answer's tokens alone in float32, as lm-evaluation-harness takes them: with one row a pass
    (`batch_tokens` 1) the numbers are its own to the last bit.
    """
    model.eval()
    rows = [[*p, *a] for p, a in zip(prompts, answers, strict=True)]
    found: list[Followed | None] = [None] * len(rows)
    for batch in _by_length(rows, batch_tokens):
        ids, mask = _padded([rows[i] for i in batch], tokenizer.pad_token_id)
        out = model(input_ids=ids[:, :-1], attention_mask=mask[:, :-1], use_cache=False)
        log_p = out.logits.float().log_softmax(-1)
        for place, i in enumerate(batch):
            span = slice(len(prompts[i]) - 1, len(rows[i]) - 1)
            wanted = ids[place, span.start + 1 : span.stop + 1]
            nats = log_p[place, span].gather(-1, wanted[:, None])[:, 0].sum()
            found[i] = Followed(float(nats), bool((log_p[place, span].argmax(-1) == wanted).all()))
        if watch is not None:
            watch(len(batch), len(rows))
    return [f for f in found if f is not None]


@torch.inference_mode()
def generate(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[Sequence[int]],
    *,
    max_new_tokens: int,
    stop: str | Sequence[str] | None = None,
    batch_tokens: int = 8192,
    strip: bool = True,
    drawn: int | None = None,
    watch: Watch | None = None,
) -> list[Answered]:
    """Answers until EOS, until a `stop` (cut off, as few-shot prompts need), or `max_new_tokens`, with a KV cache.

    Greedy, or drawn from the model's own distribution by a seed: the same answers for the same seed, on one machine.
    `strip`: white space around an answer is taken off.
    """
    stops = [stop] if isinstance(stop, str) else [s for s in stop or () if s]
    model.eval()
    random = None if drawn is None else torch.Generator(model.device).manual_seed(drawn)
    answers: list[Answered | None] = [None] * len(prompts)
    for batch in _by_length([[0] * (len(p) + max_new_tokens) for p in prompts], batch_tokens):
        ids, mask = _padded([prompts[i] for i in batch], tokenizer.pad_token_id, left=True)
        produced = _continued(model, ids, mask, tokenizer, max_new_tokens, stops, random)
        for i, row in zip(batch, produced, strict=True):
            ended = tokenizer.eos_token_id in row
            row = row[: row.index(tokenizer.eos_token_id) + 1] if ended else row
            text = tokenizer.decode(row, skip_special_tokens=True)
            for one in stops:
                if one in text:
                    text, ended = text.split(one, 1)[0], True
            answers[i] = Answered(text.strip() if strip else text, not ended, tuple(row))
        if watch is not None:
            watch(len(batch), len(prompts))
    return [a for a in answers if a is not None]


def _continued(
    model: PreTrainedModel, ids: Tensor, mask: Tensor, tokenizer: PreTrainedTokenizerBase, limit: int,
    stops: list[str], random: torch.Generator | None,
) -> list[list[int]]:  # fmt: skip
    """Continuation of left-padded `ids` [rows, length]; stops when every row has ended."""
    ids, mask = ids.to(model.device), mask.to(model.device)
    cache = DynamicCache(config=model.config)
    positions = (mask.cumsum(1) - 1).clamp_min(0)
    fed, produced = ids, ids[:, :0]
    done = torch.zeros(ids.shape[0], dtype=torch.bool, device=ids.device)
    eos = tokenizer.eos_token_id
    for _ in range(limit):
        out = model(input_ids=fed, attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=True)
        said = _next(out.logits[:, -1], random).where(~done, torch.tensor(eos, device=ids.device))
        produced = torch.cat([produced, said[:, None]], 1)
        done |= said == eos
        if stops and produced.shape[1] % 8 == 0:  # decoding every step would cost more than it saves
            done |= torch.tensor(
                [any(s in text for s in stops) for text in tokenizer.batch_decode(produced)], device=ids.device
            )
        if bool(done.all()):
            break
        fed, positions = said[:, None], positions[:, -1:] + 1
        mask = torch.cat([mask, torch.ones_like(said[:, None])], 1)
    found: list[list[int]] = produced.tolist()
    return found


def _next(logits: Tensor, random: torch.Generator | None) -> Tensor:
    """The likeliest token of each row [rows, vocabulary], or one drawn by its probability."""
    if random is None:
        return logits.argmax(-1)
    return torch.multinomial(logits.float().softmax(-1), 1, generator=random)[:, 0]


@torch.inference_mode()
def bits_per_byte(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    *,
    context: int,
    batch_tokens: int = 4096,
    watch: Watch | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Bits [n] and UTF-8 bytes [n] of each text, every token scored once, the first after EOS.

    Texts longer than the context are cut in windows; a window begins with the last token of the one before. Bytes are
    those of the text, so models with different tokenizers are compared fairly.
    """
    model.eval()
    windows: list[list[int]] = []
    owner: list[int] = []
    encoded = tokenizer(list(texts), add_special_tokens=False)["input_ids"]
    for document, ids in enumerate(encoded):
        chain = [tokenizer.eos_token_id, *ids]
        for at in range(0, max(1, len(chain) - 1), context):
            windows.append(chain[at : at + context + 1])
            owner.append(document)
    bits = np.zeros(len(texts))
    for batch in _by_length(windows, batch_tokens):
        ids, mask = _padded([windows[i] for i in batch], tokenizer.pad_token_id)
        if ids.shape[1] < 2:
            continue
        out = model(input_ids=ids[:, :-1], attention_mask=mask[:, :-1], use_cache=False)
        chosen = out.logits.float().log_softmax(-1).gather(-1, ids[:, 1:, None])[..., 0]
        nats = -(chosen * mask[:, 1:]).sum(1).double().numpy()
        np.add.at(bits, [owner[i] for i in batch], nats / math.log(2))
        if watch is not None:
            watch(len(batch), len(windows))
    return bits, np.array([max(1, len(t.encode())) for t in texts], dtype=np.float64)
