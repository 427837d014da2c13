"""The real libraries as witnesses of our checks: Shopify's for Node, its `shopifyapp` and `ShopifyAPI` for Python."""

import hashlib
import hmac
import json
import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from shopify import session_token
from shopify.session import Session
from shopify.utils.shop_url import sanitize_shop_domain
from shopify_app.types import AppConfig
from shopify_app.verify.app_home_req import verify_app_home_req
from shopify_app.verify.webhook import verify_webhook_req

from tests.support import npm
from tests.support.shopify_signing import CLIENT_ID, NOW, SECRET

_SCRIPT = Path(__file__).with_suffix(".mjs")
APP: AppConfig = {"client_id": CLIENT_ID, "client_secret": SECRET}


class Node:
    """`@shopify/shopify-api`, the one that Shopify's own templates use; the test that makes it is skipped without.

    For it, it is NOW; the others need `time_machine`.
    """

    def __init__(self, scopes: Sequence[str] = ()) -> None:
        self.folder = npm.installed("shopify-api")
        self._given = json.dumps(
            {"key": CLIENT_ID, "secret": SECRET, "scopes": list(scopes), "now": int(NOW.timestamp())}
        )

    def ask(self, requests: Iterable[Mapping[str, Any]]) -> list[Any]:
        """Put all questions to one process; what it refuses by an exception is `Refused`."""
        lines = [json.dumps(request) for request in requests]
        done = subprocess.run(
            # Given as text, so that packages are looked up where they were installed.
            ["node", "--input-type=module", "-e", _SCRIPT.read_text()],
            cwd=self.folder,
            input="\n".join(lines),
            env={**os.environ, "ORACLE": self._given},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(answers) == len(lines), done.stderr[-500:]
        return [answer["value"] if answer["ok"] else Refused(answer["value"]) for answer in answers]

    def verdicts(self, requests: Iterable[Mapping[str, Any]]) -> list[bool]:
        """Return which of them it takes for good."""
        return [answer is True for answer in self.ask(requests)]


class Refused(str):
    """What the library said when it threw."""

    __slots__ = ()


class _Witness(Session):  # type: ignore[misc]
    """ShopifyAPI reads its secret from the class: from this one, so that the library's own stays untouched."""

    secret = SECRET
    api_key = CLIENT_ID


def shopify_api_query(params: Mapping[str, Any]) -> bool:
    """Ask ShopifyAPI about a query's signature alone."""
    return bool(_Witness.validate_hmac(dict(params)))


def shopify_api_callback(params: Mapping[str, Any]) -> bool:
    """Ask ShopifyAPI about signature and time; what makes it fall over counts as no."""
    try:
        return bool(_Witness.validate_params(dict(params)))
    except ValueError:
        return False


def shopify_api_shop(text: str) -> bool:
    """Ask ShopifyAPI whether it makes a shop's domain of a text."""
    try:
        return sanitize_shop_domain(text) is not None
    except ValueError:
        return False


def shopify_api_id_token(token: str) -> bool:
    """Ask ShopifyAPI about an ID token; what makes it fall over counts as no."""
    try:
        session_token.decode_from_header(f"Bearer {token}", CLIENT_ID, SECRET)
    except Exception:
        return False
    return True


def shopifyapp_id_token(token: str) -> bool:
    """Ask shopifyapp about an ID token; what makes it fall over counts as no."""
    request: Any = {
        "method": "GET",
        "url": "https://hub.example.com/app",
        "headers": {"authorization": f"Bearer {token}"},
        "body": "",
    }
    try:
        return verify_app_home_req(request, APP, "/patch").ok
    except Exception:
        return False


def shopifyapp_webhook(headers: Mapping[str, str], body: str) -> bool:
    """Ask shopifyapp about a delivery; what makes it fall over counts as no."""
    request: Any = {"method": "POST", "url": "https://hub.example.com/", "headers": dict(headers), "body": body}
    try:
        return verify_webhook_req(request, APP).ok
    except Exception:
        return False


def shopify_api_hmac(params: Mapping[str, str]) -> str:
    """Sign a query as ShopifyAPI does."""
    return str(_Witness.calculate_hmac(dict(params)))


def list_hmac(params: Mapping[str, Any]) -> str:
    """Sign a query in which lists have names with `[]`, as the library for Node does."""
    pairs = [(name, each) for name in sorted(params) for each in _listed(params[name])]
    text = urlencode(pairs, quote_via=quote, safe="")
    return hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
