"""What one run reads, how it is planned, and how it is scored."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import PreTrainedTokenizerBase

from dono.costs import Shape
from dono.errors import Mistake
from dono.evals import bits_per_byte
from dono.models import load_model, random_llama, reader_of
from dono.objectives import PREFERENCES
from dono.runfile import RunFile, load_run
from dono.stages import train_data, train_plan, train_ready
from dono.stages.display import Display
from dono.stages.train import equal_parts
from dono.stages.train_data import (
    DataFiles,
    Encoded,
    Preferences,
    Texts,
    encode_answers,
    encode_preferences,
    encode_texts,
    largest_part,
    longest_of,
    open_data,
)
from dono.stages.train_plan import Machine, Sizes, compiled, cost_of, loop_of, pairs_a_step, settled, size_of, spending
from dono.stages.validation import read_part, reference_of, score_documents, score_pairs
from dono.tokens import IGNORED, Rows, document, filled_up, packed
from dono.training import compiled as compiled_room
from dono.training.memory import LiveBytes
from dono.training.world import World
from tests.conftest import TINY
from tests.rooms.stages.runs_of_train import write_data, write_run

HERE = Machine(torch.device("cpu"), 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Data of each kind."""
    write_data(tmp_path, rows=60)
    return tmp_path


def opened(folder: Path, **settings: object) -> DataFiles:
    return open_data(load_run(write_run(folder, **settings)))


def test_the_objective_is_that_of_the_datas_format(folder: Path) -> None:
    found = [opened(folder, data=f"{name}.jsonl").objective for name in ("texts", "chats", "pairs", "thumbs")]
    assert found == ["next_token", "masked_answers", "dpo", "kto"]


def test_richer_rows_can_be_learned_from_in_a_plainer_way_and_poorer_ones_are_set_aside(folder: Path) -> None:
    data = opened(folder, data="[texts.jsonl, pairs.jsonl]", objective="masked_answers", validation=0)
    assert sum(1 for _ in data.learned()) == 60
    assert data.recognised() == "60 rows as preference; 60 set aside (most often, 60 times: no answer to learn)"


def test_data_without_a_usable_row_is_one_line(folder: Path) -> None:
    data = opened(folder, objective="dpo")
    with pytest.raises(Mistake, match="none of 60 rows is usable; most often: no rejected answer"):
        list(data.learned())


def test_held_out_rows_are_not_learned_from_and_are_the_same_in_any_order(folder: Path) -> None:
    data = opened(folder, validation=0.2)
    learned, held = list(data.learned()), data.held_out()
    assert held and not {x.text for x in held} & {x.text for x in learned} and len(held) + len(learned) == 60
    lines = (folder / "texts.jsonl").read_text(encoding="utf8").splitlines(keepends=True)
    (folder / "texts.jsonl").write_text("".join(reversed(lines)), encoding="utf8")
    assert {x.text for x in opened(folder, validation=0.2).held_out()} == {x.text for x in held}


def test_a_chat_that_the_template_refuses_is_set_aside_not_the_whole_run(
    folder: Path, tokenizer: PreTrainedTokenizerBase
) -> None:
    row = {"messages": [{"role": "assistant", "content": "hello"}]}
    with (folder / "chats.jsonl").open("a", encoding="utf8") as file:
        file.write(json.dumps(row) + "\n")
    data = opened(folder, data="chats.jsonl", validation=0)
    answers = encode_answers(data, tokenizer, 64)
    assert len(answers.documents) == 60 and len(data.rejects) == 1 and "no answer" in data.rejects[0].reason


def test_identifiers_in_a_row_that_is_set_aside_are_masked(folder: Path, tmp_path: Path) -> None:
    with (folder / "chats.jsonl").open("a", encoding="utf8") as file:
        file.write(json.dumps({"asked": "call me back", "mobile": "9876543210"}) + "\n")
    data = opened(folder, data="chats.jsonl", validation=0)
    list(data.learned())
    train_data.keep_rejects(data, tmp_path)
    kept = (tmp_path / "rejects.jsonl").read_text(encoding="utf8")
    assert "call me back" in kept and "9876543210" not in kept


