"""Setting the limits of a watched product, and whether it is watched at all."""

from backend.domain.pricing.products import ProductLists
from backend.domain.pricing.products_rows import WatchedProduct
from backend.domain.pricing.settings_repository import SettingsRepository
from backend.domain.pricing.settings_rules import SettingsWanted, changed_settings
from backend.kit.errors import not_found
from backend.kit.transaction import Transactions
from backend.ports.actor import Actor


class PricingSettings:
    """Changes settings in transactions of its own."""

    def __init__(self, begin: Transactions, lists: ProductLists) -> None:
        self._begin = begin
        self._lists = lists

    async def change(self, actor: Actor, product_id: int, wanted: SettingsWanted) -> WatchedProduct:
        """Change settings of one variant; return it as it is then.

        Raises:   not_found; invalid AMOUNT_INVALID, LIMITS_REVERSED: nothing is changed.
        """
        async with self._begin() as session:
            rows = SettingsRepository(session)
            now = await rows.lock(actor, product_id)
            if now is None:
                raise not_found("Product")
            after = changed_settings(now, wanted)
            if after != now:
                await rows.write(actor, product_id, after)
            if after.monitored != now.monitored:
                await rows.bump_revision(actor)
        return await self._lists.product(actor, product_id)
