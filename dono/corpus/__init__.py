"""The corpus: sources, formats, normalising, languages, duplicates, contamination, splits; examples of use cases."""

from dono.corpus.documents import Document, Split, is_held_out, read_documents
from dono.corpus.examples import Example, Loaded, load_examples, overlap
from dono.corpus.formats import FORMATS, Reading, Turns, recognise
from dono.corpus.gather import gather
from dono.corpus.languages import guess_language, guess_languages
from dono.corpus.lessons import Lesson, LessonKind, lesson_files, read_lessons
from dono.corpus.letters import fold_digits, unify_letters
from dono.corpus.markup import is_html, remove_markup
from dono.corpus.mixing import Mix, language_mix
from dono.corpus.mojibake import repair_mojibake
from dono.corpus.normalise import normalise
from dono.corpus.rows import Broken, Malformed, Reject, Row
from dono.corpus.sources import KIND_OF_SUFFIX, SOURCES, Reader, kind_of, source_files
from dono.corpus.survey import survey_lines
from dono.corpus.text_steps import language_step, text_step

__all__ = [
    "FORMATS",
    "KIND_OF_SUFFIX",
    "SOURCES",
    "Broken",
    "Document",
    "Example",
    "Lesson",
    "LessonKind",
    "Loaded",
    "Malformed",
    "Mix",
    "Reader",
    "Reading",
    "Reject",
    "Row",
    "Split",
    "Turns",
    "fold_digits",
    "gather",
    "guess_language",
    "guess_languages",
    "is_held_out",
    "is_html",
    "kind_of",
    "language_mix",
    "language_step",
    "lesson_files",
    "load_examples",
    "normalise",
    "overlap",
    "read_documents",
    "read_lessons",
    "recognise",
    "remove_markup",
    "repair_mojibake",
    "source_files",
    "survey_lines",
    "text_step",
    "unify_letters",
]
