"""Pieces: the ledger that makes the hub's number, and what orders take from it.

Tables: `stock_levels` (with `catalog`, whose merges write them), `stock_adjustments`, `order_stock`, `oversells`.
"""
