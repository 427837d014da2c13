"""The ways a simulated Shopify can fail."""

KINDS: dict[str, str] = {
    "redirect": "301 to `location`",
    "unauthorized": "401 as for a token that ended, though it did not",
    "token_revoked": "all tokens are revoked, refresh tokens too: the merchant has to open the app, or connect, again",
    "rate_limited": "429 with Retry-After (`retry_after` seconds, default 1)",
    "rate_limited_without_retry_after": "429 alone",
    "throttle": "200 with THROTTLED: the bucket is empty",
    "server_error": "a 5xx (`status`, default 500)",
    "internal_error": "200 with INTERNAL_SERVER_ERROR in its errors",
    "html": "200 with a challenge page instead of JSON",
    "truncated_json": "half of the JSON, or of a bulk operation's file",
    "slow": "the answer comes `seconds` later (default 1)",
    "timeout_after_write": "a mutation is done, its answer never comes (silence for `seconds`, default 90)",
    "token_answer_lost": "tokens are renewed, the answer never comes (silence for `seconds`, default 90)",
    "no_cost": "answers do not say what they cost",
    "fell_forward": "answers come from a newer version than the one asked for",
    "bulk_failed": "a bulk operation fails half way and leaves a partial file",
    "bulk_stuck": "a bulk operation stays RUNNING until it is cancelled or the fault is cleared",
    "bulk_refused": "a bulk operation is refused: five are under way already",
    "children_first": "lines of a bulk operation's file come in any order, children before their parents",
    "publish_refused": "no sales channel takes a product",
    "finish_webhook_lost": "`bulk_operations/finish` never leaves the shop",
    "duplicate_webhooks": "a webhook arrives twice, with the same id",
    "reordered_webhooks": "a webhook arrives after the ones that follow it",
    "lost_webhooks": "a webhook never leaves the shop",
}
"""Every kind with what it does."""
