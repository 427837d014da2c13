"""Child processes that cannot be orphaned: started with a death signal, written down, recognised and ended later."""

import contextlib
import ctypes
import json
import os
import platform
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from backend.embedded.accounts import Account
from backend.embedded.files import write_private

ON_LINUX = platform.system() == "Linux"
Process = subprocess.Popen[bytes]
_PR_SET_PDEATHSIG = 1
_PAUSE_S = 0.01


def die_with_parent(death_signal: int, parent: int | None = None) -> Callable[[], None] | None:
    """Return what a child calls so that the kernel sends it *death_signal* when its parent dies; None off Linux.

    Args:     parent: number of that parent, by default this process, which is about to fork. It must fork in its main
              thread: the kernel watches the thread.
    """
    if not ON_LINUX:
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    expected = parent or os.getpid()

    def in_child() -> None:
        prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != expected:  # we died before the line above took effect
            os.kill(os.getpid(), death_signal)

    return in_child


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str],
    death_signal: int,
    account: Account | None = None,
    folder: Path | None = None,
) -> Process:
    """Start *command* in a session of its own, its output appended to *log*.

    Args:     death_signal: what it gets when we are killed. account: whom it runs as. folder: its working directory.
    """
    log.parent.mkdir(mode=0o700, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=dict(environment),
            start_new_session=True,
            preexec_fn=die_with_parent(death_signal),
            **(account.popen_arguments() if account else {}),
        )


def birth_mark(pid: int) -> str | None:
    """Return a text that tells this process from any later one with the same number; None when it does not live."""
    if ON_LINUX:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        except OSError:
            return None
        return None if fields[0] in "ZX" else f"{boot} {fields[19]}"
    done = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started = done.stdout.strip().partition(" ")
    return None if done.returncode or state.startswith("Z") else started.strip()


def write_down(record: Path, pid: int) -> None:
    """Note a running child in *record*, so that the next start can end it if we cannot; nobody reads half of it."""
    record.parent.mkdir(mode=0o700, exist_ok=True)
    write_private(record, json.dumps({"pid": pid, "birth": birth_mark(pid)}).encode())


def end_leftover(record: Path, stop_signal: int, grace_s: float) -> int | None:
    """End the process of a killed run noted in *record*, if it is really that one; return its number if so."""
    try:
        noted = json.loads(record.read_text())
        pid, birth = int(noted["pid"]), noted["birth"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    record.unlink(missing_ok=True)
    if birth is None or birth_mark(pid) != birth:
        return None
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, stop_signal)
    if not wait_until(lambda: birth_mark(pid) != birth, grace_s):
        signal_group(pid, signal.SIGKILL)
        wait_until(lambda: birth_mark(pid) != birth, 5)
    return pid


def stop(process: Process, stop_signal: int, grace_s: float) -> int:
    """End a child: *stop_signal*, after *grace_s* seconds SIGKILL to its whole group; return its exit code."""
    if process.poll() is None:
        process.send_signal(stop_signal)
        try:
            process.wait(grace_s)
        except subprocess.TimeoutExpired:
            signal_group(process.pid, signal.SIGKILL)
    return process.wait()


def signal_group(leader: int, number: int) -> None:
    """Send a signal to everything in the group that *leader* leads; nothing happens when it is empty."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def wait_until(condition: Callable[[], bool], timeout_s: float) -> bool:
    """Wait until *condition* holds; return whether it did within *timeout_s* seconds."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_S)
    return True


def tail(log: Path, most_bytes: int = 4000) -> str:
    """Return the end of a log file, "" when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - most_bytes))
            return file.read().decode(errors="replace")
    except OSError:
        return ""
