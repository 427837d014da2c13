"""POST /api/products/import: a product file as a form field or as the body (S2S-23: the plan's limit)."""

from typing import Any

import httpx
import pytest

from backend.wiring import Container
from tests.support.plugin_api import NewOwner, NewPlugin, bearer, new_mark, refused
from tests.support.product_files import SHOPIFY, csv_bytes

pytestmark = pytest.mark.anyio

IMPORT = "/api/products/import"
CAP = {"Handle": "cap", "Title": "Cap", "Variant SKU": "cap", "Variant Price": "5"}
CSV = {"Content-Type": "text/csv"}


def file(*rows: dict[str, Any]) -> bytes:
    return csv_bytes(SHOPIFY, rows)


def counts(response: httpx.Response) -> tuple[int, int, int]:
    assert response.status_code == 200, response.text
    body = response.json()
    assert set(body) == {"created", "updated", "unchanged", "rejected", "rejectedCount"}
    return body["created"], body["updated"], body["unchanged"]


async def test_a_file_in_the_form_field_comes_in(client: httpx.AsyncClient, new_owner: NewOwner) -> None:
    owner = await new_owner()
    files = {"file": ("products.csv", file(CAP), "text/csv")}
    assert counts(await client.post(IMPORT, files=files, headers=owner.auth)) == (1, 0, 0)
    assert counts(await client.post(IMPORT, files=files, headers=owner.auth)) == (0, 0, 1)


@pytest.mark.parametrize("headers", [CSV, {"Content-Type": "application/json"}, {}])
async def test_a_file_as_the_body_comes_in_whatever_its_type_says(
    client: httpx.AsyncClient, new_owner: NewOwner, headers: dict[str, str]
) -> None:
    owner = await new_owner()
    response = await client.post(IMPORT, content=file(CAP), headers={**owner.auth, **headers})
    assert counts(response) == (1, 0, 0)


async def test_rejected_rows_are_told_with_line_and_reason(client: httpx.AsyncClient, new_owner: NewOwner) -> None:
    owner = await new_owner()
    bad = CAP | {"Handle": "hat", "Variant SKU": "hat", "Variant Price": "12,50"}
    response = await client.post(IMPORT, content=file(CAP, bad), headers={**owner.auth, **CSV})
    assert counts(response) == (1, 0, 0)
    (row,) = response.json()["rejected"]
    assert row["line"] == 3
    assert "12.50" in row["reason"]


async def test_a_long_list_of_rejected_rows_is_cut_and_counted(client: httpx.AsyncClient, new_owner: NewOwner) -> None:
    owner = await new_owner()
    body = file(*[{"Title": "no handle"} for _ in range(1_200)])
    answer = (await client.post(IMPORT, content=body, headers={**owner.auth, **CSV})).json()
    assert (len(answer["rejected"]), answer["rejectedCount"]) == (1_000, 1_200)


async def test_a_dry_run_says_the_numbers_and_writes_nothing(client: httpx.AsyncClient, new_owner: NewOwner) -> None:
    owner = await new_owner()
    for _ in range(2):
        tried = await client.post(f"{IMPORT}?dryRun=true", content=file(CAP), headers={**owner.auth, **CSV})
        assert counts(tried) == (1, 0, 0)


async def test_s2s_23_more_new_products_than_the_plan_holds_are_refused(
    client: httpx.AsyncClient, new_owner: NewOwner
) -> None:
    owner = await new_owner("starter")
    rows = [{"Handle": f"p{n}", "Title": f"P {n}", "Variant Price": "5"} for n in range(1_001)]
    refused(await client.post(IMPORT, content=file(*rows), headers={**owner.auth, **CSV}), 403, "PIM_PRODUCT_LIMIT")
    assert counts(await client.post(IMPORT, content=file(*rows[:1_000]), headers={**owner.auth, **CSV})) == (
        1_000,
        0,
        0,
    )
    refused(await client.post(IMPORT, content=file(CAP), headers={**owner.auth, **CSV}), 403, "PIM_PRODUCT_LIMIT")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "CSV_EMPTY"),
        (b"{}", "CSV_FORMAT_UNKNOWN"),
        (b"a,b\n1,2\n", "CSV_FORMAT_UNKNOWN"),
        (b"\xff\xfe\xfd", "CSV_NOT_UTF8"),
        ("Handle,Title\ncap,Größe\n".encode("cp1252"), "CSV_NOT_UTF8"),
        (b"PK\x03\x04rest", "CSV_NOT_TEXT"),
        (b"\x00" * 100, "CSV_NOT_TEXT"),
    ],
)
async def test_a_file_that_cannot_be_read_is_a_400(
    client: httpx.AsyncClient, new_owner: NewOwner, body: bytes, code: str
) -> None:
    owner = await new_owner()
    refused(await client.post(IMPORT, content=body, headers={**owner.auth, **CSV}), 400, code)


async def test_a_form_without_one_file_is_a_400(client: httpx.AsyncClient, new_owner: NewOwner) -> None:
    owner = await new_owner()
    several = [("file", ("a.csv", file(CAP))), ("file", ("b.csv", file(CAP)))]
    refused(await client.post(IMPORT, files={"other": ("a.csv", b"x")}, headers=owner.auth), 400, "FILE_MISSING")
    refused(await client.post(IMPORT, files=several, headers=owner.auth), 400, "FILE_MISSING")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\n"),
        ("multipart/form-data; boundary=x", b"rubbish"),
        ("multipart/form-data; boundary=x", b""),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n\xff\xff\r\n--x--\r\n',
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n'
            b"Content-Type: text/csv; charset=none\r\n\r\na\r\n--x--\r\n",
        ),
    ],
)
async def test_a_broken_form_is_a_400(
    client: httpx.AsyncClient, new_owner: NewOwner, content_type: str, body: bytes
) -> None:
    owner = await new_owner()
    refused(await client.post(IMPORT, content=body, headers={**owner.auth, "Content-Type": content_type}), 400)


async def test_a_body_over_the_limit_is_a_413(
    client: httpx.AsyncClient, new_owner: NewOwner, container: Container
) -> None:
    owner = await new_owner()
    body = file(CAP) + b" " * container.settings.web.max_body_bytes
    refused(await client.post(IMPORT, content=body, headers={**owner.auth, **CSV}), 413)
    refused(await client.post(IMPORT, files={"file": ("a.csv", body)}, headers=owner.auth), 413)


async def test_without_a_token_nothing_is_imported(client: httpx.AsyncClient) -> None:
    refused(await client.post(IMPORT, content=file(CAP), headers=CSV), 401)


async def test_a_stores_own_token_cannot_import(client: httpx.AsyncClient, new_plugin: NewPlugin) -> None:
    plugin, email = new_plugin(), f"{new_mark()}@example.com"
    token = (await plugin.connect(email)).json()["token"]
    refused(await client.post(IMPORT, content=file(CAP), headers={**bearer(token), **CSV}), 403, "PANEL_LOGIN_NEEDED")
