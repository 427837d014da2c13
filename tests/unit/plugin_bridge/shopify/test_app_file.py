"""`shopify.app.toml` says what the server does: reviewers and Shopify's own checks read it."""

import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from backend.domain.inbound.topics import TOPICS
from backend.domain.stores.shopify_oauth import CALLBACK_PATH
from plugin_bridge.shopify.documents import API_VERSION
from plugin_bridge.shopify.scopes import SCOPES

APP: dict[str, Any] = tomllib.loads((Path(__file__).parents[4] / "shopify.app.toml").read_text())
SUBSCRIPTIONS = APP["webhooks"]["subscriptions"]
COMPULSORY = {"customers/data_request", "customers/redact", "shop/redact"}


def test_it_asks_for_the_scopes_that_the_server_asks_for() -> None:
    assert tuple(APP["access_scopes"]["scopes"].split(",")) == SCOPES
    assert APP["access_scopes"]["optional_scopes"] == []


def test_shopify_manages_the_installation_of_an_embedded_app() -> None:
    assert APP["embedded"] is True
    assert APP["access_scopes"]["use_legacy_install_flow"] is False
    assert urlsplit(APP["application_url"]).path == "/app"


def test_the_only_way_back_is_our_callback() -> None:
    assert [urlsplit(url).path for url in APP["auth"]["redirect_urls"]] == [CALLBACK_PATH]


def test_every_topic_that_is_handled_is_subscribed_and_no_other() -> None:
    topics = [topic for one in SUBSCRIPTIONS for key in ("topics", "compliance_topics") for topic in one.get(key, [])]
    assert sorted(topics) == sorted(TOPICS["shopify"])


def test_the_compulsory_topics_are_declared_as_such() -> None:
    assert {topic for one in SUBSCRIPTIONS for topic in one.get("compliance_topics", [])} == COMPULSORY


def test_webhooks_come_to_the_intake_in_the_version_we_speak() -> None:
    assert APP["webhooks"]["api_version"] == API_VERSION
    assert {urlsplit(one["uri"]).path for one in SUBSCRIPTIONS} == {"/hooks/shopify"}


def test_every_address_is_of_one_server_and_safe() -> None:
    urls = [APP["application_url"], *APP["auth"]["redirect_urls"], *(one["uri"] for one in SUBSCRIPTIONS)]
    assert {urlsplit(url)[:2] for url in urls} == {("https", "hub.example.com")}
