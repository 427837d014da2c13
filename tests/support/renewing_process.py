"""A worker as far as renewals go: `python -m tests.support.renewing_process <json>`; prints what each renewal returned.

`die` kills the process between the platform's answer and keeping it.
"""

import asyncio
import json
import os
import signal
import sys
import uuid
from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from backend.domain.stores.renewal import StoreRenewal
from backend.kit.crypto import Sealer
from backend.kit.database_url import driver_url
from backend.kit.transaction import transactions
from backend.models.stores import Store
from backend.ports.store_platform import PlatformConnector
from tests.support.token_server import RemoteRenewal


class Dying(RemoteRenewal):
    """Gets the answer and is gone."""

    async def renew(self, url: str, credentials: Mapping[str, str]) -> Mapping[str, str]:
        await super().renew(url, credentials)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


async def renewals(wanted: dict[str, Any]) -> list[Mapping[str, str]]:
    """Renew one store's credentials as often as wanted, at once."""
    engine = create_async_engine(driver_url(wanted["database_url"]))
    kind = Dying if wanted.get("die") else RemoteRenewal
    store = Store(id=uuid.UUID(wanted["store_id"]), platform="shopify", url="https://a.myshopify.com")
    renewal = StoreRenewal(
        transactions(async_sessionmaker(engine, expire_on_commit=False)),
        Sealer((wanted["secret_key"],)),
        cast(PlatformConnector, kind(wanted["server_url"])),
        store,
    )
    try:
        return list(await asyncio.gather(*(renewal(wanted["outworn"]) for _ in range(wanted["times"]))))
    finally:
        await engine.dispose()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(renewals(json.loads(sys.argv[1])))))
