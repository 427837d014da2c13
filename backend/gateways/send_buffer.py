"""Room between us and PostgreSQL: it works on what lies in the socket while we write the next rows of a COPY.

By default 200 KB lie there, two milliseconds of its work, and the driver makes half a megabyte of rows before it sends
again.
"""

import socket
from typing import Any

SEND_BYTES = 2 * 1024 * 1024
"""Asked of the kernel, which gives less where it allows less."""


def widen_send_buffer(connection: Any, _record: Any) -> None:
    """Widen a new connection's buffer; a listener of the engine's `connect`."""
    # The driver has no option for it and does not show its socket.
    transport = connection.driver_connection._transport
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BYTES)
