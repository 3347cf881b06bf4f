"""Serving under load: Dono's embedded engine beside `transformers serve`, on the same checkpoint and prompts.

Each server is a process of its own; one more process asks, by as many clients as are named, each beginning its next
request when its last one ended. Every answer has the same number of tokens (both are told to, and it is checked).

    python -m benchmarks.serve_load                     # 1, 8 and 32 clients: ours, and the peer in both of its modes
    python -m benchmarks.serve_load --llama-server BIN  # llama.cpp's server too, where it was built
    python -m benchmarks.serve_load --vllm BIN          # the real vLLM too, where one for this device is installed
    python -m benchmarks.serve_load --soak 600          # ours alone at 32 clients for ten minutes
    python -m benchmarks.peers.serve_engine --params 1e9   # the engine without HTTP, random weights, any device

RESULT: `tokens_ratio_8` (tokens a second at 8 clients, ours over the peer's better mode), `p95_ratio_8` (time to first
token, 95th percentile, ours over the peer's in that mode: below 1 is sooner), the same over the peer without a flag
(`default_tokens_ratio_8`, `default_p95_ratio_8`), and `failed` (requests of ours). The peer is `transformers serve`;
`llama_ratio_8` and `vllm_ratio_8` are tokens a second over llama.cpp's server, which is compiled for one family, and
over vLLM, which is made for GPUs. vLLM is started by the line of `dono export --form vllm`, in float32 as all others.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import httpx
import numpy as np

from benchmarks.peers.memory import peak_bytes
from benchmarks.peers.serve_checkpoint import as_gguf, make_checkpoint, prompts
from benchmarks.result import keep_result
from dono.stages.export_vllm import serve_line

CLIENTS = (1, 8, 32)
ROUNDS = 3
"""Requests of each client at least; one client alone asks twice as many."""
START_SECONDS = 180.0
LLAMA, VLLM, PLAIN = "llama.cpp", "vLLM", "transformers serve"
VLLM_ENVIRONMENT = {"VLLM_NO_USAGE_STATS": "1", "VLLM_CPU_KVCACHE_SPACE": "1"}
"""It tells nobody about itself; room for keys and values in GB (its own choice is a share of the machine)."""
PER_SLOT = 512
"""Tokens of llama.cpp's cache for each answer: a prompt and its answer have fewer than 200."""


@dataclass(frozen=True)
class Asked:
    """What one request took. `failed`: why, if it did."""

    first: float
    whole: float
    tokens: int
    failed: str = ""


@dataclass(frozen=True)
class Load:
    """A server at so many clients: seconds, requests, and the most memory that its process held, in MB."""

    server: str
    clients: int
    seconds: float
    asked: Sequence[Asked]
    memory: float

    @property
    def tokens_per_second(self) -> float:
        """Tokens of answers a second, of all clients together."""
        return sum(a.tokens for a in self.asked) / self.seconds

    @property
    def failed(self) -> list[str]:
        """Why requests failed."""
        return [a.failed for a in self.asked if a.failed]

    def first(self, share: float) -> float:
        """A percentile of the time to the first token, in seconds."""
        return float(np.percentile([a.first for a in self.asked if not a.failed] or [np.nan], share))

    def row(self) -> dict[str, float | int | str]:
        """For the table and the file."""
        return {
            "server": self.server, "clients": self.clients,
            "requests_per_second": round(len(self.asked) / self.seconds, 3),
            "tokens_per_second": round(self.tokens_per_second, 1), "first_p50": round(self.first(50), 4),
            "first_p95": round(self.first(95), 4), "memory_mb": round(self.memory), "failed": len(self.failed),
        }  # fmt: skip


@dataclass
class Server:
    """A server under test: its name, how and in which environment it is started, and what it calls the model."""

    name: str
    command: list[str]
    model: str
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @contextmanager
    def up(self) -> Iterator[Server]:
        """The server while it runs, in a folder of its own; its output is kept for when it fails."""
        with tempfile.TemporaryFile() as log, tempfile.TemporaryDirectory() as place:
            environment = {**os.environ, "HF_HUB_OFFLINE": "1", **self.environment}
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, env=environment, cwd=place)
            try:
                self._wait(log)
                yield self
            finally:
                self.process.send_signal(signal.SIGTERM)
                try:
                    self.process.wait(30)
                except subprocess.TimeoutExpired:
                    self.process.kill()
                    self.process.wait()

    def _wait(self, log: object) -> None:
        assert self.process is not None
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            try:
                if httpx.get(f"http://127.0.0.1:{self.port}/health", timeout=2, trust_env=False).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.2)
        log.seek(0)  # type: ignore[attr-defined]
        raise RuntimeError(f"{self.name} did not start:\n{log.read().decode()[-3000:]}")  # type: ignore[attr-defined]

    def memory(self) -> float:
        """The most memory that the process and those it started held, each by itself, in MB."""
        assert self.process is not None
        return sum(map(peak_bytes, _family(self.process.pid))) / 2**20


