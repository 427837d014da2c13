"""Answers of the documents about sales channels. Field names are Shopify's."""

import msgspec

from plugin_bridge.shopify.answers import UserError


class ChannelApp(msgspec.Struct, gc=False):
    """The app behind a sales channel."""

    handle: str | None = None


class ChannelApps(msgspec.Struct, gc=False):
    """The apps of a catalog."""

    nodes: list[ChannelApp] = []


class ChannelCatalog(msgspec.Struct, gc=False):
    """The catalog that a sales channel shows."""

    title: str = ""
    apps: ChannelApps = msgspec.field(default_factory=ChannelApps)


class Publication(msgspec.Struct, gc=False):
    """What a sales channel shows."""

    id: str
    catalog: ChannelCatalog | None = None


class Publications(msgspec.Struct, gc=False):
    """All of a shop's."""

    nodes: list[Publication] = []


class PublicationsAnswer(msgspec.Struct, gc=False):
    """Answer of `publications`."""

    publications: Publications


class Lying(msgspec.Struct, rename="camel", gc=False):
    """Whether a product lies on a sales channel."""

    id: str = ""
    published_on_publication: bool = False


class PublishedAnswer(msgspec.Struct, gc=False):
    """Answer of `published`; None for a product that is gone."""

    nodes: list[Lying | None] = []


class PublishedProduct(msgspec.Struct, rename="camel", gc=False):
    """A product that was published."""

    online_store_url: str | None = None


class Publishing(msgspec.Struct, rename="camel", gc=False):
    """What became of publishing."""

    publishable: PublishedProduct | None = None
    user_errors: list[UserError] = []


class PublishAnswer(msgspec.Struct, rename="camel", gc=False):
    """Answer of `publish`."""

    publishable_publish: Publishing | None = None
