"""Mechanism without business words: errors, money, ids, clock, transactions, secrets, logs."""
