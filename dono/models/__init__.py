"""Models: random Llama-family ones, pretrained ones, adapters, vocabulary surgery. All are Hugging Face models."""

from dono.models.adapters import add_lora, merge_lora
from dono.models.llama import random_llama
from dono.models.pretrained import Shape, load_model, save_model, shape_of
from dono.models.vocabulary import replace_vocabulary

__all__ = [
    "Shape",
    "add_lora",
    "load_model",
    "merge_lora",
    "random_llama",
    "replace_vocabulary",
    "save_model",
    "shape_of",
]
