"""The one place through which every caller-given URL goes (decision G11).

The guard sits in the network backend, below httpx: whatever a client is asked for, also a redirect, is resolved here,
every address of the answer is checked, and the connection is made to the checked address, so a second DNS answer
(rebinding) is never asked for. TLS still verifies the name in the URL.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

import httpcore
import httpx

from backend.gateways.addresses import Target, allowed_entries, is_public, shown, target_of
from backend.ports.platform_errors import ResponseTooLarge, UnsafeAddress
from backend.settings import Outbound

CONNECT_TIMEOUT_S = 10.0
MAX_REDIRECTS = 5
_KEEPALIVE_S = 5.0
_ENCODINGS = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})

Resolver = Callable[[str, int], Awaitable[list[str]]]
"""Host and port to IP addresses in text, best first; raises OSError when the name is unknown."""


async def system_resolver(host: str, port: int) -> list[str]:
    """Ask the operating system, in a thread."""
    infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in infos))


class Guard:
    """Decides about URLs and resolves names to addresses that may be connected to."""

    def __init__(self, allowed_private_hosts: tuple[str, ...] = (), resolve: Resolver = system_resolver) -> None:
        self._allowed = allowed_entries(allowed_private_hosts)
        self._resolve = resolve

    def check(self, url: str | httpx.URL) -> Target:
        """Refuse what needs no DNS to be refused; see `OutboundClients.check`."""
        target = target_of(url)
        if self.may_be_private(target.host, target.port):
            return target
        inside = target.host == "localhost" or target.host.endswith(".localhost")
        if inside or (target.literal is not None and not is_public(target.host)):
            raise UnsafeAddress(f"{shown(url)} is not an address on the public internet")
        return target

    def may_be_private(self, host: str, port: int) -> bool:
        """Say whether the operator allowed this host, on this port, to be private: compared as the URL spells it."""
        return (host, port) in self._allowed or (host, None) in self._allowed

    async def addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses to connect to, all checked.

        Raises:   UnsafeAddress when any of them is not public, OSError when the name is unknown.
        """
        host = host.lower().removesuffix(".")
        found = await self._resolve(host, port)
        if self.may_be_private(host, port):
            return found
        if not all(is_public(address) for address in found):
            raise UnsafeAddress(f"{host} does not lead to the public internet")
        return found


