"""One shop's GraphQL: a token per request, points shared with every other worker, short retries, typed failures."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, TypeVar

import httpx
import msgspec
import structlog

from backend.kit.clock import utc_now
from backend.ports.outbound_http import OutboundClients
from backend.ports.platform_errors import Cause, PlatformError, StoreThrottled, StoreUnavailable
from backend.ports.shop_budget import Balance, Reservation, ShopBudget
from plugin_bridge.http import RetryPolicy, evidence
from plugin_bridge.pace import Traffic
from plugin_bridge.shopify.access import ShopAccess
from plugin_bridge.shopify.answers import Cost, Envelope, GraphQLError
from plugin_bridge.shopify.documents import API_VERSION, Document
from plugin_bridge.shopify.errors import failure, graphql_failure

log = structlog.get_logger()
T = TypeVar("T")

_AGAIN = (Cause.NOT_JSON, Cause.SERVER_ERROR, Cause.TIMEOUT, Cause.UNREACHABLE)
_PERSON_WAITS_S = 20.0
MOST_THROTTLED = 8
"""So often in a row one request may be told to wait before the job waits instead."""
MOST_WAIT_S = 60.0
"""Longest wait for points on the spot; a longer one is handed to the job."""
_envelope = msgspec.json.Decoder(Envelope)


class ShopTraffic(Traffic):
    """What one process knows about talking to one shop; outlives single jobs."""

    def __init__(self, most: int = 2) -> None:
        super().__init__(most)
        self.costs: dict[tuple[str, int], float] = {}
        """Points a document was told to need, by its name and page size."""
        self.sizes: dict[str, int] = {}
        """The page size that worked best, by document."""
        self.served_version = ""
        """The API version that answered, when it was not the one asked for."""


class Reply(msgspec.Struct, Generic[T], frozen=True):
    """A successful answer."""

    data: T
    problems: tuple[GraphQLError, ...] = ()
    """Parts that Shopify left out."""
    points: float = 0.0
    """What it was told to need; 0: not told."""


class _Answer(msgspec.Struct, frozen=True):
    """One HTTP answer with status 200, taken apart."""

    envelope: Envelope
    content: bytes

    @property
    def cost(self) -> Cost:
        return (self.envelope.extensions.cost if self.envelope.extensions else None) or Cost()

    @property
    def balance(self) -> Balance | None:
        told = self.cost.throttle_status
        if told is None or told.restore_rate <= 0 or told.maximum_available <= 0:
            return None
        return Balance(
            maximum=told.maximum_available, available=told.currently_available, restored_per_s=told.restore_rate
        )


class ShopifyClient:
    """Requests to one shop.

    Args:     base: where the shop answers. shop: its domain. budget: shared by all processes.
              traffic: shared by all clients of this shop in the process. sleep: replaced in tests.
    """

    def __init__(
        self,
        clients: OutboundClients,
        *,
        base: str,
        shop: str,
        access: ShopAccess,
        budget: ShopBudget,
        traffic: ShopTraffic,
        read_timeout_s: float = 60.0,
        policy: RetryPolicy | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.base = base
        self.shop = shop
        self.traffic = traffic
        self.clients = clients
        self.insist = False
        """True while a person waits: a shop at rest after failures is asked all the same, and not for as long."""
        self.policy = policy or RetryPolicy()
        self._access = access
        self._budget = budget
        self._sleep = sleep
        self._read_timeout_s = read_timeout_s
        self._http: httpx.AsyncClient = clients.client(
            read_timeout_s=read_timeout_s, max_connections=traffic.pace.most + 1
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def run(
        self,
        document: Document[T],
        variables: Mapping[str, Any] | None = None,
        *,
        partial: bool = False,
        once: bool = False,
    ) -> Reply[T]:
        """Send one document; tried again on failures that may pass.

        Args:     partial: take an answer of which Shopify left parts out, and say in `problems` which.
                  once: not again after a failure that leaves open whether it was done; the caller finds out.
        Raises:   StoreRefused (TooCostly: only a smaller page has a chance), StoreUnavailable, StoreThrottled,
                  UnsafeAddress.
        """
        self._not_resting()
        body = msgspec.json.encode({"query": document.text, "variables": variables or {}})
        size = int((variables or {}).get("first", 0))
        attempt, throttled, renewed = 1, 0, False
        while True:
            problem: PlatformError
            token = await self._access.token()
            try:
                return await self._paced(document, body, size, token, partial)
            except PlatformError as error:
                problem = error
            if problem.cause is Cause.KEY_REVOKED and problem.status == 401 and not renewed:
                renewed = await self._access.renew(token)
                if renewed:
                    continue
            if isinstance(problem, StoreThrottled):
                throttled += 1
                pause = self._throttled_pause_s(problem, throttled)
            else:
                pause = None if once else self._pause_s(problem, attempt)
                attempt += 1
            if pause is None:
                raise problem
            await self._sleep(pause)

    def _not_resting(self) -> None:
        rest = self.traffic.breaker.rest_s
        if rest > 0 and not self.insist:
            raise StoreUnavailable(
                Cause.UNREACHABLE, f"The shop failed many times in a row; it is asked again in {rest:.0f} s"
            )

    def _pause_s(self, problem: PlatformError, attempt: int) -> float | None:
        tries = min(self.policy.tries, 2) if self.insist else self.policy.tries
        return None if attempt >= tries or problem.cause not in _AGAIN else self.policy.pause_s(attempt)

    def _throttled_pause_s(self, problem: StoreThrottled, times: int) -> float | None:
        if times >= MOST_THROTTLED:
            return None
        asked = problem.retry_after_s
        if problem.status == 200:  # in points: how long is known to the budget, which makes the next try wait
            return 0.0 if asked is None else asked if asked <= MOST_WAIT_S else None
        if asked is None:
            return None if times >= self.policy.tries else self.policy.pause_s(times)
        return asked if asked <= self.policy.patience_s else None

    async def _paced(self, document: Document[T], body: bytes, size: int, token: str, partial: bool) -> Reply[T]:
        pace, breaker = self.traffic.pace, self.traffic.breaker
        try:
            async with pace:
                answer = await self._spending(document, body, size, token)
            reply = self._read(document, answer, partial)
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
        return reply

    async def _spending(self, document: Document[T], body: bytes, size: int, token: str) -> _Answer:
        """Send once the points are there, and tell the budget what the shop says it has left."""
        points = self.traffic.costs.get((document.name, size), document.points)
        reservation = await self._budget.reserve(self.shop, points)
        balance: Balance | None = None
        try:
            await self._wait_for_points(reservation)
            answer = self._opened(await self._send(body, token), token)
            balance = answer.balance
        finally:
            await self._budget.settle(self.shop, reservation, balance)
        if answer.cost.requested_query_cost is not None:
            self.traffic.costs[document.name, size] = answer.cost.requested_query_cost
        return answer

    async def _wait_for_points(self, reservation: Reservation) -> None:
        if reservation.wait_s > (_PERSON_WAITS_S if self.insist else MOST_WAIT_S):
            raise StoreThrottled("The shop's points are used up", retry_after_s=reservation.wait_s, status=200)
        if reservation.wait_s > 0:
            await self._sleep(reservation.wait_s)

    def _opened(self, response: httpx.Response, token: str) -> _Answer:
        secrets = (token, *self._access.secrets)
        if response.status_code != 200:
            raise failure(response.status_code, response.headers, response.content, utc_now(), secrets)
        self._note_version(response.headers.get("x-shopify-api-version", ""))
        problem: StoreUnavailable
        try:
            return _Answer(_envelope.decode(response.content), response.content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            problem = _not_data(response.content, secrets)
        raise problem

    def _read(self, document: Document[T], answer: _Answer, partial: bool) -> Reply[T]:
        envelope = answer.envelope
        nothing = bytes(envelope.data) in (b"", b"null")
        if envelope.errors and (nothing or not partial):
            raise self._graphql_failure(answer)
        problem: StoreUnavailable
        if not nothing:
            try:
                data = document.read(envelope.data)
                return Reply(data, tuple(envelope.errors), answer.cost.requested_query_cost or 0.0)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                pass
        if envelope.errors:
            raise self._graphql_failure(answer)
        problem = _not_data(answer.content, self._access.secrets)
        raise problem

    def _graphql_failure(self, answer: _Answer) -> PlatformError:
        error = graphql_failure(answer.envelope.errors, self._access.secrets)
        balance, needed = answer.balance, answer.cost.requested_query_cost
        if not isinstance(error, StoreThrottled):
            return error
        if balance is None or needed is None:
            return StoreThrottled(error.message, retry_after_s=self.policy.pause_s(1), status=200)
        wait_s = max(0.0, needed - balance.available) / balance.restored_per_s
        # Up to the minute the budget does the waiting, in turn with everybody else who asks this shop.
        return StoreThrottled(error.message, retry_after_s=wait_s if wait_s > MOST_WAIT_S else None, status=200)

    async def _send(self, body: bytes, token: str) -> httpx.Response:
        headers = {
            "accept": "application/json",
            "content-type": "application/json",
            "x-shopify-access-token": token,
        }
        problem: StoreUnavailable
        try:
            return await self._http.post(
                f"{self.base}/admin/api/{API_VERSION}/graphql.json",
                content=body,
                headers=headers,
                timeout=self._timeout(),
            )
        except httpx.TimeoutException:
            problem = StoreUnavailable(Cause.TIMEOUT, "Shopify did not answer in time")
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError) as error:
            # ValueError: a token that cannot stand in a header.
            shown = evidence(str(error).encode(), (token, *self._access.secrets))
            problem = StoreUnavailable(Cause.UNREACHABLE, "Shopify cannot be reached", evidence=shown)
        # Raised out here, so that the library's error, which holds the request, is not even its context.
        raise problem

    def _timeout(self) -> httpx.Timeout:
        usual = self._http.timeout
        return (
            httpx.Timeout(min(self._read_timeout_s, _PERSON_WAITS_S), connect=usual.connect) if self.insist else usual
        )

    def _note_version(self, served: str) -> None:
        if not served or served == API_VERSION:
            self.traffic.served_version = ""
        elif self.traffic.served_version != served:
            self.traffic.served_version = served
            log.error("shopify.version_fell_forward", shop=self.shop, asked=API_VERSION, served=served)


def _not_data(content: bytes, secrets: tuple[str, ...]) -> StoreUnavailable:
    return StoreUnavailable(
        Cause.NOT_JSON, "Shopify sent something else than data", evidence=evidence(content, secrets), status=200
    )
