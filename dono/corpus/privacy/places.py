"""Where people are: coordinates, PIN codes, postal addresses."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from dono.corpus.privacy.cues import cue_pattern, words
from dono.corpus.privacy.findings import Finding
from dono.corpus.privacy.reading import Reading, by_block
from dono.corpus.privacy.recogniser import free

DECIMAL = regex.compile(
    r"(?<![0-9.])(?P<lat>[+\-]?[0-9]{1,2}\.[0-9]{3,12})[ ]?°?[ ]?(?P<north>[NSns](?![A-Za-z]))?"
    r"(?:[ ]?[,;/|][ ]?|[ ]{1,2})"
    r"(?:[A-Za-z]{2,9}[ ]?[:=]?[ ]?)?(?P<long>[+\-]?[0-9]{1,3}\.[0-9]{3,12})"
    r"(?:[ ]?°?[ ]?(?P<east>[EWew])(?![A-Za-z]))?(?!\.?[0-9])"
)
SEXAGESIMAL = regex.compile(
    r"[0-9]{1,2}[ ]?°[ ]?[0-9]{1,2}[ ]?['′’][ ]?[0-9]{1,2}(?:\.[0-9]+)?[ ]?(?:\"|″|”|'')[ ]?[NS][ ,;]{1,3}"
    r"[0-9]{1,3}[ ]?°[ ]?[0-9]{1,2}[ ]?['′’][ ]?[0-9]{1,2}(?:\.[0-9]+)?[ ]?(?:\"|″|”|'')[ ]?[EW]"
)
FINE = 4
"""Decimals of a degree (about 10 m) that are taken for a place without a cue; with one, three do (assumed)."""


def coordinates(reading: Reading) -> Iterator[Finding]:
    """Latitude and longitude, in decimal degrees or in degrees, minutes and seconds."""
    folded = reading.folded
    for match in DECIMAL.finditer(folded) if reading.pointed else ():
        lat, long = match["lat"], match["long"]
        if abs(float(lat)) <= 90 and abs(float(long)) <= 180:
            cue = reading.cue("coordinates", *match.span())
            fine = min(len(lat.partition(".")[2]), len(long.partition(".")[2])) >= FINE
            marked = bool(match["north"] and match["east"])
            if cue is not None or marked or (fine and not reading.impersonal(*match.span())):
                yield Finding(*match.span(), "coordinates", cue, checked=True)
    for match in SEXAGESIMAL.finditer(folded) if reading.hot and "°" in folded else ():
        yield Finding(*match.span(), "coordinates", reading.cue("coordinates", *match.span()), checked=True)


def pin_code(reading: Reading) -> Iterator[Finding]:
    """Six digits, the first no zero, that a cue calls a PIN code, or that end an address behind a dash."""
    for number in reading.numbers.get(6, ()):
        if number.digits[0] == "0" or number.groups not in ((6,), (3, 3)) or not free(reading, number):
            continue
        cue = reading.cue("pin_code", number.start, number.end, reach=24)
        if cue is None and regex.search(
            r"[\p{L}\p{M})][ ]?[-,][ ]?$", reading.folded, pos=max(0, number.start - 4), endpos=number.start
        ):
            cue = reading.cue("address", number.start, number.end, reach=160)
            house = HOUSE.search(reading.folded, max(0, number.start - 160), number.start)
            city = reading.cue("city", number.start, number.end, reach=16)
            cue = cue if cue is not None else city
            cue = cue if cue is not None else (number.start - house.end() if house else None)
        if cue is not None:
            yield Finding(number.start, number.end, "pin_code", cue)


LONGEST = 160
"""Characters of an address at most (assumed)."""
HOUSE = regex.compile(
    r"(?<![\p{L}\p{M}])(?:h\.?[ ]?no|house[ ]no|flat[ ]no|plot[ ]no|door[ ]no|flat|मकान[ ](?:नंबर|सं|संख्या|नं)|फ्लैट|"
    r"घर[ ](?:नंबर|क्रमांक)|প্লট|ফ্ল্যাট|বাড়ি[ ]নং|ਮਕਾਨ[ ]ਨੰਬਰ|ਫਲੈਟ|મકાન[ ]નંબર|ફ્લેટ|ଘର[ ]ନମ୍ବର|ଫ୍ଲାଟ|வீட்டு[ ]எண்|"
    r"கதவு[ ]எண்|ఇంటి[ ](?:నంబర్|నెం)|ఫ్లాట్|ಮನೆ[ ](?:ಸಂಖ್ಯೆ|ನಂ)|ಫ್ಲಾಟ್|വീട്ടു[ ]?നമ്പർ|വീട്[ ]നമ്പർ|ഫ്ലാറ്റ്|مکان[ ]نمبر|فلیٹ)"
    r"\.?[ ]?[:#.\-]?[ ]?(?=[A-Za-z\-]{0,3}[0-9])",
    regex.IGNORECASE,
)
HOUSE_WORDS = by_block(
    words(
        """
        h.no hno house flat plot door मकान फ्लैट घर প্লট ফ্ল্যাট বাড়ি ਮਕਾਨ ਫਲੈਟ મકાન ફ્લેટ ଘର ଫ୍ଲାଟ வீட்டு கதவு ఇంటి ఫ్లాట్
        ಮನೆ ಫ್ಲಾಟ್ വീട്ടു വീട് ഫ്ലാറ്റ് مکان فلیٹ
        """,
        None,
    )
)
ADDRESS_END = regex.compile(
    r"[\n।॥۔!?;]|(?<=[\p{L}\p{M}]{4}|[0-9)])\.(?=[ ]+\p{L}|[ ]*$)|\.(?=[ ]*$)"
    r"|(?<![0-9])(?=[1-9][0-9]{2}[ ]?[0-9]{3}(?![0-9]))"
)
FIRST_NUMBER = 24
"""A number stands within so many characters of the beginning of an address (assumed)."""
OTHER_ADDRESS = regex.compile(r"(?<![a-z])(?:to|ip|ipv4|ipv6|email|e-mail|mail|mac|web)[ ]$")
FILLER = regex.compile(r"[ ]*(?:[\p{L}\p{M}]{1,4}[ ])?[:\-=,]*[ ]*(?:(?:is|at|hai|है|আছে|ਹੈ|છે|ହେଉଛି|ஆகும்|ہے|आहे)[ ]+)?")


def address(reading: Reading) -> Iterator[Finding]:
    """What follows a cue or a house's number, up to the PIN code or the end of the sentence, if it has a number in it.

    The PIN code is a finding of its own.
    """
    folded = reading.folded
    if not reading.hot:
        return
    starts: list[tuple[int, bool]] = []
    if reading.names("address"):
        cues = cue_pattern("address", reading.ascii).finditer(reading.lowered)
        starts += [
            (m.end(), True) for m in cues if not OTHER_ADDRESS.search(reading.lowered, max(0, m.start() - 8), m.start())
        ]
    if reading.mentions(HOUSE_WORDS):
        starts += [(m.start(), False) for m in HOUSE.finditer(folded)]
    for begin, cued in starts:
        start = FILLER.match(folded, begin).end() if cued else begin  # type: ignore[union-attr]
        stop = ADDRESS_END.search(folded, start, min(len(folded), start + LONGEST))
        end = stop.start() if stop else min(len(folded), start + LONGEST)
        body = folded[start:end].rstrip(" ,-:(")
        pinned = stop is not None and stop.end() == stop.start()
        written = regex.search(r"[0-9]", body[:FIRST_NUMBER]) is not None and ("," in body or pinned)
        if len(body) >= 10 and "@" not in body and written and (stop or end == len(folded)):
            yield Finding(start, start + len(body), "address", 0 if cued else None)
