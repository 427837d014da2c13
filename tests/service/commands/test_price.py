"""Readings of tracked pages, as an operator types them."""

import pytest

from tests.service.commands.conftest import Refused, Typed
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio


@pytest.fixture
async def page(bench: Workbench) -> int:
    actor = await bench.organization()
    async with bench.container.transaction() as services:
        product = await services.monitored_products.add(actor, {"name": "Lamp", "brand": "Acme", "category": "Light"})
        return int(await services.tracked_urls.add(actor, product, "https://rival.example.com/lamp"))


async def test_a_reading_is_recorded_and_shown(typed: Typed, page: int) -> None:
    told = ("--price", "12.50", "--currency", "eur", "--in-stock", "--at", "2026-03-05T12:00:00Z")
    made = await typed("price", "observe", page, *told)
    assert {key: made[key] for key in ("url_id", "price", "currency", "in_stock", "source", "observed_at")} == {
        "url_id": page,
        "price": "12.5",
        "currency": "EUR",
        "in_stock": True,
        "source": "manual",
        "observed_at": "2026-03-05T12:00:00Z",
    }
    await typed("price", "observe", page, "--out-of-stock", "--at", "2026-03-06T12:00:00+02:00")

    shown = (await typed("price", "observations", page))["observations"]
    assert [(row["price"], row["in_stock"]) for row in shown] == [(None, False), ("12.5", True)]
    older = (await typed("price", "observations", page, "--before", shown[0]["observed_at"], "--most", "5"))[
        "observations"
    ]
    assert [row["id"] for row in older] == [made["id"]]
    assert "12.5 " in await typed("price", "observations", page, as_json=False)


async def test_the_same_instant_again_changes_nothing(typed: Typed, page: int) -> None:
    told = ("price", "observe", page, "--at", "2026-03-05T12:00:00Z", "--price")
    assert (await typed(*told, "5"))["id"] == (await typed(*told, "6"))["id"]
    assert [row["price"] for row in (await typed("price", "observations", page))["observations"]] == ["5"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--price", "12,50"), "plain number"),
        (("--at", "yesterday"), "a time is written like"),
        (("--at", "2126-01-01T00:00:00Z"), "not in the future"),
        (("--currency", "euros"), "three letters"),
    ],
    ids=["price", "time", "future", "currency"],
)
async def test_what_cannot_have_been_read_is_refused(
    typed: Typed, page: int, options: tuple[str, ...], said: str
) -> None:
    with pytest.raises(Refused, match=said):
        await typed("price", "observe", page, *options)


async def test_an_unknown_page_is_not_found(bench: Workbench, typed: Typed, page: int) -> None:
    with pytest.raises(Refused, match="URL not found"):
        await typed("price", "observe", 999_999_999, "--price", "5")
    stranger = (await bench.organization()).tenant
    with pytest.raises(Refused, match="URL not found"):
        await typed("price", "observe", page, "--price", "5", "--organization", stranger)