def _family(pid: int) -> list[int]:
    """A process and those it started, and they."""
    files = Path(f"/proc/{pid}/task").glob("*/children")
    return [pid, *(p for f in files for child in f.read_text(encoding="ascii").split() for p in _family(int(child)))]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def servers(folder: Path, peer_python: str, llama: Path | None, vllm: Path | None) -> list[Server]:
    """Ours, the peer's two modes, llama.cpp's server with room for as many answers at once, and vLLM."""
    ours, plain, batching, compiled, fifth = (free_port() for _ in range(5))
    peer = [peer_python, "-c", "from transformers.cli.transformers import main; main()", "serve", str(folder)]
    third = []
    if llama is not None:
        command = [str(llama.resolve()), "-m", str(as_gguf(folder)), "--host", "127.0.0.1", "--port", str(compiled)]
        slots = max(CLIENTS)
        command += ["-np", str(slots), "-c", str(slots * PER_SLOT), "-t", str(os.cpu_count()), "-fit", "off"]
        third = [Server(LLAMA, command, "model", compiled)]
    if vllm is not None:
        line = shlex.split(serve_line("model", str(folder)))[1:]
        line[line.index("--port") + 1] = str(fifth)
        command, tools = [str(vllm.absolute()), *line, "--dtype", "float32"], vllm.absolute().parent
        environment = VLLM_ENVIRONMENT | {"PATH": f"{tools}:{os.environ['PATH']}"}
        third.append(Server(VLLM, command, "model", fifth, environment))
    return [
        Server("dono", [sys.executable, "-m", "dono", "serve", f"model={folder}", "--port", str(ours)], "model", ours),
        Server(PLAIN, [*peer, "--port", str(plain), "--device", "cpu"], str(folder), plain),
        Server(
            f"{PLAIN}, continuous batching",
            [*peer, "--port", str(batching), "--device", "cpu", "--continuous-batching"], str(folder), batching,
        ),
        *third,
    ]  # fmt: skip


async def ask(http: aiohttp.ClientSession, server: Server, prompt: str, tokens: int) -> Asked:
    """One streamed completion, timed."""
    body = {"model": server.model, "prompt": prompt, "max_tokens": tokens, "stream": True, "temperature": 0.0}
    if server.name in ("dono", LLAMA, VLLM):
        body["stream_options"] = {"include_usage": True}
    began, first, counted, ended = time.perf_counter(), 0.0, 0, False
    try:
        async with http.post(f"http://127.0.0.1:{server.port}/v1/completions", json=body) as answer:
            if answer.status != 200:
                return Asked(0, 0, 0, f"{answer.status} {(await answer.text())[:200]}")
            async for line in answer.content:
                if not line.startswith(b"data:") or line[5:].strip() == b"[DONE]":
                    continue
                piece = json.loads(line[5:])
                if "error" in piece:
                    return Asked(0, 0, 0, str(piece["error"])[:200])
                first = first or (time.perf_counter() - began if any(c["text"] for c in piece["choices"]) else 0.0)
                ended = ended or any(c.get("finish_reason") for c in piece["choices"])
                counted = (piece.get("usage") or {}).get("completion_tokens", counted)
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
        return Asked(0, 0, 0, repr(error)[:200])
    whole = time.perf_counter() - began
    said = "" if ended and counted == tokens else f"{counted} of {tokens} tokens, ended: {ended}"
    return Asked(first or whole, whole, counted, said)


