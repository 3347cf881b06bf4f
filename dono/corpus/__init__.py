"""The corpus: sources, formats, normalising, languages, duplicates, contamination, splits; examples of use cases."""

from dono.corpus.boilerplate import line_marks, repeated_lines, without_lines
from dono.corpus.contamination import Probes
from dono.corpus.documents import Document, Split, is_held_out, read_documents
from dono.corpus.duplicates import Copies, find_copies
from dono.corpus.examples import Example, Loaded, load_examples, overlap
from dono.corpus.formats import FORMATS, Reading, Turns, recognise
from dono.corpus.gather import gather
from dono.corpus.languages import guess_language
from dono.corpus.lessons import Lesson, LessonKind, lesson_files, read_lessons
from dono.corpus.normalise import normalise
from dono.corpus.quality import Thresholds, learn_thresholds, quality_step
from dono.corpus.rows import Broken, Malformed, Reject, Row
from dono.corpus.shingles import Marks, marks_of
from dono.corpus.sources import KIND_OF_SUFFIX, SOURCES, Reader, kind_of, source_files
from dono.corpus.survey import survey_lines

__all__ = [
    "FORMATS",
    "KIND_OF_SUFFIX",
    "SOURCES",
    "Broken",
    "Copies",
    "Document",
    "Example",
    "Lesson",
    "LessonKind",
    "Loaded",
    "Malformed",
    "Marks",
    "Probes",
    "Reader",
    "Reading",
    "Reject",
    "Row",
    "Split",
    "Thresholds",
    "Turns",
    "find_copies",
    "gather",
    "guess_language",
    "is_held_out",
    "kind_of",
    "learn_thresholds",
    "lesson_files",
    "line_marks",
    "load_examples",
    "marks_of",
    "normalise",
    "overlap",
    "quality_step",
    "read_documents",
    "read_lessons",
    "recognise",
    "repeated_lines",
    "source_files",
    "survey_lines",
    "without_lines",
]
