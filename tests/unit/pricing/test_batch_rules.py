"""Lists of products line by line (contract rows PRI-09 to 12)."""

from backend.domain.pricing.batch_rules import MOST_ERRORS, lines_of, read_list, with_errors
from backend.domain.pricing.identity_repository import Known
from backend.domain.pricing.new_products import decide

GOOD = {"name": "Lamp", "brand": "Acme", "category": "Light", "cost": "12.50", "tags": "a, b"}


def test_a_bad_line_spoils_only_itself() -> None:
    read = read_list({"product0": GOOD, "product7": {"brand": "Nameless"}, "product9": {**GOOD, "cost": "x"}})
    assert [line.key for line in read.lines] == ["product0"]
    assert [error["product"] for error in read.errors] == ["product7", "product9"]
    assert read.total == 3


def test_lines_come_back_from_where_they_are_stored() -> None:
    read = read_list({"product3": GOOD})
    assert lines_of(read.rows) == read.lines


def test_the_same_list_is_known_however_its_lines_are_called() -> None:
    first = read_list({"product0": GOOD, "product1": {"name": "x"}})
    again = read_list({"product4": dict(reversed(GOOD.items())), "product9": {"name": "x"}})
    other = read_list({"product0": GOOD, "product1": {"name": "y"}})
    assert first.digest == again.digest != other.digest


def test_text_that_no_text_can_be_made_of_is_an_error_of_its_line() -> None:
    read = read_list({"product0": {**GOOD, "name": "\ud800"}})
    assert (len(read.errors), len(read.lines)) == (1, 0)


def test_not_more_errors_are_kept_than_anybody_reads() -> None:
    many = [{"product": "product1", "error": "x"}] * MOST_ERRORS
    assert len(with_errors(many[:-1], many)) == MOST_ERRORS


def test_the_first_lines_get_what_room_there_is() -> None:
    known = [Known(0, None, None), Known(0, None, None), Known(2, 5, False), Known(3, 6, True), Known(4, None, None)]
    decided = decide([*known, Known(5, None, None)], limit=11, held=9)
    assert decided.created == [0, 4]
    assert decided.taken_up == {2: 5}
    assert {place: error.code for place, error in decided.refused.items()} == {
        1: "PRODUCT_EXISTS",
        3: "PRODUCT_EXISTS",
        5: "PIM_PRODUCT_LIMIT",
    }


def test_a_plan_without_a_limit_takes_all() -> None:
    assert decide([Known(0, None, None), Known(1, None, None)], limit=None, held=10**9).created == [0, 1]
