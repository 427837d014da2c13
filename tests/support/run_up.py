"""Runs the real `up` with stand-ins for our own commands: `python -m tests.support.run_up DATA_DIR PORT [--demo]`."""

import os
import sys
from pathlib import Path
from typing import Any

from backend.embedded import programs, supervisor
from backend.embedded.instance import Instance
from backend.embedded.up import UpOptions, up

supervisor.FIRST_PAUSE_S = 0.05
programs.Command.stop_grace_s = float(os.environ.get("STAND_IN_GRACE_S", "15"))


def _demo(instance: Instance) -> dict[str, Any]:
    if os.environ.get("STAND_IN_DIES") == "demo":
        raise RuntimeError("the store said no")
    return {"base_url": instance.base_url, "sandbox": instance.sandbox_url}


if __name__ == "__main__":
    sys.exit(
        up(
            UpOptions(
                data_dir=Path(sys.argv[1]),
                port=int(sys.argv[2]),
                migrate=lambda _url: None,
                demo=_demo if "--demo" in sys.argv else None,
                command=(sys.executable, str(Path(__file__).with_name("stand_in.py"))),
            )
        )
    )
