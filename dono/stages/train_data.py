"""What one run reads: rows of files, recognised, parted into learned and held out, as ids."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
from transformers import PreTrainedTokenizerBase

from dono.artifacts import write_atomically
from dono.corpus import Lesson, LessonKind, Reject, Turns, is_held_out, lesson_files, read_lessons
from dono.corpus.privacy import row_mask
from dono.errors import Mistake
from dono.project import Cleaning
from dono.runfile import HAVE_BETA, HAVE_CHOSEN_WEIGHT, ObjectiveName, RunFile
from dono.tokens import (
    IGNORED,
    Document,
    Rows,
    Shards,
    document,
    encode_chat,
    encode_plain,
    packed,
    padded,
    train_tokenizer,
    write_shards,
)
from dono.training.learners import JudgedRows, PairRows
from dono.training.pair_batches import Pair

D = TypeVar("D")

SHOWN = 200
"""Characters of a row that is set aside, to know it by."""
HELD_OUT = 400
"""At most so many held-out rows are scored, the first ones (assumed; as many as a use case is tested on)."""

KIND_OF: dict[ObjectiveName, LessonKind] = {
    "next_token": "texts", "masked_answers": "answers", "dpo": "preferences", "dpo_length_normalised": "preferences",
    "simpo": "preferences", "orpo": "preferences", "kto": "thumbs",
    "reward_model": "preferences",
}  # fmt: skip
DEFAULT_OBJECTIVE: dict[LessonKind, ObjectiveName] = {
    "texts": "next_token", "answers": "masked_answers", "preferences": "dpo", "thumbs": "kto",
}  # fmt: skip
HOLDS: dict[LessonKind, tuple[LessonKind, ...]] = {
    "texts": ("texts", "answers", "preferences"),
    "answers": ("answers", "preferences"),
    "preferences": ("preferences",),
    "thumbs": ("thumbs",),
}
"""Which rows can be learned from as which kind: a preference holds an answer, an answer is text. An answer with a
verdict may be a bad one."""
UNSURE = "und"
"""The language of a text that nobody asks after here."""
LONGER = "Give a larger `context`"
LACKS = {
    "texts": "an answer with a verdict", "answers": "no answer to learn", "preferences": "no rejected answer",
    "thumbs": "no label, true or false",
}  # fmt: skip


@dataclass
class DataFiles:
    """The data of a run. `formats` and `rejects` are those of the last reading that went through."""

    run: RunFile
    files: list[Path]
    validation: list[Path]
    objective: ObjectiveName
    formats: Counter[str] = field(default_factory=Counter)
    rejects: list[Reject] = field(default_factory=list)

    @property
    def kind(self) -> LessonKind:
        """What the rows are read as."""
        return KIND_OF[self.objective]

    @property
    def all_files(self) -> list[Path]:
        """Everything that is read."""
        return [*self.files, *self.validation]

    def learned(self) -> Iterator[Lesson]:
        """The rows to learn from, in their order; once through, `formats` and `rejects` are known.

        Raises `Mistake` where there is none.
        """
        share = self.run.validation if isinstance(self.run.validation, float) else 0.0
        formats: Counter[str] = Counter()
        rejects: list[Reject] = []
        for found in self._rows(self.files):
            if isinstance(found, Reject):
                rejects.append(found)
                continue
            formats[found.format] += 1
            if not is_held_out(found.text, share, self.run.seed):
                yield found
        self.formats, self.rejects = formats, rejects
        if not formats:
            reason = Counter(r.reason for r in rejects).most_common(1)
            what = f"none of {len(rejects):,} rows is usable" + (f"; most often: {reason[0][0]}" if reason else "")
            remedy = 'Write rows like {"text": …}, {"messages": […]} or {"prompt": …, "chosen": …, "rejected": …}'
            raise Mistake(what, where=str(self.files[0]), remedy=remedy)

    def held_out(self) -> list[Lesson]:
        """The first `HELD_OUT` rows that are not learned from: a share by the hash of their text, or a file's."""
        share = self.run.validation
        if share == 0:
            return []
        rows = (row for row in self._rows(self.validation or self.files) if isinstance(row, Lesson))
        chosen = (r for r in rows if isinstance(share, str) or is_held_out(r.text, share, self.run.seed))
        return list(islice(chosen, HELD_OUT))

    def _rows(self, files: Sequence[Path]) -> Iterator[Lesson | Reject]:
        """Rows that can be learned from in the run's way, and the others."""
        for found in read_lessons(files):
            if isinstance(found, Reject) or found.kind in HOLDS[self.kind]:
                yield found
            else:
                yield Reject(found.format, "", 0, LACKS[self.kind], found.text[:SHOWN])

    def recognised(self) -> str:
        """What was recognised, in words."""
        said = ", ".join(f"{count:,} rows as {name}" for name, count in self.formats.most_common())
        if not self.rejects:
            return said
        reason, times = Counter(r.reason for r in self.rejects).most_common(1)[0]
        return f"{said}; {len(self.rejects):,} set aside (most often, {times:,} times: {reason})"


