"""Brands and categories over HTTP (contract row PRI-18)."""

import pytest

from tests.support.monitoring import Monitoring, refused

KINDS = ["brand", "category"]


@pytest.mark.parametrize("kind", KINDS)
async def test_pri_18_a_name_is_listed_shown_and_renamed_on_its_products(api: Monitoring, kind: str) -> None:
    products = [await api.add(**{kind: "Old"}), await api.add(**{kind: "Old"})]
    [row] = await api.walk(kind)
    assert row == {"id": row["id"], "name": "Old"}
    assert (await api.get(f"get/{kind}/id/{row['id']}")).json() == row

    answer = await api.post(f"edit/{kind}/id/{row['id']}", {"name": "Größe 2"}, multipart=True)

    assert answer.json() == {"id": row["id"], "result": True}
    assert await api.walk(kind) == [{"id": row["id"], "name": "Größe 2"}]
    assert [(await api.product(product))[kind]["name"] for product in products] == ["Größe 2"] * 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", [{}, {"name": " "}, {"name": "a\x00"}], ids=["absent", "blank", "zero byte"])
async def test_pri_18_a_rename_needs_a_name(api: Monitoring, kind: str, form: dict[str, str]) -> None:
    await api.add()
    [row] = await api.walk(kind)
    refused(await api.post(f"edit/{kind}/id/{row['id']}", form), 400)


@pytest.mark.parametrize("kind", KINDS)
async def test_pri_18_a_name_that_another_has_is_422(api: Monitoring, kind: str) -> None:
    await api.add(**{kind: "One"})
    await api.add(**{kind: "Two"})
    one = (await api.walk(kind))[0]
    refused(await api.post(f"edit/{kind}/id/{one['id']}", {"name": "two"}), 422, "NAME_EXISTS")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wanted", ["999999999", "0", "x", "9" * 30])
async def test_pri_18_an_unknown_id_is_404(api: Monitoring, kind: str, wanted: str) -> None:
    refused(await api.get(f"get/{kind}/id/{wanted}"), 404)
    refused(await api.post(f"edit/{kind}/id/{wanted}", {"name": "x"}), 404)
