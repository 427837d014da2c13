"""The simulated shop's consent and tokens, asked as any app would ask."""

import base64
import hashlib
import hmac
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import jwt
import pytest
from shopify import Session, session_token

from tests.support.shopify import ShopifyShop, shopify_shop

CALLBACK = "http://127.0.0.1:1/api/shopify/oauth/callback"
OFFLINE = "urn:shopify:params:oauth:token-type:offline-access-token"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
NAME = "{shop{name}}"


@pytest.fixture
def shop() -> Iterator[ShopifyShop]:
    with shopify_shop(1) as served:
        yield served


def exchange(shop: ShopifyShop, token: str, **more: Any) -> Any:
    body = {"grant_type": EXCHANGE, "subject_token": token, "subject_token_type": ID_TOKEN, "expiring": "1"}
    return shop.post_token(**{**body, "requested_token_type": OFFLINE, **more})


def works(shop: ShopifyShop, token: str) -> int:
    return shop.post_graphql(token, NAME).status_code


def test_the_consent_page_names_the_shop_and_the_scopes_and_has_both_buttons(shop: ShopifyShop) -> None:
    query = {"client_id": shop.client_id, "scope": "read_products,read_orders", "redirect_uri": CALLBACK, "state": "s"}
    page = shop.http.get(f"{shop.store_url}/admin/oauth/authorize", params=query)
    assert page.status_code == 200
    for text in ("test-shop.myshopify.com", "read_orders", ">Install</button>", ">Cancel</button>", 'value="s"'):
        assert text in page.text


def test_installing_redirects_with_a_signature_over_the_encoded_query(shop: ShopifyShop) -> None:
    form = {"client_id": shop.client_id, "redirect_uri": CALLBACK, "state": "a b&c=d/e", "decision": "install"}
    answer = shop.http.post(f"{shop.store_url}/admin/oauth/authorize", data=form)
    assert answer.status_code == 302
    target = urlsplit(answer.headers["location"])
    told = dict(parse_qsl(target.query))
    given = told.pop("hmac")
    pairs = "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in sorted(told.items()))
    assert given == hmac.new(shop.client_secret.encode(), pairs.encode(), hashlib.sha256).hexdigest()
    assert told["shop"] == shop.domain
    assert told["state"] == "a b&c=d/e"
    assert abs(int(told["timestamp"]) - time.time()) < 5
    assert base64.b64decode(told["host"] + "==").decode() == "admin.shopify.com/store/test-shop"


def test_shopifys_own_library_accepts_callback_and_id_token(shop: ShopifyShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "secret", shop.client_secret)
    told = shop.consent(CALLBACK, state="0123abcd")
    assert Session.validate_params(told)
    assert not Session.validate_params({**told, "code": "another"})
    header = f"Bearer {shop.id_token(user='7')['id_token']}"
    claims = session_token.decode_from_header(header, api_key=shop.client_id, secret=shop.client_secret)
    assert (claims["sub"], claims["dest"]) == ("7", f"https://{shop.domain}")


def test_cancelling_brings_no_code(shop: ShopifyShop) -> None:
    form = {"client_id": shop.client_id, "redirect_uri": CALLBACK, "state": "s", "decision": "cancel"}
    answer = shop.http.post(f"{shop.store_url}/admin/oauth/authorize", data=form)
    told = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    assert told["error"] == "access_denied"
    assert "code" not in told
    assert not shop.state["installed"]


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "https://evil.example/api/shopify/oauth/callback",
        "http://127.0.0.1:1/elsewhere",
        "http://127.0.0.1:1@evil.example/api/shopify/oauth/callback",
        "javascript:alert(1)",
        "",
    ],
    ids=["foreign host", "foreign path", "user info", "script", "empty"],
)
def test_a_redirect_that_was_never_allowed_is_refused(shop: ShopifyShop, redirect_uri: str) -> None:
    query = {"client_id": shop.client_id, "redirect_uri": redirect_uri, "state": "s", "auto": "1"}
    assert shop.http.get(f"{shop.store_url}/admin/oauth/authorize", params=query).status_code == 400


def test_an_unknown_app_is_refused(shop: ShopifyShop) -> None:
    query = {"client_id": "another", "redirect_uri": CALLBACK, "state": "s", "auto": "1"}
    assert shop.http.get(f"{shop.store_url}/admin/oauth/authorize", params=query).status_code == 400


def test_a_code_brings_expiring_tokens_once(shop: ShopifyShop) -> None:
    code = shop.consent(CALLBACK)["code"]
    tokens = shop.post_token(code=code, expiring="1").json()
    assert tokens["expires_in"] == 3600
    assert tokens["refresh_token_expires_in"] == 90 * 86_400
    assert tokens["scope"] == "read_locations,read_orders,write_inventory,write_products,write_publications"
    assert works(shop, tokens["access_token"]) == 200
    again = shop.post_token(code=code, expiring="1")
    assert (again.status_code, again.json()["error"]) == (400, "invalid_request")


def test_a_token_that_never_expires_is_given_and_then_refused_by_the_api(shop: ShopifyShop) -> None:
    tokens = shop.post_token(code=shop.consent(CALLBACK)["code"]).json()
    assert set(tokens) == {"access_token", "scope"}
    answer = shop.post_graphql(tokens["access_token"], NAME)
    assert answer.status_code == 403
    assert "Non-expiring access tokens are no longer accepted" in answer.json()["errors"]


