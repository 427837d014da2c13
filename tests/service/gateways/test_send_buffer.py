"""A connection of ours has more room for what it sends than one as the driver makes it."""

import socket
from typing import Any

import asyncpg

from backend.gateways.send_buffer import SEND_BYTES
from tests.support.product import Workbench


def room(connection: Any) -> int:
    sock = connection._transport.get_extra_info("socket")
    return int(sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF))


async def test_connections_have_a_wide_send_buffer(bench: Workbench) -> None:
    url = bench.container.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    bare = await asyncpg.connect(url)
    try:
        narrow = room(bare)
    finally:
        await bare.close()
    async with bench.container.engine.connect() as connection:
        wide = room((await connection.get_raw_connection()).driver_connection)
    assert narrow < wide
    assert narrow < SEND_BYTES
