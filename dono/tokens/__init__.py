"""Text to ids and back: tokenizers, tokens on disk, the order they are read in, examples of a use case."""

from dono.tokens.batches import Batches
from dono.tokens.bytewise import SPACE, bytes_of, is_bytewise, spellings, written
from dono.tokens.chat import encode_chat, encode_prompt
from dono.tokens.checks import check_rows, show_rows
from dono.tokens.compare import Compared, compare_tokenizers, worst_ratio
from dono.tokens.extend import Extended, extend_tokenizer, word_floor
from dono.tokens.fertility import Fertility, fertility
from dono.tokens.kinds import BOS, EOS, KINDS, PAD, new_tokenizer
from dono.tokens.llama_cpp import add_vocabulary, gguf_writer, llama_name, write_gguf
from dono.tokens.mixture import SAFE_REPEATS, Part, Rings, portions, repeated, whole
from dono.tokens.packing import best_fit, even_parts, near_parts
from dono.tokens.patterns import CL100K_PATTERN, OUR_PATTERN, PHRASE_PATTERN
from dono.tokens.rows import IGNORED, Document, Ids, Rows, document, filled_up, packed, padded, separate
from dono.tokens.sample import Sample, Taken, balanced_sample
from dono.tokens.shards import Counts, Shards, TokenCounts, join_shards, write_shards
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
    spaced,
    task_batches,
)
from dono.tokens.train import encode_plain, load_tokenizer, save_tokenizer, train_tokenizer

__all__ = [
    "BOS",
    "CL100K_PATTERN",
    "EOS",
    "IGNORED",
    "KINDS",
    "OUR_PATTERN",
    "PAD",
    "PHRASE_PATTERN",
    "SAFE_REPEATS",
    "SPACE",
    "TEMPLATES",
    "Batches",
    "Compared",
    "Counts",
    "Cuts",
    "Document",
    "Encoded",
    "Extended",
    "Fertility",
    "Ids",
    "Part",
    "Rings",
    "Rows",
    "Sample",
    "Shards",
    "Taken",
    "TaskBatches",
    "TokenCounts",
    "add_vocabulary",
    "answer_ids",
    "balanced_sample",
    "best_fit",
    "bytes_of",
    "check_rows",
    "compare_tokenizers",
    "cut_left",
    "document",
    "encode_chat",
    "encode_example",
    "encode_examples",
    "encode_plain",
    "encode_prompt",
    "even_parts",
    "extend_tokenizer",
    "fertility",
    "few_shot",
    "fill",
    "filled_up",
    "gguf_writer",
    "is_bytewise",
    "join_shards",
    "llama_name",
    "load_tokenizer",
    "near_parts",
    "new_tokenizer",
    "packed",
    "padded",
    "padding_id",
    "portions",
    "prompt_ids",
    "render_prompt",
    "repeated",
    "save_tokenizer",
    "separate",
    "show_rows",
    "spaced",
    "spellings",
    "task_batches",
    "train_tokenizer",
    "whole",
    "word_floor",
    "worst_ratio",
    "write_gguf",
    "write_shards",
    "written",
]
