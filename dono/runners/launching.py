"""A group of processes on this machine, started by torch's launcher as `torchrun` does: `python -m … FILE` is one."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from pathlib import Path

from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from dono.errors import Capped, Mistake
from dono.runners.outcomes import RESTARTS, Outcomes
from dono.runners.tasks import A


def launch(outcomes: Outcomes, work: Callable[[A], None], argument: A, *, processes: int) -> None:
    """Run the group; where a process dies, all are started again. What one of them raised is in `outcomes`.

    Raises `Mistake` where they die again and again.
    """
    asked = outcomes.path.with_suffix(".asked")
    asked.write_bytes(pickle.dumps((outcomes, work, argument)))
    config = LaunchConfig(
        min_nodes=1, max_nodes=1, nproc_per_node=processes, max_restarts=RESTARTS, rdzv_backend="c10d",
        rdzv_endpoint="127.0.0.1:0", run_id=outcomes.key, local_addr="127.0.0.1",
    )  # fmt: skip
    try:
        elastic_launch(config, sys.executable)("-m", __name__, str(asked))
    except ChildFailedError as error:
        remedy = "See that memory suffices, and run the same command again: it goes on from the last checkpoint"
        what = f"a group of {processes} processes died again and again"
        raise Mistake(what, where=str(outcomes.folder), remedy=remedy) from error
    finally:
        asked.unlink()


def main() -> None:
    """One process of a group. The file was written by the process that started it."""
    outcomes, work, argument = pickle.loads(Path(sys.argv[1]).read_bytes())
    try:
        outcomes.member(work, argument)
    except (Mistake, Capped):
        sys.exit(2)  # whoever started the group tells the person


if __name__ == "__main__":
    main()
