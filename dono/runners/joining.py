"""How a Ray cluster is joined, and its errors in a person's words."""

from __future__ import annotations

import importlib
import logging
import os
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from dono.errors import Mistake

PATIENCE = 10.0
"""Seconds until an address at which nobody answers is given up."""
PORTS = {"ray://": 10001, "": 6379}
"""Where Ray listens unless told otherwise: for those who sit outside of a cluster, and for its own machines."""
KNOCK, GONE = 5.0, 20.0
"""Seconds between two looks at the head of a cluster, and without an answer until it is taken for gone."""
AGAIN = "Run the same command again: what was finished is kept"
INSTALL = "Install it with: pip install 'dono[cluster]'"


def join(address: str) -> bool:
    """Join the cluster at `address`; whether it was not joined before.

    Raises `Mistake` where Ray is not installed, nobody answers, or the cluster has another Ray or Python.
    """
    try:
        ray = importlib.import_module("ray")
        if address.startswith("ray://"):
            importlib.import_module("grpc")
    except ModuleNotFoundError as error:
        raise Mistake(f"{error.name} is not installed", where=f"--on {address}", remedy=INSTALL) from error
    if address not in ("local", "auto"):
        _knock(address)
    if ray.is_initialized():
        return False
    own = {"include_dashboard": False} if address == "local" else {}
    if address == "local":
        os.environ.setdefault("RAY_worker_register_timeout_seconds", "300")
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **own)
    except Exception as error:
        raise refused(address, error) from error
    return True


def _knock(address: str) -> None:
    """Raises `Mistake` where nobody listens: Ray itself would try for minutes."""
    scheme = "ray://" if address.startswith("ray://") else ""
    host, _, port = address.removeprefix(scheme).strip("/").partition(":")
    where = f"--on {address}"
    if not host or not (port or "0").isdigit():
        remedy = "Write local, auto, HOST:PORT or ray://HOST:PORT"
        raise Mistake(f"{address!r} is no address of a cluster", where=where, remedy=remedy)
    try:
        socket.create_connection((host, int(port or PORTS[scheme])), timeout=PATIENCE).close()
    except OSError as error:
        remedy = f"Start the cluster (`ray start --head`), or correct the address; ray:// is port {PORTS['ray://']}"
        raise Mistake(f"no cluster answers there ({error})", where=where, remedy=remedy) from error


def refused(address: str, error: Exception) -> Mistake:
    """Why a cluster could not be joined, in a line."""
    text, where = str(error), f"--on {address}"
    versions = re.findall(r"(Ray|Python): *(\S+)", text)
    if "ersion mismatch" in text or len(versions) >= 4:
        told = [f"{name} {version}" for name, version in versions]
        what = f"the cluster runs {' and '.join(told[:2])}, this machine {' and '.join(told[2:4])}"
        return Mistake(what, where=where, remedy="Install the cluster's versions here, or the other way round")
    first = next((line.strip() for line in text.splitlines() if line.strip()), type(error).__name__)
    remedy = "See that the cluster is up (`ray status` on its head), and that this machine may reach it"
    return Mistake(f"the cluster cannot be joined ({first[:200].rstrip('.')})", where=where, remedy=remedy)


@dataclass
class Head:
    """Where a cluster is led from; None where that cannot be seen from here. Ray itself would wait for a minute, and
    then end this process without a word.
    """

    address: tuple[str, int] | None
    answered: float = field(default_factory=time.monotonic)
    asked: float = 0.0

    @property
    def gone(self) -> bool:
        """Whether it has not answered for long."""
        return time.monotonic() - self.answered > GONE and self.asked > self.answered

    def check(self) -> None:
        """Knock now and then. Raises `Mistake` where nobody has answered for a while."""
        now = time.monotonic()
        if self.address is None or now - self.asked < KNOCK:
            return
        self.asked = now
        try:
            socket.create_connection(self.address, timeout=KNOCK).close()
            self.answered = time.monotonic()
        except OSError as error:
            if self.gone:
                remedy = f"Start it again (`ray start --head`, then the others). {AGAIN}"
                where = "{}:{}".format(*self.address)
                raise Mistake("the head of the cluster is gone", where=where, remedy=remedy) from error


def head_of(outside: bool) -> Head:
    """The head of the cluster that was joined; those who sit `outside` of it see its door only."""
    if outside:
        return Head(None)
    host, _, port = importlib.import_module("ray").get_runtime_context().gcs_address.rpartition(":")
    return Head((host, int(port)))


@contextmanager
def understood(where: str) -> Iterator[None]:
    """Errors of a cluster as `Mistake`; what a task raised is raised as it was."""
    exceptions = importlib.import_module("ray.exceptions")
    try:
        yield
    except exceptions.ObjectStoreFullError as error:
        remedy = "Start Ray with more (`--object-store-memory`), or free /dev/shm"
        raise Mistake("the cluster's object store is full", where=where, remedy=remedy) from error
    except exceptions.OutOfDiskError as error:
        remedy = f"Free some space under Ray's folder for temporary files. {AGAIN}"
        raise Mistake("a disk of the cluster is full", where=where, remedy=remedy) from error
    except exceptions.OutOfMemoryError as error:
        remedy = f"Take machines with more memory, or fewer tasks at a time. {AGAIN}"
        raise Mistake("a machine of the cluster ran out of memory", where=where, remedy=remedy) from error
    except exceptions.RayTaskError as error:
        cause = error.cause
        if isinstance(cause, ModuleNotFoundError) and str(cause.name).split(".")[0] == "dono":
            remedy = "Install Dono, of the same version, on all machines of the cluster"
            raise Mistake("Dono is not installed there", where=where, remedy=remedy) from error
        raise cause from error
    except ConnectionError as error:  # of those who sit outside of it
        remedy = f"See that the cluster is up. {AGAIN}"
        raise Mistake(f"the cluster does not answer any more ({error})", where=where, remedy=remedy) from error
    except exceptions.RayError as error:
        first = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise Mistake(f"its workers died again and again ({first[:200]})", where=where, remedy=AGAIN) from error
