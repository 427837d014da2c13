"""`make screenshots`: the pictures of the documents, taken of the demo in a new data directory."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.support.chromium import Chromium, Page, chromium_path

PICTURES = Path(__file__).parents[2] / "docs" / "images"
WITHOUT_CDN = "--host-resolver-rules=MAP cdn.shopify.com ~NOTFOUND"
"""App Bridge would ask the real admin for tokens."""
SHOWN_PORT = 8000
"""What the README speaks of; another one when it is taken."""


@contextmanager
def running_demo() -> Iterator[dict[str, Any]]:
    """Run `storeloom up --demo` on a new data directory; yields the content of demo.json."""
    folder = Path(tempfile.mkdtemp(prefix="storeloom-pictures-"))
    command = [sys.executable, "-m", "backend.cli", "up", "--demo", "--port", str(_port()), "--data-dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        if not process.stdout.readline().startswith("READY"):
            raise SystemExit("the demo did not start")
        demo: dict[str, Any] = json.loads((folder / "demo.json").read_text())
        yield demo
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def _port() -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", SHOWN_PORT))
        except OSError:
            return 0
    return SHOWN_PORT


def log_in(page: Page, demo: dict[str, Any]) -> None:
    """Log in as demo.json says."""
    page.open(demo["base_url"])
    page.fill("#email", demo["panel"]["email"])
    page.fill("#password", demo["panel"]["password"])
    page.click("button.primary")


def change_the_store(demo: dict[str, Any]) -> None:
    """Change a few products as a merchant would, so that there is something to sync."""
    for change in (
        {"sku": "DEMO-MUG", "price": "12.90"},
        {"sku": "DEMO-LANTERN", "stock": 21},
        {"sku": "DEMO-BELL", "stock": 9},
    ):
        url = demo["stores"][0]["control_url"].rstrip("/") + "/change"
        httpx.post(url, json=change, timeout=10, trust_env=False).raise_for_status()


def show_the_admin(browser: Chromium, demo: dict[str, Any]) -> None:
    """Take the picture of our page inside the admin of the simulated Shopify shop, as it looks without Polaris."""
    shop = next(store for store in demo["stores"] if store["platform"] == "shopify")
    page = browser.page(width=1200, height=860)
    page.open(f"{shop['store_url']}/admin/apps/app")
    page.screenshot(PICTURES / "app.png")
    print(PICTURES / "app.png")


def main() -> None:
    """Take the pictures."""
    path = chromium_path()
    if path is None:
        raise SystemExit("make screenshots needs Chromium on PATH")
    with running_demo() as demo, Chromium(path, WITHOUT_CDN) as browser:
        change_the_store(demo)
        page = browser.page()
        log_in(page, demo)
        page.click("button[value='delta']")
        page.wait_for("document.querySelector('.run-line').innerText.includes('Changes only')")
        page.wait_for("document.querySelector('.run-line').innerText.includes('Completed')")
        for name, dark in (("panel.png", False), ("panel-dark.png", True)):
            page = browser.page(width=1200, height=800, dark=dark)
            log_in(page, demo)
            page.screenshot(PICTURES / name, whole=True)
            print(PICTURES / name)
        show_the_admin(browser, demo)


if __name__ == "__main__":
    main()
