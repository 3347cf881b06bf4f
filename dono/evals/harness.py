"""Models of ours under lm-evaluation-harness: `lm_eval`'s interface over our own scoring and writing.

`python -m dono.evals.harness --model dono --model_args pretrained=DIR --tasks NAME` is the harness's own command line
with this model known to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.model import TemplateLM
from lm_eval.api.registry import register_model
from lm_eval.models.utils import handle_stop_sequences, normalize_gen_kwargs, resolve_max_length
from lm_eval.utils import get_rolling_token_windows, make_disjoint_window
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from dono.errors import Mistake
from dono.evals.language_model import Watch, follow, generate
from dono.models import load_model
from dono.tokens import cut_left, load_tokenizer

LONGEST_ANSWER = 256
"""Tokens of an answer where a task says nothing, as the harness has it."""

Encoded = tuple[Any, list[int], list[int]]
"""A request, its context and its continuation as ids."""


@register_model("dono")
class DonoLM(TemplateLM):
    """A model directory (`pretrained`), or a model that is loaded with its `tokenizer`.

    `batch_tokens` are read in one pass at most; with 1 each request is read alone, and likelihoods equal those of the
    harness's `hf` model with its batch of one to the last bit (longer batches round differently, in the sixth digit).
    Answers are greedy.
    """

    def __init__(
        self,
        pretrained: str | PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase | None = None,
        *,
        max_length: int | str | None = None,
        batch_tokens: int | str = 4096,
        watch: Watch | None = None,
        **_ignored: object,
    ) -> None:
        """What the harness gives besides (device, batch_size) has no meaning here."""
        super().__init__()
        if isinstance(pretrained, str):
            self.model, self.tokenizer = load_model(pretrained), load_tokenizer(pretrained)
            self.name = pretrained
        else:
            assert tokenizer is not None
            self.model, self.tokenizer = pretrained, tokenizer
            self.name = str(pretrained.config.name_or_path)
        self.max_length = int(max_length or resolve_max_length(self.model.config, self.tokenizer))
        self.batch_tokens, self.watch = int(batch_tokens), watch

    @property
    def eot_token_id(self) -> int:
        """The end of a text."""
        return int(self.tokenizer.eos_token_id)

    @property
    def prefix_token_id(self) -> int:
        """What stands before a text without context: BOS where there is one."""
        bos = self.tokenizer.bos_token_id
        return self.eot_token_id if bos is None else int(bos)

    @property
    def tokenizer_name(self) -> str:
        """For the harness's caches of requests."""
        return self.name.replace("/", "__")

    def tok_encode(self, string: str, add_special_tokens: bool | None = None, **_ignored: object) -> list[int]:
        """Ids of a text as the tokenizer itself begins one, with no second BOS."""
        if add_special_tokens is None:
            add_special_tokens = not string.startswith(self.tokenizer.decode([self.prefix_token_id]))
        return list(self.tokenizer.encode(string, add_special_tokens=add_special_tokens))

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        """A chat as the tokenizer's own template writes it."""
        text = self.tokenizer.apply_chat_template(
            chat_history, tokenize=False, add_generation_prompt=add_generation_prompt,
            continue_final_message=not add_generation_prompt,
        )  # fmt: skip
        assert isinstance(text, str)
        return text

    def _loglikelihood_tokens(
        self, requests: Sequence[Encoded], disable_tqdm: bool = False, **_ignored: object
    ) -> list[tuple[float, bool]]:
        """What does not fit is cut on the left, as the harness cuts it."""
        prompts, answers = [], []
        for _, context, continuation in requests:
            assert 0 < len(continuation) <= self.max_length and context
            kept = (context + continuation)[-(self.max_length + 1) :]
            prompts.append(kept[: len(kept) - len(continuation)])
            answers.append(continuation)
        found = follow(
            self.model, self.tokenizer, prompts, answers, batch_tokens=self.batch_tokens, watch=self.watch
        )  # fmt: skip
        scores = [(f.nats, f.greedy) for f in found]
        for (request, _, _), score in zip(requests, scores, strict=True):
            if request is not None:
                self.cache_hook.add_partial("loglikelihood", request, score)
        return scores

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> list[float]:
        """Nats of whole texts, in windows that predict each token once."""
        windows: list[Encoded] = []
        owners: list[int] = []
        for number, request in enumerate(requests):
            rolling = get_rolling_token_windows(
                token_list=self.tok_encode(request.args[0]), prefix_token=self.prefix_token_id,
                max_seq_len=self.max_length, context_len=1,
            )  # fmt: skip
            for context, continuation in map(make_disjoint_window, rolling):
                windows.append((None, context, continuation))
                owners.append(number)
        totals = [0.0] * len(requests)
        for owner, (nats, _) in zip(owners, self._loglikelihood_tokens(windows), strict=True):
            totals[owner] += nats
        for request, total in zip(requests, totals, strict=True):
            self.cache_hook.add_partial("loglikelihood_rolling", request.args, total)
        return totals

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Greedy answers, cut before the first stop sequence.

        Raises `Mistake` for a task that draws its answers at random.
        """
        found: dict[int, str] = {}
        numbered = sorted(enumerate(requests), key=lambda pair: _settings(pair[1]))
        for _, group in groupby(numbered, key=lambda pair: _settings(pair[1])):
            places, members = zip(*group, strict=True)
            for place, text in zip(places, self._answers(members), strict=True):
                found[place] = text
        return [found[place] for place in range(len(requests))]

    def _answers(self, requests: Sequence[Instance]) -> list[str]:
        """The answers to requests of the same settings."""
        asked: Mapping[str, Any] = normalize_gen_kwargs(dict(requests[0].args[1]), LONGEST_ANSWER)
        if asked.get("do_sample"):
            remedy = "Set do_sample: false in its generation_kwargs"
            raise Mistake(
                "its answers are drawn at random, ours are greedy", where=requests[0].task_name, remedy=remedy
            )
        until = handle_stop_sequences(asked.get("until"), eos=self.tokenizer.decode([self.eot_token_id]))
        room = min(int(asked["max_gen_toks"]), self.max_length - 1)
        prompts = [cut_left(self.tokenizer, self.tok_encode(r.args[0]), self.max_length - room) for r in requests]
        written = generate(
            self.model, self.tokenizer, prompts, max_new_tokens=room, stop=until, strip=False,
            batch_tokens=2 * self.batch_tokens, watch=self.watch,
        )  # fmt: skip
        for request, answer in zip(requests, written, strict=True):
            self.cache_hook.add_partial("generate_until", request.args, answer.text)
        return [answer.text for answer in written]


def _settings(request: Instance) -> str:
    return repr(sorted(request.args[1].items(), key=lambda item: item[0]))


if __name__ == "__main__":
    from lm_eval.__main__ import cli_evaluate

    cli_evaluate()
