from __future__ import annotations

import threading
import time

import torch

from dono.serving.turns import Turns, turns_of


class Worker:
    """So many steps of work, each noted with the thread that did it."""

    def __init__(self, name: str, steps: int, seen: list[tuple[str, int]], turns: Turns) -> None:
        self.name, self.left, self.seen, self.turns = name, steps, seen, turns
        self.done = threading.Event()
        turns.join(self)

    def ready(self) -> bool:
        return self.left > 0

    def turn(self) -> None:
        time.sleep(0.002)
        self.left -= 1
        self.seen.append((self.name, threading.get_ident()))
        if self.left == 0:
            self.turns.leave(self)
            self.done.set()


def ended(turns: Turns) -> bool:
    for _ in range(500):
        if turns._thread is None:
            return True
        time.sleep(0.01)
    return False


def test_models_of_a_device_take_turns_in_one_thread() -> None:
    turns, seen = Turns("tried"), list[tuple[str, int]]()
    one, other = Worker("a", 20, seen, turns), Worker("b", 20, seen, turns)
    assert one.done.wait(30) and other.done.wait(30)
    assert len({thread for _, thread in seen}) == 1
    both = [name for name, _ in seen][5:35]
    assert abs(both.count("a") - both.count("b")) <= 10, "neither waits for the other's end"


def test_the_thread_ends_with_the_last_and_comes_back_for_the_next() -> None:
    turns, seen = Turns("tried"), list[tuple[str, int]]()
    assert Worker("a", 1, seen, turns).done.wait(30)
    assert ended(turns)
    assert Worker("b", 1, seen, turns).done.wait(30)
    assert [name for name, _ in seen] == ["a", "b"]


def test_a_device_has_one_thread() -> None:
    assert turns_of(torch.device("cpu")) is turns_of(torch.device("cpu"))
    assert turns_of(torch.device("cpu")) is not turns_of(torch.device("cuda:1"))
