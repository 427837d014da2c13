"""Shops' points in Redis or Valkey: every process reserves and settles in one atomic step there."""

import asyncio
import hashlib
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError

from backend.ports.shop_budget import Balance, Reservation

log = structlog.get_logger()

HELD_S = 120.0
"""A reservation that nobody settles, because its process died, counts for so long."""
FORGOTTEN_S = 3_600
"""What is known of a shop that nobody asks is forgotten after so long."""

# KEYS: the account (hash: left, at, maximum, rate) and the reservations (sorted set: "id cost" by expiry).
# `left` is what remains once every reservation is spent; below zero it is a debt that the waiting have taken on.
# ARGV: "reserve", id, cost | "settle", "id cost", available, maximum, rate (three empty texts: the shop said nothing).
_SCRIPT = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
local wait = 0
if ARGV[1] == 'reserve' then
  local cost = tonumber(ARGV[3])
  local known = redis.call('HMGET', KEYS[1], 'left', 'at', 'maximum', 'rate')
  if known[1] then
    local rate = tonumber(known[4])
    local left = math.min(tonumber(known[3]), tonumber(known[1]) + math.max(0, now - tonumber(known[2])) * rate) - cost
    redis.call('HSET', KEYS[1], 'left', tostring(left), 'at', tostring(now))
    if left < 0 then wait = -left / rate end
  end
  redis.call('ZADD', KEYS[2], now + wait + tonumber(ARGV[4]), ARGV[2] .. ' ' .. ARGV[3])
else
  redis.call('ZREM', KEYS[2], ARGV[2])
  if ARGV[3] ~= '' then
    local left = tonumber(ARGV[3])
    for _, held in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
      left = left - tonumber(string.match(held, ' (.+)$'))
    end
    redis.call('HSET', KEYS[1], 'left', tostring(left), 'at', tostring(now), 'maximum', ARGV[4], 'rate', ARGV[5])
  end
end
redis.call('EXPIRE', KEYS[1], ARGV[#ARGV])
redis.call('EXPIRE', KEYS[2], ARGV[#ARGV])
return tostring(wait)
"""
_SHA = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()


class _Account:
    """What one process knows of one shop."""

    def __init__(self) -> None:
        self.left: float | None = None
        self.at = self.maximum = 0.0
        self.rate = 1.0
        self.held: dict[str, tuple[float, float]] = {}
        """Cost and the moment until which it counts, by reservation."""


class LocalShopBudget:
    """Implements `ShopBudget` inside one process: for tests, and while Redis is away."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._accounts: dict[str, _Account] = {}

    async def reserve(self, shop: str, cost: float) -> Reservation:
        """Set points aside; see the port."""
        account, now = self._accounts.setdefault(shop, _Account()), self._clock()
        wait_s = 0.0
        if account.left is not None:
            restored = max(0.0, now - account.at) * account.rate
            account.left, account.at = min(account.maximum, account.left + restored) - cost, now
            wait_s = max(0.0, -account.left / account.rate)
        key = f"{uuid.uuid4().hex} {cost:g}"
        account.held[key] = cost, now + wait_s + HELD_S
        return Reservation(key=key, wait_s=wait_s)

    async def settle(self, shop: str, reservation: Reservation, balance: Balance | None) -> None:
        """End a reservation; see the port."""
        account, now = self._accounts.setdefault(shop, _Account()), self._clock()
        account.held.pop(reservation.key, None)
        account.held = {key: held for key, held in account.held.items() if held[1] > now}
        if balance is not None:
            account.left = balance.available - sum(cost for cost, _ in account.held.values())
            account.at, account.maximum, account.rate = now, balance.maximum, balance.restored_per_s


class RedisShopBudget:
    """Implements `ShopBudget` for all processes; falls back to pacing in this one, and says so, while Redis is away.

    Args:     client: of this event loop; its owner closes it. timeout_s: for one round trip.
              pause_s: how long a server that did not answer is left alone. prefix: of the keys.
    """

    def __init__(
        self, client: "Redis", *, timeout_s: float = 1.0, pause_s: float = 5.0, prefix: str = "shop-budget:"
    ) -> None:
        self._client = client
        self._timeout_s = timeout_s
        self._pause_s = pause_s
        self._prefix = prefix
        self._local = LocalShopBudget()
        self._away_until = 0.0
        self.degraded = False
        """True while each process paces itself alone."""

    async def reserve(self, shop: str, cost: float) -> Reservation:
        """Set points aside; see the port."""
        name, shown = uuid.uuid4().hex, f"{cost:g}"
        wait_s = await self._ask(shop, "reserve", name, shown, HELD_S)
        if wait_s is None:
            return await self._local.reserve(shop, cost)
        return Reservation(key=f"{name} {shown}", wait_s=wait_s)

    async def settle(self, shop: str, reservation: Reservation, balance: Balance | None) -> None:
        """End a reservation; see the port."""
        # Both are told: what this process knows is what it has to pace by when Redis goes away.
        await self._local.settle(shop, reservation, balance)
        told = ("", "", "") if balance is None else (balance.available, balance.maximum, balance.restored_per_s)
        await self._ask(shop, "settle", reservation.key, *told)

    async def _ask(self, shop: str, *arguments: Any) -> float | None:
        if time.monotonic() < self._away_until:
            return None
        keys = f"{self._prefix}{{{shop}}}", f"{self._prefix}{{{shop}}}:held"
        try:
            wait_s = float(await self._run(2, *keys, *arguments, FORGOTTEN_S))
        except (RedisError, OSError, TimeoutError) as error:
            self._away_until = time.monotonic() + self._pause_s
            if not self.degraded:
                log.warning("shop_budget.each_process_alone", reason=type(error).__name__)
            self.degraded = True
            return None
        self.degraded = False
        return wait_s

    async def _run(self, *arguments: Any) -> Any:
        command: Callable[..., Awaitable[Any]] = self._client.execute_command
        async with asyncio.timeout(self._timeout_s):
            try:
                return await command("EVALSHA", _SHA, *arguments)
            except NoScriptError:
                return await command("EVAL", _SCRIPT, *arguments)
