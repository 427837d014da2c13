"""The first page."""

import pytest

from backend.wiring import Container
from tests.support.panel import NewPerson, Person, add_product, add_run, add_store, set_role

pytestmark = pytest.mark.anyio

HOSTILE = "<script>alert('x')</script>\"'>"


async def test_an_empty_account_is_told_what_to_do(owner: Person) -> None:
    shown = await owner.see("/panel")
    assert "No store is connected yet." in shown.text
    assert "Install the Storeloom plugin" in shown.text
    assert "No feed yet." in shown.text
    assert {"/panel/stores/connect", "/panel/feeds"} <= set(shown.links)


async def test_it_shows_a_store_and_the_numbers_of_its_last_run(owner: Person, container: Container) -> None:
    store = await add_store(container, owner, name="Lampenladen")
    await add_run(container, store, stats={"products_added": 987_654}, mode="delta")
    await add_run(container, store)
    shown = await owner.see("/panel")
    (card,) = shown.all(f"//*[@id='store-{store.id}']")
    text = " ".join(card.text_content().split())
    for part in ("Lampenladen", "WooCommerce", store.url, "Connected", "Completed", "took 8.0 s"):
        assert part in text
    rows = [[cell.text for cell in row] for row in card.xpath(".//table[@class='counts']//tr")]
    assert rows == [
        [None, "Added", "Updated", "Removed", "Unchanged"],
        ["Products", "7", "3", "2", "1,234"],
        ["Variants", "0", "40", "0", "0"],
    ]
    assert "987,654" not in text


async def test_it_says_what_a_run_could_not_do(owner: Person, container: Container) -> None:
    store = await add_store(container, owner)
    run = await add_run(container, store, issues=12, state="failed", error_code="timeout", error_message="It was slow.")
    shown = await owner.see("/panel")
    assert "price_unreadable × 12 The price cannot be read" in shown.text
    assert "It was slow." in shown.text
    assert f"/panel/runs/{run.id}" in shown.links


async def test_a_store_that_refuses_our_keys_says_why_and_what_to_do(owner: Person, container: Container) -> None:
    reason = "key_revoked: The store does not know this key; make a new one"
    store = await add_store(container, owner, state="needs_reauth", state_reason=reason)
    shown = await owner.see("/panel")
    assert "Needs new keys" in shown.text
    assert "The store does not know this key; make a new one" in shown.text
    (link,) = [one for one in shown.links if one.startswith("/panel/stores/connect?platform=woocommerce&url=")]
    again = await owner.see(link)
    assert again.all("//input[@id='url']/@value") == [store.url]


async def test_it_counts_the_stores_that_need_a_look(owner: Person, container: Container) -> None:
    await add_run(container, await add_store(container, owner))
    assert "All working" in (await owner.see("/panel")).text
    await add_run(container, await add_store(container, owner), state="held", error_message="It shrank")
    await add_store(container, owner, state="needs_reauth", state_reason="key_revoked: no")
    assert "2 stores need a look" in (await owner.see("/panel")).text


async def test_a_store_that_waits_says_for_what(owner: Person, container: Container) -> None:
    store = await add_store(container, owner, state="pending", connected_at=None)
    shown = await owner.see("/panel")
    assert "A link was mailed to the account's owner" in shown.text
    assert not shown.all(f"//form[contains(@action, '{store.id}')]")


async def test_a_run_under_way_shows_how_far_it_is_and_renews_itself(owner: Person, container: Container) -> None:
    store = await add_store(container, owner)
    stats = {"products_added": 300, "expected_products": 1000}
    run = await add_run(container, store, state="running", finished_at=None, stats=stats)
    for path in ("/panel", f"/panel/runs/{run.id}"):
        shown = await owner.see(path)
        assert "300 of 1,000 products" in shown.text
        assert shown.all("//progress/@value") == ["300"]
        assert shown.all("//noscript/meta[@http-equiv='refresh']")
        assert shown.all("//*[@id='live' and @data-live]")
    assert (await owner.see("/panel")).all("//button[@disabled and @value='delta']")


async def test_a_finished_page_does_not_renew_itself(owner: Person, container: Container) -> None:
    await add_run(container, await add_store(container, owner))
    assert not (await owner.see("/panel")).all("//meta[@http-equiv='refresh'] | //*[@data-live]")


async def test_it_shows_how_much_of_the_plan_is_used(new_owner: NewPerson, container: Container) -> None:
    owner = await new_owner("starter")
    await add_product(container, owner, "A mug")
    shown = await owner.see("/panel")
    assert "1 of 1,000" in shown.text
    assert "Starter" in shown.text
    assert shown.all("//meter/@value") == ["1"]


async def test_a_name_that_is_a_script_is_shown_and_not_run(owner: Person, container: Container) -> None:
    store = await add_store(container, owner, name=HOSTILE)
    await add_run(container, store, state="failed", error_message=HOSTILE, error_code="refused")
    for path in ("/panel", f"/panel/stores/{store.id}/disconnect"):
        shown = await owner.see(path)
        assert HOSTILE in shown.tree.text_content()
        assert not shown.all("//script[not(@src)]")
        assert "<script>alert" not in shown.source


async def test_an_address_that_is_no_web_address_is_no_link(owner: Person, container: Container) -> None:
    await add_store(container, owner, url="javascript:alert(1)")
    shown = await owner.see("/panel")
    assert "javascript:alert(1)" in shown.text
    assert not [one for one in shown.links if one.startswith("javascript")]


async def test_it_shows_nothing_of_another_organization(
    owner: Person, new_owner: NewPerson, container: Container
) -> None:
    other = await new_owner()
    store = await add_store(container, other, name="Of somebody else")
    run = await add_run(container, store, issues=1)
    assert "Of somebody else" not in (await owner.see("/panel")).text
    await owner.see(f"/panel/runs/{run.id}", 404)
    await other.see(f"/panel/runs/{run.id}")


async def test_staff_see_everything_but_no_way_to_connect_or_disconnect(owner: Person, container: Container) -> None:
    store = await add_store(container, owner)
    await set_role(container, owner, "staff")
    shown = await owner.see("/panel")
    assert "A shop" in shown.text
    assert not [one for one in shown.links if "connect" in one]
    for path in ("/panel/stores/connect", f"/panel/stores/{store.id}/disconnect", "/panel/stores/attach?token=x"):
        assert "Only an owner or an admin" in (await owner.see(path, 403)).text


async def test_a_run_shows_all_its_issues(owner: Person, container: Container) -> None:
    run = await add_run(container, await add_store(container, owner), issues=40)
    shown = await owner.see(f"/panel/runs/{run.id}")
    assert len(shown.all("//section[h2='Issues']//tbody/tr")) == 40
    assert "139" in shown.text
