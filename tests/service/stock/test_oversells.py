"""Oversells wait for a person."""

import pytest

from backend.domain.stock.oversells import OversellService
from backend.kit.errors import DomainError
from tests.support.product import Workbench
from tests.support.shared_stock import Article

pytestmark = pytest.mark.anyio


async def test_open_cases_are_listed_page_by_page_until_they_are_settled(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 0, 0)
    for n in range(3):
        await article.order(0, 1, order_id=str(n))
    async with bench.container.begin() as session:
        service = OversellService(session)
        first = await service.open(article.actor, limit=2)
        rest = await service.open(article.actor, above=first[-1].id)
        settled = await service.settle(article.actor, first[0].id, "The customer waits\x00")
    assert [(case.order_id, case.order_number, case.missing) for case in [*first, *rest]] == [
        ("0", "#0", 1),
        ("1", "#1", 1),
        ("2", "#2", 1),
    ]
    assert (settled.state, settled.note, settled.settled_by) == ("settled", "The customer waits", "operator")
    async with bench.container.begin() as session:
        assert [case.order_id for case in await OversellService(session).open(article.actor)] == ["1", "2"]
    audit = "SELECT action, facts ->> 'order_id' FROM audit_entries WHERE organization_id = :org"
    assert await bench.rows(audit, org=article.actor.tenant) == [("stock.settle_oversell", "0")]


async def test_settling_twice_leaves_one_entry(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 0, 0)
    await article.order(0, 1)
    for _ in range(2):
        async with bench.container.begin() as session:
            service = OversellService(session)
            case_id = await bench.value("SELECT id FROM oversells WHERE organization_id = :o", o=article.actor.tenant)
            await service.settle(article.actor, case_id)
    audit = "SELECT count(*) FROM audit_entries WHERE organization_id = :org"
    assert await bench.value(audit, org=article.actor.tenant) == 1


async def test_another_organizations_case_is_not_found(bench: Workbench) -> None:
    article, stranger = await Article.sold_in(bench, 0, 0), await bench.organization()
    await article.order(0, 1)
    case_id = await bench.value("SELECT id FROM oversells WHERE organization_id = :org", org=article.actor.tenant)
    async with bench.container.begin() as session:
        assert await OversellService(session).open(stranger) == []
        with pytest.raises(DomainError, match="not found"):
            await OversellService(session).settle(stranger, case_id)


async def test_a_settled_case_opens_again_when_more_is_missing(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 2, 2)
    await article.adjust(delta=-1)
    await article.show(1, 0)
    async with bench.container.begin() as session:
        service = OversellService(session)
        await service.settle(article.actor, (await service.open(article.actor))[0].id)
    await article.show(1, -1)
    assert (await article.hub(), await article.oversells()) == (0, [("", 1, "open")])
