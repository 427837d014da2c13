"""The embedded PostgreSQL, as root and as an ordinary user."""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest

from backend.embedded import binaries
from backend.embedded import postgres as postgres_module
from backend.embedded.accounts import Account, server_account
from backend.embedded.binaries import PostgresPrograms, find_postgres, find_valkey, runnable_as
from backend.embedded.errors import StartError
from backend.embedded.postgres import PostgresServer, start_postgres
from backend.embedded.processes import birth_mark, wait_until
from backend.embedded.valkey import start_valkey

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="is about what root must not do")


def query(url: str, statement: str) -> Any:
    """Return the single value that a statement yields."""

    async def ask() -> Any:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(ask())


def nobody() -> Account:
    entry = pwd.getpwnam("nobody")
    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)


def test_it_starts_from_nothing_and_answers(data_dir: Path) -> None:
    running = start_postgres(data_dir, durable=False)
    try:
        assert query(running.url, "SELECT lower('ÄÖÜ ŁÓDŹ')") == "äöü łódź"
        assert query(running.url, "SHOW timezone") == "UTC"
        assert query(running.url, "SHOW listen_addresses") == ""
    finally:
        running.stop()
    assert running.process.returncode == 0


def test_it_syncs_to_disk_unless_told_otherwise(data_dir: Path) -> None:
    running = start_postgres(data_dir)
    try:
        assert query(running.url, "SHOW fsync") == "on"
        assert query(running.url, "SHOW synchronous_commit") == "on"
    finally:
        running.stop()


def test_a_restart_keeps_the_data(data_dir: Path) -> None:
    running = start_postgres(data_dir, durable=False)
    query(running.url, "CREATE TABLE kept AS SELECT 42 AS answer")
    running.stop()
    again = start_postgres(data_dir, durable=False)
    try:
        assert query(again.url, "SELECT answer FROM kept") == 42
    finally:
        again.stop()


def test_data_of_another_version_is_refused_in_one_line(data_dir: Path) -> None:
    start_postgres(data_dir, durable=False).stop()
    (data_dir / "postgres" / "PG_VERSION").write_text("14\n")
    with pytest.raises(StartError, match=r"was made by PostgreSQL 14 and the program here is \d+") as refused:
        start_postgres(data_dir, durable=False)
    assert "\n" not in str(refused.value)


def test_a_folder_without_a_cluster_is_refused(data_dir: Path) -> None:
    (data_dir / "postgres").mkdir(parents=True)
    if os.geteuid() == 0:
        os.chown(data_dir / "postgres", nobody().uid, nobody().gid)
    with pytest.raises(StartError, match=r"holds no PostgreSQL data"):
        start_postgres(data_dir, durable=False)


def test_a_second_start_on_the_same_data_is_refused(data_dir: Path) -> None:
    running = start_postgres(data_dir, durable=False)
    try:
        with pytest.raises(StartError, match=f"is in use by another storeloom .process {os.getpid()}"):
            start_postgres(data_dir, durable=False)
        assert query(running.url, "SELECT 1") == 1
    finally:
        running.stop()


def test_a_long_data_directory_name_is_no_problem(tmp_path: Path) -> None:
    running = start_postgres(tmp_path / ("long" * 40), durable=False)
    try:
        assert query(running.url, "SELECT 1") == 1
    finally:
        running.stop()


def test_sockets_are_removed_at_the_end_and_private_before(data_dir: Path) -> None:
    running = start_postgres(data_dir, durable=False)
    sockets = Path(running.url.partition("host=")[2])
    assert sockets.stat().st_mode & 0o777 == 0o700
    running.stop()
    assert not sockets.exists()


def test_a_killed_server_starts_again_with_its_data(data_dir: Path) -> None:
    running = start_postgres(data_dir)
    query(running.url, "CREATE TABLE kept AS SELECT 42 AS answer")
    running.process.send_signal(signal.SIGKILL)
    running.stop()
    assert (data_dir / "postgres" / "postmaster.pid").exists()
    again = start_postgres(data_dir)
    try:
        assert query(again.url, "SELECT answer FROM kept") == 42
    finally:
        again.stop()


