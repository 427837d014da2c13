"""Lists of products over HTTP (contract rows PRI-09 to 12)."""

from collections.abc import Awaitable, Callable

import pytest

from tests.support.monitoring import Monitoring, NewMonitoring, batch_form, refused, some_products

WorkOff = Callable[[str], Awaitable[int]]
JOB = "pricing.import_batch"
AS_PHP_SENDS_IT = (
    "product1%5Bname%5D=Lamp+One&product1%5Bbrand%5D=Acme&product1%5Bcategory%5D=Light&product1%5Bproduct_code%5D=L1"
    "&product1%5Bbarcode%5D=194252022191&product1%5Bcost%5D=100&product1%5Badditional_cost%5D=40"
    "&product2%5Bname%5D=Lamp+Two&product2%5Bbrand%5D=Acme+2&product2%5Bcategory%5D=Light+2"
    "&product2%5Bproduct_code%5D=L2&product2%5Bcost%5D=200&cancelOnPackageLimitExceeding=false"
)


async def progress(api: Monitoring) -> dict[str, object]:
    answer = await api.get("progress/batchImport")
    assert answer.status_code == 200
    body: dict[str, object] = answer.json()
    return body


async def test_pri_09_12_a_list_is_taken_at_once_and_told_of_until_it_is_finished(
    api: Monitoring, work_off: WorkOff
) -> None:
    assert (await progress(api)) | {"message": ""} == {
        "message": "",
        "status": "idle",
        "total": "0",
        "processed": "0",
        "errors": [],
    }
    answer = await api.post("add/batch", batch_form(some_products(3, "Lamp")))
    assert answer.json() == {
        "message": "Waiting in the queue.",
        "status": "queued",
        "total": "3",
        "processed": "0",
        "errors": [],
    }

    await work_off(JOB)

    assert await progress(api) == {
        "message": "Completed.",
        "status": "finished",
        "total": "3",
        "processed": "3",
        "errors": [],
    }
    assert len(await api.walk()) == 3


async def test_pri_09_21_the_body_that_php_builds(api: Monitoring, work_off: WorkOff) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await api.request("POST", "add/batch/", headers=kind, content=AS_PHP_SENDS_IT)
    assert answer.status_code == 200
    await work_off(JOB)
    one, two = [await api.product(row["id"]) for row in await api.walk()]
    assert (one["name"], one["barcode"], one["cost"], one["additional_cost"]) == ("Lamp One", 194252022191, "100", "40")
    assert (two["name"], two["brand"]["name"], two["category"]["name"]) == ("Lamp Two", "Acme 2", "Light 2")


@pytest.mark.parametrize("multipart", [False, True], ids=["urlencoded", "multipart"])
async def test_pri_09_numbers_may_have_gaps(api: Monitoring, work_off: WorkOff, multipart: bool) -> None:
    one, two = some_products(2, "Lamp")
    form = {f"product7[{key}]": value for key, value in one.items()}
    form |= {f"product123[{key}]": value for key, value in two.items()}
    assert (await api.post("add/batch", form, multipart=multipart)).status_code == 200
    await work_off(JOB)
    assert {row["name"] for row in await api.walk()} == {one["name"], two["name"]}


async def test_pri_11_a_bad_line_is_told_of_and_the_rest_go_in(api: Monitoring, work_off: WorkOff) -> None:
    products = some_products(2, "Lamp")
    products[1:1] = [{"brand": "Nameless"}, {**products[0], "name": "Odd\x00"}, products[0]]
    await api.post("add/batch", batch_form(products))

    await work_off(JOB)

    body = await progress(api)
    assert (body["total"], body["processed"]) == ("5", "5")
    errors = body["errors"]
    assert isinstance(errors, list)
    assert [error["product"] for error in errors] == ["product1", "product2", "product3"]
    assert len(await api.walk()) == 2


@pytest.mark.parametrize(
    "form",
    [{}, {"cancelOnPackageLimitExceeding": "false"}, {"foo": "bar", "products": "x", "product[name]": "y"}],
    ids=["nothing", "the flag alone", "unknown parameters"],
)
async def test_pri_11_a_post_without_products_is_400(api: Monitoring, form: dict[str, str]) -> None:
    refused(await api.post("add/batch", form), 400, "BATCH_EMPTY")


async def test_pri_11_another_flag_is_400(api: Monitoring) -> None:
    refused(await api.post("add/batch", batch_form(some_products(1, "Lamp"), "perhaps")), 400, "PARAMETER_INVALID")


async def test_pri_11_the_same_list_in_the_queue_is_422(api: Monitoring) -> None:
    form = batch_form(some_products(3, "Lamp"))
    await api.post("add/batch", form)
    refused(await api.post("add/batch", form), 422, "BATCH_QUEUED")


async def test_pri_10_beyond_the_plan_a_list_is_refused_or_cut(new_account: NewMonitoring, work_off: WorkOff) -> None:
    account = await new_account("starter")
    await account.post("add/batch", batch_form(some_products(1000, "Lamp")))
    await work_off(JOB)
    one_more = batch_form(some_products(1, "More"))
    refused(await account.post("add/batch", one_more), 422, "PIM_PRODUCT_LIMIT")
    refused(await account.post("add/product", some_products(1, "Single")[0]), 422, "PIM_PRODUCT_LIMIT")

    await account.post("add/batch", one_more | {"cancelOnPackageLimitExceeding": "false"})
    await work_off(JOB)

    body = await progress(account)
    assert (body["status"], body["processed"], len(body["errors"])) == ("finished", "1", 1)  # type: ignore[arg-type]


async def test_pri_12_progress_is_each_accounts_own(api: Monitoring, other: Monitoring) -> None:
    await api.post("add/batch", batch_form(some_products(3, "Lamp")))
    assert (await progress(other))["status"] == "idle"
