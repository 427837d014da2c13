"""How passwords are hashed: as the product does it, not as the other tests do."""

import importlib.util
from types import ModuleType

import pytest

from backend.kit import passwords


@pytest.fixture(scope="module")
def fresh() -> ModuleType:
    """The module as it is loaded outside of tests."""
    spec = importlib.util.spec_from_file_location("passwords_of_the_product", passwords.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_a_hash_is_argon2id_with_at_least_what_rfc_9106_asks_for(fresh: ModuleType) -> None:
    kind, version, costs = (await fresh.hash_password("a long password")).split("$")[1:4]
    assert (kind, version) == ("argon2id", "v=19")
    found = dict(cost.split("=") for cost in costs.split(","))
    assert int(found["m"]) >= 65_536
    assert int(found["t"]) >= 3


async def test_a_password_fits_its_own_hash_alone(fresh: ModuleType) -> None:
    stored = await fresh.hash_password("a long password")
    assert await fresh.password_fits("a long password", stored)
    assert not await fresh.password_fits("another password", stored)
    assert not await fresh.password_fits("a long password", None)
    assert not await fresh.password_fits("a long password", "no hash")
