"""Whether llama.cpp would cut texts as a tokenizer does: it knows pre-tokenizers by name, and reads no pattern."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import regex
from transformers import PreTrainedTokenizerBase

from dono.errors import Mistake
from dono.tokens.bytewise import is_bytewise
from dono.tokens.patterns import CONTRACTIONS, QWEN35_PATTERN

if TYPE_CHECKING:
    from gguf import GGUFWriter

SOURCE = "ggml-org/llama.cpp src/llama-vocab.cpp, llm_tokenizer_bpe, as stored November 2026"
_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_DEEPSEEK3 = (
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
    r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
PRE_TOKENIZERS: dict[str, tuple[str, ...]] = {
    "qwen35": (QWEN35_PATTERN,),
    "deepseek-v3": (r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+", _DEEPSEEK3),
    "llama-bpe": (CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}" + _REST,),
    "qwen2": (CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}" + _REST,),
    "gpt-2": (_GPT2,),
    "starcoder": (r"\p{N}", _GPT2),
    "superbpe": (r"\p{N}+", r"(?=(\d{3})+(?!\d))"),
    "bloom": (r" ?[^(\s|.,!?…。，、।۔،)]+",),
}
"""`tokenizer.ggml.pre` and its patterns, one after the other on what the one before left: those of the large families.
Source: `SOURCE`. A name that is not here is not tried."""

PROBES = (
    "हिन्दी में प्रौद्योगिकी की स्थिति अच्छी है। क्‍ष, नमस्‌ते! १२३४५ रुपये",
    "বাংলা ভাষায় প্রযুক্তির অবস্থা ভালো। র‍্যাব ১২৩৪",
    "தமிழ்நாட்டில் தொழில்நுட்பம் வேகமாக வளர்கிறது.",
    "తెలుగులో సాంకేతిక పరిజ్ఞానం పెరుగుతోంది.",
    "ಕನ್ನಡದಲ್ಲಿ ತಂತ್ರಜ್ಞಾನ ಬೆಳೆಯುತ್ತಿದೆ, ರ‍್ಯಾಂಕ್.",
    "മലയാളത്തിൽ സാങ്കേതികവിദ്യ വളരുന്നു.",
    "ગુજરાતીમાં ટેકનોલોજી વધી રહી છે.",
    "ਪੰਜਾਬੀ ਵਿੱਚ ਤਕਨਾਲੋਜੀ ਵਧ ਰਹੀ ਹੈ।",
    "ଓଡ଼ିଆ ଭାଷାରେ ପ୍ରଯୁକ୍ତି ବଢ଼ୁଛି।",
    "اردو میں ٹیکنالوجی ترقی کر رہی ہے۔ مُحَمَّد",
    "සිංහල භාෂාව ශ්‍රී ලංකාවේ",
    "it's the customer's 3rd order, DON'T cancel; we'll pay ₹1,29,999.50 (GST 18%)",
    "mera recharge nahi hua, please check karo 12345!!",
    "a  b   c\t d\n\n  e \r\n f ",
    "def f(x):\n    return x_1 != 'y'  # कोड",
    "👩‍👩‍👧 ❤️ 🇮🇳 café naïve é",
)
"""What a pre-tokenizer may stumble over: marks, joiners, numbers of several scripts, contractions, blanks, signs."""


REMEDY = "Serve the model with transformers or vLLM, or train a tokenizer of the kind `portable`"


def llama_pieces(name: str, text: str) -> list[str]:
    """What llama.cpp cuts `text` into with the pre-tokenizer of this name: matches, and what lies between them."""
    pieces = [text]
    for pattern in PRE_TOKENIZERS[name]:
        pieces = [part for piece in pieces for part in _cut(pattern, piece)]
    return pieces


def _cut(pattern: str, text: str) -> list[str]:
    found, at = [], 0
    for match in regex.finditer(pattern, text):
        found += [text[at : match.start()], match[0]]
        at = match.end()
    return [piece for piece in (*found, text[at:]) if piece]


def pieces(tokenizer: PreTrainedTokenizerBase, text: str) -> list[str]:
    """What the tokenizer's own pre-tokenizer cuts `text` into."""
    pre = tokenizer.backend_tokenizer.pre_tokenizer
    return [text] if pre is None else [text[start:end] for _, (start, end) in pre.pre_tokenize_str(text)]


