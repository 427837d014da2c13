"""ID tokens: every rule alone, and the usual attacks."""

import base64
import json
import traceback
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from backend.ports.shopify_app import IdToken, NotGenuine
from plugin_bridge.shopify.id_token import read_id_token
from tests.support.shopify_signing import CLIENT_ID, NOW, OLD_SECRET, SECRET, SHOP, claims, id_token

SECOND = int(NOW.timestamp())


def read(
    token: str, *, secrets: tuple[str, ...] = (SECRET,), client_id: str = CLIENT_ID, now: datetime = NOW
) -> IdToken:
    return read_id_token(token, client_id=client_id, secrets=secrets, now=now)


def refused(token: str, **options: Any) -> str:
    with pytest.raises(NotGenuine) as caught:
        read(token, **options)
    return caught.value.code


def without_signature(header: dict[str, str], said: dict[str, Any]) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, said)]
    return ".".join([*parts, ""])


def test_a_good_token_says_shop_user_session_and_end() -> None:
    said = read(id_token())
    assert (said.shop, said.user_id, said.session_id) == (SHOP, "42", claims()["sid"])
    assert said.expires_at == datetime.fromtimestamp(SECOND + 60, UTC)


def test_the_old_secret_will_do_beside_the_new_one() -> None:
    assert read(id_token(secret=OLD_SECRET), secrets=(SECRET, OLD_SECRET)).shop == SHOP
    assert refused(id_token(secret=OLD_SECRET)) == "signature"


@pytest.mark.parametrize("name", ["iss", "dest", "aud", "sub", "exp", "nbf", "iat", "jti", "sid"])
@pytest.mark.parametrize(
    "value", [..., None, "", [], {}, True], ids=["absent", "null", "empty", "list", "object", "true"]
)
def test_every_claim_is_needed_in_its_kind(name: str, value: Any) -> None:
    assert refused(id_token(claims({name: value}))) == "malformed"


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), -1, 10**400, 1e300, str(SECOND + 60)],
    ids=["nan", "infinite", "negative", "huge", "huge_float", "text"],
)
def test_a_time_must_be_a_number_a_clock_can_show(name: str, value: Any) -> None:
    assert refused(id_token(claims({name: value}))) == "malformed"


@pytest.mark.parametrize(("after", "good"), [(69, True), (70, False), (71, False)], ids=["69", "70", "71"])
def test_a_token_ends_ten_seconds_after_it_says(after: int, good: bool) -> None:
    now = NOW + timedelta(seconds=after)
    if good:
        assert read(id_token(), now=now).shop == SHOP
    else:
        assert refused(id_token(), now=now) == "expired"


@pytest.mark.parametrize("name", ["nbf", "iat"])
def test_a_token_begins_ten_seconds_before_it_says(name: str) -> None:
    assert read(id_token(claims({name: SECOND + 10}))).shop == SHOP
    assert refused(id_token(claims({name: SECOND + 11}))) == "expired"


@pytest.mark.parametrize(
    "audience", ["another", f"{CLIENT_ID} ", CLIENT_ID.upper()], ids=["another", "space", "capitals"]
)
def test_a_token_for_another_app_is_refused(audience: str) -> None:
    assert refused(id_token(claims({"aud": audience}))) == "audience"


def test_a_list_of_apps_is_no_audience() -> None:
    assert refused(id_token(claims({"aud": [CLIENT_ID]}))) == "malformed"


def test_a_server_without_an_app_takes_nothing() -> None:
    assert refused(id_token(claims({"aud": "x"})), client_id="") == "audience"
    assert refused(id_token(), secrets=("", "")) == "signature"
    assert refused(id_token(secret=""), secrets=("", SECRET)) == "signature"


