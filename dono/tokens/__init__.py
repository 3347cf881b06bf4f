"""Text to ids and back: tokenizers, tokens on disk, the order they are read in, examples of a use case."""

from dono.tokens.batches import Batches
from dono.tokens.chat import encode_chat
from dono.tokens.checks import check_rows, show_rows
from dono.tokens.packing import best_fit, even_parts, near_parts
from dono.tokens.rows import IGNORED, Document, Rows, document, packed, padded, separate
from dono.tokens.shards import Counts, Shards, TokenCounts, write_shards
from dono.tokens.tasks import (
    TEMPLATES,
    Cuts,
    Encoded,
    TaskBatches,
    answer_ids,
    cut_left,
    encode_example,
    encode_examples,
    few_shot,
    fill,
    padding_id,
    prompt_ids,
    render_prompt,
    show_example,
    spaced,
    task_batches,
)
from dono.tokens.train import BOS, EOS, OUR_PATTERN, PAD, encode_plain, load_tokenizer, new_tokenizer, train_tokenizer

__all__ = [
    "BOS",
    "EOS",
    "IGNORED",
    "OUR_PATTERN",
    "PAD",
    "TEMPLATES",
    "Batches",
    "Counts",
    "Cuts",
    "Document",
    "Encoded",
    "Rows",
    "Shards",
    "TaskBatches",
    "TokenCounts",
    "answer_ids",
    "best_fit",
    "check_rows",
    "cut_left",
    "document",
    "encode_chat",
    "encode_example",
    "encode_examples",
    "encode_plain",
    "even_parts",
    "few_shot",
    "fill",
    "load_tokenizer",
    "near_parts",
    "new_tokenizer",
    "packed",
    "padded",
    "padding_id",
    "prompt_ids",
    "render_prompt",
    "separate",
    "show_example",
    "show_rows",
    "spaced",
    "task_batches",
    "train_tokenizer",
    "write_shards",
]