def test_both_answers_of_a_pair_follow_the_same_prompt_and_alone_are_trained(
    folder: Path, tokenizer: PreTrainedTokenizerBase
) -> None:
    said = (("user", "where"), ("assistant", "here"), ("user", "now"))
    turns = [{"role": role, "content": text} for role, text in said]
    row = {"prompt": turns, "chosen": [{"role": "assistant", "content": "yes"}]}
    row["rejected"] = [{"role": "assistant", "content": "no"}]
    (folder / "pairs.jsonl").write_text(json.dumps(row) + "\n", encoding="utf8")
    (pair,) = encode_preferences(opened(folder, data="pairs.jsonl", validation=0), tokenizer, 64).pairs
    for answer, text in ((pair.chosen, " yes"), (pair.rejected, " no")):
        assert tokenizer.decode(answer.labels[answer.labels != IGNORED]) == text + str(tokenizer.eos_token)
        assert "here" in tokenizer.decode(answer.ids)


def test_a_pair_whose_answers_leave_different_prompts_is_set_aside(
    folder: Path, tokenizer: PreTrainedTokenizerBase
) -> None:
    long = {"prompt": "where is it " * 12, "chosen": "here", "rejected": "there " * 9}
    with (folder / "pairs.jsonl").open("a", encoding="utf8") as file:
        file.write(json.dumps(long) + "\n")
    data = opened(folder, data="pairs.jsonl", validation=0)
    assert len(encode_preferences(data, tokenizer, 64).pairs) == 60
    assert "different parts of a long prompt" in data.rejects[0].reason


def planned(folder: Path, texts: Texts, there: Machine = HERE, **settings: object) -> tuple[RunFile, Sizes]:
    run = load_run(write_run(folder, **settings)).model_copy(update={"context": 64})
    rows, tokens, mean = size_of(texts)
    sizes = Sizes(
        rows=rows, tokens=tokens, mean_length=mean, counted=Shape(4e4, 2, 32), parameters=40_000, trained=40_000
    )  # fmt: skip
    return settled(run, "next_token", texts, sizes, there), sizes


@pytest.fixture
def texts(folder: Path, tokenizer: PreTrainedTokenizerBase) -> Texts:
    """The texts as ids."""
    return encode_texts(opened(folder), tokenizer, 64, folder / "tokens")


