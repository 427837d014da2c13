"""`storeloom up`: from nothing to READY, then keep it so until told to stop."""

import functools
import os
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from backend.embedded.errors import StartError, from_os_error
from backend.embedded.files import write_private
from backend.embedded.instance import FILE, LOCK, Instance, save_instance
from backend.embedded.locks import FolderLock
from backend.embedded.ports import SandboxAddress, answers, has_sandbox_stores, sandbox_address, wanted_port
from backend.embedded.postgres import PostgresServer
from backend.embedded.processes import end_leftover
from backend.embedded.programs import Command, Program
from backend.embedded.screen import Screen
from backend.embedded.secret_keys import ensure_keys
from backend.embedded.shopify_app import simulated_app_variables
from backend.embedded.supervisor import GaveUp, StopAsked, StopSignals, Supervisor
from backend.embedded.valkey import ValkeyServer
from backend.settings import SettingsError, load_settings, unknown_variables

HOST = "127.0.0.1"
READY_TIMEOUT_S = 90.0
QUEUES = ("fast", "long")
_COMMANDS = ("web", *(f"worker-{queue}" for queue in QUEUES), "sandbox")


@dataclass(frozen=True, kw_only=True)
class UpOptions:
    """What `storeloom up` was asked for."""

    data_dir: Path
    port: int = 8000
    """TCP port of web on 127.0.0.1; 0 takes any free one."""
    migrate: Callable[[str], object]
    """Brings the database at the given address to the newest schema; runs outside any event loop."""
    demo: Callable[[Instance], dict[str, Any]] | None = None
    """With `--demo`: sets the demonstration up through the running instance, returns the content of demo.json.

    Runs in a thread of its own once web, workers and simulated stores answer; must be harmless to repeat."""
    command: tuple[str, ...] = (sys.executable, "-P", "-m", "backend.cli")
    """How our own commands are started; -P keeps the current folder out of the import path."""
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))


def up(options: UpOptions) -> int:
    """Start everything, print `READY <url>` on stdout, keep it running; return the exit code.

    0 after Ctrl-C or SIGTERM, 1 when something is wrong, which then is said in one line on stderr. Main thread only.
    """
    screen = Screen()
    signals = StopSignals()
    with signals:
        try:
            _Run(options, screen, signals).run()
        except StopAsked:
            return 0
        except GaveUp as gave_up:
            screen.say(_indented(gave_up.log))
            screen.say(f"storeloom: {gave_up}")
        except (StartError, SettingsError) as wrong:
            screen.say(f"storeloom: {wrong}")
        except OSError as failure:
            screen.say(f"storeloom: {from_os_error(failure)}")
    return 1


