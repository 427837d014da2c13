"""The public feed route: headers, encodings, conditional requests, refusals (rows S2S-17 to S2S-22)."""

import asyncio
import csv
import gzip
import io
import json
import re
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from lxml import etree

from backend.api.public.surface import PUBLIC
from backend.kit.clock import iso_z
from tests.api.conftest import Visitor
from tests.api.public.conftest import JOB, PREFIX, Address, Shop
from tests.support.running_jobs import run_jobs

OUTPUTS = ["xml", "csv", "json"]
PLAIN = {"Accept-Encoding": "identity"}


def items_in(output: str, body: bytes) -> int:
    if output == "xml":
        return len(etree.fromstring(body).findall("channel/item"))
    if output == "csv":
        return len(list(csv.DictReader(io.StringIO(body.decode()))))
    return len(json.loads(body)["products"])


async def away_from_the_edge() -> None:
    """Wait for the next minute if this one is about to end: a limit's window is a minute of the clock."""
    left_s = 60 - time.time() % 60
    if left_s < 8:
        await asyncio.sleep(left_s)


def assert_refused(response: httpx.Response, status: int) -> None:
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {"statusCode", "message", "error"}
    assert body["statusCode"] == status


@pytest.mark.parametrize("output", OUTPUTS)
async def test_s2s_17_a_published_feed_needs_no_credentials(
    client: httpx.AsyncClient, shop: Shop, path: Address, output: str
) -> None:
    response = await client.get(path(await shop.feed(output)))
    assert response.status_code == 200
    assert items_in(output, response.content) == 6


@pytest.mark.parametrize(
    ("output", "kind"),
    [("xml", "application/xml; charset=utf-8"), ("csv", "text/csv; charset=utf-8"), ("json", "application/json")],
)
async def test_s2s_18_content_type_and_file_name_follow_the_format(
    client: httpx.AsyncClient, shop: Shop, path: Address, output: str, kind: str
) -> None:
    feed = await shop.feed(output)
    headers = (await client.get(path(feed))).headers
    assert headers["content-type"] == kind
    assert headers["content-disposition"] == f'inline; filename="{feed.slug}.{output}"'


async def test_s2s_19_crawlers_may_keep_a_feed_for_five_minutes(
    client: httpx.AsyncClient, shop: Shop, path: Address
) -> None:
    assert (await client.get(path(await shop.feed()))).headers["cache-control"] == "public, max-age=300"


async def test_s2s_19_a_young_generation_is_a_hit_with_the_same_bytes(
    client: httpx.AsyncClient, shop: Shop, path: Address
) -> None:
    feed = await shop.feed()
    first, second = await client.get(path(feed)), await client.get(path(feed))
    assert (first.headers["x-cache"], second.headers["x-cache"]) == ("HIT", "HIT")
    assert first.content == second.content


async def test_s2s_19_a_due_generation_that_does_not_come_is_a_miss_with_the_last_good_bytes(
    client: httpx.AsyncClient, shop: Shop, path: Address
) -> None:
    feed = await shop.feed()
    before = await client.get(path(feed))
    shop.container.published_feeds._max_age_s = 0
    shop.container.published_feeds._entries.clear()
    after = await client.get(path(feed))
    assert (after.status_code, after.headers["x-cache"]) == (200, "MISS")
    assert after.content == before.content


@pytest.mark.parametrize("output", OUTPUTS)
async def test_s2s_20_the_count_of_products_is_the_number_of_items(
    client: httpx.AsyncClient, shop: Shop, path: Address, output: str
) -> None:
    assert (await client.get(path(await shop.feed(output)))).headers["x-feed-products"] == "6"


async def test_s2s_20_the_time_is_that_of_the_generation(client: httpx.AsyncClient, shop: Shop, path: Address) -> None:
    feed = await shop.feed("json")
    response = await client.get(path(feed))
    told = response.headers["x-feed-generated"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told)
    assert told <= iso_z(datetime.now(UTC))
    assert response.json()["feed"] == {"slug": feed.slug, "title": feed.slug, "generated_at": told}
    assert (await client.get(path(feed))).headers["x-feed-generated"] == told


