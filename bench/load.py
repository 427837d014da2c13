"""A small load generator: as many keep-alive connections as asked, each sends its next request when it has its answer.

Answers of one path are equally long, so counting bytes is enough: the client costs a few microseconds per request and
leaves the processor to the server.
"""

import selectors
import socket
import time

CONNECTIONS = 16


class Client:
    """Asks one path of one server again and again.

    Args:     headers: further lines, each with its end.
    """

    def __init__(self, port: int, path: str, connections: int = CONNECTIONS, headers: str = "") -> None:
        fields = f"Host: bench\r\nAccept-Encoding: identity\r\n{headers}"
        self._request = f"GET {path} HTTP/1.1\r\n{fields}\r\n".encode()
        self._address = ("127.0.0.1", port)
        self._connections = connections
        self.answer_bytes = self._measure()

    def _measure(self) -> int:
        with socket.create_connection(self._address, timeout=30) as one:
            one.sendall(self._request)
            got = b""
            while b"\r\n\r\n" not in got:
                got += one.recv(65_536)
            head, _, _ = got.partition(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"the server answered {head[:200]!r}")
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            return len(head) + 4 + int(fields[b"content-length"])

    def requests_per_s(self, seconds: float) -> float:
        """Ask for so long; return the whole answers per second."""
        with selectors.DefaultSelector() as selector:
            left: dict[socket.socket, int] = {}
            for _ in range(self._connections):
                one = socket.create_connection(self._address, timeout=30)
                one.setblocking(False)
                selector.register(one, selectors.EVENT_READ)
                left[one] = self.answer_bytes
                one.sendall(self._request)
            answers, started = 0, time.perf_counter()
            try:
                while time.perf_counter() - started < seconds:
                    answers += self._turn(selector, left)
                return answers / (time.perf_counter() - started)
            finally:
                for one in left:
                    one.close()

    def _turn(self, selector: selectors.BaseSelector, left: dict[socket.socket, int]) -> int:
        whole = 0
        for key, _ in selector.select(5):
            one: socket.socket = key.fileobj  # type: ignore[assignment]
            chunk = one.recv(1_048_576)
            if not chunk:
                raise RuntimeError("the server closed a connection")
            left[one] -= len(chunk)
            if left[one] == 0:
                whole += 1
                left[one] = self.answer_bytes
                one.sendall(self._request)
        return whole
