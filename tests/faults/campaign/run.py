"""One run: connect two stores, follow the script, wait until everything is quiet."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from backend.commands.consent import connect_by_consent
from backend.domain.catalog.edits import FieldEdit
from backend.domain.stock.ledger import Adjustment
from backend.domain.stores.connecting import ConnectRequest
from backend.embedded.instance import Instance
from backend.kit.clock import utc_now
from backend.kit.errors import DomainError
from backend.ports.actor import Actor, system_actor
from backend.wiring import Container
from tests.faults.campaign.script import STORES, Step, offers, script
from tests.faults.campaign.verdict import Books, verdict
from tests.faults.campaign.world import World

ARTICLES = 8
STEPS = 25
QUIET_S = 90.0
ROUNDS = 2
"""How often it may have to come to rest before it counts as restless."""
PASSING = ("CONSENT_FAILED", "STORE_UNAVAILABLE")
"""Codes of refusals that a disaster leads to."""

_BUSY = """
SELECT (SELECT count(*) FROM sync_runs WHERE organization_id = :org AND state IN ('queued', 'running'))
     + (SELECT count(*) FROM received_webhooks WHERE organization_id = :org AND state = 'received')
     + (SELECT count(*) FROM jobs WHERE organization_id = :org AND state IN ('queued', 'running')
                                    AND run_at < now() + interval '30 seconds')
     + (SELECT count(*) FROM listings WHERE organization_id = :org AND due IS NOT NULL AND state <> 'error')
     + (SELECT count(*) FROM listing_requests WHERE organization_id = :org AND state = 'pending')
     + (SELECT count(*) FROM product_links WHERE organization_id = :org AND due IS NOT NULL AND error_code IS NULL)
