"""`storeloom up --demo` as anybody types it: nothing is replaced, everything goes through the doors that users have."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
OWN = ("DATABASE_URL", "REDIS_URL", "SHOPIFY_CLIENT_ID", "SHOPIFY_CLIENT_SECRET", "SHOPIFY_SHOP_URL")


def answer(url: str, token: str = "") -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with urlopen(Request(url, headers=headers), timeout=30) as response:
        return json.load(response)


def storeloom(data_dir: Path, *arguments: str) -> Any:
    command = [sys.executable, "-m", "backend.cli", *arguments, "--data-dir", str(data_dir), "--json"]
    return json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)


def test_two_stores_are_connected_and_synced_into_one_catalog_with_feeds(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    command = [sys.executable, "-m", "backend.cli", "up", "--demo", "--port", "0", "--data-dir", str(data_dir)]
    environment = {name: value for name, value in os.environ.items() if name not in OWN}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as up:
        try:
            assert up.stdout is not None
            base_url = up.stdout.readline().strip().removeprefix("READY ")
            demo = json.loads((data_dir / "demo.json").read_text())
            assert demo["base_url"] == base_url
            assert [store["platform"] for store in demo["stores"]] == ["woocommerce", "shopify"]
            shown = 0
            for store in demo["stores"]:
                (run, *_) = storeloom(data_dir, "sync", "history", store["store_id"])
                assert (run["status"], run["type"]) == ("completed", "full")
                shown += run["stats"]["products_added"]
            assert answer(f"{base_url}/api/sync/status", demo["jwt"])["products_synced"] == shown > 20
            csv, made = next(url for url in demo["feeds"] if url.endswith("csv")), demo["feeds"]
            assert len(made) == 3
            with urlopen(csv, timeout=30) as feed:
                assert len(feed.read().splitlines()) > shown
        finally:
            up.send_signal(signal.SIGTERM)
            assert up.wait(60) == 0
