"""What the conformance suite asks of a platform's simulated store: the same words for all of them."""

import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Any, ClassVar

import httpx
import msgspec

from backend.ports.actor import Actor
from backend.ports.platform_errors import PlatformError
from backend.ports.store_platform import PlatformConnector, StorePlatform
from backend.ports.store_writes import (
    FieldValue,
    ProductRemoval,
    ProductWrite,
    StockWrite,
    StoreWrite,
    VariantWrite,
    WriteResult,
)
from plugin_bridge.http import RetryPolicy
from tests.support.product import Workbench

FAST = RetryPolicy(base_s=0.01, cap_s=0.02, patience_s=1.5)
"""Retries of the suite's clients: three tries, a Retry-After of up to a second and a half is waited for."""


class Trouble(StrEnum):
    """How a store fails, in the suite's words."""

    THROTTLED = "throttled"
    """Asks for patience and says for how long (`retry_after`)."""
    THROTTLED_SILENTLY = "throttled_silently"
    DOWN = "down"
    HTML = "html"
    CUT = "cut"
    """Half an answer."""
    ANSWER_LOST = "answer_lost"
    """A write is done, its answer never comes; the connection ends after `seconds`."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One article as a store keeps it, by its own account and not through our adapter."""

    sku: str
    product_id: str
    id: str
    inventory_id: str = ""
    title: str
    price: str
    """Regular price."""
    stock: int | None
    on_sale: bool
    """Customers see it."""


class Simulated(ABC):
    """One running simulated store of a platform, our connector pointed at it, and its control side."""

    platform: ClassVar[str]
    skus_are_unique: ClassVar[bool]
    """False: two articles of the platform may bear one sku."""
    kinds: ClassVar[Mapping[Trouble, str]]
    """What the platform's simulation calls a trouble."""

    def __init__(self, control_url: str) -> None:
        self._control_url = control_url
        self._http = httpx.Client(timeout=30, trust_env=False)
        self._facts: Mapping[str, str] = {}
        self._tried = 0

    @property
    @abstractmethod
    def connector(self) -> PlatformConnector:
        """Ours, with short retries."""

    @property
    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Groups of settings under which a whole product can reach the store."""

    @abstractmethod
    def open_raw(self, facts: Mapping[str, str]) -> StorePlatform:
        """Open the store by its credentials."""

    @abstractmethod
    def another_worker(self) -> None:
        """Go on with a connector that knows nothing of what happened to this one."""

    @abstractmethod
    def revoke(self) -> None:
        """Take our credentials away, as its merchant does."""

    @abstractmethod
    def rows(self) -> list[Row]:
        """Everything it sells, hidden things included."""

    @abstractmethod
    def pieces_set(self, row: Row) -> list[int]:
        """To how many pieces an article was set, once for each time the store accepted it."""

    @abstractmethod
    async def connect(self, bench: Workbench, actor: Actor) -> uuid.UUID:
        """Connect the store to a product; its first full run is queued."""

    @abstractmethod
    def delete(self, sku: str) -> None:
        """Delete an article with its product, as its merchant does."""

    # What all of them have.

    def close(self) -> None:
        """End the control side."""
        self._http.close()

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Speak to the control side."""
        answer = self._http.request(method, f"{self._control_url}/{path}", json=body)
        assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json() if answer.content else None

    def trouble(self, kind: Trouble, **how: Any) -> None:
        """Switch a trouble on: always, at a `rate`, or for the `next` requests."""
        self.control("POST", "faults", {"kind": self.kinds[kind], **how})

    def heal(self) -> None:
        """Switch all troubles off."""
        self.control("DELETE", "faults")

    def change(self, sku: str, **values: Any) -> None:
        """Change price, stock or title of an article, as its merchant does."""
        self.control("POST", "change", {"sku": sku, **values})

    def order(self, sku: str, quantity: int = 1) -> None:
        """Have a customer buy pieces."""
        self.control("POST", "orders", {"lines": [{"sku": sku, "quantity": quantity}]})

    @property
    def writes(self) -> list[dict[str, Any]]:
        """Every write it accepted since it was identified, which may try whether anything can be written."""
        found: list[dict[str, Any]] = self.control("GET", "writes")
        return found[self._tried :]

    @property
    def asked(self) -> int:
        """How many requests there were."""
        return len(self.control("GET", "requests"))

    def row(self, sku: str) -> Row:
        """The one article with a sku."""
        (found,) = [one for one in self.rows() if one.sku == sku]
        return found

    async def identify(self) -> None:
        """Have the store identified, so that it is opened with what that finds, as the product does."""
        async with self.opened() as store:
            self._facts = (await store.identify()).facts
        self._tried += len(self.writes)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[StorePlatform]:
        """Open the store for the length of a `with`."""
        store = self.open_raw(self._facts)
        try:
            yield store
        finally:
            await store.aclose()

    # Writing.

    async def collect(
        self,
        writes: Sequence[StoreWrite],
        found: list[WriteResult],
        *,
        repeated: bool = False,
        meanwhile: Callable[[], None] | None = None,
    ) -> PlatformError | None:
        """Carry writes out into *found*; return the error that ended it.

        Args:     meanwhile: called whenever results have come.
        """
        try:
            async with self.opened() as store:
                async for results in store.write(writes, repeated=repeated):
                    found += results
                    if meanwhile is not None:
                        meanwhile()
        except PlatformError as error:
            return error
        return None

    async def write(self, *writes: StoreWrite, repeated: bool = False) -> dict[str, WriteResult]:
        """Carry writes out; return the results by key, each key once."""
        found: list[WriteResult] = []
        error = await self.collect(writes, found, repeated=repeated)
        if error is not None:
            raise error
        assert sorted(one.key for one in found) == sorted(one.key for one in writes)
        return {one.key: one for one in found}

    def selling(self, sku: str, key: str = "", /, **fields: FieldValue) -> VariantWrite:
        """Write fields of a variant; the key is its sku unless said."""
        row = self.row(sku)
        return VariantWrite(key=key or sku, external_product_id=row.product_id, external_id=row.id, fields=fields)

    def telling(self, sku: str, key: str = "", /, **fields: FieldValue) -> ProductWrite:
        """Write fields of the product that a variant belongs to."""
        return ProductWrite(key=key or sku, external_product_id=self.row(sku).product_id, fields=fields)

    def counting(self, sku: str, target: int, believed: int | None = None, key: str = "") -> StockWrite:
        """Set the pieces of a variant; we believe what is true unless said."""
        row = self.row(sku)
        return StockWrite(
            key=key or sku,
            external_product_id=row.product_id,
            external_id=row.id,
            inventory_id=row.inventory_id,
            believed=(row.stock or 0) if believed is None else believed,
            target=target,
        )

    def removing(self, sku: str, key: str = "", *, delete: bool = False) -> ProductRemoval:
        """Take the product of a variant off sale."""
        return ProductRemoval(key=key or sku, external_product_id=self.row(sku).product_id, delete=delete)
