"""`/metrics`: for whoever shows the token, and nowhere without one."""

import os

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from backend.api.operations import metrics_route

pytestmark = pytest.mark.anyio


async def ask(token: str, shown: str | None) -> tuple[int, str]:
    app = Litestar([metrics_route(token, lambda: {"allowed": 7, "degraded": 2})], logging_config=None)
    headers = {} if shown is None else {"Authorization": f"Bearer {shown}"}
    async with AsyncTestClient(app) as client:
        answer = await client.get("/metrics", headers=headers)
        return answer.status_code, answer.text


async def test_the_numbers_are_shown_for_the_token() -> None:
    status, text = await ask("a long token", "a long token")
    assert status == 200
    lines = text.splitlines()
    assert lines[1] == "# TYPE storeloom_limiter_requests_total counter"
    assert lines[3] == f'storeloom_limiter_requests_total{{verdict="degraded",process="{os.getpid()}"}} 2'


@pytest.mark.parametrize(
    ("token", "shown", "status"),
    [("t", None, 401), ("t", "", 401), ("t", "wrong", 401), ("", None, 404), ("", "", 404)],
)
async def test_everybody_else_is_refused(token: str, shown: str | None, status: int) -> None:
    assert (await ask(token, shown))[0] == status
