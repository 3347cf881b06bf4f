"""How much memory training takes, and how much there is."""

from __future__ import annotations

import resource

import torch


def most_memory(device: torch.device) -> int:
    """The most bytes that were in use at once: of the GPU, or of this process."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts in KiB
