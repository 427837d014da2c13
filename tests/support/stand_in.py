"""Stands in for our own commands where a test is about the supervisor: serves, works or hosts nothing real.

STAND_IN_DIES=<role> ends that role at once; STAND_IN_IS_STUBBORN=<role> ignores SIGTERM.
"""

import http.server
import json
import os
import signal
import sys
from pathlib import Path

SEEN = (
    "DATABASE_URL",
    "REDIS_URL",
    "STORELOOM_SECRET_KEYS",
    "STORELOOM_ALLOWED_PRIVATE_HOSTS",
    "SHOPIFY_CLIENT_ID",
    "SHOPIFY_CLIENT_SECRET",
    "SHOPIFY_SHOP_URL",
)
"""Variables that go to the log, so that a test can look at them."""


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        pass


def main(arguments: list[str]) -> None:
    role = arguments[0]
    if os.environ.get("STAND_IN_DIES") == role:
        sys.exit(f"the {role} stand-in cannot go on")
    stubborn = os.environ.get("STAND_IN_IS_STUBBORN") == role
    signal.signal(signal.SIGTERM, signal.SIG_IGN if stubborn else lambda *_: sys.exit(0))
    print(json.dumps({name: os.environ.get(name) for name in SEEN}), flush=True)
    if role == "worker":
        Path(os.environ["STORELOOM_READY_FILE"]).touch()
        while True:
            signal.pause()
    port = int(arguments[arguments.index("--port") + 1])
    http.server.ThreadingHTTPServer(("127.0.0.1", port), _Answer).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
