"""Putting products up in a WooCommerce store: once, completely, and adopting what is there already."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec
import pytest

from backend.ports.platform_errors import StoreUnavailable
from backend.ports.store_platform import PlatformImage, PlatformProduct, PlatformVariant
from backend.ports.store_writes import (
    FAILED,
    REFUSED,
    UNCHANGED,
    WRITTEN,
    CreatedProduct,
    ProductCreation,
    ProductRemoval,
    WriteResult,
)
from plugin_bridge.http import RetryPolicy
from plugin_bridge.sandbox.woocommerce import batch
from plugin_bridge.sandbox.woocommerce.item import Item
from plugin_bridge.sandbox.woocommerce.shop import Shop
from tests.support.woo import Store, catalog, walk, woo_store
from tests.support.woo_writes import YES, failing_writes, ids, item, outcomes, rows, titled, until, written

pytestmark = pytest.mark.anyio
IMAGE = PlatformImage(url="https://cdn.example/pot.png", alt="A pot")
LOST = PlatformImage(url="https://cdn.invalid/pot.png")


def pot(key: str = "pot", sku: str = "POT", **fields: object) -> ProductCreation:
    """A simple product."""
    variant = PlatformVariant(
        external_id=f"{key}-v", external_product_id=key, sku=sku, price=Decimal("30.5"), stock=4, weight_g=900
    )
    more = {"title": f"Pot {key}", "description": "<p>Cooks</p>", "tags": ("Kitchen",), "brand": "Acme", **fields}
    product = PlatformProduct(external_id=key, variants=(variant,), **more)  # type: ignore[arg-type]
    return ProductCreation(key=key, product=product)


def coat(
    key: str = "coat", sizes: int = 3, skus: Sequence[str] | None = None, image: str = "", **fields: object
) -> ProductCreation:
    """A product that is sold in sizes."""
    variants = tuple(
        PlatformVariant(
            external_id=f"{key}-{n}",
            external_product_id=key,
            sku=f"{key.upper()}-{n}" if skus is None else skus[n],
            price=Decimal(50 + n),
            stock=n,
            options={"Size": f"S{n}"},
            image_url=image,
        )
        for n in range(sizes)
    )
    more = {"title": f"Coat {key}", "option_names": ("Size",), **fields}
    product = PlatformProduct(external_id=key, variants=variants, **more)  # type: ignore[arg-type]
    return ProductCreation(key=key, product=product)


def created(result: WriteResult) -> CreatedProduct:
    assert result.created is not None
    return result.created


def is_whole(store: Store, title: str, sizes: int) -> bool:
    """The product is there once, on sale, under no SKU of ours, with each size once."""
    (parent,) = titled(store, title)
    children = [store.shop.catalog.items[one] for one in parent.children]
    chosen = [one.choices for one in children]
    return (parent.status, parent.sku, len(set(chosen))) == ("publish", "", len(chosen)) and len(chosen) == sizes


async def test_a_simple_product_is_put_up_whole() -> None:
    async with woo_store(catalog(simple=1)) as store:
        result = (await written(store.open(facts=YES), [pot(handle="a-pot", categories=("Kitchen > Cups",))]))["pot"]
        assert (result.outcome, result.code) == (WRITTEN, "")
        made = created(result)
        assert [(one.own_id, one.external_id) for one in made.variants] == [("pot-v", made.external_product_id)]
        assert (made.adopted, made.url) == (False, f"{store.url}/product/a-pot/")
        pages = await walk(store.open(facts=YES))
        (product,) = [one for page in pages for one in page.products if one.external_id == made.external_product_id]
        assert (product.title, product.brand, product.tags) == ("Pot pot", "Acme", ("Kitchen",))
        assert (product.status, product.categories) == ("active", ("Kitchen > Cups",))
        (variant,) = product.variants
        assert (variant.sku, variant.price, variant.stock, variant.weight_g) == ("POT", Decimal("30.5"), 4, 900)


async def test_a_product_in_sizes_is_put_up_with_its_variations() -> None:
    async with woo_store() as store:
        result = (await written(store.open(facts=YES), [coat(images=(IMAGE,))]))["coat"]
        assert (result.outcome, result.code) == (WRITTEN, "")
        assert is_whole(store, "Coat coat", 3)
        made = created(result)
        assert [one.own_id for one in made.variants] == ["coat-0", "coat-1", "coat-2"]
        assert [int(one.external_id) for one in made.variants] == [item(store, f"COAT-{n}").id for n in range(3)]
        (parent,) = titled(store, "Coat coat")
        assert [one.alt for one in parent.pictures] == ["A pot"]
        assert [(one.name, one.options, one.variation) for one in parent.attributes] == [
            ("Size", ("S0", "S1", "S2"), True)
        ]
        assert len(store.asked) == 4  # looked up, parent, variations, finished


async def test_many_products_share_requests() -> None:
    async with woo_store() as store:
        creations = [pot(f"p{n}", f"POT-{n}") for n in range(40)]
        results = await written(store.open(facts=YES), creations)
        assert {one.outcome for one in results.values()} == {WRITTEN}
        assert len(store.shop.catalog.items) == 40
        assert len(store.asked) <= 6


async def test_two_hundred_and_fifty_sizes_are_three_batches() -> None:
    async with woo_store() as store:
        results = await written(store.open(facts=YES), [coat(sizes=250)])
        assert outcomes(results) == {"coat": (WRITTEN, "")}
        assert is_whole(store, "Coat coat", 250)


@pytest.mark.parametrize("creation", [pot(), coat(), pot(sku=""), coat(skus=("", "", ""))])
async def test_a_creation_that_comes_again_makes_nothing(creation: ProductCreation) -> None:
    async with woo_store(catalog(simple=2)) as store:
        opened = store.open(facts=YES)
        first = created((await written(opened, [creation]))[creation.key])
        known = len(store.shop.catalog.items)
        again = (await written(opened, [creation], repeated=True))[creation.key]
        assert (again.outcome, again.code) == (UNCHANGED, "")
        assert created(again).variants == first.variants
        assert created(again).adopted is False
        assert len(store.shop.catalog.items) == known


@pytest.mark.parametrize("creation", [pot(), coat(), pot(sku=""), coat(skus=("", "", "")), pot(images=(IMAGE,))])
async def test_what_the_store_made_without_answering_is_found(creation: ProductCreation) -> None:
    async with woo_store() as store:
        opened = store.open(facts=YES, connector=store.connecting(read_timeout_s=0.5))
        failing_writes(store, opened, "timeout_after_write", seconds=5)
        results = await written(opened, [creation])
        assert outcomes(results) == {creation.key: (WRITTEN, "")}
        assert len(titled(store, creation.product.title)) == 1
        assert {one.sku for one in titled(store, creation.product.title)} <= {"POT", ""}


@pytest.mark.parametrize("fault", ["server_error", "truncated_json", "html"])
@pytest.mark.parametrize("creation", [pot(), coat()], ids=["simple", "sizes"])
async def test_a_creation_without_a_usable_answer_is_looked_up_first(fault: str, creation: ProductCreation) -> None:
    async with woo_store() as store:
        opened = store.open(facts=YES)
        failing_writes(store, opened, fault)
        assert outcomes(await written(opened, [creation])) == {creation.key: (WRITTEN, "")}
        assert len(titled(store, creation.product.title)) == 1


@pytest.mark.parametrize("fault", ["server_error", "truncated_json", "html"])
async def test_variations_without_a_usable_answer_are_looked_up_first(fault: str) -> None:
    async with woo_store() as store:
        opened = store.open(facts=YES)
        # The first write is the parent.
        failing_writes(store, opened, fault, skip=1)
        results = await written(opened, [coat(skus=("", "", "COAT-2"))])
        assert outcomes(results) == {"coat": (WRITTEN, "")}
        assert is_whole(store, "Coat coat", 3)


@pytest.mark.parametrize("creation", [pot(), coat()], ids=["simple", "sizes"])
async def test_a_product_that_a_late_store_may_still_make_is_not_sent_again(creation: ProductCreation) -> None:
    async with woo_store() as store:
        opened = store.open(facts=YES, connector=store.connecting(read_timeout_s=0.5))
        failing_writes(store, opened, "slow", seconds=1.5)
        assert outcomes(await written(opened, [creation])) == {creation.key: (FAILED, "timeout")}
        await until(lambda: bool(titled(store, creation.product.title)))
        results = await written(opened, [creation], repeated=True)
        assert results[creation.key].outcome in (WRITTEN, UNCHANGED)
        assert len(titled(store, creation.product.title)) == 1
        assert len([row for row in rows(store, "create") if row.get("type")]) == 1


@pytest.mark.parametrize("dies_at", [1, 2])
async def test_a_creation_that_failed_is_completed_by_another_write_of_the_same_product(dies_at: int) -> None:
    async with woo_store() as store:
        opened = store.open(facts=YES, connector=store.connecting(read_timeout_s=0.5))
        failing_writes(store, opened, "slow", skip=dies_at - 1, seconds=1.5)
        assert outcomes(await written(opened, [coat()])) == {"coat": (FAILED, "timeout")}
        await until(lambda: len(rows(store, "create")) == (1 if dies_at == 1 else 4))
        anew = msgspec.structs.replace(coat(), key="planned-anew")
        assert outcomes(await written(opened, [anew])) == {"planned-anew": (WRITTEN, "")}
        assert is_whole(store, "Coat coat", 3)


async def test_variations_that_a_store_made_without_answering_are_completed_when_asked_again() -> None:
    async with woo_store() as store:
        opened = store.open(facts=YES, connector=store.connecting(read_timeout_s=0.5))
        client = opened._client  # type: ignore[attr-defined]
        send = client.post_unless_throttled

        async def post(path: str, *args: object, **more: object) -> object:
            if path.endswith("variations/batch"):
                store.fault("timeout_after_write", next=1, seconds=5)
            return await send(path, *args, **more)

        client.post_unless_throttled = post
        first = await written(opened, [coat(sizes=130)])
        assert outcomes(first) == {"coat": (FAILED, "timeout")}
        (parent,) = titled(store, "Coat coat")
        assert parent.status == "draft"
        client.post_unless_throttled = send
        assert outcomes(await written(opened, [coat(sizes=130)], repeated=True)) == {"coat": (WRITTEN, "")}
        assert is_whole(store, "Coat coat", 130)


@pytest.mark.parametrize("dies_at", [1, 2, 3])
async def test_a_creation_broken_off_anywhere_is_completed_when_it_comes_again(dies_at: int) -> None:
    async with woo_store() as store:
        opened = store.open(facts=YES, connector=store.connecting(RetryPolicy(tries=1)))
        client = opened._client  # type: ignore[attr-defined]
        send, count = client.post_unless_throttled, [0]

        async def post(*args: object, **more: object) -> object:
            answer = await send(*args, **more)
            count[0] += 1
            if count[0] == dies_at:
                raise RuntimeError("killed")
            return answer

        client.post_unless_throttled = post
        with pytest.raises(RuntimeError):
            await written(opened, [coat(images=(IMAGE,))])
        client.post_unless_throttled = send
        results = await written(opened, [coat(images=(IMAGE,))], repeated=True)
        assert results["coat"].outcome in (WRITTEN, UNCHANGED)
        assert is_whole(store, "Coat coat", 3)
        assert len(titled(store, "Coat coat")[0].pictures) == 1


async def test_a_product_with_the_same_skus_is_adopted() -> None:
    async with woo_store(catalog(simple=1, variable=1)) as store:
        shirt = coat("shirt", skus=("SHIRT-0-0", "shirt-0-1", "SHIRT-0-2"))
        results = await written(store.open(facts=YES), [pot(sku="CUP-0"), shirt])
        assert outcomes(results) == {"pot": (UNCHANGED, ""), "shirt": (UNCHANGED, "")}
        assert created(results["pot"]).external_product_id == ids(store, "CUP-0")["external_id"]
        assert [one.external_id for one in created(results["shirt"]).variants] == [
            ids(store, f"SHIRT-0-{n}")["external_id"] for n in range(3)
        ]
        assert all(created(one).adopted for one in results.values())
        assert rows(store, "create") == []


async def test_skus_of_other_products_are_taken() -> None:
    async with woo_store(catalog(simple=2, variable=1)) as store:
        before = len(store.shop.catalog.items)
        results = await written(
            store.open(facts=YES),
            [
                coat("partly", skus=("SHIRT-0-0", "SHIRT-0-1", "NEW")),
                coat("mixed", sizes=2, skus=("CUP-0", "CUP-1")),
                pot("below", sku="SHIRT-0-2"),
            ],
        )
        assert set(outcomes(results).values()) == {(REFUSED, "sku_taken")}
        assert len(store.shop.catalog.items) == before


async def test_a_sku_taken_between_the_look_and_the_creation_leaves_nothing_behind() -> None:
    async with woo_store(catalog(simple=1)) as store:
        opened = store.open(facts=YES)
        send = opened._client.post_unless_throttled  # type: ignore[attr-defined]

        async def post(path: str, *args: object, **more: object) -> object:
            if path.endswith("variations/batch"):
                store.shop.catalog.set_sku(item(store, "CUP-0"), "COAT-1")
            return await send(path, *args, **more)

        opened._client.post_unless_throttled = post  # type: ignore[attr-defined]
        assert outcomes(await written(opened, [coat()])) == {"coat": (REFUSED, "sku_taken")}
        assert len(store.shop.catalog.items) == 1


async def test_a_finished_product_is_never_taken_back() -> None:
    async with woo_store(catalog(simple=1)) as store:
        opened = store.open(facts=YES)
        await written(opened, [coat()])
        store.shop.delete(item(store, "COAT-1"))
        send = opened._client.post_unless_throttled  # type: ignore[attr-defined]

        async def post(path: str, *args: object, **more: object) -> object:
            if path.endswith("variations/batch"):
                store.shop.catalog.set_sku(item(store, "CUP-0"), "COAT-1")
            return await send(path, *args, **more)

        opened._client.post_unless_throttled = post  # type: ignore[attr-defined]
        assert outcomes(await written(opened, [coat()], repeated=True)) == {"coat": (REFUSED, "sku_taken")}
        assert is_whole(store, "Coat coat", 2)


async def test_a_store_that_keeps_a_product_from_being_published_has_it_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with woo_store() as store:
        change = batch.change

        def reviewing(shop: Shop, one: Item, body: dict[str, object]) -> None:
            change(shop, one, body | ({"status": "pending"} if "status" in body else {}))

        monkeypatch.setattr(batch, "change", reviewing)
        result = (await written(store.open(facts=YES), [coat()]))["coat"]
        assert (result.outcome, result.code) == (WRITTEN, "echo_differs")
        assert len(created(result).variants) == 3


async def test_an_image_that_cannot_be_fetched_does_not_keep_a_product_from_being_sold() -> None:
    async with woo_store() as store:
        creations = [pot(images=(LOST,)), coat(images=(LOST,)), coat("mac", image=LOST.url)]
        results = await written(store.open(facts=YES), creations)
        assert set(outcomes(results).values()) == {(WRITTEN, "image_refused")}
        assert item(store, "POT").status == "publish"
        assert is_whole(store, "Coat coat", 3)
        assert is_whole(store, "Coat mac", 3)


async def test_pictures_of_variants_are_sent_with_them() -> None:
    async with woo_store() as store:
        results = await written(store.open(facts=YES), [coat(sizes=12, image=IMAGE.url)])
        assert outcomes(results) == {"coat": (WRITTEN, "")}
        assert all(len(item(store, f"COAT-{n}").pictures) == 1 for n in range(12))


async def test_a_price_that_is_none_keeps_the_whole_product_back() -> None:
    async with woo_store() as store:
        variant = PlatformVariant(external_id="v", external_product_id="p", sku="A", price=Decimal(-1))
        creation = ProductCreation(key="p", product=PlatformProduct(external_id="p", title="P", variants=(variant,)))
        assert outcomes(await written(store.open(facts=YES), [creation])) == {"p": (REFUSED, "price_invalid")}
        assert store.shop.catalog.items == {}


async def test_what_we_made_can_be_deleted_again() -> None:
    async with woo_store(catalog(simple=1)) as store:
        opened = store.open(facts=YES)
        made = created((await written(opened, [coat()]))["coat"])
        removal = ProductRemoval(key="undo", external_product_id=made.external_product_id, delete=True)
        assert outcomes(await written(opened, [removal])) == {"undo": (WRITTEN, "")}
        assert len(store.shop.catalog.items) == 1
        assert outcomes(await written(opened, [removal], repeated=True)) == {"undo": (UNCHANGED, "")}


async def test_a_store_that_cannot_be_asked_is_not_written_to() -> None:
    async with woo_store() as store:
        store.fault("server_error")
        with pytest.raises(StoreUnavailable):
            await written(store.open(facts=YES), [pot()])
        assert store.shop.catalog.items == {}
