"""Organizations, users, memberships and plans.

Owns tables `organizations`, `users`, `memberships`; emits no events.
"""
