"""The application that `sandbox serve` runs."""

import os
from pathlib import Path
from typing import Any

from backend.commands.sandbox import sandbox_folder
from backend.domain.catalog.product_csv import read_product_csv
from backend.embedded.web_server import die_with_server
from backend.ports.store_platform import PlatformProduct
from backend.settings import load_settings
from backend.wiring import sandbox_host


def create() -> Any:
    """Build the host of simulated stores from the variables that `sandbox serve` got."""
    die_with_server()

    def read_catalog(path: Path) -> list[PlatformProduct]:
        return list(read_product_csv(path).products)

    settings = load_settings()
    return sandbox_host(
        folder=sandbox_folder(),
        token=os.environ["STORELOOM_SANDBOX_TOKEN"],
        base_url=f"http://127.0.0.1:{os.environ['STORELOOM_SANDBOX_PORT']}",
        read_catalog=read_catalog,
        shopify=settings.shopify,
        public_url=settings.web.public_url,
    )
