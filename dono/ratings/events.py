"""What happened at a desk, in order. Events are only ever added; all else is read off them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "desk",
    "item",
    "rejected",
    "rater",
    "revoked",
    "interface",
    "assigned",
    "renewed",
    "draft",
    "submitted",
    "returned",
    "looked",
    "refused",
    "exported",
]
"""desk: settings in force; item: something to rate; rejected: a row set aside; rater: somebody may rate, or a new
token; revoked: no longer; interface: language of their pages; assigned: a lease; renewed: a lease
that ran out goes on; draft: typed, not sent; submitted:
sent; returned: skipped or flagged; looked: the manager's decision on flags; refused: a form that was not taken;
exported: somebody took the ratings out."""


@dataclass(frozen=True)
class Event:
    """`id` counts from 1 without gaps; `at` is seconds since 1970; `actor` is a rater, `manager` or `desk`."""

    id: int
    at: float
    actor: str
    kind: str
    body: Mapping[str, object]


def encoded(body: Mapping[str, object]) -> str:
    """JSON in ASCII: no database stumbles over a character, U+0000 included."""
    return json.dumps(body, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
