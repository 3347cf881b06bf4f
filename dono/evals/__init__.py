"""Evaluation: use-case metrics and bits per byte, per language, each with its standard error."""

from dono.evals.language_model import Answered, answer_log_likelihoods, bits_per_byte, generate, label_log_likelihoods
from dono.evals.scores import Score, score_answers, score_bits, score_label_bits, score_probabilities

__all__ = [
    "Answered",
    "Score",
    "answer_log_likelihoods",
    "bits_per_byte",
    "generate",
    "label_log_likelihoods",
    "score_answers",
    "score_bits",
    "score_label_bits",
    "score_probabilities",
]
