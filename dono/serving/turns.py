"""One thread for all models of a device: they take turns, a step each.

Steps of one device cannot run at the same time anyway; and on a processor each thread that computes keeps threads of
OpenMP, which wait in a slow way as soon as there are more of them than processors.
"""

from __future__ import annotations

import threading
from typing import Protocol

import torch


class Member(Protocol):
    """A model with work to do."""

    def ready(self) -> bool:
        """Whether there is something to do; asked while `Turns.wake` is held."""

    def turn(self) -> None:
        """Do one step of it. Raises nothing."""


class Turns:
    """The thread, and those whose work it does. It ends with the last of them, and is started again for the next."""

    def __init__(self, name: str) -> None:
        self.name, self.wake = name, threading.Condition()
        self._members: list[Member] = []
        self._thread: threading.Thread | None = None

    def join(self, member: Member) -> None:
        """Work for one more, until it leaves."""
        with self.wake:
            self._members.append(member)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
                self._thread.start()
            self.wake.notify()

    def leave(self, member: Member) -> None:
        """No longer work for one."""
        with self.wake:
            self._members.remove(member)
            self.wake.notify()

    def _run(self) -> None:
        while ready := self._those_ready():
            for member in ready:
                member.turn()

    def _those_ready(self) -> list[Member]:
        """Wait until somebody has something to do; nobody where there is nobody left."""
        with self.wake:
            while not (ready := [m for m in self._members if m.ready()]):
                if not self._members:
                    self._thread = None
                    break
                self.wake.wait()
            return ready


_BY_DEVICE: dict[str, Turns] = {}
_LOCK = threading.Lock()


def turns_of(device: torch.device) -> Turns:
    """The thread of a device."""
    with _LOCK:
        return _BY_DEVICE.setdefault(str(device), Turns(f"dono-model-{device}"))
