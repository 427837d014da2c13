"""Webhooks from the platforms: proven by the signature over the raw body, answered without a body."""