def open_data(run: RunFile) -> DataFiles:
    """The files of a run and what is learned from them: as asked, else by the format of the first usable row."""
    files = lesson_files(run.data, run.folder)
    validation = [run.path(run.validation)] if isinstance(run.validation, str) else []
    objective = run.objective
    if objective is None:
        first = next((row for row in read_lessons(files) if isinstance(row, Lesson)), None)
        objective = DEFAULT_OBJECTIVE["texts" if first is None else first.kind]
    for name, have in (("beta", HAVE_BETA), ("chosen_weight", HAVE_CHOSEN_WEIGHT), ("most_divergence", HAVE_BETA)):
        if getattr(run.loss, name) and objective not in have:
            raise Mistake(f"{objective} has none", where=f"loss.{name}", remedy=f"It belongs to {', '.join(have)}")
    return DataFiles(run, files, validation, objective)


@dataclass(frozen=True)
class HeldOut:
    """Documents to be scored. `rows` int64 [documents]: the row each is a piece of; `sizes` float64 [rows]: bytes."""

    documents: list[Document]
    rows: np.ndarray
    sizes: np.ndarray


@dataclass(frozen=True)
class Texts:
    """Documents on disk, and the pieces of the held-out ones."""

    shards: Shards
    held_out: HeldOut


@dataclass(frozen=True)
class Answers:
    """Chats of which the assistant's turns are trained. `bytes` is how much text those are."""

    documents: list[Document]
    bytes: int
    held_out: HeldOut


@dataclass(frozen=True)
class Preferences:
    """Prompts with two answers each.

    With verdicts (`desirable`, and those of the held-out rows) a pair is an answer, and the same answer beside another
    row's prompt.
    """

    pairs: list[Pair]
    held_out: list[Pair]
    desirable: list[bool] | None = None
    held_out_desirable: list[bool] | None = None


Encoded = Texts | Answers | Preferences


def learn_tokenizer(data: DataFiles, vocabulary: int, folder: Path) -> Path:
    """A tokenizer of the data's own, trained once and kept in the run's folder."""
    if not (folder / "tokenizer_config.json").is_file():
        train_tokenizer((lesson.text for lesson in data.learned()), vocabulary, folder)
    return folder


def encode_texts(data: DataFiles, tokenizer: PreTrainedTokenizerBase, context: int, folder: Path) -> Texts:
    """The rows as documents on disk, in `folder`; where they are there already they are only opened."""
    if not folder.is_dir():
        partial = folder.with_name(f"{folder.name}.partial")
        write_shards(((lesson.text, UNSURE) for lesson in data.learned()), tokenizer, partial)
        partial.rename(folder)
    held = data.held_out()
    pieces: list[Document] = []
    rows: list[int] = []
    for row, ids in enumerate(encode_plain(tokenizer, [lesson.text for lesson in held])):
        chain = [tokenizer.eos_token_id, *ids]  # the first token is foretold from the end of what came before
        for at in range(0, len(ids), context):
            pieces.append(document(chain[at : at + context + 1]))
            rows.append(row)
    sizes = [len(lesson.text.encode()) for lesson in held]
    return Texts(Shards.open(folder), HeldOut(pieces, np.asarray(rows, dtype=np.int64), np.asarray(sizes, dtype=float)))


