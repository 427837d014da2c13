"""A caller of the price monitoring API, and what comes back when it is refused."""

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx

BASE = "/api/v2"


def refused(response: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """Assert a refusal in this surface's shape (PRI-20) and return its body."""
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json()
    assert set(body) == {"error", "errorCode"}
    assert body["error"]
    assert code in (None, body["errorCode"]), body
    return body


def batch_form(products: Sequence[Mapping[str, str]], cancel: str | None = None) -> dict[str, str]:
    """Return the bracketed form of a list of products."""
    form = {f"product{place}[{key}]": value for place, one in enumerate(products) for key, value in one.items()}
    return form if cancel is None else {**form, "cancelOnPackageLimitExceeding": cancel}


def some_products(number: int, label: str) -> list[dict[str, str]]:
    """Return products nobody else has, when *label* is new."""
    return [
        {"name": f"{label} {place:05d}", "brand": f"Brand {label}", "category": f"Category {label}", "cost": "10"}
        for place in range(number)
    ]


@dataclass
class Monitoring:
    """A caller with a token of one organization."""

    client: httpx.AsyncClient
    organization_id: uuid.UUID
    apikey: str
    apitoken: str

    @property
    def headers(self) -> dict[str, str]:
        return {"apikey": self.apikey, "apitoken": self.apitoken}

    async def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {**self.headers, **more.pop("headers", {})}
        return await self.client.request(method, f"{BASE}/{path}", headers=headers, **more)

    async def get(self, path: str) -> httpx.Response:
        return await self.request("GET", path)

    async def post(
        self, path: str, form: Mapping[str, str] | None = None, *, multipart: bool = False
    ) -> httpx.Response:
        if multipart:
            files = [(name, (None, value)) for name, value in (form or {}).items()]
            return await self.request("POST", path, files=files)
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self.request("POST", path, headers=kind, content=urlencode(form or {}))

    async def add(self, **fields: str) -> str:
        form = {"name": f"Product {uuid.uuid4().hex[:10]}", "brand": "Acme", "category": "Tools", **fields}
        answer = await self.post("add/product", form)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    async def add_url(self, product_id: str, url: str | None = None) -> str:
        form = {"product_id": product_id, "url": url or f"https://rival.example.com/p/{uuid.uuid4().hex}"}
        answer = await self.post("add/url", form)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    async def product(self, product_id: str) -> dict[str, Any]:
        answer = await self.get(f"get/product/id/{product_id}")
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def walk(self, what: str = "product") -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        path: str | None = f"list/{what}"
        while path is not None:
            answer = await self.get(path)
            assert answer.status_code == 200, answer.text
            rows += answer.json()["results"]
            after = answer.json()["nextURL"]
            path = None if after is None else urlsplit(after).path.removeprefix(f"{BASE}/")
        return rows


NewMonitoring = Callable[..., Awaitable[Monitoring]]
