"""The schema of test databases: the real migrations, applied once per session to a template."""

from migrations.runner import upgrade


def prepare(url: str) -> None:
    """Bring the empty database at *url* to the newest revision. Must not run inside an event loop."""
    upgrade(url)
