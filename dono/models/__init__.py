"""Models: random Llama-family ones, pretrained ones, adapters, vocabulary surgery. All are Hugging Face models."""

from dono.models.adapters import add_lora, load_adapter, merge_lora, save_adapter
from dono.models.fused import Group, fuse, pass_of
from dono.models.llama import random_llama
from dono.models.pretrained import Shape, load_model, save_model, shape_of
from dono.models.products import multiply_by_onednn
from dono.models.reader import (
    Critic,
    Placed,
    Reader,
    Scorer,
    Unadapted,
    body,
    head_of,
    layers_of,
    placed,
    reader_of,
    reference_beside,
)
from dono.models.scorers import load_scorer, save_scorer
from dono.models.vocabulary import extend_vocabulary, replace_vocabulary

__all__ = [
    "Critic",
    "Group",
    "Placed",
    "Reader",
    "Scorer",
    "Shape",
    "Unadapted",
    "add_lora",
    "body",
    "extend_vocabulary",
    "fuse",
    "head_of",
    "layers_of",
    "load_adapter",
    "load_model",
    "load_scorer",
    "merge_lora",
    "multiply_by_onednn",
    "pass_of",
    "placed",
    "random_llama",
    "reader_of",
    "reference_beside",
    "replace_vocabulary",
    "save_adapter",
    "save_model",
    "save_scorer",
    "shape_of",
]
