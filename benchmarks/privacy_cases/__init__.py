"""Made cases of personal identifiers: sentences in fourteen languages and twelve scripts, with what is to be found."""

from benchmarks.privacy_cases.make import Case, Span, make_cases

__all__ = ["Case", "Span", "make_cases"]
