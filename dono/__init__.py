"""Dono: should we train a language model, fine-tune one, or neither? Answered by measurement."""

__version__ = "0.5.3"
