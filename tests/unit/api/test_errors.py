"""What was raised becomes one refusal; the surface of the path renders it."""

from typing import Any

import pytest
from litestar import Response
from litestar.exceptions import ClientException, MethodNotAllowedException, NotFoundException, ValidationException

from backend.api.plugin.errors import render_error
from backend.api.shared.dispatcher import surface_of
from backend.api.shared.errors import STATUS, Refusal, refusal_of
from backend.api.shared.surface import Surface
from backend.kit.errors import DomainError, ErrorKind


def surface(prefix: str) -> Surface:
    return Surface(name=prefix, prefix=prefix, title=prefix, handlers=(), render_error=lambda refusal: Response(None))


SURFACES = [surface("/api"), surface("/api/v2"), surface("/api/public/feeds"), surface("/v1")]


@pytest.mark.parametrize(
    ("path", "prefix"),
    [
        ("/api", "/api"),
        ("/api/", "/api"),
        ("/api/auth/login", "/api"),
        ("/api/v2", "/api/v2"),
        ("/api/v2/list", "/api/v2"),
        ("/api/v20/list", "/api"),
        ("/api/public/feeds/x", "/api/public/feeds"),
        ("/v1/products", "/v1"),
        ("/v10", None),
        ("/apis/x", None),
        ("/", None),
    ],
)
def test_g5_a_path_belongs_to_the_surface_with_the_longest_prefix(path: str, prefix: str | None) -> None:
    owner = surface_of(path, SURFACES)
    assert (owner.prefix if owner else None) == prefix


@pytest.mark.parametrize("kind", list(ErrorKind))
def test_every_kind_has_a_status(kind: ErrorKind) -> None:
    refusal = refusal_of(DomainError(kind, "SOME_CODE", "A sentence"))
    assert (refusal.status, refusal.code, refusal.message) == (STATUS[kind], "SOME_CODE", "A sentence")


@pytest.mark.parametrize(("wait_s", "header"), [(0.0, "1"), (0.2, "1"), (1.0, "1"), (1.1, "2"), (59.3, "60")])
def test_g3_retry_after_is_in_whole_seconds_and_never_zero(wait_s: float, header: str) -> None:
    error = DomainError(ErrorKind.RATE_LIMITED, "RATE_LIMITED", "Wait", retry_after_s=wait_s)
    assert refusal_of(error).headers["Retry-After"] == header


def test_what_nobody_foresaw_is_a_500_that_tells_nothing() -> None:
    refusal = refusal_of(RuntimeError("secret cs_123 in /etc/passwd"))
    assert refusal.status == 500
    assert "secret" not in refusal.message


def test_an_outage_is_a_503_that_says_when_to_come_back_and_tells_nothing() -> None:
    refusal = refusal_of(ConnectionRefusedError("secret cs_123 at /run/postgres"))
    assert (refusal.status, refusal.headers) == (503, {"Retry-After": "5"})
    assert "secret" not in refusal.message


def test_a_405_keeps_its_allow_header() -> None:
    refusal = refusal_of(MethodNotAllowedException(headers={"allow": "GET"}))
    assert (refusal.status, refusal.headers["Allow"]) == (405, "GET")


def test_a_404_says_nothing_of_the_path() -> None:
    assert refusal_of(NotFoundException(detail="/secret")).message == "There is nothing at this address"


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ([{"key": "email", "message": "Expected `str`, got `int`"}], "email: Expected str, got int"),
        ([{"message": "Object missing required field `email`"}], "The request body: missing required field email"),
        ([{"message": "'data'"}], "A request body is needed"),
        ([], "The request is not valid"),
        (None, "The request is not valid"),
    ],
)
def test_a_validation_error_names_the_field(extra: Any, message: str) -> None:
    assert refusal_of(ValidationException(extra=extra)).message == message


def test_an_unreadable_body_is_named_as_such() -> None:
    assert "JSON" in refusal_of(ClientException("JSON is malformed: invalid character (byte 0)")).message


@pytest.mark.parametrize(
    ("refusal", "status", "error"),
    [
        (Refusal(status=400, message="x"), 400, "Bad Request"),
        (Refusal(status=404, message="x", code="NOT_FOUND"), 404, "Not Found"),
        (Refusal(status=429, message="x", code="RATE_LIMITED"), 429, "Too Many Requests"),
        (Refusal(status=403, message="x", code="PIM_PRODUCT_LIMIT"), 403, "PIM_PRODUCT_LIMIT"),
        (Refusal(status=502, message="x", code="STORE_UNAVAILABLE"), 400, "STORE_UNAVAILABLE"),
        (Refusal(status=409, message="x", code="SYNC_BUSY"), 400, "SYNC_BUSY"),
    ],
)
def test_s2s_22_the_plugin_surface_renders_status_message_and_error(refusal: Refusal, status: int, error: str) -> None:
    response = render_error(refusal)
    assert response.status_code == status
    assert (response.content.status_code, response.content.message, response.content.error) == (status, "x", error)
