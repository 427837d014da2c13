"""The web process as `storeloom serve` runs it: granian, real sockets, the real application."""

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backend.embedded.ports import answers, any_free_port, is_free
from backend.embedded.processes import wait_until

PROGRAM = "import sys; from backend.embedded.web_server import run_web; run_web('127.0.0.1', int(sys.argv[1]), 2)"
Gone = Callable[[list[int]], bool]


@pytest.fixture
def web(fresh_database_url: str, redis_url: str, data_dir: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A web process with two workers that answers."""
    port = any_free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": fresh_database_url,
        "REDIS_URL": redis_url,
        "STORELOOM_SECRET_KEYS": "a key for this test alone",
        "STORELOOM_DATA_DIR": str(data_dir),
    }
    process = subprocess.Popen([sys.executable, "-P", "-c", PROGRAM, str(port)], env=environment)
    try:
        assert wait_until(lambda: answers(port, "/health/ready", status=200) or process.poll() is not None, 60)
        yield process, port
    finally:
        process.kill()
        process.wait()


def workers_of(process: subprocess.Popen[bytes]) -> list[int]:
    """Return the numbers of the worker processes."""
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True, check=False
    )
    return [int(pid) for pid in found.stdout.split()]


def test_it_stops_cleanly_when_told(web: tuple[subprocess.Popen[bytes], int], gone: Gone) -> None:
    process, port = web
    workers = workers_of(process)
    assert len(workers) >= 2
    process.send_signal(signal.SIGTERM)
    assert process.wait(9) == 0, "a worker was deaf and had to be killed"
    assert gone(workers)
    assert is_free(port)


def test_its_workers_do_not_outlive_it(web: tuple[subprocess.Popen[bytes], int], gone: Gone) -> None:
    process, port = web
    workers = workers_of(process)
    process.kill()
    assert gone(workers)
    assert wait_until(lambda: is_free(port), 5)


def test_a_killed_worker_is_replaced(web: tuple[subprocess.Popen[bytes], int]) -> None:
    process, port = web
    before = workers_of(process)
    os.kill(before[-1], signal.SIGKILL)
    assert wait_until(lambda: before[-1] not in workers_of(process) and len(workers_of(process)) == len(before), 20)
    assert wait_until(lambda: answers(port, "/health/ready", status=200), 20)


def test_an_unknown_path_is_a_plain_404(web: tuple[subprocess.Popen[bytes], int]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", web[1], timeout=10)
    connection.request("GET", "/no-such-page")
    assert connection.getresponse().status == 404
    connection.close()
