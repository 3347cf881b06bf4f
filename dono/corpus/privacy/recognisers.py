"""The table of recognisers, and all that they find in a text."""

from __future__ import annotations

from collections.abc import Collection

import regex

from dono.corpus.privacy.findings import Finding, resolved
from dono.corpus.privacy.government import aadhaar, driving_licence, gstin, pan, passport, vehicle, vid, voter_id
from dono.corpus.privacy.money import bank_account, card, ifsc, upi
from dono.corpus.privacy.network import email, handle, ip
from dono.corpus.privacy.orders import awb, order
from dono.corpus.privacy.people import birth_date, name
from dono.corpus.privacy.places import address, coordinates, pin_code
from dono.corpus.privacy.reading import Reading
from dono.corpus.privacy.recogniser import Recogniser
from dono.corpus.privacy.telephone import abroad, iccid, imei, imsi, landline, mobile

RECOGNISERS: dict[str, Recogniser] = {
    "email": email,
    "upi": upi,
    "gstin": gstin,
    "pan": pan,
    "ifsc": ifsc,
    "iccid": iccid,
    "card": card,
    "imei": imei,
    "imsi": imsi,
    "vid": vid,
    "aadhaar": aadhaar,
    "driving_licence": driving_licence,
    "vehicle": vehicle,
    "voter_id": voter_id,
    "passport": passport,
    "coordinates": coordinates,
    "ip": ip,
    "birth_date": birth_date,
    "mobile": mobile,
    "landline": landline,
    "phone": abroad,
    "bank_account": bank_account,
    "order": order,
    "awb": awb,
    "pin_code": pin_code,
    "handle": handle,
    "name": name,
    "address": address,
}
"""By kind; where findings overlap and nothing else decides, the earlier kind holds (see `resolved`)."""

DIGITLESS = ("email", "handle", "name")
"""Kinds that a text without a digit and without @ may still hold."""
TRAILING = regex.compile(r"[\p{M}\u200c\u200d]+")


def find(text: str, kinds: Collection[str] | None = None) -> list[Finding]:
    """The identifiers in a text, by place and without overlap; all kinds are looked for unless some are named.

    All kinds compete, so that a kind that was not asked for does not turn into another. A finding ends between
    graphemes: marks behind it belong to it.
    """
    reading = Reading(text)
    looked = RECOGNISERS if reading.hot else DIGITLESS
    found = [finding for kind in looked for finding in RECOGNISERS[kind](reading)]
    if not found:
        return []
    held = resolved(found, tuple(RECOGNISERS))
    return [_whole(text, one) for one in held if kinds is None or one.kind in kinds]


def _whole(text: str, one: Finding) -> Finding:
    marks = TRAILING.match(text, one.end)
    return one if marks is None else Finding(one.start, marks.end(), one.kind, one.cue, one.checked)
