"""Shopify: the shop as the business sees it, over the GraphQL Admin API 2026-10."""
