"""Chats exported from WhatsApp as text, as Android and iOS write them in the languages of their users.

The format is not documented by its maker; what is known of it here comes from exports and from Unicode's CLDR, by
which both systems write dates. Of lines that WhatsApp itself writes, those without a sender are known in any language,
and so are media left out (`<…>`, or a mark of direction first); notes on deleted messages are known in some.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice

import regex

from dono.corpus.conversations import Chat, Message, mentions
from dono.corpus.parts import Part
from dono.corpus.rows import LONGEST, Broken, Row, beginning, read_lines
from dono.project import Source

MARKS = "\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"
"""Marks of direction, which iOS puts before what it writes itself."""
SPACE = "[ \u00a0\u202f]"
POINT = rf"[{MARKS}]?[./-][{MARKS}]?{SPACE}?"
WORD = r"[^\d\s\[\]:,-][^\d\[\]:,-]{0,15}?"
CLOCK = rf"""
    (?P<first>\d{{1,4}}){POINT}(?P<second>\d{{1,2}}){POINT}(?P<third>\d{{1,4}})\.?[,،]?{SPACE}+
    (?: (?P<word>{WORD}) {SPACE}? )? (?P<hour>\d{{1,2}}) [:.] (?P<minute>\d{{2}}) (?: [:.] \d{{2}} )?
    (?: {SPACE}? (?P<word>{WORD}) )?
