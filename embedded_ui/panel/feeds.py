"""Feeds: the list with public addresses, a form for a new one, publishing."""

import uuid
from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from backend.domain.feeds.formats import FORMATS
from backend.domain.feeds.service import PATH, FeedService
from backend.models.feeds import Feed, FeedVersion
from backend.ports.actor import Actor
from backend.settings import Settings
from embedded_ui.forms import Form, Problem, tried
from embedded_ui.shell import Shell, go_to

FEEDS_PATH = "/panel/feeds"


class FeedView(msgspec.Struct, frozen=True, kw_only=True):
    """One feed as people see it."""

    feed: Feed
    version: FeedVersion | None
    """The last good generation."""
    url: str
    """Where crawlers fetch it; only while it is public."""
    left_out: int
    """Variants that are not in it."""
    reasons: list[tuple[str, int]]


def feed_views(found: Sequence[tuple[Feed, FeedVersion | None]], public_url: str) -> list[FeedView]:
    """Return what is shown of feeds."""
    return [_view(feed, version, public_url) for feed, version in found]


def _view(feed: Feed, version: FeedVersion | None, public_url: str) -> FeedView:
    skipped = version.skipped if version else {}
    return FeedView(
        feed=feed,
        version=version,
        url=f"{public_url.rstrip('/')}{PATH}{feed.slug}",
        left_out=sum(skipped.values()),
        reasons=sorted(skipped.items(), key=lambda one: -one[1]),
    )


@get("/feeds")
async def show_feeds(
    shell: NamedDependency[Shell],
    actor: NamedDependency[Actor],
    feeds: NamedDependency[FeedService],
    settings: NamedDependency[Settings],
) -> Response[Any]:
    """Show all feeds and the form for a new one."""
    return await _page(shell, actor, feeds, settings, Form({"publish": "yes"}))


@post("/feeds", status_code=200)
async def create_feed(
    shell: NamedDependency[Shell],
    actor: NamedDependency[Actor],
    form: NamedDependency[Form],
    feeds: NamedDependency[FeedService],
    settings: NamedDependency[Settings],
) -> Response[Any]:
    """Make a feed, or say beside the form what is wrong."""
    template, _, output = form.text("kind").partition("/")
    asked = feeds.create(
        actor,
        slug=form.text("slug"),
        output=output,
        template=template or None,
        title=form.text("title") or None,
        publish=form.text("publish") == "yes",
    )
    made = await tried(asked)
    if isinstance(made, Problem):
        return await _page(shell, actor, feeds, settings, form, made)
    return go_to(f"{FEEDS_PATH}?done=feed_created#feed-{made.slug}")


@post("/feeds/{feed_id:uuid}/publish", status_code=303)
async def publish_feed(
    actor: NamedDependency[Actor], feeds: NamedDependency[FeedService], feed_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Make a feed public."""
    feed = await feeds.publish(actor, feed_id)
    return go_to(f"{FEEDS_PATH}?done=feed_published#feed-{feed.slug}")


@post("/feeds/{feed_id:uuid}/unpublish", status_code=303)
async def unpublish_feed(
    actor: NamedDependency[Actor], feeds: NamedDependency[FeedService], feed_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Take a feed off its public address."""
    feed = await feeds.unpublish(actor, feed_id)
    return go_to(f"{FEEDS_PATH}?done=feed_unpublished#feed-{feed.slug}")


async def _page(
    shell: Shell, actor: Actor, feeds: FeedService, settings: Settings, form: Form, problem: Problem | None = None
) -> Response[Any]:
    shown = feed_views(await feeds.list(actor), settings.web.public_url)
    return shell.page(
        "feeds",
        status=400 if problem else 200,
        feeds=shown,
        kinds=list(FORMATS),
        form=form,
        problem=problem,
        live=any(view.feed.published and view.version is None and not view.feed.last_error for view in shown),
    )
