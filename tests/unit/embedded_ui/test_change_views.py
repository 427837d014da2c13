"""Change sets in words."""

from typing import Any
from urllib.parse import urlencode

import pytest

from backend.domain.sync.previews import ChangePage
from backend.models.sync import SyncChange, SyncRun
from embedded_ui.panel.change_views import decisions, run_changes, value_shown

ZERO = {"planned": 0, "applied": 0, "skipped": 0, "failed": 0, "create": 0, "update": 0, "delete": 0}


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("price", None, "—"),
        ("title", "", "—"),
        ("tags", [], "—"),
        ("price", "12.5", "12.5"),
        ("stock", 0, "0"),
        ("tags", ["a", "b"], "a, b"),
        ("images", [{"url": "u", "alt": ""}], "1 picture"),
        ("images", [{"url": "u", "alt": ""}] * 3, "3 pictures"),
        ("active", True, "yes"),
        ("description", "x" * 161, "x" * 160 + "…"),
    ],
)
def test_values_are_short_words(field: str, value: Any, shown: str) -> None:
    assert value_shown(field, value) == shown


@pytest.mark.parametrize(
    ("kind", "state", "can"),
    [
        ("push", "planned", (True, False)),
        ("push", "held", (True, False)),
        ("push", "running", (False, False)),
        ("push", "completed", (False, True)),
        ("push", "discarded", (False, False)),
        ("stock", "completed", (False, False)),
        ("undo", "planned", (True, False)),
        ("restore", "planned", (True, False)),
        ("pull", "held", (False, False)),
        ("pull", "completed", (False, True)),
    ],
)
def test_what_can_be_decided_about_a_run(kind: str, state: str, can: tuple[bool, bool]) -> None:
    found = decisions(SyncRun(kind=kind, state=state), 3)
    assert (found.apply, found.undo) == can


def test_an_empty_plan_is_not_applied() -> None:
    assert not decisions(SyncRun(kind="push", state="planned"), 0).apply


@pytest.mark.parametrize(
    ("action", "fields", "what"),
    [
        ("create", {"title": [None, "Lantern"]}, "Put up for sale"),
        ("update", {"price": ["1", "2"]}, "Change"),
        ("delete", {"status": ["active", "archived"]}, "Take off sale"),
        ("delete", {}, "Delete"),
    ],
)
def test_a_change_is_named_by_what_it_does(action: str, fields: dict[str, Any], what: str) -> None:
    change = SyncChange(action=action, target="store", product_id=7, label="", fields=fields, state="planned")
    page = ChangePage(run=SyncRun(), changes=[change], counts={**ZERO, "planned": 1, action: 1}, next_after=None)
    (row,) = run_changes(page, lambda more: urlencode(more), after=0, state=None).rows
    assert (row.what, row.label) == (what, "Product 7")


def test_pages_and_filters_lead_on_and_keep_what_was_chosen() -> None:
    counts = {**ZERO, "planned": 60, "applied": 57, "failed": 3, "update": 60}
    page = ChangePage(run=SyncRun(), changes=[], counts=counts, next_after=50)
    shown = run_changes(page, lambda more: "?" + urlencode(more), after=9, state="failed")
    assert (shown.first, shown.more) == ("?only=failed", "?only=failed&after=50")
    assert [(one.text, one.count, one.address, one.chosen) for one in shown.filters] == [
        ("All", 60, "?", False),
        ("Done", 57, "?only=applied", False),
        ("Refused", 3, "?only=failed", True),
    ]
    assert shown.sums == "60 to change"
