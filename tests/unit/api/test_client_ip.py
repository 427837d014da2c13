"""G20: who is at the other end."""

import pytest

from backend.api.shared.client_ip import bucket, client_address

PROXIES = ("10.0.0.0/8", "192.0.2.1", "2001:db8:1::/48")


def address(peer: str | None, *forwarded: str, trusted: tuple[str, ...] = PROXIES) -> str:
    return bucket(client_address(peer, forwarded, trusted))


def test_g20_without_proxies_the_peer_counts_whatever_the_header_says() -> None:
    assert address("203.0.113.7", "198.51.100.1", trusted=()) == "203.0.113.7"


def test_g20_a_peer_that_is_no_proxy_is_not_believed() -> None:
    assert address("203.0.113.7", "198.51.100.1") == "203.0.113.7"


def test_g20_behind_a_proxy_the_hop_it_saw_counts() -> None:
    assert address("10.1.1.1", "198.51.100.1") == "198.51.100.1"


def test_g20_what_a_client_wrote_left_of_the_proxys_entry_is_not_believed() -> None:
    assert address("10.1.1.1", "6.6.6.6, 198.51.100.1") == "198.51.100.1"


def test_g20_behind_two_proxies_the_right_most_untrusted_hop_counts() -> None:
    assert address("10.1.1.1", "6.6.6.6, 198.51.100.1, 192.0.2.1") == "198.51.100.1"


def test_g20_several_header_lines_are_one_list() -> None:
    assert address("10.1.1.1", "6.6.6.6", "198.51.100.1", "10.2.2.2") == "198.51.100.1"


def test_g20_a_proxy_without_the_header_counts_itself() -> None:
    assert address("10.1.1.1") == "10.1.1.1"


@pytest.mark.parametrize("hop", ["unknown", "", "1.2.3", "_hidden", "999.1.1.1"])
def test_g20_a_hop_that_is_no_address_ends_the_search(hop: str) -> None:
    assert address("10.1.1.1", f"6.6.6.6, {hop}") == "10.1.1.1"


@pytest.mark.parametrize(
    ("hop", "shown"),
    [
        ("198.51.100.1:4711", "198.51.100.1"),
        ("[2001:db8:2:3::9]:4711", "2001:db8:2:3::/64"),
        ('"198.51.100.1"', "198.51.100.1"),
        ("2001:db8:2:3::9", "2001:db8:2:3::/64"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
    ],
)
def test_g20_hops_may_carry_ports_and_brackets(hop: str, shown: str) -> None:
    assert address("10.1.1.1", hop) == shown


def test_g20_ipv6_is_counted_per_64() -> None:
    assert address("2001:db8:9:9:1::1", trusted=()) == address("2001:db8:9:9:ffff::2", trusted=())
    assert address("2001:db8:9:9:1::1", trusted=()) != address("2001:db8:9:a:1::1", trusted=())


def test_g20_an_ipv4_peer_on_a_dual_stack_socket_is_its_ipv4_address() -> None:
    assert address("::ffff:10.1.1.1", "198.51.100.1") == "198.51.100.1"


def test_g20_a_peer_without_an_address_is_believed_only_when_unix_sockets_are_trusted() -> None:
    assert address(None, "198.51.100.1", trusted=("unix",)) == "198.51.100.1"
    assert address(None, "198.51.100.1", trusted=()) == "unknown"
