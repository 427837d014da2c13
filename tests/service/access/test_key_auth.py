"""Who bears a key: what is read, how long it is remembered, and what other processes make of it."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.access.api_keys import KeyWanted, NewApiKey
from backend.domain.access.key_auth import KEEP_S, KeyAuthenticator
from backend.kit.errors import DomainError, ErrorKind
from backend.ports.actor import Actor
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[3]


async def new_key(bench: Workbench, actor: Actor, **wanted: Any) -> NewApiKey:
    async with bench.container.transaction() as services:
        return await services.api_keys.create(actor, KeyWanted(**{"name": "erp", "permission": "read", **wanted}))


class Counted(KeyAuthenticator):
    """An authenticator, as another process has it, that counts what it asks the database."""

    def __init__(self, bench: Workbench) -> None:
        self.reads = 0

        @asynccontextmanager
        async def begin() -> AsyncIterator[AsyncSession]:
            self.reads += 1
            async with bench.container.begin() as session:
                yield session

        super().__init__(begin, bench.container.plans)


async def refusal(authenticator: KeyAuthenticator, text: str) -> DomainError:
    with pytest.raises(DomainError) as refused:
        await authenticator.identify(text)
    return refused.value


async def test_many_requests_of_a_moment_cost_one_read(bench: Workbench) -> None:
    made = await new_key(bench, await bench.organization())
    authenticator = Counted(bench)
    found = await asyncio.gather(*(authenticator.identify(made.key) for _ in range(50)))
    assert {one.actor.key_id for one in found} == {made.id}
    assert authenticator.reads == 1
    await asyncio.sleep(KEEP_S + 0.05)
    await authenticator.identify(made.key)
    assert authenticator.reads == 2


async def test_unknown_revoked_and_expired_keys_are_refused_alike_and_for_the_same_work(bench: Workbench) -> None:
    actor = await bench.organization()
    revoked, expired = await new_key(bench, actor), await new_key(bench, actor)
    async with bench.container.transaction() as services:
        await services.api_keys.revoke(actor, revoked.id)
    await bench.rows(
        "UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE id = :id RETURNING id", id=expired.id
    )
    known = await new_key(bench, actor)
    altered = known.key[:-1] + ("a" if known.key[-1] != "a" else "b")
    told = []
    for text in (revoked.key, expired.key, altered, "sk_live_" + "0" * 43):
        authenticator = Counted(bench)
        error = await refusal(authenticator, text)
        told.append((error.kind, error.code, error.message, authenticator.reads))
    assert set(told) == {(ErrorKind.UNAUTHENTICATED, "UNAUTHENTICATED", "Missing or invalid API key", 1)}


async def test_a_wrong_key_that_is_tried_again_and_again_is_read_once(bench: Workbench) -> None:
    authenticator = Counted(bench)
    for _ in range(20):
        await refusal(authenticator, "sk_live_" + "1" * 43)
    assert authenticator.reads == 1


async def test_what_cannot_be_a_key_is_not_looked_up(bench: Workbench) -> None:
    authenticator = Counted(bench)
    for text in ("", "sk_test_" + "0" * 43, "sk_live_" + "0" * 10_000):
        await refusal(authenticator, text)
    assert authenticator.reads == 0


async def test_a_key_dies_at_its_expiry_though_it_is_remembered(bench: Workbench) -> None:
    made = await new_key(bench, await bench.organization())
    await bench.rows(
        "UPDATE api_keys SET expires_at = now() + interval '0.3 seconds' WHERE id = :id RETURNING id", id=made.id
    )
    authenticator = Counted(bench)
    await authenticator.identify(made.key)
    await asyncio.sleep(0.31)
    await refusal(authenticator, made.key)
    assert authenticator.reads == 1


async def test_shs_17_after_a_rotation_only_the_new_key_works(bench: Workbench) -> None:
    actor = await bench.organization()
    old = await new_key(bench, actor, permission="write", limit_per_hour=77)
    async with bench.container.transaction() as services:
        new = await services.api_keys.rotate(actor, old.id)
    await refusal(Counted(bench), old.key)
    found = (await Counted(bench).identify(new.key)).actor
    assert (found.permission, found.limit_per_hour) == ("write", 77)


async def test_a_rotation_with_an_overlap_lets_both_work_until_it_ends(bench: Workbench) -> None:
    actor = await bench.organization()
    old = await new_key(bench, actor)
    async with bench.container.transaction() as services:
        new = await services.api_keys.rotate(actor, old.id, overlap_s=1)
    for key in (old.key, new.key):
        await Counted(bench).identify(key)
    await asyncio.sleep(1.01)
    await refusal(Counted(bench), old.key)
    await Counted(bench).identify(new.key)


async def test_a_key_with_a_successor_is_not_rotated_again(bench: Workbench) -> None:
    actor = await bench.organization()
    old = await new_key(bench, actor)
    async with bench.container.transaction() as services:
        await services.api_keys.rotate(actor, old.id, overlap_s=60)
    async with bench.container.transaction() as services:
        with pytest.raises(DomainError) as refused:
            await services.api_keys.rotate(actor, old.id)
    assert refused.value.code == "KEY_ROTATED"


@pytest.mark.parametrize("overlap_s", [-1, 2_592_001])
async def test_an_overlap_lasts_thirty_days_at_most(bench: Workbench, overlap_s: int) -> None:
    actor = await bench.organization()
    old = await new_key(bench, actor)
    async with bench.container.transaction() as services:
        with pytest.raises(DomainError) as refused:
            await services.api_keys.rotate(actor, old.id, overlap_s=overlap_s)
    assert refused.value.code == "KEY_OVERLAP"


async def test_an_expired_key_is_not_rotated(bench: Workbench) -> None:
    actor = await bench.organization()
    old = await new_key(bench, actor)
    await bench.rows(
        "UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE id = :id RETURNING id", id=old.id
    )
    async with bench.container.transaction() as services:
        with pytest.raises(DomainError) as refused:
            await services.api_keys.rotate(actor, old.id)
    assert refused.value.code == "KEY_EXPIRED"


async def test_an_overlap_can_be_cut_short_by_revoking(bench: Workbench) -> None:
    actor = await bench.organization()
    old = await new_key(bench, actor)
    async with bench.container.transaction() as services:
        await services.api_keys.rotate(actor, old.id, overlap_s=3600)
        await services.api_keys.revoke(actor, old.id)
    await refusal(Counted(bench), old.key)


async def key_user(bench: Workbench, key: str, **wanted: Any) -> asyncio.subprocess.Process:
    """Start a process that uses a key; it has used it once when this returns."""
    settings = bench.container.settings
    wanted |= {"key": key, "database_url": settings.database.url, "redis_url": settings.redis.url}
    command = [sys.executable, "-m", "tests.support.key_user", json.dumps(wanted)]
    pipe = subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=pipe, stdin=pipe)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


async def test_a_revoked_key_is_dead_in_another_process_within_a_second(bench: Workbench) -> None:
    actor = await bench.organization()
    made = await new_key(bench, actor, limit_per_hour=1_000_000)
    other = await key_user(bench, made.key)
    async with bench.container.transaction() as services:
        await services.api_keys.revoke(actor, made.id)
    revoked_at = time.time()
    died_at = float((await other.communicate())[0])
    assert died_at - revoked_at <= 1.0


async def test_eight_processes_with_one_key_together_get_exactly_its_limit(bench: Workbench) -> None:
    made = await new_key(bench, await bench.organization())  # 1,000 an hour
    left_s = 3600 - time.time() % 3600
    if left_s < 90:  # the hour must not turn in between
        await asyncio.sleep(left_s + 0.5)
    users = await asyncio.gather(*(key_user(bench, made.key, times=129) for _ in range(8)))
    outputs = await asyncio.gather(*(user.communicate(b"go\n") for user in users))
    assert sum(int(printed) for printed, _ in outputs) == 1_000
    usage = await bench.rows("SELECT total_requests, failed_requests FROM api_keys WHERE id = :id", id=made.id)
    assert usage == [(1_040, 40)]
