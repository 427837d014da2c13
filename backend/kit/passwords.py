"""Passwords at rest: argon2id, worked out in a thread so that the event loop goes on."""

import asyncio
import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher()


@cache
def _nobody() -> str:
    # Compared against when nothing is stored, so that an unknown e-mail costs as much as a wrong password.
    return _hasher.hash(secrets.token_hex(16))


def new_password() -> str:
    """Return a random password of 144 bits."""
    return secrets.token_urlsafe(18)


async def hash_password(password: str) -> str:
    """Return the argon2id hash in its standard text form."""
    return await asyncio.to_thread(_hasher.hash, password)


async def password_fits(password: str, stored: str | None) -> bool:
    """Tell whether the password is the stored one; takes as long when nothing is stored."""
    fits = await asyncio.to_thread(_verify, stored, password)
    return fits and stored is not None


def _verify(stored: str | None, password: str) -> bool:
    try:
        return _hasher.verify(stored or _nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
