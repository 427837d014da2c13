"""What surrounds our page in a browser: the admin that frames it, and the scripts that Shopify serves for it.

Both stand in for things that only Shopify has: the admin frames an address and hands ID tokens to the frame, App Bridge
asks it for them and takes them to the server, Polaris draws a few elements. They do what the documents say, no more.
"""

import html
from collections.abc import Callable
from typing import Any

HOST = "admin.shopify.com"
_HTML, _SCRIPT, _TEXT = b"text/html; charset=utf-8", b"text/javascript; charset=utf-8", b"text/plain"
_ADMIN = """<!doctype html><meta name="viewport" content="width=device-width"><title>Admin</title>
<style>body {{ margin: 0 }} iframe {{ border: 0; width: 100vw; height: 100vh; display: block }}</style>
<iframe src="{frame}" allow="clipboard-write"></iframe>
<script>
addEventListener("message", async (event) => {{
  if (event.data === "id_token") event.ports[0].postMessage(await (await fetch("/id_token")).text());
}});
</script>"""
APP_BRIDGE = """
(() => {
  const idToken = () => new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = (event) => resolve(event.data);
    parent.postMessage("id_token", "https://admin.shopify.com", [channel.port2]);
  });
  window.shopify = { idToken };
  const wanted = new URLSearchParams(location.search).get("shopify-reload");
  if (wanted) idToken().then((token) => {
    const address = new URL(wanted, location.origin);
    address.searchParams.set("id_token", token);
    location.replace(address);
  });
})();
"""
POLARIS = """
for (const name of ["s-page", "s-section", "s-banner", "s-badge", "s-button"]) {
  customElements.define(name, class extends HTMLElement {
    constructor() {
      super();
      this.attachShadow({ mode: "open" }).innerHTML = "<slot name='primary-action'></slot><slot></slot>";
    }
    get disabled() { return this.hasAttribute("disabled"); }
    set disabled(value) { this.toggleAttribute("disabled", value); }
  });
}
"""


class AdminSite:
    """An ASGI application for all hosts of Shopify; *token* makes ID tokens."""

    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token
        self.framed = ""
        """Address in the frame of every page."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        kind, body = self._answer(scope["path"])
        headers = [
            (b"content-type", kind),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _answer(self, path: str) -> tuple[bytes, bytes]:
        if path == "/id_token":
            return _TEXT, self._token().encode()
        if path == "/shopifycloud/app-bridge.js":
            return _SCRIPT, APP_BRIDGE.encode()
        if path == "/shopifycloud/polaris-1.js":
            return _SCRIPT, POLARIS.encode()
        return _HTML, _ADMIN.format(frame=html.escape(self.framed)).encode()
