"""API keys and monitoring tokens, as an operator types them, and those that the demo keeps."""

import pytest

from backend.commands.demo import kept_keys
from backend.domain.access.key_usage import KeyUsage, Use
from tests.service.commands.conftest import Refused, Typed
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio


async def test_shs_17_a_key_is_made_listed_rotated_and_revoked(bench: Workbench, typed: Typed) -> None:
    where = ("--organization", (await bench.organization()).tenant)
    made = await typed("key", "create", *where, "--name", "till", "--permission", "write", "--allow-ip", "203.0.113.7")
    assert set(made) == {"id", "key", "prefix"}
    new = await typed("key", "rotate", made["id"], "--overlap-s", "60")
    assert set(new) == {"id", "key"}
    listed = (await typed("key", "list", *where))["keys"]
    assert [(one["id"], one["state"], one["permission"]) for one in listed] == [
        (new["id"], "active", "write"),
        (made["id"], "replaced", "write"),
    ]
    assert listed[0]["key"] == f"{new['key'][:12]}…{new['key'][-4:]}"
    assert made["key"] not in await typed("key", "list", *where, as_json=False)
    await typed("key", "revoke", new["id"])
    with pytest.raises(Refused, match="make a new one"):
        await typed("key", "rotate", new["id"])


async def test_shs_18_usage_is_shown(bench: Workbench, typed: Typed) -> None:
    where = ("--organization", (await bench.organization()).tenant)
    made = await typed("key", "create", *where, "--name", "till", "--permission", "read")
    assert await typed("key", "usage", made["id"]) == {"total_requests": 0, "error_rate": 0.0, "recent": []}
    assert "no request yet" in await typed("key", "usage", made["id"], as_json=False)
    usage = KeyUsage(bench.container.begin)
    (known,) = await bench.rows("SELECT id FROM api_keys WHERE id = cast(:id AS uuid)", id=made["id"])
    for status in (200, 404):
        use = {"method": "GET", "endpoint": "/x", "latency_s": 0.25, "address": "203.0.113.7", "used_at_s": 1.8e9}
        usage.note(Use(key_id=known[0], status=status, **use))  # type: ignore[arg-type]
    await usage.aclose()
    shown = await typed("key", "usage", made["id"])
    assert (shown["total_requests"], shown["error_rate"]) == (2, 0.5)
    assert shown["recent"][0] == {
        "at": "2027-01-15T08:00:00Z",
        "method": "GET",
        "endpoint": "/x",
        "status": 404,
        "latency_ms": 250,
        "address": "203.0.113.7",
    }


async def test_pri_01_a_token_is_made_listed_and_revoked(bench: Workbench, typed: Typed) -> None:
    where = ("--organization", (await bench.organization()).tenant)
    made = await typed("token", "create", *where)
    assert made["apikey"].endswith("@example.com")
    (listed,) = (await typed("token", "list", *where))["tokens"]
    assert (listed["apikey"], listed["apitoken"]) == (made["apikey"], f"…{made['apitoken'][-4:]}")
    assert listed["revoked_at"] is None
    await typed("token", "revoke", made["id"])
    (listed,) = (await typed("token", "list", *where))["tokens"]
    assert listed["revoked_at"] is not None


async def test_a_token_needs_an_owner_to_speak_for(bench: Workbench, typed: Typed) -> None:
    async with bench.container.transaction() as services:
        ownerless = (await services.accounts.open_without_login("A shop")).id
    with pytest.raises(Refused, match="owner"):
        await typed("token", "create", "--organization", ownerless)


async def test_the_demo_keeps_keys_that_work_and_replaces_those_that_do_not(bench: Workbench) -> None:
    actor, box = await bench.organization(), bench.container
    first = await kept_keys(box, actor, {})
    assert await kept_keys(box, actor, first) == first
    identity = await box.key_authenticator.identify(first["external_key"])
    assert identity.actor.permission == "admin"
    broken = {**first, "external_key": "sk_live_gone"}
    again = await kept_keys(box, actor, broken)
    assert again["external_key"] not in (first["external_key"], "sk_live_gone")
    assert again["monitoring"] == first["monitoring"]
