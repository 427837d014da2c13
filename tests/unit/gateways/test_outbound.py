"""The guarded client over real sockets: what must not be reached is not even connected to."""

import asyncio
import gzip
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpcore
import httpx
import pytest

from backend.gateways.outbound import Guard, GuardedClients, PinningBackend, Resolver
from backend.ports.platform_errors import ResponseTooLarge, UnsafeAddress
from backend.settings import Outbound

pytestmark = pytest.mark.anyio
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


class Canary:
    """A listener that counts connections and answers every request the same."""

    def __init__(self, answer: bytes | Callable[[asyncio.StreamWriter], Any] = OK) -> None:
        self.answer = answer
        self.connections = 0
        self.requests: list[bytes] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            if callable(self.answer):
                await self.answer(writer)
            else:
                writer.write(self.answer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def listening(canary: Canary) -> AsyncIterator[Canary]:
    server = await asyncio.start_server(canary.serve, host="0.0.0.0", port=0)
    canary.port = server.sockets[0].getsockname()[1]
    try:
        yield canary
    finally:
        server.close()


def answering(*answers: list[str]) -> Resolver:
    """Resolver that gives the answers in turn, the last one for ever."""
    left = list(answers)

    async def resolve(host: str, port: int) -> list[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


def clients(*allowed: str, resolve: Resolver | None = None) -> GuardedClients:
    settings = Outbound(allowed_private_hosts=allowed)
    return GuardedClients(settings, resolve=resolve) if resolve else GuardedClients(settings)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "127.0.0.1.",
        "localhost",
        "localhost.",
        "0.0.0.0",
        "0",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "①②⑦.0.0.1",
    ],
)
async def test_no_spelling_of_this_machine_reaches_a_listener(host: str) -> None:
    async with listening(Canary()) as canary, clients().client() as http:
        # Some spellings are refused by httpx itself, before the guard sees them.
        with pytest.raises((UnsafeAddress, httpx.InvalidURL)):
            await http.get(f"http://{host}:{canary.port}/")
        assert canary.connections == 0


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::1", "::ffff:127.0.0.1", "10.0.0.1", "169.254.169.254"])
async def test_a_name_that_leads_inside_reaches_no_listener(address: str) -> None:
    async with listening(Canary()) as canary, clients(resolve=answering([address])).client() as http:
        with pytest.raises(UnsafeAddress):
            await http.get(f"http://shop.example:{canary.port}/")
        assert canary.connections == 0


async def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    async with listening(Canary()) as canary, clients(resolve=answering(["8.8.8.8", "127.0.0.1"])).client() as http:
        with pytest.raises(UnsafeAddress):
            await http.get(f"http://shop.example:{canary.port}/")
        assert canary.connections == 0


