"""What BPE may not merge across: patterns that cut a text before any merge."""

from __future__ import annotations

JOINERS = "\u200c\u200d"
WORDS = rf" ?[\p{{L}}\p{{M}}{JOINERS}]+"
DIGITS = r"\p{N}{1,3}"
SIGNS = r" ?[^\s\p{L}\p{M}\p{N}][^\s\p{L}\p{N}]*"
BREAKS = r"[\r\n]+"
BLANKS = r"[^\S\r\n]+(?!\S)|\s"
OUR_PATTERN = "|".join((WORDS, DIGITS, SIGNS, BREAKS, BLANKS))
"""Words, for plain BPE.

Letters, combining marks and the two joiners form one word with the space before it: a pattern of letters alone cuts
Indic words at every vowel sign, and no vocabulary size repairs that (measured: Tamil 5.8 against 2.3 tokens a word at
32,000). Signs keep the marks and joiners that follow them (emoji sequences). Digits, those of any script, go in threes
from the left. The last blank of a run goes with the next word.
"""

ENDS = r".!?…।॥۔؟"
"""What may end a sentence, in the scripts of South Asia and in Latin."""
INNER = rf"[^\s\p{{N}}{ENDS}]+"
PHRASES = rf" ?{INNER}(?: {INNER})*(?:[{ENDS}][^\s\p{{L}}\p{{N}}]*)?"
PHRASE_PATTERN = "|".join((PHRASES, DIGITS, SIGNS, BREAKS, BLANKS))
"""Phrases, for superwords: words parted by single spaces, and the signs between them, up to and with the sign that ends
a sentence. Never across a line break, a digit, or the end of a sentence.

Every cut of this pattern but those after signs is a cut of `OUR_PATTERN` too, so merges learned within words do within
a phrase what they do within its words: none of them has a space anywhere but at its beginning.
"""

CONTRACTIONS = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
CL100K_PATTERN = (
    CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""The pattern of cl100k_base (openai/tiktoken, openai_public.py) and of Llama 3: the yardstick that parts vowel signs
from their letters."""

QWEN35_PATTERN = (
    CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""The pattern of Qwen3.5, which llama.cpp knows: marks stay with their letters, joiners part a word, digits go one by
one. For tokenizers that must be read there."""
