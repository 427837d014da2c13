"""Prices: ours with their limits and history, competitors' as they were read, and the lists that bring products in.

Tables: `competitors`, `tracked_urls`, `observations`, `price_changes`, `product_batches`.
"""