@pytest.mark.parametrize(
    "over",
    [
        {"dest": "https://another.myshopify.com"},
        {"iss": "https://another.myshopify.com/admin"},
        {"iss": "https://evil.com/admin", "dest": "https://evil.com"},
        {"iss": "https://x.myshopify.com.evil.com/admin", "dest": "https://x.myshopify.com.evil.com"},
        {"iss": f"http://{SHOP}/admin", "dest": f"http://{SHOP}"},
        {"iss": f"{SHOP}/admin", "dest": SHOP},
        {"iss": f"https://{SHOP}:444/admin", "dest": f"https://{SHOP}:444"},
        {"iss": f"https://me@{SHOP}/admin", "dest": f"https://me@{SHOP}"},
        {"iss": f"https://{SHOP}\n/admin", "dest": f"https://{SHOP}\n"},
        {"dest": f"https://{SHOP}?x"},
        {"dest": f"https://{SHOP}#x"},
        {"iss": "https://[/admin", "dest": "https://["},
        {"iss": "https://\u212a.myshopify.com/admin", "dest": "https://\u212a.myshopify.com"},
    ],
    ids=[
        "dest",
        "iss",
        "evil",
        "suffix",
        "http",
        "no_scheme",
        "port",
        "user",
        "line_end",
        "query",
        "fragment",
        "bracket",
        "kelvin",
    ],
)
def test_issuer_and_destination_must_be_one_shop(over: dict[str, str]) -> None:
    assert refused(id_token(claims(over))) == "issuer"


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", ""])
def test_an_unsigned_token_is_refused(algorithm: str) -> None:
    assert refused(without_signature({"alg": algorithm, "typ": "JWT"}, claims())) in ("signature", "malformed")


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_other_algorithms_with_the_right_secret_are_refused(algorithm: str) -> None:
    assert refused(jwt.encode(claims(), SECRET * 3, algorithm), secrets=(SECRET * 3,)) == "signature"


def test_a_key_pair_of_somebodys_own_is_refused() -> None:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    assert refused(jwt.encode(claims(), key, "RS256")) == "signature"


def test_a_public_key_used_as_secret_is_refused() -> None:
    """The old confusion: a verifier that takes its key for whatever the header says."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048).public_key()
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    assert refused(id_token(secret=pem, header={"alg": "RS256", "typ": "JWT"})) == "signature"


def test_headers_may_not_bring_a_key_or_demand_the_unknown() -> None:
    assert (
        refused(id_token(secret="mine" * 8, header={"alg": "HS256", "jwk": {"kty": "oct", "k": "bWluZQ"}}))
        == "signature"
    )
    assert refused(id_token(header={"alg": "HS256", "crit": ["unheard-of"], "unheard-of": True})) == "malformed"


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "é.é.é",
        "\ud800",
        id_token()[:-2],
        f"{id_token()}.x",
        "x" * 9_000,
        f" {id_token()}",
        "Bearer x",
    ],
    ids=["empty", "dot", "dots", "letters", "not_ascii", "surrogate", "cut", "four_parts", "long", "space", "bearer"],
)
def test_what_is_no_token_is_refused_and_no_error(token: str) -> None:
    assert refused(token) in ("malformed", "signature")


@pytest.mark.parametrize(
    "body", ["[]", '"x"', "1", "null", "[" * 3_000, "{"], ids=["list", "text", "number", "null", "deep", "half"]
)
def test_signed_claims_that_are_no_object_are_refused(body: str) -> None:
    assert refused(jwt.api_jws.encode(body.encode(), SECRET, "HS256")) == "malformed"


def test_a_refusal_says_nothing_of_the_token() -> None:
    for token in (
        id_token(secret=OLD_SECRET),
        id_token(claims({"exp": 1})),
        id_token()[:-3],
        id_token(claims({"aud": "other-app"})),
    ):
        with pytest.raises(NotGenuine) as caught:
            read(token)
        shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value.__context__)
        assert token not in shown
        assert not any(part in shown for part in token.split(".") if part)
        assert SHOP not in shown
        assert "other-app" not in shown
        assert SECRET not in shown