class PinningBackend(httpcore.AsyncNetworkBackend):
    """Connects to addresses that the guard checked, and to nothing else."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, check, connect to the first address that answers."""
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._guard.addresses(host, port)
                return await self._first_that_answers(addresses, port, local_address, socket_options)
        except TimeoutError:
            raise httpcore.ConnectTimeout("the connection took too long") from None
        except OSError as error:
            raise httpcore.ConnectError(str(error.strerror or "the name cannot be resolved")) from None

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Refuse: no caller's URL leads to a local socket."""
        raise UnsafeAddress("local sockets are not reachable")

    async def sleep(self, seconds: float) -> None:
        """Pause for *seconds*."""
        await asyncio.sleep(seconds)

    async def _first_that_answers(
        self,
        addresses: list[str],
        port: int,
        local_address: str | None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None,
    ) -> httpcore.AsyncNetworkStream:
        failure: Exception = httpcore.ConnectError("the name has no address")
        for left, address in enumerate(addresses, start=1 - len(addresses)):
            try:
                # A dead IPv6 route must not eat the time that a working IPv4 address would need.
                stream = await self._backend.connect_tcp(
                    address, port, 3.0 if left else None, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
                continue
            peer = stream.get_extra_info("server_addr")
            if not peer or str(peer[0]).split("%")[0] != address:
                await stream.aclose()
                raise UnsafeAddress("the connection went elsewhere than to the checked address")
            return stream
        raise failure


class CappedResponse(httpx.Response):
    """A response whose decoded body may not grow over a limit, so that a small gzip cannot fill the memory."""

    max_bytes: int = 0

    async def aiter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """Yield decoded bytes; raise ResponseTooLarge over the limit."""
        seen = 0
        async for chunk in super().aiter_bytes(chunk_size):
            seen += len(chunk)
            if seen > self.max_bytes:
                raise ResponseTooLarge(self.max_bytes)
            yield chunk


class _CappedStream(httpx.AsyncByteStream):
    """Raw bytes under a size limit and a deadline."""

    def __init__(self, stream: httpx.AsyncByteStream, max_bytes: int, deadline: float) -> None:
        self._stream, self._max_bytes, self._deadline = stream, max_bytes, deadline

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        chunks = aiter(self._stream)
        while True:
            try:
                async with asyncio.timeout_at(self._deadline):
                    chunk = await anext(chunks)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise httpx.ReadTimeout("the whole answer took too long") from None
            seen += len(chunk)
            if seen > self._max_bytes:
                raise ResponseTooLarge(self._max_bytes)
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


class GuardedTransport(httpx.AsyncHTTPTransport):
    """httpx's transport over the pinning backend, with caps on size and time."""

    def __init__(
        self, guard: Guard, *, context: ssl.SSLContext, max_connections: int, max_bytes: int, total_timeout_s: float
    ) -> None:
        self._guard, self._max_bytes, self._total_timeout_s = guard, max_bytes, total_timeout_s
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=_KEEPALIVE_S,
            network_backend=PinningBackend(guard),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Check the URL, send, and hand back a response that cannot exceed the caps."""
        target = self._guard.check(request.url)
        self._no_open_credentials(request, target)
        deadline = asyncio.get_running_loop().time() + self._total_timeout_s
        try:
            async with asyncio.timeout_at(deadline):
                response = await super().handle_async_request(request)
        except TimeoutError:
            raise httpx.ReadTimeout("the whole answer took too long") from None
        try:
            return self._capped(response, deadline)
        except BaseException:
            await response.aclose()
            raise

    def _no_open_credentials(self, request: httpx.Request, target: Target) -> None:
        authorization = request.headers.get("authorization", "")
        signed = authorization.lower().startswith("oauth ")
        if target.scheme == "https" or not authorization or signed:
            return
        if not self._guard.may_be_private(target.host, target.port):
            raise UnsafeAddress("passwords and tokens are sent over https only")

    def _capped(self, response: httpx.Response, deadline: float) -> httpx.Response:
        if response.headers.get("content-encoding", "").strip().lower() not in _ENCODINGS:
            # Stacked encodings multiply: two gzip layers turn 64 kB into gigabytes within one read.
            raise httpx.DecodingError("the answer has an encoding that was not asked for")
        length = response.headers.get("content-length", "")
        if length.isascii() and length.isdigit() and (len(length) > 18 or int(length) > self._max_bytes):
            raise ResponseTooLarge(self._max_bytes)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        capped = CappedResponse(
            status_code=response.status_code,
            headers=response.headers,
            stream=_CappedStream(response.stream, self._max_bytes, deadline),
            extensions=response.extensions,
        )
        capped.max_bytes = self._max_bytes
        return capped


class GuardedClients:
    """The implementation of `OutboundClients`: one guard and one TLS context for all clients it makes.

    Args:     settings: allowed private hosts. resolve: name resolution, replaced in tests.
              context: TLS settings; None trusts the public certificate authorities.
    """

    def __init__(
        self, settings: Outbound, *, resolve: Resolver = system_resolver, context: ssl.SSLContext | None = None
    ) -> None:
        self._guard = Guard(settings.allowed_private_hosts, resolve)
        self._context = context

    def check(self, url: str) -> None:
        """Refuse a URL before any request; see the port."""
        self._guard.check(url)

    def client(
        self,
        *,
        base_url: str = "",
        auth: Any = None,
        read_timeout_s: float = 60.0,
        total_timeout_s: float = 300.0,
        max_connections: int = 4,
        max_bytes: int = 64_000_000,
    ) -> httpx.AsyncClient:
        """Return a guarded client; see the port."""
        if self._context is None:
            # Reading the authorities takes tens of milliseconds: once per process, not once per store.
            self._context = httpx.create_ssl_context(trust_env=False)
        transport = GuardedTransport(
            self._guard,
            context=self._context,
            max_connections=max_connections,
            max_bytes=max_bytes,
            total_timeout_s=total_timeout_s,
        )
        return httpx.AsyncClient(
            base_url=base_url,
            auth=auth,
            transport=transport,
            timeout=httpx.Timeout(read_timeout_s, connect=CONNECT_TIMEOUT_S, pool=None),
            headers={"accept-encoding": "gzip, deflate", "user-agent": "Storeloom"},
            follow_redirects=False,
            max_redirects=MAX_REDIRECTS,
            trust_env=False,
        )
