"""`python -m dono.runners.waiting GPUS [MINUTES]`: wait until a cluster that is starting has so many GPUs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from dono.errors import Mistake

MINUTES = 30.0
"""Until it is given up (assumed: machines of clouds come within it, or not at all)."""


def wait_for(gpus: float, there: Callable[[], float], *, minutes: float = MINUTES, nap: float = 5.0) -> None:
    """Return when `there` tells of as many GPUs. Raises `Mistake` where they do not come."""
    until = time.monotonic() + 60 * minutes
    while (found := there()) < gpus:
        if time.monotonic() > until:
            what = f"{found:g} of {gpus:g} GPUs have joined after {minutes:g} minutes"
            raise Mistake(what, where="the cluster", remedy="See the logs of the machines that are missing")
        time.sleep(nap)


def main() -> None:
    """The command."""
    import ray  # noqa: PLC0415 - an extra

    ray.init(address="auto", log_to_driver=False)
    try:
        minutes = float(sys.argv[2]) if len(sys.argv) > 2 else MINUTES
        wait_for(float(sys.argv[1]), lambda: float(ray.cluster_resources().get("GPU", 0)), minutes=minutes)
    except Mistake as mistake:
        sys.exit(f"dono: {mistake}")


if __name__ == "__main__":
    main()