def test_a_token_that_never_expires_can_be_migrated_once(shop: ShopifyShop) -> None:
    old = shop.post_token(code=shop.consent(CALLBACK)["code"]).json()["access_token"]
    fresh = exchange(shop, old, subject_token_type=OFFLINE).json()
    assert works(shop, fresh["access_token"]) == 200
    assert exchange(shop, old, subject_token_type=OFFLINE).json()["error"] == "invalid_subject_token"


def test_an_online_token_names_its_user_and_cannot_be_renewed(shop: ShopifyShop) -> None:
    code = shop.consent(CALLBACK, **{"grant_options[]": "per-user"})["code"]
    tokens = shop.post_token(code=code).json()
    assert tokens["expires_in"] == 86_399
    assert tokens["associated_user"]["account_owner"] is True
    assert "refresh_token" not in tokens


def test_a_wrong_secret_is_refused(shop: ShopifyShop) -> None:
    answer = shop.post_token(code=shop.consent(CALLBACK)["code"], client_secret="wrong")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_refreshing_rotates_and_the_old_token_ends_when_the_new_one_is_used(shop: ShopifyShop) -> None:
    first = shop.install()
    second = shop.post_token(grant_type="refresh_token", refresh_token=first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    third = shop.post_token(grant_type="refresh_token", refresh_token=second["refresh_token"])
    assert third.status_code == 200
    old = shop.post_token(grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert (old.status_code, old.json()["error"]) == (400, "invalid_grant")


def test_a_lost_answer_can_be_asked_for_again_with_the_same_refresh_token(shop: ShopifyShop) -> None:
    first = shop.install()
    lost = shop.post_token(grant_type="refresh_token", refresh_token=first["refresh_token"]).json()
    again = shop.post_token(grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert again.status_code == 200
    assert works(shop, again.json()["access_token"]) == 200
    replaced = shop.post_token(grant_type="refresh_token", refresh_token=lost["refresh_token"])
    assert replaced.json()["error"] == "invalid_grant"


def test_access_ends_after_an_hour_and_refreshing_brings_it_back(shop: ShopifyShop) -> None:
    tokens = shop.install()
    shop.control("POST", "expire_access_token")
    assert works(shop, tokens["access_token"]) == 401
    fresh = shop.post_token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json()
    assert works(shop, fresh["access_token"]) == 200


def test_without_any_living_token_a_refresh_wants_an_active_one(shop: ShopifyShop) -> None:
    tokens = shop.install()
    shop.control("POST", "uninstall")
    answer = shop.post_token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_request"
    assert "requires an active refresh_token" in answer.json()["error_description"]


def test_the_admins_id_token_is_one_that_another_library_accepts(shop: ShopifyShop) -> None:
    told = shop.id_token(user="7")
    claims = jwt.decode(
        told["id_token"], shop.client_secret, algorithms=["HS256"], audience=shop.client_id, issuer=None
    )
    assert claims["dest"] == f"https://{shop.domain}"
    assert claims["iss"] == f"https://{shop.domain}/admin"
    assert claims["sub"] == "7"
    assert claims["exp"] - claims["iat"] <= 61
    assert told["query"]["id_token"] == told["id_token"]
    assert {"embedded", "hmac", "host", "locale", "session", "shop", "timestamp"} < set(told["query"])


def test_an_id_token_brings_tokens_and_ends_the_chain_before(shop: ShopifyShop) -> None:
    before = shop.install()
    tokens = exchange(shop, shop.id_token()["id_token"]).json()
    assert works(shop, tokens["access_token"]) == 200
    assert works(shop, before["access_token"]) == 401
    answer = shop.post_token(grant_type="refresh_token", refresh_token=before["refresh_token"])
    assert answer.json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "wrong",
    [
        {"expires_in": -11},
        {"secret": "another"},
        {"claims": {"aud": "another"}},
        {"claims": {"dest": "https://another.myshopify.com"}},
        {"claims": {"iss": "https://another.myshopify.com/admin"}},
        {"claims": {"exp": None}},
        {"claims": {"nbf": 4_000_000_000}},
        {"install": False},
    ],
    ids=["expired", "signature", "audience", "shop", "issuer", "no end", "too early", "not installed"],
)
def test_a_wrong_id_token_is_no_subject(shop: ShopifyShop, wrong: dict[str, Any]) -> None:
    answer = exchange(shop, shop.id_token(**wrong)["id_token"])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_subject_token")


def test_an_unsigned_id_token_is_no_subject(shop: ShopifyShop) -> None:
    claims = jwt.decode(shop.id_token()["id_token"], options={"verify_signature": False})
    answer = exchange(shop, jwt.encode(claims, None, algorithm="none"))
    assert answer.json()["error"] == "invalid_subject_token"


def test_opening_the_app_in_the_admin_installs_it_and_frames_it(shop: ShopifyShop) -> None:
    page = shop.http.get(f"{shop.store_url}/admin/apps/app")
    assert page.status_code == 200
    assert '<iframe title="Storeloom" src="http://127.0.0.1:1/app?' in page.text
    assert "id_token=" in page.text
    assert shop.state["installed"]


def test_the_journal_holds_no_secret(shop: ShopifyShop) -> None:
    tokens = shop.install()
    shop.graphql(tokens["access_token"], NAME)
    exchange(shop, shop.id_token()["id_token"])
    seen = str(shop.requests) + str(shop.writes)
    for secret in (tokens["access_token"], tokens["refresh_token"], shop.client_secret):
        assert secret not in seen
    assert "code=" not in seen
