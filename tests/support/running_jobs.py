"""Working off job rows in a test, without a worker."""

from sqlalchemy import select

from backend.models.jobs import Job
from backend.wiring import Container


async def run_jobs(container: Container, name: str) -> int:
    """Run every queued job of one name, as a worker would; return how many there were."""
    async with container.begin() as session:
        query = select(Job.id).where(Job.name == name, Job.state == "queued").order_by(Job.id)
        ids = list((await session.execute(query)).scalars())
    for job_id in ids:
        await container.job_runner().run(job_id)
    return len(ids)


async def queued_jobs(container: Container, name: str) -> list[dict[str, object]]:
    """Return the payloads of the queued jobs of one name."""
    async with container.begin() as session:
        query = select(Job.payload).where(Job.name == name, Job.state == "queued").order_by(Job.id)
        return list((await session.execute(query)).scalars())
