from __future__ import annotations

from dono.corpus.privacy.cues import CUES, cue_pattern, cue_words
from dono.corpus.privacy.name_words import NAME_CUES, NAME_STEMS


def test_every_phrase_before_a_name_has_a_stem_that_is_looked_for_first() -> None:
    assert [cue for cue in NAME_CUES if not any(stem in cue for stem in NAME_STEMS)] == []


def test_every_cue_is_found_by_the_pattern_of_its_kind() -> None:
    for kind in CUES:
        for word in cue_words(kind):
            assert cue_pattern(kind, word.isascii()).search(word), (kind, word)
