"""What two processes do together, started by `torchrun` from test_world.py: one launch for all of it.

Arguments: the folder to work in, then the kinds of runs. In the end it trains on and on until SIGTERM.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from dono.errors import Capped
from tests.rooms.training.tiny import tiny_model, tiny_spec, train_kind, train_texts


def main(base: Path, kinds: list[str]) -> None:
    """Everything in turn; what was found goes to files of this process's number."""
    rank = int(os.environ["RANK"])
    found: dict[str, object] = {}
    for kind in kinds:
        learned = train_kind(kind, base / "two" / kind)
        found[kind] = {"losses": learned.losses, "gradients": learned.gradients}
        if rank == 0:
            learned.model.save_pretrained(base / "models" / kind)
    found["one_to_two"] = train_texts(tiny_model(seed=9).double(), tiny_spec(6), base / "one_to_two").losses
    found["capped"] = _stopped_by_one(rank, base / "two_to_one")
    (base / f"found{rank}.json").write_text(json.dumps(found), encoding="utf8")
    try:
        train_texts(
            tiny_model(), tiny_spec(10**6), base / "endless",
            watch=lambda progress: (base / "running").touch() if progress.step == 3 else None,
        )  # fmt: skip
    except KeyboardInterrupt:
        (base / f"stopped{rank}").touch()


def _stopped_by_one(rank: int, folder: Path) -> str:
    """Only the second process finds its cap reached, after some steps; what both are told."""
    asked: list[float] = []

    def capped(seconds: float) -> str | None:
        asked.append(seconds)
        return "three steps" if rank == 1 and len(asked) == 3 else None

    try:
        train_texts(tiny_model().double(), tiny_spec(6), folder, capped=capped)
    except Capped as stopped:
        return f"{stopped.cap} after {len(asked)}"
    return "not stopped"


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
