"""Findings against what was to be found: kinds under their common names, places by overlap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks.privacy_cases.make import Case, Span

ALIASES: dict[str, tuple[str, ...]] = {
    "aadhaar": ("aadhaar", "aadhar", "uid", "uidai"),
    "vid": ("vid", "virtual_id", "aadhaar_vid", "aadhaar_virtual_id"),
    "pan": ("pan", "pan_card", "permanent_account"),
    "gstin": ("gstin", "gst"),
    "upi": ("upi", "upi_id", "vpa", "upi_vpa"),
    "mobile": ("mobile", "mobile_phone", "cell", "cellphone", "whatsapp"),
    "landline": ("landline", "fixed_line"),
    "phone": ("phone", "telephone", "phone_mobile", "contact"),
    "vehicle": (
        "vehicle",
        "vehicle_registration",
        "registration",
        "number_plate",
        "license_plate",
        "licence_plate",
        "rc",
    ),
    "voter_id": ("voter_id", "voter", "epic", "voterid", "epic_id"),
    "passport": ("passport",),
    "driving_licence": (
        "driving_licence",
        "driving_license",
        "dl",
        "driver_license",
        "drivers_license",
        "driver_licence",
    ),
    "ifsc": ("ifsc", "ifsc_code"),
    "bank_account": ("bank_account", "account", "bank_acct", "bank", "ifsc_account", "acc", "bank_ac"),
    "card": ("card", "credit_card", "debit_card", "payment_card"),
    "imei": ("imei",),
    "imsi": ("imsi",),
    "iccid": ("iccid", "sim", "sim_iccid"),
    "order": ("order", "order_id", "booking", "booking_id", "trip_id", "pnr"),
    "awb": ("awb", "tracking", "tracking_id", "awb_tracking", "consignment"),
    "email": ("email", "email_address", "e_mail", "mail"),
    "ip": ("ip", "ipv4", "ipv6", "ip_address"),
    "coordinates": (
        "coordinates",
        "lat_long",
        "latlong",
        "coordinate",
        "geo",
        "location_coordinates",
        "gps",
        "lat_lon",
        "latlon",
    ),
    "handle": ("handle", "social_handle", "username", "social", "social_media_handle"),
    "birth_date": ("birth_date", "dob", "date_of_birth", "birthdate", "date_time", "birthday"),
    "pin_code": ("pin_code", "pin", "pincode", "postal_code", "zip", "zip_code", "postcode"),
    "address": ("address", "location", "postal_address", "street_address"),
    "name": ("name", "person", "person_name", "full_name", "per"),
}
"""Names of kinds in other people's sets, in lower case, without IN_ before and _NUMBER, _NO behind."""
SAME: dict[str, frozenset[str]] = {"phone": frozenset({"phone", "mobile", "landline"})}
"""A kind of ours that stands for several."""


def kinds_of(name: str) -> frozenset[str]:
    """The kinds of ours that a name means; the name itself where none does."""
    plain = name.strip().lower().replace("-", "_").replace(" ", "_")
    for before in ("in_", "indian_", "india_"):
        plain = plain.removeprefix(before)
    shorter = plain
    for behind in ("_number", "_no", "_num", "_vpa"):
        shorter = shorter.removesuffix(behind)
    for kind, names in ALIASES.items():
        if plain in names or shorter in names:
            return SAME.get(kind, frozenset({kind}))
    return frozenset({plain})


@dataclass
class Tally:
    """Of spans to be found hits and misses, of findings false alarms, by kind; of hits those with the exact place."""

    hits: Counter[str] = field(default_factory=Counter)
    misses: Counter[str] = field(default_factory=Counter)
    alarms: Counter[str] = field(default_factory=Counter)
    exact: int = 0

    def scores(self, kind: str | None = None) -> dict[str, float]:
        """Recall and precision, of one kind or of all."""
        counts = [c[kind] if kind else c.total() for c in (self.hits, self.misses, self.alarms)]
        hits, misses, alarms = counts
        return {
            "recall": round(hits / (hits + misses), 4) if hits + misses else 1.0,
            "precision": round(hits / (hits + alarms), 4) if hits + alarms else 1.0,
        }


def score(cases: Sequence[Case], found: Iterable[Sequence[Span]]) -> Tally:
    """A finding hits a span of its own kind if what they share is at least half of what they cover together."""
    tally = Tally()
    for case, some in zip(cases, found, strict=True):
        left = list(some)
        for span in case.spans:
            wanted = kinds_of(span.kind)
            hit = next((f for f in left if kinds_of(f.kind) & wanted and overlap(f, span) >= 0.5), None)
            if hit is None:
                tally.misses[_listed(span.kind)] += 1
            else:
                left.remove(hit)
                tally.hits[_listed(span.kind)] += 1
                tally.exact += (hit.start, hit.end) == (span.start, span.end)
        tally.alarms.update(_listed(f.kind) for f in left)
    return tally


def _listed(name: str) -> str:
    kinds = kinds_of(name)
    return next(iter(kinds)) if len(kinds) == 1 else "phone"


def overlap(one: Span, other: Span) -> float:
    """Shared characters over covered characters."""
    shared = min(one.end, other.end) - max(one.start, other.start)
    return max(0, shared) / (max(one.end, other.end) - min(one.start, other.start))
