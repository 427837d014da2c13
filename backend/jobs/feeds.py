"""Background entrances of the feeds."""

import uuid

from backend.jobs.flows import Flows
from backend.jobs.runtime import JobContext, job


@job("feeds.generate_feed", queue="fast", attempts=4, timeout_s=240)
async def generate_feed(flows: Flows, ctx: JobContext, *, feed_id: str) -> None:
    """Generate a feed anew if it is due.

    Running it twice is harmless: a generation that is young enough is not repeated, and of two that run at the same
    time the later one stays current (`FeedGenerator`). Unique per feed while unfinished.
    """
    await flows.feed_generator.generate(uuid.UUID(feed_id))
