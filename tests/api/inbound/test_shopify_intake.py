"""`POST /hooks/shopify`: who is believed, and what is kept before it is answered."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from backend.wiring import Container
from tests.support.webhooks import SECRET_OLD, SHOP, shopify_webhook, signature

pytestmark = pytest.mark.anyio
PATH = "/hooks/shopify"
COMPLIANCE = ("customers/data_request", "customers/redact", "shop/redact")


async def post(client: httpx.AsyncClient, sent: tuple[dict[str, str], bytes], path: str = PATH) -> httpx.Response:
    headers, body = sent
    return await client.post(path, headers=headers, content=body)


async def rows(container: Container, key: str) -> list[Any]:
    async with container.begin() as session:
        found = await session.execute(
            text(
                "SELECT w.*, j.id AS job_id, j.name AS job_name, j.queue FROM received_webhooks w"
                " LEFT JOIN jobs j ON cast(j.payload ->> 'webhook_id' AS bigint) = w.id WHERE w.delivery_key = :key"
            ),
            {"key": key},
        )
        return list(found)


async def kept(container: Container) -> int:
    async with container.begin() as session:
        return int((await session.execute(text("SELECT count(*) FROM received_webhooks"))).scalar_one())


async def test_a_genuine_webhook_is_kept_with_its_job_and_answered_without_a_body(
    client: httpx.AsyncClient, container: Container
) -> None:
    sent = shopify_webhook("products/update", {"id": 1, "title": "Tëa"}, webhook_id="kept-once")
    answer = await post(client, sent)
    assert (answer.status_code, answer.content) == (200, b"")
    (row,) = await rows(container, "kept-once")
    assert (row.platform, row.address, row.topic, row.state) == (
        "shopify",
        f"https://{SHOP}",
        "products/update",
        "received",
    )
    assert bytes(row.body) == sent[1]
    assert row.event_id == sent[0]["x-shopify-event-id"]
    assert row.triggered_at.isoformat() == sent[0]["x-shopify-triggered-at"]
    assert (row.job_name, row.queue) == ("inbound.process_webhook", "fast")


async def test_the_job_is_rung_for(client: httpx.AsyncClient, container: Container) -> None:
    await post(client, shopify_webhook("products/update", webhook_id="rung"))
    (row,) = await rows(container, "rung")
    for _ in range(100):
        waiting = [name.decode() for name in await container.redis.zrange("storeloom:queue:fast", 0, -1)]
        if any(name.startswith(f"job-{row.job_id}-") for name in waiting):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(waiting)


async def test_a_repetition_is_answered_and_makes_no_second_row_and_no_second_job(
    client: httpx.AsyncClient, container: Container
) -> None:
    sent = shopify_webhook("orders/create", {"id": 9}, webhook_id="twice")
    assert [(await post(client, sent)).status_code for _ in range(3)] == [200, 200, 200]
    assert len(await rows(container, "twice")) == 1


async def test_one_webhook_id_of_two_shops_is_two_deliveries(client: httpx.AsyncClient, container: Container) -> None:
    for shop in (SHOP, "other-shop.myshopify.com"):
        await post(client, shopify_webhook("orders/create", shop=shop, webhook_id="shared"))
    assert len(await rows(container, "shared")) == 2


async def test_two_hundred_at_once_with_duplicates_are_each_kept_once(
    client: httpx.AsyncClient, container: Container
) -> None:
    before = await kept(container)
    sent = [shopify_webhook("products/update", {"id": n}, webhook_id=f"burst-{n}") for n in range(100)]
    answers = await asyncio.gather(*(post(client, one) for one in sent + list(reversed(sent))))
    assert {answer.status_code for answer in answers} == {200}
    assert await kept(container) == before + 100
    for n in (0, 50, 99):
        assert len(await rows(container, f"burst-{n}")) == 1


async def test_the_secret_before_is_believed_while_it_is_configured(
    client: httpx.AsyncClient, container: Container
) -> None:
    answer = await post(client, shopify_webhook("products/update", secret=SECRET_OLD, webhook_id="old-secret"))
    assert answer.status_code == 200
    assert len(await rows(container, "old-secret")) == 1


@pytest.mark.parametrize("topic", ["products/update", *COMPLIANCE, "app/uninstalled", "no/such_topic"])
@pytest.mark.parametrize("what", ["wrong", "missing", "empty", "hex", "other-body"])
async def test_what_is_not_signed_as_it_must_be_is_401_without_a_body_and_is_not_kept(
    client: httpx.AsyncClient, container: Container, topic: str, what: str
) -> None:
    before = await kept(container)
    headers, body = shopify_webhook(topic, {"shop_id": 1})
    if what == "missing":
        del headers["x-shopify-hmac-sha256"]
    elif what == "other-body":
        body += b" "
    else:
        wrong = {"wrong": signature("another secret", body), "empty": "", "hex": "00" * 32}
        headers["x-shopify-hmac-sha256"] = wrong[what]
    answer = await post(client, (headers, body))
    assert (answer.status_code, answer.content) == (401, b"")
    assert await kept(container) == before


@pytest.mark.parametrize("topic", COMPLIANCE)
async def test_a_compliance_webhook_needs_no_store(client: httpx.AsyncClient, container: Container, topic: str) -> None:
    key = f"nobody-{topic}"
    sent = shopify_webhook(topic, {"shop_id": 1}, shop="never-heard-of.myshopify.com", webhook_id=key)
    assert (await post(client, sent)).status_code == 200
    assert len(await rows(container, key)) == 1


async def test_an_unknown_platform_is_404(client: httpx.AsyncClient) -> None:
    answer = await post(client, shopify_webhook("products/update"), "/hooks/etsy")
    assert (answer.status_code, answer.content) == (404, b"")


async def test_a_method_other_than_post_is_405(client: httpx.AsyncClient) -> None:
    answer = await client.get(PATH)
    assert (answer.status_code, answer.content) == (405, b"")


async def test_a_body_that_is_too_large_is_413_and_not_kept(client: httpx.AsyncClient, container: Container) -> None:
    sent = shopify_webhook("products/update", body=b"x" * 4_000_001, webhook_id="large")
    answer = await post(client, sent)
    assert (answer.status_code, answer.content) == (413, b"")
    assert await rows(container, "large") == []


async def test_headers_may_be_spelled_as_the_platform_likes(client: httpx.AsyncClient, container: Container) -> None:
    headers, body = shopify_webhook("products/update", webhook_id="spelled")
    titled = {name.title().replace("Sha256", "SHA256"): value for name, value in headers.items()}
    assert (await post(client, (titled, body))).status_code == 200
    assert len(await rows(container, "spelled")) == 1


async def test_a_body_may_come_in_pieces(client: httpx.AsyncClient, container: Container) -> None:
    headers, body = shopify_webhook("products/update", {"title": "x" * 300_000}, webhook_id="pieces")

    async def pieces() -> Any:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    assert (await client.post(PATH, headers=headers, content=pieces())).status_code == 200
    (row,) = await rows(container, "pieces")
    assert bytes(row.body) == body
