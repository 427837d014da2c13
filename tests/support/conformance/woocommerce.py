"""The conformance suite's driver for WooCommerce."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar
from urllib.parse import urlsplit

from backend.gateways.outbound import GuardedClients
from backend.ports.actor import Actor
from backend.ports.store_platform import PlatformProduct, StorePlatform
from backend.settings import Outbound
from plugin_bridge.woocommerce.connector import WooConnector
from tests.support.conformance.driver import FAST, Row, Simulated, Trouble
from tests.support.product import SimulatedStore, Workbench


class SimulatedWoo(Simulated):
    """A simulated WooCommerce."""

    platform = "woocommerce"
    skus_are_unique = True
    kinds: ClassVar = {
        Trouble.THROTTLED: "rate_limited",
        Trouble.THROTTLED_SILENTLY: "rate_limited_without_retry_after",
        Trouble.DOWN: "server_error",
        Trouble.HTML: "html",
        Trouble.CUT: "truncated_json",
        Trouble.ANSWER_LOST: "timeout_after_write",
    }

    def __init__(self, store: SimulatedStore, read_timeout_s: float) -> None:
        super().__init__(store.control_url)
        self.store = store
        self._outbound = Outbound(allowed_private_hosts=(urlsplit(store.url).netloc,), read_timeout_s=read_timeout_s)
        self.another_worker()

    @property
    def connector(self) -> WooConnector:
        """Ours."""
        return self._connector

    @property
    def settings(self) -> dict[str, Any]:
        """Nothing more than the workbench has."""
        return {}

    def another_worker(self) -> None:
        """Make a new connector."""
        self._connector = WooConnector(GuardedClients(self._outbound), self._outbound, FAST)

    def open_raw(self, facts: Mapping[str, str]) -> StorePlatform:
        """Open it by its keys."""
        return self._connector.open(self.store.url, self.store.credentials, facts)

    def revoke(self) -> None:
        """Have the keys refused from now on."""
        self.store.fault("unauthorized")

    def rows(self) -> list[Row]:
        """All that is sold: variations and products without."""
        rows = self.control("GET", "catalog")
        statuses = {one["id"]: one["status"] for one in rows}
        return [
            Row(
                sku=one["sku"],
                product_id=str(one["parent_id"] or one["id"]),
                id=str(one["id"]),
                title=one["title"],
                price=one["price"],
                stock=one["stock"],
                on_sale=one["status"] == statuses[one["parent_id"] or one["id"]] == "publish",
            )
            for one in rows
            if one["type"] != "variable" and one["status"] != "trash"
        ]

    def pieces_set(self, row: Row) -> list[int]:
        """From the rows of batches, and from items written alone."""
        found = []
        for write in self.writes:
            body, alone = write["body"], write["path"].endswith(f"/{row.id}")
            for one in [{**body, "id": int(row.id)}] if alone else body.get("update", []):
                if str(one.get("id")) == row.id and "stock_quantity" in one:
                    found.append(one["stock_quantity"])
        return found

    async def connect(self, bench: Workbench, actor: Actor) -> uuid.UUID:
        """Connect it as the plugin does."""
        return await bench.connect(actor, self.store)

    def delete(self, sku: str) -> None:
        """Delete it for good."""
        self.control("POST", "change", {"sku": sku, "delete": "force"})


@contextmanager
def simulated_woo(products: Iterable[PlatformProduct], *, read_timeout_s: float = 5.0) -> Iterator[SimulatedWoo]:
    """Serve a store for the length of a `with`."""
    store = SimulatedStore(products)
    driver = SimulatedWoo(store, read_timeout_s)
    try:
        yield driver
    finally:
        driver.close()
        store.stop()