def encode_answers(data: DataFiles, tokenizer: PreTrainedTokenizerBase, context: int) -> Answers:
    """The rows as chats in memory; those that cannot be read as the tokenizer's chat are set aside."""

    def encode(lesson: Lesson) -> Document:
        return _chat(tokenizer, lesson.turns, context)

    documents, refused = _fitting(data.learned(), encode)
    data.rejects += refused
    scored, _ = _fitting(data.held_out(), encode)
    sizes = np.asarray([_trained_bytes(tokenizer, d) for d in scored], dtype=float)
    trained = sum(_trained_bytes(tokenizer, d) for d in documents)
    return Answers(documents, trained, HeldOut(scored, np.arange(len(scored)), sizes))


def encode_preferences(data: DataFiles, tokenizer: PreTrainedTokenizerBase, context: int) -> Preferences:
    """The rows as pairs in memory; those that cannot be read as the tokenizer's chat are set aside."""

    def encode(lesson: Lesson) -> Pair:
        return _pair(tokenizer, lesson, context)

    def read_whole(lesson: Lesson) -> Pair:
        return Pair(*(ended(answer) for answer in _pair(tokenizer, lesson, context - 1)))

    chosen = read_whole if data.objective == "reward_model" else encode
    pairs, refused = _fitting(data.learned(), chosen)
    data.rejects += refused
    return Preferences(pairs, _fitting(data.held_out(), chosen)[0])


def encode_thumbs(data: DataFiles, tokenizer: PreTrainedTokenizerBase, context: int) -> Preferences:
    """The rows as judged answers in memory; those that cannot be read as the tokenizer's chat are set aside."""
    learned, refused = _judged(data.learned(), tokenizer, context)
    data.rejects += refused
    if len({verdict for _, verdict in learned}) == 1:
        what = f"every answer is {'good' if learned[0][1] else 'bad'}: there is nothing to tell apart"
        raise Mistake(what, where="data", remedy="Give rows with label true and rows with label false")
    held, _ = _judged(data.held_out(), tokenizer, context)
    (pairs, verdicts), (others, others_verdicts) = _unzipped(learned), _unzipped(held)
    return Preferences(pairs, others, verdicts, others_verdicts)


def _judged(
    lessons: Iterable[Lesson], tokenizer: PreTrainedTokenizerBase, context: int
) -> tuple[list[tuple[Pair, bool]], list[Reject]]:
    """Answers and verdicts; beside each answer the same after the prompt of the next row, the last's of the first."""
    rows = list(lessons)
    beside = dict(zip(map(id, rows), [*rows[1:], *rows[:1]], strict=True))

    def encode(lesson: Lesson) -> tuple[Pair, bool]:
        assert lesson.desirable is not None
        turns = (lesson.turns, (*beside[id(lesson)].turns[:-1], lesson.turns[-1]))
        own, other = (_last_answer(_chat(tokenizer, chat, context)) for chat in turns)
        return Pair(own, other), lesson.desirable

    return _fitting(rows, encode)


def _unzipped(judged: Sequence[tuple[Pair, bool]]) -> tuple[list[Pair], list[bool]]:
    return [pair for pair, _ in judged], [verdict for _, verdict in judged]


def _fitting(lessons: Iterable[Lesson], encode: Callable[[Lesson], D]) -> tuple[list[D], list[Reject]]:
    """What can be encoded, and what cannot. Raises the first `Mistake` where nothing can."""
    encoded: list[D] = []
    refused: list[Reject] = []
    first: Mistake | None = None
    for lesson in lessons:
        try:
            encoded.append(encode(lesson))
        except Mistake as mistake:
            first = first or mistake
            refused.append(Reject(lesson.format, "", 0, mistake.what, lesson.text[:SHOWN]))
    if first is not None and not encoded:
        raise first
    return encoded, refused


def _chat(tokenizer: PreTrainedTokenizerBase, turns: Turns, context: int) -> Document:
    messages = [{"role": role.lower(), "content": text} for role, text in turns]
    return encode_chat(tokenizer, messages, max_length=context + 1, where="data")