def test_a_pid_file_that_now_names_another_program_does_not_prevent_the_start(data_dir: Path) -> None:
    start_postgres(data_dir, durable=False).stop()
    account = server_account(data_dir / "postgres")
    other = subprocess.Popen(["sleep", "60"], cwd="/", **account.popen_arguments())
    try:
        stale = data_dir / "postgres" / "postmaster.pid"
        stale.write_text(f"{other.pid}\n/somewhere\n1\n5432\n/nowhere\n\n0 0\nready\n")
        account.own(stale)
        start_postgres(data_dir, durable=False).stop()
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_server_that_somebody_else_runs_on_the_data_is_left_alone(data_dir: Path) -> None:
    running = start_postgres(data_dir, durable=False)
    try:
        running.server.record.unlink()
        assert running.server._lock is not None
        running.server._lock.release()
        with pytest.raises(StartError, match=f"another PostgreSQL .process {running.process.pid}. runs"):
            start_postgres(data_dir, durable=False)
        assert running.process.poll() is None
    finally:
        running.stop()


def test_a_first_start_that_was_killed_half_way_begins_anew(data_dir: Path) -> None:
    (data_dir / "postgres.unfinished" / "base").mkdir(parents=True)
    running = start_postgres(data_dir, durable=False)
    running.stop()
    assert not (data_dir / "postgres.unfinished").exists()


def test_a_full_disk_is_named_before_anything_is_made(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_module.shutil, "disk_usage", lambda _: SimpleNamespace(free=5_000_000))
    with pytest.raises(StartError, match=r"the disk is full: a new database needs 200 MB .* 5 MB are free"):
        start_postgres(data_dir, durable=False)
    assert not (data_dir / "postgres").exists()


def test_without_programs_the_two_addresses_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(binaries, "_WHEELS", ())
    monkeypatch.setattr(binaries, "_DEBIAN", tmp_path)
    with pytest.raises(StartError, match=r"no PostgreSQL for this platform .* DATABASE_URL .* REDIS_URL"):
        find_postgres({"PATH": str(tmp_path)})


def test_the_setting_for_the_programs_comes_first(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"STORELOOM_POSTGRES_BIN: no usable"):
        find_postgres({"STORELOOM_POSTGRES_BIN": str(tmp_path)})
    folder = find_postgres({}).folder
    assert find_postgres({"STORELOOM_POSTGRES_BIN": str(folder / "postgres")}).folder == folder


