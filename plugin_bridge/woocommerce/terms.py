"""Tags and categories of a store by name: tags are made where they are missing, categories are not."""

from collections.abc import Iterable

from plugin_bridge.http import not_json
from plugin_bridge.woocommerce.answers import BatchRows, Refusal
from plugin_bridge.woocommerce.catalog import API, category_paths
from plugin_bridge.woocommerce.client import WooClient

_MOST = 100


class Terms:
    """Ids of tags and categories, asked for once in a call."""

    def __init__(self, client: WooClient) -> None:
        self._client = client
        self._tags: dict[str, int] = {}
        self._categories: dict[str, int] | None = None

    async def tag_ids(self, names: Iterable[str]) -> dict[str, int]:
        """Return ids of tags by name, without those that the store does not take.

        All are created: the store answers with the id of what is there already, so that one request finds a hundred
        among however many there are, and may safely arrive twice.

        Raises:   StoreRefused, StoreUnavailable, StoreThrottled.
        """
        wanted = [name for name in dict.fromkeys(names) if name.strip()]
        unknown = [name for name in wanted if name not in self._tags]
        for start in range(0, len(unknown), _MOST):
            await self._make(unknown[start : start + _MOST])
        return {name: self._tags[name] for name in wanted if name in self._tags}

    async def _make(self, names: list[str]) -> None:
        answer = await self._client.batch(
            f"{API}/products/tags/batch", {"create": [{"name": name} for name in names]}, {"_fields": "create"}
        )
        read = BatchRows("create", len(names))
        if not read(answer):
            raise not_json(answer.content, self._client.secrets, status=answer.status)
        for name, row in zip(names, read.rows, strict=True):
            number = row.owner if isinstance(row, Refusal) else row.id
            if number is not None:
                self._tags[name] = number

    async def category_ids(self, paths: Iterable[str]) -> list[int]:
        """Return ids of those categories that the store has, by paths such as "Clothing > Shirts".

        Raises:   StoreUnavailable, StoreThrottled.
        """
        wanted = list(paths)
        if wanted and self._categories is None:
            known = await category_paths(self._client)
            self._categories = {path.casefold(): number for number, path in known.items()}
        found = (self._categories.get(path.casefold()) for path in wanted) if self._categories else ()
        return [number for number in found if number is not None]
