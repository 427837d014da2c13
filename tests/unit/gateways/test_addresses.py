"""Which addresses callers may send us to (decision G11)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gateways.addresses import allowed_entries, is_public, shown, target_of
from backend.gateways.outbound import Guard
from backend.ports.platform_errors import UnsafeAddress

REFUSED = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.8.9.10",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:0a00:0001::1",
    "2606:4700::5efe:10.0.0.1",
    "2606:4700::200:5efe:7f00:1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "localhost",
    "",
    "1.2.3",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.255.255",
    "172.32.0.1",
    "192.167.255.255",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001:80b::200e",
    "64:ff9b::8.8.8.8",
]
ODD_URLS = [
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://2130706433/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://127.0.0.1./",
    "http://127.0.0.01/",
    "http://１２７.0.0.1/",
    "http://①②⑦.0.0.1/",
    "http://%31%32%37.0.0.1/",
    "http://[::]/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[fe80::1%25lo]/",
    "http://localhost/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://shop.localhost/",
    "http://user@shop.example/",
    "http://user:password@shop.example/",
    "http://shop.example@127.0.0.1/",
    "http://shop.example\\@127.0.0.1/",
    "http://127.0.0.1\\@shop.example/",
    "http://127.0.0.1#@shop.example/",
    "http://sh op.example/",
    "http:///etc/passwd",
    "https://",
    "//shop.example/",
    "shop.example",
    "ftp://shop.example/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_x",
    "unix:///run/redis.sock",
    "data:text/html,x",
    "javascript:alert(1)",
    "http://169.254.169.254/latest/meta-data/",
    "http://shop.example:99999/",
    "http://-shop.example/",
    "http://shop..example/",
    "http://" + "a" * 300 + "/",
    "https://shop.example/" + "a" * 5000,
]


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("url", ODD_URLS)
def test_an_odd_or_private_url_is_refused_before_any_request(url: str) -> None:
    with pytest.raises(UnsafeAddress):
        Guard().check(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/",
        "http://shop.example:8080/path?q=1",
        "https://8.8.8.8/",
        "https://[2606:4700::1]/",
        "https://m\u00fcller.example",
        "https://3com.example",
        "https://a_b.example",
    ],
)
def test_an_ordinary_url_passes_the_first_check(url: str) -> None:
    Guard().check(url)


def test_the_message_shows_neither_password_nor_query() -> None:
    for url in ("https://user:hunter2@shop.example/?consumer_secret=cs_hunter2", "http://10.0.0.1/?key=cs_hunter2"):
        with pytest.raises(UnsafeAddress) as refusal:
            Guard().check(url)
        assert "hunter2" not in str(refusal.value)
        assert "hunter2" not in shown(url)


def test_the_host_has_one_spelling() -> None:
    assert target_of("https://SHOP.Example.:8443/x").host == "shop.example"
    assert target_of("https://[2606:4700:0:0::0001]/").host == "2606:4700::1"


@pytest.mark.parametrize(
    ("entry", "url", "allowed"),
    [
        ("127.0.0.1:4123", "http://127.0.0.1:4123/", True),
        ("127.0.0.1:4123", "http://127.0.0.1:4124/", False),
        ("127.0.0.1:4123", "http://127.0.0.1/", False),
        ("127.0.0.1:4123", "http://localhost:4123/", False),
        ("127.0.0.1:4123", "http://127.0.0.2:4123/", False),
        ("127.0.0.1:4123", "http://[::ffff:127.0.0.1]:4123/", False),
        ("127.0.0.1:4123", "http://2130706433:4123/", False),
        ("127.0.0.1:4123", "http://user@127.0.0.1:4123/", False),
        ("127.0.0.1", "http://127.0.0.1:9/", True),
        ("127.0.0.1:80", "http://127.0.0.1/", True),
        ("127.0.0.1:443", "https://127.0.0.1/", True),
        ("localhost", "http://LOCALHOST./", True),
        ("localhost", "http://evil.localhost/", False),
        ("[::1]:80", "http://[::1]/", True),
        ("[::1]:80", "http://[0:0::1]/", True),
        ("[::1]:80", "http://[::1]:81/", False),
        ("::1", "http://[::1]:81/", True),
        ("shop", "http://shop/", True),
        ("shop:80", "http://myshop/", True),  # names are judged when they are resolved
    ],
)
def test_an_allowed_private_host_is_compared_as_the_url_spells_it(entry: str, url: str, allowed: bool) -> None:
    guard = Guard((entry,))
    if allowed:
        guard.check(url)
    else:
        with pytest.raises(UnsafeAddress):
            guard.check(url)


@pytest.mark.parametrize(
    "entry", ["http://127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:70000", "a b", "*", "[::1"]
)
def test_an_unreadable_allowed_host_is_named(entry: str) -> None:
    with pytest.raises(ValueError, match="STORELOOM_ALLOWED_PRIVATE_HOSTS"):
        allowed_entries((entry,))


@given(st.text(max_size=60))
def test_no_text_gets_through_the_check_as_a_private_literal(text: str) -> None:
    for url in (text, f"http://{text}/", f"https://{text}.example/{text}"):
        try:
            target = Guard().check(url)
        except UnsafeAddress:
            continue
        assert target.literal is None or is_public(target.host)
