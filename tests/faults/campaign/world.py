"""The instance under attack: servers, web, workers and simulated stores as processes, started anew when they die."""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import redis

from backend.embedded.ports import any_free_port
from backend.embedded.postgres import PostgresServer
from backend.embedded.valkey import ValkeyServer
from migrations.runner import upgrade

LOOK_S = 0.05
START_S = 60.0


class World:
    """Everything that runs; `stop` ends it."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="storeloom-faults-")
        self.data_dir = Path(self._folder.name)
        self.kills = self.restarts = self.flushes = 0
        self._postgres = PostgresServer(self.data_dir)
        self._valkey = ValkeyServer(self.data_dir)
        self._postgres.prepare()
        self._valkey.prepare()
        self._lock = threading.Lock()
        self._running: dict[str, Any] = {}
        self._launchers: dict[str, Callable[[], Any]] = {}
        self._stopping = threading.Event()
        self._keeper = threading.Thread(target=self._watch, daemon=True)
        try:
            self._start()
        except BaseException:
            sys.stderr.write("".join(self.last_words()))
            self.stop()
            raise

    def _start(self) -> None:
        self._keep("postgres", self._postgres.launch)
        self._keep("valkey", self._valkey.launch)
        self._await(lambda: self._postgres.ready(self._running["postgres"]))
        self._await(lambda: self._valkey.ready(self._running["valkey"]))
        upgrade(self._postgres.url)
        self._start_commands()
        self._keeper.start()

    def _start_commands(self) -> None:
        web, sandbox = any_free_port(), any_free_port()
        self.base_url, self.sandbox_url = f"http://127.0.0.1:{web}", f"http://127.0.0.1:{sandbox}"
        self.token = secrets.token_urlsafe(24)
        self.environment = {
            **os.environ,
            "DATABASE_URL": self._postgres.url,
            "REDIS_URL": self._valkey.url,
            "STORELOOM_DATA_DIR": str(self.data_dir),
            "STORELOOM_PUBLIC_URL": self.base_url,
            "STORELOOM_BLOB_URL": (self.data_dir / "blobs").as_uri(),
            "STORELOOM_SECRET_KEYS": "a key only for the campaign",
            "STORELOOM_ALLOWED_PRIVATE_HOSTS": f"127.0.0.1:{sandbox},127.0.0.1:{web}",
            "STORELOOM_JOB_LEASE_S": "3",
            "STORELOOM_JOB_SWEEP_S": "0.5",
            "STORELOOM_SANDBOX_TOKEN": self.token,
            "SHOPIFY_CLIENT_ID": "campaign-client-id",
            "SHOPIFY_CLIENT_SECRET": "campaign-client-secret-long-enough",
            "SHOPIFY_SHOP_URL": f"{self.sandbox_url}/{{name}}",
        }
        self._command("sandbox", "sandbox", "serve", "--port", str(sandbox))
        self._command("web", "serve", "--port", str(web))
        for queue in ("fast", "long"):
            self._command(f"worker-{queue}", "worker", "--queue", queue)
        self._await(lambda: _answers(f"{self.sandbox_url}/"))
        self._await(lambda: _answers(f"{self.base_url}/health/ready"))

    def _command(self, name: str, *arguments: str) -> None:
        (self.data_dir / "logs").mkdir(exist_ok=True)
        log = self.data_dir / "logs" / f"{name}.log"

        def launch() -> Any:
            with log.open("ab") as out:
                return subprocess.Popen(
                    [sys.executable, "-P", "-m", "backend.cli", *arguments],
                    env=self.environment,
                    stdout=out,
                    stderr=out,
                    start_new_session=True,
                )

        self._keep(name, launch)

    def _keep(self, name: str, launch: Callable[[], Any]) -> None:
        self._launchers[name] = launch
        self._running[name] = launch()

    def _watch(self) -> None:
        while not self._stopping.wait(LOOK_S):
            with self._lock:
                for name, process in self._running.items():
                    if process.poll() is not None and not self._stopping.is_set():
                        self._running[name] = self._launchers[name]()

    def kill(self, name: str) -> None:
        """Kill a process on the spot, with all it has started; it is started anew at once."""
        with self._lock:
            process = self._running[name]
            _signal(process, signal.SIGKILL)
            process.wait()
        self.kills += 1

    def empty_valkey(self) -> None:
        """Forget everything that only Valkey knew."""
        with redis.Redis.from_url(self._valkey.url) as connection:
            connection.flushall()
        self.flushes += 1

    def restart_postgres(self) -> None:
        """Break every connection: PostgreSQL stops at once, without saying goodbye, and comes back."""
        with self._lock:
            process = self._running["postgres"]
            _signal(process, signal.SIGQUIT)
            process.wait()
            self._running["postgres"] = self._postgres.launch()
        self._await(lambda: self._postgres.ready(self._running["postgres"]))
        self.restarts += 1

    def make_store(self, platform: str, **wanted: Any) -> dict[str, Any]:
        """Make a simulated store; return what its host says of it."""
        answer = httpx.post(
            f"{self.sandbox_url}/_control/stores",
            json={"platform": platform, **wanted},
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=60,
            trust_env=False,
        )
        answer.raise_for_status()
        made: dict[str, Any] = answer.json()
        return made

    def last_words(self) -> list[str]:
        """Return the end of what our own processes wrote."""
        found = []
        for log in sorted((self.data_dir / "logs").glob("*.log")):
            found.append(f"--- {log.name}\n{log.read_text(errors='replace')[-3_000:]}\n")
        return found

    def stop(self) -> None:
        """End everything."""
        self._stopping.set()
        if self._keeper.ident is not None:
            self._keeper.join()
        for name in reversed(list(self._running)):
            _signal(self._running[name], signal.SIGTERM if name != "postgres" else signal.SIGINT)
        for process in self._running.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                _signal(process, signal.SIGKILL)
        self._postgres.close()
        self._valkey.close()
        self._folder.cleanup()

    def _await(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_S
        while not done():
            if time.monotonic() > deadline:
                raise TimeoutError(f"the instance did not start; see {self.data_dir}/logs")
            time.sleep(LOOK_S)


def _signal(process: Any, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).status_code < 500
    except httpx.HTTPError:
        return False