"""
"""Date and time, digits of any script. The half of the day stands before the hour (Tamil, Chinese) or after it."""
HEAD = regex.compile(rf"[{MARKS}]* (?: \[{CLOCK}\]{SPACE} | {CLOCK}{SPACE}[-–]{SPACE} )", regex.X)
"""How a message begins on iOS, and on Android."""
SENDER = regex.compile(rf"[{MARKS}]*(?P<sender>[^\n:]{{1,100}}):(?:{SPACE}|$)")
QUOTES = regex.compile('["“”„«»]')
"""A line whose beginning has quotes before the colon is a note on a new subject, not a message."""
AFTERNOON = frozenset([
    "pm", "p", "సా", "ਬਾਦੁ", "ਸ਼", "ଅ", "ଅପରାହ୍ନ", "अपराह्न", "मउ", "शाम", "مساءً", "م", "सांजे", "পিএম", "ප", "පව",
    "பிற்பகல்", "ಅಪರಾಹ್ನ", "অপরাহ্ণ", "অপরাহ্ন", "પીએમ", "ptg", "ch", "หลังเที่ยง", "ညနေ", "ຫຼັງທ່ຽງ", "下午", "午後",
    "오후", "بظ", "بعدازظهر", "אחה״צ", "ös", "пп", "odp", "du", "слоб", "pop", "popoldne", "μμ", "em", "eftermiddag",
    "ip", "pēcp", "popiet", "md", "tk", "nm", "n", "ከሰዓት", "հ",
])  # fmt: skip
MORNING = frozenset([
    "am", "a", "ఉ", "ਪੂਦੁ", "ਸ", "ପୂ", "ପୂର୍ବାହ୍ନ", "पूर्वाह्न", "मपू", "सुबह", "صباحًا", "ص", "सकाळीं", "පෙ",
    "පෙව", "முற்பகல்", "ಪೂರ್ವಾಹ್ನ", "পূর্বাহ্ণ", "এএম", "એએમ", "pg", "sa", "ก่อนเที่ยง", "နံနက်", "ກ່ອນທ່ຽງ", "上午",
    "午前", "오전", "قظ", "לפנה״צ", "öö", "дп", "dop", "de", "проб", "dopoldne", "πμ", "fm", "förmiddag", "ap",
    "priekšp", "priešpiet", "pd", "to", "vm", "v", "ጥዋት", "ա",
])  # fmt: skip
"""The halves of the day in small letters, without points and spaces (Unicode CLDR by babel 2.18, and older forms)."""
LEFT_OUT = (
    regex.compile(rf"[{MARKS}]*<[^<>\n]{{1,60}}>[{MARKS}]*"),
    regex.compile(rf"[{MARKS}]*[\w-]+\.\w{{2,5}}{SPACE}\([^()\n]{{3,60}}\)[{MARKS}]*"),
)
"""Media: `<Media omitted>`, `IMG-0001.jpg (file attached)`, in any language."""
EDITED = regex.compile(rf"{SPACE}?[\u200e\u200f]<[^<>\n]{{1,60}}>[{MARKS}]*$")
"""What stands after a message that was edited."""
REMOVED = frozenset([
    "This message was deleted", "You deleted this message", "null", "Waiting for this message",
    "यह मैसेज डिलीट कर दिया गया था", "यह मैसेज मिटा दिया गया", "यह संदेश हटा दिया गया", "आपने यह मैसेज डिलीट किया",
    "இந்த செய்தி நீக்கப்பட்டது", "இச்செய்தி நீக்கப்பட்டது", "ఈ సందేశం తొలగించబడింది", "এই মেসেজটি মুছে ফেলা হয়েছে",
    "हा मेसेज डिलीट केला", "આ મેસેજ ડિલીટ કરવામાં આવ્યો", "ಈ ಸಂದೇಶವನ್ನು ಅಳಿಸಲಾಗಿದೆ", "ഈ സന്ദേശം ഡിലീറ്റ് ചെയ്തു",
    "Diese Nachricht wurde gelöscht", "Ce message a été supprimé", "Se eliminó este mensaje",
])  # fmt: skip
"""Notes in place of deleted messages, without the full stop (from memory of the apps; not checked against exports)."""
ORDERS: dict[str, Callable[[int, int, int], tuple[int, int, int]]] = {
    "day first": lambda a, b, c: (c, b, a),
    "month first": lambda a, b, c: (c, a, b),
    "year first": lambda a, b, c: (a, b, c),
}
"""How a date may be written, to year, month and day. The first one that fits is taken where all fit equally."""
LOOKED_AT = 100_000
"""Messages by which the order of a date is found out (WhatsApp exports at most 40,000)."""


def read_whatsapp(part: Part, source: Source) -> Iterator[Row | Broken]:
    """The conversations of an export; see `Chat.rows`. Lines before the first message are broken."""
    order = date_order(islice(filter(None, map(HEAD.match, _text_lines(part))), LOOKED_AT))
    own = person(source.assistant) if source.assistant is not None else None
    return Chat(source, mentions, lambda sender: sender == own).rows(_messages(part, order))


def person(name: str) -> str:
    """What tells people apart: a name as it is, whatever marks surround it; a phone number by its digits."""
    bare = regex.sub(rf"[{MARKS}]|^~{SPACE}?", "", name).strip()
    return regex.sub(r"\D", "", bare) if regex.fullmatch(r"[+\d\s()./-]*\d[+\d\s()./-]*", bare) else bare.casefold()


def date_order(heads: Iterable[regex.Match[str]]) -> str:
    """How the dates of an export are written: the order in which most are dates and time jumps least."""
    wrong, jumps, last = dict.fromkeys(ORDERS, 0), dict.fromkeys(ORDERS, 0), dict[str, int]()
    for head in heads:
        for order in ORDERS:
            when = _when(head, order)
            if when is None:
                wrong[order] += 1
                continue
            day = when.toordinal()
            jumps[order] += abs(day - last.get(order, day))
            last[order] = day
    return min(ORDERS, key=lambda order: (wrong[order], jumps[order]))


def _text_lines(part: Part) -> Iterator[str]:
    for line in read_lines(part):
        if not isinstance(line, Broken):
            yield line[2].decode("utf8", "replace")


def _when(head: regex.Match[str], order: str) -> datetime | None:
    """The time of a message, None where there is no such date."""
    year, month, day = ORDERS[order](int(head["first"]), int(head["second"]), int(head["third"]))
    year += 2000 if year < 100 else -543 if year > 2400 else 0  # Thai exports count from the Buddha's death
    word = regex.sub(rf"[\s.{MARKS}\u200c]", "", head["word"] or "").casefold()
    hour = int(head["hour"])
    if word in AFTERNOON and hour < 12:
        hour += 12
    elif word in MORNING and hour == 12:
        hour = 0
    try:
        return datetime(year, month, day, hour, int(head["minute"]))
    except ValueError:
        return None


def _messages(part: Part, order: str) -> Iterator[Message | Broken]:
    """The messages of an export. Lines that begin none go on with the one before."""
    begun: tuple[int, regex.Match[str], datetime] | None = None
    texts, size, at = list[str](), 0, 0
    for line in read_lines(part):
        if isinstance(line, Broken):
            yield line
            continue
        before, (number, at, raw) = at, line
        try:
            text = raw.decode("utf8").removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            yield Broken("not UTF-8", beginning(raw), number, at)
            continue
        head = HEAD.match(text)
        when = _when(head, order) if head else None
        if head and when:
            if begun:
                yield from _message(*begun, texts, before)
            begun, texts, size = (number, head, when), [text[head.end() :]], len(raw)
        elif head:
            yield Broken("a date that does not exist", beginning(raw), number, at)
        elif begun and size + len(raw) <= LONGEST:
            texts.append(text)
            size += len(raw)
        elif text.strip():
            yield Broken("no message begins here", beginning(raw), number, at)
    if begun:
        yield from _message(*begun, texts, at)


def _message(number: int, head: regex.Match[str], when: datetime, texts: list[str], at: int) -> Iterator[Message]:
    """The message, unless WhatsApp itself wrote it or its content was left out."""
    named = SENDER.match(texts[0])
    if named is None or QUOTES.search(named["sender"]):
        return
    text = "\n".join([texts[0][named.end() :], *texts[1:]])
    ours = head[0].lstrip("\u200e\u200f").startswith("[") and text.startswith(("\u200e", "\u200f"))  # written by iOS
    text = EDITED.sub("", text)
    if not text.strip() or ours or any(pattern.fullmatch(text) for pattern in LEFT_OUT):
        return
    if text.strip().rstrip(".।") not in REMOVED:
        yield Message(person(named["sender"]), text, when, number, at)
