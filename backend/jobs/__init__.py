"""Background entrances: one file per area, functions that call one flow. `JOBS` is the table of contents."""

from backend.jobs import access, feeds, inbound, pricing, privacy, pushes, stores, sync
from backend.jobs.runtime import JobDefinition

_ALL: tuple[JobDefinition, ...] = (
    sync.pull_store,
    access.mail_password_link,
    access.mail_attach_link,
    feeds.generate_feed,
    inbound.process_webhook,
    sync.check_removed,
    pushes.push_store,
    pushes.push_stock,
    pushes.ask_push,
    stores.subscribe_store,
    privacy.carry_out,
    privacy.mail_export_link,
    pricing.import_batch,
    pricing.forget_observations,
)

JOBS: dict[str, JobDefinition] = {definition.spec.name: definition for definition in _ALL}
