"""`storeloom up`: real servers and a real supervisor, stand-ins for our own commands."""

import json
import os
import signal
import socket
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backend.embedded.errors import StartError
from backend.embedded.instance import load_instance
from backend.embedded.processes import birth_mark, wait_until
from backend.embedded.secret_keys import ensure_keys, read_keys

Gone = Callable[[list[int]], bool]
StartUp = Callable[..., Any]


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def seen_by(data_dir: Path, name: str) -> dict[str, str]:
    """Return the variables that a stand-in saw at its last start."""
    found: dict[str, str] = json.loads((data_dir / "logs" / f"{name}.log").read_text().splitlines()[-1])
    return found


def test_it_goes_from_nothing_to_ready_and_stops_cleanly(start_up: StartUp, data_dir: Path, gone: Gone) -> None:
    run = start_up("0", "--demo")
    url = run.until_ready()
    with urllib.request.urlopen(f"{url}/health/ready") as answer:
        assert answer.status == 200
    assert json.loads((data_dir / "demo.json").read_text())["base_url"] == url
    assert mode(data_dir / "demo.json") == mode(data_dir / "instance.json") == mode(data_dir / "secret.key") == 0o600
    children = run.pids()
    assert len(children) == 6
    assert run.end(signal.SIGTERM) == 0
    assert gone(children)
    assert run.lines["stdout"] == [f"READY {url}"]
    assert "stopped" in run.lines["stderr"][-1]
    assert not (data_dir / "instance.json").exists()
    assert list((data_dir / "run").glob("*.pid")) == []


def test_a_second_start_on_the_same_data_is_quick_and_keeps_key_and_store_addresses(
    start_up: StartUp, data_dir: Path
) -> None:
    first = start_up("0", "--demo")
    first.until_ready()
    kept = load_instance(data_dir)
    first.end(signal.SIGINT)
    started = time.monotonic()
    second = start_up("0", "--demo")
    second.until_ready()
    assert time.monotonic() - started < 10  # under 3 s on an idle machine
    again = load_instance(data_dir)
    assert again.sandbox_url == kept.sandbox_url
    assert again.environment()["STORELOOM_SECRET_KEYS"] == ",".join(read_keys(data_dir / "secret.key"))


def test_a_killed_supervisor_leaves_no_orphan_and_the_next_start_works(
    start_up: StartUp, data_dir: Path, gone: Gone
) -> None:
    run = start_up("0", "--demo")
    run.until_ready()
    children = run.pids()
    run.end(signal.SIGKILL)
    assert gone(children)
    with pytest.raises(StartError, match="no storeloom runs on"):
        load_instance(data_dir)
    start_up("0", "--demo").until_ready()
    assert load_instance(data_dir).pid != run.process.pid


def test_a_leftover_that_hears_no_signal_is_ended_by_the_next_start(
    start_up: StartUp, gone: Gone, no_servers: dict[str, str]
) -> None:
    run = start_up("0", STAND_IN_IS_STUBBORN="worker", **no_servers)
    run.until_ready()
    children = run.pids()
    run.end(signal.SIGKILL)
    assert any(birth_mark(pid) for pid in children)
    start_up("0", STAND_IN_GRACE_S="0.2", **no_servers).until_ready()
    assert gone(children)


def test_a_killed_database_is_back_at_the_same_address(start_up: StartUp, data_dir: Path) -> None:
    run = start_up("0")
    run.until_ready()
    before = run.pid("postgres")
    sockets = Path(load_instance(data_dir).database_url.partition("host=")[2])
    os.kill(before, signal.SIGKILL)
    run.until_said("postgres ended (signal 9), starting it again in 0.05 s")
    assert wait_until(lambda: run.pid("postgres") != before, 10)

    def connects() -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            return connection.connect_ex(str(sockets / ".s.PGSQL.5432")) == 0

    assert wait_until(connects, 10)


def test_a_killed_child_is_started_again(start_up: StartUp, no_servers: dict[str, str]) -> None:
    run = start_up("0", **no_servers)
    url = run.until_ready()
    before = run.pid("web")
    os.kill(before, signal.SIGKILL)
    run.until_said("web ended (signal 9)")
    assert wait_until(lambda: run.pid("web") != before, 10)

    def answers() -> bool:
        try:
            with urllib.request.urlopen(url) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    assert wait_until(answers, 10)


