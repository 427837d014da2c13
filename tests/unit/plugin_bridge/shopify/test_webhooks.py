"""Webhooks: the raw body's signature first, then what the headers say."""

from datetime import UTC, datetime

import pytest

from backend.ports.inbound_webhooks import InboundWebhook, WebhookReceiver, WebhookRefused
from plugin_bridge.shopify.webhooks import ShopifyWebhooks
from tests.support.shopify_signing import OLD_SECRET, SECRET, SHOP, webhook_headers

BODY = b'{"id": 1}'


def received(headers: dict[str, str], body: bytes = BODY, secrets: tuple[str, ...] = (SECRET,)) -> InboundWebhook:
    receiver: WebhookReceiver = ShopifyWebhooks()
    webhook = receiver.receive(headers, body, secrets)
    assert webhook is not None
    return webhook


def refused(headers: dict[str, str], body: bytes = BODY, secrets: tuple[str, ...] = (SECRET,)) -> None:
    with pytest.raises(WebhookRefused) as caught:
        received(headers, body, secrets)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("prefix", ["x-shopify-", "shopify-"])
def test_both_spellings_of_headers_are_understood(prefix: str) -> None:
    webhook = received(webhook_headers(BODY, prefix=prefix))
    assert webhook == InboundWebhook(
        platform="shopify",
        address=f"https://{SHOP}",
        topic="products/update",
        delivery_key="b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        event_id="98880550-7158-44d4-b7cd-2c97c8a091b5",
        triggered_at=datetime(2026, 11, 24, 11, 59, 58, 877_041, tzinfo=UTC),
        body=BODY,
    )


def test_the_apps_secret_signs_for_all_shops() -> None:
    assert ShopifyWebhooks().store_of(webhook_headers(BODY), {}) is None


def test_the_old_secret_will_do_beside_the_new_one() -> None:
    assert received(webhook_headers(BODY, OLD_SECRET), secrets=(SECRET, OLD_SECRET)).topic == "products/update"
    refused(webhook_headers(BODY, OLD_SECRET))


def test_nothing_is_genuine_without_a_secret() -> None:
    refused(webhook_headers(BODY, ""), secrets=("",))
    refused(webhook_headers(BODY), secrets=())


def test_a_changed_body_is_refused() -> None:
    refused(webhook_headers(BODY), b'{"id": 2}')


def test_a_body_with_other_spaces_is_refused() -> None:
    refused(webhook_headers(BODY), b'{"id":1}')


def test_an_empty_body_is_refused() -> None:
    refused(webhook_headers(b""), b"")


@pytest.mark.parametrize("name", ["hmac-sha256", "topic", "shop-domain", "api-version", "webhook-id"])
@pytest.mark.parametrize("value", [None, ""], ids=["absent", "empty"])
def test_a_delivery_must_say_what_it_is(name: str, value: str | None) -> None:
    headers = webhook_headers(BODY)
    if value is None:
        del headers[f"x-shopify-{name}"]
    else:
        headers[f"x-shopify-{name}"] = value
    refused(headers)


def test_two_spellings_at_once_are_refused() -> None:
    refused(webhook_headers(BODY) | webhook_headers(BODY, prefix="shopify-"))


def test_spellings_are_not_mixed() -> None:
    headers = webhook_headers(BODY)
    headers["shopify-shop-domain"] = headers.pop("x-shopify-shop-domain")
    refused(headers)


@pytest.mark.parametrize(
    "shop", ["evil.com", f"{SHOP}.evil.com", f"https://{SHOP}", f"{SHOP}\n", "\u212a.myshopify.com"]
)
def test_only_a_shop_can_be_spoken_of(shop: str) -> None:
    refused(webhook_headers(BODY, shop_domain=shop))


@pytest.mark.parametrize("topic", ["products update", "products/update\n", "x" * 121, "é"])
def test_a_topic_is_a_plain_word(topic: str) -> None:
    refused(webhook_headers(BODY, topic=topic))


@pytest.mark.parametrize("key", ["a b", "x" * 201, "é", "\x00"], ids=["space", "long", "not_ascii", "null_byte"])
def test_a_delivery_key_can_be_stored(key: str) -> None:
    refused(webhook_headers(BODY, webhook_id=key))


@pytest.mark.parametrize("text", ["", "soon", "9999-12-31T23:59:59-14:00", "2026-13-01"])
def test_an_unreadable_time_is_no_time(text: str) -> None:
    assert received(webhook_headers(BODY, triggered_at=text)).triggered_at is None


def test_an_unreadable_event_is_no_event() -> None:
    assert received(webhook_headers(BODY, event_id="a b")).event_id == ""


def test_times_are_utc() -> None:
    moment = received(webhook_headers(BODY, triggered_at="2026-11-24T07:00:00-05:00")).triggered_at
    assert moment == datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert moment.tzinfo is UTC


def test_a_body_that_is_no_text_is_received_as_it_is() -> None:
    body = b"\xff\x00\xfe"
    assert received(webhook_headers(body), body).body == body
