"""One store's HTTP: authentication, pace, short retries with a fresh signature each, and typed failures."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx
import msgspec

from backend.kit.clock import utc_now
from backend.ports.outbound_http import OutboundClients
from backend.ports.platform_errors import Cause, PlatformError, StoreRefused, StoreThrottled, StoreUnavailable
from plugin_bridge.http import RetryPolicy, evidence, not_json
from plugin_bridge.pace import Traffic
from plugin_bridge.woocommerce.address import moved_to
from plugin_bridge.woocommerce.errors import failure
from plugin_bridge.woocommerce.signing import BasicKeys, OAuth1, QueryKeys, Signing, plain_query

_SIGNING: dict[str, type[Signing]] = {"basic": BasicKeys, "query": QueryKeys, "oauth1": OAuth1}
_AGAIN = (Cause.NOT_JSON, Cause.SERVER_ERROR, Cause.TIMEOUT, Cause.UNREACHABLE, Cause.THROTTLED)
_PERSON_WAITS_S = 20.0
_REDIRECTS = (301, 302, 303, 307, 308)


class Keys(msgspec.Struct, frozen=True):
    """Consumer key and secret; never printed."""

    key: str
    secret: str

    def __repr__(self) -> str:
        """Hide both, whoever prints this."""
        return "Keys(***)"


class Answer(msgspec.Struct, frozen=True):
    """A successful answer: its body and the headers we look at."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def content_type(self) -> str:
        """The media type as sent."""
        return self.headers.get("content-type", "")

    def count(self, name: str) -> int | None:
        """Return a numeric header such as X-WP-Total, None when absent or odd."""
        text = self.headers.get(name, "").strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


class Moved(Exception):
    """Inside this package: the store answers under another address that may be kept."""

    def __init__(self, base: str) -> None:
        super().__init__(base)
        self.base = base


