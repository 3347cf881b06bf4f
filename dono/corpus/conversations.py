"""Chats as documents: messages of an export cut at long silences, the speakers as Speaker 1, Speaker 2, …"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import regex

from dono.corpus.rows import Broken, Row
from dono.project import Source

MOST_MESSAGES = 1000
"""Messages of a conversation; one that never falls silent is cut there (assumed: some 50 pages)."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `sender` is whatever tells people apart in the export; `line` counts from 1, `at` is in bytes."""

    sender: str
    text: str
    when: datetime
    line: int
    at: int
    thread: str = ""


class Speakers:
    """People by the order in which they first speak, so that nobody's name or number is needed."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def role(self, sender: str) -> str:
        """`Speaker 1` for the first who spoke, the same whenever they speak again."""
        return f"Speaker {self.known.setdefault(sender, len(self.known) + 1)}"

    def mentioned(self, sender: str) -> str:
        """How somebody is called whom a text mentions: as a speaker, or as somebody where they have not spoken."""
        return f"@{self.role(sender)}" if sender in self.known else "@somebody"


MENTION = regex.compile(r"(?<!\w)@(?:\u2068(?P<who>[^\u2068\u2069\n]{1,100})\u2069|(?P<number>\+?\d[\d ]{6,17}\d))")
"""Somebody who is mentioned: between marks of isolation, or by phone number, as WhatsApp writes it."""


def mentions(text: str, speakers: Speakers) -> str:
    """A text with those whom it mentions put as speakers."""

    def called(match: regex.Match[str]) -> str:
        return speakers.mentioned(match["who"].casefold() if match["who"] else regex.sub(r"\D", "", match["number"]))

    return MENTION.sub(called, text)


@dataclass(frozen=True)
class Chat:
    """How an export's messages become rows.

    `mentions` gives a text with those whom it mentions put as speakers, `is_assistant` says whose side is learned.
    """

    source: Source
    mentions: Callable[[str, Speakers], str]
    is_assistant: Callable[[str], bool]

    def rows(self, found: Iterable[Message | Broken]) -> Iterator[Row | Broken]:
        """A row for each conversation: `date` is when it began, and `text`, or `messages` where there is an assistant.

        A conversation ends when its thread is silent for `silence_hours`, and with the export. What is broken is
        passed on. Where the assistant never speaks, a broken row says so at the end.
        """
        silence, speakers, spoke = timedelta(hours=self.source.silence_hours), Speakers(), False
        going: dict[str, list[Message]] = {}
        line, at = 1, 0
        for message in found:
            line, at = message.line, message.at
            if isinstance(message, Broken):
                yield message
                continue
            for thread in [t for t, said in going.items() if message.when - said[-1].when > silence]:
                yield self._row(going.pop(thread), speakers, at)
            speakers.role(message.sender)
            spoke = spoke or self.is_assistant(message.sender)
            said = going.setdefault(message.thread, [])
            said.append(message)
            if len(said) == MOST_MESSAGES:
                yield self._row(going.pop(message.thread), speakers, at)
        for said in going.values():
            yield self._row(said, speakers, at)
        if self.source.assistant is not None and not spoke:
            yield Broken("`assistant` says nothing in this chat", "", line, at)

    def _row(self, said: Sequence[Message], speakers: Speakers, at: int) -> Row:
        turns: list[tuple[str, str]] = []
        for message in said:
            role, text = speakers.role(message.sender), self.mentions(message.text, speakers)
            if turns and turns[-1][0] == role:
                turns[-1] = (role, f"{turns[-1][1]}\n{text}")
            else:
                turns.append((role, text))
        began = {"date": said[0].when.isoformat(sep=" ")}
        if self.source.assistant is None:
            return Row({"text": "\n".join(f"{who}: {text}" for who, text in turns), **began}, said[0].line, at)
        own = {speakers.role(m.sender) for m in said if self.is_assistant(m.sender)}
        return Row({"messages": _as_messages(turns, own), **began}, said[0].line, at)


def _as_messages(turns: Sequence[tuple[str, str]], own: set[str]) -> list[dict[str, str]]:
    """Turns as chat templates have them; users are told apart in the text where there are several."""
    users = {who for who, _ in turns if who not in own}
    messages: list[dict[str, str]] = []
    for who, text in turns:
        role = "assistant" if who in own else "user"
        content = text if who in own or len(users) == 1 else f"{who}: {text}"
        if messages and messages[-1]["role"] == role:
            messages[-1]["content"] += f"\n{content}"
        else:
            messages.append({"role": role, "content": content})
    return messages
