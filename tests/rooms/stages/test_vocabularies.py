"""Tokenizers as artifacts: what they were learned from, and the arm whose base has its vocabulary extended."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from dono.cli import dono
from dono.errors import Mistake
from dono.stages.contenders import Contender, contenders, load_base, not_extended
from dono.stages.corpus_stage import corpus_run
from dono.stages.oversight import Oversight
from dono.stages.prepare import Prepared
from dono.stages.vocabularies import base_fertility, extended_tokenizer, own_tokenizer
from dono.stages.workplace import Workplace
from dono.tokens import load_tokenizer


def with_choice(place: Workplace, **choice: object) -> Workplace:
    """The same project with other keys under `tokenizer`."""
    tokenizer = place.project.tokenizer.model_copy(update=choice)
    return replace(place, project=place.project.model_copy(update={"tokenizer": tokenizer}))


def test_the_record_says_what_was_learned_from_and_that_nothing_held_out_was_in_it(
    place: Workplace, prepared: Prepared
) -> None:
    assert prepared.corpus is not None
    result = own_tokenizer(place, prepared.corpus).result
    assert result["heldout_texts_in_sample"] == 0
    assert result["sample_bytes"] == result["available_bytes"]  # the corpus is small: all of it was taken


def test_the_kind_is_the_project_s_choice(place: Workplace, prepared: Prepared) -> None:
    assert prepared.corpus is not None
    scratch = place.project.scratch.model_copy(update={"vocabulary": 900})  # room for words and phrases
    roomy = replace(place, project=place.project.model_copy(update={"scratch": scratch}))
    plain = own_tokenizer(roomy, prepared.corpus)
    other = own_tokenizer(with_choice(roomy, kind="superwords", stage=0.5), prepared.corpus)
    assert plain.id != other.id
    text = "कब तक पहुँचेगा और दाम कितना होगा"
    assert len(load_tokenizer(other.path)(text)["input_ids"]) < len(load_tokenizer(plain.path)(text)["input_ids"])


def test_a_base_far_from_the_corpus_is_piloted_with_a_longer_vocabulary(
    place: Workplace, prepared: Prepared, who: dict[str, Contender]
) -> None:
    assert prepared.corpus is not None
    base = load_base(place, "./base")
    language, ratio = base_fertility(place, prepared.corpus, base.source, base.reference)
    assert language == "hi" and ratio > 1.5
    extended, kept = who["continue/extended"], who["continue/kept"]
    assert extended.tokenizer.kind == "tokenizer"
    assert extended.shape.vocabulary == len(load_tokenizer(extended.tokenizer_folder)) > kept.shape.vocabulary
    assert extended.tokens is not None and kept.tokens is not None
    assert extended.tokens.n_tokens < kept.tokens.n_tokens / 1.5


def test_its_corpus_stage_gives_a_model_of_the_longer_vocabulary(place: Workplace, who: dict[str, Contender]) -> None:
    small = replace(who["continue/extended"], corpus_tokens=2000)
    made = corpus_run(place, small, 1.0, 0, oversight=Oversight(lambda note: None, lambda seconds: None))
    assert len(load_tokenizer(made.path)) == small.shape.vocabulary


def test_a_base_that_is_near_enough_is_not_extended_unasked_and_the_note_says_why(
    place: Workplace, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = load_base(place, "./base")
    monkeypatch.setattr("dono.stages.contenders.base_fertility", lambda *a: ("hi", 1.2))
    reason = not_extended(place, prepared, base)
    assert reason is not None and "at most 1.2 tokens" in reason and "(in hi)" in reason
    assert not_extended(with_choice(place, extended=True), prepared, base) is None
    found, notes = contenders(place, prepared)
    assert "continue/extended" not in {c.name for c in found}
    assert any(note.startswith("continue/extended: not measured; the base's") for note in notes)


def test_it_can_be_turned_off(place: Workplace, prepared: Prepared) -> None:
    reason = not_extended(with_choice(place, extended=False), prepared, load_base(place, "./base"))
    assert reason == "tokenizer.extended is false"


def test_a_base_whose_tokenizer_cannot_be_extended_is_a_note_or_a_mistake_where_it_was_asked_for(
    place: Workplace, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*found: object) -> None:
        raise Mistake("its tokenizer is no BPE (Unigram)", where="base", remedy="Keep it")

    monkeypatch.setattr("dono.stages.contenders.extended_tokenizer", refuse)
    base = load_base(place, "./base")
    assert "no BPE" in str(not_extended(place, prepared, base))
    with pytest.raises(Mistake, match="no BPE"):
        not_extended(with_choice(place, extended=True), prepared, base)


def test_the_number_of_added_tokens_is_the_project_s_choice(place: Workplace, prepared: Prepared) -> None:
    assert prepared.corpus is not None
    base = load_base(place, "./base")
    made = extended_tokenizer(with_choice(place, added=20), prepared.corpus, base.source, base.reference)
    assert made.result["added"] == 20 and made.result["pieces_a_word"] == 1.0
    assert len(load_tokenizer(made.path)) == len(load_tokenizer(base.source)) + 20


def run(*arguments: str | Path) -> str:
    """The command line's output; its mistakes are raised."""
    found = CliRunner().invoke(dono, ["tokenizer", *map(str, arguments)], catch_exceptions=False)
    return found.output


def test_the_commands_train_extend_compare_and_export(place: Workplace, tmp_path: Path) -> None:
    project = place.project.folder / "dono.yaml"
    out = run("train", project, "--kind", "graphemes", "--vocabulary", "500", "--out", tmp_path / "own")
    assert "learned from: 0" in out
    out = run("extend", project, "--base", "./base", "--added", "30", "--out", tmp_path / "longer")
    assert "learned from hi" in out
    base = load_tokenizer(place.project.folder / "base")
    assert len(load_tokenizer(tmp_path / "longer")) == len(base) + 30

    texts = tmp_path / "texts"
    (texts / "hi").mkdir(parents=True)
    (texts / "hi" / "a.txt").write_text("पार्सल कब तक पहुँचेगा\n", encoding="utf8")
    (texts / "en.txt").write_text("where is my parcel\n", encoding="utf8")
    (tmp_path / "pairs").mkdir()
    (tmp_path / "pairs" / "en-hi.tsv").write_text("where is it\tयह कहाँ है\nbroken line\n", encoding="utf8")
    out = run("compare", tmp_path / "own", tmp_path / "longer", "--text", texts, "--parallel", tmp_path / "pairs",
              "--model", place.project.folder / "base")  # fmt: skip
    rows = {line.split()[0]: line for line in out.splitlines()}
    assert {"hi", "en", "own", "longer"} <= rows.keys()
    assert "a million words" in rows["hi"] and "words in 2048" in rows["hi"]


def test_export_refuses_in_words_what_llama_cpp_would_read_otherwise(place: Workplace, tmp_path: Path) -> None:
    project = place.project.folder / "dono.yaml"
    run("train", project, "--out", tmp_path / "own")
    with pytest.raises(Mistake, match=r"llama\.cpp has no pre-tokenizer"):
        run("export", tmp_path / "own", tmp_path / "vocabulary.gguf")


def test_comparing_on_an_empty_folder_is_a_mistake(place: Workplace, tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="no text to compare on"):
        run("compare", place.project.folder / "base", "--text", tmp_path)