def llama_name(tokenizer: PreTrainedTokenizerBase, probes: Sequence[str] = PROBES) -> str:
    """The `tokenizer.ggml.pre` that cuts all `probes` as this tokenizer does.

    Raises `Mistake`, naming a text on which the nearest differs, when there is none: a file would be read to other ids
    than the model was trained on. Also where the tokenizer is no byte-level BPE, or changes texts before cutting.
    """
    where = str(tokenizer.name_or_path or "tokenizer")
    described = json.loads(tokenizer.backend_tokenizer.to_str()) if tokenizer.is_fast else {"model": {"type": "slow"}}
    if described["model"]["type"] != "BPE" or not is_bytewise(tokenizer):
        what = f"llama.cpp's byte-level BPE cannot read a tokenizer with model {described['model']['type']}"
        raise Mistake(what, where=where, remedy=REMEDY)
    if described["normalizer"] is not None:
        what = "llama.cpp does not change texts before it cuts them, as this tokenizer does"
        raise Mistake(what, where=where, remedy=REMEDY)
    own = {probe: pieces(tokenizer, probe) for probe in probes}
    differing = {name: [p for p in probes if llama_pieces(name, p) != own[p]] for name in PRE_TOKENIZERS}
    nearest = min(differing, key=lambda name: len(differing[name]))
    if not differing[nearest]:
        return nearest
    probe = differing[nearest][0]
    theirs, ours = _first_difference(llama_pieces(nearest, probe), own[probe])
    raise Mistake(
        f"llama.cpp has no pre-tokenizer that cuts as this one does: the nearest, {nearest!r}, "
        f"cuts “{probe}” into …{theirs!r}… where this one has …{ours!r}…",
        where=where,
        remedy=REMEDY,
    )


def _first_difference(theirs: Sequence[str], ours: Sequence[str]) -> tuple[str, str]:
    for one, other in zip(theirs, ours, strict=False):
        if one != other:
            return one, other
    return theirs[-1], ours[-1]


def gguf_writer(path: Path) -> GGUFWriter:
    """A writer of a GGUF file of the Llama family. Raises `Mistake` where the package `gguf` is not installed."""
    try:
        import gguf  # noqa: PLC0415 (an extra)
    except ImportError as error:
        remedy = "Install it: pip install 'dono[export]'"
        raise Mistake("writing GGUF needs the package gguf", where=str(path), remedy=remedy) from error
    return gguf.GGUFWriter(str(path), "llama")


def add_vocabulary(writer: GGUFWriter, tokenizer: PreTrainedTokenizerBase, *, name: str, rows: int = 0) -> None:
    """Write the vocabulary into a file; `name` is what `llama_name` found, `rows` those of the model's table."""
    kinds_of = importlib.import_module("gguf").TokenType
    model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    tokens, kinds = _tokens(tokenizer, kinds_of.NORMAL, kinds_of.CONTROL, kinds_of.UNUSED)
    beyond = range(len(tokens), rows)
    tokens, kinds = [*tokens, *(f"[unused{i}]" for i in beyond)], [*kinds, *(int(kinds_of.UNUSED) for _ in beyond)]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(name)
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in model["merges"]])
    for add, id_ in (
        (writer.add_bos_token_id, tokenizer.bos_token_id),
        (writer.add_eos_token_id, tokenizer.eos_token_id),
        (writer.add_pad_token_id, tokenizer.pad_token_id),
    ):
        if id_ is not None:
            add(id_)
    writer.add_add_bos_token(False)


def write_gguf(tokenizer: PreTrainedTokenizerBase, path: Path) -> str:
    """Write a GGUF file that holds the vocabulary alone; returns the pre-tokenizer's name.

    Raises `Mistake` as `llama_name` does, and where the package `gguf` is not installed.
    """
    name = llama_name(tokenizer)
    writer = gguf_writer(path)
    add_vocabulary(writer, tokenizer, name=name)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return name


def _tokens(tokenizer: PreTrainedTokenizerBase, normal: int, control: int, unused: int) -> tuple[list[str], list[int]]:
    """The vocabulary by id, and what each is; holes in the numbering are named and unused."""
    vocabulary: Mapping[str, int] = tokenizer.get_vocab()
    special = set(tokenizer.all_special_ids)
    size = max(vocabulary.values()) + 1
    tokens, kinds = [f"[unused{id_}]" for id_ in range(size)], [int(unused)] * size
    for token, id_ in vocabulary.items():
        tokens[id_], kinds[id_] = token, int(control if id_ in special else normal)
    return tokens, kinds
