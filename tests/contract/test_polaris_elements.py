"""The page in the Shopify admin uses no element, attribute, value or slot that Polaris does not have."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from embedded_ui.app.views import polaris_tone
from tests.support.npm import packed

TEMPLATES = Path(__file__).parents[2] / "embedded_ui" / "templates" / "app"
OF_APP_BRIDGE = {"s-app-nav"}
"""Elements that App Bridge brings along, not Polaris."""
OF_EVERY_ELEMENT = {"class", "id", "slot", "rel"}
_JINJA = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.S)
_DYNAMIC = re.compile(r"\{\{.*?\}\}", re.S)
_TAG = re.compile(r"<((?:s|ui)-[a-z-]+)((?:[^<>\"]|\"[^\"]*\")*)>")
_ATTRIBUTE = re.compile(r"([A-Za-z][\w-]*)(?:=\"([^\"]*)\")?")
_LITERALS = re.compile(r'[\s|]*("[^"]*"[\s|]*)+')
ANYTHING = "…"


class Element(NamedTuple):
    """What an element knows."""

    attributes: dict[str, set[str]]
    """Name -> the values it may have, none where any text will do."""
    slots: set[str]


class Used(NamedTuple):
    """One element in a template."""

    template: str
    tag: str
    attributes: dict[str, str]


@cache
def known() -> dict[str, Element]:
    listed = json.loads((packed("@shopify/polaris-types") / "dist" / "custom-elements.json").read_text())
    declared = [one for module in listed["modules"] for one in module.get("declarations", []) if "tagName" in one]
    return {
        one["tagName"]: Element(
            {entry["name"]: values(entry) for entry in one.get("attributes", [])},
            {slot["name"] for slot in one.get("slots", [])},
        )
        for one in declared
    }


def values(entry: dict[str, Any]) -> set[str]:
    text = entry.get("type", {}).get("text", "")
    return set(re.findall(r'"([^"]*)"', text)) if _LITERALS.fullmatch(text) else set()


def used() -> list[Used]:
    found = []
    for path in sorted(TEMPLATES.glob("*.html")):
        source = _DYNAMIC.sub(ANYTHING, _JINJA.sub("", path.read_text()))
        for tag, inside in _TAG.findall(source):
            found.append(Used(path.name, tag, dict(_ATTRIBUTE.findall(inside))))
    return found


def test_elements_are_found_in_the_templates() -> None:
    tags = {one.tag for one in used()}
    assert {"s-page", "s-section", "s-banner", "s-badge", "s-button"} <= tags


def test_every_element_exists() -> None:
    assert [one for one in used() if one.tag not in known() and one.tag not in OF_APP_BRIDGE] == []


def test_every_attribute_and_value_exists() -> None:
    wrong = []
    for one in used():
        if one.tag in OF_APP_BRIDGE:
            assert not one.attributes
            continue
        for name, value in one.attributes.items():
            if name in OF_EVERY_ELEMENT or name.startswith("data-"):
                continue
            allowed = known()[one.tag].attributes.get(name)
            if allowed is None or (allowed and value != ANYTHING and value not in allowed):
                wrong.append((one.template, one.tag, name, value))
    assert wrong == []


def test_every_slot_exists() -> None:
    slots = {slot for element in known().values() for slot in element.slots}
    assert [one for one in used() if one.attributes.get("slot", "") not in slots] == []
    assert "primary-action" in known()["s-page"].slots


@pytest.mark.parametrize("tone", ["good", "busy", "warn", "bad", "off"])
def test_every_tone_of_ours_is_one_of_a_badge(tone: str) -> None:
    assert polaris_tone(tone) in known()["s-badge"].attributes["tone"]
