"""Bring a database to a revision from code: what `storeloom migrate` and the tests call."""

from pathlib import Path

from alembic import command
from alembic.config import Config


def config(url: str) -> Config:
    """Return Alembic's configuration for the database at *url* (`postgresql+asyncpg://…`)."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent))
    made.set_main_option("path_separator", "os")
    made.attributes["url"] = url
    return made


def upgrade(url: str, revision: str = "head") -> None:
    """Apply migrations up to *revision*; harmless when already there. Must not run inside an event loop."""
    command.upgrade(config(url), revision)


def downgrade(url: str, revision: str) -> None:
    """Take migrations back to *revision* (`base` for an empty database)."""
    command.downgrade(config(url), revision)
