"""The corpus: sources, formats, normalising, languages, duplicates, contamination, splits; examples of use cases."""

from dono.corpus.documents import Document, Split, is_held_out, read_documents
from dono.corpus.examples import Example, Loaded, load_examples, overlap
from dono.corpus.formats import FORMATS, Reading, Turns, recognise
from dono.corpus.gather import gather
from dono.corpus.languages import guess_language
from dono.corpus.lessons import Lesson, LessonKind, lesson_files, read_lessons
from dono.corpus.normalise import normalise
from dono.corpus.privacy import privacy_step
from dono.corpus.rows import Broken, Malformed, Reject, Row
from dono.corpus.sources import KIND_OF_SUFFIX, SOURCES, Reader, kind_of, source_files
from dono.corpus.survey import survey_lines

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
    "Reader",
    "Reading",
    "Reject",
    "Row",
    "Split",
    "Turns",
    "gather",
    "guess_language",
    "is_held_out",
    "kind_of",
    "lesson_files",
    "load_examples",
    "normalise",
    "overlap",
    "privacy_step",
    "read_documents",
    "read_lessons",
    "recognise",
    "source_files",
    "survey_lines",
]
