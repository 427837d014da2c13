"""Connecting a simulated Shopify shop as its merchant does: begin, agree on the consent page, come back."""

import time
import uuid
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from backend.embedded.instance import Instance
from backend.kit.errors import conflict
from backend.kit.ids import parse_uuid

TIMEOUT_S = 60.0
MOST_PATIENCE_S = 60.0
_INIT = "/api/shopify/oauth/init"


def connect_by_consent(instance: Instance, token: str, shop: str) -> uuid.UUID:
    """Walk the endpoints that a browser walks, through the running web process; return the channel.

    Args:     token: panel token of a member who may connect stores. shop: `name.myshopify.com`.
    Raises:   conflict CONSENT_FAILED with what the merchant would have read.
    """
    with httpx.Client(timeout=TIMEOUT_S, trust_env=False) as http:
        headers = {"Authorization": f"Bearer {token}"}
        begun = http.post(instance.base_url + _INIT, json={"shopDomain": shop}, headers=headers)
        if begun.status_code != 200:
            raise _failed(_told(begun))
        # By hand, because behind HTTPS a cookie jar would keep it back from the plain address we talk to.
        cookies = "; ".join(f"{one.name}={one.value}" for one in begun.cookies.jar)
        agreed = http.get(begun.json()["authUrl"] + "&auto=1")
        back = urlsplit(agreed.headers.get("location", ""))
        if agreed.status_code not in (302, 303) or not back.query:
            raise _failed(f"the shop's consent page answered {agreed.status_code}")
        come_back = http.build_request(
            "GET", f"{instance.base_url}{back.path}?{back.query}", headers={"Cookie": cookies}
        )
        while (done := http.send(come_back)).status_code == 429:
            # Public endpoints are limited per address, and a script may make many stores from this one.
            time.sleep(min(float(done.headers.get("retry-after", 1)), MOST_PATIENCE_S))
    return _channel(done)


def _channel(done: httpx.Response) -> uuid.UUID:
    target = urlsplit(done.headers.get("location", ""))
    query = parse_qs(target.query)
    found = parse_uuid(target.path.rpartition("/")[2])
    if query.get("oauth") != ["success"] or found is None:
        raise _failed(query.get("message", [f"the callback answered {done.status_code}"])[0])
    return found


def _told(response: httpx.Response) -> str:
    try:
        body: Any = response.json()
    except ValueError:
        body = None
    return str(body["message"]) if isinstance(body, dict) and "message" in body else f"status {response.status_code}"


def _failed(why: str) -> Exception:
    return conflict("CONSENT_FAILED", f"the simulated shop was not connected: {why}")
