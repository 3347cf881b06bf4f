"""The verdict with something moved: judged again by the head, forecasts kept as long as the pilots are the same."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from dono.decisions import Moves, Verdict, judged_again, moved, seen_again, seen_by
from dono.decisions.grounds import Seen
from dono.studio.site.work import Judged

KEPT = 4
"""Sizes of the full run whose forecasts are kept (each some megabytes)."""


@dataclass
class Judge:
    """One judgement at a time: each takes seconds of a processor that pilots may want."""

    _seen: OrderedDict[tuple[str, float], Seen] = field(default_factory=OrderedDict)
    _mutex: threading.Lock = field(default_factory=threading.Lock)

    def again(self, judged: Judged, moves: Moves) -> Verdict:
        """The verdict as it would be. The verdict has kept its grounds."""
        assert judged.grounds is not None
        grounds, key = moved(judged.grounds, moves), (judged.artifact.id, moves.data)
        with self._mutex:
            if key not in self._seen:
                self._seen[key] = seen_by(grounds)
            self._seen.move_to_end(key)
            while len(self._seen) > KEPT:
                self._seen.popitem(last=False)
            return judged_again(judged.verdict, grounds, seen_again(self._seen[key], grounds))
