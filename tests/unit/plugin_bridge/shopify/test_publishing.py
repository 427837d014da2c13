"""Which publication is the Online Store, and what publishing makes of a result."""

import pytest

from backend.ports.store_writes import UNCHANGED, WRITTEN, CreatedProduct, WriteResult
from plugin_bridge.shopify.publishing import Published, is_online_store, published
from plugin_bridge.shopify.publishing_answers import ChannelApp, ChannelApps, ChannelCatalog, Publication


def publication(title: str, *handles: str | None) -> Publication:
    apps = ChannelApps(nodes=[ChannelApp(handle=handle) for handle in handles])
    return Publication(id="gid://shopify/Publication/1", catalog=ChannelCatalog(title=title, apps=apps))


@pytest.mark.parametrize(
    ("one", "verdict"),
    [
        pytest.param(publication("Online Store", "online_store"), True, id="by both"),
        pytest.param(publication("Onlineshop", "online_store"), True, id="in another language"),
        pytest.param(publication("Online Store", "pos"), False, id="another app of that title"),
        pytest.param(publication("Online Store"), True, id="by its title where no app is told"),
        pytest.param(publication("Point of Sale"), False, id="by another title"),
        pytest.param(publication("Online Store", None), False, id="an app without a handle"),
        pytest.param(Publication(id="gid://shopify/Publication/1"), False, id="without a catalog"),
    ],
)
def test_the_online_store_is_known_by_the_app_behind_it(one: Publication, verdict: bool) -> None:
    assert is_online_store(one) is verdict


def test_a_published_product_has_an_address_and_was_written() -> None:
    made = WriteResult(key="k", outcome=UNCHANGED, created=CreatedProduct(external_product_id="7", variants=()))
    done = published(made, Published(url="https://shop.test/products/lamp"))
    assert done.outcome == WRITTEN
    assert done.created is not None
    assert done.created.url == "https://shop.test/products/lamp"


def test_a_product_that_could_not_be_published_is_still_what_it_was() -> None:
    made = WriteResult(key="k", outcome=UNCHANGED, created=CreatedProduct(external_product_id="7", variants=()))
    done = published(made, Published(problem="Nobody sees it"))
    assert (done.outcome, done.code, done.message, done.created) == (
        UNCHANGED,
        "not_published",
        "Nobody sees it",
        made.created,
    )
