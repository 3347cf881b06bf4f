"""Where people are reached in the net: e-mail, IP addresses, names in social networks."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

import regex

from dono.corpus.privacy.cues import words
from dono.corpus.privacy.findings import Finding
from dono.corpus.privacy.reading import Reading, by_block

EMAIL = regex.compile(
    r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9](?:[A-Za-z0-9._%+\-]{0,62}[A-Za-z0-9_+\-])?(?:@|[ ]@[ ]|@[ ])"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?\.){1,5}[A-Za-z]{2,18}(?![A-Za-z0-9])"
)
SPELT = regex.compile(
    r"(?<![A-Za-z0-9._])[A-Za-z0-9][A-Za-z0-9._+\-]{1,40}(?:[ ]?[\[({][ ]?at[ ]?[\])}][ ]?|[ ]at[ ])[A-Za-z0-9\-]{2,40}"
    r"(?:(?:[ ]?[\[({][ ]?dot[ ]?[\])}][ ]?|[ ]dot[ ]|\.)[A-Za-z]{2,12}){1,3}(?![A-Za-z0-9])",
    regex.IGNORECASE,
)
DOT = regex.compile(r"[\[({ ]dot[\])} ]", regex.IGNORECASE)


def email(reading: Reading) -> Iterator[Finding]:
    """name@domain.tld in ASCII, and the spelling out of it with [at] and [dot]."""
    for at in reading.at_signs:
        for match in EMAIL.finditer(reading.folded, max(0, at - 66), at + 120):
            yield Finding(*match.span(), "email", reading.cue("email", *match.span()), checked=True)
    if " dot" in reading.lowered or "dot]" in reading.lowered or "dot)" in reading.lowered:
        for match in SPELT.finditer(reading.folded):
            if DOT.search(match[0]):
                yield Finding(*match.span(), "email", reading.cue("email", *match.span()), checked=True)


IPV4 = regex.compile(r"(?<![0-9A-Za-z.])(?:[0-9]{1,3}[ ]?\.[ ]?){3}[0-9]{1,3}(?![0-9A-Za-z]|\.[0-9])")
IPV6 = regex.compile(r"(?<![0-9A-Za-z:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![0-9A-Za-z:])")
COLONS = regex.compile(r":[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:")
FEWEST_GROUPS = 4
"""An IPv6 address with fewer written groups (::1, fe80::1) is no one's connection, or a time or code (assumed)."""


def ip(reading: Reading) -> Iterator[Finding]:
    """IPv4 and IPv6 addresses that may be somebody's: not of this machine, not a version's number."""
    folded = reading.folded
    for match in IPV4.finditer(folded) if reading.pointed else ():
        if _someones(match[0].replace(" ", "")):
            cue = reading.cue("ip", *match.span())
            if cue is not None or (" " not in match[0] and not reading.impersonal(*match.span())):
                yield Finding(*match.span(), "ip", cue, checked=True)
    for match in IPV6.finditer(folded) if reading.hot and COLONS.search(folded) else ():
        written = [group for group in match[0].split(":") if group]
        if len(written) >= FEWEST_GROUPS and any(c.isdigit() for c in match[0]) and _someones(match[0]):
            yield Finding(*match.span(), "ip", reading.cue("ip", *match.span()), checked=True)


def _someones(address: str) -> bool:
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return False
    return not (read.is_loopback or read.is_unspecified or read.is_multicast or address.startswith(("0.", "255.")))


HANDLE = regex.compile(
    r"(?<![A-Za-z0-9_.@/\-`(\"'=])@(?P<name>[A-Za-z][A-Za-z0-9_.]{1,28}[A-Za-z0-9_])"
    r"(?![A-Za-z0-9_@/(=\-]|\.[A-Za-z])"
)
PROFILE = regex.compile(
    r"(?<![A-Za-z0-9\-])(?:(?:instagram|facebook|twitter|x|linkedin|snapchat)\.com|t\.me|threads\.net)/"
    r"(?:in/|add/|@)?"
    r"(?P<name>[A-Za-z0-9_.\-]{2,40}[A-Za-z0-9_])",
    regex.IGNORECASE,
)
NAMED = regex.compile(
    r"(?:insta(?:gram)?|twitter|telegram|snapchat|facebook|fb|इंस्टाग्राम|ट्विटर|टेलीग्राम|फेसबुक)"
    r"(?:[ ](?:id|handle|username|user|आईडी|हैंडल))?"
    r"[ ]?(?::|-|is|=|पर)[ ]?(?P<name>[A-Za-z][A-Za-z0-9_.]{2,28}[A-Za-z0-9_])(?![A-Za-z0-9_])",
    regex.IGNORECASE,
)
NOBODY = frozenset(
    words(
        """
        all and app author channel charset class dataclass deprecated everyone example font gmail group here
        host import include interface keyframes layer login media mention mixin name null override page param
        property public return see staticmethod supports tailwind test the this throws todo user username yahoo
        app.get app.post app.route
        """,
        None,
    )
)
"""Words behind @ that name nobody."""
PAGES = frozenset(
    words(
        """
        about ads company explore groups hashtag help home i in intent joinchat legal login p pages privacy r
        reel s search share sharer status terms watch
        """,
        None,
    )
)


def handle(reading: Reading) -> Iterator[Finding]:
    """@name, the address of a profile, or a name behind the network's name."""
    for at in reading.at_signs:
        match = HANDLE.match(reading.folded, at)
        if match and match["name"].lower() not in NOBODY:
            yield Finding(*match.span(), "handle", reading.cue("handle", *match.span()))
    if ".com/" in reading.lowered or ".me/" in reading.lowered or ".net/" in reading.lowered:
        for match in PROFILE.finditer(reading.folded):
            if match["name"].lower() not in PAGES:
                yield Finding(*match.span("name"), "handle", 0)
    if reading.mentions(NETWORKS):
        for match in NAMED.finditer(reading.folded):
            if regex.search(r"[0-9_.]", match["name"]):
                yield Finding(*match.span("name"), "handle", 0)


NETWORKS = by_block(("insta", "twitter", "telegram", "snapchat", "facebook", "fb", "इंस्टा", "ट्विटर", "टेलीग्राम", "फेसबुक"))
