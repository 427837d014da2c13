"""Files that an app puts where a bulk mutation finds them."""

import re
import secrets

MAX_BYTES = 100_000_000
_NAME = re.compile(rb'name="(?P<name>[^"]*)"')


class StagedUploads:
    """Targets that were given out, and the files that came."""

    def __init__(self) -> None:
        self.targets: set[str] = set()
        self.files: dict[str, bytes] = {}

    def target(self, filename: str) -> str:
        """Return a new key to upload a file under; it is the `stagedUploadPath` of the bulk mutation."""
        key = f"tmp/{secrets.token_hex(8)}/bulk/{filename}"
        self.targets.add(key)
        return key

    def receive(self, body: bytes, content_type: str) -> str | None:
        """Keep the file of a multipart form; None when the form is wrong or was never offered."""
        parts = _parts(body, content_type)
        key = parts.get("key", b"").decode("utf-8", "replace")
        if key not in self.targets or "file" not in parts or len(parts["file"]) > MAX_BYTES:
            return None
        self.files[key] = parts["file"]
        return key


def _parts(body: bytes, content_type: str) -> dict[str, bytes]:
    kind, _, boundary = content_type.partition("boundary=")
    if not kind.strip().lower().startswith("multipart/form-data") or not boundary:
        return {}
    found: dict[str, bytes] = {}
    for part in body.split(b"--" + boundary.strip().strip('"').encode()):
        head, gap, content = part.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if gap and name:
            found[name["name"].decode("utf-8", "replace")] = content.removesuffix(b"\r\n")
    return found