def test_a_program_of_the_machine_is_found_when_there_is_no_wheel(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = find_postgres({}).folder
    monkeypatch.setattr(binaries, "_WHEELS", ())
    monkeypatch.setattr(binaries, "_DEBIAN", tmp_path / "none")
    for name in ("postgres", "initdb"):
        (tmp_path / name).symlink_to(folder / name)
    assert find_postgres({"PATH": str(tmp_path)}).folder == folder


def modes_above(*paths: Path) -> dict[Path, tuple[int, int, int]]:
    """Return mode and owner of every folder above these paths."""
    folders = {folder for path in paths for folder in path.resolve().parents}
    return {folder: (found.st_mode, found.st_uid, found.st_gid) for folder in folders for found in [folder.stat()]}


@as_root
def test_root_in_a_private_home_changes_no_permission_outside_its_data(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    data_dir = home / "shop" / "data"
    data_dir.parent.mkdir(mode=0o700)
    before = modes_above(data_dir, find_postgres({}).folder)
    running = start_postgres(data_dir, durable=False)
    try:
        assert query(running.url, "SELECT count(*) FROM pg_ls_dir('.')") > 10
        assert Path(f"/proc/{running.process.pid}").stat().st_uid != 0
        assert modes_above(data_dir, find_postgres({}).folder) == before
    finally:
        running.stop()
    assert modes_above(data_dir, find_postgres({}).folder) == before
    assert before[home][0] & 0o777 == 0o700


@as_root
def test_only_the_user_who_started_it_may_connect(data_dir: Path) -> None:
    running = start_postgres(data_dir, durable=False)
    try:
        programs = runnable_as(find_postgres({}), nobody())
        sockets = running.url.partition("host=")[2]
        command = [programs.folder / "psql", "-h", sockets, "-U", "storeloom", "-c", "SELECT 1", "storeloom"]
        done = subprocess.run(
            command, capture_output=True, text=True, cwd="/", check=False, **nobody().popen_arguments()
        )
        assert "Peer authentication failed" in done.stderr
    finally:
        running.stop()


@as_root
def test_programs_in_a_private_folder_are_copied_once_to_where_the_server_may_run_them(
    tmp_path: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = find_postgres({})
    assert found.wheel is not None
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    for folder in (found.wheel, found.wheel.with_name(f"{found.wheel.name}.libs")):
        shutil.copytree(folder, private / folder.name)
    hidden = PostgresPrograms(
        private / found.wheel.name / "pginstall" / "bin", found.version, private / found.wheel.name
    )
    monkeypatch.setattr(binaries, "_CACHES", (open_folder / "cache",))
    first = runnable_as(hidden, nobody())
    made_at = first.folder.stat().st_ctime_ns
    assert runnable_as(hidden, nobody()).folder == first.folder
    assert first.folder.stat().st_ctime_ns == made_at
    assert private.stat().st_mode & 0o777 == 0o700


@as_root
def test_a_cache_folder_that_others_may_write_to_is_not_trusted(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = open_folder / "cache"
    cache.mkdir()
    cache.chmod(0o777)
    assert not binaries._is_own_folder(cache)


def in_child(work: Callable[[], None], account: Account) -> None:
    """Run *work* in a forked child that has become *account*; fail with its error."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)
            work()
            os._exit(0)
        except BaseException as error:
            os.write(writer, f"{type(error).__name__}: {error}".encode()[:4000])
            os._exit(1)
    os.close(writer)
    said = os.read(reader, 4000).decode()
    os.close(reader)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, said


@as_root
def test_an_ordinary_user_starts_both_servers_from_nothing(open_folder: Path) -> None:
    home = open_folder / "home"
    home.mkdir(mode=0o700)
    nobody().own(home)
    valkey = shutil.copy2(find_valkey({})[0], open_folder / "valkey-server")
    environ = {
        "STORELOOM_POSTGRES_BIN": str(runnable_as(find_postgres({}), nobody()).folder),
        "STORELOOM_VALKEY_BIN": str(valkey),
    }

    def work() -> None:
        os.chdir("/")
        running = start_postgres(home / "data", durable=False, environ=environ)
        assert query(running.url, "SELECT current_user") == "storeloom"
        queue = start_valkey(home / "data", environ=environ)
        queue.stop()
        running.stop()

    in_child(work, nobody())
    assert (home / "data" / "postgres").stat().st_uid == nobody().uid


@as_root
def test_data_of_another_user_is_refused(open_folder: Path) -> None:
    (open_folder / "postgres").mkdir()

    def work() -> None:
        with pytest.raises(StartError, match=r"belongs to another user .uid 0.: start as that user"):
            server_account(open_folder / "postgres")

    in_child(work, nobody())


def test_a_leftover_of_a_killed_run_is_ended_and_the_data_served_again(data_dir: Path) -> None:
    running = start_postgres(data_dir, durable=False)
    try:
        assert running.server._lock is not None
        running.server._lock.release()  # what the system does when the owner is killed
        again = start_postgres(data_dir, durable=False)
        try:
            assert wait_until(lambda: birth_mark(running.process.pid) is None, 5)
            assert query(again.url, "SELECT 1") == 1
        finally:
            again.stop()
    finally:
        running.process.wait()


def test_the_server_object_can_be_closed_before_it_was_prepared(data_dir: Path) -> None:
    PostgresServer(data_dir).close()
    assert not data_dir.exists()
