"""HTML that people see: the consent page, the admin with the app inside, a storefront page."""

import html
from collections.abc import Iterable
from urllib.parse import urlencode

from plugin_bridge.sandbox.asgi import Reply

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:0;background:#f1f1f1;color:#303030}"
    "main{max-width:34rem;margin:4rem auto;background:#fff;border-radius:12px;padding:2rem;box-shadow:0 1px 3px #0002}"
    "button{font:inherit;padding:.5rem 1.25rem;border-radius:8px;border:1px solid #8a8a8a;background:#fff}"
    "button.primary{background:#303030;color:#fff;border-color:#303030}"
    "header{background:#1a1a1a;color:#fff;padding:.6rem 1rem;display:flex;gap:1rem;align-items:center}"
    "iframe{display:block;border:0;width:100%;height:calc(100vh - 3rem);background:#fff}"
)


def page(title: str, body: str, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    """Return an HTML page."""
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>{body}</body></html>'
    )
    return Reply(
        status=status,
        body=text.encode(),
        headers={"content-type": "text/html; charset=utf-8", "cache-control": "no-store", **(headers or {})},
    )


def problem_page(text: str, status: int = 400) -> Reply:
    """Return the page that says why an authorization cannot go on."""
    return page("Oauth error", f"<main><h1>Oauth error</h1><p>{html.escape(text)}</p></main>", status)


def consent_page(title: str, shop: str, scopes: Iterable[str], fields: dict[str, str]) -> Reply:
    """Return the page that asks the merchant to install the app; *fields* go back as they are."""
    asked = "".join(f"<li><code>{html.escape(scope)}</code></li>" for scope in scopes)
    hidden = "".join(
        f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
        for name, value in fields.items()
    )
    body = (
        f"<main><h1>Install {html.escape(title)}</h1><p>on <strong>{html.escape(shop)}</strong></p>"
        f"<p>The app will be able to:</p><ul>{asked}</ul>"
        f'<form method="post">{hidden}'
        '<button class="primary" name="decision" value="install">Install</button> '
        '<button name="decision" value="cancel">Cancel</button></form></main>'
    )
    return page(f"Install {title}", body)


def admin_page(title: str, shop: str, app_url: str, query: dict[str, str]) -> Reply:
    """Return the admin with the app in its frame."""
    source = html.escape(f"{app_url}?{urlencode(query)}")
    body = (
        f"<header><strong>{html.escape(shop)}</strong><span>Apps / {html.escape(title)}</span></header>"
        f'<iframe title="{html.escape(title)}" src="{source}"></iframe>'
    )
    return page(f"{title} - {shop}", body)


def challenge_page() -> Reply:
    """Return what a firewall in front of the shop shows to a robot."""
    return page("Just a moment...", "<main><h1>Verifying your connection...</h1></main>")
