"""Which user a server runs as: PostgreSQL refuses to be root, so root hands it to an unprivileged account."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.embedded.errors import OTHER_SERVERS, StartError

UNPRIVILEGED = ("storeloom", "nobody")
"""Accounts that root may hand PostgreSQL to, first that exists; a data directory keeps the one that made it."""


@dataclass(frozen=True)
class Account:
    """A user and group by number; `name` is the passwd entry's."""

    uid: int
    gid: int
    name: str

    @property
    def is_self(self) -> bool:
        """Whether this is who we already are."""
        return self.uid == os.geteuid()

    def popen_arguments(self) -> dict[str, Any]:
        """Return what `subprocess` needs to run a program as this account."""
        return {} if self.is_self else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give *path* to this account."""
        if not self.is_self:
            os.chown(path, self.uid, self.gid)


def own_account() -> Account:
    """Return who we are.

    Raises:   StartError when our uid has no passwd entry, which PostgreSQL insists on.
    """
    try:
        entry = pwd.getpwuid(os.geteuid())
    except KeyError:
        raise StartError(
            f"the embedded PostgreSQL needs a user with a name, and uid {os.geteuid()} has none in /etc/passwd; "
            + OTHER_SERVERS
        ) from None
    return Account(entry.pw_uid, os.getegid(), entry.pw_name)


def server_account(existing: Path) -> Account:
    """Return the account that PostgreSQL runs as on the data in *existing* (which need not exist yet).

    Raises:   StartError when the data belongs to somebody we cannot act as.
    """
    owner = existing.stat().st_uid if existing.exists() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise StartError(f"{existing} belongs to another user (uid {owner}): start as that user, or as root")
        return own_account()
    names = [entry for entry in pwd.getpwall() if entry.pw_uid == owner] if owner else _unprivileged()
    if not names:
        raise StartError(f"root needs an unprivileged user for PostgreSQL, and none fits {existing}; {OTHER_SERVERS}")
    return Account(names[0].pw_uid, names[0].pw_gid, names[0].pw_name)


def _unprivileged() -> list[pwd.struct_passwd]:
    known = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_uid != 0}
    return [known[name] for name in UNPRIVILEGED if name in known]


def reachable(path: Path, account: Account) -> bool:
    """Whether *account* may walk to *path*: every folder above and itself grants search (ACLs are not looked at)."""
    if account.is_self:
        return True
    return all(_may_enter(folder, account) for folder in (path, *path.parents) if folder.exists())


def _may_enter(folder: Path, account: Account) -> bool:
    facts = folder.stat()
    if facts.st_uid == account.uid:
        return bool(facts.st_mode & stat.S_IXUSR)
    if facts.st_gid == account.gid:
        return bool(facts.st_mode & stat.S_IXGRP)
    return bool(facts.st_mode & stat.S_IXOTH)