async def test_s2s_19_a_known_version_is_an_empty_304(client: httpx.AsyncClient, shop: Shop, path: Address) -> None:
    feed = await shop.feed()
    first = await client.get(path(feed), headers=PLAIN)
    etag = first.headers["etag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        response = await client.get(path(feed), headers={"If-None-Match": known, **PLAIN})
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["etag"] == etag
        assert response.headers["cache-control"] == "public, max-age=300"
        assert "content-type" not in response.headers
    assert (await client.get(path(feed), headers={"If-None-Match": '"other"'})).status_code == 200


async def test_s2s_19_the_packed_version_has_a_tag_of_its_own_and_both_are_known(
    client: httpx.AsyncClient, shop: Shop, path: Address
) -> None:
    feed = await shop.feed()
    packed = (await client.get(path(feed), headers={"Accept-Encoding": "gzip"})).headers["etag"]
    plain = (await client.get(path(feed), headers=PLAIN)).headers["etag"]
    assert packed != plain
    assert (await client.get(path(feed), headers={"If-None-Match": packed, **PLAIN})).status_code == 304


async def test_s2s_19_a_date_is_a_condition_too(client: httpx.AsyncClient, shop: Shop, path: Address) -> None:
    feed = await shop.feed()
    known = (await client.get(path(feed))).headers["last-modified"]
    assert (await client.get(path(feed), headers={"If-Modified-Since": known})).status_code == 304
    both = {"If-Modified-Since": known, "If-None-Match": '"other"'}
    assert (await client.get(path(feed), headers=both)).status_code == 200


@pytest.mark.parametrize("output", OUTPUTS)
async def test_s2s_19_gzip_is_for_those_who_accept_it(
    client: httpx.AsyncClient, shop: Shop, path: Address, output: str
) -> None:
    feed = await shop.feed(output)
    plain = await client.get(path(feed), headers=PLAIN)
    assert "content-encoding" not in plain.headers
    async with client.stream("GET", path(feed), headers={"Accept-Encoding": "br, gzip;q=0.8"}) as packed:
        raw = b"".join([chunk async for chunk in packed.aiter_raw()])
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) == len(raw)
    assert gzip.decompress(raw) == plain.content
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"


async def test_s2s_18_head_tells_the_headers_and_nothing_else(
    client: httpx.AsyncClient, shop: Shop, path: Address
) -> None:
    feed = await shop.feed()
    whole = await client.get(path(feed), headers=PLAIN)
    head = await client.head(path(feed), headers=PLAIN)
    assert (head.status_code, head.content) == (200, b"")
    assert dict(head.headers) == dict(whole.headers)
    assert (await client.head(path(feed), headers={"If-None-Match": whole.headers["etag"]})).status_code == 304


async def test_a_feed_too_large_to_hold_is_streamed(client: httpx.AsyncClient, shop: Shop, path: Address) -> None:
    feed = await shop.feed()
    shop.container.published_feeds._bodies.largest_bytes = 100
    plain = await client.get(path(feed), headers=PLAIN)
    packed = await client.get(path(feed), headers={"Accept-Encoding": "gzip"})
    assert items_in("xml", plain.content) == 6
    assert packed.content == plain.content


async def test_s2s_21_unknown_and_unpublished_feeds_are_the_same_404(
    client: httpx.AsyncClient, shop: Shop, path: Address
) -> None:
    hidden = await shop.feed(publish=False)
    answers = [await client.get(path(hidden)), await client.get(PREFIX + "nothing"), await client.get(PREFIX + "UPPER")]
    for answer in answers:
        assert_refused(answer, 404)
        assert not [name for name in answer.headers if name.startswith("x-feed-")]
    assert len({answer.content for answer in answers}) == 1


@pytest.mark.parametrize(
    "slug", ["%2e%2e%2f%2e%2e%2fetc%2fpasswd", "a%00b", "x" * 3000, "%27%20OR%201%3D1", "%F0%9F%90%8D", "%ff%fe", "%0a"]
)
async def test_s2s_21_impossible_slugs_are_client_errors(client: httpx.AsyncClient, slug: str) -> None:
    response = await client.get(PREFIX + slug)
    assert 400 <= response.status_code < 500
    assert set(response.json()) == {"statusCode", "message", "error"}


