from __future__ import annotations

import asyncio
import socket

import pytest

from dono.errors import Mistake
from dono.stages.listening import listening, shown_host


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_small_answer_goes_out_at_once(host: str) -> None:
    async def option_of_a_connection(door: socket.socket) -> int:
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def met(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there: socket.socket = writer.get_extra_info("socket")
            found.set_result(there.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        async with await asyncio.start_server(met, sock=door):
            _, writer = await asyncio.open_connection(*door.getsockname()[:2])
            option = await found
            writer.close()
            return option

    with listening(host, 0) as door:
        assert asyncio.run(option_of_a_connection(door)) != 0


def test_a_port_that_is_taken_is_said_with_what_to_do() -> None:
    with listening("127.0.0.1", 0) as taken, pytest.raises(Mistake) as told:
        port = taken.getsockname()[1]
        with listening("127.0.0.1", port):
            pass
    assert f"127.0.0.1:{port}" in str(told.value) and "--port 0" in str(told.value)


def test_an_address_of_version_six_stands_in_brackets() -> None:
    assert [shown_host(h) for h in ("::1", "127.0.0.1")] == ["[::1]", "127.0.0.1"]