def _pair(tokenizer: PreTrainedTokenizerBase, lesson: Lesson, context: int) -> Pair:
    """Both answers after the same prompt; earlier turns of the assistant are part of it."""
    assert lesson.rejected is not None
    worse = (*lesson.turns[:-1], ("Assistant", lesson.rejected))
    chosen, rejected = (_last_answer(_chat(tokenizer, turns, context)) for turns in (lesson.turns, worse))
    if prompt_of(chosen) != prompt_of(rejected):
        raise Mistake("the two answers of a pair keep different parts of a long prompt", where="data", remedy=LONGER)
    return Pair(chosen, rejected)


def prompt_of(chat: Document) -> list[int]:
    """The ids before the answer."""
    found: list[int] = chat.ids[: int(np.argmax(chat.labels != IGNORED)) + 1].tolist()
    return found


def _last_answer(chat: Document) -> Document:
    """The chat with its last trained span alone."""
    trained = np.flatnonzero(chat.labels != IGNORED)
    begins = trained[np.flatnonzero(np.diff(trained, prepend=-2) > 1)[-1]]
    labels = chat.labels.copy()
    labels[:begins] = IGNORED
    return Document(chat.ids, labels)


def ended(answer: Document) -> Document:
    """The answer with a place for its last token too, which is where a reward model reads."""
    return Document(np.append(answer.ids, answer.labels[-1]), np.append(answer.labels, IGNORED))


def _trained_bytes(tokenizer: PreTrainedTokenizerBase, chat: Document) -> int:
    """UTF-8 bytes of the trained text, special tokens left out."""
    text = tokenizer.decode(chat.labels[chat.labels != IGNORED], skip_special_tokens=True)
    assert isinstance(text, str)
    return len(text.encode())


def keep_rejects(data: DataFiles, folder: Path) -> None:
    """Write the rows that were set aside, with their reasons, identifiers masked as in the rejects of a corpus."""
    mask = row_mask(Cleaning())
    shown = [replace(r, reason=mask(r.reason), beginning=mask(r.beginning)) for r in data.rejects]
    lines = [json.dumps(asdict(reject), ensure_ascii=False) + "\n" for reject in shown]
    write_atomically(folder / "rejects.jsonl", "".join(lines))


def longest_of(encoded: Encoded, context: int) -> int:
    """Tokens of the longest thing that is read at once: a window of text, a chat, a pair; held-out ones too."""
    if isinstance(encoded, Texts):
        return context
    if isinstance(encoded, Answers):
        return max(len(d.ids) for d in (*encoded.documents, *encoded.held_out.documents))
    return 2 * max(len(answer.ids) for pair in (*encoded.pairs, *encoded.held_out) for answer in pair)


def largest_part(encoded: Encoded, longest: int, tokens: int, *, pack: bool) -> Rows | PairRows | JudgedRows:
    """A part of `tokens` tokens that takes the most memory: as long documents as there are, all of each trained."""
    halves = 2 if isinstance(encoded, Preferences) else 1
    length = max(1, min(tokens, longest) // halves)
    documents = [document(np.zeros(length + 1, dtype=np.int64))] * max(halves, tokens // length // halves * halves)
    rows = packed(documents) if pack else padded(documents)
    if halves == 1:
        return rows
    reference = np.zeros(len(documents), dtype=np.float32)
    if isinstance(encoded, Preferences) and encoded.desirable is not None:
        return JudgedRows(rows, reference == 0, reference, rows, reference, 0.0)
    return PairRows(rows, len(documents) // 2, reference)


def scored(encoded: Encoded) -> bool:
    """Whether there are held-out rows to score."""
    return bool(encoded.held_out if isinstance(encoded, Preferences) else encoded.held_out.documents)


def bytes_a_label(encoded: Encoded) -> float | None:
    """UTF-8 bytes of text behind one trained token; None for preferences, whose loss is no likelihood."""
    if isinstance(encoded, Texts):
        return encoded.shards.counts().total.bytes_per_token
    if isinstance(encoded, Answers):
        return encoded.bytes / sum(int((d.labels != IGNORED).sum()) for d in encoded.documents)
    return None
