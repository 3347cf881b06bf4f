"""Real corpora, where they lie beside the repository: they are not part of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dono.corpus import gather, load_examples, normalise, read_documents, unify_letters
from dono.project import Source

CORPORA = Path(__file__).resolve().parents[4] / "shared/corpora"
TASKS = sorted(CORPORA.glob("tasks/*/*/test.jsonl"))
HINGLISH = CORPORA / "text/hi-Latn/hinglish_top_train.txt"
INTENT = CORPORA / "tasks/intent_voice_assistant/hi-Latn/test.jsonl"

pytestmark = pytest.mark.skipif(not TASKS, reason="the real corpora are not here (../shared/corpora)")

FORMAT_OF_TASK = {"chat": "messages", "instruct": "messages", "preference": "preference", "qa": "question"}
KNOWN_LANGUAGES = {"en", "hi", "hi-Latn", "bn", "ta", "te", "kn"}


@pytest.mark.parametrize("path", TASKS, ids=lambda p: "-".join(p.parts[-3:-1]))
def test_every_task_loads_as_the_right_kind_of_examples(path: Path) -> None:
    task, language = path.parts[-3:-1]
    form = FORMAT_OF_TASK.get(task.split("_")[0], "label")
    loaded = load_examples(path, "classify" if form == "label" else "generate")
    assert loaded.formats == {form: len(loaded.examples)}
    assert {r.reason for r in loaded.rejects} <= {"the chat has no assistant turn", "empty text"}
    assert len(loaded.rejects) <= 0.09 * len(loaded.examples)
    right = sum(e.language == language for e in loaded.examples) / len(loaded.examples)
    if language in KNOWN_LANGUAGES and not task.startswith("preference"):
        assert right > 0.6  # the least: eleven banking chats that mix English, Hindi and romanised Hindi


@pytest.mark.skipif(not HINGLISH.exists(), reason="the romanised corpus is not here")
def test_utterances_of_the_intent_test_are_kept_out_of_the_corpus(tmp_path: Path) -> None:
    tests = [e.prompt for e in load_examples(INTENT, "classify").examples]
    source = Source(name="hinglish", path=str(HINGLISH))
    survey = gather([source], {"intent": tests}, tmp_path, heldout_share=0.05, seed=0, progress=lambda d, n: None)
    found = survey["contaminated"]
    assert isinstance(found, int) and 480 <= found <= 560
    learned = {d.text.casefold() for d in read_documents(tmp_path, split="train") if len(d.text.split()) >= 3}
    shared = {t for t in map(str.casefold, tests) if t in learned}
    assert not {t for t in shared if sum(c.isalpha() for c in t) > 12}
    assert survey["rejects"] == 0


@pytest.mark.parametrize("language", ["ml", "ur", "te", "kn", "bn", "hi"])
def test_real_text_loses_no_character_but_stray_ones(language: str, tmp_path: Path) -> None:
    path = next(iter(sorted((CORPORA / "text" / language).glob("ms_azd*.txt"))), None)
    if path is None:
        pytest.skip(f"no text in {language}")
    source = Source(name="course", path=str(path))
    survey = gather([source], {}, tmp_path, heldout_share=0.05, seed=0, progress=lambda d, n: None)
    lines = [line for line in path.read_text("utf8").split("\n") if normalise(line)]
    assert survey["documents"] == len({" ".join(unify_letters(normalise(line)).split()) for line in lines})
    languages = survey["languages"]
    assert isinstance(languages, dict)
    most = max(languages, key=lambda code: languages[code]["bytes"])
    assert most == language
