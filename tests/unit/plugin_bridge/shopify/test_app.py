"""The app as the business sees it: consent page, callback, and ShopifyAPI used without its globals."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import shopify
from shopify.session import Session

from backend.gateways.outbound import GuardedClients
from backend.ports.shopify_app import NotGenuine, ShopifyApp
from backend.settings import Outbound, Shopify
from plugin_bridge.shopify.app import ShopifyApplication
from plugin_bridge.shopify.scopes import SCOPES
from tests.support.shopify_signing import CLIENT_ID, NOW, OLD_SECRET, SECRET, SHOP, id_token, signed_query

SECOND = int(NOW.timestamp())
RETURN_TO = "https://hub.example.com/api/shopify/oauth/callback"


def application(**over: str) -> ShopifyApplication:
    settings = {"client_id": CLIENT_ID, "client_secret": SECRET, "client_secret_old": OLD_SECRET, **over}
    return ShopifyApplication(GuardedClients(Outbound()), Shopify(**settings))


def refused(query: list[tuple[str, str]], **over: str) -> str:
    app = application(**over)
    with pytest.raises(NotGenuine) as caught:
        app.check_fresh(app.check_callback(query), NOW)
    assert SECRET not in caught.value.message
    return caught.value.code


def test_it_is_what_the_business_asks_for() -> None:
    app: ShopifyApp = application()
    assert (app.configured, app.client_id) == (True, CLIENT_ID)
    assert not application(client_secret="").configured


def test_printing_it_shows_no_secret() -> None:
    assert repr(application()) == "ShopifyApplication(…)"


def test_the_consent_page_is_asked_for_an_offline_token_with_all_we_need() -> None:
    url = urlsplit(application().consent_url(SHOP, state="5f" * 16, redirect_uri=RETURN_TO))
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"https://{SHOP}/admin/oauth/authorize"
    assert parse_qs(url.query, strict_parsing=True) == {
        "client_id": [CLIENT_ID],
        "scope": [",".join(SCOPES)],
        "redirect_uri": [RETURN_TO],
        "state": ["5f" * 16],
    }


def test_the_consent_page_of_a_simulated_shop_lies_under_its_path() -> None:
    app = application(shop_url="http://127.0.0.1:9000/{name}")
    url = app.consent_url(SHOP, state="1", redirect_uri=RETURN_TO)
    assert url.startswith("http://127.0.0.1:9000/quiet-cups/admin/oauth/authorize?")


@pytest.mark.parametrize("shop", ["evil.com", "quiet-cups", "QUIET-cups.myshopify.com", f"{SHOP}/x", f"{SHOP}\n"])
def test_nobody_is_sent_anywhere_but_to_a_shop(shop: str) -> None:
    with pytest.raises(ValueError, match="domain"):
        application().consent_url(shop, state="1", redirect_uri=RETURN_TO)


def test_a_good_callback_names_shop_code_and_state() -> None:
    said = application().check_callback(signed_query())
    assert (said.shop, said.code, said.state) == (SHOP, dict(signed_query())["code"], "5f" * 16)
    assert said.code not in repr(said)


def test_a_callback_signed_with_the_old_secret_is_good() -> None:
    assert application().check_callback(signed_query(secret=OLD_SECRET)).shop == SHOP
    assert refused(signed_query(secret=OLD_SECRET), client_secret_old="") == "signature"


def test_a_shop_in_capitals_is_the_same_shop() -> None:
    assert application().check_callback(signed_query({"shop": SHOP.upper()})).shop == SHOP


@pytest.mark.parametrize("name", ["shop", "state", "code", "timestamp"])
@pytest.mark.parametrize("value", [None, ""], ids=["absent", "empty"])
def test_a_callback_must_say_everything_even_when_signed(name: str, value: str | None) -> None:
    assert refused(signed_query({name: value})) == "parameters"


@pytest.mark.parametrize("name", ["shop", "state", "code", "timestamp", "hmac", "host", "anything"])
def test_a_callback_may_say_nothing_twice(name: str) -> None:
    query = [*signed_query({"anything": "1"}), (name, dict(signed_query({"anything": "1"}))[name])]
    assert refused(query) == "parameters"


def test_an_empty_callback_is_refused() -> None:
    assert refused([]) == "parameters"


@pytest.mark.parametrize(
    "shop", ["evil.com", "x.myshopify.com.evil.com", f"{SHOP}\n", f"{SHOP}/", "x.myshopify.io", "\u212a.myshopify.com"]
)
def test_another_host_than_a_shop_is_refused_even_when_signed(shop: str) -> None:
    assert refused(signed_query({"shop": shop})) == "shop"


@pytest.mark.parametrize("given", ["", "zz", "0" * 64, "é" * 10], ids=["empty", "short", "zeros", "not_ascii"])
def test_a_wrong_hmac_is_refused(given: str) -> None:
    assert refused([*signed_query()[:-1], ("hmac", given)]) == ("signature" if given else "parameters")


@pytest.mark.parametrize(
    "sent",
    ["abc", "0", "-1", "1e9", "1", f"{SECOND}.0", f" {SECOND}", f"+{SECOND}", "\u0661\u0662", "9" * 400, "NaN",
     str(SECOND - 91), str(SECOND + 91)],
    ids=["letters", "zero", "negative", "exponent", "one", "fraction", "space", "plus", "other_digits", "huge", "nan",
         "old", "future"],
)  # fmt: skip
def test_a_callback_from_another_time_is_refused_even_when_signed(sent: str) -> None:
    assert refused(signed_query({"timestamp": sent})) == "timestamp"


@pytest.mark.parametrize("away", [-90, 90], ids=["old", "future"])
def test_clocks_may_be_ninety_seconds_apart(away: int) -> None:
    app = application()
    app.check_fresh(app.check_callback(signed_query()), NOW + timedelta(seconds=away))


def test_a_server_without_secrets_takes_no_callback() -> None:
    assert refused(signed_query(secret=""), client_secret="", client_secret_old="") == "signature"


def test_id_tokens_are_read_with_both_secrets() -> None:
    assert application().check_id_token(id_token(secret=OLD_SECRET), NOW).shop == SHOP
    with pytest.raises(NotGenuine):
        application(client_id="another").check_id_token(id_token(), NOW)


def everything_global() -> dict[str, Any]:
    resource = shopify.ShopifyResource
    return {
        "session": dict(vars(Session)),
        "resource": {name: value for name, value in vars(resource).items() if name != "__doc__"},
        "thread": dict(vars(resource._threadlocal)),
        "versions": dict(shopify.ApiVersion.versions),
    }


def test_the_globals_of_shopify_api_stay_as_they_were() -> None:
    before = everything_global()
    app = application()
    app.consent_url(SHOP, state="1", redirect_uri=RETURN_TO)
    app.check_callback(signed_query())
    app.check_id_token(id_token(), NOW)
    assert everything_global() == before
    assert (Session.api_key, Session.secret) == (None, None)


def test_two_apps_in_one_process_keep_their_ids_apart() -> None:
    one, other = application(), application(client_id="another")
    assert "client_id=another&" in other.consent_url(SHOP, state="1", redirect_uri=RETURN_TO)
    assert f"client_id={CLIENT_ID}&" in one.consent_url(SHOP, state="1", redirect_uri=RETURN_TO)