class _Run:
    """One run on one data directory."""

    def __init__(self, options: UpOptions, screen: Screen, signals: StopSignals) -> None:
        self._options = options
        self._screen = screen
        self._data_dir = options.data_dir.absolute()
        self._supervisor = Supervisor(screen, signals)
        self._opened: list[Program] = []

    def run(self) -> None:
        """Start, serve, stop; raises StopAsked at the end of a normal life."""
        lock = self._take_data_dir()
        try:
            self._start()
            self._supervisor.wait_for(lambda: False)
        finally:
            (self._data_dir / FILE).unlink(missing_ok=True)
            self._stop()
            lock.release()

    def _stop(self) -> None:
        shown = self._supervisor.has_children
        if shown:
            self._screen.say("stopping")
        self._supervisor.stop_all()
        for program in self._opened:
            program.close()
        if shown:
            self._screen.say("stopped")

    def _take_data_dir(self) -> FolderLock:
        load_settings(self._options.environ)
        for name in unknown_variables(self._options.environ):
            self._screen.say(f"storeloom: warning: no setting is called {name}")
        try:
            for folder in (self._data_dir, self._data_dir / "run", self._data_dir / "logs"):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = FolderLock(self._data_dir / LOCK, f"the data directory {self._data_dir}")
        except (PermissionError, NotADirectoryError, FileExistsError) as refused:
            raise StartError(f"cannot write to the data directory: {refused.strerror} ({refused.filename})") from None
        (self._data_dir / FILE).unlink(missing_ok=True)
        for name in _COMMANDS:
            end_leftover(self._data_dir / "run" / f"{name}.pid", Command.stop_signal, Command.stop_grace_s)
        return lock

    def _start(self) -> None:
        self._screen.say(f"storeloom, data in {self._data_dir}")
        port = wanted_port(self._options.port)
        sandbox = self._sandbox()
        instance = self._instance(port, sandbox, *self._start_servers())
        with self._screen.step("schema") as step:
            self._aside("the schema cannot be brought up to date", lambda: self._options.migrate(instance.database_url))
            step.text = "up to date"
        self._start_commands(instance, port, sandbox)
        save_instance(instance)
        if self._options.demo is not None:
            self._set_demo_up(self._options.demo, instance)
        self._screen.say(f"ready after {self._screen.elapsed_s():.1f} s; Ctrl-C stops it")
        print(f"READY {instance.base_url}", flush=True)

    def _sandbox(self) -> SandboxAddress | None:
        if self._options.demo is None and not has_sandbox_stores(self._data_dir):
            return None
        return sandbox_address(self._data_dir)

    def _start_servers(self) -> tuple[str, str]:
        """Start our own PostgreSQL and Valkey where no address is given; return both addresses."""
        database_url = self._options.environ.get("DATABASE_URL", "")
        redis_url = self._options.environ.get("REDIS_URL", "")
        if not database_url:
            postgres = PostgresServer(self._data_dir, environ=self._options.environ)
            self._start_server(postgres, f"PostgreSQL {{}} in {postgres.cluster.name}/")
            database_url = postgres.url
        if not redis_url:
            valkey = ValkeyServer(self._data_dir, environ=self._options.environ)
            self._start_server(valkey, f"Valkey {{}} in {valkey.folder.name}/")
            redis_url = valkey.url
        return database_url, redis_url

    def _start_server(self, server: PostgresServer | ValkeyServer, text: str) -> None:
        self._opened.append(server)
        with self._screen.step(server.name) as step:
            made = server.prepare()
            self._supervisor.wait_ready(self._supervisor.start(server), READY_TIMEOUT_S)
            step.text = text.format(server.version) + (", new" if made else "")

    def _instance(self, port: int, sandbox: SandboxAddress | None, database_url: str, redis_url: str) -> Instance:
        environ = self._options.environ
        base_url = f"http://{HOST}:{port}"
        own_keys = not environ.get("STORELOOM_SECRET_KEYS")
        variables = {"STORELOOM_BLOB_URL": environ.get("STORELOOM_BLOB_URL") or (self._data_dir / "blobs").as_uri()}
        if sandbox is not None:
            allowed = [environ.get("STORELOOM_ALLOWED_PRIVATE_HOSTS", ""), f"{HOST}:{sandbox.port}"]
            variables["STORELOOM_ALLOWED_PRIVATE_HOSTS"] = ",".join(part for part in allowed if part)
        variables |= simulated_app_variables(self._data_dir, sandbox, environ)
        return Instance(
            data_dir=str(self._data_dir),
            pid=os.getpid(),
            base_url=base_url,
            public_url=environ.get("STORELOOM_PUBLIC_URL") or base_url,
            database_url=database_url,
            redis_url=redis_url,
            secret_keys_file=str(ensure_keys(self._data_dir)) if own_keys else "",
            sandbox_url=sandbox.url if sandbox else "",
            sandbox_token=sandbox.token if sandbox else "",
            variables=variables,
        )

    def _start_commands(self, instance: Instance, port: int, sandbox: SandboxAddress | None) -> None:
        environment = {**self._options.environ, **instance.environment()}

        def command(name: str, *arguments: str, answers: Callable[[], bool] | None = None) -> Command:
            return Command(
                name,
                (*self._options.command, *arguments),
                data_dir=self._data_dir,
                environment=environment,
                answers=answers,
            )

        healthy = functools.partial(answers, port, "/health/ready", status=200)
        commands = [command("web", "serve", "--port", str(port), answers=healthy)]
        commands += [command(f"worker-{queue}", "worker", "--queue", queue) for queue in QUEUES]
        if sandbox is not None:
            hosted = functools.partial(answers, sandbox.port, "/")
            commands.append(command("sandbox", "sandbox", "serve", "--port", str(sandbox.port), answers=hosted))
        children = self._supervisor.start(*commands)
        with self._screen.step("web") as step:
            self._supervisor.wait_ready(children[:1], READY_TIMEOUT_S)
            step.text = instance.base_url
        with self._screen.step("workers") as step:
            self._supervisor.wait_ready(children[1 : 1 + len(QUEUES)], READY_TIMEOUT_S)
            step.text = ", ".join(QUEUES)
        if sandbox is not None:
            with self._screen.step("sandbox") as step:
                self._supervisor.wait_ready(children[-1:], READY_TIMEOUT_S)
                step.text = f"simulated stores at {sandbox.url}: {', '.join(instance.simulated_platforms)}"

    def _set_demo_up(self, demo: Callable[[Instance], dict[str, Any]], instance: Instance) -> None:
        with self._screen.step("demo") as step:
            content = self._aside("the demo cannot be set up", lambda: demo(instance))
            write_private(self._data_dir / "demo.json", msgspec.json.format(msgspec.json.encode(content)))
            step.text = f"see {self._data_dir.name}/demo.json"

    def _aside(self, failure: str, call: Callable[[], Any]) -> Any:
        """Return what *call* returns while the children are looked after; its error becomes one line and a log."""
        work = _InThread(call)
        self._supervisor.wait_for(work.done)
        if work.error is None:
            return work.found
        log = self._data_dir / "logs" / "up.log"
        log.write_text("".join(traceback.format_exception(work.error)))
        said = str(work.error).strip().splitlines() or [type(work.error).__name__]
        raise StartError(f"{failure}: {said[0][:300]}; see {log}")


class _InThread:
    """A call that runs aside, so that the children are looked after and Ctrl-C is heard meanwhile."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call = call
        self.found: Any = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        try:
            self.found = self._call()
        except BaseException as error:
            self.error = error

    def done(self) -> bool:
        """Whether the call has ended."""
        return not self._thread.is_alive()


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.rstrip().splitlines())
