"""Words of the report: short names of arms, names and directions of languages, confidence, a glossary."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime

from markupsafe import Markup, escape

LANGUAGES = {
    "as": "Assamese", "ar": "Arabic", "bn": "Bengali", "brx": "Bodo", "doi": "Dogri", "en": "English", "es": "Spanish",
    "fa": "Persian", "fr": "French", "gom": "Konkani", "gu": "Gujarati", "he": "Hebrew", "hi": "Hindi",
    "kn": "Kannada", "kok": "Konkani", "ks": "Kashmiri", "mai": "Maithili", "ml": "Malayalam", "mni": "Manipuri",
    "mr": "Marathi", "ne": "Nepali", "or": "Odia", "pa": "Punjabi", "ps": "Pashto", "sa": "Sanskrit", "sat": "Santali",
    "sd": "Sindhi", "si": "Sinhala", "ta": "Tamil", "te": "Telugu", "ur": "Urdu",
}  # fmt: skip
SCRIPTS = {"Latn": "Latin letters", "Deva": "Devanagari", "Arab": "Arabic letters", "Guru": "Gurmukhi"}
RIGHT_TO_LEFT = {"ar", "fa", "he", "ks", "ps", "sd", "ur"}
CODE = re.compile(r"`([^`]+)`")
LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")

CONFIDENCE = (
    (0.95, "almost certainly right"),
    (0.85, "very likely right"),
    (0.7, "likely right"),
    (0.5, "more likely right than not"),
)
"""Words for the confidence in an answer, from the top; below them it is open. The steps are assumed."""

KINDS = {
    "classify": "choosing a class for a text", "generate": "writing an answer", "language": "knowing the language",
    "predict": "predicting from the columns of a table", "habits": "knowing what people take, where and when",
    "harness": "answering a public test set",
}  # fmt: skip

GLOSSARY = (
    ("80 % interval", r"interval", "The range that should hold the true value in eight cases out of ten."),
    ("Assumed", r"assumed", "Nobody measured it: a value that Dono or you put in, which can be replaced in the project "
     "file."),
    ("AUC", r"\bAUC\b|ROC curve", "Area under the ROC curve: how often a true case is ranked above a false one. 0.5 is "
     "guessing, 1 is perfect."),
    ("Back-test", r"[Bb]ack-?test", "The last pilot is hidden and forecast from the others; the error shows how far "
     "the forecast can be trusted."),
    ("Bar", r"\bbar\b", "The quality that you said is good enough."),
    ("Base model", r"\b[Bb]ase\b", "A model that somebody has already trained, which others start from."),
    ("Bits per byte", r"bits[ /_](?:per[ _])?byte", "How many bits a model needs to write down one byte of text that "
     "it has not seen. Lower is better; it compares models whatever their vocabulary."),
    ("Borrowed", r"borrowed", "Taken from others, who measured or published it: prices, wages, utilisation."),
    ("chrF", r"chrF|chrf", "How many runs of letters an answer has in common with the expected one, from 0 to 100."),
    ("Expected regret", r"[Ee]xpected regret|Regret", "How much quality you should expect to lose, on average, if you "
     "take this route and another turns out to be best. Small is safe."),
    ("Extrapolated", r"extrapolated", "Not measured: read off the curve that the pilots draw, at the full budget."),
    ("Fine-tuning", r"[Ff]ine-?tun", "Training an existing model a little further on examples of your task."),
    ("From scratch", r"[Ff]rom scratch", "Training a new model on your own text, starting from random weights."),
    ("Gradient-boosted trees", r"boosted trees|boosting", "Many small decision trees, each mending the errors of those "
     "before. Strong on tables; no language model."),
    ("LoRA", r"LoRA|lora", "Fine-tuning that leaves the model as it is and trains a small addition. Cheap."),
    ("Macro-F1", r"macro_f1|\bF1\b", "A score from 0 to 1 that balances misses and false alarms, and counts every "
     "class alike, however rare."),
    ("Measured", r"measured", "Seen on held-out examples, on this data and these machines."),
    ("P(best)", r"P\(best\)", "The probability that this route is the best one at the full budget, given the pilots "
     "and their uncertainty."),
    ("Pilot", r"[Pp]ilot", "A small but real run of a route, on part of the data, measured like the full run."),
    ("Scale", r"[Ss]cale|of the full run", "A pilot's size as a share of the full run: its text and its examples."),
    ("Standard error", r"standard error|±", "How far a measured score would typically move on another test set of the "
     "same size."),
    ("Token", r"\b[Tt]okens?\b", "A piece of text as the model reads it: a word, part of one, or a letter."),
    ("Vocabulary", r"[Vv]ocabulary", "The list of tokens of a model. One made for your languages needs fewer tokens "
     "for the same text, so it is faster and cheaper to serve."),
)  # fmt: skip
"""Term, where it is used, and what it means; only terms that occur are printed."""


def clipped(text: str, room: int) -> str:
    """The text, its end replaced by an ellipsis where it is longer than `room` characters."""
    return text if len(text) <= room else text[: room - 1].rstrip() + "…"


def coded(text: str) -> Markup:
    """A sentence in which commands and keys stand in `backticks`, as the terminal has them, with these as code."""
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(text))))


def language_name(tag: str) -> str:
    """English name of a language tag: "hi-Latn" is "Hindi in Latin letters"; an unknown tag stays as it is."""
    base, _, script = tag.partition("-")
    if tag == "und":
        return "language not stated"
    name = LANGUAGES.get(base.lower(), base)
    return f"{name} in {SCRIPTS.get(script, script)}" if script else name


def language_tag(tag: str) -> str:
    """The tag as a value of `lang`; empty (unknown, by the HTML standard) where it is no language tag."""
    return tag if LANGUAGE_TAG.fullmatch(tag) and tag != "und" else ""


def direction(tag: str, text: str) -> str:
    """The value of `dir` for a text: right to left for Urdu and its like where the text is written so.

    Where the language is unknown it is left to the text. A label in Latin letters stays left to right.
    """
    base = tag.partition("-")[0].lower()
    if base in RIGHT_TO_LEFT and any(unicodedata.bidirectional(c) in ("R", "AL") for c in text):
        return "rtl"
    return "ltr" if base in LANGUAGES else "auto"


def confidence_words(p_best: float) -> str:
    """The confidence in an answer in words."""
    return next((words for least, words in CONFIDENCE if p_best >= least), "an open race")


def day(created: str) -> str:
    """An ISO 8601 time as a date with hour and zone."""
    when = datetime.fromisoformat(created)
    return f"{when.day} {when:%B %Y, %H:%M} {when.tzname() or ''}".strip()


def glossary(text: str) -> list[tuple[str, str]]:
    """Terms that occur in the text, with their meanings."""
    return [(term, meaning) for term, used, meaning in GLOSSARY if re.search(used, text)]
