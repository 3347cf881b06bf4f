"""The corpus: sources, formats, normalising, languages, duplicates, contamination, splits; examples of use cases."""

from dono.corpus.boilerplate import line_marks, repeated_lines, without_lines
from dono.corpus.contamination import Probes
from dono.corpus.documents import Document, Split, document_parts, is_held_out, read_documents, row_groups
from dono.corpus.duplicates import Copies, find_copies
from dono.corpus.examples import Example, Loaded, load_examples, overlap
from dono.corpus.formats import FORMATS, Reading, Turns, recognise
from dono.corpus.gather import gather
from dono.corpus.identities import Identities
from dono.corpus.languages import guess_language, guess_languages
from dono.corpus.lessons import Lesson, LessonKind, lesson_files, read_lessons
from dono.corpus.letters import fold_digits, unify_letters
from dono.corpus.markup import is_html, remove_markup
from dono.corpus.mixing import Mix, language_mix
from dono.corpus.mojibake import repair_mojibake
from dono.corpus.normalise import normalise, usable
from dono.corpus.parts import LocalFile, Part
from dono.corpus.privacy import privacy_step
from dono.corpus.prompts import Prompt, as_prompt, read_prompts
from dono.corpus.quality import Thresholds, learn_thresholds, quality_step
from dono.corpus.rows import Broken, Malformed, Reject, Row
from dono.corpus.sampling import Sample, count_words, sample_languages, scripts_of
from dono.corpus.schemas import SCHEMAS, load_schema, recognise_schema
from dono.corpus.shingles import Marks, marks_of
from dono.corpus.sources import (
    KIND_OF_SUFFIX,
    SOURCES,
    Checked,
    Note,
    Reader,
    checked_parts,
    kind_of,
    source_parts,
    source_spec,
)
from dono.corpus.survey import survey_lines
from dono.corpus.text_steps import language_step, text_step
from dono.corpus.walking import suffix_of

__all__ = [
    "FORMATS",
    "KIND_OF_SUFFIX",
    "SCHEMAS",
    "SOURCES",
    "Broken",
    "Checked",
    "Copies",
    "Document",
    "Example",
    "Identities",
    "Lesson",
    "LessonKind",
    "Loaded",
    "LocalFile",
    "Malformed",
    "Marks",
    "Mix",
    "Note",
    "Part",
    "Probes",
    "Prompt",
    "Reader",
    "Reading",
    "Reject",
    "Row",
    "Sample",
    "Split",
    "Thresholds",
    "Turns",
    "as_prompt",
    "checked_parts",
    "count_words",
    "document_parts",
    "find_copies",
    "fold_digits",
    "gather",
    "guess_language",
    "guess_languages",
    "is_held_out",
    "is_html",
    "kind_of",
    "language_mix",
    "language_step",
    "learn_thresholds",
    "lesson_files",
    "line_marks",
    "load_examples",
    "load_schema",
    "marks_of",
    "normalise",
    "overlap",
    "privacy_step",
    "quality_step",
    "read_documents",
    "read_lessons",
    "read_prompts",
    "recognise",
    "recognise_schema",
    "remove_markup",
    "repair_mojibake",
    "repeated_lines",
    "row_groups",
    "sample_languages",
    "scripts_of",
    "source_parts",
    "source_spec",
    "suffix_of",
    "survey_lines",
    "text_step",
    "unify_letters",
    "usable",
    "without_lines",
]