async def load(server: Server, clients: int, tokens: int, texts: Sequence[str], *, seconds: float | None) -> Load:
    """So many clients, each asking again when its answer ended."""
    asked: list[Asked] = []
    numbers = iter(range(10**9))
    timeout = aiohttp.ClientTimeout(total=600)  # a client of C parts: it shares the processors with the servers
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=clients)) as http:
        await ask(http, server, texts[-1], 4)  # the peer reads its weights when it is first asked
        began = time.perf_counter()

        async def client() -> None:
            for round_ in range(10**9):
                enough = round_ >= (2 * ROUNDS if clients == 1 else ROUNDS)
                if enough if seconds is None else time.perf_counter() - began > seconds:
                    return
                asked.append(await ask(http, server, texts[next(numbers) % len(texts)], tokens))
                if seconds is not None and len(asked) % 200 == 0:
                    failed, at = sum(bool(a.failed) for a in asked), time.perf_counter() - began
                    print(
                        f"  {at:5.0f} s, {len(asked):,} requests, {failed} failed, {server.memory():.0f} MB", flush=True
                    )

        await asyncio.gather(*[client() for _ in range(clients)])
        took = time.perf_counter() - began
    return Load(server.name, clients, took, asked, server.memory())


HEAD = f"{'':40s} clients  requests/s  tokens/s  first p50  first p95  memory MB  failed"


def show(found: Load) -> None:
    row = found.row()
    firsts = f"{row['first_p50']:8.3f} s {row['first_p95']:8.3f} s"
    speeds = f"{row['requests_per_second']:11.2f} {row['tokens_per_second']:9.1f}"
    print(
        f"{found.server:40s} {found.clients:7d} {speeds} {firsts} {row['memory_mb']:10,d} {row['failed']:7d}",
        flush=True,
    )
    for why in dict.fromkeys(found.failed[:3]):
        print(f"    {why}")


def compared(found: Sequence[Load]) -> dict[str, object]:
    """The figures of the RESULT line: ours at 8 clients over the peer, in its better mode and without a flag."""
    ours = {f.clients: f for f in found if f.server == "dono"}
    peers = [f for f in found if f.server not in ("dono", LLAMA, VLLM) and f.clients == 8 and not f.failed]
    result: dict[str, object] = {"failed": sum(len(f.failed) for f in ours.values())}
    if peers and 8 in ours:
        best = max(peers, key=lambda f: f.tokens_per_second)
        result |= {**_over(ours[8], best, ""), "peer": best.server}
    if plain := next((f for f in peers if f.server == PLAIN and 8 in ours), None):
        result |= _over(ours[8], plain, "default_")
    for name, other in (("llama", LLAMA), ("vllm", VLLM)):
        if (theirs := next((f for f in found if f.server == other and f.clients == 8), None)) and 8 in ours:
            result[f"{name}_ratio_8"] = round(ours[8].tokens_per_second / theirs.tokens_per_second, 3)
    return result


def _over(ours: Load, peer: Load, named: str) -> dict[str, object]:
    return {
        f"{named}tokens_ratio_8": round(ours.tokens_per_second / peer.tokens_per_second, 3),
        f"{named}p95_ratio_8": round(ours.first(95) / peer.first(95), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", default=sys.executable, help="a Python that has transformers[serving]")
    parser.add_argument("--llama-server", type=Path, help="llama.cpp's server, built on this machine")
    parser.add_argument("--vllm", type=Path, help="the command `vllm` of an environment that has it")
    parser.add_argument("--params", type=float, default=17e6, help="parameters of the checkpoint")
    parser.add_argument("--tokens", type=int, default=64, help="of each answer")
    parser.add_argument("--clients", type=int, nargs="+", default=list(CLIENTS))
    parser.add_argument("--soak", type=float, help="ours alone at 32 clients for so many seconds")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "model"
        make_checkpoint(folder, asked.params)
        texts = prompts()
        print(HEAD)
        found: list[Load] = []
        ours, *peers = servers(folder, asked.peer_python, asked.llama_server, asked.vllm)
        for server in [ours] if asked.soak else [ours, *peers]:
            with server.up():
                for clients in [32] if asked.soak else asked.clients:
                    found.append(asyncio.run(load(server, clients, asked.tokens, texts, seconds=asked.soak)))
                    show(found[-1])
    rows = [f.row() for f in found]
    if asked.soak:
        keep_result("serve_soak", {"seconds": asked.soak, "failed": len(found[0].failed), "rows": rows})
        return
    keep_result("serve_load", {**compared(found), "tokens": asked.tokens, "params": asked.params, "rows": rows})


if __name__ == "__main__":
    main()