"""


@dataclass
class Run:
    """One seeded run in one instance."""

    seed: int
    world: World
    container: Container
    stores: dict[str, dict[str, Any]] = field(default_factory=dict)
    ids: dict[str, uuid.UUID] = field(default_factory=dict)
    skus: list[str] = field(default_factory=list)
    books: Books = field(default_factory=Books)
    offered: list[str] = field(default_factory=list)
    """Articles that are to be put up for sale in Shopify."""
    playing: bool = False
    """Its script is under way."""
    played: bool = False
    """Its script has ended: now it comes to rest."""
    overtaken: int = 0
    """Articles whose pieces cannot be added up: see `verdict`."""
    actor: Actor = field(default_factory=lambda: system_actor(uuid.UUID(int=0)))

    async def play(self) -> list[str]:
        """Play the whole run; return what is wrong at its end, nothing when all is well."""
        async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
            self.http = http
            try:
                await self._connect()
                self.playing = True
                for step in script(self.seed, STEPS, ARTICLES):
                    await asyncio.sleep(step.pause_s)
                    await getattr(self, f"_{step.what}")(step)
            finally:
                self.playing, self.played = False, True
            for store in STORES:
                await self._control(store, "DELETE", "faults")
            for _ in range(ROUNDS):
                await self._settle()
                wrong = await verdict(self)
                # Late webhooks may have begun something anew since it was quiet.
                if not any(line.startswith("still under way: run") for line in wrong):
                    break
            return wrong

    async def _connect(self) -> None:
        organization = await self._patiently(self._organization)
        self.actor = system_actor(organization)
        name = f"run-{self.seed}-{uuid.uuid4().hex[:6]}"
        for platform in STORES:
            here = ARTICLES - (offers(self.seed) if platform == "shopify" else 0)
            wanted = {"products": here, "currency": "EUR", "seed": self.seed % 50 + 1}
            key = f"{name}-{platform[:4]}"
            self.stores[platform] = await asyncio.to_thread(self.world.make_store, platform, key=key, **wanted)
        self.ids["woocommerce"] = await self._patiently(self._connect_woocommerce)
        await self._settle()
        self.ids["shopify"] = await self._patiently(self._connect_shopify)
        await self._settle()
        rows = await self._rows(
            "SELECT sku FROM variants WHERE organization_id = :org AND deleted_at IS NULL ORDER BY sku"
        )
        self.skus = [sku for (sku,) in rows]
        there = {row["sku"] for row in await self._control("shopify", "GET", "catalog")}
        self.offered = [sku for sku in self.skus if sku not in there]
        for sku, pieces in await self._rows(
            "SELECT v.sku, sum(k.on_hand) FROM variants v JOIN stock_levels k ON k.organization_id = v.organization_id"
            " AND k.variant_id = v.id WHERE v.organization_id = :org AND v.deleted_at IS NULL GROUP BY v.sku"
        ):
            self.books.begin(sku, pieces)

    async def _organization(self) -> uuid.UUID:
        async with self.container.transaction() as services:
            mark = uuid.uuid4().hex[:10]
            made = await services.accounts.create_organization(
                f"Run {self.seed}", f"run-{mark}@example.com", "enterprise"
            )
            found: uuid.UUID = made.organization.id
            return found

    async def _connect_woocommerce(self) -> uuid.UUID:
        made = self.stores["woocommerce"]
        keys = {"consumer_key": made["consumer_key"], "consumer_secret": made["consumer_secret"]}
        request = ConnectRequest(platform="woocommerce", url=made["store_url"], credentials=keys)
        found: uuid.UUID = (await self.container.store_connecting.connect_as(self.actor, request)).id
        return found

    async def _connect_shopify(self) -> uuid.UUID:
        async with self.container.transaction() as services:
            token = await services.access.token_for_owner(self.actor.tenant)
        instance = Instance(
            data_dir=str(self.world.data_dir),
            pid=0,
            base_url=self.world.base_url,
            public_url=self.world.base_url,
            database_url="",
            redis_url="",
        )
        return await asyncio.to_thread(connect_by_consent, instance, token, self.stores["shopify"]["shop_domain"])

    async def _patiently(self, call: Callable[[], Awaitable[Any]], tries: int = 240) -> Any:
        """Do something of ours that a disaster may interrupt: again until it works, as a person would."""
        for left in range(tries, -1, -1):
            try:
                return await call()
            except (DBAPIError, OSError, httpx.HTTPError, DomainError, ConnectionError) as error:
                known = not isinstance(error, DomainError) or error.code in PASSING
                if not left or not known:
                    raise
            await asyncio.sleep(0.25)
        return None

    async def _rows(self, statement: str) -> list[Any]:
        async def read() -> list[Any]:
            async with self.container.begin() as session:
                return list(await session.execute(text(statement), {"org": self.actor.tenant}))

        found: list[Any] = await self._patiently(read)
        return found

    async def _control(self, store: str, method: str, path: str, body: Any = None) -> Any:
        answer = await self.http.request(method, f"{self.stores[store]['control_url']}/{path}", json=body)
        if answer.status_code >= 400:
            return None
        return answer.json() if answer.content else {}

    # What a script can ask for.

    async def _order(self, step: Step) -> None:
        sku = self.skus[step.article]
        body = {"lines": [{"sku": sku, "quantity": step.facts["quantity"]}]}
        begun = utc_now()
        if await self._control(step.store, "POST", "orders", body) is not None:
            self.books.sold(sku, step.facts["quantity"], step.store, begun, utc_now())

    async def _reprice(self, step: Step) -> None:
        await self._control(step.store, "POST", "change", {"sku": self.skus[step.article], **step.facts})

    async def _retitle(self, step: Step) -> None:
        await self._reprice(step)

    async def _restock(self, step: Step) -> None:
        begun = utc_now()
        await self._reprice(step)
        self.books.recounted(self.skus[step.article], begun, utc_now())

    async def _fault(self, step: Step) -> None:
        await self._control(step.store, "POST", "faults", step.facts)

    async def _edit(self, step: Step) -> None:
        async def change() -> None:
            async with self.container.transaction() as services:
                [(product, variant)] = await services.session.execute(_ARTICLE, self._named(step))
                edit = FieldEdit(product_id=product, variant_id=variant, field="price", value=_plain(step))
                done = await services.catalog_edits.apply(self.actor, [edit], origin="person")
                await services.push_requests.soon(self.actor, done.due_stores)

        await self._patiently(change)

    async def _adjust(self, step: Step) -> None:
        mark = uuid.uuid4().hex

        async def adjust() -> None:
            async with self.container.transaction() as services:
                [(_, variant)] = await services.session.execute(_ARTICLE, self._named(step))
                adjustment = Adjustment(
                    variant_id=variant,
                    delta=step.facts["delta"],
                    reason="correction",
                    reference=mark,
                    allow_negative=True,
                )
                done = await services.stock_ledger.adjust(self.actor, [adjustment])
                await services.push_requests.soon(self.actor, done.due_stores, kind="stock")

        begun = utc_now()
        known = "SELECT count(*) FROM stock_adjustments WHERE organization_id = :org AND reference = '{}'"
        try:
            await adjust()
        except (DBAPIError, OSError, ConnectionError):
            # The answer was lost: whether it is booked is asked, not guessed.
            if not (await self._rows(known.format(mark)))[0][0]:
                await self._patiently(adjust)
        self.books.adjusted(self.skus[step.article], step.facts["delta"], begun, utc_now())

    async def _offer(self, step: Step) -> None:
        async def ask() -> None:
            async with self.container.transaction() as services:
                named = {"org": self.actor.tenant, "sku": self.offered[step.facts["which"]]}
                [(product, _)] = await services.session.execute(_ARTICLE, named)
                await services.listings.ask(self.actor, self.ids["shopify"], product, wanted="listed")

        await self._patiently(ask)

    def _named(self, step: Step) -> dict[str, Any]:
        return {"org": self.actor.tenant, "sku": self.skus[step.article]}

    async def _settle(self) -> None:
        """Read both stores whole until nothing is under way or due any more."""
        deadline = asyncio.get_running_loop().time() + QUIET_S
        quiet = 0
        asked = False
        while quiet < 3:
            if asyncio.get_running_loop().time() > deadline:
                return  # the verdict says what is still under way
            busy = (await self._rows(_BUSY))[0][0]
            quiet = 0 if busy else quiet + 1
            if quiet == 2 and not asked and self.ids:
                asked, quiet = True, 0
                for store_id in self.ids.values():
                    await self._patiently(lambda store_id=store_id: self._pull(store_id))
            await asyncio.sleep(0.3)

    async def _pull(self, store_id: uuid.UUID) -> None:
        async with self.container.transaction() as services:
            await services.sync.request_pull(self.actor, store_id, mode="full")


_ARTICLE = text("""
SELECT product_id, id FROM variants WHERE organization_id = :org AND sku = :sku AND deleted_at IS NULL
ORDER BY id LIMIT 1
""")


def _plain(step: Step) -> str:
    found: str = step.facts["price"]
    return found.rstrip("0").rstrip(".") if "." in found else found
