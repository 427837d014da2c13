"""Pieces: the ledger that makes the hub's number, what stores show of it, and what was sold that nobody had.

Tables: `stock_levels` (new rows come by `catalog`'s merges), `stock_adjustments`, `oversells`, and of `listings` what
they show of stock. `HeldRepository` is how all of them are changed.
"""
