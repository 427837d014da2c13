"""The ways a simulated WooCommerce can fail."""

KINDS: dict[str, str] = {
    "redirect": "301 to `location`",
    "unauthorized": "401 as for a revoked key",
    "rate_limited": "429 with Retry-After (`retry_after` seconds, default 1)",
    "rate_limited_without_retry_after": "429 alone",
    "server_error": "a 5xx (`status`, default 500)",
    "html": "200 with a challenge page instead of JSON",
    "truncated_json": "half of the JSON",
    "slow": "the answer comes `seconds` later (default 1)",
    "timeout_after_write": "a write is done, its answer never comes (silence for `seconds`, default 90)",
    "strip_authorization": "the host drops the Authorization header",
    "shifting_pages": "a product vanishes, or comes back, while a later page of a list is asked for",
    "same_second_ties": "lists by date or modified mix up products of the same second, as before WooCommerce 10.4",
    "equal_delivery_ids": "all webhook deliveries carry the same Delivery-ID",
    "duplicate_webhooks": "a webhook arrives twice",
    "reordered_webhooks": "a webhook arrives after the ones that follow it",
    "lost_webhooks": "a webhook never leaves the store",
    "demoted_user": "403 as for a key whose user may no longer manage the shop",
    "plain_permalinks": "the REST API answers under `/?rest_route=` only, where keys do not count",
    "rest_blocked": "a security plugin closes the REST API",
    "woocommerce_missing": "WordPress answers, WooCommerce is switched off",
}
"""Every kind with what it does."""
