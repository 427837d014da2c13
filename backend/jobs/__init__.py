"""Background entrances: one file per area, functions that call one flow. `JOBS` is the table of contents."""

from backend.jobs.runtime import JobDefinition

_ALL: tuple[JobDefinition, ...] = ()

JOBS: dict[str, JobDefinition] = {definition.spec.name: definition for definition in _ALL}
QUEUES = ("fast", "long")
