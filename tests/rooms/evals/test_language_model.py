from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    GPT2Config,
    LlamaForCausalLM,
    MambaConfig,
    PreTrainedTokenizerBase,
    Qwen3Config,
)

from dono.evals import answer_log_likelihoods, bits_per_byte, generate, label_log_likelihoods
from tests.conftest import TEXTS


def encode(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    return list(tokenizer.encode(text, add_special_tokens=False))


def alone(model: LlamaForCausalLM, prompt: list[int], label: list[int]) -> float:
    """The oracle: transformers' own forward over prompt and label, one pair at a time."""
    ids = torch.tensor([[*prompt, *label]])
    with torch.inference_mode():
        log_p = model(input_ids=ids).logits.float().log_softmax(-1)[0]
    return sum(float(log_p[len(prompt) + i - 1, t]) for i, t in enumerate(label))


def test_label_likelihoods_equal_each_pair_run_alone(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase
) -> None:
    prompts = [encode(tokenizer, t) for t in (TEXTS[0], TEXTS[1], "order")]
    labels = [[*encode(tokenizer, t), tokenizer.eos_token_id] for t in (" where", " refund status", " நாளை")]
    model.eval()
    found = label_log_likelihoods(model, tokenizer, prompts, labels)
    wanted = np.array([[alone(model, p, lb) for lb in labels] for p in prompts])
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_labels_that_begin_alike_or_contain_one_another_are_kept_apart(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase
) -> None:
    prompts = [encode(tokenizer, t) for t in (TEXTS[2], "order")]
    labels = [encode(tokenizer, t) for t in (" get", " get weather", " get weather now", " getaway", " x")]
    model.eval()
    found = label_log_likelihoods(model, tokenizer, prompts, labels)
    wanted = np.array([[alone(model, p, lb) for lb in labels] for p in prompts])
    np.testing.assert_allclose(found, wanted, atol=1e-4)


@pytest.mark.parametrize("kind", ["gpt2", "qwen3", "mamba"])
def test_labels_are_scored_alike_by_models_of_other_families(kind: str, tokenizer: PreTrainedTokenizerBase) -> None:
    size = len(tokenizer)
    configs = {
        "gpt2": GPT2Config(vocab_size=size, n_embd=32, n_layer=2, n_head=2, n_positions=128),
        "qwen3": Qwen3Config(
            vocab_size=size, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
            num_key_value_heads=1, head_dim=16, max_position_embeddings=128,
        ),
        "mamba": MambaConfig(vocab_size=size, hidden_size=32, num_hidden_layers=2, state_size=4),
    }  # fmt: skip
    torch.manual_seed(0)
    other = AutoModelForCausalLM.from_config(configs[kind]).eval()
    prompts = [encode(tokenizer, t) for t in (TEXTS[0], TEXTS[1])]
    labels = [[*encode(tokenizer, t), tokenizer.eos_token_id] for t in (" where", " refund status", " நாளை")]
    found = label_log_likelihoods(other, tokenizer, prompts, labels)
    wanted = np.array([[alone(other, p, lb) for lb in labels] for p in prompts])
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_each_answer_is_scored_after_its_own_prompt(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase
) -> None:
    prompts = [encode(tokenizer, t) for t in (TEXTS[0], TEXTS[1], "order")]
    answers = [[*encode(tokenizer, t), tokenizer.eos_token_id] for t in (" where", " refund status", " நாளை")]
    model.eval()
    found = answer_log_likelihoods(model, tokenizer, prompts, answers)
    wanted = [alone(model, p, a) for p, a in zip(prompts, answers, strict=True)]
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_batched_greedy_answers_equal_transformers_generate(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase
) -> None:
    prompts = [encode(tokenizer, t) for t in (TEXTS[0], "order")]
    found = [a.text for a in generate(model, tokenizer, prompts, max_new_tokens=12)]
    for prompt, text in zip(prompts, found, strict=True):
        out = model.generate(
            torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.int64), max_new_tokens=12,
            do_sample=False, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
        )  # fmt: skip
        assert text == tokenizer.decode(out[0][len(prompt) :], skip_special_tokens=True).strip()


def test_an_answer_ends_at_the_stop_text(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase) -> None:
    prompt = encode(tokenizer, TEXTS[0])
    free = generate(model, tokenizer, [prompt], max_new_tokens=16)[0].text
    stop = free[len(free) // 2]
    held = generate(model, tokenizer, [prompt], max_new_tokens=16, stop=stop)[0]
    assert stop not in held.text
    assert not held.cut


def test_bits_per_byte_equal_the_models_own_loss(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase) -> None:
    text = TEXTS[1]
    bits, sizes = bits_per_byte(model, tokenizer, [text, TEXTS[0]], context=64)
    ids = torch.tensor([[tokenizer.eos_token_id, *encode(tokenizer, text)]])
    model.eval()
    with torch.inference_mode():
        loss = float(model(input_ids=ids, labels=ids).loss)
    assert bits[0] == pytest.approx(loss * (ids.shape[1] - 1) / math.log(2), rel=1e-5)
    assert sizes[0] == len(text.encode())


def test_a_text_longer_than_the_context_is_scored_whole(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase
) -> None:
    text = " ".join(TEXTS[:8])
    wide, _ = bits_per_byte(model, tokenizer, [text], context=1000)
    narrow, _ = bits_per_byte(model, tokenizer, [text], context=16)
    tokens = len(encode(tokenizer, text))
    assert narrow[0] == pytest.approx(wide[0], rel=0.05)
    assert narrow[0] > tokens * 0.5


def test_drawn_answers_are_drawn_from_the_models_own_distribution(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase
) -> None:
    """The oracle: probabilities of whole pairs of tokens by transformers' own forward, without a cache."""
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(6.0)  # far from uniform
    prompt = encode(tokenizer, "order")
    many = generate(model, tokenizer, [prompt, prompt[:1]] * 4000, max_new_tokens=2, drawn=1, batch_tokens=10**6)
    found = Counter(a.ids for a in many[::2])
    likely = [ids for ids, n in found.most_common(5) if len(ids) == 2]
    assert likely
    for ids in likely:
        share = math.exp(alone(model, prompt, list(ids)))
        spread = math.sqrt(share * (1 - share) / 4000)
        assert abs(found[ids] / 4000 - share) < 5 * spread


def test_the_same_draw_gives_the_same_answers_and_another_other_ones(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase
) -> None:
    prompts = [encode(tokenizer, t) for t in ("order", TEXTS[0])]
    one, same, other = (generate(model, tokenizer, prompts, max_new_tokens=6, drawn=d) for d in (3, 3, 4))
    assert one == same != other
    for answer in one:
        assert answer.cut == (tokenizer.eos_token_id not in answer.ids)
        assert answer.text == tokenizer.decode(answer.ids, skip_special_tokens=True).strip()