async def test_s2s_22_a_feed_cannot_be_written(client: httpx.AsyncClient, shop: Shop, path: Address) -> None:
    response = await client.delete(path(await shop.feed()))
    assert_refused(response, 405)
    assert {"GET", "HEAD"} <= set(re.split(r",\s*", response.headers["allow"]))


async def test_a_feed_whose_first_generation_is_late_is_a_503_that_asks_for_patience(
    client: httpx.AsyncClient, shop: Shop, path: Address
) -> None:
    response = await client.get(path(await shop.feed(generate=False)))
    assert_refused(response, 503)
    assert int(response.headers["retry-after"]) >= 1
    assert response.headers["cache-control"] == "no-store"


async def test_a_feed_whose_files_are_lost_is_a_503_and_comes_back(
    client: httpx.AsyncClient, shop: Shop, path: Address, tmp_path: Path
) -> None:
    feed = await shop.feed()
    for file in (tmp_path / "blobs" / "feeds" / str(feed.id)).iterdir():
        file.unlink()
    assert_refused(await client.get(path(feed)), 503)
    await run_jobs(shop.container, JOB)
    assert (await client.get(path(feed))).status_code == 200


async def test_s2s_21_the_31st_request_within_a_minute_is_a_429(visitor: Visitor, shop: Shop, path: Address) -> None:
    await away_from_the_edge()
    feed = await shop.feed("json")
    address = path(feed)
    crawler = visitor()
    etag = (await crawler.get(address)).headers["etag"]
    seen = [(await crawler.get(address, headers={"If-None-Match": etag})).status_code for _ in range(10)]
    seen += [(await crawler.get(PREFIX + "nothing")).status_code for _ in range(10)]
    seen += [(await crawler.head(address)).status_code for _ in range(9)]
    assert seen == [304] * 10 + [404] * 10 + [200] * 9
    refused = await crawler.get(address)
    assert_refused(refused, 429)
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert (await visitor().get(address)).status_code == 200


async def test_g20_a_made_up_forwarded_address_is_no_other_client(visitor: Visitor, shop: Shop, path: Address) -> None:
    await away_from_the_edge()
    address = path(await shop.feed("json"))
    crawler = visitor()
    for _ in range(30):
        assert (await crawler.get(address)).status_code == 200
    spoofed = await crawler.get(address, headers={"X-Forwarded-For": "203.0.113.9"})
    assert_refused(spoofed, 429)


async def test_g20_addresses_of_one_ipv6_network_count_together(visitor: Visitor, shop: Shop, path: Address) -> None:
    await away_from_the_edge()
    address = path(await shop.feed("json"))
    for nth in range(30):
        assert (await visitor(f"2001:db8:0:7::{nth + 1:x}").get(address)).status_code == 200
    assert (await visitor("2001:db8:0:7:ffff::1").get(address)).status_code == 429
    assert (await visitor("2001:db8:0:8::1").get(address)).status_code == 200


async def test_s2s_03_the_limit_of_feeds_is_apart_from_that_of_other_public_endpoints(
    visitor: Visitor, shop: Shop, path: Address
) -> None:
    await away_from_the_edge()
    address = path(await shop.feed("json"))
    crawler = visitor()
    for _ in range(31):
        last = await crawler.get(address)
    assert last.status_code == 429
    body = {"email": "nobody@example.com"}
    assert (await crawler.post("/api/auth/password/forgot", json=body)).status_code == 202


async def test_the_document_describes_the_route(client: httpx.AsyncClient) -> None:
    document = (await client.get("/docs/public/openapi.json")).json()
    operation = document["paths"]["/api/public/feeds/{slug}"]["get"]
    assert set(operation["responses"]) >= {"200", "404", "429", "503"}
    assert "security" not in operation or operation["security"] == []


def test_the_surface_is_public() -> None:
    assert PUBLIC.authenticate is None
    assert all(handler.opt.get("public") for handler in PUBLIC.handlers)  # type: ignore[union-attr]
