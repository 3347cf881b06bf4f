"""A group of processes on a Ray cluster: actors that take their places together, and meet as `torchrun`'s do."""

from __future__ import annotations

import fcntl
import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import ray
from ray.util import get_node_ip_address
from ray.util.placement_group import placement_group, remove_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from dono.errors import Capped, Mistake
from dono.runners.joining import Head
from dono.runners.outcomes import RESTARTS, Outcomes
from dono.runners.tasks import A, Needs

ROOM = 60.0
"""Seconds in which there must be room for a group that fits; after them it is looked again how many fit."""
EVERY = 0.5
"""Seconds between two looks at a group."""
ADDRESS_OF = 0x8915
"""SIOCGIFADDR: the ioctl that tells a network interface's address."""


class Member:
    """One process of a group."""

    def meet(self) -> tuple[str, int]:
        """Where the others find this one: an address of its machine, and a port that is free."""
        with socket.socket() as probe:
            probe.bind(("", 0))
            return get_node_ip_address(), int(probe.getsockname()[1])

    def machine(self) -> str:
        """Ray's name for the machine that this process is on."""
        return str(ray.get_runtime_context().get_node_id())

    def run(self, place: dict[str, str], outcomes: Outcomes, work: Callable[[A], None], argument: A) -> None:
        """The work, among the others: `place` is what `torchrun` tells its processes.

        What a person can correct is in `outcomes`; raised here too, Ray would show its traceback.
        """
        if name := interface_of(get_node_ip_address()):  # gloo and NCCL may take another, that leads nowhere
            os.environ.setdefault("GLOO_SOCKET_IFNAME", name)
            os.environ.setdefault("NCCL_SOCKET_IFNAME", name)
        os.environ.update(place)
        with suppress(Mistake, Capped):
            outcomes.member(work, argument)


def interface_of(address: str) -> str | None:
    """The network interface that has an address, if one has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            try:
                found = fcntl.ioctl(probe.fileno(), ADDRESS_OF, struct.pack("256s", name.encode()[:15]))
            except OSError:  # it has none
                continue
            if socket.inet_ntoa(found[20:24]) == address:
                return name
    return None


def run_group(
    outcomes: Outcomes, work: Callable[[A], None], argument: A, *, room: Callable[[Needs], int], processes: int,
    needs: Needs, head: Head,
) -> None:  # fmt: skip
    """Run the group; where a process dies all begin again, with fewer where there is `room` for fewer.

    What a process raised that a person can correct is in `outcomes`. Raises `Mistake` where they die again and again.
    """
    trouble: Exception | None = None
    for _ in range(RESTARTS + 1):
        try:
            with _members(min(processes, max(1, room(needs))), needs) as members:
                _run(members, outcomes, work, argument, head)
            return
        except (ray.exceptions.RayError, TimeoutError) as error:
            if outcomes.path.exists():
                return
            trouble = error
    what = f"a group of {processes} processes died again and again ({_first_line(trouble)})"
    remedy = "See that memory suffices, and run the same command again: it goes on from the last checkpoint"
    raise Mistake(what, where=str(outcomes.folder), remedy=remedy) from trouble


@contextmanager
def _members(size: int, needs: Needs) -> Iterator[list[Any]]:
    """So many processes, which get their places all at once or not at all. Raises `TimeoutError` for want of room."""
    bundle = {"CPU": needs.processors} | ({"GPU": needs.gpus} if needs.gpus else {})
    places, members = placement_group([bundle] * size, strategy="PACK"), []
    try:
        if not places.wait(ROOM):
            raise TimeoutError(f"there is no room for {size} processes")
        for number in range(size):
            at = PlacementGroupSchedulingStrategy(places, placement_group_bundle_index=number)
            options = {"num_cpus": needs.processors, "num_gpus": needs.gpus, "scheduling_strategy": at}
            members.append(ray.remote(Member).options(**options).remote())
        yield members
    finally:
        for member in members:
            ray.kill(member)
        remove_placement_group(places)


def _run(members: list[Any], outcomes: Outcomes, work: Callable[[A], None], argument: A, head: Head) -> None:
    """Raises what Ray raises as soon as one of them dies or fails, and `TimeoutError` where a machine is gone.

    Of a machine that does not answer any more Ray itself notices only after minutes that nothing comes from there.
    """
    address, port = ray.get(members[0].meet.remote())
    machines = set(ray.get([member.machine.remote() for member in members]))
    size = len(members)
    left = [
        member.run.remote(
            {
                "RANK": str(rank), "WORLD_SIZE": str(size), "LOCAL_RANK": "0", "MASTER_ADDR": address,
                "MASTER_PORT": str(port),
            },
            outcomes, work, argument,
        )
        for rank, member in enumerate(members)
    ]  # fmt: skip
    while left and not outcomes.path.exists():
        done, left = ray.wait(left, timeout=EVERY)
        ray.get(done)
        if not done:
            head.check()
            if not machines <= {node["NodeID"] for node in ray.nodes() if node["Alive"]}:
                raise TimeoutError("a machine of the group is gone")


def _first_line(error: Exception | None) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:200] if lines else type(error).__name__
