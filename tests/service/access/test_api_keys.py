"""API keys are shown once, stored as a hash, and die for good."""

from datetime import UTC, datetime

import pytest

from backend.domain.access.api_keys import KeyWanted, NewApiKey
from backend.kit.errors import DomainError, ErrorKind
from backend.ports.actor import Actor
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio


async def make(bench: Workbench, actor: Actor, **wanted: object) -> NewApiKey:
    async with bench.container.transaction() as services:
        return await services.api_keys.create(actor, KeyWanted(**{"name": "erp", "permission": "read", **wanted}))


async def test_shs_02_the_text_of_a_key_is_nowhere_in_the_database(bench: Workbench) -> None:
    made = await make(bench, await bench.organization(), allow_ips=("203.0.113.9/24", "2001:db8::1"))
    assert made.key.startswith("sk_live_")
    row = (await bench.rows("SELECT cast(k AS text) FROM api_keys k WHERE id = :id", id=made.id))[0][0]
    assert made.key not in row
    assert made.prefix in row
    assert await bench.value("SELECT allow_ips FROM api_keys WHERE id = :id", id=made.id) == [
        "2001:db8::1/128",
        "203.0.113.0/24",
    ]


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"name": " "}, "KEY_NAME"),
        ({"permission": "root"}, "KEY_PERMISSION"),
        ({"limit_per_hour": 0}, "KEY_LIMIT"),
        ({"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}, "KEY_EXPIRY"),
        ({"allow_ips": ("everywhere",)}, "IP_BLOCK"),
    ],
)
async def test_impossible_keys_are_refused(bench: Workbench, wanted: dict[str, object], code: str) -> None:
    actor = await bench.organization()
    with pytest.raises(DomainError) as refused:
        await make(bench, actor, **wanted)
    assert refused.value.code == code


async def test_shs_17_rotation_kills_the_old_key_and_keeps_what_it_was(bench: Workbench) -> None:
    actor = await bench.organization()
    old = await make(bench, actor, limit_per_hour=7)
    async with bench.container.transaction() as services:
        new = await services.api_keys.rotate(actor, old.id)
    rows = await bench.rows(
        "SELECT id, limit_per_hour, revoked_at IS NULL FROM api_keys WHERE organization_id = :org ORDER BY created_at",
        org=actor.tenant,
    )
    assert rows == [(old.id, 7, False), (new.id, 7, True)]
    async with bench.container.transaction() as services:
        with pytest.raises(DomainError, match="make a new one"):
            await services.api_keys.rotate(actor, old.id)


async def test_another_organizations_key_is_a_plain_not_found(bench: Workbench) -> None:
    key = await make(bench, await bench.organization())
    stranger = await bench.organization()
    for change in ("rotate", "revoke"):
        async with bench.container.transaction() as services:
            with pytest.raises(DomainError) as refused:
                await getattr(services.api_keys, change)(stranger, key.id)
        assert refused.value.kind is ErrorKind.NOT_FOUND
