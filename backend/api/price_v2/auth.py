"""Who calls this surface: the headers `apikey` (login e-mail) and `apitoken` (contract row PRI-01)."""

from backend.api.shared.keys import by_monitoring_token, hourly

authenticate = by_monitoring_token("monitoring_api")
caller_windows = hourly("monitoring")

WITH_TOKEN: list[dict[str, list[str]]] = [{"apikey": [], "apitoken": []}]
"""Documented credentials: both together."""