def test_what_is_left_open_is_settled_and_what_is_asked_is_kept(folder: Path, texts: Texts) -> None:
    found, sizes = planned(folder, texts)
    assert found.objective == "next_token" and found.optimizer == "muon" and found.batch_tokens == 512
    assert found.rate is not None and found.matrix_rate is not None
    assert found.steps == -(-sizes.tokens // 512)
    asked, _ = planned(folder, texts, optimizer="adamw", rate=0.5, steps=7)
    assert (asked.optimizer, asked.rate, asked.matrix_rate, asked.steps) == ("adamw", 0.5, None, 7)
    assert planned(folder, texts, tokens=5120)[0].steps == 10


def test_a_step_of_texts_is_whole_windows_for_every_process(folder: Path, texts: Texts) -> None:
    found, _ = planned(folder, texts, Machine(torch.device("cpu"), 3), batch_tokens=300)
    assert found.batch_tokens == 6 * 64


def test_the_plan_says_what_will_be_spent(folder: Path, texts: Texts) -> None:
    found, sizes = planned(folder, texts, machine="{price_per_hour: 36}", steps=10)
    found = found.model_copy(update={"part_tokens": 512, "compile": "off"})
    cost = cost_of(found, sizes, HERE, 1e4)
    assert cost.tokens == 5120 and cost.flops > 6 * 4e4 * 5120
    assert cost.run.hours.mid * 3600 == pytest.approx(5120 / 1e4)
    assert cost.run.money.mid == pytest.approx(36 * cost.run.machine_hours.mid)
    said = "\n".join(spending(found, sizes, cost, 10**9))
    assert all(part in said for part in ("0.04 M parameters", "10 of 512 tokens", "FLOPs", "GB", "time:", "money: INR"))


def test_long_runs_are_compiled_short_ones_are_not(folder: Path, texts: Texts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled_room, "can_compile", lambda: None)
    found, sizes = planned(folder, texts)
    assert compiled(found, cost_of(found, sizes, HERE, 1e4)) == "off"
    many = found.model_copy(update={"steps": 10**9})
    assert compiled(many, cost_of(many, sizes, HERE, 1e4)) == "on"
    for room in (compiled_room, train_plan):
        monkeypatch.setattr(room, "can_compile", lambda: "no compiler")
    assert compiled(many, cost_of(many, sizes, HERE, 1e4)) == "off"
    with pytest.raises(Mistake, match="no compiler"):
        compiled(many.model_copy(update={"compile": "on"}), cost_of(many, sizes, HERE, 1e4))


def test_texts_decay_at_the_end_and_answers_from_the_warm_up_on(folder: Path, texts: Texts) -> None:
    found, _ = planned(folder, texts, steps=100)
    assert loop_of(found).decay_from == 80
    task = loop_of(found.model_copy(update={"objective": "masked_answers"}))
    assert task.warmup == task.decay_from == 10


def test_where_training_fits_and_scoring_does_not_a_pass_is_as_large_as_scoring_allows(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = load_run(write_run(folder, batch_tokens=4096, context=64, steps=2))
    told: list[int] = []
    for name, hunger in (("as it is", 0), ("hungry", 100_000)):

        def read(reader: object, part: Rows, precision: str, hunger: int = hunger) -> None:
            torch.zeros(part.inputs.size, hunger)

        monkeypatch.setattr(train_ready, "read_part", read)
        monkeypatch.setattr(train_ready, "available_memory", lambda device: 600_000_000)
        ready = train_ready.get_ready(run, tmp_path / name, Display(), World(), processes=1)
        told.append(ready.part_tokens)
    assert told[0] == 4096 and 64 <= told[1] < 600_000_000 / 400_000


@pytest.mark.parametrize("data", ["texts.jsonl", "chats.jsonl", "pairs.jsonl"])
def test_what_the_dry_run_reads_of_held_out_rows_is_what_scoring_reads_at_most(
    data: str, folder: Path, tokenizer: PreTrainedTokenizerBase, base_folder: Path
) -> None:
    opened_data, reader = opened(folder, data=data, validation=0.3), reader_of(load_model(str(base_folder)))
    if data == "texts.jsonl":
        encoded: Encoded = encode_texts(opened_data, tokenizer, 64, folder / "tokens")
    else:
        encoded = (encode_answers if data == "chats.jsonl" else encode_preferences)(opened_data, tokenizer, 64)
    longest, at_once = longest_of(encoded, 64), 256
    most = []
    for dry in (True, False):
        with LiveBytes([*reader.parameters(), *reader.buffers()]) as live:
            if dry:
                read_part(reader, largest_part(encoded, longest, at_once, pack=reader.packs), "float32")
            elif isinstance(encoded, Preferences):
                score_pairs(
                    reader, encoded.held_out, PREFERENCES["simpo"], None, precision="float32", part_tokens=at_once
                )
            else:
                score_documents(reader, encoded.held_out, precision="float32", part_tokens=at_once)
        most.append(live.most)
    # many short documents need a little more than few long ones (measured: up to a tenth), which `HEAP` covers
    assert 0.3 * most[0] < most[1] <= 1.2 * most[0]


def test_every_process_has_the_same_number_of_pairs() -> None:
    sizes = Sizes(rows=10, tokens=500, mean_length=25, counted=Shape(1, 1, 1), parameters=1, trained=1)
    assert [pairs_a_step(b, sizes, 2) for b in (10, 100, 310)] == [2, 2, 6]


def test_processes_without_a_part_get_one_that_trains_nothing() -> None:
    parts = filled_up([packed([document(range(5))])] * 3, 2)
    assert len(parts) == 4 and parts[3].tokens == 0 and (parts[3].labels == IGNORED).all()


def test_windows_are_parted_evenly() -> None:
    assert [equal_parts(number, 4) for number in (8, 6, 7, 3)] == [4, 3, 1, 3]


def test_bits_per_byte_are_those_of_the_evaluation(
    folder: Path, texts: Texts, tokenizer: PreTrainedTokenizerBase
) -> None:
    model = random_llama(TINY, tokenizer, seed=0)
    scores = {
        s.metric: s for s in score_documents(reader_of(model), texts.held_out, precision="float32", part_tokens=200)
    }
    held = [lesson.text for lesson in opened(folder).held_out()]
    bits, sizes = bits_per_byte(model, tokenizer, held, context=64)
    assert scores["bits_per_byte"].value == pytest.approx(bits.sum() / sizes.sum(), rel=1e-5)
    assert scores["loss"].value == pytest.approx(np.log(len(tokenizer)), abs=0.05)
    assert scores["loss"].n == len(held)


def test_a_model_is_its_own_reference_at_first(
    folder: Path, tokenizer: PreTrainedTokenizerBase, base_folder: Path
) -> None:
    pairs = encode_preferences(opened(folder, data="pairs.jsonl", validation=0), tokenizer, 64).pairs
    reader = reader_of(load_model(str(base_folder)))
    known = reference_of(reader, pairs, precision="float32", part_tokens=300)
    assert known.shape == (60, 2) and (known < 0).all()
    loss, _ = score_pairs(reader, pairs, PREFERENCES["dpo"], known, precision="float32", part_tokens=200)
    assert loss.value == pytest.approx(np.log(2), abs=1e-4)
