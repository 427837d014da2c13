"""The one error the business raises; a surface decides how it looks."""

from enum import StrEnum
from typing import Any


class ErrorKind(StrEnum):
    """What sort of refusal it is; `api/shared/errors.py` maps each to a status once."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    LIMIT_REACHED = "limit_reached"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    RATE_LIMITED = "rate_limited"
    UPSTREAM_FAILED = "upstream_failed"


class DomainError(Exception):
    """A refusal with a kind, a machine code, a sentence for people and facts for the surface.

    The message says what to do; it never holds a secret. `facts` may hold `retry_after_s`, `field` and the like.
    """

    def __init__(self, kind: ErrorKind, code: str, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.kind = kind
        self.code = code
        self.message = message
        self.facts = facts


def invalid(code: str, message: str, **facts: Any) -> DomainError:
    """Build the error for input that cannot be accepted as it is."""
    return DomainError(ErrorKind.INVALID, code, message, **facts)


def not_found(what: str) -> DomainError:
    """Build the plain 404, the same for what does not exist and for what belongs to somebody else."""
    return DomainError(ErrorKind.NOT_FOUND, "NOT_FOUND", f"{what} not found")


def forbidden(code: str, message: str, **facts: Any) -> DomainError:
    """Build the error for a known caller who may not do this."""
    return DomainError(ErrorKind.FORBIDDEN, code, message, **facts)


def unauthenticated(message: str = "Missing or invalid token") -> DomainError:
    """Build the error for a caller we do not know."""
    return DomainError(ErrorKind.UNAUTHENTICATED, "UNAUTHENTICATED", message)


def conflict(code: str, message: str, **facts: Any) -> DomainError:
    """Build the error for a request that does not fit the present state."""
    return DomainError(ErrorKind.CONFLICT, code, message, **facts)
