"""Decisions of the supervisor and its small parts."""

import errno
import os
import subprocess
from pathlib import Path

import pytest

from backend.embedded.errors import explain, from_os_error
from backend.embedded.files import write_private
from backend.embedded.logs import rotate
from backend.embedded.processes import birth_mark, end_leftover, write_down
from backend.embedded.supervisor import pause_s


def test_the_pause_doubles_up_to_half_a_minute() -> None:
    assert [pause_s(deaths) for deaths in (1, 2, 3, 7, 50)] == [0.5, 1, 2, 30, 30]


def test_a_full_disk_in_a_log_is_said_plainly() -> None:
    log = 'LOG:  starting\nPANIC:  could not write to file "pg_wal/xlogtemp.7": No space left on device\nLOG:  ended'
    assert explain(log, "else") == "the disk is full: free some space and start again"


def test_the_last_telling_line_of_a_log_is_the_reason() -> None:
    log = "LOG:  one\nFATAL:  first\nLOG:  two\nFATAL:  lock file is empty\nLOG:  shut down"
    assert explain(log, "else") == "FATAL:  lock file is empty"
    assert explain("LOG: fine", "see the log") == "see the log"


def test_a_full_disk_in_our_own_writes_is_said_plainly() -> None:
    said = str(from_os_error(OSError(errno.ENOSPC, "No space left on device", "/data/demo.json")))
    assert said == "the disk is full: free some space and start again (/data/demo.json)"


def test_a_private_file_is_private_from_the_start_and_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    write_private(path, b"one")
    write_private(path, b"two")
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_log_is_moved_aside_when_it_has_grown_and_its_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    with log.open("ab", buffering=0) as writer:
        for number in range(5):
            writer.write(f"part {number} ".encode() * 20)
            assert rotate(log, largest_bytes=100)
        writer.write(b"now")
    assert log.read_bytes() == b"now"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["web.log", "web.log.1", "web.log.2", "web.log.3"]
    assert (tmp_path / "web.log.1").read_bytes().startswith(b"part 4")


def test_a_small_or_absent_log_stays_as_it_is(tmp_path: Path) -> None:
    assert not rotate(tmp_path / "none.log")
    (tmp_path / "web.log").write_text("short")
    assert not rotate(tmp_path / "web.log")


@pytest.fixture
def sleeper() -> "subprocess.Popen[bytes]":
    """A process that does nothing."""
    return subprocess.Popen(["sleep", "60"], start_new_session=True)


def test_a_noted_process_is_ended(sleeper: "subprocess.Popen[bytes]", tmp_path: Path) -> None:
    record = tmp_path / "web.pid"
    write_down(record, sleeper.pid)
    assert end_leftover(record, 15, 5) == sleeper.pid
    assert sleeper.wait(5) == -15
    assert not record.exists()


def test_a_number_that_now_belongs_to_another_process_is_left_alone(
    sleeper: "subprocess.Popen[bytes]", tmp_path: Path
) -> None:
    record = tmp_path / "web.pid"
    record.write_text(f'{{"pid": {sleeper.pid}, "birth": "another boot 1"}}')
    assert end_leftover(record, 15, 5) is None
    assert sleeper.poll() is None
    sleeper.kill()
    sleeper.wait()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1}', '{"pid": 0, "birth": null}'])
def test_an_unreadable_note_ends_nothing(tmp_path: Path, content: str) -> None:
    record = tmp_path / "web.pid"
    record.write_text(content)
    assert end_leftover(record, 15, 5) is None


def test_a_process_has_one_mark_for_life_and_none_after(sleeper: "subprocess.Popen[bytes]") -> None:
    mark = birth_mark(sleeper.pid)
    assert mark is not None
    assert mark == birth_mark(sleeper.pid)
    assert mark != birth_mark(os.getpid()) or os.getpid() == sleeper.pid
    sleeper.kill()
    sleeper.wait()
    assert birth_mark(sleeper.pid) is None
