"""What platforms send us: kept before it is answered, worked off by jobs.

Owns table `received_webhooks`.
"""