class Recording(httpcore.AsyncNetworkBackend):
    """Notes where it is sent and connects to nothing."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def connect_tcp(self, host: str, port: int, *args: Any, **named: Any) -> httpcore.AsyncNetworkStream:
        self.asked.append(host)
        raise httpcore.ConnectError("nobody there")


async def test_a_rebinding_name_is_connected_to_where_it_was_checked() -> None:
    backend = PinningBackend(Guard(resolve=answering(["8.8.8.8"], ["127.0.0.1"])))
    backend._backend = inner = Recording()  # type: ignore[assignment]
    with pytest.raises(httpcore.ConnectError):
        await backend.connect_tcp("shop.example", 80)
    with pytest.raises(UnsafeAddress):
        await backend.connect_tcp("shop.example", 80)
    assert inner.asked == ["8.8.8.8"]


async def test_a_connection_that_ends_elsewhere_than_pinned_is_dropped() -> None:
    class Elsewhere(httpcore.AsyncNetworkBackend):
        async def connect_tcp(self, host: str, port: int, *args: Any, **named: Any) -> httpcore.AsyncNetworkStream:
            return await httpcore.AnyIOBackend().connect_tcp("127.0.0.1", port)

    async with listening(Canary()) as canary:
        backend = PinningBackend(Guard(resolve=answering(["8.8.8.8"])))
        backend._backend = Elsewhere()  # type: ignore[assignment]
        with pytest.raises(UnsafeAddress):
            await backend.connect_tcp("shop.example", canary.port)
        assert canary.requests == []


async def test_an_allowed_host_and_port_is_reached() -> None:
    async with listening(Canary()) as canary, clients(f"127.0.0.1:{canary.port}").client() as http:
        assert (await http.get(f"http://127.0.0.1:{canary.port}/")).text == "hi"


async def test_an_allowed_name_may_lead_inside_but_its_neighbour_may_not() -> None:
    async with listening(Canary()) as canary:
        allowed = clients(f"shop.test:{canary.port}", resolve=answering(["127.0.0.1"]))
        async with allowed.client() as http:
            assert (await http.get(f"http://shop.test:{canary.port}/")).status_code == 200
            with pytest.raises(UnsafeAddress):
                await http.get(f"http://other.test:{canary.port}/")
        assert canary.connections == 1


async def test_another_port_of_an_allowed_host_is_not_reached() -> None:
    async with listening(Canary()) as open_one, listening(Canary()) as closed_one:
        async with clients(f"127.0.0.1:{open_one.port}").client() as http:
            with pytest.raises(UnsafeAddress):
                await http.get(f"http://127.0.0.1:{closed_one.port}/")
        assert closed_one.connections == 0


async def test_a_redirect_is_not_followed_unless_asked() -> None:
    async with listening(Canary()) as inside:
        moved = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{inside.port}/\r\nContent-Length: 0\r\n\r\n".encode()
        async with listening(Canary(moved)) as outside, clients(f"127.0.0.1:{outside.port}").client() as http:
            response = await http.get(f"http://127.0.0.1:{outside.port}/")
            assert response.status_code == 302
        assert inside.connections == 0


async def test_a_followed_redirect_is_checked_like_a_first_request() -> None:
    async with listening(Canary()) as inside:
        moved = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{inside.port}/\r\nContent-Length: 0\r\n\r\n".encode()
        async with listening(Canary(moved)) as outside, clients(f"127.0.0.1:{outside.port}").client() as http:
            with pytest.raises(UnsafeAddress):
                await http.get(f"http://127.0.0.1:{outside.port}/", follow_redirects=True)
        assert inside.connections == 0


async def test_a_circle_of_redirects_ends() -> None:
    async with (
        listening(Canary(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")) as canary,
        clients(f"127.0.0.1:{canary.port}").client() as http,
    ):
        with pytest.raises(httpx.TooManyRedirects):
            await http.get(f"http://127.0.0.1:{canary.port}/", follow_redirects=True)
        assert canary.connections <= 6


async def test_an_answer_that_says_it_is_too_long_is_not_read() -> None:
    async with (
        listening(Canary(b"HTTP/1.1 200 OK\r\nContent-Length: 10001\r\n\r\n")) as canary,
        clients(f"127.0.0.1:{canary.port}").client(max_bytes=10_000) as http,
    ):
        with pytest.raises(ResponseTooLarge):
            await http.get(f"http://127.0.0.1:{canary.port}/")


async def test_an_answer_without_a_length_is_cut_at_the_limit() -> None:
    async with (
        listening(Canary(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 20_000)) as canary,
        clients(f"127.0.0.1:{canary.port}").client(max_bytes=10_000) as http,
    ):
        with pytest.raises(ResponseTooLarge):
            await http.get(f"http://127.0.0.1:{canary.port}/")


async def test_a_small_gzip_that_unpacks_to_a_lot_is_cut_at_the_limit() -> None:
    packed = gzip.compress(bytes(5_000_000))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    async with (
        listening(Canary(head + packed)) as canary,
        clients(f"127.0.0.1:{canary.port}").client(max_bytes=1_000_000) as http,
    ):
        with pytest.raises(ResponseTooLarge):
            await http.get(f"http://127.0.0.1:{canary.port}/")


async def test_stacked_encodings_are_refused() -> None:
    packed = gzip.compress(gzip.compress(bytes(1000)))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    async with listening(Canary(head + packed)) as canary, clients(f"127.0.0.1:{canary.port}").client() as http:
        with pytest.raises(httpx.DecodingError):
            await http.get(f"http://127.0.0.1:{canary.port}/")


async def test_an_answer_that_trickles_for_ever_ends_at_the_total_limit() -> None:
    async def trickle(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with (
        listening(Canary(trickle)) as canary,
        clients(f"127.0.0.1:{canary.port}").client(total_timeout_s=0.3) as http,
    ):
        with pytest.raises(httpx.ReadTimeout):
            await http.get(f"http://127.0.0.1:{canary.port}/")


async def test_a_silent_server_ends_at_the_read_limit() -> None:
    async def silent(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)

    async with (
        listening(Canary(silent)) as canary,
        clients(f"127.0.0.1:{canary.port}").client(read_timeout_s=0.1) as http,
    ):
        with pytest.raises(httpx.ReadTimeout):
            await http.get(f"http://127.0.0.1:{canary.port}/")


async def test_a_resolver_that_hangs_ends_at_the_connect_limit() -> None:
    async def hanging(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    async with clients(resolve=hanging).client() as http:
        with pytest.raises(httpx.ConnectTimeout):
            await http.get("http://shop.example/", timeout=httpx.Timeout(5, connect=0.1))


async def test_an_unknown_name_is_a_connect_error() -> None:
    async def unknown(host: str, port: int) -> list[str]:
        raise OSError(-2, "Name or service not known")

    async with clients(resolve=unknown).client() as http:
        with pytest.raises(httpx.ConnectError):
            await http.get("http://shop.example/")


async def test_the_second_address_is_tried_when_the_first_is_dead() -> None:
    async with listening(Canary()) as canary:
        allowed = clients(f"shop.test:{canary.port}", resolve=answering(["::1", "127.0.0.1"]))
        async with allowed.client() as http:
            assert (await http.get(f"http://shop.test:{canary.port}/")).status_code == 200


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening(Canary()) as proxy, listening(Canary()) as canary:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setitem(os.environ, name, f"http://127.0.0.1:{proxy.port}")
        async with clients(f"127.0.0.1:{canary.port}").client() as http:
            await http.get(f"http://127.0.0.1:{canary.port}/")
        assert (proxy.connections, canary.connections) == (0, 1)


@pytest.mark.parametrize(("authorization", "refused"), [("Basic eDp5", True), ("Bearer x", True), ("OAuth a=b", False)])
async def test_passwords_and_tokens_do_not_leave_over_plain_http(authorization: str, refused: bool) -> None:
    async with clients(resolve=answering(["127.0.0.1"])).client() as http:
        with pytest.raises(UnsafeAddress) as refusal:
            await http.get("http://shop.example/", headers={"authorization": authorization})
    # Without a password the request gets as far as the address, which is private here.
    assert ("https only" in str(refusal.value)) is refused


async def test_connections_are_kept_and_reused() -> None:
    async def keep(writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        await writer.drain()
        await asyncio.sleep(0.2)
        writer.write(OK)
        await writer.drain()
        await asyncio.sleep(0.2)

    async with listening(Canary(keep)) as canary, clients(f"127.0.0.1:{canary.port}").client() as http:
        for _ in range(2):
            assert (await http.get(f"http://127.0.0.1:{canary.port}/")).text == "hi"
        assert canary.connections == 1
