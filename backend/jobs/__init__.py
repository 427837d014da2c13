"""Background entrances: one file per area, functions that call one flow. `JOBS` is the table of contents."""

from backend.jobs import access, feeds, sync
from backend.jobs.runtime import JobDefinition

_ALL: tuple[JobDefinition, ...] = (
    sync.pull_store,
    access.mail_password_link,
    access.mail_attach_link,
    feeds.generate_feed,
)

JOBS: dict[str, JobDefinition] = {definition.spec.name: definition for definition in _ALL}