def test_a_child_that_keeps_dying_ends_the_attempt_with_its_own_words(
    start_up: StartUp, no_servers: dict[str, str]
) -> None:
    run = start_up("0", STAND_IN_DIES="serve", **no_servers)
    assert run.process.wait(60) == 1
    run.end()
    assert run.lines["stdout"] == []
    assert run.lines["stderr"][-1] == "storeloom: web ended 5 times in a row: the serve stand-in cannot go on"
    pauses = [line.split(" again in ")[1].split(" s;")[0] for line in run.lines["stderr"] if " again in " in line]
    assert pauses == ["0.05", "0.1", "0.2", "0.4"]


def test_a_taken_port_is_said_in_one_line(start_up: StartUp, no_servers: dict[str, str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        run = start_up(str(port), **no_servers)
        assert run.process.wait(30) == 1
    run.end()
    assert run.lines["stderr"][-1] == (
        f"storeloom: port {port} is taken by another program: choose one with --port, or --port 0 for any"
    )


def test_a_second_up_on_the_same_data_is_refused_in_one_line(
    start_up: StartUp, data_dir: Path, no_servers: dict[str, str]
) -> None:
    first = start_up("0", **no_servers)
    url = first.until_ready()
    second = start_up("0", **no_servers)
    assert second.process.wait(30) == 1
    second.end()
    assert second.lines["stderr"] == [
        f"storeloom: the data directory {data_dir} is in use by another storeloom (process {first.process.pid})"
    ]
    assert load_instance(data_dir).base_url == url


def test_a_data_directory_that_cannot_be_one_is_said_in_one_line(
    start_up: StartUp, data_dir: Path, no_servers: dict[str, str]
) -> None:
    data_dir.write_text("a file")
    run = start_up("0", **no_servers)
    assert run.process.wait(30) == 1
    run.end()
    assert run.lines["stderr"] == [f"storeloom: cannot write to the data directory: File exists ({data_dir})"]


def test_data_of_another_version_is_said_in_one_line(start_up: StartUp, data_dir: Path) -> None:
    run = start_up("0")
    run.until_ready()
    run.end()
    (data_dir / "postgres" / "PG_VERSION").write_text("14\n")
    again = start_up("0")
    assert again.process.wait(30) == 1
    again.end()
    assert "was made by PostgreSQL 14" in again.lines["stderr"][-1]


def test_servers_that_are_named_are_used_and_none_is_started(
    start_up: StartUp, data_dir: Path, no_servers: dict[str, str]
) -> None:
    start_up("0", **no_servers).until_ready()
    assert not (data_dir / "postgres").exists()
    assert not (data_dir / "valkey").exists()
    assert {name: seen_by(data_dir, "worker-long")[name] for name in no_servers} == no_servers


def test_the_demo_allows_only_the_port_of_its_own_stores(
    start_up: StartUp, data_dir: Path, no_servers: dict[str, str]
) -> None:
    start_up("0", "--demo", STORELOOM_ALLOWED_PRIVATE_HOSTS="shop.local", **no_servers).until_ready()
    port = load_instance(data_dir).sandbox_url.rpartition(":")[2]
    assert seen_by(data_dir, "web")["STORELOOM_ALLOWED_PRIVATE_HOSTS"] == f"shop.local,127.0.0.1:{port}"


def test_simulated_shops_know_an_app_of_their_own_that_outlives_a_start(
    start_up: StartUp, data_dir: Path, no_servers: dict[str, str]
) -> None:
    first = start_up("0", "--demo", **no_servers)
    first.until_ready()
    instance = load_instance(data_dir)
    seen = [seen_by(data_dir, name) for name in ("web", "worker-fast", "worker-long", "sandbox")]
    apps = {(one["SHOPIFY_CLIENT_ID"], one["SHOPIFY_CLIENT_SECRET"]) for one in seen}
    assert {one["SHOPIFY_SHOP_URL"] for one in seen} == {instance.sandbox_url + "/{name}"}
    assert len(apps) == 1
    assert all(len(part) >= 32 for app in apps for part in app)
    assert instance.simulated_platforms == ("woocommerce", "shopify")
    assert mode(data_dir / "shopify-app.json") == 0o600
    first.end()
    assert not any(part in line for app in apps for part in app for line in first.lines["stderr"])
    start_up("0", "--demo", **no_servers).until_ready()
    again = seen_by(data_dir, "web")
    assert (again["SHOPIFY_CLIENT_ID"], again["SHOPIFY_CLIENT_SECRET"]) in apps


def test_an_app_of_the_operators_own_stays_and_simulates_no_shop(
    start_up: StartUp, data_dir: Path, no_servers: dict[str, str]
) -> None:
    own = {"SHOPIFY_CLIENT_ID": "operators-id", "SHOPIFY_CLIENT_SECRET": "operators-secret"}
    run = start_up("0", "--demo", **own, **no_servers)
    run.until_ready()
    seen = seen_by(data_dir, "web")
    assert {name: seen[name] for name in own} == own
    assert not seen["SHOPIFY_SHOP_URL"]
    assert load_instance(data_dir).simulated_platforms == ("woocommerce",)
    assert not (data_dir / "shopify-app.json").exists()
    assert any("simulated stores at" in line and line.count("shopify") == 0 for line in run.lines["stderr"])


def test_without_simulated_stores_there_is_no_app(
    start_up: StartUp, data_dir: Path, no_servers: dict[str, str]
) -> None:
    start_up("0", **no_servers).until_ready()
    assert not seen_by(data_dir, "web")["SHOPIFY_CLIENT_ID"]


def test_without_demo_no_simulated_store_is_hosted_unless_there_are_some(
    start_up: StartUp, data_dir: Path, no_servers: dict[str, str]
) -> None:
    first = start_up("0", **no_servers)
    first.until_ready()
    assert load_instance(data_dir).sandbox_url == ""
    first.end()
    (data_dir / "sandbox").mkdir()
    (data_dir / "sandbox" / "a-store").touch()
    start_up("0", **no_servers).until_ready()
    assert load_instance(data_dir).sandbox_url.startswith("http://127.0.0.1:")


def test_a_taken_port_of_existing_simulated_stores_is_said_in_one_line(
    start_up: StartUp, data_dir: Path, no_servers: dict[str, str]
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        (data_dir / "sandbox" / "a-store").mkdir(parents=True)
        port = other.getsockname()[1]
        (data_dir / "sandbox.json").write_text(json.dumps({"port": port, "token": "t"}))
        run = start_up("0", **no_servers)
        assert run.process.wait(30) == 1
    run.end()
    assert f"port {port}, where the simulated stores live, is taken" in run.lines["stderr"][-1]


def test_a_demo_that_fails_is_said_in_one_line(start_up: StartUp, no_servers: dict[str, str]) -> None:
    run = start_up("0", "--demo", STAND_IN_DIES="demo", **no_servers)
    assert run.process.wait(30) == 1
    run.end()
    assert run.lines["stderr"][-1].startswith("storeloom: the demo cannot be set up: the store said no; see ")


def test_a_second_ctrl_c_kills_what_does_not_stop(start_up: StartUp, gone: Gone, no_servers: dict[str, str]) -> None:
    run = start_up("0", STAND_IN_IS_STUBBORN="worker", **no_servers)
    run.until_ready()
    children = run.pids()
    run.process.send_signal(signal.SIGINT)
    run.until_said("stopping")
    asked_again_at = time.monotonic()
    assert run.end(signal.SIGINT) == 0
    assert time.monotonic() - asked_again_at < 10  # the grace of a stubborn child would be 15 s
    assert gone(children)


def test_an_unknown_variable_is_a_warning(start_up: StartUp, no_servers: dict[str, str]) -> None:
    run = start_up("0", STORELOOM_SECRET_KEY="x", **no_servers)
    run.until_ready()
    assert "storeloom: warning: no setting is called STORELOOM_SECRET_KEY" in run.said()


def test_secret_keys_of_the_operator_are_used_instead_of_a_file(
    start_up: StartUp, data_dir: Path, no_servers: dict[str, str]
) -> None:
    start_up("0", STORELOOM_SECRET_KEYS="operator-key-of-length", **no_servers).until_ready()
    assert not (data_dir / "secret.key").exists()
    assert seen_by(data_dir, "web")["STORELOOM_SECRET_KEYS"] == "operator-key-of-length"


def test_an_emptied_key_file_is_refused_instead_of_replaced(data_dir: Path) -> None:
    data_dir.mkdir()
    ensure_keys(data_dir).write_text("\n")
    with pytest.raises(StartError, match="put the keys back"):
        ensure_keys(data_dir)
