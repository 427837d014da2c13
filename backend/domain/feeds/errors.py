"""Refusals of this area that have no place in the common list."""


class FeedNotReady(Exception):
    """A published feed that cannot be served yet: no generation finished, or its files cannot be read.

    The feed exists, so it is no 404; the public surface answers 503 with Retry-After, which crawlers respect.
    """

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("the feed is being generated")
        self.retry_after_s = retry_after_s
