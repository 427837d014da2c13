"""Who calls this surface: `Authorization: Bearer sk_live_…` on a plan that has it (contract rows SHS-01, SHS-03)."""

from backend.api.shared.keys import READ, WRITE, by_key, hourly, permit

__all__ = ["READ", "WITH_KEY", "WRITE", "authenticate", "caller_windows", "permit"]

WITH_KEY: list[dict[str, list[str]]] = [{"bearer": []}]
"""Documented credentials of every route."""

authenticate = by_key("external_api")
caller_windows = hourly("external")
