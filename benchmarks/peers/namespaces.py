"""A cluster of network namespaces on this machine: a head and workers with addresses of their own. Needs root."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

JOINED = """
import sys, ray
ray.init(address=sys.argv[1], log_to_driver=False)
sys.exit(ray.cluster_resources().get("CPU", 0) < int(sys.argv[2]))
"""
BRIDGE, NET = "dono-br", "10.77.0"
PORT = 6379
QUICK = {
    "RAY_health_check_period_ms": "1000", "RAY_health_check_timeout_ms": "2000",
    "RAY_health_check_failure_threshold": "5", "RAY_health_check_initial_delay_ms": "2000",
    "RAY_worker_register_timeout_seconds": "600", "RAY_AUTH_MODE": "disabled", "RAY_DISABLE_IMPORT_WARNING": "1",
}  # fmt: skip
"""A machine that does not answer is given up after seconds (Ray's own: half a minute)."""


def can_isolate() -> str | None:
    """Why there can be no namespaces here, or None."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return "needs root and `ip`"
    tried = subprocess.run(["ip", "netns", "add", "dono-try"], capture_output=True, check=False)
    subprocess.run(["ip", "netns", "del", "dono-try"], capture_output=True, check=False)
    return "network namespaces are not allowed here" if tried.returncode else None


def ip(*arguments: str) -> None:
    """One command of iproute2."""
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@dataclass
class Machine:
    """One namespace with a raylet in it."""

    name: str
    address: str
    process: subprocess.Popen[bytes] | None = None

    @property
    def link(self) -> str:
        """Its end on the bridge."""
        return f"v-{self.name}"

    def cut_off(self) -> None:
        """Pull its cable."""
        ip("link", "set", self.link, "down")

    def command(self, *arguments: str) -> list[str]:
        """A command within it."""
        return ["ip", "netns", "exec", self.name, *arguments]


@dataclass
class Namespaces:
    """The head and its workers."""

    scratch: Path
    head: Machine
    workers: list[Machine]
    environment: dict[str, str] = field(default_factory=lambda: os.environ | QUICK)

    def start(self, machine: Machine) -> None:
        """Start Ray in a namespace, in a process group of its own."""
        ray = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--disable-usage-stats"]
        ray += ["--node-ip-address", machine.address, "--object-store-memory", "80000000"]
        if machine is self.head:
            ray += ["--head", "--port", str(PORT), "--num-cpus", "0", "--include-dashboard", "false"]
            ray += ["--temp-dir", str(self.scratch / "ray")]
        else:
            ray += ["--address", f"{self.head.address}:{PORT}", "--num-cpus", "1"]
        with (self.scratch / f"{machine.name}.log").open("ab") as log:
            machine.process = subprocess.Popen(
                machine.command(*ray), env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def start_all(self) -> None:
        """Start the head, then the workers one by one: together they get in each other's way in Ray's folder."""
        self.start(self.head)
        self._until("0")
        for number, machine in enumerate(self.workers, start=1):
            self.start(machine)
            self._until(str(number))

    def _until(self, processors: str) -> None:
        """Wait until the head answers and the cluster has so many processors."""
        command = [sys.executable, "-c", JOINED, f"{self.head.address}:{PORT}", processors]
        for _ in range(60):
            tried = subprocess.run(self.head.command(*command), env=self.environment, capture_output=True, check=False)
            if tried.returncode == 0:
                return
            time.sleep(1)
        raise RuntimeError(f"the cluster did not start:\n{tried.stderr.decode(errors='replace')[-2000:]}")

    def stop(self, machine: Machine) -> None:
        """SIGKILL everything of a machine at once, as a power cut does."""
        if machine.process is not None:
            os.killpg(machine.process.pid, signal.SIGKILL)
            machine.process.wait()
        for pid in pids_in(machine.name):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        machine.process = None

    def driver(self, arguments: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
        """A Python command on the head."""
        with log.open("wb") as out:
            return subprocess.Popen(
                self.head.command(sys.executable, *arguments), env=self.environment, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip


def pids_in(namespace: str) -> list[int]:
    """Processes in a namespace that this program has made."""
    found = subprocess.run(["ip", "netns", "pids", namespace], capture_output=True, text=True, check=False)
    return [int(pid) for pid in found.stdout.split()]


def named_in(namespace: str, part: str) -> list[int]:
    """Those in whose command `part` is."""
    found = []
    for pid in pids_in(namespace):
        try:
            if part in Path(f"/proc/{pid}/cmdline").read_text(encoding="utf8", errors="replace"):
                found.append(pid)
        except OSError:
            continue
    return found


@contextmanager
def cluster(scratch: Path, workers: int = 2) -> Iterator[Namespaces]:
    """Namespaces on one bridge with Ray running in each; all is removed in the end."""
    machines = [Machine(f"dono-{n}", f"{NET}.{10 + n}") for n in range(workers + 1)]
    found = Namespaces(scratch, machines[0], machines[1:])
    try:
        ip("link", "add", BRIDGE, "type", "bridge")
        ip("link", "set", BRIDGE, "up")
        for machine in machines:
            ip("netns", "add", machine.name)
            ip("link", "add", machine.link, "type", "veth", "peer", "name", "eth0", "netns", machine.name)
            ip("link", "set", machine.link, "master", BRIDGE, "up")
            for arguments in (("addr", "add", f"{machine.address}/24", "dev", "eth0"), ("link", "set", "eth0", "up"),
                              ("link", "set", "lo", "up")):  # fmt: skip
                ip("-n", machine.name, *arguments)
        found.start_all()
        yield found
    finally:
        for machine in machines:
            found.stop(machine)
            for gone in (["link", "del", machine.link], ["netns", "del", machine.name]):
                subprocess.run(["ip", *gone], capture_output=True, check=False)
        subprocess.run(["ip", "link", "del", BRIDGE], capture_output=True, check=False)
