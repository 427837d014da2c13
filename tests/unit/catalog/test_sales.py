"""Whatever stores and people do to prices, the catalog holds no sale price that is not below the price."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.catalog.edits import NOT_BELOW_PRICE, FieldEdit, decide
from backend.domain.catalog.fields import sale_holds
from backend.domain.catalog.three_way import Sides, Verdict, after, judge, with_sale
from backend.domain.stores.settings import NEWEST, OWNERS

PLACE = (1, 2)
amounts = st.sampled_from(["5", "9.5", "10", "12", None])
pairs = st.tuples(amounts, amounts).filter(lambda pair: sale_holds(*pair))


def edit(field: str, value: Any) -> FieldEdit:
    return FieldEdit(product_id=PLACE[0], variant_id=PLACE[1], field=field, value=value)


edits = st.lists(st.builds(edit, st.sampled_from(["price", "sale_price"]), amounts), max_size=5)


def held(price: str | None, sale_price: str | None) -> dict[str, Any]:
    return {"price": price, "sale_price": sale_price, "sku": "S"}


@given(pairs, edits)
def test_edits_leave_a_sale_below_the_price(pair: tuple[str | None, str | None], wanted: list[FieldEdit]) -> None:
    decided = decide(wanted, {PLACE: held(*pair)})
    then = {**held(*pair), **{name: new for name, (_, new) in decided.changes.get(PLACE, {}).items()}}
    assert sale_holds(then["price"], then["sale_price"])
    assert len(decided.applied) + len(decided.refused) <= len(wanted)


def test_a_price_that_comes_down_to_the_sale_ends_it() -> None:
    decided = decide([edit("price", "9")], {PLACE: held("12", "10")})
    assert decided.changes == {PLACE: {"price": ["12", "9"], "sale_price": ["10", None]}}
    assert not decided.refused


def test_a_sale_that_is_not_below_the_price_is_refused_and_the_old_one_stays() -> None:
    decided = decide([edit("sale_price", "12")], {PLACE: held("12", "10")})
    assert [(one.reason, one.held) for one in decided.refused] == [(NOT_BELOW_PRICE, "10")]
    assert not decided.applied
    assert not decided.changes


def test_a_price_and_a_sale_that_do_not_go_together_leave_the_price() -> None:
    decided = decide([edit("price", "9"), edit("sale_price", "11")], {PLACE: held("12", "10")})
    assert decided.changes == {PLACE: {"price": ["12", "9"], "sale_price": ["10", None]}}
    assert [one.reason for one in decided.refused] == [NOT_BELOW_PRICE]


def test_what_was_wrong_before_is_left_alone_while_nobody_touches_the_prices() -> None:
    decided = decide([edit("sku", "T")], {PLACE: held("9", "10")})
    assert decided.changes == {PLACE: {"sku": ["S", "T"]}}


@given(data=st.data(), owner=st.sampled_from(OWNERS), home=st.booleans(), catalog=pairs, last=pairs, now=pairs)
def test_what_stores_show_leaves_a_sale_below_the_price(
    data: st.DataObject,
    owner: str,
    home: bool,
    catalog: tuple[str | None, str | None],
    last: tuple[str | None, str | None],
    now: tuple[str | None, str | None],
) -> None:
    sides = {
        name: Sides(
            held=catalog[at],
            last=last[at],
            now=now[at],
            due=data.draw(st.booleans()),
            open=data.draw(st.booleans()),
            owner=owner,
            home=home,
        )
        for at, name in enumerate(("price", "sale_price"))
    }
    verdicts = with_sale(sides, {name: judge(each) for name, each in sides.items()})
    then = {name: after(each, verdicts[name]) for name, each in sides.items()}
    assert sale_holds(then["price"].held, then["sale_price"].held)


@pytest.mark.parametrize("shown", ["10", None])
def test_a_sale_the_catalog_ended_is_due_where_the_store_still_shows_it(shown: str | None) -> None:
    price = Sides(held="12", last="12", now="9", owner=NEWEST)
    sale = Sides(held="10", last=shown, now=shown, due=shown is None, owner=NEWEST)
    sides = {"price": price, "sale_price": sale}
    verdicts = with_sale(sides, {name: judge(each) for name, each in sides.items()})
    assert verdicts == {"price": Verdict.TAKE, "sale_price": Verdict.ENDED}
    assert msgspec.structs.astuple(after(sale, verdicts["sale_price"])) == (None, shown, shown is not None)
