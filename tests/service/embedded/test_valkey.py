"""The embedded Valkey."""

import signal
from pathlib import Path

import pytest
import redis

from backend.embedded import binaries
from backend.embedded.binaries import find_valkey
from backend.embedded.errors import StartError
from backend.embedded.processes import wait_until
from backend.embedded.valkey import start_valkey


def test_it_starts_from_nothing_and_never_drops_what_it_was_given(data_dir: Path) -> None:
    running = start_valkey(data_dir)
    try:
        with redis.Redis.from_url(running.url) as connection:
            assert connection.ping()
            assert connection.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
            assert connection.config_get("appendfsync")["appendfsync"] == "everysec"
            assert connection.config_get("port")["port"] == "0"
    finally:
        running.stop()
    assert running.process.returncode == 0


def test_a_restart_keeps_the_data(data_dir: Path) -> None:
    running = start_valkey(data_dir)
    with redis.Redis.from_url(running.url) as connection:
        connection.set("kept", "42")
    running.stop()
    again = start_valkey(data_dir)
    try:
        with redis.Redis.from_url(again.url) as connection:
            assert connection.get("kept") == b"42"
    finally:
        again.stop()


def test_a_killed_server_starts_again_with_what_it_had_written(data_dir: Path) -> None:
    running = start_valkey(data_dir)
    with redis.Redis.from_url(running.url) as connection:
        connection.set("kept", "42")
        wait_until(lambda: connection.info("persistence")["aof_buffer_length"] == 0, 5)
    running.process.send_signal(signal.SIGKILL)
    running.process.wait()
    running.stop()
    again = start_valkey(data_dir)
    try:
        with redis.Redis.from_url(again.url) as connection:
            assert connection.get("kept") == b"42"
    finally:
        again.stop()


def test_a_second_start_on_the_same_data_is_refused(data_dir: Path) -> None:
    running = start_valkey(data_dir)
    try:
        with pytest.raises(StartError, match=r"is in use by another storeloom"):
            start_valkey(data_dir)
    finally:
        running.stop()


def test_a_file_that_cannot_be_read_is_said_in_one_line(data_dir: Path) -> None:
    running = start_valkey(data_dir)
    with redis.Redis.from_url(running.url) as connection:
        connection.set("a", "1")
    running.stop()
    for part in (data_dir / "valkey" / "appendonlydir").glob("*.incr.aof"):
        part.write_bytes(b"*3\r\n$3\r\nSET\r\nnonsense that is no length\r\n" * 3)
    with pytest.raises(StartError, match=r"Valkey did not start: .*Bad file format") as refused:
        start_valkey(data_dir)
    assert "\n" not in str(refused.value)


def test_without_a_program_the_two_addresses_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(binaries, "_package_folder", lambda _: None)
    with pytest.raises(StartError, match=r"no Valkey for this platform .* DATABASE_URL .* REDIS_URL"):
        find_valkey({"PATH": str(tmp_path)})