class WooClient:
    """Requests to one store.

    Args:     base: canonical store address. auth: `basic`, `query` (https only), `oauth1`.
              traffic: shared by all clients of this store in the process. sleep: replaced in tests.
    """

    def __init__(
        self,
        clients: OutboundClients,
        base: str,
        keys: Keys,
        auth: str,
        traffic: Traffic,
        *,
        read_timeout_s: float = 60.0,
        policy: RetryPolicy | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.base = base
        self.traffic = traffic
        self.insist = False
        """True while a person waits: a store at rest after failures is asked all the same, and not for as long."""
        self.policy = policy or RetryPolicy()
        self._clients = clients
        self._keys = keys
        self._secrets = (keys.secret, keys.key)
        self._sleep = sleep
        self._read_timeout_s = read_timeout_s
        self.use(auth)
        # Keep-alive connections are the reason for one client per store; auth goes with each request.
        self._http: httpx.AsyncClient = clients.client(
            read_timeout_s=read_timeout_s, max_connections=traffic.pace.most + 1
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be shown."""
        return self._secrets

    def use(self, auth: str) -> None:
        """Authenticate this way from now on; keys leave over plain http as OAuth signatures only."""
        if auth not in _SIGNING:
            auth = "basic"
        self.auth = auth if self.base.startswith("https://") else "oauth1"
        self._signing = _SIGNING[self.auth](self._keys.key, self._keys.secret)

    def rebase(self, base: str) -> None:
        """Go on under another address of the same store."""
        self.base = base
        self.use("basic" if self.auth == "oauth1" else self.auth)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def get(
        self,
        path: str,
        parameters: Mapping[str, str],
        *,
        signed: bool = True,
        good: Callable[[Answer], bool] | None = None,
    ) -> Answer:
        """Read; tried again on failures that may pass.

        Args:     path: under the store's address, such as `/wp-json/wc/v3/products`.
                  good: says whether a 2xx answer can be used; a no counts as NOT_JSON and is tried again.
        Raises:   StoreRefused, StoreUnavailable, StoreThrottled, UnsafeAddress.
        """
        return await self._patiently("GET", path, parameters, None, signed, good)

    async def batch(self, path: str, body: Any, parameters: Mapping[str, str] | None = None) -> Answer:
        """Post a batch of updates, which may safely arrive twice; tried again like a read."""
        return await self._patiently("POST", path, parameters or {}, msgspec.json.encode(body), True, None)

    async def post_unless_throttled(
        self,
        path: str,
        body: Any,
        parameters: Mapping[str, str],
        *,
        good: Callable[[Answer], bool] | None = None,
    ) -> Answer:
        """Post what may have been done when it fails: tried again only where the store asked for patience instead.

        Raises:   as `get`.
        """
        content = msgspec.json.encode(body)
        return await self._patiently("POST", path, parameters, content, True, good, (Cause.THROTTLED,))

    async def pause(self, attempt: int) -> None:
        """Wait as long as before try number *attempt* + 1 of one request."""
        await self._sleep(self.policy.pause_s(attempt))

    async def delete(self, path: str, parameters: Mapping[str, str]) -> None:
        """Delete; tried again like a read, and what is gone already is no failure."""
        try:
            await self._patiently("DELETE", path, parameters, None, True, None)
        except StoreRefused as error:
            if error.status not in (404, 410):
                raise

    async def post_once(self, path: str, body: Any) -> Answer:
        """Post what must not arrive twice: no second try after a failure."""
        self._not_resting()
        return await self._paced("POST", path, {}, msgspec.json.encode(body), True, None)

    async def _patiently(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, str],
        body: bytes | None,
        signed: bool,
        good: Callable[[Answer], bool] | None,
        again: tuple[Cause, ...] = _AGAIN,
    ) -> Answer:
        self._not_resting()
        moves = 0
        attempt = 1
        while True:
            problem: PlatformError
            try:
                return await self._paced(method, path, parameters, body, signed, good)
            except Moved as moved:
                moves += 1
                if moves > 3:
                    raise StoreRefused(Cause.MOVED, "The store redirects in a circle") from None
                self.rebase(moved.base)
                continue
            except PlatformError as error:
                problem = error
            pause = self._pause_s(problem, attempt) if problem.cause in again else None
            if pause is None:
                raise problem
            await self._sleep(pause)
            attempt += 1

    def _not_resting(self) -> None:
        rest = self.traffic.breaker.rest_s
        if rest > 0 and not self.insist:
            raise StoreUnavailable(
                Cause.UNREACHABLE, f"The store failed many times in a row; it is asked again in {rest:.0f} s"
            )

    def _pause_s(self, problem: PlatformError, attempt: int) -> float | None:
        tries = min(self.policy.tries, 2) if self.insist else self.policy.tries
        if attempt >= tries:
            return None
        asked = problem.retry_after_s if isinstance(problem, StoreThrottled) else None
        if asked is None:
            return self.policy.pause_s(attempt)
        return asked if asked <= self.policy.patience_s else None

    async def _paced(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, str],
        body: bytes | None,
        signed: bool,
        good: Callable[[Answer], bool] | None,
    ) -> Answer:
        pace, breaker = self.traffic.pace, self.traffic.breaker
        try:
            async with pace:
                answer = await self.once(method, path, parameters, body, signed=signed)
            if good is not None and not good(answer):
                raise not_json(answer.content, self._secrets, status=answer.status)
        except PlatformError as error:
            if error.cause in (Cause.THROTTLED, Cause.TIMEOUT):
                pace.strained()
            if isinstance(error, StoreUnavailable) and not isinstance(error, StoreThrottled):
                breaker.failed()
            else:
                breaker.worked()
            raise
        pace.eased()
        breaker.worked()
        return answer

    async def once(
        self, method: str, path: str, parameters: Mapping[str, str], body: bytes | None = None, *, signed: bool = True
    ) -> Answer:
        """Send one request, once.

        Raises:   as `get`; Moved for a lasting redirect that keeps the store.
        """
        response = await self._send(method, path, parameters, body, signed)
        if response.status_code in _REDIRECTS:
            raise self._redirect(response)
        if not 200 <= response.status_code < 300:
            raise failure(
                response.status_code,
                response.headers,
                response.content,
                utc_now(),
                writing=method != "GET",
                timed=signed and self.auth == "oauth1",
                secrets=self._secrets,
            )
        return Answer(response.status_code, response.headers, response.content)

    async def _send(
        self, method: str, path: str, parameters: Mapping[str, str], body: bytes | None, signed: bool
    ) -> httpx.Response:
        headers = {"accept": "application/json"}
        if body is not None:
            headers["content-type"] = "application/json"
        url, pairs = self.base + path, list(parameters.items())
        # Made by hand and whole, because httpx checks every character again for each parameter set it merges.
        query = self._signing.query(method, url, pairs) if signed else plain_query(pairs)
        problem: StoreUnavailable
        try:
            return await self._http.request(
                method,
                f"{url}?{query}" if query else url,
                content=body,
                headers=headers,
                auth=self._signing.header if signed else None,
                timeout=self._timeout(),
            )
        except httpx.TimeoutException:
            problem = StoreUnavailable(Cause.TIMEOUT, "The store did not answer in time")
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            problem = StoreUnavailable(
                Cause.UNREACHABLE,
                "The store cannot be reached",
                evidence=evidence(str(error).encode(), self._secrets),
            )
        # Raised out here, so that the library's error, which holds the request, is not even its context.
        raise problem

    def _timeout(self) -> httpx.Timeout:
        usual = self._http.timeout
        return (
            httpx.Timeout(min(self._read_timeout_s, _PERSON_WAITS_S), connect=usual.connect) if self.insist else usual
        )

    def _redirect(self, response: httpx.Response) -> Exception:
        location = response.headers.get("location", "")
        try:
            target = str(response.url.join(location).copy_with(query=None, fragment=None))
        except (httpx.InvalidURL, ValueError):
            return StoreRefused(
                Cause.MOVED, "The store redirects to an unreadable address", status=response.status_code
            )
        self._clients.check(target)
        kept = moved_to(self.base, target)
        if kept is not None and response.status_code in (301, 308):
            return Moved(kept)
        return StoreRefused(
            Cause.MOVED,
            "The store redirects elsewhere. Connect it under the address where it really lives",
            status=response.status_code,
            evidence=evidence(f"to {target}".encode(), self._secrets),
        )
