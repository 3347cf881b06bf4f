"""Chats exported from Telegram Desktop as JSON (`result.json`): one chat, or all chats of an account.

The format: https://core.telegram.org/import-export, and what Telegram Desktop 3 and later write.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, BinaryIO

import ijson

from dono.corpus.conversations import Chat, Message, mentions
from dono.corpus.parts import Part, unreadable
from dono.corpus.rows import Broken, Row, beginning, unpacked
from dono.project import Source

CHATS = ("chats.list.item", "left_chats.list.item")
MESSAGES = ("messages.item", *(f"{chat}.messages.item" for chat in CHATS))
"""Where messages stand: in the export of one chat, and in that of an account."""
UNNAMED = "@\u2068 \u2069"
"""Somebody who is mentioned by a name that no message has."""


def read_telegram(part: Part, source: Source) -> Iterator[Row | Broken]:
    """The conversations of an export, a message in memory at a time; see `Chat.rows`. `line` counts the messages."""
    names = set[str]() if source.assistant is None else {source.assistant}
    for _, group in groupby(_messages(part, names), key=itemgetter(0)):
        chat = Chat(source, mentions, lambda sender: sender in names)
        yield from chat.rows(message for _, message in group)


def _messages(part: Part, names: set[str]) -> Iterator[tuple[int, Message | Broken]]:
    """The number of the chat, and each of its messages. The id of whoever has one of `names` is added to them."""
    number, chat, at, size = 0, 0, 0, part.size
    try:
        with part.open() as raw:
            for kind, value in _objects(unpacked(raw)):
                at = min(raw.tell(), size)
                if kind == "chat":
                    chat += 1
                    continue
                number += 1
                try:
                    found = _message(value, number, at, names)
                except (KeyError, TypeError, ValueError):
                    yield chat, Broken("not a message as Telegram writes it", beginning(repr(value)), number, at)
                    continue
                if found is not None:
                    yield chat, found
    except (ijson.JSONError, UnicodeDecodeError) as error:
        reason = "broken JSON: it ends too early" if isinstance(error, ijson.IncompleteJSONError) else "broken JSON"
        yield chat, Broken(f"{reason}; what comes after is not read", "", number + 1, at)
    except OSError as error:
        raise unreadable(part.name, error, f"after message {number}") from error


def _objects(stream: BinaryIO) -> Iterator[tuple[str, Any]]:
    """`chat` where one begins, and each message as an object."""
    builder = None
    for prefix, event, value in ijson.parse(stream, use_float=True):
        if builder is None and prefix in MESSAGES:
            builder = ijson.ObjectBuilder()
        if builder is not None:
            builder.event(event, value)
            if prefix in MESSAGES and event not in ("start_map", "start_array", "map_key"):
                yield "message", builder.value
                builder = None
        elif prefix in CHATS and event == "start_map":
            yield "chat", None


def _message(value: Mapping[str, Any], number: int, at: int, names: set[str]) -> Message | None:
    if value["type"] != "message":  # somebody joined, called, pinned
        return None
    sender, text = str(value.get("from_id") or value["from"]), _text(value["text"])
    if value.get("from") in names:
        names.add(sender)
    return Message(sender, text, datetime.fromisoformat(value["date"]), number, at) if text.strip() else None


def _text(text: str | list[str | dict[str, Any]]) -> str:
    """A text as it reads; it is a list where parts of it are links, names, bold."""
    if isinstance(text, str):
        return text
    pieces = []
    for piece in text:
        if isinstance(piece, str):
            pieces.append(piece)
        elif piece["type"] == "mention_name":
            pieces.append(f"@\u2068user{piece['user_id']}\u2069")
        else:
            pieces.append(UNNAMED if piece["type"] == "mention" else str(piece["text"]))
    return "".join(pieces)
