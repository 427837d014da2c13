"""A headless Chromium spoken to over a pipe (Chrome DevTools Protocol): no driver, no package.

with Chromium(path) as browser:
    page = browser.page(width=1280, height=900)
    page.open("http://127.0.0.1:8000/panel/login")
    page.run("document.title")
"""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
TIMEOUT_S = 30.0


def chromium_path() -> str | None:
    """Return where a Chromium is installed, or None."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class BrowserError(Exception):
    """The browser refused a command, a script of the page failed, or something did not happen in time."""


class Chromium:
    """One browser process with a profile of its own, both gone at the end; *switches* are further ones of its own."""

    def __init__(self, path: str, *switches: str) -> None:
        self._path = path
        self._switches = switches
        self._profile = tempfile.TemporaryDirectory(prefix="storeloom-browser-", ignore_cleanup_errors=True)
        self._number = 0
        self._unread = b""
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> "Chromium":
        to_child, self._out = os.pipe()
        self._in, from_child = os.pipe()
        arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--hide-scrollbars",
            "--lang=en",
            f"--user-data-dir={self._profile.name}",
            "--remote-debugging-pipe",
            *self._switches,
        ]

        def hand_over() -> None:
            # Chromium reads commands from descriptor 3 and writes to 4.
            reading, writing = os.dup(to_child), os.dup(from_child)
            os.dup2(reading, 3)
            os.dup2(writing, 4)

        self._process = subprocess.Popen(
            [self._path, *arguments, "about:blank"],
            close_fds=False,
            preexec_fn=hand_over,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_child)
        os.close(from_child)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.send("Browser.close")
        except (BrowserError, OSError):
            self._process.kill()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._out)
        os.close(self._in)
        self._profile.cleanup()

    def page(self, *, width: int = 1280, height: int = 900, dark: bool = False, scripts: bool = True) -> "Page":
        """Open a tab with cookies of its own."""
        context = self.send("Target.createBrowserContext")["browserContextId"]
        target = self.send("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return Page(self, session, width=width, height=height, dark=dark, scripts=scripts)

    def frame(self, url_part: str) -> "Document":
        """Return the frame from another site whose address has *url_part* in it, once there is one."""

        def find() -> str | None:
            targets = self.send("Target.getTargets")["targetInfos"]
            return next(
                (one["targetId"] for one in targets if one["type"] == "iframe" and url_part in one["url"]), None
            )

        _until(lambda: find() is not None, f"a frame shows {url_part}", TIMEOUT_S)
        return Document(self, self.send("Target.attachToTarget", targetId=find(), flatten=True)["sessionId"])

    def send(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Send one command and return its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive(TIMEOUT_S)
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']['message']}")
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def _receive(self, timeout_s: float) -> dict[str, Any]:
        ends = time.monotonic() + timeout_s
        while b"\0" not in self._unread:
            if not select.select([self._in], [], [], max(0.0, ends - time.monotonic()))[0]:
                raise BrowserError("the browser does not answer")
            read = os.read(self._in, 1 << 16)
            if not read:
                raise BrowserError("the browser has ended")
            self._unread += read
        message, _, self._unread = self._unread.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found


class Document:
    """What a tab or a frame shows."""

    def __init__(self, browser: Chromium, session: str) -> None:
        self._browser = browser
        self._session = session
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command about this document."""
        return self._browser.send(method, self._session, **parameters)

    def run(self, script: str) -> Any:
        """Return the value of an expression in the page."""
        answer = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise BrowserError(json.dumps(answer["exceptionDetails"])[:500])
        return answer["result"].get("value")

    def wait_for(self, condition: str, timeout_s: float = TIMEOUT_S) -> None:
        """Wait until an expression is true in the page."""
        _until(lambda: bool(self._try(condition)), condition, timeout_s)

    @property
    def path(self) -> str:
        """Path, query and fragment of the address."""
        return str(self.run("location.pathname + location.search + location.hash"))

    @property
    def complaints(self) -> list[str]:
        """What the browser's console said of errors so far: refused styles and scripts, failed requests."""
        self.run("1")
        entries = [
            event["params"]["entry"]
            for event in self._browser.events
            if event.get("method") == "Log.entryAdded" and event.get("sessionId") == self._session
        ]
        return [f"{entry['source']}: {entry['text']}" for entry in entries if entry["level"] == "error"]

    def _try(self, condition: str) -> Any:
        try:
            return self.run(condition)
        except BrowserError:
            return False  # the page is being replaced


class Page(Document):
    """One tab."""

    def __init__(self, browser: Chromium, session: str, *, width: int, height: int, dark: bool, scripts: bool) -> None:
        super().__init__(browser, session)
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 700
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])
        self.send("Emulation.setScriptExecutionDisabled", value=not scripts)

    def open(self, url: str) -> None:
        """Go to an address and wait until the page is complete."""
        self.send("Page.navigate", url=url)
        self._settle()

    def fill(self, selector: str, text: str) -> None:
        """Type into a field."""
        self.run(f"document.querySelector({json.dumps(selector)}).focus()")
        self.send("Input.insertText", text=text)

    def click(self, selector: str) -> None:
        """Click on the middle of something that leads to another page, and wait for that page."""
        where = self.run(
            f"(() => {{ const one = document.querySelector({json.dumps(selector)}); one.scrollIntoView();"
            " const box = one.getBoundingClientRect(); window.__left = true;"
            " return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=where[0], y=where[1], button="left", clickCount=1)
        self.wait_for("!window.__left")
        self._settle()

    def screenshot(self, file: Path, *, whole: bool = False) -> None:
        """Write a PNG of what is in view, or of the whole page."""
        data = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(data))

    def _settle(self) -> None:
        self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'")


def _until(condition: Callable[[], bool], what: str, timeout_s: float) -> None:
    ends = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > ends:
            raise BrowserError(f"this did not become true within {timeout_s:.0f} s: {what}")
        time.sleep(0.02)
