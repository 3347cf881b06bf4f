"""Chats exported from Slack: a directory or a zip archive with a directory for each channel, a file for each day.

The format: https://slack.com/help/articles/220556107, and https://api.slack.com/reference/surfaces/formatting for text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import regex

from dono.corpus.archives import zip_members
from dono.corpus.conversations import Chat, Message, Speakers
from dono.corpus.parts import LocalFile, Part, unreadable
from dono.corpus.remote import is_url, remote_files
from dono.corpus.rows import LONGEST, Broken, Row, beginning
from dono.corpus.walking import local_files
from dono.errors import Mistake
from dono.project import Source

DAY = regex.compile(r"(?P<channel>.+)/\d{4}-\d{2}-\d{2}\.json")
WRITTEN = (None, "thread_broadcast", "bot_message", "me_message", "file_comment")
"""Subtypes of messages that somebody wrote; the others tell who joined or what was renamed."""
ENTITY = regex.compile(r"<(?P<kind>[@#!]?)(?P<what>[^<>|\n]*)(?:\|(?P<label>[^<>\n]*))?>")
ESCAPED = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}


@dataclass(frozen=True)
class SlackChannel(Part):
    """A channel of an export: its days in order. `assistants` are the ids of whoever is the source's `assistant`."""

    channel: str
    days: tuple[Part, ...]
    assistants: frozenset[str]

    @property
    def name(self) -> str:
        """The channel's directory."""
        return self.channel

    @property
    def size(self) -> int:
        """Bytes of all days."""
        return sum(day.size for day in self.days)

    def fingerprint(self) -> str:
        """Of all days."""
        return hashlib.sha256("".join(day.fingerprint() for day in self.days).encode()).hexdigest()[:16]

    def stamp(self) -> str:
        """Those of the days."""
        return " ".join(day.stamp() for day in self.days)


def slack_parts(source: Source) -> list[SlackChannel]:
    """The channels of the exports that a source's path names. Raises `Mistake` where there is none."""
    found: list[SlackChannel] = []
    for files in _exports(source):
        users = next((f for f in files if f.name.endswith("/users.json")), None)
        assistants = _assistants(users, source.assistant)
        days: dict[str, list[Part]] = {}
        for file in files:
            if match := DAY.fullmatch(file.name):
                days.setdefault(match["channel"], []).append(file)
        found += [SlackChannel(name, tuple(days[name]), assistants) for name in sorted(days)]
    if not found:
        remedy = "Give Slack's export: the zip, or the directory it unpacks to"
        raise Mistake("no channel with a file for each day", where=f"corpus[{source.name}].path", remedy=remedy)
    return found


def _exports(source: Source) -> Iterator[Sequence[Part]]:
    """The JSON files of each export."""
    json_files = frozenset([".json"])
    if Path(source.path).is_dir():
        yield [LocalFile(f) for f in local_files(source.path, json_files)]
        return
    archives: Sequence[Part] = (
        remote_files(source.path, None) if is_url(source.path) else [LocalFile(f) for f in local_files(source.path)]
    )
    for archive in archives:
        yield zip_members(archive, json_files, None)


def _assistants(users: Part | None, assistant: str | None) -> frozenset[str]:
    """The ids of those whose id or name is the assistant's."""
    if assistant is None:
        return frozenset()
    known = _load(users) if users is not None else []
    found = {assistant}
    for user in known if isinstance(known, list) else []:
        if isinstance(user, dict):
            profile = user.get("profile")
            holders = [user, profile] if isinstance(profile, dict) else [user]
            names = [holder.get(key) for holder in holders for key in ("name", "real_name", "display_name")]
            if assistant in names:
                found.add(str(user.get("id")))
    return frozenset(found)


def _load(part: Part) -> object:
    """What a JSON file holds; None where it is broken, or larger than a day of messages can be."""
    try:
        with part.open() as stream:
            return json.loads(stream.read()) if part.size <= LONGEST else None
    except (ValueError, RecursionError):
        return None
    except OSError as error:
        raise unreadable(part.name, error) from error


def read_slack(part: Part, source: Source) -> Iterator[Row | Broken]:
    """The conversations of a channel, a day in memory at a time; see `Chat.rows`. A thread is one of its own.

    `line` counts the channel's messages.
    """
    assert isinstance(part, SlackChannel)
    return Chat(source, plain, part.assistants.__contains__).rows(_messages(part))


def _messages(part: SlackChannel) -> Iterator[Message | Broken]:
    number = at = 0
    for day in part.days:
        at += day.size
        values = _load(day)
        if not isinstance(values, list):
            number += 1
            reason = f"a day whose JSON is broken or larger than {LONGEST >> 20} MiB"
            yield Broken(reason, day.name.rpartition("/")[2], number, at)
            continue
        for value in values:
            number += 1
            try:
                found = _message(value, number, at)
            except (AttributeError, KeyError, TypeError, ValueError, OverflowError, OSError):
                yield Broken("not a message as Slack writes it", beginning(repr(value)), number, at)
                continue
            if found is not None:
                yield found


def _message(value: Mapping[str, Any], number: int, at: int) -> Message | None:
    if value["type"] != "message" or value.get("subtype") not in WRITTEN:
        return None
    when = datetime.fromtimestamp(float(value["ts"]), UTC)
    sender = str(value.get("user") or value.get("bot_id") or value["username"])
    text, thread = value["text"], str(value.get("thread_ts") or "")
    if not isinstance(text, str):
        raise TypeError
    return Message(sender, text, when.replace(tzinfo=None), number, at, thread) if text.strip() else None


def plain(text: str, speakers: Speakers) -> str:
    """Slack's markup as it reads: links by their label, people who are mentioned as speakers."""

    def read(match: regex.Match[str]) -> str:
        kind, what, label = match["kind"], match["what"], match["label"]
        if kind == "@":
            return speakers.mentioned(what)
        if kind == "!":  # <!here>, <!subteam^S123|@team>
            return label or f"@{what}"
        return f"{kind}{label or what}"

    text = ENTITY.sub(read, text)
    return regex.sub("&(?:lt|gt|amp);", lambda match: ESCAPED[match[0]], text)
